/*
 * skewguard.conf: what the administrator wrote, checked whole, then left
 * alone.  An empty or missing file is a valid configuration.
 */
#ifndef SG_SETUP_CONFIG_H
#define SG_SETUP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/alert.h"
#include "core/status.h"
#include "probe/source.h"

#define SG_CONFIG_PATH "/etc/skewguard/skewguard.conf"
#define SG_PATH_MAX 1024
#define SG_SOCKET_MAX 108 /* of a Unix socket's path */

enum sg_follow {
    SG_FOLLOW_REALM,
    SG_FOLLOW_UTC,
};

/*
 * realm "NAME" { clockskew = 300s  kdc = { "a", "b:88", "[::1]:88" }
 *     keytab = "/etc/krb5.keytab" }
 */
struct sg_config_realm {
    char name[SG_NAME_MAX];
    double clockskew_s; /* 0: krb5.conf's, at most 300 s */
    bool replaces_kdcs; /* kdc was given: krb5.conf is not asked */
    int n_kdcs;
    struct sg_target kdcs[SG_MAX_KDCS];
    char keytab[SG_NAME_MAX]; /* as sg_target's */
};

/*
 * ntp "NAME" { address = "192.0.2.1"  port = 123 }
 * kdc "NAME" { realm = "R"  address = "192.0.2.1"  port = 88  transport = "udp"
 * }
 */
struct sg_config_server {
    char name[SG_NAME_MAX]; /* what people see */
    struct sg_target target;
};

#define SG_MAX_MAILTO 16
#define SG_MAX_HOOKS 8

/*
 * alert { warn = 20%  critical = 60%  calm = 5min  spread = 10min
 *     remind = diminishing  mailto = { "root" }  mailfrom = "a@b"
 *     sendmail = "/usr/sbin/sendmail"  hook = { "/path" } }
 */
struct sg_config_alert {
    double warn_frac, critical_frac;
    double calm_s;   /* recovery is told after so long */
    double spread_s; /* a realm-wide cause is mailed within so long */
    enum sg_remind remind;
    int n_mailto;
    char mailto[SG_MAX_MAILTO][SG_NAME_MAX];
    char mailfrom[SG_NAME_MAX]; /* empty: skewguard@ this host */
    char sendmail[SG_PATH_MAX]; /* where no smtp host is set */
    int n_hooks;
    char hooks[SG_MAX_HOOKS][SG_PATH_MAX];
};

enum sg_tls {
    SG_TLS_NONE,
    SG_TLS_TRY,      /* STARTTLS where it is offered, whoever that is */
    SG_TLS_REQUIRED, /* STARTTLS, with a certificate that we trust */
    SG_TLS_IMPLICIT, /* TLS from the first byte, the same */
};

/*
 * smtp { host = "mail"  port = 25  tls = try  user = "u"
 *     password_file = "/path"  ca_file = "/path" }
 */
struct sg_config_smtp {
    char host[SG_NAME_MAX]; /* empty: sendmail(8) */
    uint16_t port;
    enum sg_tls tls;
    char user[SG_NAME_MAX]; /* empty: no authentication */
    char password_file[SG_PATH_MAX];
    char ca_file[SG_PATH_MAX]; /* empty: the system's */
};

struct sg_config {
    enum sg_mode mode;
    char clock[16]; /* "auto", "clockd", "kernel", "none" */
    char clock_socket[SG_SOCKET_MAX];
    enum sg_follow follow;
    double max_poll_s; /* 16 to 1024 */
    double kdc_poll_s; /* 4 to 1024; while KDCs are the only evidence */
    struct sg_config_alert alert;
    struct sg_config_smtp smtp;
    char runtime_directory[SG_PATH_MAX];
    char state_directory[SG_PATH_MAX];
    char status_file[SG_PATH_MAX];
    int n_realms;
    struct sg_config_realm *realms;
    int n_servers;
    struct sg_config_server *servers;
};

/*
 * Read a configuration.  path NULL means SG_CONFIG_PATH, which may be
 * missing (all defaults); a path that was asked for must exist.  On failure
 * a negative errno and err = "FILE:LINE: what, value, allowed range".
 */
int sg_config_load(const char *path, struct sg_config **ret,
                   struct sg_err *err);

/* The same from text already in memory; name stands for the file. */
int sg_config_parse(const char *text, const char *name, struct sg_config **ret,
                    struct sg_err *err);

/* Accepts NULL. */
void sg_config_free(struct sg_config *config);

/* The effective configuration in the file's own syntax, as for "-t". */
void sg_config_print(const struct sg_config *config, struct sg_buf *ret);

/*
 * Durations and shares with units: "300s", "5min", "1h", "500ms", "20%".
 * -EINVAL with a reason that names value, unit and range.  Also used for
 * command line options.
 */
int sg_parse_duration(const char *text, double min_s, double max_s,
                      double *ret_s, struct sg_err *err);
int sg_parse_percent(const char *text, double min_frac, double max_frac,
                     double *ret_frac, struct sg_err *err);

#endif

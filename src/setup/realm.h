/*
 * What krb5.conf says of a realm, asked through libkrb5's profile functions
 * so that includes, modules, KRB5_CONFIG and merging are the library's.
 */
#ifndef SG_SETUP_REALM_H
#define SG_SETUP_REALM_H

#include <stdbool.h>

#include "base/err.h"
#include "core/status.h"
#include "probe/source.h"
#include "setup/config.h"

#define SG_MAX_NOTICES 16

/* One sentence for people about something that was passed over. */
struct sg_notice {
    char text[SG_REASON_MAX];
};

struct sg_realm_setup {
    char name[SG_NAME_MAX];
    double clockskew_s; /* what libkrb5 itself will use: default 300; also 300,
                           with a notice, where it would refuse everything */
    bool kdc_timesync;  /* clients correct for the skew */
    bool names_kdcs;    /* be they of use or not: then DNS is not asked */
    bool uses_dns, uses_uri;    /* to find KDCs */
    char sitename[SG_NAME_MAX]; /* whose records are preferred, or empty */
    int n_kdcs;
    struct sg_target kdcs[SG_MAX_KDCS];
    int n_notices;
    struct sg_notice notices[SG_MAX_NOTICES];
};

/*
 * The realm of this host: the default realm, or without one what
 * [domain_realm] has for the host's own name, which is not looked up.  -ENOENT
 * with a reason if there is none: no krb5.conf, no such line, or Debian's
 * unedited template (default realm ATHENA.MIT.EDU, and nothing else of its
 * own).  Another negative errno if krb5.conf is broken, with libkrb5's words.
 */
int sg_realm_default(char *ret, size_t size, struct sg_err *err);

/*
 * Set-up of one realm.  A krb5.conf that is missing is no error: no KDCs and
 * a clockskew of 300 s.  A broken one is, with libkrb5's words.
 *
 * "kdc =" values: host, host:port, [v6]:port, and Heimdal's "tcp/host"
 * "udp/host".  Those of primary_kdc and admin_server are no KDCs to be asked,
 * as in libkrb5, which takes them for a second try only.  KKDCP entries
 * (https://...), paths and broken values are skipped with a notice.  A
 * clockskew text that libkrb5 silently ignores
 * ("5m", "600s") gives a notice that says so and what is in force.
 */
int sg_realm_load(const char *name, struct sg_realm_setup *ret,
                  struct sg_err *err);

/*
 * Realms that [capaths] has on the ways from and to this one, without itself
 * and each once; at most max are kept.  How many there are.  Names that are
 * none, and what libkrb5 cannot read, are no trusts.
 */
int sg_realm_trusts(const char *name, int max, char (*ret)[SG_NAME_MAX]);

/* 1 to 255 visible ASCII characters, so that it can be shown anywhere. */
bool sg_realm_name_is_valid(const char *name);

/* One "kdc =" value; -EINVAL with a reason.  Fills host, port, transport. */
int sg_realm_parse_kdc(const char *text, struct sg_target *ret,
                       struct sg_err *err);

#endif

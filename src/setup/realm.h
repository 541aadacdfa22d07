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
    int n_kdcs;
    struct sg_target kdcs[SG_MAX_KDCS];
    int n_notices;
    struct sg_notice notices[SG_MAX_NOTICES];
};

/*
 * The realm of this host: the default realm.  -ENOENT with a reason if there
 * is none: no krb5.conf, no default_realm, or Debian's unedited template
 * (default realm ATHENA.MIT.EDU, and nothing else of its own).  Another
 * negative errno if krb5.conf is broken, with libkrb5's words.
 */
int sg_realm_default(char *ret, size_t size, struct sg_err *err);

/*
 * Set-up of one realm.  A krb5.conf that is missing is no error: no KDCs and
 * a clockskew of 300 s.  A broken one is, with libkrb5's words.
 *
 * "kdc =" values: host, host:port, [v6]:port, and Heimdal's "tcp/host"
 * "udp/host".  KKDCP entries (https://...), paths and broken values are
 * skipped with a notice.  A clockskew text that libkrb5 silently ignores
 * ("5m", "600s") gives a notice that says so and what is in force.
 */
int sg_realm_load(const char *name, struct sg_realm_setup *ret,
                  struct sg_err *err);

/* 1 to 255 visible ASCII characters, so that it can be shown anywhere. */
bool sg_realm_name_is_valid(const char *name);

/* One "kdc =" value; -EINVAL with a reason.  Fills host, port, transport. */
int sg_realm_parse_kdc(const char *text, struct sg_target *ret,
                       struct sg_err *err);

#endif

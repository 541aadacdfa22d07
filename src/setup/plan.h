/*
 * What is to be watched: skewguard.conf and krb5.conf put together.
 */
#ifndef SG_SETUP_PLAN_H
#define SG_SETUP_PLAN_H

#include "base/err.h"
#include "core/status.h"
#include "probe/source.h"
#include "setup/config.h"
#include "setup/findings.h"
#include "setup/realm.h"

struct sg_plan_realm {
    char name[SG_NAME_MAX];
    double clockskew_s;   /* the budget's limit */
    bool limit_overrides; /* it comes from skewguard.conf */
};

struct sg_plan_source {
    char name[SG_NAME_MAX]; /* what people see */
    struct sg_target target;
    int realm;   /* index into realms, -1: group utc */
    bool is_try; /* only guessed at (an NTP server on a KDC's host, a KDC to be
                    asked with the host's key): silence is shown and is no
                    fault */
};

struct sg_plan {
    double own_clockskew_s; /* krb5.conf's, for this host; 0: unknown */
    bool kdc_timesync;      /* krb5.conf's */
    int n_asks;             /* realms whose KDCs only DNS can tell; those of */
    struct sg_discover_question asks[SG_MAX_REALMS]; /* trusts are no realms
                                                        before it has */
    int n_realms;
    struct sg_plan_realm realms[SG_MAX_REALMS];
    int n_sources;
    struct sg_plan_source sources[SG_MAX_SOURCES];
    int n_notices;
    struct sg_notice notices[SG_MAX_NOTICES];
};

/*
 * Realms: krb5.conf's default realm, which is the first, those of the
 * configuration, and those that [capaths] connects with the default realm and
 * of which a KDC is known.  KDCs of a realm: the configuration's list if it
 * gives one, else krb5.conf's, else what DNS has said as far as there is room;
 * kdc entries are added.  Each KDC's host is also a guessed NTP source of the
 * realm, unless an ntp entry names that host; and, unless the realm's keytab is
 * "none", asked with the host's key, too, as a source that is only tried: those
 * come last, and as many as there is room for.  An ntp entry whose name or
 * address is a KDC's belongs to that KDC's realm, any other one to utc.  limit
 * = the configuration's clockskew, else min(krb5.conf's, 300 s).
 *
 * findings (may be NULL): what DNS has said so far.  A realm of which it has
 * not is in asks, and is not missed yet.
 *
 * No realm at all is no error: notices says so.  A broken krb5.conf is:
 * -EINVAL, unless the configuration needs nothing from it (then a notice).
 * Too many realms or sources in the two files: -E2BIG with value and limit.
 * only_realm (may be NULL): watch this realm instead of those found.
 */
int sg_plan_complete(const struct sg_config *config, const char *only_realm,
                     const struct sg_findings *findings, struct sg_plan *ret,
                     struct sg_err *err);

/* The same before DNS has said anything. */
int sg_plan_make(const struct sg_config *config, const char *only_realm,
                 struct sg_plan *ret, struct sg_err *err);

/* The same realms and sources in the same order; all else may differ. */
bool sg_plan_is_same(const struct sg_plan *a, const struct sg_plan *b);

/*
 * Keep what can be asked without looking up names and over UDP and IPv4 alone,
 * for minimal mode.  What goes is named in the notices.
 */
void sg_plan_reduce(struct sg_plan *plan);

#endif

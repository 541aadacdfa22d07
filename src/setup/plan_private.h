/*
 * What the files that make a plan share.
 */
#ifndef SG_SETUP_PLAN_PRIVATE_H
#define SG_SETUP_PLAN_PRIVATE_H

#include "setup/plan.h"

struct sg_planner {
    const struct sg_config *config;
    const char *only_realm;             /* NULL: all */
    const struct sg_findings *findings; /* NULL: none */
    char home_realm[SG_NAME_MAX];       /* of kdc entries that name none */
    char default_realm[SG_NAME_MAX];    /* krb5.conf's; empty: none */
    struct sg_plan *plan;
    struct sg_err *err;
};

/* What concerns all realms comes once for each, and is said once. */
void sg_plan_notice(struct sg_plan *plan, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- plan_realms.c ---- */

/* Which realms: fills home_realm and default_realm, too. */
int sg_planner_find_realms(struct sg_planner *planner);

int sg_planner_add_realm(struct sg_planner *planner, const char *name);

/* The realm of a kdc entry. */
const char *sg_planner_realm_of(const struct sg_planner *planner,
                                const struct sg_config_server *kdc);

/* ---- plan.c ---- */

/* A KDC, and its host as an NTP server to be tried, unless it is there. */
int sg_planner_add_kdc(struct sg_planner *planner, const char *name,
                       const struct sg_target *target, int realm);

/* krb5.conf's words on a realm; broken ones matter only if they are needed. */
int sg_planner_load(struct sg_planner *planner, const char *name,
                    bool is_needed, struct sg_realm_setup *ret);

/* The limit where the configuration sets none. */
double sg_planner_limit(const struct sg_realm_setup *setup);

/* ---- plan_dns.c ---- */

/* DNS is to be asked for this realm. */
void sg_planner_ask(struct sg_planner *planner, const char *realm,
                    const struct sg_realm_setup *setup);

/* What DNS has said; then trusts.  What there is no room for is named. */
void sg_planner_add_found(struct sg_planner *planner);
void sg_planner_add_trusts(struct sg_planner *planner);

#endif

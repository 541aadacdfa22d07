/* Which realms a plan has. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "setup/plan_private.h"

int
sg_planner_add_realm(struct sg_planner *planner, const char *name)
{
    struct sg_plan *plan = planner->plan;

    for (int i = 0; i < plan->n_realms; i++)
        if (strcmp(plan->realms[i].name, name) == 0)
            return 0;
    if (plan->n_realms >= SG_MAX_REALMS)
        return sg_err_set(planner->err, -E2BIG,
                          "realm %s: number %d, allowed are %d", name,
                          plan->n_realms + 1, SG_MAX_REALMS);
    snprintf(plan->realms[plan->n_realms++].name, SG_NAME_MAX, "%s", name);
    return 0;
}

static const struct sg_config_server *
find_homeless_kdc(const struct sg_config *config)
{
    for (int i = 0; i < config->n_servers; i++)
        if (config->servers[i].target.kind == SG_KIND_KDC &&
            !config->servers[i].target.realm[0])
            return &config->servers[i];
    return NULL;
}

/*
 * The realm of kdc entries that name none: the configuration's if it has one
 * realm section, else krb5.conf's default realm.
 */
static int
find_home_realm(struct sg_planner *planner)
{
    const struct sg_config *config = planner->config;
    const struct sg_config_server *kdc = find_homeless_kdc(config);
    char *home = planner->home_realm;
    struct sg_err why;
    int code;

    if (!kdc)
        return 0;
    if (config->n_realms == 1) {
        memcpy(home, config->realms[0].name, SG_NAME_MAX);
        return 0;
    }
    code = sg_realm_default(home, SG_NAME_MAX, &why);
    if (code == 0)
        return 0;
    if (planner->only_realm) {
        snprintf(home, SG_NAME_MAX, "%s", planner->only_realm);
        return 0;
    }
    return sg_err_set(planner->err, code == -ENOENT ? -EINVAL : code,
                      "kdc %s: no realm given, and none to assume: %s",
                      kdc->name, why.text);
}

const char *
sg_planner_realm_of(const struct sg_planner *planner,
                    const struct sg_config_server *kdc)
{
    return kdc->target.realm[0] ? kdc->target.realm : planner->home_realm;
}

static int
add_configured(struct sg_planner *planner)
{
    const struct sg_config *config = planner->config;
    int code = 0;

    for (int i = 0; i < config->n_realms && code == 0; i++)
        code = sg_planner_add_realm(planner, config->realms[i].name);
    for (int i = 0; i < config->n_servers && code == 0; i++)
        if (config->servers[i].target.kind == SG_KIND_KDC)
            code = sg_planner_add_realm(
                planner, sg_planner_realm_of(planner, &config->servers[i]));
    return code;
}

/* The host's own realm is the first: the clock follows that one. */
int
sg_planner_find_realms(struct sg_planner *planner)
{
    struct sg_plan *plan = planner->plan;
    int code = find_home_realm(planner), no_default;
    struct sg_err why;

    if (code < 0)
        return code;
    if (planner->only_realm)
        return sg_planner_add_realm(planner, planner->only_realm);
    no_default = sg_realm_default(planner->default_realm,
                                  sizeof planner->default_realm, &why);
    if (no_default == 0)
        sg_planner_add_realm(planner, planner->default_realm);
    code = add_configured(planner);
    if (code < 0 || no_default == 0)
        return code;
    if (no_default != -ENOENT && plan->n_realms == 0)
        return sg_err_set(planner->err, no_default, "%s", why.text);
    if (no_default != -ENOENT)
        sg_plan_notice(plan, "krb5.conf is not used: %s", why.text);
    else if (plan->n_realms == 0)
        sg_plan_notice(plan, "no realm to watch: %s", why.text);
    return 0;
}

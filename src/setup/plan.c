#include "setup/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe/hostname.h"
#include "setup/plan_keytab.h"

#define LIMIT_MAX_S 300 /* a peer's own default; it cannot be asked for */
#define NTP_PORT 123

struct planner {
    const struct sg_config *config;
    const char *only_realm;       /* NULL: all */
    char home_realm[SG_NAME_MAX]; /* of kdc entries that name none */
    struct sg_plan *plan;
    struct sg_err *err;
};

static void add_notice(struct sg_plan *plan, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What concerns all realms comes once for each, and is said once. */
static void
add_notice(struct sg_plan *plan, const char *format, ...)
{
    struct sg_notice notice;
    va_list args;

    va_start(args, format);
    vsnprintf(notice.text, sizeof notice.text, format, args);
    va_end(args);
    for (int i = 0; i < plan->n_notices; i++)
        if (strcmp(plan->notices[i].text, notice.text) == 0)
            return;
    if (plan->n_notices < SG_MAX_NOTICES)
        plan->notices[plan->n_notices++] = notice;
}

/* ---- realms ---- */

static int
add_realm(struct planner *planner, const char *name)
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
find_home_realm(struct planner *planner)
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

static const char *
realm_of(const struct planner *planner, const struct sg_config_server *kdc)
{
    return kdc->target.realm[0] ? kdc->target.realm : planner->home_realm;
}

static int
find_default_realm(struct planner *planner)
{
    char name[SG_NAME_MAX];
    struct sg_err why;
    int code = sg_realm_default(name, sizeof name, &why);

    if (code == 0)
        return add_realm(planner, name);
    if (code != -ENOENT)
        return sg_err_set(planner->err, code, "%s", why.text);
    add_notice(planner->plan, "no realm to watch: %s", why.text);
    return 0;
}

static int
find_realms(struct planner *planner)
{
    const struct sg_config *config = planner->config;
    int code = find_home_realm(planner);

    if (code < 0)
        return code;
    if (planner->only_realm)
        return add_realm(planner, planner->only_realm);
    for (int i = 0; i < config->n_realms && code == 0; i++)
        code = add_realm(planner, config->realms[i].name);
    for (int i = 0; i < config->n_servers && code == 0; i++)
        if (config->servers[i].target.kind == SG_KIND_KDC)
            code = add_realm(planner, realm_of(planner, &config->servers[i]));
    if (code < 0 || planner->plan->n_realms > 0)
        return code;
    return find_default_realm(planner);
}

/* ---- sources ---- */

static const struct sg_config_realm *
find_section(const struct sg_config *config, const char *name)
{
    for (int i = 0; i < config->n_realms; i++)
        if (strcmp(config->realms[i].name, name) == 0)
            return &config->realms[i];
    return NULL;
}

static int
add_source(struct planner *planner, const char *name,
           const struct sg_target *target, int realm, bool is_try)
{
    struct sg_plan *plan = planner->plan;
    struct sg_plan_source *source;

    if (plan->n_sources >= SG_MAX_SOURCES)
        return sg_err_set(planner->err, -E2BIG,
                          "source %s: number %d, allowed are %d", name,
                          plan->n_sources + 1, SG_MAX_SOURCES);
    source = &plan->sources[plan->n_sources++];
    snprintf(source->name, sizeof source->name, "%s", name);
    source->target = *target;
    source->realm = realm;
    source->is_try = is_try;
    return 0;
}

static bool
is_same_host(const char *name, const struct sg_target *target,
             const struct sg_plan_source *source)
{
    return sg_host_is_same(name, source->name) ||
           sg_host_is_same(name, source->target.host) ||
           sg_host_is_same(target->host, source->name) ||
           sg_host_is_same(target->host, source->target.host);
}

static bool
is_same_transport(enum sg_transport a, enum sg_transport b)
{
    return a == b || a == SG_TRANSPORT_AUTO || b == SG_TRANSPORT_AUTO;
}

static bool
has_kdc(const struct planner *planner, const char *name,
        const struct sg_target *target, int realm)
{
    for (int i = 0; i < planner->plan->n_sources; i++) {
        const struct sg_plan_source *source = &planner->plan->sources[i];

        if (source->target.kind == SG_KIND_KDC && source->realm == realm &&
            source->target.port == target->port &&
            is_same_transport(source->target.transport, target->transport) &&
            is_same_host(name, target, source))
            return true;
    }
    return false;
}

/* The server on a KDC's host is an ntp entry's business, if there is one. */
static bool
has_ntp(const struct planner *planner, const struct sg_plan_source *kdc)
{
    const struct sg_config *config = planner->config;

    for (int i = 0; i < config->n_servers; i++)
        if (config->servers[i].target.kind == SG_KIND_NTP &&
            is_same_host(config->servers[i].name, &config->servers[i].target,
                         kdc))
            return true;
    for (int i = 0; i < planner->plan->n_sources; i++) {
        const struct sg_plan_source *source = &planner->plan->sources[i];

        if (source->target.kind == SG_KIND_NTP && source->realm == kdc->realm &&
            sg_host_is_same(source->target.host, kdc->target.host))
            return true;
    }
    return false;
}

/* A KDC, and its host as an NTP server to be tried. */
static int
add_kdc(struct planner *planner, const char *name,
        const struct sg_target *target, int realm)
{
    struct sg_plan *plan = planner->plan;
    struct sg_target kdc = *target;
    struct sg_target ntp = {.kind = SG_KIND_NTP, .port = NTP_PORT};
    const struct sg_config_realm *section =
        find_section(planner->config, plan->realms[realm].name);
    int code;

    if (has_kdc(planner, name, target, realm))
        return 0;
    memcpy(kdc.realm, plan->realms[realm].name, sizeof kdc.realm);
    if (section)
        memcpy(kdc.keytab, section->keytab, sizeof kdc.keytab);
    code = add_source(planner, name, &kdc, realm, false);
    if (code < 0 || has_ntp(planner, &plan->sources[plan->n_sources - 1]))
        return code;
    memcpy(ntp.host, kdc.host, sizeof ntp.host);
    return add_source(planner, name, &ntp, realm, true);
}

static int
add_listed_kdcs(struct planner *planner, const struct sg_target *kdcs, int n,
                int realm)
{
    int code = 0;

    for (int i = 0; i < n && code == 0; i++)
        code = add_kdc(planner, kdcs[i].host, &kdcs[i], realm);
    return code;
}

static int
add_entered_kdcs(struct planner *planner, int realm)
{
    const struct sg_config *config = planner->config;
    int code = 0;

    for (int i = 0; i < config->n_servers && code == 0; i++) {
        const struct sg_config_server *server = &config->servers[i];

        if (server->target.kind == SG_KIND_KDC &&
            strcmp(realm_of(planner, server),
                   planner->plan->realms[realm].name) == 0)
            code = add_kdc(planner, server->name, &server->target, realm);
    }
    return code;
}

/* krb5.conf's words on a realm; broken ones matter only if they are needed. */
static int
load_realm(struct planner *planner, const char *name, bool is_needed,
           struct sg_realm_setup *ret)
{
    struct sg_err why;
    int code = sg_realm_load(name, ret, &why);

    if (code < 0 && is_needed)
        return sg_err_set(planner->err, code, "%s", why.text);
    if (code < 0) {
        memset(ret, 0, sizeof *ret);
        add_notice(planner->plan, "krb5.conf is not used: %s", why.text);
    }
    for (int i = 0; is_needed && i < ret->n_notices; i++)
        add_notice(planner->plan, "%s", ret->notices[i].text);
    return 0;
}

static int
plan_realm(struct planner *planner, int index)
{
    struct sg_plan_realm *realm = &planner->plan->realms[index];
    const struct sg_config_realm *section =
        find_section(planner->config, realm->name);
    int n_before = planner->plan->n_sources;
    struct sg_realm_setup setup;
    bool has_kdcs = section && section->replaces_kdcs;
    int code;

    realm->limit_overrides = section && section->clockskew_s > 0;
    code = load_realm(planner, realm->name,
                      !has_kdcs || !realm->limit_overrides, &setup);
    if (code < 0)
        return code;
    if (realm->limit_overrides)
        realm->clockskew_s = section->clockskew_s;
    else
        realm->clockskew_s =
            setup.clockskew_s < LIMIT_MAX_S ? setup.clockskew_s : LIMIT_MAX_S;
    code = add_entered_kdcs(planner, index);
    if (code == 0 && has_kdcs)
        code = add_listed_kdcs(planner, section->kdcs, section->n_kdcs, index);
    else if (code == 0)
        code = add_listed_kdcs(planner, setup.kdcs, setup.n_kdcs, index);
    if (code == 0 && planner->plan->n_sources == n_before)
        add_notice(planner->plan,
                   "%s: neither krb5.conf nor skewguard.conf names a KDC",
                   realm->name);
    return code;
}

/* An ntp entry shows the clock of the realm whose KDC runs on its host. */
static int
add_ntp(struct planner *planner, const struct sg_config_server *server)
{
    int realm = -1;

    for (int i = 0; i < planner->plan->n_sources && realm < 0; i++) {
        const struct sg_plan_source *source = &planner->plan->sources[i];

        if (source->target.kind == SG_KIND_KDC &&
            is_same_host(server->name, &server->target, source))
            realm = source->realm;
    }
    return add_source(planner, server->name, &server->target, realm, false);
}

int
sg_plan_make(const struct sg_config *config, const char *only_realm,
             struct sg_plan *ret, struct sg_err *err)
{
    struct planner planner = {config, only_realm, "", ret, err};
    int code, n_left_out;

    memset(ret, 0, sizeof *ret);
    code = find_realms(&planner);
    for (int i = 0; i < ret->n_realms && code == 0; i++)
        code = plan_realm(&planner, i);
    for (int i = 0; i < config->n_servers && code == 0; i++)
        if (config->servers[i].target.kind == SG_KIND_NTP)
            code = add_ntp(&planner, &config->servers[i]);
    if (code < 0)
        return code;
    n_left_out = sg_plan_add_keytabs(ret);
    if (n_left_out > 0)
        add_notice(ret,
                   "KDCs not asked for authenticated time: %d; allowed are %d "
                   "sources in all",
                   n_left_out, SG_MAX_SOURCES);
    return 0;
}

/* Why minimal mode cannot ask this source; NULL: it can. */
static const char *
why_not_minimal(const struct sg_target *target)
{
    struct sg_address address;

    if (sg_host_parse(target->host, &address, NULL) != 0)
        return "names are not looked up, give its IPv4 address";
    if (address.addr.ss_family != AF_INET)
        return "only IPv4 is used";
    if (target->transport == SG_TRANSPORT_TCP)
        return "TCP is not used";
    return NULL;
}

void
sg_plan_reduce(struct sg_plan *plan)
{
    int n = 0;

    for (int i = 0; i < plan->n_sources; i++) {
        struct sg_plan_source *source = &plan->sources[i];
        const char *why = why_not_minimal(&source->target);

        /* Logging in may need TCP.  What is said of its KDC says it all. */
        if (source->target.kind == SG_KIND_KEYTAB)
            continue;
        if (why) {
            add_notice(plan, "%.100s is not asked in minimal mode: %s",
                       source->target.host, why);
            continue;
        }
        source->target.transport = SG_TRANSPORT_UDP;
        plan->sources[n++] = *source;
    }
    plan->n_sources = n;
}

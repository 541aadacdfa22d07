#include "setup/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe/hostname.h"
#include "setup/plan_keytab.h"
#include "setup/plan_private.h"

#define LIMIT_MAX_S 300 /* a peer's own default; it cannot be asked for */
#define NTP_PORT 123

void
sg_plan_notice(struct sg_plan *plan, const char *format, ...)
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
add_source(struct sg_planner *planner, const char *name,
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
has_kdc(const struct sg_planner *planner, const char *name,
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
has_ntp(const struct sg_planner *planner, const struct sg_plan_source *kdc)
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

int
sg_planner_add_kdc(struct sg_planner *planner, const char *name,
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
add_listed_kdcs(struct sg_planner *planner, const struct sg_target *kdcs, int n,
                int realm)
{
    int code = 0;

    for (int i = 0; i < n && code == 0; i++)
        code = sg_planner_add_kdc(planner, kdcs[i].host, &kdcs[i], realm);
    return code;
}

static int
add_entered_kdcs(struct sg_planner *planner, int realm)
{
    const struct sg_config *config = planner->config;
    int code = 0;

    for (int i = 0; i < config->n_servers && code == 0; i++) {
        const struct sg_config_server *server = &config->servers[i];

        if (server->target.kind == SG_KIND_KDC &&
            strcmp(sg_planner_realm_of(planner, server),
                   planner->plan->realms[realm].name) == 0)
            code = sg_planner_add_kdc(planner, server->name, &server->target,
                                      realm);
    }
    return code;
}

int
sg_planner_load(struct sg_planner *planner, const char *name, bool is_needed,
                struct sg_realm_setup *ret)
{
    struct sg_err why;
    int code = sg_realm_load(name, ret, &why);

    if (code < 0 && is_needed)
        return sg_err_set(planner->err, code, "%s", why.text);
    if (code < 0) {
        memset(ret, 0, sizeof *ret);
        sg_plan_notice(planner->plan, "krb5.conf is not used: %s", why.text);
    }
    for (int i = 0; is_needed && i < ret->n_notices; i++)
        sg_plan_notice(planner->plan, "%s", ret->notices[i].text);
    planner->plan->own_clockskew_s = ret->clockskew_s;
    planner->plan->kdc_timesync = ret->kdc_timesync;
    return 0;
}

double
sg_planner_limit(const struct sg_realm_setup *setup)
{
    return setup->clockskew_s < LIMIT_MAX_S ? setup->clockskew_s : LIMIT_MAX_S;
}

static int
plan_realm(struct sg_planner *planner, int index)
{
    struct sg_plan_realm *realm = &planner->plan->realms[index];
    const struct sg_config_realm *section =
        find_section(planner->config, realm->name);
    struct sg_realm_setup setup;
    bool has_kdcs = section && section->replaces_kdcs;
    bool has_limit = section && section->clockskew_s > 0;
    int code =
        sg_planner_load(planner, realm->name, !has_kdcs || !has_limit, &setup);

    if (code < 0)
        return code;
    realm->limit_overrides = has_limit;
    if (has_limit)
        realm->clockskew_s = section->clockskew_s;
    else
        realm->clockskew_s = sg_planner_limit(&setup);
    code = add_entered_kdcs(planner, index);
    if (code == 0 && has_kdcs)
        code = add_listed_kdcs(planner, section->kdcs, section->n_kdcs, index);
    else if (code == 0)
        code = add_listed_kdcs(planner, setup.kdcs, setup.n_kdcs, index);
    if (code == 0 && !has_kdcs && !setup.names_kdcs && setup.uses_dns)
        sg_planner_ask(planner, realm->name, &setup);
    return code;
}

/* An ntp entry shows the clock of the realm whose KDC runs on its host. */
static int
add_ntp(struct sg_planner *planner, const struct sg_config_server *server)
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

/* Whoever may still be found by DNS, if it was not asked yet, is not missed. */
static void
name_idle_realms(struct sg_plan *plan, const struct sg_findings *findings)
{
    for (int i = 0; i < plan->n_realms; i++) {
        const char *name = plan->realms[i].name;
        const struct sg_finding *finding = sg_findings_of(findings, name);
        bool is_idle = !finding || finding->answer.list.n_kdcs == 0;

        for (int j = 0; j < plan->n_sources && is_idle; j++)
            is_idle = plan->sources[j].realm != i;
        for (int j = 0; j < plan->n_asks && is_idle; j++)
            is_idle = finding || strcmp(plan->asks[j].realm, name) != 0;
        if (is_idle)
            sg_plan_notice(
                plan,
                "%s: neither krb5.conf nor skewguard.conf names a KDC%s%s",
                name, finding ? "; " : "", finding ? finding->why_not : "");
    }
}

int
sg_plan_complete(const struct sg_config *config, const char *only_realm,
                 const struct sg_findings *findings, struct sg_plan *ret,
                 struct sg_err *err)
{
    struct sg_planner planner = {
        .config = config,
        .only_realm = only_realm,
        .findings = findings,
        .plan = ret,
        .err = err,
    };
    int code, n_left_out;

    memset(ret, 0, sizeof *ret);
    code = sg_planner_find_realms(&planner);
    for (int i = 0; i < ret->n_realms && code == 0; i++)
        code = plan_realm(&planner, i);
    if (code < 0)
        return code;
    sg_planner_add_found(&planner);
    name_idle_realms(ret, findings);
    sg_planner_add_trusts(&planner);
    for (int i = 0; i < config->n_servers && code == 0; i++)
        if (config->servers[i].target.kind == SG_KIND_NTP)
            code = add_ntp(&planner, &config->servers[i]);
    if (code < 0)
        return code;
    n_left_out = sg_plan_add_keytabs(ret);
    if (n_left_out > 0)
        sg_plan_notice(
            ret,
            "KDCs not asked for authenticated time: %d; allowed are %d "
            "sources in all",
            n_left_out, SG_MAX_SOURCES);
    return 0;
}

int
sg_plan_make(const struct sg_config *config, const char *only_realm,
             struct sg_plan *ret, struct sg_err *err)
{
    return sg_plan_complete(config, only_realm, NULL, ret, err);
}

static bool
is_same_source(const struct sg_plan_source *a, const struct sg_plan_source *b)
{
    return strcmp(a->name, b->name) == 0 && a->realm == b->realm &&
           a->is_try == b->is_try && a->target.kind == b->target.kind &&
           strcmp(a->target.host, b->target.host) == 0 &&
           a->target.port == b->target.port &&
           a->target.transport == b->target.transport &&
           strcmp(a->target.realm, b->target.realm) == 0;
}

static bool
is_same_realm(const struct sg_plan_realm *a, const struct sg_plan_realm *b)
{
    return strcmp(a->name, b->name) == 0 && a->clockskew_s == b->clockskew_s &&
           a->limit_overrides == b->limit_overrides;
}

bool
sg_plan_is_same(const struct sg_plan *a, const struct sg_plan *b)
{
    if (a->n_realms != b->n_realms || a->n_sources != b->n_sources)
        return false;
    for (int i = 0; i < a->n_realms; i++)
        if (!is_same_realm(&a->realms[i], &b->realms[i]))
            return false;
    for (int i = 0; i < a->n_sources; i++)
        if (!is_same_source(&a->sources[i], &b->sources[i]))
            return false;
    return true;
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
            sg_plan_notice(plan, "%.100s is not asked in minimal mode: %s",
                           source->target.host, why);
            continue;
        }
        source->target.transport = SG_TRANSPORT_UDP;
        plan->sources[n++] = *source;
    }
    plan->n_sources = n;
    for (int i = 0; i < plan->n_asks; i++)
        sg_plan_notice(plan,
                       "%s: DNS is not asked in minimal mode: give its KDCs' "
                       "IPv4 addresses",
                       plan->asks[i].realm);
    plan->n_asks = 0;
}

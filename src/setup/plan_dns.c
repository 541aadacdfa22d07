/* What a plan has from DNS, and the trusts. */
#include <stdio.h>
#include <string.h>

#include "setup/config_units.h"
#include "setup/plan_private.h"

void
sg_planner_ask(struct sg_planner *planner, const char *realm,
               const struct sg_realm_setup *setup)
{
    struct sg_discover_question *question =
        &planner->plan->asks[planner->plan->n_asks++];

    snprintf(question->realm, sizeof question->realm, "%s", realm);
    memcpy(question->sitename, setup->sitename, sizeof question->sitename);
    question->uses_uri = setup->uses_uri;
}

/* There is a place for a KDC and its host's NTP server, and for every ntp entry
 * that is still to come. */
static bool
has_room(const struct sg_planner *planner)
{
    int n = planner->plan->n_sources + 2;

    for (int i = 0; i < planner->config->n_servers; i++)
        n += planner->config->servers[i].target.kind == SG_KIND_NTP;
    return n <= SG_MAX_SOURCES;
}

/* As many as there is room for; that many. */
static int
add_kdcs(struct sg_planner *planner, const struct sg_target *kdcs, int n,
         int realm)
{
    char name[SG_NAME_MAX];
    int i;

    for (i = 0; i < n && has_room(planner); i++) {
        sg_finding_name(&kdcs[i], name);
        sg_planner_add_kdc(planner, name, &kdcs[i], realm);
    }
    return i;
}

static void
name_passed_over(struct sg_plan *plan, const struct sg_finding *finding)
{
    const struct sg_discover_answer *answer = &finding->answer;
    const char *realm = finding->question.realm;
    struct sg_config_quoted quoted;

    if (answer->n_proxies > 0)
        sg_plan_notice(plan, "%s: KDC proxy in DNS passed over: %s (%d in all)",
                       realm, sg_config_quote(answer->proxy, &quoted),
                       answer->n_proxies);
    if (answer->n_bad > 0)
        sg_plan_notice(
            plan, "%s: record in DNS passed over: \"%s\" (%d in all)", realm,
            sg_config_quote(answer->bad, &quoted), answer->n_bad);
}

static void
add_finding(struct sg_planner *planner, const struct sg_finding *finding,
            int realm)
{
    const struct sg_kdc_list *list = &finding->answer.list;
    int n = add_kdcs(planner, list->kdcs, list->n_kdcs, realm);

    name_passed_over(planner->plan, finding);
    if (n < list->n_kdcs + list->n_left_out)
        sg_plan_notice(
            planner->plan, "%s: DNS names %d KDCs, the first %d are watched",
            finding->question.realm, list->n_kdcs + list->n_left_out, n);
}

static bool
is_asked(const struct sg_plan *plan, const char *realm)
{
    for (int i = 0; i < plan->n_asks; i++)
        if (strcmp(plan->asks[i].realm, realm) == 0)
            return true;
    return false;
}

void
sg_planner_add_found(struct sg_planner *planner)
{
    struct sg_plan *plan = planner->plan;

    for (int i = 0; i < plan->n_realms; i++) {
        const char *name = plan->realms[i].name;
        const struct sg_finding *finding =
            sg_findings_of(planner->findings, name);

        if (finding && is_asked(plan, name))
            add_finding(planner, finding, i);
    }
}

/* ---- trusts ---- */

static void
leave_out(struct sg_planner *planner, const char *name, const char *why)
{
    sg_plan_notice(planner->plan, "trusted realm %s is not watched: %s", name,
                   why);
}

/* One of which KDCs are known. */
static void
add_realm(struct sg_planner *planner, const char *name,
          const struct sg_realm_setup *setup, const struct sg_finding *finding)
{
    struct sg_plan *plan = planner->plan;
    int realm = plan->n_realms, n;

    if (!has_room(planner)) {
        leave_out(planner, name, "there are too many other sources");
        return;
    }
    sg_planner_add_realm(planner, name);
    plan->realms[realm].clockskew_s = sg_planner_limit(setup);
    if (finding) {
        add_finding(planner, finding, realm);
        return;
    }
    n = add_kdcs(planner, setup->kdcs, setup->n_kdcs, realm);
    if (n < setup->n_kdcs)
        sg_plan_notice(plan,
                       "%s: krb5.conf names %d KDCs, the first %d are "
                       "watched",
                       name, setup->n_kdcs, n);
}

/* A realm without a KDC would be unknown for ever, and the host with it. */
static void
add_trust(struct sg_planner *planner, const char *name)
{
    const struct sg_finding *finding = sg_findings_of(planner->findings, name);
    struct sg_realm_setup setup;

    sg_planner_load(planner, name, false, &setup);
    if (setup.n_kdcs > 0) {
        add_realm(planner, name, &setup, NULL);
    } else if (setup.names_kdcs || !setup.uses_dns) {
        leave_out(planner, name, "no KDC of it is known");
    } else {
        sg_planner_ask(planner, name, &setup);
        if (finding && finding->answer.list.n_kdcs > 0)
            add_realm(planner, name, &setup, finding);
        else if (finding)
            leave_out(planner, name, finding->why_not);
    }
}

static bool
is_planned(const struct sg_plan *plan, const char *name)
{
    for (int i = 0; i < plan->n_realms; i++)
        if (strcmp(plan->realms[i].name, name) == 0)
            return true;
    return false;
}

void
sg_planner_add_trusts(struct sg_planner *planner)
{
    char names[4 * SG_MAX_REALMS][SG_NAME_MAX];
    const int max = sizeof names / sizeof *names;
    /* those that are still to be asked for hold a place */
    int n_places = planner->plan->n_realms, n;

    if (!planner->default_realm[0])
        return;
    n = sg_realm_trusts(planner->default_realm, max, names);
    for (int i = 0; i < n && i < max; i++) {
        if (is_planned(planner->plan, names[i]))
            continue;
        if (n_places++ < SG_MAX_REALMS)
            add_trust(planner, names[i]);
        else
            leave_out(planner, names[i], "there are too many other realms");
    }
    if (n > max)
        sg_plan_notice(planner->plan,
                       "krb5.conf: [capaths] names %d trusted realms, only %d "
                       "are looked at",
                       n, max);
}

/*
 * What the daemon watches: made of the files and of what DNS said, and made
 * anew when they change.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/daemon_private.h"

static bool
has_notice(const struct sg_plan *plan, const char *text)
{
    for (int i = 0; plan && i < plan->n_notices; i++)
        if (strcmp(plan->notices[i].text, text) == 0)
            return true;
    return false;
}

/* Said once; the first is kept where "status" shows it. */
static void
report_notices(struct sg_daemon *daemon, const struct sg_plan *before)
{
    const struct sg_plan *plan = daemon->plan;
    struct sg_status *status = daemon->status;

    status->notice[0] = '\0';
    if (plan->n_notices > 0)
        memcpy(status->notice, plan->notices[0].text, sizeof status->notice);
    for (int i = 0; i < plan->n_notices; i++)
        if (!has_notice(before, plan->notices[i].text))
            sg_log(LOG_WARNING, "%s", plan->notices[i].text);
}

static void
report_plan(const struct sg_plan *plan, const char *why)
{
    char counts[64];

    snprintf(counts, sizeof counts, "%d realm%s, %d source%s", plan->n_realms,
             plan->n_realms == 1 ? "" : "s", plan->n_sources,
             plan->n_sources == 1 ? "" : "s");
    if (why) {
        sg_log(LOG_NOTICE, "%s: %s", why, counts);
        return;
    }
    for (int i = 0; i < plan->n_realms; i++)
        sg_log(LOG_INFO, "%s: limit %.0f s", plan->realms[i].name,
               plan->realms[i].clockskew_s);
    sg_log(LOG_INFO, "%s", counts);
}

struct sg_plan *
sg_daemon_make_plan(struct sg_daemon *daemon, const struct sg_config *config,
                    struct sg_err *err)
{
    const struct sg_findings *findings =
        daemon->discovery ? sg_discovery_findings(daemon->discovery) : NULL;
    struct sg_plan *plan = calloc(1, sizeof *plan);

    if (!plan) {
        sg_err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    daemon->plan_failed =
        sg_plan_complete(config, NULL, findings, plan, err) < 0;
    if (daemon->plan_failed) {
        free(plan);
        return NULL;
    }
    if (daemon->options.minimal)
        sg_plan_reduce(plan);
    return plan;
}

int
sg_daemon_use_plan(struct sg_daemon *daemon, struct sg_plan *plan,
                   const char *why, struct sg_err *err)
{
    struct sg_plan *before = daemon->plan;

    if (sg_daemon_replace_watch(daemon, plan, err) < 0)
        return -1;
    daemon->plan = plan;
    report_notices(daemon, before);
    report_plan(plan, why);
    free(before);
    return 0;
}

/*
 * When starting, a krb5.conf that cannot be read must not end the guarding: the
 * plan is then empty but for its notice.
 */
static struct sg_plan *
make_empty_plan(const struct sg_err *why)
{
    struct sg_plan *plan = calloc(1, sizeof *plan);

    if (!plan)
        return NULL;
    plan->n_notices = 1;
    snprintf(plan->notices[0].text, sizeof plan->notices[0].text, "%.*s",
             (int)sizeof plan->notices[0].text - 1, why->text);
    return plan;
}

int
sg_daemon_begin_plan(struct sg_daemon *daemon, struct sg_err *err)
{
    struct sg_plan *plan = sg_daemon_make_plan(daemon, daemon->config, err);

    if (!plan)
        plan = make_empty_plan(err);
    if (plan && sg_daemon_use_plan(daemon, plan, NULL, err) == 0)
        return 0;
    free(plan);
    return -1;
}

/* The same sources under other words. */
static void
update_plan(struct sg_daemon *daemon, struct sg_plan *plan, const char *why)
{
    struct sg_plan before = *daemon->plan;

    *daemon->plan = *plan; /* in place: the watch has it */
    free(plan);
    report_notices(daemon, &before);
    if (why)
        report_plan(daemon->plan, why);
}

/* Said once, and shown until it is repaired. */
static void
report_breakage(struct sg_daemon *daemon, const struct sg_err *why)
{
    sg_log(LOG_ERR, "%s; what was in use before stays", why->text);
    snprintf(daemon->status->notice, sizeof daemon->status->notice, "%.*s",
             (int)sizeof daemon->status->notice - 1, why->text);
}

void
sg_daemon_replan(struct sg_daemon *daemon, const char *what)
{
    bool was_failed = daemon->plan_failed;
    bool was_idle = daemon->plan->n_realms == 0;
    const char *why = was_failed ? "krb5.conf is repaired"
                      : was_idle ? "krb5.conf is in use now"
                                 : what;
    struct sg_err err;
    struct sg_plan *plan = sg_daemon_make_plan(daemon, daemon->config, &err);

    if (!plan) {
        if (!was_failed)
            report_breakage(daemon, &err);
        return;
    }
    if (sg_plan_is_same(daemon->plan, plan))
        update_plan(daemon, plan, was_failed ? why : NULL);
    else if (sg_daemon_use_plan(daemon, plan, why, &err) < 0) {
        sg_log(LOG_ERR, "not put into force: %s", err.text);
        daemon->plan_failed = was_failed;
        free(plan);
        return;
    }
    sg_daemon_ask_dns(daemon, false);
}

void
sg_daemon_retry(struct sg_daemon *daemon)
{
    bool is_blind = !daemon->filewatch && !daemon->options.minimal;

    if (daemon->plan_failed || daemon->plan->n_realms == 0 || is_blind)
        sg_daemon_replan(daemon, "krb5.conf changed");
}

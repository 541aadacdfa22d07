/*
 * "skewguard check": measure now, without daemon and privilege.
 */
#include <event2/event.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/command.h"
#include "clock/clock.h"
#include "reader/published.h"
#include "report/report.h"
#include "setup/config.h"
#include "setup/discovery.h"
#include "setup/plan.h"
#include "watch/watch.h"

/* An idle KDC's interval is narrow after 3 s; silence takes three timeouts. */
#define CHECK_S 7

struct check {
    struct event_base *base;
    struct sg_config *config;
    struct sg_plan plan;
    struct sg_discovery *discovery;
    struct sg_clock *clock;
    struct sg_watch *watch;
    struct sg_status status;
};

static void
on_event(void *arg, const struct sg_event *event)
{
    (void)arg;
    (void)event; /* the report at the end says it all */
}

static void
on_changed(void *arg, bool urgent)
{
    struct check *check = arg;

    (void)urgent;
    if (check->watch && sg_watch_is_complete(check->watch))
        event_base_loopbreak(check->base);
}

static struct event_base *
new_base(void)
{
    struct event_config *how = event_config_new();
    struct event_base *base = NULL;

    if (how) {
        event_config_set_flag(how, EVENT_BASE_FLAG_PRECISE_TIMER);
        base = event_base_new_with_config(how);
        event_config_free(how);
    }
    return base;
}

static void
on_discovered(void *arg)
{
    struct check *check = arg;

    event_base_loopbreak(check->base);
}

/* What the files leave to DNS, before anything is measured. */
static int
discover(struct check *check, const char *realm, struct sg_err *err)
{
    check->discovery =
        sg_discovery_new(check->base, NULL, on_discovered, check, err);
    if (!check->discovery)
        return -1;
    if (sg_discovery_begin(check->discovery, &check->plan))
        event_base_dispatch(check->base);
    return sg_plan_complete(check->config, realm,
                            sg_discovery_findings(check->discovery),
                            &check->plan, err);
}

static int
set_up(struct check *check, const struct sg_invocation *invocation,
       struct sg_err *err)
{
    const char *realm = invocation->n_words ? invocation->words[0] : NULL;

    if (sg_config_load(invocation->config_path, &check->config, err) < 0 ||
        sg_plan_make(check->config, realm, &check->plan, err) < 0)
        return -1;
    check->base = new_base();
    if (!check->base)
        return sg_err_set(err, -1, "no memory for the event loop");
    if (check->plan.n_asks > 0 && discover(check, realm, err) < 0)
        return -1;
    if (check->plan.n_sources == 0)
        return sg_err_set(err, -1, "nothing to check: %s",
                          check->plan.n_notices ? check->plan.notices[0].text
                                                : "no KDC is known");
    for (int i = 0; i < check->plan.n_notices; i++)
        sg_log(LOG_WARNING, "%s", check->plan.notices[i].text);
    check->clock = sg_clock_none_new(err);
    return check->clock ? 0 : -1;
}

static int
measure(struct check *check, struct sg_err *err)
{
    const struct sg_config *config = check->config;
    struct sg_engine_config engine = {
        .mode = SG_MODE_GUARD,
        .is_sharp = true,
        .follow_utc = config->follow == SG_FOLLOW_UTC,
        .budget = {config->alert.warn_frac, config->alert.critical_frac},
        .poll = {config->max_poll_s, config->kdc_poll_s},
        .guard = sg_guard_defaults,
        .frequency_sd_ppm = 100,
    };
    struct sg_watch_setup setup = {
        .base = check->base,
        .plan = &check->plan,
        .clock = check->clock,
        .engine = &engine,
        .hooks = {on_event, on_changed, NULL, NULL, check},
    };
    struct timeval limit = {CHECK_S, 0};

    check->watch = sg_watch_new(&setup, NULL, err);
    if (!check->watch)
        return -1;
    event_base_loopexit(check->base, &limit);
    event_base_dispatch(check->base);
    sg_watch_status(check->watch, &check->status);
    return 0;
}

static void
tear_down(struct check *check)
{
    sg_watch_free(check->watch);
    sg_clock_free(check->clock);
    sg_discovery_free(check->discovery);
    if (check->base)
        event_base_free(check->base);
    sg_config_free(check->config);
    free(check);
}

int
sg_check_run(const struct sg_invocation *invocation)
{
    struct check *check = calloc(1, sizeof *check);
    struct sg_buf text = SG_BUF_INIT;
    struct sg_report_now now;
    struct sg_err err;
    int code;

    if (!check) {
        sg_log(LOG_ERR, "no memory");
        return SG_EXIT_UNKNOWN;
    }
    sg_status_init(&check->status);
    if (set_up(check, invocation, &err) < 0 || measure(check, &err) < 0) {
        sg_log(LOG_ERR, "%s", err.text);
        tear_down(check);
        return SG_EXIT_UNKNOWN;
    }
    sg_published_look("/", &now);
    if (invocation->json)
        sg_report_check_json(&check->status, &now, &text);
    else
        sg_report_check_text(&check->status, &now, &text);
    code = sg_report_exit_code(sg_report_check_state(&check->status, &now));
    tear_down(check);
    return sg_command_print(&text, code);
}

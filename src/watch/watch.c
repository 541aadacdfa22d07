#include "watch/watch.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostclock.h"
#include "probe/krb5_host.h"
#include "probe/resolve.h"
#include "probe/source.h"
#include "watch/steering.h"

/* A shorter suspend is not told from the time between two readings. */
#define SUSPEND_S 0.5

/* Where nothing but sockets is waited for nobody is asked before: simulators
 * of clocks need a moment until theirs run evenly. */
#define MINIMAL_START_S 0.25

/* One source of the plan, and when it is asked next. */
struct watched {
    struct sg_watch *watch;
    int index;
    struct sg_source *source;
    struct event *timer;
    bool is_out;        /* a question is under way */
    double suspended_s; /* when it was asked */
};

struct sg_watch {
    struct sg_watch_setup setup;
    struct sg_engine *engine;
    enum sg_mode mode;
    struct sg_probe_env env;
    struct watched *watched;
    int n;
    struct event *tick, *notice;
    struct sg_steering steering;
    double suspended_s;
    struct sg_raw not_before; /* nobody is asked */
    bool is_corrected;        /* the clock, at least once */
};

static double
random_unit(void)
{
    uint32_t bits;

    evutil_secure_rng_get_bytes(&bits, sizeof bits);
    return bits / 4294967296.0;
}

static void
arm(struct event *timer, double wait_s)
{
    double whole_s = floor(wait_s);
    struct timeval tv = {(time_t)whole_s,
                         (suseconds_t)((wait_s - whole_s) * 1e6)};

    evtimer_add(timer, &tv);
}

static struct sg_reading
read_clock(struct sg_watch *watch)
{
    struct sg_reading reading;

    if (watch->setup.clock->ops->read(watch->setup.clock, &reading) < 0)
        reading = sg_host_reading();
    return reading;
}

static void
schedule(struct watched *watched)
{
    struct sg_watch *watch = watched->watch;
    struct sg_raw now = sg_host_raw();
    double wait_s =
        sg_engine_next_ask(watch->engine, watched->index, now, random_unit());

    if (wait_s >= 0)
        arm(watched->timer, fmax(wait_s, sg_raw_diff(watch->not_before, now)));
    else
        evtimer_del(watched->timer);
}

static void
schedule_all(struct sg_watch *watch)
{
    for (int i = 0; i < watch->n; i++)
        if (!watch->watched[i].is_out)
            schedule(&watch->watched[i]);
}

static void
report(struct sg_watch *watch, const struct sg_decision *decision)
{
    const struct sg_watch_hooks *hooks = &watch->setup.hooks;

    for (int i = 0; i < decision->n_events; i++)
        hooks->event(hooks->arg, &decision->events[i]);
    hooks->changed(hooks->arg, decision->publish);
}

/* Who only guards has no rivals. */
static void
look_for_rival(struct sg_watch *watch)
{
    const struct sg_watch_hooks *hooks = &watch->setup.hooks;
    struct sg_clock *clock = watch->setup.clock;
    struct sg_err what;

    if (watch->mode == SG_MODE_DISCIPLINE && hooks->rival &&
        clock->ops->check(clock, &what) == -EBUSY)
        hooks->rival(hooks->arg, what.text);
}

/* Do what the engine decided. */
static void
act(struct sg_watch *watch, const struct sg_decision *decision)
{
    struct sg_err err = {""};

    arm(watch->tick, decision->tick_s);
    report(watch, decision);
    if (decision->action.kind != SG_ACTION_NONE) {
        int code = sg_steering_do(&watch->steering, &decision->action, &err);
        struct sg_reading after = read_clock(watch);
        struct sg_decision then;

        /* while a large error cannot be stepped the clock is not synced */
        if (code == 0 && (decision->action.kind == SG_ACTION_STEP ||
                          decision->action.synced))
            watch->is_corrected = true;
        sg_engine_done(watch->engine, &decision->action, code, err.text, &after,
                       &then);
        if (code == -EBUSY)
            look_for_rival(watch); /* which says more than a refusal */
        else
            report(watch, &then);
    }
    if (decision->reschedule)
        schedule_all(watch);
}

/* The raw clock stands still in a suspend; notice it before using it. */
static void
check_suspend(struct sg_watch *watch)
{
    double suspended_s = sg_host_suspended_s();
    double slept_s = suspended_s - watch->suspended_s;
    struct sg_reading reading;
    struct sg_decision decision;

    if (slept_s < SUSPEND_S)
        return;
    watch->suspended_s = suspended_s;
    reading = read_clock(watch);
    sg_engine_resumed(watch->engine, &reading, slept_s, &decision);
    act(watch, &decision);
}

/* The raw clock stood still in between, so no time in it can be trusted. */
static bool
slept_meanwhile(const struct watched *watched, struct sg_outcome *ret)
{
    double slept_s = sg_host_suspended_s() - watched->suspended_s;

    if (slept_s < SUSPEND_S)
        return false;
    *ret = (struct sg_outcome){.code = SG_OUTCOME_LOCAL};
    snprintf(ret->text, sizeof ret->text,
             "the host slept for %.1f s while the question was under way",
             slept_s);
    return true;
}

static void
on_done(void *arg, struct sg_source *source, const struct sg_outcome *outcome)
{
    struct watched *watched = arg;
    struct sg_watch *watch = watched->watch;
    struct sg_outcome worthless;
    char address[SG_ADDRESS_MAX] = "";
    struct sg_reading reading;
    struct sg_decision decision;

    watched->is_out = false;
    check_suspend(watch);
    sg_source_address(source, address, sizeof address);
    sg_engine_set_address(watch->engine, watched->index, address,
                          sg_source_port(source), sg_source_is_tcp(source));
    reading = read_clock(watch);
    if (slept_meanwhile(watched, &worthless))
        outcome = &worthless;
    sg_engine_outcome(watch->engine, watched->index, outcome, &reading,
                      &decision);
    if (!decision.reschedule)
        schedule(watched);
    act(watch, &decision);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct watched *watched = arg;

    (void)fd;
    (void)what;
    check_suspend(watched->watch);
    if (watched->is_out)
        return;
    watched->suspended_s = sg_host_suspended_s();
    watched->is_out = sg_source_ask(watched->source);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct sg_watch *watch = arg;
    struct sg_reading reading;
    struct sg_decision decision;

    (void)fd;
    (void)what;
    check_suspend(watch);
    look_for_rival(watch);
    reading = read_clock(watch);
    sg_engine_tick(watch->engine, &reading, &decision);
    act(watch, &decision);
}

/* Somebody set the clock. */
static void
on_notice(evutil_socket_t fd, short what, void *arg)
{
    struct sg_watch *watch = arg;
    struct sg_reading reading;
    struct sg_decision decision;

    (void)fd;
    (void)what;
    /* first rearm, then read: a step in between must fire again */
    watch->setup.clock->ops->rearm(watch->setup.clock);
    check_suspend(watch);
    reading = read_clock(watch);
    sg_engine_noticed(watch->engine, &reading, &decision);
    act(watch, &decision);
}

static int
add_source(struct sg_watch *watch, const struct sg_plan_source *plan,
           struct sg_err *err)
{
    struct watched *watched = &watch->watched[watch->n];
    struct sg_engine_source about = {
        .kind = plan->target.kind,
        .realm = plan->realm,
        .is_try = plan->is_try,
    };

    about.port = plan->target.port;
    memcpy(about.name, plan->name, sizeof about.name);
    memcpy(about.host, plan->target.host, sizeof about.host);
    watched->watch = watch;
    watched->index = watch->n;
    watched->source =
        sg_source_new(&watch->env, &plan->target, on_done, watched, err);
    if (!watched->source)
        return -1;
    watched->timer = evtimer_new(watch->setup.base, on_timer, watched);
    if (!watched->timer ||
        sg_engine_add_source(watch->engine, &about) != watch->n) {
        sg_source_free(watched->source);
        if (watched->timer)
            event_free(watched->timer);
        return sg_err_set(err, -1, "%s: no memory for this source", plan->name);
    }
    watch->n++;
    return 0;
}

static int
add_plan(struct sg_watch *watch, struct sg_err *err)
{
    const struct sg_plan *plan = watch->setup.plan;

    for (int i = 0; i < plan->n_realms; i++)
        if (sg_engine_add_realm(watch->engine, plan->realms[i].name,
                                plan->realms[i].clockskew_s,
                                plan->realms[i].limit_overrides) < 0)
            return sg_err_set(err, -1, "%s: no memory for this realm",
                              plan->realms[i].name);
    for (int i = 0; i < plan->n_sources; i++)
        if (add_source(watch, &plan->sources[i], err) < 0)
            return -1;
    return 0;
}

static int
add_timers(struct sg_watch *watch, double base_ppm, struct sg_err *err)
{
    struct event_base *base = watch->setup.base;
    int fd = -1;

    if (!watch->setup.is_minimal)
        fd = watch->setup.clock->ops->watch(watch->setup.clock);
    watch->tick = evtimer_new(base, on_tick, watch);
    if (fd >= 0)
        watch->notice =
            event_new(base, fd, EV_READ | EV_PERSIST, on_notice, watch);
    if (!watch->tick || (fd >= 0 && !watch->notice) ||
        sg_steering_open(&watch->steering, base, watch->setup.clock, base_ppm) <
            0)
        return sg_err_set(err, -1, "no memory for timers");
    return 0;
}

/* Take over what an earlier watch knows, and go. */
static void
begin(struct sg_watch *watch, struct sg_watch *before)
{
    watch->suspended_s = sg_host_suspended_s();
    watch->not_before = sg_host_raw();
    if (watch->setup.is_minimal && !before)
        watch->not_before = sg_raw_add(watch->not_before, MINIMAL_START_S);
    if (before) {
        sg_engine_adopt(watch->engine, before->engine);
        watch->suspended_s = before->suspended_s;
        sg_steering_take(&watch->steering, &before->steering);
    }
    if (watch->notice)
        event_add(watch->notice, NULL);
    /* at once, so that there is a status before the first answer */
    arm(watch->tick, 0);
    for (int i = 0; i < watch->n; i++)
        schedule(&watch->watched[i]);
}

struct sg_watch *
sg_watch_new(const struct sg_watch_setup *setup, struct sg_watch *before,
             struct sg_err *err)
{
    struct sg_watch *watch = calloc(1, sizeof *watch);

    if (!watch) {
        sg_err_set(err, -1, "no memory");
        return NULL;
    }
    watch->setup = *setup;
    watch->mode = setup->engine->mode;
    watch->engine = sg_engine_new(setup->engine);
    watch->env.base = setup->base;
    watch->env.resolver = sg_resolver_new(setup->base, NULL, err);
    watch->env.hosts = sg_krb5_hosts_new();
    watch->watched =
        calloc((size_t)setup->plan->n_sources + 1, sizeof *watch->watched);
    if (!watch->engine || !watch->env.resolver || !watch->env.hosts ||
        !watch->watched || add_plan(watch, err) < 0 ||
        add_timers(watch, setup->engine->frequency_ppm, err) < 0) {
        sg_watch_free(watch);
        return NULL;
    }
    begin(watch, before);
    return watch;
}

static void
free_event(struct event *event)
{
    if (event)
        event_free(event);
}

void
sg_watch_free(struct sg_watch *watch)
{
    if (!watch)
        return;
    sg_steering_close(&watch->steering);
    for (int i = 0; i < watch->n; i++) {
        event_free(watch->watched[i].timer);
        sg_source_free(watch->watched[i].source);
    }
    free_event(watch->tick);
    free_event(watch->notice);
    sg_krb5_hosts_free(watch->env.hosts);
    sg_resolver_free(watch->env.resolver);
    sg_engine_free(watch->engine);
    free(watch->watched);
    free(watch);
}

void
sg_watch_status(struct sg_watch *watch, struct sg_status *status)
{
    struct sg_clock *clock = watch->setup.clock;
    struct sg_reading reading = read_clock(watch), line;
    double rate_ppm;

    sg_engine_status(watch->engine, &reading, status);
    status->own_clockskew_s = watch->setup.plan->own_clockskew_s;
    status->kdc_timesync = watch->setup.plan->kdc_timesync;
    snprintf(status->clock.driver, sizeof status->clock.driver, "%s",
             clock->ops->name);
    status->published = reading.raw;
    status->suspended_s = watch->suspended_s;
    status->clock.simulated = sg_clock_simulated_model(clock, &line, &rate_ppm);
    if (!status->clock.simulated)
        return;
    status->clock.sim_raw = line.raw;
    status->clock.sim_wall = line.wall;
    status->clock.sim_rate_ppm = rate_ppm;
}

void
sg_watch_burst(struct sg_watch *watch)
{
    sg_engine_burst(watch->engine);
    schedule_all(watch);
}

void
sg_watch_key_changed(struct sg_watch *watch)
{
    sg_engine_key_changed(watch->engine);
    schedule_all(watch);
}

bool
sg_watch_frequency(const struct sg_watch *watch, double *ret_ppm,
                   double *ret_sd_ppm)
{
    return sg_engine_frequency(watch->engine, ret_ppm, ret_sd_ppm);
}

double
sg_watch_correction(const struct sg_watch *watch)
{
    if (!watch->is_corrected)
        return -1;
    return sg_steering_left(&watch->steering);
}

bool
sg_watch_is_complete(const struct sg_watch *watch)
{
    return sg_engine_is_complete(watch->engine);
}

#include "watch/watch.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hostclock.h"
#include "base/timeval.h"
#include "watch/watch_private.h"

/* A shorter suspend is not told from the time between two readings. */
#define SUSPEND_S 0.5

static double
random_unit(void)
{
    uint32_t bits;

    evutil_secure_rng_get_bytes(&bits, sizeof bits);
    return bits / 4294967296.0;
}

void
sg_watch_arm(struct event *timer, double wait_s)
{
    struct timeval tv = sg_timeval(wait_s);

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

void
sg_watch_schedule(struct sg_watched *watched)
{
    struct sg_watch *watch = watched->watch;
    struct sg_raw now = sg_host_raw();
    double wait_s =
        sg_engine_next_ask(watch->engine, watched->index, now, random_unit());

    if (wait_s >= 0)
        sg_watch_arm(watched->timer,
                     fmax(wait_s, sg_raw_diff(watch->not_before, now)));
    else
        evtimer_del(watched->timer);
}

static void
sg_watch_schedule_all(struct sg_watch *watch)
{
    for (int i = 0; i < watch->n; i++)
        if (!watch->watched[i].is_out)
            sg_watch_schedule(&watch->watched[i]);
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
look_at_clock(struct sg_watch *watch)
{
    const struct sg_watch_hooks *hooks = &watch->setup.hooks;
    struct sg_clock *clock = watch->setup.clock;
    struct sg_err what;
    int code;

    if (watch->mode != SG_MODE_DISCIPLINE || !hooks->rival)
        return;
    code = clock->ops->check(clock, &what);
    if (code == -EBUSY)
        hooks->rival(hooks->arg, what.text);
    if (code == -ENOTCONN && hooks->lost)
        hooks->lost(hooks->arg);
}

/* Do what the engine decided. */
static void
act(struct sg_watch *watch, const struct sg_decision *decision)
{
    struct sg_err err = {""};

    sg_watch_arm(watch->tick, decision->tick_s);
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
        if (code == -EBUSY || code == -ENOTCONN)
            look_at_clock(watch); /* which says more than a refusal */
        else
            report(watch, &then);
    }
    if (decision->reschedule)
        sg_watch_schedule_all(watch);
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
slept_meanwhile(const struct sg_watched *watched, struct sg_outcome *ret)
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

void
sg_watch_on_done(void *arg, struct sg_source *source,
                 const struct sg_outcome *outcome)
{
    struct sg_watched *watched = arg;
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
        sg_watch_schedule(watched);
    act(watch, &decision);
}

void
sg_watch_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct sg_watched *watched = arg;

    (void)fd;
    (void)what;
    check_suspend(watched->watch);
    if (watched->is_out)
        return;
    watched->suspended_s = sg_host_suspended_s();
    watched->is_out = sg_source_ask(watched->source);
}

void
sg_watch_on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct sg_watch *watch = arg;
    struct sg_reading reading;
    struct sg_decision decision;

    (void)fd;
    (void)what;
    check_suspend(watch);
    look_at_clock(watch);
    reading = read_clock(watch);
    sg_engine_tick(watch->engine, &reading, &decision);
    act(watch, &decision);
}

/* Somebody set the clock. */
void
sg_watch_on_notice(evutil_socket_t fd, short what, void *arg)
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

/* Who moves the clock has gone, which the clock's own check sees, too. */
void
sg_watch_on_link(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    look_at_clock(arg);
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
    sg_watch_schedule_all(watch);
}

void
sg_watch_key_changed(struct sg_watch *watch)
{
    sg_engine_key_changed(watch->engine);
    sg_watch_schedule_all(watch);
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

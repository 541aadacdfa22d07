/*
 * How a watch begins and ends.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostclock.h"
#include "probe/krb5_host.h"
#include "probe/resolve.h"
#include "watch/watch_private.h"

/* Where nothing but sockets is waited for nobody is asked before: simulators
 * of clocks need a moment until theirs run evenly. */
#define MINIMAL_START_S 0.25

static int
add_source(struct sg_watch *watch, const struct sg_plan_source *plan,
           struct sg_err *err)
{
    struct sg_watched *watched = &watch->watched[watch->n];
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
    watched->source = sg_source_new(&watch->env, &plan->target,
                                    sg_watch_on_done, watched, err);
    if (!watched->source)
        return -1;
    watched->timer = evtimer_new(watch->setup.base, sg_watch_on_timer, watched);
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

/* What the clock tells by a descriptor.  False: no memory. */
static bool
hear_clock(struct sg_watch *watch, int fd, event_callback_fn callback,
           struct event **ret)
{
    if (fd >= 0)
        *ret = event_new(watch->setup.base, fd, EV_READ | EV_PERSIST, callback,
                         watch);
    return fd < 0 || *ret;
}

static int
add_timers(struct sg_watch *watch, double base_ppm, struct sg_err *err)
{
    struct event_base *base = watch->setup.base;
    struct sg_clock *clock = watch->setup.clock;
    int notice_fd = -1, link_fd = -1;

    if (!watch->setup.is_minimal)
        notice_fd = clock->ops->watch(clock);
    /* without a look at the clock it would be readable for ever */
    if (!watch->setup.is_minimal && watch->mode == SG_MODE_DISCIPLINE &&
        watch->setup.hooks.rival && clock->ops->link)
        link_fd = clock->ops->link(clock);
    watch->tick = evtimer_new(base, sg_watch_on_tick, watch);
    if (!watch->tick ||
        !hear_clock(watch, notice_fd, sg_watch_on_notice, &watch->notice) ||
        !hear_clock(watch, link_fd, sg_watch_on_link, &watch->link) ||
        sg_steering_open(&watch->steering, base, watch->setup.clock, base_ppm) <
            0)
        return sg_err_set(err, -1, "no memory for timers");
    return 0;
}

/* A key that rests goes on resting, and a ticket that serves is not asked for
 * again, as long as they are of the plan. */
static void
take_hosts(struct sg_watch *watch, struct sg_watch *before)
{
    const struct sg_plan *plan = watch->setup.plan;

    for (int i = 0; i < plan->n_sources; i++) {
        const struct sg_target *target = &plan->sources[i].target;

        if (target->kind == SG_KIND_KEYTAB)
            sg_krb5_hosts_take(watch->env.hosts, before->env.hosts,
                               target->realm, target->keytab);
    }
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
        sg_engine_key_changed(watch->engine); /* perhaps another keytab */
        take_hosts(watch, before);
        watch->suspended_s = before->suspended_s;
        sg_steering_take(&watch->steering, &before->steering);
    }
    if (watch->notice)
        event_add(watch->notice, NULL);
    if (watch->link)
        event_add(watch->link, NULL);
    /* at once, so that there is a status before the first answer */
    sg_watch_arm(watch->tick, 0);
    for (int i = 0; i < watch->n; i++)
        sg_watch_schedule(&watch->watched[i]);
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
    free_event(watch->link);
    sg_krb5_hosts_free(watch->env.hosts);
    sg_resolver_free(watch->env.resolver);
    sg_engine_free(watch->engine);
    free(watch->watched);
    free(watch);
}

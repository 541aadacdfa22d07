#include "world.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "probe/ntp_packet.h"

#define NTP_1970 2208988800LL
#define SERVER_S 20e-6 /* from receive to transmit */
#define TIMEOUT_S 1.0  /* no answer is waited for any longer */
#define NEVER INFINITY

/* One question under way, or the wait for the next one. */
struct channel {
    double due_s; /* true time of what happens next */
    bool is_out;  /* a question is under way */
    bool is_lost;
    double sent_s, arrived_s;
    struct sg_raw sent;
    uint64_t cookie;
};

struct world {
    const struct sim_setup *setup;
    struct sim_source sources[SIM_MAX_SOURCES];
    struct channel channels[SIM_MAX_SOURCES];
    struct sg_engine *engine;
    uint64_t seed;
    struct sim_random random;
    double t_s;
    double raw_s, wall_s; /* wall: seconds since EPOCH_NS */
    double drift_ppm;     /* without the periodic part */
    enum sim_refusal refuses;
    double base_ppm, slew_ppm, slew_left_s;
    int leap_s;               /* what the kernel was told ... */
    double leap_wall_s;       /* ... to do when the wall clock reads this */
    double tick_s;            /* true time the engine wants to be called at */
    struct sg_alerts *alerts; /* NULL: nobody wants any */
    struct sg_alerts_told told;
    struct sim_random alert_random; /* of its own: who looks changes nothing */
    double alert_s;                 /* true time the policy wants to look at */
    struct sg_status status;
    const struct sim_observer *observer;
    struct sim_counts counts;
};

static struct sg_reading
reading(const struct world *w)
{
    struct sg_reading r = {
        {1000000000 + sg_span_to_ns(w->raw_s)},
        {sim_epoch_s(w->setup) * 1000000000 +
         sg_span_to_ns(w->wall_s + SIM_ODD_S)},
        1e-7,
    };

    return r;
}

static double
drift_ppm(const struct world *w)
{
    const struct sim_setup *setup = w->setup;

    if (setup->sine_s <= 0)
        return w->drift_ppm;
    return w->drift_ppm +
           setup->sine_ppm * sin(6.283185307179586 * w->t_s / setup->sine_s);
}

/* Let true time pass; the oscillator's frequency takes its random walk. */
static void
pass_time(struct world *w, double until_s)
{
    while (w->t_s < until_s) {
        double dt = fmin(until_s - w->t_s, 1), dr, slew_s;

        w->drift_ppm +=
            w->setup->wander > 0
                ? 1e6 * w->setup->wander * sqrt(dt) * sim_normal(&w->random)
                : 0;
        dr = dt * (1 + drift_ppm(w) * 1e-6);
        slew_s = fmin(w->slew_left_s, dr);
        w->raw_s += dr;
        w->wall_s +=
            dr * (1 + w->base_ppm * 1e-6) + slew_s * w->slew_ppm * 1e-6;
        w->slew_left_s -= slew_s;
        w->t_s = until_s - w->t_s <= dt ? until_s : w->t_s + dt;
    }
}

static double
offset_s(const struct world *w)
{
    return sim_utc_s(w->setup, w->t_s) - w->wall_s;
}

static void
look(struct world *w, const struct sg_decision *decision, double step_s)
{
    struct sg_reading now = reading(w);
    struct sim_view view = {
        .t_s = w->t_s,
        .offset_s = offset_s(w),
        .drift_ppm = drift_ppm(w),
        .now = now,
        .packets = w->counts.packets,
        .status = &w->status,
        .decision = decision,
        .step_s = step_s,
    };

    sg_engine_status(w->engine, &now, &w->status);
    w->observer->look(w->observer->arg, &view);
}

static void
show(struct world *w, const struct sg_decision *decision, double step_s)
{
    const struct sim_observer *observer = w->observer;

    if (observer->decided)
        observer->decided(observer->arg, w->t_s, decision);
    if (observer->look)
        look(w, decision, step_s);
}

static void
show_question(struct world *w, int i)
{
    const struct sim_observer *observer = w->observer;
    const struct sim_source *s = &w->sources[i];
    struct sim_question question = {
        .t_s = w->t_s,
        .source = i,
        .now = reading(w),
        .skew_s = sim_server_s(w->setup, s, w->t_s) - w->wall_s,
        .is_heard = !s->silent,
    };

    if (observer->asked)
        observer->asked(observer->arg, &question);
}

static void
schedule(struct world *w, int i)
{
    double wait_s = sg_engine_next_ask(w->engine, i, reading(w).raw,
                                       sim_uniform(&w->random));

    w->channels[i].due_s = wait_s < 0 ? NEVER : w->t_s + wait_s;
}

/* What the clock driver makes of an action; 0, or a negative errno. */
static int
drive(struct world *w, const struct sg_action *action)
{
    if (w->refuses == SIM_REFUSES_ALL)
        return -EPERM;
    if (action->kind == SG_ACTION_STEP)
        w->wall_s += action->offset_s;
    if (w->refuses == SIM_REFUSES_FREQUENCY)
        return action->kind == SG_ACTION_STEP ? 0 : -EINVAL;
    if (action->leap_s != w->leap_s) {
        w->leap_s = action->leap_s;
        w->leap_wall_s = sim_kernel_leap_s(w->setup, w->leap_s, w->wall_s);
    }
    w->base_ppm = action->base_ppm;
    w->slew_ppm = action->slew_ppm;
    w->slew_left_s = action->duration_s;
    return 0;
}

static void
schedule_all(struct world *w)
{
    for (int i = 0; i < w->setup->n_sources; i++)
        if (!w->channels[i].is_out)
            schedule(w, i);
}

/* ---- alerts, as the daemon sees to them ---- */

static void
look_at_alerts(struct world *w)
{
    const struct sim_observer *observer = w->observer;
    struct sg_reading now = reading(w);
    double random = sim_uniform(&w->alert_random);

    if (!w->alerts)
        return;
    w->counts.alert_looks++;
    sg_engine_status(w->engine, &now, &w->status);
    sg_alerts_look(w->alerts, &w->status, now.raw, random,
                   w->alert_random.state, &w->told);
    w->alert_s = w->t_s + w->told.look_s;
    for (int i = 0; observer->alerted && i < w->told.n; i++)
        observer->alerted(observer->arg, w->t_s, &w->told.alerts[i]);
    if (!w->told.wants_evidence)
        return;
    sg_engine_burst(w->engine);
    schedule_all(w);
}

static void
note_events(struct world *w, const struct sg_decision *decision)
{
    for (int i = 0; w->alerts && i < decision->n_events; i++)
        sg_alerts_note(w->alerts, &decision->events[i], reading(w).raw);
}

/* What an earlier run of the daemon kept; NULL: there was none. */
static void
start_alerts(struct world *w, const struct sg_buf *kept)
{
    struct sg_reading now = reading(w);
    struct sg_err err;

    if (!w->setup->has_alerts)
        return;
    w->alerts = sg_alerts_new(&w->setup->alerts, now.raw);
    if (!w->alerts || (kept && sg_alerts_decode(w->alerts, kept->text,
                                                kept->len, &now, &err) < 0))
        abort();
}

/* Carry out a decision, as the daemon does. */
static void
act(struct world *w, const struct sg_decision *decision)
{
    const struct sg_action *action = &decision->action;
    struct sg_decision after = {.publish = false};
    struct sg_reading now;
    int code;

    w->counts.decisions++;
    w->tick_s = w->t_s + decision->tick_s;
    show(w, decision, 0);
    if (action->kind != SG_ACTION_NONE) {
        code = drive(w, action);
        now = reading(w);
        sg_engine_done(w->engine, action, code, code ? strerror(-code) : NULL,
                       &now, &after);
        show(w, &after,
             !code && action->kind == SG_ACTION_STEP ? action->offset_s : 0);
    }
    if (decision->reschedule)
        schedule_all(w);
    note_events(w, decision);
    note_events(w, &after);
    if (decision->publish || after.publish)
        look_at_alerts(w);
}

static void
ask(struct world *w, int i)
{
    struct sim_source *s = &w->sources[i];
    struct channel *c = &w->channels[i];
    double there_s = s->delay_s * s->skew_frac +
                     sim_wait_s(&w->random, &s->queues, false, w->t_s);
    double back_s = s->delay_s * (1 - s->skew_frac) +
                    sim_wait_s(&w->random, &s->queues, true, w->t_s);

    w->counts.packets++;
    show_question(w, i);
    c->is_out = true;
    c->sent = reading(w).raw;
    c->sent_s = w->t_s;
    c->arrived_s = w->t_s + there_s;
    c->due_s = c->arrived_s + SERVER_S + back_s;
    c->is_lost = s->silent || sim_uniform(&w->random) < s->loss_frac ||
                 sim_uniform(&w->random) < s->loss_frac ||
                 c->due_s - w->t_s > TIMEOUT_S;
    c->cookie = (uint64_t)(sim_uniform(&w->random) * 9e18) + 1;
    if (c->is_lost)
        c->due_s = w->t_s + TIMEOUT_S;
}

static void
put32(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void
put_stamp(const struct world *w, uint8_t *at, double clock_s)
{
    double whole = floor(clock_s + SIM_ODD_S);

    put32(at, (uint64_t)((int64_t)whole + sim_epoch_s(w->setup) + NTP_1970));
    put32(at + 4, (uint64_t)((clock_s + SIM_ODD_S - whole) * 4294967296.0));
}

static void
ntp_reply(struct world *w, int i, struct sg_outcome *ret)
{
    const struct sim_source *s = &w->sources[i];
    const struct channel *c = &w->channels[i];
    uint8_t packet[SG_NTP_HEADER_LEN] = {0x24, 2, 6, 0xe9};
    enum sg_leap leap = sim_announced(w->setup, s, c->arrived_s, &w->random);
    struct sg_ntp_round round = {
        .cookie = c->cookie,
        .sent = c->sent,
        .received = reading(w).raw,
        .pivot = {sim_epoch_s(w->setup) * 1000000000},
    };

    packet[0] |= (uint8_t)(leap << 6);
    put32(packet + 8, (uint64_t)(s->root_s * 65536));
    put32(packet + 24, c->cookie >> 32);
    put32(packet + 28, c->cookie & 0xffffffff);
    put_stamp(w, packet + 32, sim_server_s(w->setup, s, c->arrived_s));
    put_stamp(w, packet + 40,
              sim_server_s(w->setup, s, c->arrived_s + SERVER_S));
    sim_distort(&w->random, s->fickle, packet);
    sg_ntp_judge(&round, packet, sizeof packet, ret);
}

/*
 * A KDC's clock as its answers show it.  A stale one (MIT 1.16 to 1.21)
 * repeats in each second the first time that anybody asked for.
 */
static void
kdc_reply(struct world *w, int i, struct sg_outcome *ret)
{
    const struct sim_source *s = &w->sources[i];
    const struct channel *c = &w->channels[i];
    double now_s = sim_server_s(w->setup, s, c->arrived_s) + SIM_ODD_S,
           shown_s = now_s;
    struct sg_raw received = reading(w).raw;

    if (s->stale && s->load > 0)
        shown_s = fmin(now_s,
                       floor(now_s) + sim_exponential(&w->random, 1 / s->load));
    memset(ret, 0, sizeof *ret);
    ret->code = SG_OUTCOME_OK;
    ret->sample.at = received;
    ret->sample.delay_s = sg_raw_diff(received, c->sent);
    ret->sample.lower.ns = sim_epoch_s(w->setup) * 1000000000 +
                           sg_span_to_ns(floor(shown_s * 1e6) * 1e-6);
    ret->sample.upper.ns =
        sim_epoch_s(w->setup) * 1000000000 +
        sg_span_to_ns(floor(shown_s) + 1 + ret->sample.delay_s);
}

static void
answer(struct world *w, int i)
{
    struct channel *c = &w->channels[i];
    struct sg_reading now = reading(w);
    struct sg_decision decision;
    struct sg_outcome outcome = {.code = SG_OUTCOME_NO_REPLY};

    c->is_out = false;
    if (c->is_lost)
        snprintf(outcome.text, sizeof outcome.text, "no reply in 1.0 s");
    else if (w->sources[i].about.kind == SG_KIND_NTP)
        ntp_reply(w, i, &outcome);
    else
        kdc_reply(w, i, &outcome);
    sg_engine_set_address(w->engine, i, w->sources[i].host, 0, false);
    sg_engine_outcome(w->engine, i, &outcome, &now, &decision);
    schedule(w, i);
    act(w, &decision);
}

static void
suspend(struct world *w, double span_s)
{
    struct sg_decision decision;
    struct sg_reading now;

    /* the raw clock stands still; the wall clock comes back from the RTC */
    w->t_s += span_s;
    w->wall_s += span_s;
    now = reading(w);
    sg_engine_resumed(w->engine, &now, span_s, &decision);
    for (int i = 0; i < w->setup->n_sources; i++)
        w->channels[i] = (struct channel){.due_s = w->t_s};
    act(w, &decision);
}

static void
add_source(struct world *w, const struct sim_source *source)
{
    struct sg_engine_source about = source->about;

    snprintf(about.host, sizeof about.host, "%s", source->host);
    sg_engine_add_source(w->engine, &about);
}

static void
start_engine(struct world *w, const struct sg_engine_config *config)
{
    const struct sim_setup *setup = w->setup;

    w->engine = sg_engine_new(config);
    if (!w->engine)
        abort();
    if (setup->realm[0])
        sg_engine_add_realm(w->engine, setup->realm, setup->clockskew_s, false);
    for (int i = 0; i < setup->n_sources; i++) {
        w->channels[i].is_out = false;
        add_source(w, &setup->sources[i]);
        schedule(w, i);
    }
    w->tick_s = w->t_s + 64;
}

/* The daemon ends, and another one begins with what is kept on disk. */
static void
restart(struct world *w, double span_s)
{
    struct sg_engine_config config = w->setup->engine;
    struct sg_reading now = reading(w);
    struct sg_buf kept = SG_BUF_INIT;

    if (w->alerts)
        sg_alerts_encode(w->alerts, &now, &kept);
    sg_engine_frequency(w->engine, &config.frequency_ppm,
                        &config.frequency_sd_ppm);
    config.frequency_ppm = w->base_ppm;
    sg_alerts_free(w->alerts);
    sg_engine_free(w->engine);
    pass_time(w, w->t_s + span_s);
    start_engine(w, &config);
    start_alerts(w, &kept);
    look_at_alerts(w);
    sg_buf_free(&kept);
}

static void
meet_rival(struct world *w)
{
    struct sg_decision decision = {
        .n_events = 1,
        .events = {{SG_EVENT_RIVAL, 0, "clock: chronyd steers it, too"}}};

    note_events(w, &decision);
    look_at_alerts(w);
}

/* What happens to a source names one.
 * NOLINTBEGIN(clang-analyzer-core.NullDereference) */

/* From then on a server's clock runs at another rate; it does not wait for us
 * to wake up. */
static void
run_on(struct sim_source *s, double t_s, double rate_ppm)
{
    s->offset_s += t_s * (s->rate_ppm - rate_ppm) * 1e-6;
    s->rate_ppm = rate_ppm;
}

/* The kernel says that the wall clock was moved. */
static void
notice(struct world *w)
{
    struct sg_reading now = reading(w);
    struct sg_decision decision;

    if (!w->setup->notice)
        return;
    sg_engine_noticed(w->engine, &now, &decision);
    act(w, &decision);
}

static void
make_leap(struct world *w)
{
    w->wall_s -= w->leap_s;
    w->leap_wall_s = NEVER;
    notice(w);
}

static void
happen(struct world *w, const struct sim_happening *h)
{
    struct sim_source *s = h->source >= 0 ? &w->sources[h->source] : NULL;

    switch (h->verb) {
    case SIM_OFFSET:
        s->offset_s += h->value;
        break;
    case SIM_JITTER:
        s->queues.jitter_s = h->value;
        break;
    case SIM_DRIFT:
        run_on(s, h->at_s, h->value);
        break;
    case SIM_FREEZE:
        run_on(s, h->at_s, -1e6);
        break;
    case SIM_LATE:
        s->queues.late_s = h->value;
        break;
    case SIM_WOBBLE:
        sim_wobble_init(&s->wobble, h->value, h->more, w->seed, s->host);
        break;
    case SIM_REFUSE:
        w->refuses = (enum sim_refusal)h->value;
        break;
    case SIM_SILENT:
        s->silent = true;
        break;
    case SIM_BACK:
        s->silent = false;
        break;
    case SIM_RATE:
        w->drift_ppm += h->value;
        break;
    case SIM_SUSPEND:
        suspend(w, h->value);
        break;
    case SIM_STEP:
        w->wall_s += h->value;
        notice(w);
        break;
    case SIM_RESTART:
        restart(w, h->value);
        break;
    case SIM_RIVAL:
        meet_rival(w);
        break;
    }
}
/* NOLINTEND(clang-analyzer-core.NullDereference) */

void
sim_setup_init(struct sim_setup *ret)
{
    *ret = (struct sim_setup){.notice = true};
    ret->engine = (struct sg_engine_config){
        .mode = SG_MODE_DISCIPLINE,
        .budget = {0.2, 0.6},
        .poll = {64, 64},
        .guard = sg_guard_defaults,
        .rates = {500, 83333, 10}, /* as the kernel's clock */
        .frequency_sd_ppm = 100,
        .floor = {1767000000LL * 1000000000},
    };
    ret->alerts =
        (struct sg_alerts_config){SG_REMIND_DIMINISHING, 300, 600, false};
}

static void
set_up(struct world *w)
{
    const struct sim_setup *setup = w->setup;

    w->drift_ppm = setup->drift_ppm;
    w->wall_s = -setup->clock_offset_s;
    memcpy(w->sources, setup->sources, sizeof w->sources);
    w->base_ppm = setup->engine.frequency_ppm;
    start_engine(w, &setup->engine);
    start_alerts(w, NULL);
    w->alert_random.state = w->seed ^ 0x616c657274;
    w->alert_s = w->alerts ? 0 : NEVER;
    w->leap_wall_s = NEVER;
    sg_status_init(&w->status);
}

/* The next thing to happen in the world: its time and a channel, or -1. */
static double
next_due(const struct world *w, int *ret)
{
    double due_s = w->tick_s;

    *ret = -1;
    for (int i = 0; i < w->setup->n_sources; i++)
        if (w->channels[i].due_s < due_s) {
            due_s = w->channels[i].due_s;
            *ret = i;
        }
    return due_s;
}

static void
tick(struct world *w)
{
    struct sg_reading now = reading(w);
    struct sg_decision decision;

    w->counts.ticks++;
    sg_engine_tick(w->engine, &now, &decision);
    act(w, &decision);
}

void
sim_run(const struct sim_setup *setup, uint64_t seed,
        const struct sim_observer *observer, struct sim_counts *ret)
{
    struct world w = {
        .setup = setup, .seed = seed, .random = {seed}, .observer = observer};
    int next = 0, channel;
    double second_s = observer->look ? 1 : NEVER;

    set_up(&w);
    while (w.t_s < setup->run_s) {
        double due_s = next_due(&w, &channel);
        double event_s =
            next < setup->n_happenings ? setup->happenings[next].at_s : NEVER;
        double leap_s = w.t_s + fmax(w.leap_wall_s - w.wall_s, 0);
        double until_s =
            fmin(fmin(fmin(due_s, event_s), w.alert_s), fmin(second_s, leap_s));

        pass_time(&w, until_s);
        if (second_s <= until_s) {
            second_s = floor(w.t_s) + 1;
            look(&w, NULL, 0);
        } else if (leap_s <= until_s)
            make_leap(&w);
        else if (event_s <= until_s)
            happen(&w, &setup->happenings[next++]);
        else if (w.alert_s <= until_s)
            look_at_alerts(&w);
        else if (channel < 0)
            tick(&w);
        else if (w.channels[channel].is_out)
            answer(&w, channel);
        else
            ask(&w, channel);
    }
    sg_alerts_free(w.alerts);
    sg_engine_free(w.engine);
    *ret = w.counts;
}

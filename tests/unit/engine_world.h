/*
 * An engine and the little that surrounds it: a true time, a wall clock that
 * is off by something, sources that answer when told to.  Time passes only
 * when a test says so, and every event is kept.
 */
#ifndef SG_TESTS_UNIT_ENGINE_WORLD_H
#define SG_TESTS_UNIT_ENGINE_WORLD_H

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/engine.h"

#define EPOCH_NS INT64_C(1790000000000000000)

struct engine_world {
    struct sg_engine *engine;
    double now_s;                /* raw clock, and true time since the epoch */
    double behind_s;             /* true - wall */
    bool refuses;                /* the driver does */
    enum sg_leap leap;           /* what answers announce */
    struct sg_decision decision; /* the last one */
    struct sg_status status;
    char events[20000]; /* all so far, a line each */
};

static inline struct sg_engine_config
world_config(enum sg_mode mode)
{
    return (struct sg_engine_config){
        .mode = mode,
        .budget = {.warn_frac = 0.2, .critical_frac = 0.6},
        .poll = {.max_poll_s = 64, .kdc_poll_s = 64},
        .guard = sg_guard_defaults,
        .rates = {.max_ppm = 500},
        .frequency_sd_ppm = 100,
    };
}

static inline void
world_begin(struct engine_world *w, enum sg_mode mode)
{
    struct sg_engine_config config = world_config(mode);

    memset(w, 0, sizeof *w);
    w->now_s = 1000;
    w->engine = sg_engine_new(&config);
    assert_non_null(w->engine);
}

static inline void
world_end(struct engine_world *w)
{
    sg_engine_free(w->engine);
}

static inline int
world_add(struct engine_world *w, const char *name, enum sg_kind kind,
          int realm)
{
    struct sg_engine_source about = {.kind = kind, .realm = realm};

    snprintf(about.name, sizeof about.name, "%s", name);
    return sg_engine_add_source(w->engine, &about);
}

static inline struct sg_reading
world_reading(const struct engine_world *w)
{
    return (struct sg_reading){
        {sg_span_to_ns(w->now_s)},
        sg_wall_add((struct sg_wall){EPOCH_NS}, w->now_s - w->behind_s),
        1e-7};
}

static inline void
world_note(struct engine_world *w, const struct sg_decision *d)
{
    for (int i = 0; i < d->n_events; i++) {
        size_t len = strlen(w->events);

        snprintf(w->events + len, sizeof w->events - len, "%s\n",
                 d->events[i].text);
    }
}

/* Events first, then what is to be done, as the daemon does it. */
static inline void
world_act(struct engine_world *w)
{
    const struct sg_action *action = &w->decision.action;
    struct sg_decision then;
    struct sg_reading now;
    int code = w->refuses ? -EPERM : 0;

    world_note(w, &w->decision);
    if (action->kind == SG_ACTION_NONE)
        return;
    if (action->kind == SG_ACTION_STEP && code == 0)
        w->behind_s -= action->offset_s;
    now = world_reading(w);
    sg_engine_done(w->engine, action, code, "Operation not permitted", &now,
                   &then);
    world_note(w, &then);
}

/* This source answers: its clock is offset_s from true time. */
static inline void
world_answer(struct engine_world *w, int source, double offset_s)
{
    struct sg_outcome outcome = {.code = SG_OUTCOME_OK};
    struct sg_sample *s = &outcome.sample;
    struct sg_reading now = world_reading(w);

    s->at = now.raw;
    s->guess = sg_wall_add((struct sg_wall){EPOCH_NS}, w->now_s + offset_s);
    s->lower = sg_wall_add(s->guess, -1e-4);
    s->upper = sg_wall_add(s->guess, 1e-4);
    s->has_guess = true;
    s->delay_s = 2e-4;
    s->stratum = 2;
    s->leap = w->leap;
    sg_engine_outcome(w->engine, source, &outcome, &now, &w->decision);
    world_act(w);
}

static inline void
world_fail(struct engine_world *w, int source, enum sg_outcome_code code,
           const char *text)
{
    struct sg_outcome outcome = {.code = code};
    struct sg_reading now = world_reading(w);

    snprintf(outcome.text, sizeof outcome.text, "%s", text);
    sg_engine_outcome(w->engine, source, &outcome, &now, &w->decision);
    world_act(w);
}

static inline void
world_tick(struct engine_world *w)
{
    struct sg_reading now = world_reading(w);

    sg_engine_tick(w->engine, &now, &w->decision);
    world_act(w);
}

/* Somebody else steps the wall clock; noticed: the kernel says so. */
static inline void
world_step(struct engine_world *w, double step_s, bool noticed)
{
    struct sg_reading now;

    w->behind_s -= step_s;
    if (!noticed)
        return;
    now = world_reading(w);
    sg_engine_noticed(w->engine, &now, &w->decision);
    world_act(w);
}

static inline void
world_suspend(struct engine_world *w, double slept_s)
{
    struct sg_reading now = world_reading(w);

    sg_engine_resumed(w->engine, &now, slept_s, &w->decision);
    world_act(w);
}

/* Rounds of answers of sources 0 .. n - 1, all with the right time. */
static inline void
world_rounds(struct engine_world *w, int n, int rounds, double apart_s)
{
    for (int i = 0; i < rounds; i++) {
        for (int j = 0; j < n; j++)
            world_answer(w, j, 0);
        w->now_s += apart_s;
    }
}

static inline const struct sg_status *
world_status(struct engine_world *w)
{
    struct sg_reading now = world_reading(w);

    sg_status_init(&w->status);
    sg_engine_status(w->engine, &now, &w->status);
    return &w->status;
}

/* All events since the last call, then none. */
static inline void
assert_events(struct engine_world *w, const char *expected)
{
    assert_string_equal(w->events, expected);
    w->events[0] = '\0';
}

#endif

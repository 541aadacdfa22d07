#include "core/engine.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine_private.h"

/* Old age is noticed and published at least this often: rarely enough that a
 * single source's answers every 64 s leave nothing to tick for. */
#define TICK_S 80.0

/* A jump smaller than this is left to the ordinary correction. */
#define FOREIGN_NOTICED_S 0.001
/* Without the kernel's notice, beside somebody who may slew at 10 %. */
#define FOREIGN_UNNOTICED_S 0.5
#define FOREIGN_UNNOTICED_PPM 1e5

/*
 * A look at everything costs as much as there are sources.  Where there are
 * more than so many, answers that bring no news share a look, so that a
 * hundred sources cost a hundred times one and not a hundred times that.
 */
#define CROWD 8
#define CROWD_POLL_S 64.0

struct sg_engine *
sg_engine_new(const struct sg_engine_config *config)
{
    struct sg_engine *engine = calloc(1, sizeof *engine);

    if (!engine)
        return NULL;
    engine->config = *config;
    sg_discipline_init(&engine->discipline, config->frequency_ppm,
                       &config->rates, &config->guard);
    sg_local_init(&engine->local, config->frequency_ppm);
    engine->frequency_sd_ppm = config->frequency_sd_ppm;
    snprintf(engine->decision, sizeof engine->decision,
             "hold: nothing measured yet");
    return engine;
}

void
sg_engine_free(struct sg_engine *engine)
{
    if (!engine)
        return;
    for (int i = 0; i < engine->n_sources; i++) {
        sg_filter_free(engine->sources[i]->filter);
        free(engine->sources[i]);
    }
    free(engine);
}

int
sg_engine_add_realm(struct sg_engine *engine, const char *name,
                    double clockskew_s, bool limit_overrides)
{
    struct realm *realm;

    if (engine->n_realms == SG_MAX_REALMS)
        return -1;
    realm = &engine->realms[engine->n_realms];
    snprintf(realm->name, sizeof realm->name, "%s", name);
    realm->clockskew_s = clockskew_s;
    realm->limit_overrides = limit_overrides;
    realm->state = SG_STATE_UNKNOWN;
    realm->worst = -1;
    realm->time_to_limit_s = -1;
    snprintf(realm->reason, sizeof realm->reason, "nothing measured yet");
    return engine->n_realms++;
}

void
sg_engine_event(struct sg_decision *decision, enum sg_event_kind kind,
                enum sg_state state, const char *format, ...)
{
    struct sg_event *event;
    va_list args;

    decision->publish = true;
    if (decision->n_events == SG_MAX_EVENTS)
        return;
    event = &decision->events[decision->n_events++];
    event->kind = kind;
    event->state = state;
    va_start(args, format);
    vsnprintf(event->text, sizeof event->text, format, args);
    va_end(args);
}

struct sg_drift
sg_engine_drift(const struct sg_engine *engine, double *ret_sd_ppm)
{
    /* quartz, and the calibration of a virtual machine's counter */
    struct sg_drift drift = {sg_local_rate_ppm(&engine->local), 200};

    *ret_sd_ppm = engine->frequency_sd_ppm;
    if (engine->rate_learned) {
        drift.rate_ppm = engine->reference_ppm;
        drift.bound_ppm = 15; /* PHI of RFC 5905 */
    }
    return drift;
}

static void
begin(struct sg_engine *engine, const struct sg_reading *reading,
      struct sg_decision *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->tick_s = TICK_S;
    if (engine->started)
        return;
    engine->started = true;
    engine->start = reading->raw;
    engine->settling = reading->raw;
}

/* Somebody else stepped the clock by jump_s. */
static void
foreign_step(struct sg_engine *engine, const struct sg_reading *reading,
             double jump_s, struct sg_decision *ret)
{
    engine->foreign_steps++;
    engine->last_foreign_s = jump_s;
    engine->last_foreign_at = reading->raw;
    if (engine->config.mode == SG_MODE_DISCIPLINE)
        engine->undo_s -= jump_s;
    sg_engine_event(ret, SG_EVENT_FOREIGN, 0,
                    "clock: somebody else stepped it by %+.6f s%s", jump_s,
                    engine->config.mode == SG_MODE_DISCIPLINE
                        ? ""
                        : "; guard mode leaves it there");
    sg_engine_ask_all(engine, 2);
    ret->reschedule = true;
}

/* Compare the wall clock with what it should read.  True: it was stepped. */
static bool
look_at_clock(struct sg_engine *engine, const struct sg_reading *reading,
              bool noticed, struct sg_decision *ret)
{
    double span_s = engine->local.known
                        ? sg_raw_diff(reading->raw, engine->local.last.raw)
                        : 0;
    double slack_s, jump_s, least_s;

    jump_s = sg_local_update(&engine->local, reading, &slack_s);
    if (sg_engine_pass_leap(engine, reading, span_s, jump_s, ret))
        return false;
    if (noticed)
        least_s = slack_s + FOREIGN_NOTICED_S;
    else if (engine->config.mode == SG_MODE_DISCIPLINE)
        least_s = slack_s + FOREIGN_NOTICED_S * 10;
    else
        least_s = FOREIGN_UNNOTICED_S + span_s * FOREIGN_UNNOTICED_PPM * 1e-6;
    if (fabs(jump_s) <= least_s)
        return false;
    foreign_step(engine, reading, jump_s, ret);
    return true;
}

/* May this answer, which brought no news, wait for the next look?  That is
 * due CROWD times while everybody is asked once. */
static bool
may_wait(const struct sg_engine *engine, const struct source *source,
         struct sg_raw now)
{
    if (engine->n_sources <= CROWD || source->about.kind != SG_KIND_NTP ||
        !sg_tally_is_believed(source->tally))
        return false;
    if (engine->config.mode == SG_MODE_DISCIPLINE &&
        (engine->discipline.starting || engine->undo_s != 0))
        return false;
    return sg_raw_diff(now, engine->looked) <
           fmin(source->poll.interval_s, CROWD_POLL_S) / CROWD;
}

static void
look_at_all(struct sg_engine *engine, const struct sg_reading *reading,
            bool fresh, struct sg_decision *ret)
{
    fresh = fresh || engine->is_somebody_waiting;
    engine->is_somebody_waiting = false;
    engine->looked = reading->raw;
    sg_engine_evaluate(engine, reading, fresh, ret);
}

void
sg_engine_outcome(struct sg_engine *engine, int source,
                  const struct sg_outcome *outcome,
                  const struct sg_reading *reading, struct sg_decision *ret)
{
    struct source *s = engine->sources[source];
    bool stepped;

    begin(engine, reading, ret);
    stepped = look_at_clock(engine, reading, false, ret);
    s->asked++;
    s->is_wanted = s->is_hurried = s->is_planned = s->is_burst_due = false;
    s->is_key_new = false;
    if (s->last.code != outcome->code)
        ret->publish = true;
    s->last = *outcome;
    sg_poll_outcome(&s->poll, outcome->code);
    if (outcome->code == SG_OUTCOME_OK)
        sg_engine_note_answer(engine, source, outcome, ret);
    else
        sg_engine_note_failure(engine, source, reading->raw);
    sg_engine_note_key(engine, source, ret);
    if (!stepped && !ret->publish && !s->is_wanted &&
        outcome->code == SG_OUTCOME_OK && may_wait(engine, s, reading->raw)) {
        engine->is_somebody_waiting = true;
        return;
    }
    look_at_all(engine, reading, stepped || outcome->code == SG_OUTCOME_OK,
                ret);
}

void
sg_engine_tick(struct sg_engine *engine, const struct sg_reading *reading,
               struct sg_decision *ret)
{
    bool stepped;

    begin(engine, reading, ret);
    stepped = look_at_clock(engine, reading, false, ret);
    look_at_all(engine, reading, stepped, ret);
    ret->publish = true;
}

void
sg_engine_noticed(struct sg_engine *engine, const struct sg_reading *reading,
                  struct sg_decision *ret)
{
    bool stepped;

    begin(engine, reading, ret);
    stepped = look_at_clock(engine, reading, true, ret);
    sg_engine_evaluate(engine, reading, stepped, ret);
}

void
sg_engine_resumed(struct sg_engine *engine, const struct sg_reading *reading,
                  double slept_s, struct sg_decision *ret)
{
    begin(engine, reading, ret);
    sg_engine_event(ret, SG_EVENT_RESUME, 0,
                    "clock: the host slept for %.1f s, measuring again",
                    slept_s);
    for (int i = 0; i < engine->n_sources; i++) {
        struct source *source = engine->sources[i];

        /* the raw clock stood still, so lines through the gap bend */
        sg_filter_reset(source->filter);
        source->estimate.model.valid = false;
        source->spikes = 0;
        source->reach = 0;
        source->n_turns = source->plans = 0;
        source->is_planned = false;
        sg_poll_init(&source->poll, source->about.kind, source->about.is_try);
        if (source->about.kind != SG_KIND_NTP)
            source->poll.burst = SG_KDC_BURST;
    }
    engine->start = reading->raw;
    engine->settling = reading->raw;
    engine->ready = false;
    engine->undo_s = 0;
    engine->model.valid = false;
    if (sg_leap_is_expected(&engine->leap))
        engine->leap.leap = SG_LEAP_NONE;
    sg_discipline_restart(&engine->discipline);
    sg_local_moved(&engine->local, reading);
    for (int i = 0; i < engine->n_realms; i++) {
        engine->realms[i].clock.valid = false;
        engine->realms[i].measured = false;
    }
    ret->reschedule = true;
    sg_engine_evaluate(engine, reading, false, ret);
}

static void
step_done(struct sg_engine *engine, const struct sg_action *action,
          const struct sg_reading *reading, struct sg_decision *ret)
{
    struct sg_situation situation = {
        .now = reading->raw,
        .consensus = &engine->consensus,
        .undo_s = engine->undo_s,
    };

    sg_discipline_stepped(&engine->discipline, &situation, action->offset_s);
    engine->undo_s = 0;
    engine->steps++;
    engine->last_step_s = action->offset_s;
    engine->last_step_at = reading->raw;
    sg_engine_event(ret, SG_EVENT_STEP, 0, "clock: %s", engine->decision);
}

void
sg_engine_done(struct sg_engine *engine, const struct sg_action *action,
               int code, const char *why, const struct sg_reading *reading,
               struct sg_decision *ret)
{
    begin(engine, reading, ret);
    if (code < 0) {
        /* it will be tried again with each sample, and said once */
        if (!engine->driver_refuses)
            sg_engine_event(ret, SG_EVENT_REFUSED, 0, "clock: refused: %s",
                            why);
        engine->driver_refuses = true;
        engine->synced = false;
        snprintf(engine->decision, sizeof engine->decision, "refused: %s", why);
        sg_local_moved(&engine->local, reading);
        sg_engine_judge_realms(engine, reading, ret);
        return;
    }
    engine->driver_refuses = false;
    engine->leap_told_s = action->leap_s;
    sg_local_course(&engine->local, reading, action->base_ppm, action->slew_ppm,
                    action->duration_s);
    if (action->kind == SG_ACTION_STEP) {
        step_done(engine, action, reading, ret);
        sg_engine_evaluate(engine, reading, false, ret);
    }
}

bool
sg_engine_frequency(const struct sg_engine *engine, double *ret_ppm,
                    double *ret_sd_ppm)
{
    if (!engine->rate_learned)
        return false;
    *ret_ppm = engine->discipline.base_ppm;
    *ret_sd_ppm = engine->frequency_sd_ppm;
    return true;
}

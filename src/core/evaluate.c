/*
 * From samples to decision: one pass over everything known.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/engine_private.h"

/* A first correction waits for this many samples of each of two hosts ... */
#define READY_SAMPLES 3
/* ... or of a lone one, and for its silent siblings no longer than this. */
#define READY_LONE_SAMPLES 4
#define READY_LONE_S 3.0
/* KDCs alone: their intervals have become narrow. */
#define READY_WIDTH_S 0.25
#define READY_TICK_S 1.0

/* For so long a source whose samples surprised leaves the steering to others.
 */
#define SHAKEN_S 900.0

/* What is less is slewed. */
#define UNDO_LEAST_S 0.005

/* When a rate learned in this run is trusted, and how far at best. */
#define RATE_KNOWN_PPM 5.0
#define RATE_KNOWN_AFTER_S 180.0
#define RATE_LEAST_PPM 1.0
/* What is learned may move by so much: an oscillator in a room changes by less.
 */
#define RATE_MOVES_PPM_S (15.0 / 3600)
/* So much of the way to the edge of what is possible is too far. */
#define RATE_EDGE_FRAC 0.99

/* Every source at this instant, moved on from its last sample: a fit is made
 * once per sample, so that many sources stay cheap. */
static void
bring_to_now(struct sg_engine *engine, const struct sg_reading *reading)
{
    for (int i = 0; i < engine->n_sources; i++) {
        const struct source *s = engine->sources[i];
        struct sg_candidate *c = &engine->candidates[i];

        memset(c, 0, sizeof *c);
        c->kind = s->about.kind;
        c->realm = s->about.realm;
        c->host = s->host;
        c->port = s->about.port;
        c->tally = SG_TALLY_UNUSABLE;
        /* what was proven stays so, with all its growing doubt */
        c->usable = (s->reach != 0 || s->about.kind == SG_KIND_KEYTAB) &&
                    s->estimate.model.valid && s->spikes < SG_SPIKES_MAX;
        if (!c->usable)
            continue;
        c->estimate = s->estimate;
        c->estimate.model = sg_model_at(&s->estimate.model, reading->raw);
        sg_model_skew(&c->estimate.model, reading->raw, reading->wall,
                      &c->skew);
        c->root_s = sg_filter_newest(s->filter)->root_s;
        c->is_shaken =
            s->was_shaken && sg_raw_diff(reading->raw, s->shaken) < SHAKEN_S;
    }
    sg_engine_mark_unproven(engine);
}

/* A word that does not count because of the host's key. */
static void
say_unproven(const struct sg_engine *engine, int index, char *ret, size_t size)
{
    const struct sg_candidate *c = &engine->candidates[index];
    int own = sg_engine_find_sibling(engine, index, SG_KIND_KEYTAB);
    struct sg_selection proof;

    if (c->is_unproven)
        snprintf(ret, size,
                 "%+.3f s, but not authenticated though there is a key",
                 c->skew.offset_s);
    else if (own >= 0 && engine->candidates[own].usable)
        snprintf(ret, size,
                 "falseticker: %+.6f s, but authenticated is %+.6f to %+.6f s: "
                 "forged, or just set",
                 c->skew.offset_s, engine->candidates[own].skew.lower_s,
                 engine->candidates[own].skew.upper_s);
    else if (sg_combine_proof(engine->candidates, engine->n_sources,
                              c->realm == SG_GROUP_UTC ? 0 : c->realm, &proof))
        snprintf(ret, size,
                 "falseticker: %+.6f s, but a KDC's authenticated time is "
                 "%+.6f to %+.6f s",
                 c->skew.offset_s, proof.lo_s, proof.hi_s);
}

static void
say_tally(const struct sg_engine *engine, int index, char *ret, size_t size)
{
    const struct source *s = engine->sources[index];
    const struct sg_candidate *c = &engine->candidates[index];
    const struct sg_consensus *all = &engine->consensus;

    if (c->usable && (c->is_unproven || c->is_outranked)) {
        say_unproven(engine, index, ret, size);
        return;
    }
    switch (c->tally) {
    case SG_TALLY_STEERS:
        snprintf(ret, size, "agrees; the clock follows it");
        break;
    case SG_TALLY_AGREES:
        snprintf(ret, size, "agrees; confirms");
        break;
    case SG_TALLY_ASIDE:
        snprintf(ret, size, "%s",
                 all->valid ? "not of the group that is followed"
                            : "no majority: the sources contradict each other");
        break;
    case SG_TALLY_FALSETICKER:
        if (sg_engine_say_smear(engine, index, ret, size))
            break;
        snprintf(ret, size,
                 "falseticker: %+.6f s (%+.6f to %+.6f), %d host%s on %+.6f to "
                 "%+.6f s",
                 c->skew.offset_s, c->skew.lower_s, c->skew.upper_s, all->hosts,
                 all->hosts == 1 ? "" : "s agree", all->lo_s, all->hi_s);
        break;
    default:
        if (s->asked == 0)
            snprintf(ret, size, "not asked yet");
        else if (s->last.code == SG_OUTCOME_OK && s->spikes > 0)
            snprintf(ret, size,
                     "its last %d answers contradict each other and all before",
                     s->spikes);
        else if (s->last.code == SG_OUTCOME_OK)
            snprintf(ret, size, "history forgotten, too few samples");
        else
            snprintf(ret, size, "%s", s->last.text);
    }
}

/* Take over tallies and reasons; a change of belief is an event. */
static void
note_tallies(struct sg_engine *engine, struct sg_raw now,
             struct sg_decision *ret)
{
    for (int i = 0; i < engine->n_sources; i++) {
        struct source *s = engine->sources[i];
        enum sg_tally before = s->tally, after = engine->candidates[i].tally;

        if (before == after && sg_tally_is_believed(after))
            continue; /* with the same words */
        say_tally(engine, i, s->reason, sizeof s->reason);
        s->tally = after;
        if (before == after)
            continue;
        ret->publish = true;
        if (engine->candidates[i].is_outranked)
            sg_engine_ask_for_proof(engine, i, now, ret);
        if (after == SG_TALLY_FALSETICKER ||
            (after == SG_TALLY_UNUSABLE && sg_tally_is_believed(before)))
            sg_engine_event(ret, SG_EVENT_SOURCE, 0, "source %s (%s): %s",
                            s->about.name, sg_kind_name(s->about.kind),
                            s->reason);
        else if (sg_tally_is_believed(after) && before == SG_TALLY_FALSETICKER)
            sg_engine_event(ret, SG_EVENT_SOURCE, 0,
                            "source %s (%s): agrees with the others again",
                            s->about.name, sg_kind_name(s->about.kind));
    }
}

/* Has everybody who is going to answer said enough for a first correction? */
static bool
is_ready(const struct sg_engine *engine, struct sg_raw now)
{
    bool seen[SG_MAX_SOURCES] = {false};
    double waited_s = sg_raw_diff(now, engine->start);
    int hosts = 0, most = 0;

    for (int i = 0; i < engine->n_sources; i++) {
        const struct sg_candidate *c = &engine->candidates[i];

        if (!sg_tally_is_believed(c->tally))
            continue;
        most = c->estimate.samples > most ? c->estimate.samples : most;
        if (c->estimate.samples < READY_SAMPLES || seen[c->host])
            continue;
        seen[c->host] = true;
        hosts++;
    }
    if (sg_engine_is_heard(engine))
        return true;
    if (waited_s >= READY_LONE_S)
        return most >= READY_LONE_SAMPLES || !engine->consensus.valid;
    return hosts >= 2 &&
           (engine->consensus.has_guess ||
            engine->consensus.hi_s - engine->consensus.lo_s < READY_WIDTH_S);
}

static double
steering_poll_s(const struct sg_engine *engine)
{
    double least_s = engine->config.poll.max_poll_s;

    for (int i = 0; i < engine->n_sources; i++)
        if (sg_tally_is_believed(engine->candidates[i].tally))
            least_s = fmin(least_s, engine->sources[i]->poll.interval_s);
    return least_s;
}

/*
 * A foreign step is taken back where that certainly leads nearer to the truth:
 * somebody may have put right what we could not.  Without sources that agree
 * the last consensus, moved on with all its doubt, must rule out the time that
 * the clock shows now.
 */
static double
proven_undo_s(const struct sg_engine *engine, const struct sg_reading *reading)
{
    double offset_s = engine->consensus.offset_s, undo_s = engine->undo_s;
    struct sg_skew skew;

    if (fabs(undo_s) < UNDO_LEAST_S)
        return 0;
    if (!engine->consensus.valid) {
        if (!sg_model_skew(&engine->model, reading->raw, reading->wall,
                           &skew) ||
            (skew.lower_s <= 0 && skew.upper_s >= 0))
            return 0;
        offset_s = skew.offset_s;
    }
    return fabs(offset_s - undo_s) < fabs(offset_s) ? undo_s : 0;
}

/* KDCs alone: will questions that are planned narrow what they leave open? */
static bool
is_sharpening(const struct sg_engine *engine)
{
    const struct sg_consensus *c = &engine->consensus;

    if (c->has_guess || c->hi_s - c->lo_s < READY_WIDTH_S)
        return false;
    for (int i = 0; i < engine->n_sources; i++)
        if (sg_tally_is_believed(engine->candidates[i].tally) &&
            engine->sources[i]->poll.burst > 0 &&
            engine->sources[i]->poll.failures == 0)
            return true;
    return false;
}

static void
decide(struct sg_engine *engine, const struct sg_reading *reading,
       struct sg_decision *ret)
{
    struct sg_situation situation = {
        .now = reading->raw,
        .consensus = &engine->consensus,
        .ready = engine->ready,
        .natural_known = engine->local.natural_known,
        .natural_ppm = engine->local.natural_ppm,
        .poll_s = steering_poll_s(engine),
        .undo_s = proven_undo_s(engine, reading),
        .before_floor = sg_wall_diff(engine->config.floor, reading->wall) > 0,
        .is_sharpening = is_sharpening(engine),
        .proof_due = sg_engine_is_proof_due(engine, reading->raw),
    };
    bool was_refused = engine->discipline.refused;

    sg_discipline_decide(&engine->discipline, &situation, &ret->action,
                         engine->decision, sizeof engine->decision);
    sg_engine_await_proof(engine, engine->discipline.wants_proof, reading->raw,
                          ret);
    if (ret->action.kind != SG_ACTION_NONE)
        ret->action.leap_s = sg_engine_leap_s(engine, reading);
    sg_engine_add_missed_leap(engine, reading);
    if (engine->discipline.refused && !was_refused)
        sg_engine_event(ret, SG_EVENT_REFUSED, 0, "clock: %s",
                        engine->decision);
    if (ret->action.kind == SG_ACTION_STEER)
        engine->undo_s = 0;
}

/* Filters keep their rates within what the oscillator may do; one at the edge
 * was beyond it, as where a lone path is noisy, and would move the edge. */
static bool
is_cut_off(const struct sg_engine *engine)
{
    double sd_ppm;
    struct sg_drift drift = sg_engine_drift(engine, &sd_ppm);

    return engine->rate_learned &&
           fabs(engine->consensus.rate_ppm - drift.rate_ppm) >
               RATE_EDGE_FRAC * drift.bound_ppm;
}

/* Once this run's own samples show the rate it may be relied upon. */
static void
note_frequency(struct sg_engine *engine, struct sg_raw now)
{
    double sd_ppm = engine->consensus.rate_sd_ppm, move_ppm;

    if (!engine->consensus.valid || sd_ppm < 0 || sd_ppm > RATE_KNOWN_PPM ||
        is_cut_off(engine) ||
        sg_raw_diff(now, engine->settling) < RATE_KNOWN_AFTER_S)
        return;
    move_ppm = engine->consensus.rate_ppm - engine->reference_ppm;
    if (engine->rate_learned) {
        double most_ppm =
            RATE_MOVES_PPM_S * sg_raw_diff(now, engine->reference_at);

        move_ppm = fmax(-most_ppm, fmin(move_ppm, most_ppm));
    }
    engine->rate_learned = true;
    engine->reference_ppm += move_ppm;
    engine->reference_at = now;
    engine->frequency_sd_ppm = fmax(sd_ppm, RATE_LEAST_PPM);
}

static void
note_sync(struct sg_engine *engine, struct sg_decision *ret)
{
    bool synced = engine->config.mode == SG_MODE_DISCIPLINE &&
                  engine->consensus.valid && !engine->discipline.starting &&
                  !engine->discipline.refused && !engine->driver_refuses &&
                  fabs(engine->consensus.offset_s) < 1;

    /* a step is about to change all of this */
    if (synced == engine->synced || ret->action.kind == SG_ACTION_STEP)
        return;
    engine->synced = synced;
    sg_engine_event(ret, SG_EVENT_SYNC, 0, "clock: %s",
                    synced ? "disciplined" : engine->decision);
}

static void
say_guarding(struct sg_engine *engine, const struct sg_reading *reading)
{
    const struct sg_consensus *c = &engine->consensus;

    if (c->valid)
        snprintf(engine->decision, sizeof engine->decision,
                 "guard mode: the clock is %.6f s %s (%d host%s) and left "
                 "alone",
                 fabs(c->offset_s), c->offset_s > 0 ? "behind" : "ahead",
                 c->hosts, c->hosts == 1 ? "" : "s");
    else
        snprintf(engine->decision, sizeof engine->decision,
                 "guard mode: no sources that agree, the clock is left alone");
    sg_engine_add_missed_leap(engine, reading);
}

static void
note_model(struct sg_engine *engine, const struct sg_reading *reading)
{
    const struct sg_consensus *c = &engine->consensus;
    double sd_ppm;
    struct sg_drift drift = sg_engine_drift(engine, &sd_ppm);

    if (!c->valid)
        return;
    engine->model = (struct sg_model){
        .valid = true,
        .at = reading->raw,
        .ref = sg_wall_add(reading->wall, c->offset_s),
        .lower_s = fmin(c->lo_s - c->offset_s, 0),
        .upper_s = fmax(c->hi_s - c->offset_s, 0),
        .error_s = c->error_s,
        .rate_ppm = c->rate_sd_ppm >= 0 ? c->rate_ppm : drift.rate_ppm,
        .growth_ppm =
            drift.bound_ppm +
            (c->rate_sd_ppm >= 0 ? fabs(c->rate_ppm - drift.rate_ppm) : 0),
        .wander_ppm = c->has_guess ? c->wander_ppm : drift.bound_ppm,
        .walk_ppm = c->walk_ppm,
    };
}

/* Is there reason to change the clock's course?  While clocks leap there is
 * none that can be trusted. */
static bool
is_due(const struct sg_engine *engine, const struct sg_reading *reading,
       bool fresh)
{
    if (sg_leap_is_under_way(&engine->leap, reading->raw))
        return false;
    return fresh || engine->discipline.starting || engine->awaits_proof ||
           !engine->consensus.valid ||
           sg_engine_leap_s(engine, reading) != engine->leap_told_s;
}

void
sg_engine_evaluate(struct sg_engine *engine, const struct sg_reading *reading,
                   bool fresh, struct sg_decision *ret)
{
    int follow =
        engine->config.follow_utc || engine->n_realms == 0 ? SG_GROUP_UTC : 0;

    bring_to_now(engine, reading);
    sg_engine_combine(engine, reading->raw, follow);
    sg_engine_see_newest(engine, reading);
    sg_engine_weigh_polls(engine, ret);
    note_model(engine, reading);
    sg_engine_weigh_leap(engine, reading, ret);
    engine->ready |= is_ready(engine, reading->raw);
    if (engine->config.mode != SG_MODE_DISCIPLINE)
        say_guarding(engine, reading);
    else if (is_due(engine, reading, fresh))
        decide(engine, reading, ret);
    /* a clock that is about to be put right is judged afterwards */
    if (ret->action.kind != SG_ACTION_STEP)
        sg_engine_judge_realms(engine, reading, ret);
    note_frequency(engine, reading->raw);
    note_sync(engine, ret);
    /* last: there may be many, and room for events is limited */
    note_tallies(engine, reading->raw, ret);
    sg_engine_note_auth(engine, ret);
    if ((!engine->ready && engine->consensus.valid &&
         engine->config.mode == SG_MODE_DISCIPLINE) ||
        sg_engine_is_waiting(engine))
        ret->tick_s = fmin(ret->tick_s, READY_TICK_S);
}

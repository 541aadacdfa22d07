#include "core/discipline.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * What is worth a step.  At start: more than a slew of 10 s can remove.
 * Later: nobody wants steps, but 0.1 s would be slewed for 200 s at 500 ppm.
 */
#define SLEW_AT_START_S 10.0
#define STEP_RUNNING_S 0.1

/* A lone host moves us by at most 1 s per hour, and one that contradicts us for
 * 15 minutes may have a step (design section 5, rule 3). */
#define LONE_PPM (1e6 / 3600)
#define LONE_PATIENCE_S 900.0
/* It says the same as before if its offset changed by no more than this and
 * by what our own going after it explains. */
#define CLAIM_SLACK_S 0.1

/*
 * An offset that may be noise is spread until the next answer: shorter only
 * adds frequency noise, and ending a slew earlier would wake us up once more.
 * One that is real is removed at once.
 */
#define SPREAD_MIN_S 0.5
#define SPREAD_REAL_S 2.0
#define SPREAD_MAX_S 64.0
/* The next answer may be late, by jitter and round trip. */
#define SPREAD_LATE 1.2

/* Without a new answer a slew ends after two polls: whoever asked for it may be
 * gone. */
#define SLEW_POLLS 2
#define SLEW_LEAST_S 64.0

/* Rates learned from less than this are noise. */
#define RATE_TRUST_PPM 10.0

void
sg_discipline_init(struct sg_discipline *discipline, double base_ppm,
                   const struct sg_rates *rates,
                   const struct sg_guard_limits *limits)
{
    memset(discipline, 0, sizeof *discipline);
    sg_guard_init(&discipline->guard, limits);
    discipline->rates = *rates;
    discipline->base_ppm = base_ppm;
    discipline->anchor_ppm = base_ppm;
    discipline->starting = true;
}

void
sg_discipline_restart(struct sg_discipline *discipline)
{
    discipline->starting = true;
    discipline->settling = false;
    discipline->contradicted = false;
}

/* Two hosts say so, or one that has proven who it is. */
static bool
is_strong(const struct sg_consensus *consensus)
{
    return consensus->hosts >= 2 || consensus->authenticated;
}

static double
clamp(double value, double limit)
{
    return fmin(fmax(value, -limit), limit);
}

static struct sg_guard_request
make_request(const struct sg_discipline *discipline,
             const struct sg_situation *situation, double offset_s)
{
    const struct sg_consensus *c = situation->consensus;
    struct sg_guard_request request = {
        .offset_s = offset_s,
        .starting = discipline->starting,
        .strong = is_strong(c),
        .undo_s = situation->undo_s,
        .before_floor = situation->before_floor,
    };

    return request;
}

/* Remember since when a lone host has been contradicting us in the same way. */
static void
note_contradiction(struct sg_discipline *discipline,
                   const struct sg_situation *situation, bool contradicts)
{
    double offset_s = situation->consensus->offset_s;
    double since_s = sg_raw_diff(situation->now, discipline->since);
    double slack_s = CLAIM_SLACK_S + since_s * LONE_PPM * 1e-6;

    if (contradicts && (!discipline->contradicted ||
                        fabs(offset_s - discipline->claim_s) > slack_s)) {
        discipline->since = situation->now;
        discipline->claim_s = offset_s;
    }
    discipline->contradicted = contradicts;
}

/* May evidence of this kind have a step at all, the guard aside? */
static bool
trust_allows(const struct sg_discipline *discipline,
             const struct sg_situation *situation,
             const struct sg_guard_request *request, char *why,
             unsigned why_size)
{
    const struct sg_consensus *c = situation->consensus;
    double patience_s = sg_raw_diff(situation->now, discipline->since);

    if (request->strong)
        return true;
    if (c->contradicted) {
        snprintf(why, why_size,
                 "%+.3f s wanted by a group that the other sources "
                 "contradict: no step",
                 request->offset_s);
        return false;
    }
    if ((discipline->starting && !c->disputed) || patience_s >= LONE_PATIENCE_S)
        return true;
    snprintf(why, why_size,
             "%+.3f s wanted by one host %s: at most 1 s per hour, a step "
             "after %.0f s of consistent answers (%.0f s so far)",
             request->offset_s, c->disputed ? "against another" : "alone",
             LONE_PATIENCE_S, patience_s);
    return false;
}

/* Until its first correction is done, what a lone host says is as good as two:
 * it might as well have had a step. */
static bool
is_first_correction(const struct sg_discipline *discipline,
                    const struct sg_situation *situation)
{
    return discipline->starting ||
           (discipline->settling &&
            sg_raw_diff(discipline->settled, situation->now) > 0);
}

static double
fastest_ppm(const struct sg_rates *rates)
{
    return rates->fast_s > 0 ? fmax(rates->max_ppm, rates->fast_ppm)
                             : rates->max_ppm;
}

/* How much faster or slower the evidence may make us for a while; beyond
 * max_ppm for fast_s at most. */
static double
slew_limit_ppm(const struct sg_discipline *discipline,
               const struct sg_situation *situation, double offset_s)
{
    const struct sg_rates *rates = &discipline->rates;
    double room_ppm = fastest_ppm(rates) - fabs(discipline->base_ppm);
    double led_ppm = discipline->base_ppm - discipline->anchor_ppm;

    if (is_strong(situation->consensus) ||
        (is_first_correction(discipline, situation) &&
         !situation->consensus->disputed))
        return room_ppm;
    /* what a lone host made of our frequency is part of what it may do */
    return fmin(room_ppm, LONE_PPM - copysign(led_ppm, offset_s * led_ppm));
}

/* Run at the learned frequency and remove offset_s in about spread_s. */
static void
slew(const struct sg_discipline *discipline,
     const struct sg_situation *situation, double offset_s, double spread_s,
     struct sg_action *ret)
{
    double limit_ppm = slew_limit_ppm(discipline, situation, offset_s);
    double longest_s = fmax(SLEW_POLLS * situation->poll_s, SLEW_LEAST_S);

    ret->kind = SG_ACTION_STEER;
    ret->base_ppm = discipline->base_ppm;
    ret->offset_s = offset_s;
    if (limit_ppm <= 0 || offset_s == 0)
        return;
    ret->slew_ppm = clamp(offset_s / spread_s * 1e6, limit_ppm);
    if (fabs(ret->slew_ppm + ret->base_ppm) > discipline->rates.max_ppm)
        longest_s = discipline->rates.fast_s;
    ret->duration_s = fmin(offset_s / ret->slew_ppm * 1e6, longest_s);
}

/* A small offset, see SPREAD_MIN_S. */
static void
slew_small(const struct sg_discipline *discipline,
           const struct sg_situation *situation, double offset_s,
           struct sg_action *ret)
{
    const struct sg_consensus *c = situation->consensus;
    double next_s = situation->poll_s / fmax(c->sources_steering, 1);

    next_s = fmin(fmax(next_s, SPREAD_MIN_S), SPREAD_MAX_S);
    if (fabs(offset_s) > c->error_s) {
        slew(discipline, situation, offset_s, fmin(next_s, SPREAD_REAL_S), ret);
        return;
    }
    slew(discipline, situation, offset_s, next_s, ret);
    if (ret->slew_ppm != 0)
        ret->duration_s = fmax(ret->duration_s, SPREAD_LATE * next_s);
}

/* Offsets beyond this ask for a step. */
static double
step_least_s(const struct sg_discipline *discipline,
             const struct sg_situation *situation)
{
    double fast_ppm = fastest_ppm(&discipline->rates);

    if (!is_first_correction(discipline, situation))
        return STEP_RUNNING_S;
    return (fast_ppm - fabs(discipline->base_ppm)) * 1e-6 * SLEW_AT_START_S;
}

/* The first correction is decided: a slew may take its time, but no other
 * occasion. */
static void
begin_settling(struct sg_discipline *discipline,
               const struct sg_situation *situation)
{
    if (!discipline->starting)
        return;
    discipline->starting = false;
    discipline->settling = true;
    discipline->settled = sg_raw_add(situation->now, SLEW_AT_START_S);
}

/* Only from those whose offset is believed, or a refused liar would still
 * turn the clock by its rate. */
static void
learn_frequency(struct sg_discipline *discipline,
                const struct sg_situation *situation)
{
    const struct sg_consensus *c = situation->consensus;
    double ppm;

    if (!situation->natural_known || c->rate_sd_ppm < 0 ||
        c->rate_sd_ppm > RATE_TRUST_PPM)
        return;
    ppm =
        clamp(c->rate_ppm - situation->natural_ppm, discipline->rates.max_ppm);
    if (c->hosts >= 2)
        discipline->anchor_ppm = ppm;
    else
        ppm = discipline->anchor_ppm +
              clamp(ppm - discipline->anchor_ppm, LONE_PPM);
    discipline->base_ppm = clamp(ppm, discipline->rates.max_ppm);
}

static void
say_step(const struct sg_discipline *discipline, const struct sg_consensus *c,
         double offset_s, char *why, unsigned why_size)
{
    if (c->authenticated)
        snprintf(why, why_size,
                 "step by %+.6f s: authenticated by a KDC, %d "
                 "host%s",
                 offset_s, c->hosts, c->hosts == 1 ? "" : "s agree");
    else if (c->hosts >= 2)
        snprintf(why, why_size, "step by %+.6f s: %d hosts agree", offset_s,
                 c->hosts);
    else
        snprintf(why, why_size, "step by %+.6f s: one host alone, %s", offset_s,
                 discipline->contradicted ? "the same for a quarter of an hour"
                                          : "at start");
}

static void
step(const struct sg_discipline *discipline,
     const struct sg_guard_request *request, struct sg_action *ret)
{
    ret->kind = SG_ACTION_STEP;
    ret->offset_s = request->offset_s;
    ret->starting = request->starting;
    ret->strong = request->strong;
    ret->base_ppm = discipline->base_ppm;
}

/* A large offset: step if trust and guard allow it. */
static void
decide_large(struct sg_discipline *discipline,
             const struct sg_situation *situation, double offset_s,
             struct sg_action *ret, char *why, unsigned why_size)
{
    struct sg_guard_request request =
        make_request(discipline, situation, offset_s);
    enum sg_guard_verdict verdict;

    if (situation->proof_due) {
        discipline->wants_proof = true;
        snprintf(why, why_size,
                 "hold: %+.3f s wanted; a KDC is asked with the host's key "
                 "first",
                 offset_s);
        return;
    }
    if (situation->is_sharpening) {
        snprintf(why, why_size, "hold: %+.3f s wanted, known to %.3f s only",
                 offset_s,
                 (situation->consensus->hi_s - situation->consensus->lo_s) / 2);
        return;
    }
    if (!trust_allows(discipline, situation, &request, why, why_size)) {
        slew(discipline, situation,
             situation->consensus->contradicted ? 0 : offset_s, SPREAD_MIN_S,
             ret);
        return;
    }
    verdict = sg_guard_check(&discipline->guard, situation->now, &request);
    if (verdict != SG_GUARD_ALLOWED) {
        sg_guard_explain(&discipline->guard, verdict, &request, why, why_size);
        discipline->refused = true;
        slew(discipline, situation, 0, SPREAD_MIN_S, ret);
        return;
    }
    learn_frequency(discipline, situation);
    step(discipline, &request, ret);
    say_step(discipline, situation->consensus, offset_s, why, why_size);
}

/*
 * Rule 4: our own two clocks prove the foreign step, so nobody's word is
 * needed, and a lone host's adds nothing to it.  Two hosts know better than
 * the raw clock where the wall clock belongs.
 */
static void
undo(const struct sg_discipline *discipline,
     const struct sg_situation *situation, struct sg_action *ret, char *why,
     unsigned why_size)
{
    const struct sg_consensus *c = situation->consensus;
    struct sg_guard_request request =
        make_request(discipline, situation, c->offset_s);

    if (!c->valid || !request.strong || !sg_guard_is_undo(&request))
        request.offset_s = situation->undo_s;
    step(discipline, &request, ret);
    snprintf(why, why_size, "step by %+.6f s: somebody else moved the clock",
             request.offset_s);
}

/* Nothing to go by.  Returns whether that is so. */
static bool
is_hold(struct sg_discipline *discipline, const struct sg_situation *situation,
        char *why, unsigned why_size)
{
    bool valid = situation->consensus->valid;

    if (!valid)
        discipline->contradicted = false;
    if (valid && (situation->ready || !discipline->starting))
        return false;
    snprintf(why, why_size, "hold: %s",
             valid ? "not enough samples yet" : "no sources that agree");
    return true;
}

void
sg_discipline_decide(struct sg_discipline *discipline,
                     const struct sg_situation *situation,
                     struct sg_action *ret, char *why, unsigned why_size)
{
    const struct sg_consensus *c = situation->consensus;
    double offset_s = c->offset_s;
    bool large;

    memset(ret, 0, sizeof *ret);
    discipline->refused = false;
    discipline->wants_proof = false;
    if (situation->undo_s != 0) {
        undo(discipline, situation, ret, why, why_size);
        return;
    }
    if (is_hold(discipline, situation, why, why_size))
        return;
    /* inside what the KDCs' answers leave open there is nothing to correct */
    if (!c->has_guess && c->lo_s <= 0 && c->hi_s >= 0)
        offset_s = 0;
    large = fabs(offset_s) > step_least_s(discipline, situation);
    note_contradiction(
        discipline, situation,
        large && !is_strong(c) &&
            (c->disputed || !is_first_correction(discipline, situation)));
    ret->synced = !large;
    ret->error_s = c->error_s;
    ret->bound_s = fmax(fabs(c->lo_s), fabs(c->hi_s));
    if (large) {
        decide_large(discipline, situation, offset_s, ret, why, why_size);
        return;
    }
    learn_frequency(discipline, situation);
    slew_small(discipline, situation, offset_s, ret);
    begin_settling(discipline, situation);
    snprintf(why, why_size,
             "slew %+.6f s in %.1f s, frequency %+.3f ppm: %d source%s of %d "
             "host%s",
             offset_s, ret->duration_s, discipline->base_ppm,
             c->sources_steering, c->sources_steering == 1 ? "" : "s", c->hosts,
             c->hosts == 1 ? "" : "s");
}

void
sg_discipline_stepped(struct sg_discipline *discipline,
                      const struct sg_situation *situation, double offset_s)
{
    struct sg_guard_request request =
        make_request(discipline, situation, offset_s);

    sg_guard_note(&discipline->guard, situation->now, &request);
    discipline->contradicted = false;
    /* back where somebody else found it, which may be anywhere */
    if (!sg_guard_is_undo(&request))
        discipline->starting = false;
}

/*
 * The engine's leap seconds: who announces one, what it does to all that is
 * known of clocks, and who must have smeared it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/engine_private.h"

/* So many answers in a row must announce the same: bits that change at random
 * announce nothing. */
#define STEADY_ANSWERS 8

/* A clock nearer to the others than this makes the leap when they do. */
#define ALONG_S 0.25

/* A KDC's clock is known to a second. */
#define ALONG_KDC_S 2.0

/* A kernel that is further off than this would leap at a wrong time. */
#define ARM_WITHIN_S 1.0

/*
 * Smearing servers spread the second over a day, linearly and from noon to
 * noon (Google, Amazon): 1 s / 86400 s = 11.6 ppm, and never off by more.
 */
#define SMEAR_PPM 11.6
#define SMEAR_SLACK_PPM 2.5
#define SMEAR_MOST_S 1.1
#define SMEAR_DAY_S 86400.0

static struct sg_wall
ref_at(const struct sg_engine *engine, struct sg_raw now)
{
    return sg_model_at(&engine->model, now).ref;
}

void
sg_engine_note_leap(struct source *source, const struct sg_sample *sample)
{
    if (source->about.kind != SG_KIND_NTP)
        return;
    if (sample->leap != source->leap)
        source->leap_answers = 0;
    source->leap = sample->leap;
    source->leap_answers++;
}

static enum sg_leap
announced_by(const struct source *source)
{
    return source->leap_answers >= STEADY_ANSWERS ? source->leap : SG_LEAP_NONE;
}

static void
say_expected(const struct sg_engine *engine, const struct sg_leap_state *was,
             struct sg_decision *ret)
{
    const struct sg_leap_state *leap = &engine->leap;
    char day[SG_LEAP_DAY_MAX];

    sg_leap_day(leap->day_end, day);
    if (sg_leap_is_expected(leap))
        sg_engine_event(ret, SG_EVENT_LEAP, 0,
                        "leap second: a second is %s at the end of %s UTC, %d "
                        "of %d host%s announce%s it",
                        sg_leap_verb(leap->leap), day, leap->hosts,
                        leap->hosts_total, leap->hosts_total == 1 ? "" : "s",
                        leap->hosts == 1 ? "s" : "");
    else
        sg_engine_event(ret, SG_EVENT_LEAP, 0,
                        "leap second: no second is %s at the end of %s UTC "
                        "after all, the majority of %d host%s announces none",
                        sg_leap_verb(was->leap), day, leap->hosts_total,
                        leap->hosts_total == 1 ? "" : "s");
}

void
sg_engine_weigh_leap(struct sg_engine *engine, const struct sg_reading *reading,
                     struct sg_decision *ret)
{
    const struct sg_consensus *c = &engine->consensus;
    struct sg_leap_state was = engine->leap;
    struct sg_leap_vote votes[SG_MAX_SOURCES];
    struct sg_leap_count count;
    int n = 0;

    if (!c->valid || c->contradicted || c->disputed ||
        sg_leap_is_under_way(&engine->leap, reading->raw))
        return;
    for (int i = 0; i < engine->n_sources; i++) {
        const struct source *s = engine->sources[i];

        if (s->about.kind == SG_KIND_NTP &&
            sg_tally_is_believed(engine->candidates[i].tally))
            votes[n++] =
                (struct sg_leap_vote){s->host, announced_by(s), s->last_good};
    }
    sg_leap_tally(votes, n, &count);
    if (sg_leap_weigh(&engine->leap, &count,
                      sg_wall_add(reading->wall, c->offset_s)))
        say_expected(engine, &was, ret);
    sg_leap_follow(&engine->leap, reading->raw,
                   sg_wall_add(reading->wall, c->offset_s));
}

/* Only on the day itself: the kernel knows no date. */
int
sg_engine_leap_s(const struct sg_engine *engine,
                 const struct sg_reading *reading)
{
    const struct sg_leap_state *leap = &engine->leap;
    double left_s = sg_wall_diff(leap->day_end, sg_leap_day_end(reading->wall));

    if (!sg_leap_is_expected(leap) || left_s != 0 ||
        fabs(engine->consensus.offset_s) > ARM_WITHIN_S)
        return 0;
    return sg_leap_span(leap->leap);
}

/* Does this clock make the leap when the consensus does? */
static bool
is_along(const struct source *source, struct sg_raw now, struct sg_wall ref)
{
    double limit_s = source->about.kind == SG_KIND_KDC ? ALONG_KDC_S : ALONG_S;

    return source->estimate.model.valid &&
           fabs(sg_wall_diff(sg_model_at(&source->estimate.model, now).ref,
                             ref)) < limit_s;
}

static void
shift(struct sg_model *model, double span_s)
{
    model->ref = sg_wall_add(model->ref, span_s);
}

/* All that is known is said of the time after the leap. */
static void
shift_history(struct sg_engine *engine, struct sg_raw now, double span_s)
{
    struct sg_wall ref = ref_at(engine, now);

    for (int i = 0; i < engine->n_sources; i++) {
        struct source *s = engine->sources[i];

        if (!is_along(s, now, ref))
            continue;
        sg_filter_shift(s->filter, span_s);
        shift(&s->estimate.model, span_s);
    }
    for (int i = 0; i < engine->n_realms; i++) {
        struct sg_model *model = &engine->realms[i].clock.model;
        double apart_s = sg_wall_diff(sg_model_at(model, now).ref, ref);

        if (engine->realms[i].clock.valid && fabs(apart_s) < ALONG_KDC_S)
            shift(model, span_s);
    }
    shift(&engine->model, span_s);
}

bool
sg_engine_pass_leap(struct sg_engine *engine, const struct sg_reading *reading,
                    double span_s, double jump_s, struct sg_decision *ret)
{
    struct sg_leap_state *leap = &engine->leap;
    struct sg_wall foreseen = sg_wall_add(reading->wall, -jump_s);
    char day[SG_LEAP_DAY_MAX];
    bool made;

    if (leap->leap == SG_LEAP_NONE || !engine->model.valid)
        return false;
    sg_leap_follow(leap, reading->raw, ref_at(engine, reading->raw));
    made = sg_leap_explains(leap, foreseen, span_s, jump_s);
    if (sg_leap_pass(leap, reading->raw)) {
        shift_history(engine, reading->raw, -sg_leap_span(leap->leap));
        sg_leap_day(leap->day_end, day);
        sg_engine_event(ret, SG_EVENT_LEAP, 0,
                        "leap second: a second was %s at the end of %s UTC%s",
                        sg_leap_verb(leap->leap), day,
                        leap->made ? ", and the clock made it"
                        : fabs(engine->consensus.offset_s) < ARM_WITHIN_S
                            ? ", the clock did not make it and is off by 1 s"
                            : "");
    }
    ret->tick_s = fmin(ret->tick_s, sg_leap_wait_s(leap, reading));
    return made;
}

void
sg_engine_add_missed_leap(struct sg_engine *engine,
                          const struct sg_reading *reading)
{
    size_t len = strlen(engine->decision);

    if (engine->consensus.valid && engine->model.valid &&
        sg_leap_is_missed(&engine->leap, ref_at(engine, reading->raw),
                          engine->consensus.offset_s))
        snprintf(engine->decision + len, sizeof engine->decision - len,
                 "; the clock did not make the leap second");
}

/* A clock that is not announced to leap, or was caught smearing, beside
 * others that announce it: not a fault yet, but no time to follow. */
static bool
is_doubtful(const struct sg_engine *engine, int index)
{
    const struct source *s = engine->sources[index];

    if (!engine->candidates[index].usable || s->about.kind != SG_KIND_NTP)
        return false;
    return s->smears ||
           (sg_leap_is_expected(&engine->leap) &&
            s->leap_answers >= STEADY_ANSWERS && s->leap != engine->leap.leap);
}

/* Only a minority of its group is kept from voting. */
static bool
is_minority(const struct sg_engine *engine, int group)
{
    int doubtful = 0, total = 0;

    for (int i = 0; i < engine->n_sources; i++) {
        const struct sg_candidate *c = &engine->candidates[i];

        if (!c->usable || c->kind != SG_KIND_NTP || c->realm != group)
            continue;
        total++;
        doubtful += is_doubtful(engine, i);
    }
    return 2 * doubtful < total;
}

/* A bystander's tally, after the others have voted. */
static void
judge_bystander(const struct sg_consensus *consensus, struct sg_candidate *c)
{
    struct sg_vote vote = sg_candidate_vote(c);

    c->usable = true;
    if (!consensus->valid)
        c->tally = SG_TALLY_ASIDE;
    else if (vote.hi_s >= consensus->lo_s && vote.lo_s <= consensus->hi_s)
        c->tally = SG_TALLY_AGREES;
    else
        c->tally = SG_TALLY_FALSETICKER;
}

static double
apart_s(const struct sg_engine *engine, int index)
{
    return engine->candidates[index].skew.offset_s - engine->consensus.offset_s;
}

/* Near the end of any month, and at the rate of a smear? */
static bool
drifts_like_smear(const struct sg_engine *engine, int index, struct sg_wall ref)
{
    double rate_ppm = engine->candidates[index].estimate.model.rate_ppm -
                      engine->consensus.rate_ppm;
    struct sg_wall day_end = sg_leap_day_end(ref);

    return engine->consensus.rate_sd_ppm >= 0 &&
           fabs(fabs(rate_ppm) - SMEAR_PPM) < SMEAR_SLACK_PPM &&
           (sg_leap_is_month_end(day_end) ||
            sg_leap_is_month_end(sg_wall_add(day_end, -SMEAR_DAY_S)));
}

void
sg_engine_combine(struct sg_engine *engine, struct sg_raw now, int follow)
{
    bool stands_by[SG_MAX_SOURCES] = {false};
    bool is_near = engine->model.valid &&
                   sg_leap_is_near(&engine->leap, ref_at(engine, now));

    for (int i = 0; i < engine->n_sources; i++) {
        engine->sources[i]->smears &= is_near;
        stands_by[i] = is_doubtful(engine, i) &&
                       is_minority(engine, engine->candidates[i].realm);
    }
    for (int i = 0; i < engine->n_sources; i++)
        if (stands_by[i])
            engine->candidates[i].usable = false;
    sg_combine(engine->candidates, engine->n_sources, follow,
               &engine->consensus);
    for (int i = 0; i < engine->n_sources; i++) {
        struct sg_candidate *c = &engine->candidates[i];

        if (stands_by[i])
            judge_bystander(&engine->consensus, c);
        engine->sources[i]->smears |=
            is_near && c->tally == SG_TALLY_FALSETICKER &&
            c->kind == SG_KIND_NTP && fabs(apart_s(engine, i)) < SMEAR_MOST_S;
    }
}

bool
sg_engine_say_smear(const struct sg_engine *engine, int index, char *ret,
                    size_t size)
{
    const struct sg_candidate *c = &engine->candidates[index];
    double s = apart_s(engine, index);
    struct sg_wall ref = ref_at(engine, c->estimate.model.at);
    bool is_whole = fabs(fabs(s) - 1) < SMEAR_MOST_S - 1;
    const char *guess = "a server that smears it?";

    if (c->kind != SG_KIND_NTP || fabs(s) > SMEAR_MOST_S ||
        !engine->model.valid ||
        !(sg_leap_is_near(&engine->leap, ref) ||
          drifts_like_smear(engine, index, ref)))
        return false;
    if (is_whole && engine->leap.passed)
        guess = "a server that did not make it?";
    else if (announced_by(engine->sources[index]) != SG_LEAP_NONE)
        guess = "it announces one, do the others smear it?";
    snprintf(ret, size,
             "falseticker: differs by %+.3f s near a leap second: %s", s,
             guess);
    return true;
}

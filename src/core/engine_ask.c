/*
 * When the engine wants its sources asked.
 */
#include <math.h>
#include <string.h>

#include "core/engine_private.h"

/* A KDC interval this narrow needs no more questions in a row. */
#define NARROW_S 0.015
/* ... nor, where NTP tells more, does one that a limit of minutes can be held
 * against.  What a restart, or a KDC that was set, costs KDCs of many hosts is
 * less than half for it. */
#define ENOUGH_S 0.25

/* Turns are so much later, each. */
#define TURN_SPREAD 0.1

/* At start: spread, and what a first ticket takes. */
#define FIRST_S 0.02
#define FIRST_TICKET_S 0.25

/* Spread for questions that everybody may have to ask at once. */
#define WANTED_S 1.0

/* KDCs of a realm are asked with the key out of turn no more often than this,
 * whatever is forged; a key that was refused is not at all. */
#define HURRIES_MAX 6
#define HURRIES_S 3600.0

/* The key is used so seldom out of turn that it is kept for where proof is
 * asked for: one that works tells those nothing who want to hear more. */
void
sg_engine_ask_all(struct sg_engine *engine, int n)
{
    for (int i = 0; i < engine->n_sources; i++) {
        const struct source *source = engine->sources[i];

        if (source->about.kind == SG_KIND_KEYTAB && source->answered > 0 &&
            !source->is_failing)
            continue;
        sg_poll_surprise(&engine->sources[i]->poll, n);
        engine->sources[i]->is_wanted = true;
        engine->sources[i]->n_turns = engine->sources[i]->plans = 0;
    }
}

static bool
ntp_answers(const struct sg_engine *engine)
{
    for (int i = 0; i < engine->n_sources; i++)
        if (engine->candidates[i].usable &&
            engine->candidates[i].kind == SG_KIND_NTP)
            return true;
    return false;
}

/* Is what was proven all that is believed?  Where KDCs prove times that
 * contradict each other nothing is, and asking for more proof settles nothing.
 */
static bool
is_proof_alone(const struct sg_engine *engine)
{
    bool is_believed = false;

    for (int i = 0; i < engine->n_sources; i++) {
        if (!sg_tally_is_believed(engine->candidates[i].tally))
            continue;
        if (engine->candidates[i].kind != SG_KIND_KEYTAB)
            return false;
        is_believed = true;
    }
    return is_believed;
}

static void
hasten(struct sg_engine *engine, enum sg_kind kind, struct sg_decision *ret)
{
    for (int i = 0; i < engine->n_sources; i++)
        engine->sources[i]->is_late |= engine->sources[i]->about.kind == kind;
    ret->reschedule = true;
}

/* Nothing else shows a KDC's clock: it has to be asked itself.  A dead one
 * takes its turn like others, or it would leave it to them. */
static void
note_alone(struct sg_engine *engine, struct sg_decision *ret)
{
    for (int i = 0; i < engine->n_sources; i++) {
        struct source *s = engine->sources[i];
        int ntp = sg_engine_find_sibling(engine, i, SG_KIND_NTP);
        bool is_alone = s->about.kind == SG_KIND_KDC &&
                        engine->candidates[i].usable &&
                        (ntp < 0 || !engine->candidates[ntp].usable);

        if (is_alone && !s->is_alone)
            s->is_late = ret->reschedule = true;
        s->is_alone = is_alone;
    }
}

void
sg_engine_note_near(struct sg_engine *engine, int index, bool is_near,
                    struct sg_decision *ret)
{
    int ntp = sg_engine_find_sibling(engine, index, SG_KIND_NTP);
    struct source *shows =
        engine->sources[ntp >= 0 && engine->newest[ntp].usable ? ntp : index];

    engine->sources[index]->is_near = false;
    if (is_near && !shows->is_near)
        shows->is_late = ret->reschedule = true;
    shows->is_near = is_near;
}

void
sg_engine_weigh_polls(struct sg_engine *engine, struct sg_decision *ret)
{
    bool had_ntp = engine->has_ntp, was_alone = engine->is_proof_alone;

    note_alone(engine, ret);
    engine->has_ntp = ntp_answers(engine);
    engine->is_proof_alone = is_proof_alone(engine);
    if (had_ntp && !engine->has_ntp)
        hasten(engine, SG_KIND_KDC, ret);
    if (!was_alone && engine->is_proof_alone)
        hasten(engine, SG_KIND_KEYTAB, ret);
}

/* Those of its kind and realm, and which of them it is. */
static int
count_siblings(const struct sg_engine *engine, int index, int *ret_rank)
{
    const struct sg_engine_source *about = &engine->sources[index]->about;
    int n = 0;

    for (int i = 0; i < engine->n_sources; i++) {
        if (i == index)
            *ret_rank = n;
        n += engine->sources[i]->about.kind == about->kind &&
             engine->sources[i]->about.realm == about->realm;
    }
    return n;
}

/* Siblings that are asked out of turn: theirs are left to nobody. */
static int
count_absent(const struct sg_engine *engine, const struct source *source)
{
    int n = 0;

    for (int i = 0; i < engine->n_sources; i++) {
        const struct source *s = engine->sources[i];

        n += s != source && s->is_alone &&
             s->about.kind == source->about.kind &&
             s->about.realm == source->about.realm;
    }
    return n;
}

/* The first KDC that is asked with the host's key has to give a ticket first;
 * the others are asked when it can have been had. */
static double
first_wait_s(const struct source *source, int rank, double random)
{
    bool waits = source->about.kind == SG_KIND_KEYTAB && rank > 0;

    return (waits ? FIRST_TICKET_S : 0) + FIRST_S * random;
}

/*
 * The first question to an idle KDC gets true microseconds: the first plan
 * tries to close the interval there.  With the host's key the first answer is a
 * ticket, which has whole seconds; so there it is the second plan.
 */
static void
plan_turns(struct source *source, struct sg_raw from)
{
    struct sg_model model = sg_model_at(&source->estimate.model, from);
    bool has_key = source->about.kind == SG_KIND_KEYTAB;
    bool is_true = source->plans == has_key;

    source->n_turns =
        sg_turn_plan(&model, sg_filter_newest(source->filter)->delay_s, is_true,
                     from, has_key && is_true ? 2 : SG_TURN_MAX, source->turns);
    source->plans++;
}

/* The next planned instant around the turn of this KDC's second. */
static double
next_turn(struct source *source, struct sg_raw from)
{
    struct sg_raw turn;

    if (!source->estimate.model.valid)
        return 0;
    while (source->n_turns > 0 && sg_raw_diff(source->turns[0], from) <= 0)
        memmove(source->turns, source->turns + 1,
                (size_t)--source->n_turns * sizeof *source->turns);
    if (source->n_turns == 0)
        plan_turns(source, from);
    turn = source->turns[0];
    memmove(source->turns, source->turns + 1,
            (size_t)--source->n_turns * sizeof *source->turns);
    return fmax(sg_raw_diff(turn, from), 0);
}

static bool
is_narrow(const struct sg_engine *engine, const struct source *source,
          struct sg_raw now)
{
    struct sg_model model = sg_model_at(&source->estimate.model, now);
    double limit_s =
        engine->has_ntp && !engine->config.is_sharp ? ENOUGH_S : NARROW_S;

    return model.valid && model.upper_s - model.lower_s < limit_s;
}

/*
 * The next turn of a realm's sources of one kind.  Intervals of their own, all
 * begun at the same start, would have all of them asked within minutes and
 * then none for hours.
 *
 * Hosts that start at the same moment, or all ask at once because a KDC was
 * set, must not come together at each turn from then on, which a little jitter
 * would not undo for a day.  So turns begin at any phase, and who is asked out
 * of turn keeps his; but not one that failed: a key that was refused is not
 * offered any sooner.
 */
static double
take_turn(struct sg_engine *engine, struct source *source, struct sg_raw now,
          int n, double random)
{
    struct realm *realm = &engine->realms[source->about.realm];
    struct sg_raw *turn = &realm->turns[source->about.kind];
    double share_s = source->poll.share_s * (1 + TURN_SPREAD * random);
    double wait_s = fmax(sg_raw_diff(*turn, now), 0) +
                    share_s * (1 + count_absent(engine, source));
    double own_s = sg_raw_diff(source->turn, now);

    if (source->poll.failures == 0) {
        /* little left: this was it, by a timer whose clock runs faster */
        if (own_s > source->poll.share_s * TURN_SPREAD)
            return own_s;
        if (turn->ns == 0)
            wait_s = source->poll.share_s * random;
    }
    /* who failed out of turn has left a gap behind */
    wait_s = fmin(wait_s, n * source->poll.share_s * (1 + TURN_SPREAD));
    source->turn = *turn = sg_raw_add(now, wait_s);
    return wait_s;
}

static bool
may_hurry(struct sg_engine *engine, const struct source *source,
          struct sg_raw now)
{
    struct realm *realm;

    if (source->about.kind != SG_KIND_KEYTAB)
        return !source->poll.denied && source->poll.kiss_s == 0;
    if (source->is_key_new)
        return true;
    if (source->last.code == SG_OUTCOME_REJECTED)
        return false;
    realm = &engine->realms[source->about.realm];
    if (realm->hurries == 0 || sg_raw_diff(now, realm->hurried) > HURRIES_S) {
        realm->hurries = 0;
        realm->hurried = now;
    }
    return realm->hurries++ < HURRIES_MAX;
}

static double
plan_next(struct sg_engine *engine, int index, struct sg_raw now, double random)
{
    struct source *source = engine->sources[index];
    bool is_kdc = source->about.kind != SG_KIND_NTP;
    int rank = 0;
    struct sg_poll_world world = {
        .ntp_answers = engine->has_ntp,
        .is_shown = !source->is_alone,
        .is_near = source->is_near,
        .n_kdcs = count_siblings(engine, index, &rank),
        .has_key = sg_engine_has_key(engine, source->about.realm),
        .is_alone = engine->is_proof_alone,
    };
    double wait_s;

    if (source->asked == 0)
        return first_wait_s(source, rank, random);
    if (source->is_hurried)
        return WANTED_S * random;
    if (is_kdc && source->poll.burst > 0 && source->poll.failures == 0) {
        if (!is_narrow(engine, source, now)) {
            source->poll.burst--;
            return next_turn(source, now);
        }
        source->poll.burst = 0;
    }
    wait_s = sg_poll_next(&source->poll, &engine->config.poll, &world, random);
    if (source->poll.share_s > 0)
        wait_s = take_turn(engine, source, now, world.n_kdcs, random);
    if (is_kdc && wait_s >= 1 && source->poll.failures == 0) {
        source->n_turns = source->plans = 0;
        wait_s += next_turn(source, sg_raw_add(now, wait_s));
    }
    return wait_s;
}

double
sg_engine_next_ask(struct sg_engine *engine, int index, struct sg_raw now,
                   double random)
{
    struct source *source = engine->sources[index];
    int burst = source->poll.burst;
    double planned_s, wait_s;

    source->is_wanted = source->is_wanted &&
                        (source->is_hurried || may_hurry(engine, source, now));
    /* planned once: who flaps must not keep the others from being asked */
    planned_s =
        source->is_planned ? fmax(sg_raw_diff(source->due, now), 0) : INFINITY;
    if (source->is_planned && !source->is_late &&
        source->is_wanted == source->is_hurried)
        return planned_s;
    source->is_hurried = source->is_wanted;
    source->is_late = false;
    wait_s = fmin(plan_next(engine, index, now, random), planned_s);
    source->is_planned = wait_s >= 0;
    source->due = sg_raw_add(now, wait_s);
    source->is_burst_due |= source->poll.burst < burst;
    return wait_s;
}

void
sg_engine_burst(struct sg_engine *engine)
{
    sg_engine_ask_all(engine, 3);
}

void
sg_engine_key_changed(struct sg_engine *engine)
{
    for (int i = 0; i < engine->n_sources; i++)
        if (engine->sources[i]->about.kind == SG_KIND_KEYTAB)
            engine->sources[i]->is_key_new = engine->sources[i]->is_wanted =
                true;
}

/* Attempts after which a short look gives a silent source up. */
#define VAIN_ATTEMPTS 3

bool
sg_engine_is_heard(const struct sg_engine *engine)
{
    for (int i = 0; i < engine->n_sources; i++) {
        const struct source *source = engine->sources[i];
        bool is_kdc = source->about.kind != SG_KIND_NTP;

        if (source->asked == 0)
            return false;
        if (source->last.code == SG_OUTCOME_KEYTAB ||
            source->last.code == SG_OUTCOME_REJECTED)
            continue; /* it will say nothing else soon */
        if (source->answered == 0 && source->asked < VAIN_ATTEMPTS)
            return false;
        if (source->answered > 0 &&
            (source->poll.burst > 0 || source->is_burst_due) &&
            !(is_kdc && is_narrow(engine, source, source->last_good)))
            return false;
    }
    return true;
}

bool
sg_engine_is_complete(const struct sg_engine *engine)
{
    return engine->ready && sg_engine_is_heard(engine) &&
           !sg_engine_is_waiting(engine);
}

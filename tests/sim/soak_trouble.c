#include "soak_trouble.h"

#include <math.h>

#define DAY_S 86400.0

/* So long that may take: answers are 64 s apart, and a slew has its time. */
#define SETTLE_S 180.0
/* Our own frequency has to be learned anew. */
#define LEARN_S 1800.0
/* Nothing is judged in the first moment, and the status says so. */
#define START_S 5.0
/* Readers may see a skew of 1 s for some seconds; it is soon put right. */
#define LEAP_S 60.0
/* What a wrong server said counts until it is asked again.  A proof is asked
 * for once an hour, of one KDC after the other, what contradicts all before has
 * to be said twice, and who is asked may be dead. */
#define FORGET_S (4 * 3600.0)
#define FORGET_PROVEN_S (12 * 3600.0)

/* The truth is in the bounds while everybody tells it.  Somebody whose lie is
 * smaller than what the others leave open cannot be told from them: that is
 * little where they serve NTP, and the second of a KDC's answer where they have
 * to prove what they say, as the one who lies does. */
#define LIE_LIMIT_S 0.05
#define PROVEN_LIE_LIMIT_S 1.0
/* And queues of more than this, if nobody else of the realm serves NTP, make a
 * rate of our clock be learned that it does not have. */
#define NOISE_S 0.01

static double
patience_s(const struct soak_fault *fault)
{
    if (fault->kind == SOAK_RATE)
        return LEARN_S;
    if (fault->kind == SOAK_JITTER)
        return FORGET_S;
    if (!soak_is_wrong(fault->kind))
        return SETTLE_S;
    return fault->host < SOAK_PROVEN_HOSTS ? FORGET_PROVEN_S : FORGET_S;
}

/* Of a proof that is not asked for any more nobody is left to say better. */
static void
add_lie(const struct soak_fault *fault, double t_s, struct soak_trouble *ret)
{
    bool is_proven = fault->host < SOAK_PROVEN_HOSTS;
    bool is_told = t_s < fault->to_s + SETTLE_S;

    ret->lie_s = fmax(ret->lie_s,
                      is_proven && is_told ? PROVEN_LIE_LIMIT_S : LIE_LIMIT_S);
    ret->is_stale |= is_proven;
}

static void
add_trouble(const struct soak_fault *fault, double t_s, int *dead,
            struct soak_trouble *ret)
{
    double from_s = fault->from_s, to_s = fault->to_s;

    if (t_s < from_s || t_s > to_s + patience_s(fault))
        return;
    if (fault->kind == SOAK_SUSPEND || fault->kind == SOAK_RESTART)
        ret->is_new |= t_s < to_s + START_S;
    if (fault->kind == SOAK_RATE)
        ret->is_ours |= t_s < from_s + LEARN_S || t_s > to_s;
    else if (fault->kind >= SOAK_STEP)
        ret->is_ours = true;
    else if (fault->kind == SOAK_BLACKOUT)
        ret->is_silent = true;
    else if (fault->kind == SOAK_JITTER && fault->value > NOISE_S)
        ret->lie_s = fmax(ret->lie_s, LIE_LIMIT_S);
    else if (soak_is_wrong(fault->kind))
        add_lie(fault, t_s, ret);
    else if (fault->kind == SOAK_DIES || fault->kind == SOAK_PORT)
        ++*dead;
}

struct soak_trouble
soak_trouble_at(struct soak_troubles *troubles, double t_s)
{
    const struct soak_plan *plan = troubles->plan;
    double leap_s = fabs(t_s - plan->setup.leap_at_s);
    struct soak_trouble ret = {
        .is_ours = t_s < SETTLE_S || leap_s < LEAP_S,
        .is_new = t_s < START_S || leap_s < START_S,
    };
    int dead = 0;

    while (troubles->first < plan->n_faults &&
           plan->faults[troubles->first].from_s < t_s - DAY_S)
        troubles->first++;
    for (int i = troubles->first;
         i < plan->n_faults && plan->faults[i].from_s <= t_s; i++)
        add_trouble(&plan->faults[i], t_s, &dead, &ret);
    ret.is_silent |= dead >= 2;
    if (ret.is_silent && ret.is_stale)
        ret.lie_s = PROVEN_LIE_LIMIT_S;
    return ret;
}

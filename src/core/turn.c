#include "core/turn.h"

#include <math.h>

#define SECOND_NS 1000000000

#define NARROW_S 0.006 /* on top of the round trip: narrow enough */
#define WIDE_S 0.200   /* above: three cuts a round, else one */
#define LOST_S 1.500   /* above: a question at any time tells more */

/*
 * A question aimed at an instant leaves up to 1 ms late (poll counts in ms)
 * and travels for a time that varies.
 */
#define LATE_S 0.003
#define JITTER_FRAC 0.25

/*
 * Let L be the lower end of the interval, W its width, x = C - L in [0, W] the
 * unknown, d the round trip.  A question that leaves at s, when L is still q
 * short of a full second k, says "before k" and then, at the instant of its
 * answer, x < q; or "after", and then x >= q - d.
 *
 * n such cuts leave n + 1 parts, as wide as each other if
 *     q[i] = w + i (w - d),  w = (W + n d) / (n + 1),  i = 0 .. n - 1
 */
static int
cut_evenly(double width_s, double delay_s, int n, double ret_q[])
{
    double part_s = (width_s + n * delay_s) / (n + 1);

    for (int i = 0; i < n; i++)
        ret_q[i] = part_s + i * (part_s - delay_s);
    return n;
}

/*
 * The first question after a second's quiet gets a true stime from any KDC.
 * If L comes from such a one the truth is within a round trip of it, so that
 * a cut just above closes the interval at once, whatever its width.  Forward
 * path and age of L make up one round trip, on average.
 */
static double
cut_at_lower_end(double delay_s)
{
    return delay_s * (1 + JITTER_FRAC) + LATE_S;
}

static int
choose_cuts(double width_s, double delay_s, bool is_true, int max,
            double ret_q[])
{
    double narrow_s = NARROW_S + delay_s * (1 + JITTER_FRAC);
    int n = width_s > WIDE_S ? SG_TURN_MAX - 1 : 1;

    if (width_s <= narrow_s || max == 1)
        return cut_evenly(width_s, delay_s, 1, ret_q);
    if (n > max - is_true)
        n = max - is_true;
    n = cut_evenly(width_s, delay_s, n, ret_q);
    if (!is_true)
        return n;
    ret_q[n] = cut_at_lower_end(delay_s);
    return n + 1;
}

/* How long until a clock that reads wall is q short of a full second. */
static double
wait_for(struct sg_wall wall, double q)
{
    int64_t ns = wall.ns % SECOND_NS;
    double wait_s = -q - (double)ns * 1e-9;

    return wait_s - floor(wait_s);
}

static void
sort(struct sg_raw instants[], int n)
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && instants[j].ns < instants[j - 1].ns; j--) {
            struct sg_raw swap = instants[j];

            instants[j] = instants[j - 1];
            instants[j - 1] = swap;
        }
}

int
sg_turn_plan(const struct sg_model *kdc, double delay_s, bool is_true,
             struct sg_raw now, int max, struct sg_raw ret[])
{
    double age_s = sg_raw_diff(now, kdc->at);
    double grown_s = fabs(age_s) * kdc->growth_ppm * 1e-6;
    double width_s = kdc->upper_s - kdc->lower_s + 2 * grown_s;
    double rate = 1 + kdc->rate_ppm * 1e-6;
    double q[SG_TURN_MAX];
    struct sg_wall lower;
    int n;

    if (!kdc->valid || !(width_s <= LOST_S)) {
        ret[0] = now;
        return 1;
    }
    lower = sg_wall_add(kdc->ref, age_s * rate + kdc->lower_s - grown_s);
    n = choose_cuts(width_s, delay_s, is_true, max, q);
    for (int i = 0; i < n; i++)
        ret[i] = sg_raw_add(now, wait_for(lower, q[i]) / rate);
    sort(ret, n);
    return n;
}

#include "core/budget.h"

#include <math.h>
#include <stdio.h>

/* A state is left for a better one only well below where it was entered. */
#define CLEAR_FRAC 0.8

/* So near a threshold a clock is looked at more often. */
#define NEAR_BELOW 0.7
#define NEAR_ABOVE 1.15

/* Rates below this are temperature; nobody should plan by them. */
#define LEAST_PPM 0.05
/* The worst oscillators are off by some 1000 ppm: a rate of 10 % is somebody
 * who sets a clock again and again, or lies. */
#define MOST_PPM 100000.0
#define HORIZON_S (366 * 86400.0)

static void
from_candidate(const struct sg_candidate *c, struct sg_kdc_clock *ret)
{
    ret->valid = true;
    ret->model = c->estimate.model;
    ret->model.lower_s -= c->root_s;
    ret->model.upper_s += c->root_s;
    ret->skew = c->skew;
    ret->skew.lower_s -= c->root_s;
    ret->skew.upper_s += c->root_s;
    ret->rate_sd_ppm = c->estimate.has_guess ? c->estimate.rate_sd_ppm : -1;
}

/* What both say of one clock: the guess of one inside the bounds of both. */
static void
narrow(struct sg_kdc_clock *clock, const struct sg_candidate *kdc)
{
    double lo_s = fmax(clock->skew.lower_s, kdc->skew.lower_s);
    double hi_s = fmin(clock->skew.upper_s, kdc->skew.upper_s);
    double at_s = fmin(fmax(clock->skew.offset_s, lo_s), hi_s);

    if (lo_s > hi_s)
        return;
    clock->model.ref =
        sg_wall_add(clock->model.ref, at_s - clock->skew.offset_s);
    clock->model.lower_s = lo_s - at_s;
    clock->model.upper_s = hi_s - at_s;
    clock->skew.offset_s = at_s;
    clock->skew.lower_s = lo_s;
    clock->skew.upper_s = hi_s;
}

void
sg_budget_kdc_clock(const struct sg_candidate *kdc,
                    const struct sg_candidate *ntp, struct sg_kdc_clock *ret)
{
    struct sg_vote a, b;

    *ret = (struct sg_kdc_clock){.valid = false};
    if (kdc && !kdc->usable)
        kdc = NULL;
    if (ntp && !ntp->usable)
        ntp = NULL;
    if (!kdc && !ntp)
        return;
    if (kdc && ntp) {
        a = sg_candidate_vote(kdc);
        b = sg_candidate_vote(ntp);
        ret->split = a.lo_s > b.hi_s || b.lo_s > a.hi_s;
    }
    if (kdc && (!ntp || ret->split)) {
        from_candidate(kdc, ret);
        return;
    }
    from_candidate(ntp, ret);
    if (kdc)
        narrow(ret, kdc);
}

static double
entry_frac(enum sg_state state, const struct sg_budget_config *config)
{
    switch (state) {
    case SG_STATE_WARN:
        return config->warn_frac;
    case SG_STATE_CRITICAL:
        return config->critical_frac;
    case SG_STATE_EXCEEDED:
        return 1;
    default:
        return 0;
    }
}

enum sg_state
sg_budget_state(enum sg_state before, double used_frac,
                const struct sg_budget_config *config)
{
    static const enum sg_state worst_first[] = {
        SG_STATE_EXCEEDED, SG_STATE_CRITICAL, SG_STATE_WARN};

    for (unsigned i = 0; i < 3; i++) {
        double entry = entry_frac(worst_first[i], config);
        double leave = before >= worst_first[i] ? entry * CLEAR_FRAC : entry;

        /* "exceeded" is a fact of Kerberos, not an opinion */
        if (worst_first[i] == SG_STATE_EXCEEDED)
            leave = entry;
        if (used_frac > leave)
            return worst_first[i];
    }
    return SG_STATE_OK;
}

bool
sg_budget_is_near(double used_frac, const struct sg_budget_config *config)
{
    for (int i = SG_STATE_WARN; i <= SG_STATE_EXCEEDED; i++) {
        double entry = entry_frac((enum sg_state)i, config);

        if (used_frac >= NEAR_BELOW * entry && used_frac <= NEAR_ABOVE * entry)
            return true;
    }
    return false;
}

void
sg_budget_say_span(double span_s, char *ret, unsigned size)
{
    if (span_s < 120)
        snprintf(ret, size, "%.0f s", span_s);
    else if (span_s < 7200)
        snprintf(ret, size, "%.0f min", span_s / 60);
    else if (span_s < 2 * 86400)
        snprintf(ret, size, "%.0f h", span_s / 3600);
    else
        snprintf(ret, size, "%.0f days", span_s / 86400);
}

double
sg_budget_forecast(const struct sg_skew *skew, double limit_s, double rate_ppm,
                   double sd_ppm, char *words, unsigned words_size)
{
    double sign = rate_ppm < 0 ? -1 : 1, left_s, span_s;
    char span[32];

    if (sg_skew_used(skew, limit_s) >= 1) {
        snprintf(words, words_size, "the limit of %.0f s is exceeded now",
                 limit_s);
        return 0;
    }
    if (sd_ppm < 0) {
        snprintf(words, words_size,
                 "none yet: the answers so far do not show a rate");
        return -1;
    }
    if (!(fabs(rate_ppm) <= MOST_PPM)) {
        snprintf(words, words_size,
                 "none: %+.0f ppm is more than a clock can drift", rate_ppm);
        return -1;
    }
    if (fabs(rate_ppm) < 3 * sd_ppm) {
        snprintf(words, words_size,
                 "no drift to be seen: %+.2f ppm, known to %.2f ppm", rate_ppm,
                 3 * sd_ppm);
        return -1;
    }
    /* the offset grows towards the end the rate points to */
    left_s = limit_s - (sign > 0 ? skew->upper_s : -skew->lower_s);
    span_s = left_s / fmax(fabs(rate_ppm) * 1e-6, 1e-12);
    if (fabs(rate_ppm) < LEAST_PPM || span_s > HORIZON_S) {
        snprintf(words, words_size, "limit out of sight at %+.2f ppm",
                 rate_ppm);
        return -1;
    }
    sg_budget_say_span(span_s, span, sizeof span);
    snprintf(words, words_size, "limit reached in about %s at %+.2f ppm", span,
             rate_ppm);
    return span_s;
}

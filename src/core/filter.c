#include "core/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/bank.h"

#define CAPACITY 64

/* 99.9 % of a normal distribution are 3.3 deviations; what the tracks leave of
 * it has longer tails (2 to 5.3 in simulation). */
#define SIGMAS 5.0

/* That a path takes as long there as back is believed the longer it was
 * watched: a queue that stands one way looks like one, and may stand for a
 * quarter of an hour. */
#define DOUBT_S 1800.0

/* Even a trip within one host takes some time. */
#define DELAY_LEAST_S 1e-7

struct sg_filter {
    struct sg_sample samples[CAPACITY]; /* oldest first */
    int n;
    bool has_spike;
    struct sg_sample spike;
    /* what samples with a guess say; its times and offsets count from here */
    bool has_bank;
    struct sg_raw bank_raw;
    struct sg_wall bank_wall;
    struct sg_bank bank;
};

/* The bounds of a sample in seconds from *origin, moved on to the instant at.
 */
struct range {
    double lo, hi;
};

struct sg_filter *
sg_filter_new(void)
{
    struct sg_filter *filter = calloc(1, sizeof *filter);

    if (filter)
        sg_filter_reset(filter);
    return filter;
}

void
sg_filter_free(struct sg_filter *filter)
{
    free(filter);
}

void
sg_filter_reset(struct sg_filter *filter)
{
    filter->n = 0;
    filter->has_spike = false;
    filter->has_bank = false;
}

const struct sg_sample *
sg_filter_newest(const struct sg_filter *filter)
{
    return filter->n ? &filter->samples[filter->n - 1] : NULL;
}

static struct range
move_on(const struct sg_sample *sample, struct sg_raw at, struct sg_wall origin,
        const struct sg_drift *drift)
{
    double age_s = sg_raw_diff(at, sample->at);
    double run_s = age_s * (1 + drift->rate_ppm * 1e-6);
    double slack_s = fabs(age_s) * drift->bound_ppm * 1e-6;
    struct range r = {
        sg_wall_diff(sample->lower, origin) + run_s - slack_s,
        sg_wall_diff(sample->upper, origin) + run_s + slack_s,
    };

    return r;
}

/* Newest first; samples older than the first contradiction say nothing. */
static struct range
intersect(const struct sg_filter *filter, struct sg_raw at,
          struct sg_wall origin, const struct sg_drift *drift)
{
    struct range all =
        move_on(&filter->samples[filter->n - 1], at, origin, drift);

    for (int i = filter->n - 2; i >= 0; i--) {
        struct range r = move_on(&filter->samples[i], at, origin, drift);

        if (r.lo > all.hi || r.hi < all.lo)
            break;
        all.lo = fmax(all.lo, r.lo);
        all.hi = fmin(all.hi, r.hi);
    }
    return all;
}

static void
push(struct sg_filter *filter, const struct sg_sample *sample)
{
    if (filter->n == CAPACITY)
        memmove(filter->samples, filter->samples + 1,
                (size_t)--filter->n * sizeof *filter->samples);
    filter->samples[filter->n++] = *sample;
}

static bool
agree(const struct sg_sample *a, const struct sg_sample *b,
      const struct sg_drift *drift)
{
    struct range r = move_on(a, b->at, b->lower, drift);

    return r.lo <= sg_wall_diff(b->upper, b->lower) && r.hi >= 0;
}

/* Guess and round trip of a sample, for the bank.  Returns whether they are no
 * surprise. */
static bool
take_trip(struct sg_filter *filter, const struct sg_sample *sample,
          const struct sg_drift *drift, double prior_sd_ppm)
{
    struct sg_trip trip = {.delay_s = fmax(sample->delay_s, DELAY_LEAST_S)};

    if (!sample->has_guess)
        return true;
    if (!filter->has_bank) {
        filter->has_bank = true;
        filter->bank_raw = sample->at;
        filter->bank_wall = sample->guess;
        sg_bank_start(&filter->bank, &trip, drift->rate_ppm * 1e-6,
                      prior_sd_ppm * 1e-6);
        return true;
    }
    trip.t_s = sg_raw_diff(sample->at, filter->bank_raw);
    trip.offset_s = sg_wall_diff(sample->guess, filter->bank_wall) - trip.t_s;
    return !sg_bank_add(&filter->bank, &trip);
}

static void
estimate_guess(const struct sg_filter *filter, struct sg_raw now,
               struct sg_wall origin, const struct range *bounds,
               const struct sg_drift *drift, struct sg_estimate *ret)
{
    double t_s = sg_raw_diff(now, filter->bank_raw), ref_s;
    struct sg_bank_view view;

    ret->has_guess = filter->has_bank;
    if (!ret->has_guess)
        return;
    sg_bank_look(&filter->bank, t_s, &view);
    ref_s = sg_wall_diff(filter->bank_wall, origin) + t_s + view.offset_s;
    ref_s = fmin(fmax(ref_s, bounds->lo), bounds->hi);
    ret->model.ref = sg_wall_add(origin, ref_s);
    ret->model.rate_ppm =
        fmin(fmax(view.rate * 1e6, drift->rate_ppm - drift->bound_ppm),
             drift->rate_ppm + drift->bound_ppm);
    /* the bounds move with the guess but must grow from what is certain */
    ret->model.growth_ppm += fabs(ret->model.rate_ppm - drift->rate_ppm);
    ret->rate_sd_ppm = view.rate_sd * 1e6;
    ret->model.error_s =
        SIGMAS * view.offset_sd_s +
        (bounds->hi - bounds->lo) / 2 * exp(-fmax(t_s, 0) / DOUBT_S);
    ret->model.wander_ppm = fmin(drift->bound_ppm, SIGMAS * ret->rate_sd_ppm);
    ret->model.walk_ppm = SIGMAS * view.wander * 1e6;
}

bool
sg_filter_estimate(const struct sg_filter *filter, struct sg_raw now,
                   const struct sg_drift *drift, struct sg_estimate *ret)
{
    const struct sg_sample *newest = sg_filter_newest(filter);
    struct range bounds;
    struct sg_wall origin;

    if (!newest)
        return false;
    origin = newest->lower;
    bounds = intersect(filter, now, origin, drift);
    *ret = (struct sg_estimate){.samples = filter->n};
    ret->model.valid = true;
    ret->model.at = now;
    ret->model.ref = sg_wall_add(origin, (bounds.lo + bounds.hi) / 2);
    ret->model.rate_ppm = drift->rate_ppm;
    ret->model.growth_ppm = drift->bound_ppm;
    ret->model.wander_ppm = drift->bound_ppm;
    ret->model.error_s = (bounds.hi - bounds.lo) / 2;
    estimate_guess(filter, now, origin, &bounds, drift, ret);
    ret->model.lower_s = bounds.lo - sg_wall_diff(ret->model.ref, origin);
    ret->model.upper_s = bounds.hi - sg_wall_diff(ret->model.ref, origin);
    ret->model.lower_s = fmin(ret->model.lower_s, 0);
    ret->model.upper_s = fmax(ret->model.upper_s, 0);
    ret->model.error_s =
        fmin(ret->model.error_s, fmax(-ret->model.lower_s, ret->model.upper_s));
    return true;
}

bool
sg_filter_spike(const struct sg_filter *filter, const struct sg_drift *drift,
                struct sg_estimate *ret)
{
    const struct sg_sample *spike = &filter->spike;
    double half_s = sg_wall_diff(spike->upper, spike->lower) / 2;

    if (!filter->has_spike)
        return false;
    *ret = (struct sg_estimate){
        .samples = 1,
        .model =
            {
                .valid = true,
                .at = spike->at,
                .ref = sg_wall_add(spike->lower, half_s),
                .lower_s = -half_s,
                .upper_s = half_s,
                .error_s = half_s,
                .rate_ppm = drift->rate_ppm,
                .growth_ppm = drift->bound_ppm,
                .wander_ppm = drift->bound_ppm,
            },
    };
    return true;
}

enum sg_filter_fate
sg_filter_add(struct sg_filter *filter, const struct sg_sample *sample,
              const struct sg_drift *drift, double prior_sd_ppm)
{
    struct range known;

    if (filter->n == 0) {
        push(filter, sample);
        take_trip(filter, sample, drift, prior_sd_ppm);
        return SG_FILTER_KEPT;
    }
    if (sg_raw_diff(sample->at, sg_filter_newest(filter)->at) <= 0)
        return SG_FILTER_STALE;
    known = intersect(filter, sample->at, sample->lower, drift);
    if (known.lo <= sg_wall_diff(sample->upper, sample->lower) &&
        known.hi >= 0) {
        filter->has_spike = false;
        push(filter, sample);
        return take_trip(filter, sample, drift, prior_sd_ppm)
                   ? SG_FILTER_KEPT
                   : SG_FILTER_SURPRISED;
    }
    if (filter->has_spike && agree(&filter->spike, sample, drift)) {
        struct sg_sample first = filter->spike;

        sg_filter_reset(filter);
        push(filter, &first);
        push(filter, sample);
        take_trip(filter, &first, drift, prior_sd_ppm);
        take_trip(filter, sample, drift, prior_sd_ppm);
        return SG_FILTER_JUMPED;
    }
    filter->has_spike = true;
    filter->spike = *sample;
    return SG_FILTER_SPIKE;
}

static void
shift_sample(struct sg_sample *sample, double span_s)
{
    sample->lower = sg_wall_add(sample->lower, span_s);
    sample->upper = sg_wall_add(sample->upper, span_s);
    sample->guess = sg_wall_add(sample->guess, span_s);
}

void
sg_filter_shift(struct sg_filter *filter, double span_s)
{
    for (int i = 0; i < filter->n; i++)
        shift_sample(&filter->samples[i], span_s);
    shift_sample(&filter->spike, span_s);
    filter->bank_wall = sg_wall_add(filter->bank_wall, span_s);
}

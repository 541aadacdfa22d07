#include "core/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/regress.h"

#define CAPACITY 64

/*
 * Random walk of a quartz's frequency, per square root of a second: the longer
 * ago a sample, the less it says about now, by sqrt(age^3 / 3).  Learned from
 * how well samples were foreseen, within what quartz does.
 */
#define WANDER_START 2e-9
#define WANDER_LEAST 1e-9
#define WANDER_MOST 1e-7
#define SURPRISE_GAIN 0.1
#define FEW 8 /* samples that do not show yet what a path is like */

/* Time stamps of a quiet host scatter by about this much (0.9 quantile of
 * software stamps on a LAN). */
#define STAMP_NOISE_S 2e-6

/* 99.9 % of a normal distribution are 3.3; the points share their wander, so
 * the fit thinks too well of itself (by half, in simulation). */
#define SIGMAS 5.0

struct sg_filter {
    struct sg_sample samples[CAPACITY]; /* oldest first */
    int n;
    bool has_spike;
    struct sg_sample spike;
    double wander;
    double surprise; /* mean square of (sample - foreseen) / expected error */
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
    filter->wander = WANDER_START;
    filter->surprise = 1;
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

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* What the delays of a path look like. */
struct path {
    int n; /* samples with a guess */
    double least_s;
    double typical_s; /* above the least */
};

static struct path
path_of(const struct sg_filter *filter)
{
    struct path path = {0, 0, 0};
    double delays[CAPACITY];

    for (int i = 0; i < filter->n; i++)
        if (filter->samples[i].has_guess)
            delays[path.n++] = filter->samples[i].delay_s;
    if (path.n == 0)
        return path;
    qsort(delays, (size_t)path.n, sizeof *delays, compare_doubles);
    path.least_s = delays[0];
    path.typical_s = delays[path.n / 2] - delays[0];
    return path;
}

/*
 * Time spent in queues is on either way unknown, so a guess is off by
 * anything within +-wait/2.  The least delay seen is not yet the least
 * possible one, and a few samples cannot tell the path from a queue.
 */
static double
guess_sd_s(const struct sg_sample *sample, const struct path *path)
{
    double wait_s = fmax(sample->delay_s - path->least_s, 0) +
                    path->typical_s / 4 + STAMP_NOISE_S;
    double sd_s = wait_s / sqrt(12);

    if (path->n < FEW)
        sd_s = hypot(sd_s, path->typical_s / 2 + path->least_s / (4 * path->n));
    return sd_s;
}

/* Samples with a guess, as points around now; returns how many. */
static int
make_points(const struct sg_filter *filter, struct sg_raw now,
            struct sg_wall origin, struct sg_point *ret)
{
    struct path path = path_of(filter);
    int n = 0;

    for (int i = 0; i < filter->n; i++) {
        const struct sg_sample *s = &filter->samples[i];
        double age_s = sg_raw_diff(now, s->at);

        if (!s->has_guess)
            continue;
        ret[n].t_s = -age_s;
        ret[n].x_s = sg_wall_diff(s->guess, origin) + age_s;
        ret[n].sd_s =
            hypot(guess_sd_s(s, &path),
                  filter->wander * sqrt(fabs(age_s * age_s * age_s) / 3));
        n++;
    }
    return n;
}

static void
estimate_guess(const struct sg_filter *filter, struct sg_raw now,
               struct sg_wall origin, const struct range *bounds,
               const struct sg_drift *drift, double prior_sd_ppm,
               struct sg_estimate *ret)
{
    struct sg_point points[CAPACITY];
    struct sg_line line;
    int n = make_points(filter, now, origin, points);

    ret->has_guess = n > 0;
    if (!ret->has_guess)
        return;
    sg_regress(points, n, drift->rate_ppm * 1e-6, prior_sd_ppm * 1e-6, &line);
    line.x_s = fmin(fmax(line.x_s, bounds->lo), bounds->hi);
    ret->model.ref = sg_wall_add(origin, line.x_s);
    ret->model.rate_ppm =
        fmin(fmax(line.slope * 1e6, drift->rate_ppm - drift->bound_ppm),
             drift->rate_ppm + drift->bound_ppm);
    /* the bounds move with the guess but must grow from what is certain */
    ret->model.growth_ppm += fabs(ret->model.rate_ppm - drift->rate_ppm);
    ret->rate_sd_ppm = line.slope_sd * 1e6;
    ret->model.error_s = SIGMAS * line.sd_s * sqrt(fmax(filter->surprise, 1));
    ret->model.wander_ppm =
        fmin(drift->bound_ppm, SIGMAS * ret->rate_sd_ppm + 0.1);
}

bool
sg_filter_estimate(const struct sg_filter *filter, struct sg_raw now,
                   const struct sg_drift *drift, double prior_sd_ppm,
                   struct sg_estimate *ret)
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
    estimate_guess(filter, now, origin, &bounds, drift, prior_sd_ppm, ret);
    ret->model.lower_s = bounds.lo - sg_wall_diff(ret->model.ref, origin);
    ret->model.upper_s = bounds.hi - sg_wall_diff(ret->model.ref, origin);
    ret->model.lower_s = fmin(ret->model.lower_s, 0);
    ret->model.upper_s = fmax(ret->model.upper_s, 0);
    ret->model.error_s =
        fmin(ret->model.error_s, fmax(-ret->model.lower_s, ret->model.upper_s));
    return true;
}

/*
 * How well was this sample foreseen?  Misses say that the oscillator wanders
 * more than was thought, hits that it rests.
 */
static void
learn(struct sg_filter *filter, const struct sg_sample *sample,
      const struct sg_drift *drift, double prior_sd_ppm)
{
    struct path path = path_of(filter);
    struct sg_estimate foreseen;
    double miss_s, expected_s, ratio;

    if (!sample->has_guess || path.n < FEW ||
        !sg_filter_estimate(filter, sample->at, drift, prior_sd_ppm, &foreseen))
        return;
    miss_s = sg_wall_diff(sample->guess, foreseen.model.ref);
    expected_s = hypot(foreseen.model.error_s /
                           (SIGMAS * sqrt(fmax(filter->surprise, 1))),
                       guess_sd_s(sample, &path));
    /* a late packet says nothing of the oscillator */
    ratio = fmin(fabs(miss_s) / expected_s, 4);
    filter->surprise += SURPRISE_GAIN * (ratio * ratio - filter->surprise);
    if (filter->surprise > 1.2)
        filter->wander = fmin(filter->wander * 1.1, WANDER_MOST);
    else if (filter->surprise < 0.8)
        filter->wander = fmax(filter->wander * 0.97, WANDER_LEAST);
}

enum sg_filter_fate
sg_filter_add(struct sg_filter *filter, const struct sg_sample *sample,
              const struct sg_drift *drift, double prior_sd_ppm)
{
    struct range known;

    if (filter->n == 0) {
        push(filter, sample);
        return SG_FILTER_KEPT;
    }
    if (sg_raw_diff(sample->at, sg_filter_newest(filter)->at) <= 0)
        return SG_FILTER_STALE;
    known = intersect(filter, sample->at, sample->lower, drift);
    if (known.lo <= sg_wall_diff(sample->upper, sample->lower) &&
        known.hi >= 0) {
        filter->has_spike = false;
        learn(filter, sample, drift, prior_sd_ppm);
        push(filter, sample);
        return SG_FILTER_KEPT;
    }
    if (filter->has_spike && agree(&filter->spike, sample, drift)) {
        struct sg_sample first = filter->spike;

        sg_filter_reset(filter);
        push(filter, &first);
        push(filter, sample);
        return SG_FILTER_JUMPED;
    }
    filter->has_spike = true;
    filter->spike = *sample;
    return SG_FILTER_SPIKE;
}

/*
 * Sample filter: what one source has told us, reduced to one estimate.
 *
 * Two things are kept apart.  Bounds: every sample says where the source's
 * clock certainly was; past samples are moved on with what is known of the
 * rate and intersected.  Guess: samples that have one are followed by a bank
 * of Kalman filters against the raw clock, see core/bank.h.
 *
 * Nobody adjusts the raw clock, so history stays valid whatever happens to
 * the wall clock; only a suspend ends it.
 *
 * Pure: reads no clock, does no I/O.
 */
#ifndef SG_CORE_FILTER_H
#define SG_CORE_FILTER_H

#include <stdbool.h>

#include "base/instant.h"
#include "core/sample.h"
#include "core/status.h"

struct sg_filter;

/* What is known of how fast reference clocks run against the raw clock. */
struct sg_drift {
    double rate_ppm;
    double bound_ppm; /* the truth is within rate_ppm +- bound_ppm */
};

enum sg_filter_fate {
    SG_FILTER_KEPT,
    SG_FILTER_SURPRISED, /* kept, but nothing before let it expect */
    SG_FILTER_STALE,     /* not newer than the newest sample kept: dropped */
    SG_FILTER_SPIKE,     /* contradicts the bounds; set aside until confirmed */
    SG_FILTER_JUMPED, /* a second one agrees with the spike: the source's clock
                         was moved; history now begins with these two */
};

struct sg_estimate {
    struct sg_model model; /* bounds from the round trips alone */
    bool has_guess;        /* false: model.ref is the middle of the bounds */
    int samples;
    double rate_sd_ppm; /* of model.rate_ppm; meaningful with has_guess */
};

/* NULL if memory runs out. */
struct sg_filter *sg_filter_new(void);

/* Accepts NULL. */
void sg_filter_free(struct sg_filter *filter);

/*
 * Hand over one sample; it is copied.  prior_sd_ppm says how well
 * drift->rate_ppm is known as a guess (its bound is a limit); it only matters
 * while samples are few.
 */
enum sg_filter_fate sg_filter_add(struct sg_filter *filter,
                                  const struct sg_sample *sample,
                                  const struct sg_drift *drift,
                                  double prior_sd_ppm);

/*
 * The source's clock at the instant now.  False, leaving *ret alone, while
 * there is no sample.
 */
bool sg_filter_estimate(const struct sg_filter *filter, struct sg_raw now,
                        const struct sg_drift *drift, struct sg_estimate *ret);

/*
 * The source's clock by its last sample alone, which contradicts those before
 * it.  False, leaving *ret alone, if it does not.
 */
bool sg_filter_spike(const struct sg_filter *filter,
                     const struct sg_drift *drift, struct sg_estimate *ret);

/* The newest sample; NULL while there is none. */
const struct sg_sample *sg_filter_newest(const struct sg_filter *filter);

/* The source's clock was set forward by span_s, as by a leap second, and all
 * that is known is said of it as it runs now. */
void sg_filter_shift(struct sg_filter *filter, double span_s);

/* Forget everything, as after a suspend. */
void sg_filter_reset(struct sg_filter *filter);

#endif

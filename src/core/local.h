/*
 * How our own wall clock runs against the raw clock: what we told it to do,
 * what it does by itself, and what nobody told it.
 */
#ifndef SG_CORE_LOCAL_H
#define SG_CORE_LOCAL_H

#include <stdbool.h>

#include "base/instant.h"

struct sg_local {
    bool known; /* last is valid */
    struct sg_reading last;
    bool natural_known;
    double natural_ppm; /* its rate against the raw clock beyond our course:
                           0 for a kernel clock nobody else steers */
    double base_ppm;    /* our course: this, ... */
    double slew_ppm;    /* ... and this until slew_end */
    struct sg_raw slew_end;
};

/* Nothing is known; the clock runs at base_ppm. */
void sg_local_init(struct sg_local *local, double base_ppm);

/*
 * Take in a reading.  Returns by how much the wall clock moved beyond what
 * its course explains, in seconds, positive forwards; *ret_slack_s is how
 * much of that may be rate rather than a step.  0 for the first reading, and
 * where the slew was cut short: that one is over then.
 */
double sg_local_update(struct sg_local *local, const struct sg_reading *reading,
                       double *ret_slack_s);

/* From this reading on the clock runs on this course. */
void sg_local_course(struct sg_local *local, const struct sg_reading *reading,
                     double base_ppm, double slew_ppm, double duration_s);

/* The wall clock was stepped, by us or as found: go on from this reading. */
void sg_local_moved(struct sg_local *local, const struct sg_reading *reading);

/* Rate against the raw clock without the passing slew. */
double sg_local_rate_ppm(const struct sg_local *local);

/* The slew in force at an instant. */
double sg_local_slew_ppm(const struct sg_local *local, struct sg_raw now);

#endif

#include "clock/check.h"

#include <errno.h>
#include <math.h>

/* A dead hardware clock says 1970; sg_span_to_ns cuts at 200 years. */
#define STEP_MAX_S (100 * 365.25 * 86400)

int
sg_clock_check_course(const struct sg_clock *clock,
                      const struct sg_clock_course *course, struct sg_err *err)
{
    double rate_ppm = course->base_ppm + course->slew_ppm;

    if (fabs(rate_ppm) <= clock->max_ppm) {
        rate_ppm = course->base_ppm; /* what is left after the slew */
        if (fabs(rate_ppm) <= clock->max_ppm)
            return 0;
    }
    return sg_err_set(err, -ERANGE,
                      "%s clock: rate %+.3f ppm is beyond +-%.0f ppm",
                      clock->ops->name, rate_ppm, clock->max_ppm);
}

int
sg_clock_check_step(const struct sg_clock *clock, double offset_s,
                    struct sg_err *err)
{
    if (fabs(offset_s) <= STEP_MAX_S)
        return 0;
    return sg_err_set(err, -ERANGE,
                      "%s clock: step %+.3f s is beyond +-%.0f s (100 years)",
                      clock->ops->name, offset_s, STEP_MAX_S);
}

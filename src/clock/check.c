#include "clock/check.h"

#include <errno.h>
#include <math.h>

/* A dead hardware clock says 1970; sg_span_to_ns cuts at 200 years. */
#define STEP_MAX_S (100 * 365.25 * 86400)

static int
refuse_rate(const struct sg_clock *clock, double rate_ppm, double max_ppm,
            struct sg_err *err)
{
    return sg_err_set(err, -ERANGE,
                      "%s clock: rate %+.3f ppm is beyond +-%.0f ppm",
                      clock->ops->name, rate_ppm, max_ppm);
}

int
sg_clock_check_course(const struct sg_clock *clock,
                      const struct sg_clock_course *course, struct sg_err *err)
{
    double rate_ppm = course->base_ppm + course->slew_ppm;
    double max_ppm =
        fmax(clock->max_ppm, clock->fast_s > 0 ? clock->fast_ppm : 0);

    if (!(fabs(rate_ppm) <= max_ppm))
        return refuse_rate(clock, rate_ppm, max_ppm, err);
    /* what is left after the slew */
    if (!(fabs(course->base_ppm) <= clock->max_ppm))
        return refuse_rate(clock, course->base_ppm, clock->max_ppm, err);
    if (fabs(rate_ppm) <= clock->max_ppm ||
        (course->duration_s > 0 && course->duration_s <= clock->fast_s))
        return 0;
    return sg_err_set(err, -ERANGE,
                      "%s clock: rate %+.3f ppm for %.3f s: beyond +-%.0f ppm "
                      "a slew may last %.0f s",
                      clock->ops->name, rate_ppm, course->duration_s,
                      clock->max_ppm, clock->fast_s);
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

int
sg_clock_say_rival(double before_ppm, double now_ppm, struct sg_err *err)
{
    return sg_err_set(err, -EBUSY,
                      "changed the clock's frequency from %+.3f to %+.3f ppm",
                      before_ppm, now_ppm);
}

#include "clock/course.h"

#include <math.h>

/* What is worth taking back of a slew that lasted too long. */
#define EXCESS_MIN_S 10e-6
#define LATE_MAX_S 0.5
#define ROOM_MIN_PPM 10.0

/* By how much the kernel lets its largest error grow (MAXFREQ). */
#define MAXERROR_PPM 500.0

double
sg_course_wait_s(const struct sg_clock_course *course, double rest_s)
{
    return fmax(rest_s, 0) * (1 + (course->base_ppm + course->slew_ppm) * 1e-6);
}

struct sg_clock_course
sg_course_after(const struct sg_clock *clock,
                const struct sg_clock_course *course, double late_s)
{
    struct sg_clock_course ret = *course;
    double room_ppm = clock->max_ppm - fabs(course->base_ppm);
    bool is_fast = fabs(course->base_ppm + course->slew_ppm) > clock->max_ppm;
    double excess_s = course->slew_ppm * 1e-6 * late_s;

    /* what the kernel has added meanwhile is not to be taken back */
    ret.bound_s += course->duration_s * MAXERROR_PPM * 1e-6;
    ret.slew_ppm = 0;
    ret.duration_s = 0;
    if (!is_fast || late_s > LATE_MAX_S || fabs(excess_s) < EXCESS_MIN_S ||
        room_ppm < ROOM_MIN_PPM)
        return ret;
    ret.slew_ppm = -copysign(room_ppm, excess_s);
    ret.duration_s = fabs(excess_s) / room_ppm * 1e6;
    return ret;
}

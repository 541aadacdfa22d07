/*
 * The end of a slew, for whoever ends one with a driver that cannot.
 */
#ifndef SG_CLOCK_COURSE_H
#define SG_CLOCK_COURSE_H

#include "clock/clock.h"

/*
 * How long a timer is to run for a slew that lasts rest_s more.  Its length is
 * counted by the raw clock, while timers run by the monotonic one, which the
 * slew itself turns: by 0.8 s in 10 s at 8 %.  Never negative.
 */
double sg_course_wait_s(const struct sg_clock_course *course, double rest_s);

/*
 * The course after this one's slew, which lasted late_s too long.  At 8 % one
 * millisecond makes 83 us: that much is taken back.  Who was held up for long
 * had better measure again; a keeper may have ended the slew meanwhile.
 */
struct sg_clock_course sg_course_after(const struct sg_clock *clock,
                                       const struct sg_clock_course *course,
                                       double late_s);

#endif

/*
 * What every driver that moves a clock refuses, in the same words.
 */
#ifndef SG_CLOCK_CHECK_H
#define SG_CLOCK_CHECK_H

#include "base/err.h"
#include "clock/clock.h"

/* -ERANGE if a rate, during the slew or after it, is beyond what sg_clock_ops
 * allows. */
int sg_clock_check_course(const struct sg_clock *clock,
                          const struct sg_clock_course *course,
                          struct sg_err *err);

/* -ERANGE beyond +-100 years, or for what is no number. */
int sg_clock_check_step(const struct sg_clock *clock, double offset_s,
                        struct sg_err *err);

/* Refuse to steer on: somebody else set this frequency.  -EBUSY. */
int sg_clock_say_rival(double before_ppm, double now_ppm, struct sg_err *err);

#endif

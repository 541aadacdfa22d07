/*
 * A slew of the kernel's clock, and how it is ended by whoever finds it.
 *
 * The kernel keeps the rate it was told for ever, so a slew whose daemon died
 * would carry the clock away.  Nothing here needs memory, a lock or a library,
 * so that a forked child can use it.
 */
#ifndef SG_CLOCK_SLEW_H
#define SG_CLOCK_SLEW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/timex.h>

/* As in struct timex: 65536 of freq are 1 ppm, one of tick is 100 ppm. */
struct sg_rate {
    long freq;
    long tick;
};

struct sg_slew {
    int64_t end_ns; /* raw; 0: there is no slew */
    struct sg_rate rate;
    struct sg_rate base; /* afterwards */
};

/* The nominal tick within +-500 ppm, beyond that the nearest one. */
struct sg_rate sg_rate_of_ppm(double ppm);
double sg_rate_ppm(struct sg_rate rate);

/* Microseconds per tick of a clock that runs at its nominal rate. */
long sg_rate_nominal_tick(void);

/* The kernel rounds what it is told; this is the same to its last digits. */
bool sg_rate_is_freq(const struct timex *now, struct sg_rate rate);
bool sg_rate_is(const struct timex *now, struct sg_rate rate);

/*
 * Put the base frequency back where the slew is in force.  What somebody else
 * has changed meanwhile stays as he wants it: one who sets the frequency alone
 * would otherwise inherit a tick that is 8 % wrong.  1 if something was put
 * back, 0 if the slew is not in force, or a negative errno.
 */
int sg_slew_end(const struct sg_slew *slew);

#endif

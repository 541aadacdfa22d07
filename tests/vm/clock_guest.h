/*
 * What the parts of the throw-away machine's only program share.
 */
#ifndef CLOCK_GUEST_H
#define CLOCK_GUEST_H

#include <stdbool.h>
#include <sys/timex.h>

#include "base/instant.h"
#include "clock/clock.h"

/* Print and count a failure. */
void expect(bool good, const char *what);

/* CLOCK_REALTIME - CLOCK_MONOTONIC_RAW, in what passed since the base. */
double gone_s(const struct sg_reading *base);

struct timex present(void);

/* Fast slews, and those whose daemon dies or hangs. */
void try_slews(void);

/* Other hands on the clock, and what they leave. */
void try_rivals(void);

/* A second is inserted, left out, and neither. */
void try_leaps(void);

#endif

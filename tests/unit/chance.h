/*
 * Random numbers of tests that try many cases: the seed is printed, and
 * SG_SEED repeats a run.  Under valgrind SG_FEW makes the cases fewer.
 */
#ifndef SG_TESTS_UNIT_CHANCE_H
#define SG_TESTS_UNIT_CHANCE_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/hostclock.h"

static uint64_t chance_state;

/* Call first in each random test. */
static inline void
chance_begin(void)
{
    const char *given = getenv("SG_SEED");

    chance_state =
        given ? strtoull(given, NULL, 10) : (uint64_t)sg_host_raw().ns;
    print_message("seed: SG_SEED=%llu\n", (unsigned long long)chance_state);
}

/* How many cases a long test tries. */
static inline int
chance_rounds(int n)
{
    return getenv("SG_FEW") ? n / 50 : n;
}

/* splitmix64, public domain (Vigna 2015). */
static inline uint64_t
chance_bits(void)
{
    uint64_t z = chance_state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Even in [lo, hi). */
static inline double
chance_between(double lo, double hi)
{
    return lo + (hi - lo) * (double)(chance_bits() >> 11) * 0x1p-53;
}

/* Even in 0 .. n - 1. */
static inline int
chance_below(int n)
{
    return (int)(chance_bits() % (uint64_t)n);
}

/* Normal, with deviation 1 (Box and Muller). */
static inline double
chance_normal(void)
{
    double radius = sqrt(-2 * log(1 - chance_between(0, 1)));

    return radius * cos(6.283185307179586 * chance_between(0, 1));
}

#endif

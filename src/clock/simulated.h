/*
 * A simulated clock put together from its parts, so that a test can bring its
 * own time and seed.  Programs use sg_clock_simulated_new.
 */
#ifndef SG_CLOCK_SIMULATED_H
#define SG_CLOCK_SIMULATED_H

#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "clock/clock.h"
#include "clock/simulated_spec.h"

typedef struct sg_raw sg_simulated_raw(void *arg);

struct sg_simulated_world {
    sg_simulated_raw *raw; /* the raw clock underneath; never runs back */
    void *arg;             /* lent to it for the clock's life */
    struct sg_wall wall;   /* what a right clock reads at start */
    uint64_t seed;         /* of the wander */
};

/* Both arguments are copied.  NULL with a reason if memory runs out. */
struct sg_clock *sg_clock_simulated_make(const struct sg_simulated_spec *spec,
                                         const struct sg_simulated_world *world,
                                         struct sg_err *err);

#endif

/*
 * What is going on at a moment of a soak, and so how far off the clock, and
 * what is said of it, may be.
 */
#ifndef SG_SIM_SOAK_TROUBLE_H
#define SG_SIM_SOAK_TROUBLE_H

#include "soak_plan.h"

struct soak_trouble {
    bool is_ours;   /* our clock is being put right */
    bool is_silent; /* fewer than two hosts that tell the truth answer */
    bool is_new;    /* the engine has just begun, or forgotten all, or a second
                       leaps: nothing is judged in the first moment */
    bool is_stale;  /* a wrong proof may be the last one */
    double lie_s;   /* somebody else can lead us astray by so much */
};

struct soak_troubles {
    const struct soak_plan *plan;
    int first; /* out: the faults before it are long over */
};

/* For instants one after the other. */
struct soak_trouble soak_trouble_at(struct soak_troubles *troubles, double t_s);

#endif

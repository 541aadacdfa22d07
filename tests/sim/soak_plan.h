/*
 * A month in which everything fails at random: servers die, lie, drift, hang
 * and hover, paths get slow, our clock is stepped, its oscillator changes, the
 * host sleeps, the daemon is restarted, the kernel refuses, a second leaps.
 *
 * What must hold needs somebody who tells the truth, so that at most one host
 * is wrong at a time, and then all others answer.  All others may be dead at
 * once.
 */
#ifndef SG_SIM_SOAK_PLAN_H
#define SG_SIM_SOAK_PLAN_H

#include "world.h"

#define SOAK_MAX_FAULTS 2048
#define SOAK_PROVEN_HOSTS 2 /* the first ones prove their time by our key */

enum soak_kind {
    SOAK_DIES,     /* a host */
    SOAK_PORT,     /* ... answers by one of its services no more */
    SOAK_BLACKOUT, /* nobody answers */
    SOAK_JUMPS,    /* a host's clock is wrong, and put right */
    SOAK_DRIFTS,
    SOAK_FREEZES,
    SOAK_HOVERS,
    SOAK_LATE, /* its answers come late, and so seem wrong */
    SOAK_JITTER,
    SOAK_STEP,    /* somebody steps our clock */
    SOAK_RATE,    /* our oscillator runs otherwise for a while */
    SOAK_SUSPEND, /* our host sleeps */
    SOAK_RESTART, /* the daemon */
    SOAK_REFUSAL, /* our kernel lets nobody set the clock for a while */
    SOAK_KINDS
};

extern const char *const soak_kind_names[SOAK_KINDS];

/* Does a server seem to have another time? */
bool soak_is_wrong(enum soak_kind kind);

struct soak_fault {
    enum soak_kind kind;
    int host; /* -1: ours, or all */
    double from_s, to_s;
    double value; /* s or ppm, as the kind has it */
};

struct soak_plan {
    struct sim_setup setup;
    int n_faults;
    struct soak_fault faults[SOAK_MAX_FAULTS]; /* by from_s */
};

/* days: how long, of which the last 1.5 are quiet. */
void soak_plan_make(struct soak_plan *ret, double days, uint64_t seed);

#endif

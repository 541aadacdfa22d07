/*
 * Scenario files: what the world does, and what must hold.
 *
 *   run 6h                            simulated time
 *   seeds 5                           runs, each with other random numbers
 *   mode discipline | guard           default discipline
 *   clock offset +600s drift 12ppm wander 1e-9 [saved 12ppm] [unnoticed]
 *   realm EXAMPLE.ORG 300s
 *   source a ntp host A [utc] delay 5ms jitter 2ms [offset +1s] [rate 1ppm]
 *          [root 1ms] [loss 20%] [skew 60%] [try]
 *   source k kdc host A delay 3ms jitter 1ms [stale] [load 50]
 *   at 2h k offset +90s | jitter 1ms | rate 5ppm | silent | back
 *   at 2h clock step +200s | suspend 10min | rate +50ppm
 *
 *   expect offset below 5ms from 10m [to 1h]    largest |true - wall|
 *   expect rms below 50us from 1h [to 2h]
 *   expect frequency below 0.5ppm from 1h       base against the truth
 *   expect steps at most 1 | at least 1
 *   expect state warn from 1h to 2h
 *   expect state warn within 5m of 2h
 *   expect blame kdc from 1h [to 2h]
 *   expect source a falseticker from 1h [to 2h]
 *   expect error honest 99.9% [from 1m]         truth within error_s
 *   expect bound honest                         truth within the bounds, always
 *   expect packets at most 70 per hour from 1h  (all sources together)
 *   expect forecast between 2h and 4h at 1h     of the realm's limit
 */
#ifndef SG_SIM_SCENARIO_H
#define SG_SIM_SCENARIO_H

#include "world.h"

#define SIM_MAX_EXPECTS 24

enum sim_quantity {
    SIM_Q_OFFSET,
    SIM_Q_RMS,
    SIM_Q_FREQUENCY,
    SIM_Q_STEPS_MAX,
    SIM_Q_STEPS_MIN,
    SIM_Q_STATE,
    SIM_Q_STATE_WITHIN,
    SIM_Q_BLAME,
    SIM_Q_SOURCE,
    SIM_Q_ERROR,
    SIM_Q_BOUND,
    SIM_Q_PACKETS,
    SIM_Q_FORECAST,
};

struct sim_expect {
    enum sim_quantity quantity;
    char text[160]; /* the line, for the report */
    double limit, limit2;
    double from_s, to_s;
    int word;   /* state, blame or tally */
    int source; /* SOURCE */
};

struct sim_scenario {
    struct sim_setup setup;
    int seeds;
    int n_expects;
    struct sim_expect expects[SIM_MAX_EXPECTS];
};

/* Ends the program with file, line and reason if the file is wrong. */
void sim_scenario_load(const char *path, struct sim_scenario *ret);

#endif

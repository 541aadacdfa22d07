/*
 * Scenario files: what the world does, and what must hold.
 *
 *   run 6h                            simulated time
 *   seeds 5                           runs, each with other random numbers
 *   poll 16s                          between questions; default 64s
 *   mode discipline | guard           default discipline
 *   clock offset +600s drift 12ppm wander 1e-9 [sine 1ppm 2h] [saved 12ppm]
 *         [unnoticed]
 *     wander: random walk of the frequency, per square root of a second;
 *     sine: amplitude and period of its swing; saved: what an earlier run
 *     learned; unnoticed: the kernel does not tell of foreign steps
 *   leap +1 at 12h                    a second inserted (-1: left out, 0: none)
 *                                     at the end of a year, so long after start
 *   realm EXAMPLE.ORG 300s
 *   source a ntp host A [utc] delay 5ms jitter 2ms [offset +1s] [rate 1ppm]
 *          [root 1ms] [loss 20%] [skew 60%] [try] [silent]
 *          [jitter-back 1ms] [shape 3] [busy 30ms 50ms] [late 1s]
 *          [noleap | smear | wrongleap | randomleap]
 *          [fickle stratum] [fickle leap] [fickle root] [fickle stamps]
 *     delay: round trip without queues, of which skew is on the way there;
 *     jitter: mean of an exponential wait each way; shape: so many such waits
 *     one after the other; busy: on the way back in the first 10 minutes of
 *     each hour, so much more and so much (exponential) at random; late: on
 *     the way back; loss: each way; fickle: other in each answer, see nature.h
 *   source k kdc host A delay 3ms jitter 1ms [stale] [load 50]
 *   at 2h k offset +90s | jitter 1ms | rate 5ppm | late 2s | freeze
 *   at 2h k silent | back
 *   at 2h clock step +200s | suspend 10min | rate +50ppm
 *   at 2h k wobble 15s 20min                     it hovers: standard deviation,
 *                                                and about what time swings
 * take at 2h clock refuses all | frequency | nothing all: EPERM; frequency:
 * EINVAL for any rate, steps are done at 2h clock restart 1s the daemon, which
 * takes so long at 2h clock rival                            is seen to steer
 * our clock alerts [calm 5min] [spread 10min] [remind once | daily |
 * diminishing] the policy looks on, as without a configuration if nothing else
 * is said
 *
 *   expect offset below 5ms from 10m [to 1h]    largest |true - wall|
 *   expect rms below 50us from 1h [to 2h]
 *   expect settled below 10ms within 2s [of 1h] and so for 10 minutes or to
 *                                               the end of the run
 *   expect frequency below 0.5ppm from 1h       base against the truth
 *   expect steps at most 1 | at least 1
 *   expect state warn from 1h to 2h
 *   expect state warn within 5m of 2h
 *   expect blame kdc from 1h [to 2h]
 *   expect source a falseticker from 1h [to 2h] or unbelieved: neither steers
 *                                               nor agrees
 *   expect bound honest                         truth within the bounds, always
 *   expect packets at most 70 per hour from 1h  (all sources together)
 *   expect forecast between 2h and 4h at 1h     of the realm's limit
 *   expect decision hold from 1h [to 2h]        its first word
 *   expect synced from 10s [to 1h]              is the clock said to be set?
 *   expect unsynced to 1h
 *   expect events at most 5 [from 1h] [to 2h]   lines in the log, of which
 *                                      core/chatter leaves out what flaps
 *   expect mails [KIND] at most 3 | at least 1 [from 1h] [to 2h]
 *   expect logs [KIND] at most 3 | at least 1 [from 1h] [to 2h]
 *   expect mail [KIND] within 60s of 5h         the first one from then on
 *   expect log [KIND] within 60s of 5h
 *     KIND: what is told, in any of its words: raised, worse, changed,
 *     reminder, recovered; notice, forecast, unknown, warn, critical, exceeded;
 *     realm, server, step, rival, refused; blaming kdc, and others
 * Each of them is asked of each seed.  "expect median rms ..." asks the median
 * over the seeds, "expect overall rms ..." the seconds of all seeds together,
 * and so do always:
 *   expect error honest 99.9% [from 1m]         truth within error_s
 *   expect error tight 10 from 1h               median error_s / true RMS
 *
 * The tests/sim/limits script sets the limits of "median rms", "overall rms"
 * and "median offset" to 25 % above what is reached.
 */
#ifndef SG_SIM_SCENARIO_H
#define SG_SIM_SCENARIO_H

#include "world.h"

#define SIM_MAX_EXPECTS 32
#define SIM_MAX_SEEDS 32

enum sim_quantity {
    SIM_Q_OFFSET,
    SIM_Q_RMS,
    SIM_Q_SETTLED,
    SIM_Q_FREQUENCY,
    SIM_Q_STEPS_MAX,
    SIM_Q_STEPS_MIN,
    SIM_Q_STATE,
    SIM_Q_STATE_WITHIN,
    SIM_Q_BLAME,
    SIM_Q_SOURCE,
    SIM_Q_ERROR,
    SIM_Q_TIGHT,
    SIM_Q_BOUND,
    SIM_Q_PACKETS,
    SIM_Q_FORECAST,
    SIM_Q_DECISION,
    SIM_Q_SYNCED,
    SIM_Q_EVENTS,
    SIM_Q_LEAP,
    SIM_Q_FOREIGN,
    SIM_Q_SAID,
    SIM_Q_ALERTS_MAX,
    SIM_Q_ALERTS_MIN,
    SIM_Q_ALERT_WITHIN,
};

/* Which alerts; -1: any. */
struct sim_told {
    bool by_mail; /* else by the log */
    int topic, level, phase, blame;
};

enum sim_scope {
    SIM_EACH,    /* asked of each seed */
    SIM_MEDIAN,  /* of the median over the seeds */
    SIM_OVERALL, /* of the seconds of all seeds */
};

struct sim_expect {
    enum sim_quantity quantity;
    enum sim_scope scope;
    char text[160]; /* the line, for the report */
    double limit, limit2;
    double from_s, to_s;
    int word;      /* state, blame, tally or leap */
    int source;    /* SOURCE */
    char name[16]; /* DECISION */
    struct sim_told told;
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

/*
 * How the world is by nature: chance, waits on a path, servers whose answers
 * are never twice the same.
 */
#ifndef SG_SIM_NATURE_H
#define SG_SIM_NATURE_H

#include <stdbool.h>
#include <stdint.h>

struct sim_random {
    uint64_t state; /* any seed */
};

double sim_uniform(struct sim_random *random); /* in (0, 1) */
double sim_exponential(struct sim_random *random, double mean);
double sim_normal(struct sim_random *random); /* variance 1 */

/* What a packet waits in queues, beyond the least delay. */
struct sim_queues {
    double jitter_s;      /* mean of an exponential wait, each way */
    double jitter_back_s; /* ... on the way back; 0: the same */
    int shape; /* so many such waits one after the other (gamma); 0: one */
    double busy_s, busy_jitter_s; /* on the way back, a sixth of each hour:
                                     so much more, and so much at random */
    double late_s;                /* on the way back, always */
};

double sim_wait_s(struct sim_random *random, const struct sim_queues *queues,
                  bool is_back, double t_s);

#define SIM_SWINGS 12

/* A clock that hovers: swings of periods around scale_s, each of which begins
 * somewhere, make what looks like noise.  One clock is one wobble, whoever
 * shows it, so it is a function of the time and not of who looks when. */
struct sim_wobble {
    double sd_s; /* 0: none */
    double scale_s;
    double phases[SIM_SWINGS];
};

/* The same for the same seed and host. */
void sim_wobble_init(struct sim_wobble *ret, double sd_s, double scale_s,
                     uint64_t seed, const char *host);
double sim_wobble_s(const struct sim_wobble *wobble, double t_s);

/* What differs from answer to answer. */
enum sim_fickle {
    SIM_FICKLE_STRATUM, /* 0 to 16 */
    SIM_FICKLE_LEAP,    /* 0 to 3 */
    SIM_FICKLE_ROOT,    /* root delay and dispersion: 15 us to 18 h */
    SIM_FICKLE_STAMPS,  /* half of them go back by up to 1 s */
    SIM_FICKLE_COUNT
};

/* fickle: bits 1 << enum sim_fickle.  For an NTP packet of 48 bytes. */
void sim_distort(struct sim_random *random, unsigned fickle, uint8_t *packet);

#endif

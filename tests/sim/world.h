/*
 * A small world with a true time, in which the engine runs: a host with an
 * oscillator, servers with clocks of their own, paths with delay.
 *
 * The world knows the true time, the engine does not; scenarios compare.
 * Packets are real: an NTP server's answer is 48 bytes that the codec reads.
 */
#ifndef SG_SIM_WORLD_H
#define SG_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/alert.h"
#include "core/engine.h"
#include "nature.h"

#define SIM_MAX_SOURCES 64
#define SIM_MAX_HAPPENINGS 8192

/* What a server does about a leap second. */
enum sim_leaper {
    SIM_LEAPS,       /* announces and makes it */
    SIM_NOLEAP,      /* makes it without a word */
    SIM_SMEAR,       /* spreads it from noon to noon, without a word */
    SIM_WRONG_LEAP,  /* announces another one */
    SIM_RANDOM_LEAP, /* announces what comes to its mind */
    SIM_LEAPERS
};

struct sim_source {
    struct sg_engine_source about;
    char host[64];
    double offset_s;  /* its clock - true time */
    double rate_ppm;  /* its clock drifts by this */
    double delay_s;   /* round trip without queues */
    double skew_frac; /* share of delay_s on the way there; 0.5: even */
    struct sim_queues queues;
    struct sim_wobble wobble;
    double root_s;    /* root dispersion it announces */
    double load;      /* other questions per second to a KDC */
    bool stale;       /* a KDC that repeats stale microseconds */
    double loss_frac; /* each way */
    bool silent;
    unsigned fickle; /* bits 1 << enum sim_fickle */
    enum sim_leaper leaper;
};

enum sim_verb {
    SIM_OFFSET, /* a server's clock jumps by value */
    SIM_JITTER, /* from now on */
    SIM_DRIFT,  /* a server's clock runs faster by value ppm from now on */
    SIM_LATE,   /* a server's answers come so much later from now on */
    SIM_WOBBLE, /* a server's clock hovers by value, within more */
    SIM_SILENT,
    SIM_BACK,
    SIM_FREEZE,  /* a server's clock stands still from now on */
    SIM_STEP,    /* somebody steps our clock by value */
    SIM_SUSPEND, /* for value */
    SIM_RATE,    /* our oscillator changes by value ppm */
    SIM_REFUSE,  /* our kernel refuses: enum sim_refusal */
    SIM_RESTART, /* the daemon ends and is started again after value */
    SIM_RIVAL,   /* somebody else is seen to steer our clock */
};

enum sim_refusal {
    SIM_REFUSES_NOTHING,
    SIM_REFUSES_FREQUENCY, /* EINVAL: any rate; steps are done */
    SIM_REFUSES_ALL,       /* EPERM: the clock may not be set */
};

struct sim_happening {
    double at_s;
    enum sim_verb verb;
    int source; /* -1: our host */
    double value, more;
};

struct sim_setup {
    double run_s;
    double clock_offset_s; /* true - wall at start */
    double drift_ppm;      /* our oscillator against true time */
    double wander;         /* random walk of that, per square root of 1 s */
    double sine_ppm;       /* amplitude of a periodic change of it */
    double sine_s;         /* ... and its period */
    bool guard;            /* guard mode */
    double leap_at_s;      /* > 0: a month ends then, with a leap second: */
    int leap_s;            /* +1 inserted, -1 left out, 0 none */
    bool notice;           /* the kernel tells of foreign steps */
    struct sg_engine_config engine;
    bool has_alerts; /* the alert policy looks on */
    struct sg_alerts_config alerts;
    int n_sources;
    struct sim_source sources[SIM_MAX_SOURCES];
    char realm[64]; /* empty: none */
    double clockskew_s;
    int n_happenings;
    struct sim_happening happenings[SIM_MAX_HAPPENINGS];
};

/* What an observer that knows the truth sees. */
struct sim_view {
    double t_s;
    double offset_s;  /* true - wall */
    double drift_ppm; /* of the oscillator at this moment */
    struct sg_reading now;
    unsigned packets; /* so far */
    const struct sg_status *status;
    const struct sg_decision *decision; /* NULL: just a second that passed */
    double step_s; /* the engine just stepped by this; 0: no */
};

/* A question that leaves our host. */
struct sim_question {
    double t_s;
    int source;
    struct sg_reading now;
    double skew_s; /* the server's clock - ours, really */
    bool is_heard; /* false: nobody is there to answer it */
};

/* Who watches; what is NULL is not called. */
struct sim_observer {
    void *arg;
    /* every simulated second and at decisions, which costs most of the time */
    void (*look)(void *arg, const struct sim_view *view);
    void (*asked)(void *arg, const struct sim_question *question);
    /* the same decisions that are looked at, with their events */
    void (*decided)(void *arg, double t_s, const struct sg_decision *decision);
    /* each thing that is told, with has_alerts */
    void (*alerted)(void *arg, double t_s, const struct sg_alert *alert);
};

/* Counted for "costs next to nothing". */
struct sim_counts {
    unsigned packets, ticks, decisions, alert_looks;
};

/* As the daemon is without a configuration: in discipline mode, beside a
 * kernel that tells of steps, on a clock with its range.  Neither realm nor
 * sources, and alerts as they would be but without them. */
void sim_setup_init(struct sim_setup *ret);

/* Run it, watched. */
void sim_run(const struct sim_setup *setup, uint64_t seed,
             const struct sim_observer *observer, struct sim_counts *ret);

#endif

/*
 * Hold what happens in a world against what a scenario expects.
 */
#ifndef SG_SIM_WATCH_H
#define SG_SIM_WATCH_H

#include <stdbool.h>

#include "core/chatter.h"

#include "scenario.h"

/* A histogram of error_s: from 1 ns on, 100 classes for each power of 10. */
#define SIM_CLASSES 1300

/* What was seen of one expectation, by one seed or by several. */
struct sim_tally {
    double value; /* worst so far, sum of squares, or last seen */
    unsigned seen, good;
    unsigned packets;
    unsigned errors[SIM_CLASSES];
};

struct sim_watcher {
    const struct sim_scenario *scenario;
    struct sg_chatter *chatter; /* events are counted as lines in the log */
    struct sim_tally tallies[SIM_MAX_EXPECTS];
    bool verbose, shows_alerts;
    unsigned mails, logs;
};

/* Looks at each second and decision; arg is a struct sim_watcher. */
void sim_watch(void *arg, const struct sim_view *view);

/* Looks at each thing that is told; the same arg. */
void sim_watch_alert(void *arg, double t_s, const struct sg_alert *alert);

/* Add what another seed saw. */
void sim_tally_add(const struct sim_expect *e, const struct sim_tally *tally,
                   struct sim_tally *ret);

/* The figure that a tally comes to. */
double sim_reached(const struct sim_expect *e, const struct sim_tally *tally);

/* Is that figure good enough? */
bool sim_holds(const struct sim_expect *e, double reached);

#endif

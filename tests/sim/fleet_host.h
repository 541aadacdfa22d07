/*
 * Many hosts of one realm.
 *
 * Hosts do not influence each other, since a KDC answers whatever its load.
 * So they run one after the other, each with its own chance, clock, path and
 * moment of start, and what they ask is added up.
 */
#ifndef SG_SIM_FLEET_HOST_H
#define SG_SIM_FLEET_HOST_H

#include <stdint.h>

#include "fleet_load.h"
#include "world.h"

/* The same for all of them.  Times are the fleet's. */
struct fleet_plan {
    int hosts;
    int kdcs;
    bool ntp;       /* the KDCs' hosts serve NTP, too */
    bool is_old;    /* their tickets are of any age at start */
    double start_s; /* they start within so long, at full seconds */
    double run_s;
    double happens_s; /* > 0: then this happens to the first KDC's host: */
    enum sim_verb verb;
    double value;
    bool to_all;   /* ... or to those of all KDCs */
    double back_s; /* > 0: so long after that it is undone */
};

#define FLEET_SEVERITIES 8

/* What they tell, with the policy as it is without a configuration. */
struct fleet_told {
    unsigned long mails, lines;
    unsigned long by_severity[FLEET_SEVERITIES]; /* of the mails */
    unsigned *minutes;        /* mails, by the minute of the run */
    unsigned worst_minute;    /* ... and the worst of them */
    unsigned unrecovered;     /* most mails of a host before its recovery */
    unsigned long recoveries; /* of the mails */
    unsigned long ours;       /* mails and lines that say it is this host */
};

/* What was seen of all of them. */
struct fleet {
    struct fleet_plan plan;
    struct fleet_load load; /* of its KDCs; one that is dead sees nothing */
    unsigned long logins;   /* tickets that had to be got */
    unsigned long at_start; /* requests of hosts in their first 2 min */
    unsigned worst_hour;    /* most requests of a host in any hour but its
                               first */
    struct fleet_told told;
    double *knew_s; /* each host: from what happened to its saying that
                       the limit is exceeded; INFINITY: never */
};

/* Run them all.  Ends the program if memory runs out. */
void fleet_run(struct fleet *fleet, const struct fleet_plan *plan,
               uint64_t seed);
void fleet_clear(struct fleet *fleet);

#endif

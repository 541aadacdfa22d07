/*
 * Combination: from what every source says to what the clock should follow.
 *
 * One consensus is made of the group that is followed; the other group
 * confirms or contradicts it.
 */
#ifndef SG_CORE_COMBINE_H
#define SG_CORE_COMBINE_H

#include <stdbool.h>

#include "base/instant.h"
#include "core/filter.h"
#include "core/select.h"
#include "core/status.h"

#define SG_GROUP_UTC (-1)

/* One source at one instant. */
struct sg_candidate {
    bool usable; /* everything below is meaningful */
    enum sg_kind kind;
    int realm; /* its group; SG_GROUP_UTC */
    int host;  /* see sg_vote */
    int port;  /* tells one KDC on a host from another */
    struct sg_estimate estimate;
    struct sg_skew skew; /* of the estimate against our wall clock */
    double root_s;
    bool is_shaken; /* it contradicted itself lately: steers only if all are */
    bool is_unproven;  /* the host has a key, and this KDC was not seen to prove
                          itself with it: its word does not count */
    bool is_outranked; /* out: it lies outside an authenticated bound */
    enum sg_tally tally; /* out: set by sg_combine for all */
};

struct sg_consensus {
    bool valid;
    enum sg_selection_result result; /* why not, if not valid */
    int group;                       /* whose course this is */
    bool has_guess;                  /* false: only the interval is known */
    double offset_s; /* best guess; without one the middle of the interval */
    double lo_s, hi_s;
    double error_s;
    double rate_ppm;             /* of the reference against the raw clock */
    double rate_sd_ppm;          /* < 0: nothing is known of the rate */
    double wander_ppm, walk_ppm; /* as of the best source's model */
    int hosts;                   /* distinct hosts of any group that agree */
    bool authenticated;          /* it lies within an authenticated bound */
    /* Another group would not be half as far from us at that offset: */
    bool contradicted; /* a majority of its hosts, ... */
    bool disputed;     /* ... or its only one */
    int sources_steering;
};

/*
 * follow: the group to follow if it serves time at all.  Sets the tally of
 * all candidates.
 *
 * An authenticated bound (kind keytab) outranks everything plain: the plain
 * word of the same host, then that of everybody in its realm and, if that
 * realm is followed, of everybody outside it.  What lies outside the bound is
 * a falseticker, however many say the same.
 */
void sg_combine(struct sg_candidate *candidates, int n, int follow,
                struct sg_consensus *ret);

/*
 * What the authenticated answers of a realm agree on.  False, leaving *ret
 * alone, if there are none or they contradict each other.
 */
bool sg_combine_proof(const struct sg_candidate *candidates, int n, int realm,
                      struct sg_selection *ret);

/* The interval a candidate votes with: its bounds, widened by the root
 * distance it announces and by what honest clocks of its kind differ. */
struct sg_vote sg_candidate_vote(const struct sg_candidate *candidate);

#endif

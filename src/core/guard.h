/*
 * The guard: how far the clock may be moved at once, how often, and how far
 * in all.  It believes what the caller claims of the evidence, but holds its
 * own account, and refuses beyond its limits whatever the evidence.
 *
 * Pure.  The same rules serve the engine and the privileged clock service.
 */
#ifndef SG_CORE_GUARD_H
#define SG_CORE_GUARD_H

#include <stdbool.h>

#include "base/instant.h"

struct sg_guard_limits {
    double start_back_s; /* at start, backwards, on strong evidence */
    double lone_s;       /* on a lone host's word */
    double step_s;       /* once running, one step */
    double day_s;        /* once running, all steps of 24 hours */
    int day_steps;       /* once running, their number */
};

/* Design section 2: 1 day, 1 h, 1 h, 2 h, 3. */
extern const struct sg_guard_limits sg_guard_defaults;

#define SG_GUARD_STEPS 16

struct sg_guard {
    struct sg_guard_limits limits;
    int n; /* steps of the last 24 hours that count */
    struct sg_raw at[SG_GUARD_STEPS];
    double size_s[SG_GUARD_STEPS];
};

struct sg_guard_request {
    double offset_s;
    bool starting;     /* the first correction since start or resume */
    bool strong;       /* two agreeing hosts, or authenticated evidence */
    double undo_s;     /* what would take back a foreign step just seen */
    bool before_floor; /* the clock reads a time known to be past */
};

enum sg_guard_verdict {
    SG_GUARD_ALLOWED,
    SG_GUARD_START_BACK,
    SG_GUARD_LONE,
    SG_GUARD_STEP,
    SG_GUARD_DAY,
    SG_GUARD_DAY_STEPS,
};

void sg_guard_init(struct sg_guard *guard,
                   const struct sg_guard_limits *limits);

/* Is this the undoing of the foreign step just seen, and no more? */
bool sg_guard_is_undo(const struct sg_guard_request *request);

/* May it be done now?  Changes nothing but forgetting what is over a day old.
 */
enum sg_guard_verdict sg_guard_check(struct sg_guard *guard, struct sg_raw now,
                                     const struct sg_guard_request *request);

/* It was done. */
void sg_guard_note(struct sg_guard *guard, struct sg_raw now,
                   const struct sg_guard_request *request);

/* One sentence with value and limit, for a refused request. */
void sg_guard_explain(const struct sg_guard *guard,
                      enum sg_guard_verdict verdict,
                      const struct sg_guard_request *request, char *ret,
                      unsigned size);

#endif

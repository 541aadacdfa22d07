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
    double day_s;        /* once running, steps and fast slews of 24 hours */
    int day_steps;       /* once running, their number */
};

/* Design section 2: 1 day, 1 h, 1 h, 2 h, 3. */
extern const struct sg_guard_limits sg_guard_defaults;

#define SG_GUARD_STEPS 16
#define SG_GUARD_HOURS 25 /* 24 hours touch so many by the clock */

struct sg_guard {
    struct sg_guard_limits limits;
    int n; /* steps of the last 24 hours that count */
    struct sg_raw at[SG_GUARD_STEPS];
    double size_s[SG_GUARD_STEPS];
    int64_t hour; /* of the raw clock, the newest one below */
    double slewed_s[SG_GUARD_HOURS]; /* in each, newest first */
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
    SG_GUARD_SLEWS,
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

/*
 * The same for a slew faster than any frequency may be, by size_s in all; for
 * those who keep such an account.  Slower ones come to 43 s a day at the most
 * (500 ppm) and need none.
 */
enum sg_guard_verdict sg_guard_check_slew(struct sg_guard *guard,
                                          struct sg_raw now, double size_s);
void sg_guard_note_slew(struct sg_guard *guard, struct sg_raw now,
                        double size_s);

/* What the account holds: steps, and seconds moved by steps and fast slews in
 * the last 24 hours. */
double sg_guard_moved_s(struct sg_guard *guard, struct sg_raw now);

/* One sentence with value and limit, for a refused request. */
void sg_guard_explain(const struct sg_guard *guard,
                      enum sg_guard_verdict verdict,
                      const struct sg_guard_request *request, char *ret,
                      unsigned size);

#endif

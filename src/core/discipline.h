/*
 * Discipline: what to do with the clock, given what it should follow.
 *
 * Hold: leave it on its course.  Slew: run a little faster or slower for a
 * while.  Step: put it right at once, where the trust rule allows it (design
 * section 5) and the guard does too.
 */
#ifndef SG_CORE_DISCIPLINE_H
#define SG_CORE_DISCIPLINE_H

#include <stdbool.h>

#include "base/instant.h"
#include "core/combine.h"
#include "core/guard.h"
#include "core/status.h"

enum sg_action_kind {
    SG_ACTION_NONE,  /* no new evidence: leave the clock alone */
    SG_ACTION_STEER, /* base_ppm, and slew_ppm for duration_s */
    SG_ACTION_STEP,  /* offset_s at once, then run at base_ppm */
};

struct sg_action {
    enum sg_action_kind kind;
    double offset_s;       /* what is being removed */
    double base_ppm;       /* frequency correction */
    double slew_ppm;       /* on top of it ... */
    double duration_s;     /* ... for so long */
    bool starting, strong; /* STEP: as in sg_guard_request */
    bool synced;           /* what the kernel may be told */
    double error_s, bound_s;
    int leap_s; /* see sg_clock_course */
};

/* What the clock driver can do. */
struct sg_rates {
    double max_ppm;  /* of base and slew together */
    double fast_ppm; /* the same for a slew that lasts no longer than ... */
    double fast_s;   /* ... this; 0: there are no such slews */
};

struct sg_discipline {
    struct sg_guard guard;
    struct sg_rates rates;
    bool starting;         /* nothing was corrected since start or resume */
    bool settling;         /* the first correction, a slew, goes on ... */
    struct sg_raw settled; /* ... until then at most */
    double base_ppm;
    double anchor_ppm;   /* the same without what a lone host added to it */
    bool contradicted;   /* a lone host says something else ... */
    struct sg_raw since; /* ... since then, */
    double claim_s;      /* ... namely this offset at first */
    bool refused;        /* the guard said no to what we wanted last */
    bool wants_proof; /* a step waits until KDCs were asked with the host's key
                       */
};

/* What a decision is made from. */
struct sg_situation {
    struct sg_raw now;
    const struct sg_consensus *consensus;
    bool ready;         /* enough samples for a first correction */
    bool natural_known; /* false: do not touch the frequency yet */
    double natural_ppm; /* the clock's own rate beyond base_ppm */
    double poll_s;      /* until the next sample of what steers */
    double undo_s;      /* takes back a foreign step; 0: none, or not sure */
    bool before_floor;  /* the clock reads a time known to be past */
    bool is_sharpening; /* answers under way will tell the offset better */
    bool proof_due; /* there is a key, and no KDC was asked with it lately */
};

void sg_discipline_init(struct sg_discipline *discipline, double base_ppm,
                        const struct sg_rates *rates,
                        const struct sg_guard_limits *limits);

/* As at start: the next correction may be a large one. */
void sg_discipline_restart(struct sg_discipline *discipline);

/*
 * Decide.  why becomes one sentence with numbers.  The caller carries the
 * action out and reports a step that was done with sg_discipline_stepped.
 */
void sg_discipline_decide(struct sg_discipline *discipline,
                          const struct sg_situation *situation,
                          struct sg_action *ret, char *why, unsigned why_size);

void sg_discipline_stepped(struct sg_discipline *discipline,
                           const struct sg_situation *situation,
                           double offset_s);

#endif

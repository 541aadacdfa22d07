/*
 * The warden: may the clock be moved as the client asks?
 *
 * The client may be anybody's puppet.  Of what it says only the evidence is
 * believed, as the guard does (core/guard.h), within limits that it cannot
 * change; all else the warden sees for itself: whether this boot's first
 * correction is still to come, whether somebody else has stepped the clock,
 * whether the clock reads a time that is known to be past.
 *
 * Pure: each call brings a reading.
 */
#ifndef SG_CLOCKD_WARDEN_H
#define SG_CLOCKD_WARDEN_H

#include <stdbool.h>

#include "base/err.h"
#include "clock/clock.h"
#include "core/guard.h"
#include "core/local.h"

struct sg_warden {
    struct sg_guard guard;
    bool start_left;       /* the first correction is still to come */
    double slept_s;        /* of the host, at the last look */
    struct sg_local local; /* what the clock does by our courses */
    double foreign_s;      /* what somebody else has added to it lately ... */
    struct sg_raw foreign_at; /* ... then; foreign_s is 0 if nobody has */
    struct sg_wall floor;     /* no clock may read earlier */
};

/* Nothing is on the account, and the first correction is to come. */
void sg_warden_init(struct sg_warden *warden,
                    const struct sg_guard_limits *limits, struct sg_wall floor);

/* The clock runs at base_ppm, as found: a program has started. */
void sg_warden_begin(struct sg_warden *warden, const struct sg_reading *reading,
                     double base_ppm, double slept_s);

/*
 * To be called before each request, and whenever the platform says that the
 * clock was set.  slept_s: how long the host has slept since boot; after a
 * sleep the next correction is a first one again.  Returns what somebody else
 * has just added to the clock, in seconds; 0: nothing.
 */
double sg_warden_look(struct sg_warden *warden,
                      const struct sg_reading *reading, double slept_s);

/*
 * 0 if it may be done, 1 if it may be done and is on the account now, which is
 * to be kept first: a crash in between gives nothing away.  Or -EACCES with
 * value and limit.  sg_warden_look has seen this reading.
 */
int sg_warden_take_step(struct sg_warden *warden,
                        const struct sg_reading *reading,
                        const struct sg_clock_step *step, struct sg_err *err);
int sg_warden_take_course(struct sg_warden *warden,
                          const struct sg_reading *reading,
                          const struct sg_clock_course *course, double max_ppm,
                          struct sg_err *err);

/* The slew in force has not been ended before this instant. */
void sg_warden_slews_until(struct sg_warden *warden, struct sg_raw until);

/* A course was in force for late_s longer than it was taken for. */
void sg_warden_overran(struct sg_warden *warden, struct sg_raw now,
                       const struct sg_clock_course *course, double max_ppm,
                       double late_s);

/* It was done; the reading is from afterwards. */
void sg_warden_stepped(struct sg_warden *warden,
                       const struct sg_reading *reading);
void sg_warden_steered(struct sg_warden *warden,
                       const struct sg_reading *reading,
                       const struct sg_clock_course *course);

#endif

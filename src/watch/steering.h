/*
 * Keeping a clock on the course that was decided, and ending slews for
 * drivers that do not end them by themselves.
 */
#ifndef SG_WATCH_STEERING_H
#define SG_WATCH_STEERING_H

#include "base/err.h"
#include "base/instant.h"
#include "clock/clock.h"
#include "core/discipline.h"

struct event;
struct event_base;

struct sg_steering {
    struct sg_clock *clock;
    struct event *slew_end;
    struct sg_clock_course course;
    struct sg_raw slew_end_at;
};

/* The clock is lent until sg_steering_close.  -1 if memory runs out. */
int sg_steering_open(struct sg_steering *steering, struct event_base *base,
                     struct sg_clock *clock, double base_ppm);

/* A slew under way goes on under another steering of the same clock. */
void sg_steering_take(struct sg_steering *steering, struct sg_steering *before);

/* Step or steer; 0, or a negative errno with a reason. */
int sg_steering_do(struct sg_steering *steering, const struct sg_action *action,
                   struct sg_err *err);

/* Seconds until the slew under way is over; 0: there is none. */
double sg_steering_left(const struct sg_steering *steering);

/* A slew under way is ended.  Accepts one that was never opened, all zero. */
void sg_steering_close(struct sg_steering *steering);

#endif

/*
 * What the clock service and its client say to each other: one request and
 * one reply, each a message of fixed length on a SEQPACKET socket.
 *
 * Both ends are on one host, so numbers are as its processor has them.  The
 * version changes with the layout: after an upgrade an old engine is told so
 * by a new service rather than misunderstood.
 */
#ifndef SG_CLOCK_WIRE_H
#define SG_CLOCK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "clock/clock.h"

#define SG_WIRE_VERSION 0x53470001u

/* A request that has waited for longer is refused: whoever sent it may have
 * given up, and measured again. */
#define SG_WIRE_STALE_S 0.4
#define SG_WIRE_TIMEOUT_S 1.0 /* of a client that waits for its reply */

enum sg_wire_kind {
    SG_WIRE_READ = 1, /* may we steer, and how fast? */
    SG_WIRE_SLEW,     /* a course */
    SG_WIRE_STEP,
};

enum sg_wire_flag {
    SG_WIRE_FORGIVE = 1,  /* READ: steer again from what somebody else left */
    SG_WIRE_SYNCED = 2,   /* SLEW */
    SG_WIRE_STARTING = 4, /* STEP */
    SG_WIRE_STRONG = 8,   /* STEP */
};

struct sg_wire_request {
    uint32_t version;
    uint32_t kind;
    uint32_t flags;
    int32_t leap_s;
    int64_t sent_ns; /* by the raw clock, which all processes share */
    double offset_s; /* STEP */
    double base_ppm, slew_ppm, duration_s, error_s, bound_s; /* SLEW */
};

struct sg_wire_reply {
    uint32_t version;
    int32_t code; /* 0 or a negative errno */
    double max_ppm, fast_ppm, fast_s;
    double frequency_ppm;       /* in force, but for a slew under way */
    char text[SG_ERR_TEXT_MAX]; /* why not */
};

/*
 * Is this what a client may send?  0, or a negative errno with value and limit.
 * Only what the layout allows is checked, not whether it is wise.
 */
int sg_wire_take_request(const void *bytes, size_t len, struct sg_raw now,
                         struct sg_wire_request *ret, struct sg_err *err);

/* The same for what a service answers; its text ends. */
int sg_wire_take_reply(const void *bytes, size_t len, struct sg_wire_reply *ret,
                       struct sg_err *err);

/* To and from the driver's words. */
struct sg_wire_request sg_wire_slew(const struct sg_clock_course *course);
struct sg_wire_request sg_wire_step(const struct sg_clock_step *step);
struct sg_clock_course sg_wire_course(const struct sg_wire_request *request);

#endif

/*
 * Clock drivers: what can read and move a clock.
 *
 * kernel     the host's CLOCK_REALTIME by clock_adjtime(2)
 * clockd     the same by a service that has the privilege for it
 * simulated  a software clock on top of the host's raw clock
 * none       reads the host's clock, refuses to move it
 *
 * A driver obeys; whether a change is wise was decided above.  One is made by
 * its constructor and used only through this interface, so that a privileged
 * service can stand behind it.
 */
#ifndef SG_CLOCK_CLOCK_H
#define SG_CLOCK_CLOCK_H

#include <stdbool.h>

#include "base/err.h"
#include "base/instant.h"

struct sg_clock;

/* How the clock is to run from now on. */
struct sg_clock_course {
    double base_ppm;   /* frequency correction to keep; positive: faster */
    double slew_ppm;   /* on top of it for duration_s, then base_ppm alone */
    double duration_s; /* 0 if slew_ppm is 0 */
    bool synced;       /* tell the kernel that the clock is synchronised */
    double error_s;    /* estimated error, for the kernel's esterror */
    double bound_s;    /* largest error, for the kernel's maxerror */
    int leap_s;        /* +1: a second is inserted at the end of this UTC day,
                          -1: one is left out, 0: neither */
};

/* A step, and what it is said to rest on: a guard of its own, if the driver
 * has one, judges by that. */
struct sg_clock_step {
    double offset_s;
    bool starting; /* the first correction since start or resume */
    bool strong;   /* two agreeing hosts, or authenticated evidence */
};

/* Each returns 0 or a negative errno, with a reason in err (may be NULL). */
struct sg_clock_ops {
    const char *name;
    int (*read)(struct sg_clock *clock, struct sg_reading *ret);
    /*
     * A driver that cannot end a slew by itself (ends_slews is false) relies
     * on a second call with slew_ppm = 0 when duration_s is over.  base_ppm is
     * to stay within +-max_ppm, and so is the sum of both rates, or for at
     * most fast_s within +-fast_ppm; all else is refused with -ERANGE, and
     * nothing changes.  -EBUSY as check says.
     */
    int (*steer)(struct sg_clock *clock, const struct sg_clock_course *course,
                 struct sg_err *err);
    /* Add offset_s to the clock at once; -ERANGE beyond +-100 years. */
    int (*step)(struct sg_clock *clock, const struct sg_clock_step *step,
                struct sg_err *err);
    /* The frequency correction in force, as when a program starts. */
    int (*frequency)(struct sg_clock *clock, double *ret_ppm);
    /*
     * -EBUSY if somebody else steers the clock; err then says what he did,
     * without a subject: "changed the clock's frequency from +1.000 to +2.000
     * ppm".  A cheap look; once it has found somebody it finds him, and every
     * steer and step is refused, until forgive.
     */
    int (*check)(struct sg_clock *clock, struct sg_err *err);
    /* Steer again, from what the other one left. */
    void (*forgive)(struct sg_clock *clock);
    /*
     * A descriptor that becomes readable when somebody else steps the clock;
     * -1 if the platform has none.  It stays the driver's.  After it fired
     * call rearm, and only then read, or a step in between goes unnoticed.
     * It may fire without a step, and the kernel's fires at our own too.
     */
    int (*watch)(struct sg_clock *clock);
    void (*rearm)(struct sg_clock *clock);
    /*
     * A descriptor that becomes readable when who moves the clock for us has
     * gone, and stays so until the next check; -1 as above.  It stays the
     * driver's.  NULL: nobody stands behind this driver.
     */
    int (*link)(struct sg_clock *clock);
    void (*free)(struct sg_clock *clock);
};

struct sg_clock {
    const struct sg_clock_ops *ops; /* first member of every driver's struct */
    double max_ppm;                 /* of any course, and of every base_ppm */
    double fast_ppm; /* of a slew that lasts no longer than ... */
    double fast_s;   /* ... this; 0: there are no such slews */
    bool can_move;
    bool ends_slews;
};

static inline void
sg_clock_free(struct sg_clock *clock)
{
    if (clock)
        clock->ops->free(clock);
}

/* A step that nobody has to judge. */
static inline int
sg_clock_step_by(struct sg_clock *clock, double offset_s, struct sg_err *err)
{
    const struct sg_clock_step step = {.offset_s = offset_s};

    return clock->ops->step(clock, &step, err);
}

struct sg_clock_kernel_setup {
    const char *marker; /* file in the runtime directory that names the slew
                           under way; NULL: none.  Lent for the call */
    bool keeper;        /* a child process ends slews if this one dies in one */
};

/*
 * The host's clock.  NULL with a reason if the process may not set it (no
 * CAP_SYS_TIME) or memory runs out.  Nothing is moved.  Fast slews need the
 * keeper, or, where there is to be no child, the marker.
 */
struct sg_clock *sg_clock_kernel_new(const struct sg_clock_kernel_setup *setup,
                                     struct sg_err *err);

/*
 * Put the base frequency back if an earlier run of this boot was killed in a
 * slew, as the marker says, and the slew is still in force.  1 and words for
 * it in what; 0 if all is well; a negative errno and a reason.
 */
int sg_clock_kernel_recover(const char *marker, struct sg_err *what);

/*
 * The host's clock, moved by the clock service that listens at path, within
 * that one's limits.  Every call but read, watch, rearm and link is one
 * question and one answer, waited for SG_WIRE_TIMEOUT_S at the most;
 * -ENOTCONN: the service is not there, and the next call tries again, but for
 * some seconds after it has not answered in time.  NULL with a reason if it is
 * not there now, or refuses us.  Nothing is moved.
 */
#define SG_CLOCK_SERVICE "clockd" /* its ops->name */
struct sg_clock *sg_clock_remote_new(const char *path, struct sg_err *err);

/* The host's clock, to look at.  NULL if memory runs out. */
struct sg_clock *sg_clock_none_new(struct sg_err *err);

/*
 * A software clock described by a list such as
 *     offset=+600s,drift=40ppm,wander=1e-9,step=+200s@30s
 * offset: reference - local at start, so +600s starts ten minutes behind the
 * host; drift: it runs faster than the host's raw clock by this much; wander:
 * random walk of its frequency per square root of a second; step (repeatable,
 * at most 8): somebody moves it by +200 s 30 s after start.  NULL with a
 * reason that names value and limit if the text is wrong.
 */
struct sg_clock *sg_clock_simulated_new(const char *spec, struct sg_err *err);

/*
 * The raw-to-wall line of a simulated clock at this moment, for the published
 * status: at *ret the clock reads what it says and runs rate_ppm faster than
 * the raw clock.  False if clock is not a simulated one.
 */
bool sg_clock_simulated_model(struct sg_clock *clock, struct sg_reading *ret,
                              double *ret_rate_ppm);

#endif

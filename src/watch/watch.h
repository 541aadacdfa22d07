/*
 * Watching: a plan's sources are asked when the engine wants them asked,
 * their answers given to it, its decisions carried out on a clock.
 *
 * The daemon watches for good; "skewguard check" for some seconds, with a
 * clock that cannot be moved.
 */
#ifndef SG_WATCH_WATCH_H
#define SG_WATCH_WATCH_H

#include <stdbool.h>

#include "base/err.h"
#include "clock/clock.h"
#include "core/engine.h"
#include "core/status.h"
#include "setup/plan.h"

struct event_base;
struct sg_watch;

struct sg_watch_hooks {
    /* Something worth a line in the log. */
    void (*event)(void *arg, const struct sg_event *event);
    /* The status changed; urgent: people should see it at once. */
    void (*changed)(void *arg, bool urgent);
    /* Somebody else steers the clock, and what he did, as sg_clock_ops.check
     * says; said at each tick until the watch is replaced.  NULL will do for
     * a clock that cannot be moved. */
    void (*rival)(void *arg, const char *what);
    /* What moves the clock is not there just now; as often.  NULL, too. */
    void (*lost)(void *arg);
    void *arg;
};

/* Everything is lent for the watch's life but the engine's configuration,
 * which is copied. */
struct sg_watch_setup {
    struct event_base *base;
    const struct sg_plan *plan;
    struct sg_clock *clock;
    const struct sg_engine_config *engine;
    struct sg_watch_hooks hooks;
    /* Nothing but sockets is waited for: the clock does not tell of steps. */
    bool is_minimal;
};

/*
 * Begin.  before (may be NULL) is a watch of an earlier configuration on this
 * host's clock: what it knows of clock, realms and unchanged sources is taken
 * over; it remains the caller's to free, at once.  NULL with a reason on
 * failure; before then goes on as it was.
 */
struct sg_watch *sg_watch_new(const struct sg_watch_setup *setup,
                              struct sg_watch *before, struct sg_err *err);

/* Stop asking.  A slew in force is ended.  Accepts NULL. */
void sg_watch_free(struct sg_watch *watch);

/* Fill in all but what only a program knows of itself: pid, start, notice,
 * mode_reason, boot_id, publish_within_s. */
void sg_watch_status(struct sg_watch *watch, struct sg_status *status);

/* Ask everything again soon: something changed that answers depend on. */
void sg_watch_burst(struct sg_watch *watch);

/* A keytab was replaced. */
void sg_watch_key_changed(struct sg_watch *watch);

/* The frequency to save; see sg_engine_frequency. */
bool sg_watch_frequency(const struct sg_watch *watch, double *ret_ppm,
                        double *ret_sd_ppm);

/*
 * Seconds until the correction in force has brought the clock where it belongs;
 * 0 after a step; < 0: none was found or done yet, or it was refused.
 */
double sg_watch_correction(const struct sg_watch *watch);

/* Has every source said what a short look can get out of it? */
bool sg_watch_is_complete(const struct sg_watch *watch);

#endif

/*
 * The engine: answers of sources and the passing of time go in, decisions
 * come out.
 *
 * Pure.  It reads no clock and moves none: each call brings a reading of raw
 * and wall clock, and answers with a decision that the caller carries out.  A
 * simulation and the daemon differ only in who does that.
 */
#ifndef SG_CORE_ENGINE_H
#define SG_CORE_ENGINE_H

#include <stdbool.h>

#include "base/instant.h"
#include "core/budget.h"
#include "core/discipline.h"
#include "core/guard.h"
#include "core/poll.h"
#include "core/sample.h"
#include "core/status.h"

struct sg_engine;

struct sg_engine_config {
    enum sg_mode mode; /* guard or discipline */
    bool follow_utc;   /* rather than the first realm */
    bool is_sharp;     /* KDCs are read as sharply as can be, also beside NTP */
    struct sg_budget_config budget;
    struct sg_poll_config poll;
    struct sg_guard_limits guard;
    struct sg_rates rates;   /* of the clock driver */
    double frequency_ppm;    /* in force now, as saved by an earlier run ... */
    double frequency_sd_ppm; /* ... and how well it is known; 100 if it isn't */
    struct sg_wall floor;    /* no clock may read earlier: build or last run */
};

struct sg_engine_source {
    char name[SG_NAME_MAX]; /* what people see */
    char host[SG_NAME_MAX]; /* who is asked, and where: with another one of */
    int port;               /* these it is another clock, see adopt */
    enum sg_kind kind;
    int realm; /* as returned by sg_engine_add_realm; SG_GROUP_UTC */
    bool is_try;
};

enum sg_event_kind {
    SG_EVENT_STATE,  /* a realm's state changed */
    SG_EVENT_SOURCE, /* a source began or ceased to answer, or to be believed */
    SG_EVENT_STEP,   /* our own step */
    SG_EVENT_FOREIGN, /* somebody else stepped the clock */
    SG_EVENT_RESUME,  /* the host was suspended */
    SG_EVENT_REFUSED, /* a correction was refused, by guard or driver */
    SG_EVENT_RIVAL,   /* somebody else steers the clock; from the daemon */
    SG_EVENT_SYNC,    /* the clock became, or ceased to be, disciplined */
    SG_EVENT_LEAP,    /* a leap second is expected, is not any more, or was */
};

struct sg_event {
    enum sg_event_kind kind;
    enum sg_state state; /* STATE: the new one */
    char text[SG_REASON_MAX + SG_NAME_MAX];
};

#define SG_MAX_EVENTS 16

/* What one call led to. */
struct sg_decision {
    struct sg_action action;
    bool publish;    /* something people look at changed */
    bool reschedule; /* ask sg_engine_next_ask again for every source */
    double tick_s;   /* call sg_engine_tick after this at the latest */
    int n_events;    /* events beyond SG_MAX_EVENTS are dropped; the status
                        still shows their effect */
    struct sg_event events[SG_MAX_EVENTS];
};

/* NULL if memory runs out.  The configuration is copied. */
struct sg_engine *sg_engine_new(const struct sg_engine_config *config);

/* Accepts NULL. */
void sg_engine_free(struct sg_engine *engine);

/*
 * Take over what an engine of an earlier configuration knows: the clock, the
 * guard's account, realms of the same name, the history of sources that are
 * the same.  before keeps nothing of use but may be freed as usual.
 */
void sg_engine_adopt(struct sg_engine *engine, struct sg_engine *before);

/* Index, or -1 if there are SG_MAX_REALMS, SG_MAX_SOURCES or no memory. */
int sg_engine_add_realm(struct sg_engine *engine, const char *name,
                        double clockskew_s, bool limit_overrides);
int sg_engine_add_source(struct sg_engine *engine,
                         const struct sg_engine_source *source);

/*
 * The numeric address in use.  Sources with one address are one host, and so
 * are sources with one name, whichever of its addresses each of them uses.
 */
void sg_engine_set_address(struct sg_engine *engine, int source,
                           const char *address, int port, bool tcp);

/* The outcome of one request. */
void sg_engine_outcome(struct sg_engine *engine, int source,
                       const struct sg_outcome *outcome,
                       const struct sg_reading *reading,
                       struct sg_decision *ret);

/* Time passed. */
void sg_engine_tick(struct sg_engine *engine, const struct sg_reading *reading,
                    struct sg_decision *ret);

/* The platform says that somebody set the wall clock (perhaps we did). */
void sg_engine_noticed(struct sg_engine *engine,
                       const struct sg_reading *reading,
                       struct sg_decision *ret);

/* The host slept for slept_s; the raw clock stood still meanwhile. */
void sg_engine_resumed(struct sg_engine *engine,
                       const struct sg_reading *reading, double slept_s,
                       struct sg_decision *ret);

/*
 * How the action of a decision went: code 0, or a negative errno with why.
 * reading was taken right afterwards.
 */
void sg_engine_done(struct sg_engine *engine, const struct sg_action *action,
                    int code, const char *why, const struct sg_reading *reading,
                    struct sg_decision *ret);

/*
 * Seconds until this source is to be asked again, counted from now; < 0:
 * never.  To be called after each outcome and when a decision says so.
 * random is even in [0, 1).
 */
double sg_engine_next_ask(struct sg_engine *engine, int source,
                          struct sg_raw now, double random);

/* Has every source said what a short look can get out of it, or been asked
 * in vain, and is it taken into account? */
bool sg_engine_is_complete(const struct sg_engine *engine);

/* A keytab was replaced: whoever is asked with it is asked soon, even if the
 * old one was refused. */
void sg_engine_key_changed(struct sg_engine *engine);

/* Ask everything again soon, as after the network changed. */
void sg_engine_burst(struct sg_engine *engine);

/*
 * Fill in what the engine knows: state, realms, sources, the clock's model,
 * frequency and steps, decision.  The rest is the caller's and left alone.
 */
void sg_engine_status(const struct sg_engine *engine,
                      const struct sg_reading *reading,
                      struct sg_status *status);

/* The frequency to save, and how well it is known; false: not learned. */
bool sg_engine_frequency(const struct sg_engine *engine, double *ret_ppm,
                         double *ret_sd_ppm);

#endif

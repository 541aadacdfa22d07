/*
 * Carrying out what the alert policy decides: each alert is logged, and put
 * into the spool for the mailer.
 *
 * What was told is kept in the state directory, together with the alerts of the
 * last look, before any of them is put into the spool; so that a daemon that
 * is killed at any moment tells each of them once.
 */
#ifndef SG_DAEMON_ALERTING_H
#define SG_DAEMON_ALERTING_H

#include "base/err.h"
#include "core/engine.h"
#include "core/status.h"
#include "setup/config.h"

struct event_base;
struct sg_alerting;

/* What it needs of others; arg is theirs. */
struct sg_alerting_hooks {
    /* The status of this moment; lent until the next call. */
    const struct sg_status *(*status)(void *arg);
    /* Ask all sources once more. */
    void (*burst)(void *arg);
    void *arg;
};

/* Goes on where the last one in that state directory ended.  NULL if memory
 * runs out, also for what that one has to tell yet. */
struct sg_alerting *sg_alerting_new(struct event_base *base,
                                    const struct sg_config *config,
                                    const struct sg_alerting_hooks *hooks);

/* What is not yet in the spool is tried once more.  Accepts NULL. */
void sg_alerting_free(struct sg_alerting *alerting);

void sg_alerting_configure(struct sg_alerting *alerting,
                           const struct sg_config *config);

/* An event was logged; a look follows. */
void sg_alerting_note(struct sg_alerting *alerting,
                      const struct sg_event *event);

/* The status changed: look at it from the loop. */
void sg_alerting_look(struct sg_alerting *alerting);

#endif

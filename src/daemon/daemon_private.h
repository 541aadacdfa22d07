/*
 * The daemon's state, shared by daemon.c (the loop) and daemon_setup.c (what
 * is watched, on which clock).
 */
#ifndef SG_DAEMON_DAEMON_PRIVATE_H
#define SG_DAEMON_DAEMON_PRIVATE_H

#include <sys/time.h>

#include "base/err.h"
#include "core/engine.h"
#include "core/status.h"
#include "daemon/choose.h"
#include "daemon/daemon.h"
#include "setup/config.h"
#include "setup/plan.h"
#include "watch/watch.h"

struct event;
struct event_base;
struct sg_loop;

struct sg_daemon {
    struct sg_daemon_options options;
    struct sg_loop *loop;
    struct event_base *base; /* the loop's */
    struct sg_config *config;
    struct sg_plan *plan;
    bool plan_failed;
    struct sg_choice choice;
    bool gave_way;                   /* to somebody else who steers the clock */
    char rival_did[SG_ERR_TEXT_MAX]; /* what he was seen to do */
    struct sg_engine_config engine;
    struct sg_watch *watch;
    struct sg_status *status;
    struct event *publish, *watchdog, *once, *rivalry;
    bool is_corrected; /* with options.once: now the slew has to end */
    int exit_status;
    char memory_path[SG_PATH_MAX + 32];
    struct sg_raw published;
    struct sg_raw roused; /* something happened, last */
    /* when it is time again */
    struct sg_raw retry;   /* to look at a krb5.conf that was of no use */
    struct sg_raw lookout; /* for other time daemons */
    struct sg_raw save;    /* the frequency */
    char publish_error[SG_ERR_TEXT_MAX]; /* the last one, said once */
};

/*
 * Read the configuration, choose a clock, begin to watch.  The loop's events
 * must be there.
 */
int sg_daemon_start(struct sg_daemon *daemon, struct sg_err *err);

/* Read the configuration again; on failure everything stays as it was. */
int sg_daemon_reload(struct sg_daemon *daemon, struct sg_err *err);

/* If there is nothing to watch yet: perhaps krb5.conf was repaired. */
void sg_daemon_retry(struct sg_daemon *daemon);

/* Somebody else was seen to steer the clock: leave it to him and guard. */
void sg_daemon_give_way(struct sg_daemon *daemon);

/* The same if another time daemon was started that has done nothing yet. */
void sg_daemon_look_out(struct sg_daemon *daemon);

/* What the watch reports. */
extern const struct sg_watch_hooks sg_daemon_hooks;

#endif

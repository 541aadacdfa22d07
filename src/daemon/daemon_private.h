/*
 * The daemon's state, shared by daemon.c (the loop), daemon_setup.c (the
 * clock and the watch on it), replan.c (what is watched) and follow.c (when
 * that has to be asked again).
 */
#ifndef SG_DAEMON_DAEMON_PRIVATE_H
#define SG_DAEMON_DAEMON_PRIVATE_H

#include <sys/time.h>

#include "base/err.h"
#include "core/chatter.h"
#include "core/engine.h"
#include "core/status.h"
#include "daemon/choose.h"
#include "daemon/daemon.h"
#include "setup/config.h"
#include "setup/discovery.h"
#include "setup/plan.h"
#include "watch/watch.h"

struct event;
struct event_base;
struct sg_alerting;
struct sg_filewatch;
struct sg_loop;

struct sg_daemon {
    struct sg_daemon_options options;
    struct sg_loop *loop;
    struct event_base *base; /* the loop's */
    struct sg_config *config;
    struct sg_plan *plan;
    bool plan_failed; /* krb5.conf is broken, and that was said */
    struct sg_discovery *discovery;
    double backoff_s;               /* before DNS is asked again; 0: none */
    struct sg_filewatch *filewatch; /* NULL: files are looked at by the clock */
    struct sg_buf resolv_conf;      /* as it was last seen */
    struct sg_choice choice;
    bool is_alone;                   /* the clock service is not there ... */
    struct sg_raw alone_since;       /* ... since then */
    bool gave_way;                   /* to somebody else who steers the clock */
    char rival_did[SG_ERR_TEXT_MAX]; /* what he was seen to do */
    struct sg_engine_config engine;
    struct sg_watch *watch;
    struct sg_chatter *chatter;
    struct sg_status *status;
    struct sg_alerting *alerting; /* NULL with options.once */
    struct event *publish, *watchdog, *once, *rediscover, *attend, *rivalry;
    bool is_corrected; /* with options.once: now the slew has to end */
    int exit_status;
    char memory_path[SG_PATH_MAX + 32];
    char motd_directory[SG_PATH_MAX]; /* as at start, like the lock's */
    struct sg_raw published;
    struct sg_raw roused; /* something happened, last */
    /* when it is time again */
    struct sg_raw retry;   /* to look at a krb5.conf that was of no use */
    struct sg_raw lookout; /* for other time daemons */
    struct sg_raw visit;   /* to see whether the clock service is there */
    struct sg_raw save;    /* the frequency */
    char publish_error[SG_ERR_TEXT_MAX]; /* the last ones, said once */
    char motd_error[SG_ERR_TEXT_MAX];
};

/*
 * Read the configuration, choose a clock, begin to watch.  The loop's events
 * must be there.
 */
int sg_daemon_start(struct sg_daemon *daemon, struct sg_err *err);

/* Read the configuration again; on failure everything stays as it was. */
int sg_daemon_reload(struct sg_daemon *daemon, struct sg_err *err);

/* Somebody else was seen to steer the clock: leave it to him and guard. */
void sg_daemon_give_way(struct sg_daemon *daemon);

/* The same if another time daemon was started that has done nothing yet. */
void sg_daemon_look_out(struct sg_daemon *daemon);

/* ---- daemon_setup.c ---- */

/* The frequency of an earlier run, at once; without one the clock's own. */
void sg_daemon_restore_frequency(struct sg_daemon *daemon);

/* Mode and reason of the choice, for the status. */
void sg_daemon_show_mode(struct sg_daemon *daemon);

/* In place of the watch there was; on failure that goes on. */
int sg_daemon_replace_watch(struct sg_daemon *daemon, struct sg_plan *plan,
                            struct sg_err *err);

/* ---- attend.c ---- */

/* Is the clock service there, and was it?  Discipline or guard accordingly. */
void sg_daemon_attend(struct sg_daemon *daemon);

/* For the timer. */
void sg_daemon_on_attend(int fd, short what, void *arg);

/* ---- replan.c ---- */

/* Watch what the files and DNS say, be it nothing but why they are broken. */
int sg_daemon_begin_plan(struct sg_daemon *daemon, struct sg_err *err);

/* A plan of this configuration; to be freed.  NULL with a reason. */
struct sg_plan *sg_daemon_make_plan(struct sg_daemon *daemon,
                                    const struct sg_config *config,
                                    struct sg_err *err);

/* Put it into force; it is the daemon's then.  why: for the log, which is told
 * all about it if it is NULL.  On failure everything stays as it was. */
int sg_daemon_use_plan(struct sg_daemon *daemon, struct sg_plan *plan,
                       const char *why, struct sg_err *err);

/*
 * Read the files again, and what DNS has said.  Nothing happens where nothing
 * changed; what is broken is said once and leaves in force what there was.
 * what: for the log, as in sg_daemon_use_plan.
 */
void sg_daemon_replan(struct sg_daemon *daemon, const char *what);

/* The same by the clock, if there is nothing to watch or nobody tells. */
void sg_daemon_retry(struct sg_daemon *daemon);

/* ---- follow.c ---- */

/* Have what DNS and inotify(7) need.  Without them it goes on, and says so. */
void sg_daemon_follow(struct sg_daemon *daemon);

/* The files that count now, before they are read: a later change is noticed. */
void sg_daemon_watch_files(struct sg_daemon *daemon,
                           const struct sg_config *config);

/* Ask DNS soon, if the plan leaves something to it that was not asked yet, or
 * if again. */
void sg_daemon_ask_dns(struct sg_daemon *daemon, bool again);

void sg_daemon_follow_end(struct sg_daemon *daemon);

/* For the timer. */
void sg_daemon_rediscover(int fd, short what, void *arg);

/* What the watch reports. */
extern const struct sg_watch_hooks sg_daemon_hooks;

#endif

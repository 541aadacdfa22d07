/*
 * The clock service comes and goes, as when somebody switches it on or off
 * (timedatectl set-ntp), upgrades it or kills it.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "base/log.h"
#include "base/timeval.h"
#include "daemon/daemon_private.h"

/* Who is started again is back in a second; who stays away longer has been
 * switched off. */
#define AWAY_MAX_S 10.0
#define LOOK_S 1.0

static void
look_in(struct sg_daemon *daemon, double wait_s)
{
    struct timeval wait = sg_timeval(wait_s);

    evtimer_add(daemon->attend, &wait);
}

static void
say(struct sg_daemon *daemon, const char *what)
{
    struct sg_event event = {.kind = SG_EVENT_SYNC};

    snprintf(event.text, sizeof event.text, "%s", what);
    sg_daemon_hooks.event(daemon, &event);
    sg_log(LOG_NOTICE, "%s mode: %s", sg_mode_name(daemon->choice.mode),
           daemon->choice.reason);
    sg_daemon_hooks.changed(daemon, true);
}

/* Another clock, or the same in other hands; next->clock is ours then. */
static int
change_clock(struct sg_daemon *daemon, const struct sg_choice *next)
{
    const struct sg_choice before = daemon->choice;
    struct sg_err err;

    daemon->choice = *next;
    sg_daemon_restore_frequency(daemon);
    if (sg_daemon_replace_watch(daemon, daemon->plan, &err) < 0) {
        sg_log(LOG_ERR, "clock: %s", err.text);
        daemon->choice = before;
        sg_clock_free(next->clock);
        return -1;
    }
    sg_clock_free(before.clock);
    daemon->gave_way = false;
    sg_daemon_show_mode(daemon);
    return 0;
}

/* ---- it went ---- */

static void
go_without(struct sg_daemon *daemon, const char *why)
{
    struct sg_choice next = {.mode = SG_MODE_GUARD};
    struct sg_err err;

    next.clock = sg_clock_none_new(&err);
    snprintf(next.reason, sizeof next.reason, "not there any more: %.*s",
             (int)sizeof next.reason - 32, why);
    if (!next.clock || change_clock(daemon, &next) < 0) {
        look_in(daemon, LOOK_S);
        return;
    }
    say(daemon, "clock: not disciplined any more, only guarded until its "
                "service is back");
}

static void
look_for_its_return(struct sg_daemon *daemon)
{
    struct sg_clock *clock = daemon->choice.clock;
    struct sg_err err = {""};
    int code = clock->ops->check(clock, &err);
    struct sg_raw now = sg_host_raw();

    if (code != -ENOTCONN) {
        if (daemon->is_alone)
            sg_log(LOG_NOTICE, "clock service: back after %.1f s",
                   sg_raw_diff(now, daemon->alone_since));
        daemon->is_alone = false;
        return;
    }
    if (!daemon->is_alone) {
        daemon->is_alone = true;
        daemon->alone_since = now;
        sg_log(LOG_NOTICE, "%s; guard mode in %.0f s if it stays away",
               err.text, AWAY_MAX_S);
    }
    if (sg_raw_diff(now, daemon->alone_since) < AWAY_MAX_S) {
        look_in(daemon, LOOK_S);
        return;
    }
    daemon->is_alone = false;
    go_without(daemon, err.text);
}

/* ---- it came ---- */

/* To connect starts nothing: the socket is the service's own. */
static void
look_for_it(struct sg_daemon *daemon)
{
    struct sg_choice next;
    struct sg_err err;

    if (access(daemon->config->clock_socket, F_OK) < 0 ||
        sg_choose(&daemon->options, daemon->config, &next, &err) < 0)
        return;
    if (next.mode != SG_MODE_DISCIPLINE) {
        sg_clock_free(next.clock);
        return;
    }
    if (change_clock(daemon, &next) == 0)
        say(daemon, "clock: disciplined again, its service is there");
}

/* ---- the daemon's calls ---- */

void
sg_daemon_attend(struct sg_daemon *daemon)
{
    if (!sg_choice_may_change(&daemon->options, daemon->config))
        return;
    if (daemon->choice.mode != SG_MODE_DISCIPLINE)
        look_for_it(daemon);
    else if (sg_choice_is_service(&daemon->choice))
        look_for_its_return(daemon);
}

void
sg_daemon_on_attend(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    sg_daemon_attend(arg);
}

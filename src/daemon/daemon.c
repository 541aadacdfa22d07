#include "daemon/daemon.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/file.h"
#include "base/hostclock.h"
#include "base/log.h"
#include "base/notify.h"
#include "daemon/alerting.h"
#include "daemon/daemon_private.h"
#include "daemon/loop.h"
#include "daemon/memory.h"
#include "daemon/motd.h"
#include "daemon/once.h"
#include "daemon/publish.h"
#include "daemon/say.h"

/* A routine status is published at most so often; readers move it on, and the
 * next tick or answer publishes what was left out.  Soon after something
 * happened people look, and much is new: then it is more often. */
#define ROUTINE_S 100.0
#define ROUTINE_LEAST_S 1.0
#define ROUTINE_SHARE 0.25 /* of the time since then */
/* An urgent one: others may come in the same moment. */
#define URGENT_S 0.02

/* The frequency is saved as soon as it is learned, then hourly. */
#define SAVE_S 3600
/* A krb5.conf that is broken or has no realm yet is looked at again: soon where
 * nothing can be watched without it. */
#define RETRY_S 60
#define RETRY_IDLY_S 600
/* Another time daemon may be started later; to look through all processes
 * costs a few milliseconds. */
#define LOOKOUT_S 600
/* The clock service, where inotify(7) does not tell of it. */
#define VISIT_S 60

static void
on_event(void *arg, const struct sg_event *event)
{
    struct sg_daemon *daemon = arg;
    struct sg_event lines[SG_CHATTER_LINES];
    int n = sg_chatter_hear(daemon->chatter, event, sg_host_raw(), lines);

    for (int i = 0; i < n; i++)
        sg_say_event(&lines[i]);
    if (daemon->alerting)
        sg_alerting_note(daemon->alerting, event);
}

static void
log_what_calmed(struct sg_daemon *daemon)
{
    struct sg_event line;

    while (sg_chatter_calm(daemon->chatter, daemon->published, &line))
        sg_say_event(&line);
}

static void
on_changed(void *arg, bool urgent)
{
    struct sg_daemon *daemon = arg;
    struct sg_raw now = sg_host_raw();
    double age_s = sg_raw_diff(now, daemon->published);
    double calm_s = sg_raw_diff(now, daemon->roused) * ROUTINE_SHARE;
    double routine_s = fmin(fmax(calm_s, ROUTINE_LEAST_S), ROUTINE_S);
    const struct timeval soon = {0, (suseconds_t)(URGENT_S * 1e6)};

    if (daemon->options.once)
        sg_once_look(daemon);
    if (urgent && daemon->alerting)
        sg_alerting_look(daemon->alerting);
    /* from the loop, when all that belongs to this change is done, but
     * without waking up for it once more */
    if (urgent)
        daemon->roused = now;
    if (age_s >= (urgent ? URGENT_S : routine_s))
        event_active(daemon->publish, EV_TIMEOUT, 0);
    else if (urgent && !evtimer_pending(daemon->publish, NULL))
        evtimer_add(daemon->publish, &soon);
}

/* The watch that calls this is about to be replaced: not from in here. */
static void
on_rival(void *arg, const char *what)
{
    struct sg_daemon *daemon = arg;

    snprintf(daemon->rival_did, sizeof daemon->rival_did, "%s", what);
    event_active(daemon->rivalry, EV_TIMEOUT, 0);
}

/* Nor from here. */
static void
on_lost(void *arg)
{
    struct sg_daemon *daemon = arg;

    event_active(daemon->attend, EV_TIMEOUT, 0);
}

const struct sg_watch_hooks sg_daemon_hooks = {on_event, on_changed, on_rival,
                                               on_lost, NULL};

static void
on_rivalry(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    sg_daemon_give_way(arg);
}

static void
keep_motd(struct sg_daemon *daemon)
{
    struct sg_err err = {""};

    if (daemon->options.once)
        return;
    if (sg_motd_keep(daemon->motd_directory, daemon->status, &err) < 0 &&
        strcmp(daemon->motd_error, err.text) != 0)
        sg_log(LOG_WARNING, "no word at login: %s", err.text);
    memcpy(daemon->motd_error, err.text, sizeof daemon->motd_error);
}

static void
publish(struct sg_daemon *daemon)
{
    struct sg_err err;

    daemon->published = sg_host_raw();
    sg_watch_status(daemon->watch, daemon->status);
    sg_publish_notify(daemon->status);
    keep_motd(daemon);
    if (sg_publish_file(daemon->config->status_file, daemon->status, &err) ==
        0) {
        if (daemon->publish_error[0])
            sg_log(LOG_NOTICE, "%s: written again",
                   daemon->config->status_file);
        daemon->publish_error[0] = '\0';
        return;
    }
    if (strcmp(daemon->publish_error, err.text) != 0)
        sg_log(LOG_ERR, "status not published: %s", err.text);
    memcpy(daemon->publish_error, err.text, sizeof daemon->publish_error);
}

/* False: there is nothing to save yet. */
static bool
save_frequency(struct sg_daemon *daemon)
{
    struct sg_memory memory;
    struct sg_reading reading;
    struct sg_err err;

    if (daemon->choice.mode != SG_MODE_DISCIPLINE ||
        !sg_watch_frequency(daemon->watch, &memory.frequency_ppm,
                            &memory.frequency_sd_ppm) ||
        daemon->choice.clock->ops->read(daemon->choice.clock, &reading) < 0)
        return false;
    memory.saved = reading.wall;
    if (sg_file_make_folder(daemon->config->state_directory, &err) < 0 ||
        sg_memory_save(daemon->memory_path, &memory, &err) < 0)
        sg_log(LOG_WARNING, "frequency not saved: %s", err.text);
    return true;
}

/* Is it time?  Then it is time again after wait_s. */
static bool
is_due(struct sg_daemon *daemon, struct sg_raw *due, double wait_s)
{
    if (sg_raw_diff(daemon->published, *due) < 0)
        return false;
    *due = sg_raw_add(daemon->published, wait_s);
    return true;
}

static bool
is_idle(const struct sg_daemon *daemon)
{
    return daemon->plan_failed || daemon->plan->n_sources == 0;
}

/* What need not wake the program up: it is awake to publish. */
static void
keep_house(struct sg_daemon *daemon)
{
    double retry_s = is_idle(daemon) ? RETRY_S : RETRY_IDLY_S;

    log_what_calmed(daemon);
    if (is_due(daemon, &daemon->retry, retry_s))
        sg_daemon_retry(daemon);
    if (is_due(daemon, &daemon->lookout, LOOKOUT_S))
        sg_daemon_look_out(daemon);
    if (is_due(daemon, &daemon->visit, VISIT_S))
        sg_daemon_attend(daemon);
    if (is_due(daemon, &daemon->save, SAVE_S) && !save_frequency(daemon))
        daemon->save = daemon->published;
}

static void
on_publish(evutil_socket_t fd, short what, void *arg)
{
    struct sg_daemon *daemon = arg;
    const struct timeval retry = {RETRY_S, 0};

    (void)fd;
    (void)what;
    evtimer_del(daemon->publish);
    sg_log_flush();
    publish(daemon);
    keep_house(daemon);
    /* nothing else would wake us up in time */
    if (is_idle(daemon))
        evtimer_add(daemon->publish, &retry);
}

static void
on_stop(void *arg, int number)
{
    struct sg_daemon *daemon = arg;

    sg_notify("STOPPING=1");
    sg_log(LOG_NOTICE, "stopping: %s", strsignal(number));
    daemon->exit_status = daemon->options.once ? EX_TEMPFAIL : 0;
    sg_loop_end(daemon->loop);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    sg_notify("WATCHDOG=1");
}

static void
on_hup(void *arg, int number)
{
    struct sg_daemon *daemon = arg;
    struct timespec now;
    struct sg_err err;

    (void)number;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sg_notify("RELOADING=1\nMONOTONIC_USEC=%" PRIdMAX,
              (intmax_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    if (sg_daemon_reload(daemon, &err) < 0)
        sg_log(LOG_ERR, "not reloaded, the old configuration stays: %s",
               err.text);
    else
        sg_log(LOG_NOTICE, "configuration reloaded");
    sg_notify("READY=1");
    on_changed(daemon, true);
}

static int
hear_signals(struct sg_daemon *daemon)
{
    struct sg_loop *loop = daemon->loop;

    signal(SIGPIPE, SIG_IGN);
    if (sg_loop_hear(loop, SIGTERM, on_stop, daemon) < 0 ||
        sg_loop_hear(loop, SIGINT, on_stop, daemon) < 0)
        return -1;
    return sg_loop_hear(loop, SIGHUP, on_hup, daemon);
}

static int
add_events(struct sg_daemon *daemon, struct sg_err *err)
{
    struct event_base *base = daemon->base;
    uint64_t watchdog_us = sg_notify_watchdog_us();

    daemon->publish = evtimer_new(base, on_publish, daemon);
    daemon->watchdog = event_new(base, -1, EV_PERSIST, on_watchdog, daemon);
    daemon->once = evtimer_new(base, sg_once_over, daemon);
    daemon->rediscover = evtimer_new(base, sg_daemon_rediscover, daemon);
    daemon->attend = evtimer_new(base, sg_daemon_on_attend, daemon);
    daemon->rivalry = evtimer_new(base, on_rivalry, daemon);
    if (!daemon->publish || !daemon->watchdog || !daemon->once ||
        !daemon->rediscover || !daemon->attend || !daemon->rivalry ||
        hear_signals(daemon) < 0)
        return sg_err_set(err, -ENOMEM, "no memory for events");
    daemon->save = sg_host_raw();
    daemon->retry = sg_raw_add(daemon->save, RETRY_S);
    daemon->lookout = sg_raw_add(daemon->save, LOOKOUT_S);
    if (watchdog_us > 0) {
        struct timeval tv = {(time_t)(watchdog_us / 2000000),
                             (suseconds_t)(watchdog_us / 2 % 1000000)};

        event_add(daemon->watchdog, &tv);
    }
    return 0;
}

struct sg_daemon *
sg_daemon_new(const struct sg_daemon_options *options, struct sg_err *err)
{
    struct sg_daemon *daemon = calloc(1, sizeof *daemon);

    if (daemon) {
        daemon->status = malloc(sizeof *daemon->status);
        daemon->chatter = sg_chatter_new();
    }
    if (!daemon || !daemon->status || !daemon->chatter) {
        sg_err_set(err, -ENOMEM, "no memory");
        sg_daemon_free(daemon);
        return NULL;
    }
    daemon->options = *options;
    daemon->loop = sg_loop_new(options->minimal || options->once, err);
    if (!daemon->loop) {
        sg_daemon_free(daemon);
        return NULL;
    }
    daemon->base = sg_loop_base(daemon->loop);
    if (add_events(daemon, err) < 0 || sg_daemon_start(daemon, err) < 0) {
        sg_daemon_free(daemon);
        return NULL;
    }
    return daemon;
}

int
sg_daemon_run(struct sg_daemon *daemon)
{
    if (daemon->options.once)
        sg_once_begin(daemon);
    if (sg_loop_run(daemon->loop) < 0)
        daemon->exit_status = EX_SOFTWARE;
    /* the last status says how things stood; the lock says we are gone */
    publish(daemon);
    sg_motd_remove(daemon->motd_directory);
    return daemon->exit_status;
}

void
sg_daemon_free(struct sg_daemon *daemon)
{
    if (!daemon)
        return;
    if (daemon->watch)
        save_frequency(daemon);
    sg_alerting_free(daemon->alerting);
    sg_watch_free(daemon->watch);
    sg_chatter_free(daemon->chatter);
    sg_daemon_follow_end(daemon);
    if (daemon->choice.clock)
        sg_clock_free(daemon->choice.clock);
    for (struct event **e = &daemon->publish; e <= &daemon->rivalry; e++)
        if (*e)
            event_free(*e);
    sg_loop_free(daemon->loop);
    sg_config_free(daemon->config);
    free(daemon->plan);
    free(daemon->status);
    free(daemon);
}

/*
 * The configuration, the clock, and the watch on it.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "base/log.h"
#include "daemon/alerting.h"
#include "daemon/daemon_private.h"
#include "daemon/memory.h"
#include "daemon/publish.h"
#include "daemon/rival.h"

/* An answer within 100 s of the last status may publish nothing; the one after
 * it, or the next tick, within 80 s, does. */
#define PUBLISH_WITHIN_S 200

#define UNKNOWN_SD_PPM 100.0

static void
make_engine_config(struct sg_daemon *daemon)
{
    const struct sg_config *config = daemon->config;
    struct sg_engine_config *engine = &daemon->engine;

    engine->mode = daemon->choice.mode;
    engine->follow_utc = config->follow == SG_FOLLOW_UTC;
    engine->budget.warn_frac = config->alert.warn_frac;
    engine->budget.critical_frac = config->alert.critical_frac;
    engine->poll.max_poll_s = config->max_poll_s;
    engine->poll.kdc_poll_s = config->kdc_poll_s;
    engine->guard = sg_guard_defaults;
    engine->rates.max_ppm = daemon->choice.clock->max_ppm;
    engine->rates.fast_ppm = daemon->choice.clock->fast_ppm;
    /* who waits for one correction has it sooner by a step */
    engine->rates.fast_s =
        daemon->options.once ? 0 : daemon->choice.clock->fast_s;
}

int
sg_daemon_replace_watch(struct sg_daemon *daemon, struct sg_plan *plan,
                        struct sg_err *err)
{
    struct sg_watch_setup setup = {
        .base = daemon->base,
        .plan = plan,
        .clock = daemon->choice.clock,
        .engine = &daemon->engine,
        .hooks = sg_daemon_hooks,
        .is_minimal = daemon->options.minimal || daemon->options.once,
    };
    struct sg_watch *watch;

    setup.hooks.arg = daemon;
    make_engine_config(daemon);
    watch = sg_watch_new(&setup, daemon->watch, err);
    if (!watch)
        return -1;
    sg_watch_free(daemon->watch);
    daemon->watch = watch;
    return 0;
}

void
sg_daemon_show_mode(struct sg_daemon *daemon)
{
    memcpy(daemon->status->mode_reason, daemon->choice.reason,
           sizeof daemon->status->mode_reason);
}

static void
give_way_to(struct sg_daemon *daemon, const char *who, const char *did)
{
    const struct sg_choice before = daemon->choice;
    struct sg_event event = {.kind = SG_EVENT_RIVAL};
    struct sg_err err;

    daemon->choice.mode = SG_MODE_GUARD;
    snprintf(daemon->choice.reason, sizeof daemon->choice.reason, "%s %s", who,
             did);
    if (sg_daemon_replace_watch(daemon, daemon->plan, &err) < 0) {
        /* steered no more, in any case: the driver refuses it */
        daemon->choice = before;
        sg_log(LOG_ERR, "guard mode: %s", err.text);
        return;
    }
    daemon->gave_way = true;
    sg_daemon_show_mode(daemon);
    snprintf(event.text, sizeof event.text,
             "clock: %s; only guarding it until SIGHUP or a restart",
             daemon->choice.reason);
    sg_daemon_hooks.event(daemon, &event);
    sg_daemon_hooks.changed(daemon, true);
}

void
sg_daemon_give_way(struct sg_daemon *daemon)
{
    char who[SG_RIVAL_MAX];

    /* nobody on this host can reach a simulated clock */
    if (daemon->options.simulate || !sg_rival_find(who, sizeof who))
        snprintf(who, sizeof who, "somebody unknown");
    give_way_to(daemon, who, daemon->rival_did);
}

void
sg_daemon_look_out(struct sg_daemon *daemon)
{
    char who[SG_RIVAL_MAX];

    if (daemon->choice.mode == SG_MODE_DISCIPLINE &&
        !daemon->options.simulate && daemon->config->mode == SG_MODE_AUTO &&
        sg_rival_find(who, sizeof who))
        give_way_to(daemon, who, "was started to steer this host's clock");
}

/* These take effect at a restart only: the clock and the lock are held. */
static void
mention_restart(const struct sg_config *before, const struct sg_config *now)
{
    if (before->mode != now->mode || strcmp(before->clock, now->clock) != 0 ||
        strcmp(before->runtime_directory, now->runtime_directory) != 0 ||
        strcmp(before->state_directory, now->state_directory) != 0)
        sg_log(LOG_WARNING, "mode, clock, runtime_directory and "
                            "state_directory change at the next restart");
}

/* What was chosen again is in force. */
static void
take_back(struct sg_daemon *daemon)
{
    sg_daemon_show_mode(daemon);
    sg_log(LOG_NOTICE, "%s mode: %s", sg_mode_name(daemon->choice.mode),
           daemon->choice.reason);
    daemon->gave_way = daemon->choice.mode != SG_MODE_DISCIPLINE;
}

static void
choose_again(struct sg_daemon *daemon)
{
    struct sg_clock *clock = daemon->choice.clock;

    sg_choose_again(&daemon->options, daemon->config, &daemon->choice);
    if (daemon->choice.mode != SG_MODE_DISCIPLINE)
        return;
    clock->ops->forgive(clock);
    sg_daemon_restore_frequency(daemon);
}

int
sg_daemon_reload(struct sg_daemon *daemon, struct sg_err *err)
{
    struct sg_config *before = daemon->config, *config;
    const struct sg_choice choice = daemon->choice;
    struct sg_plan *plan;

    if (sg_config_load(daemon->options.config, &config, err) < 0)
        return -1;
    sg_daemon_watch_files(daemon, config);
    plan = sg_daemon_make_plan(daemon, config, err);
    if (!plan) {
        sg_config_free(config);
        return -1;
    }
    daemon->config = config;
    if (daemon->gave_way)
        choose_again(daemon);
    if (sg_daemon_use_plan(daemon, plan, NULL, err) < 0) {
        daemon->config = before;
        daemon->choice = choice;
        free(plan);
        sg_config_free(config);
        return -1;
    }
    if (daemon->gave_way)
        take_back(daemon);
    if (daemon->alerting)
        sg_alerting_configure(daemon->alerting, config);
    mention_restart(before, config);
    sg_config_free(before);
    sg_daemon_ask_dns(daemon, true);
    return 0;
}

/* What is in force, but no more of it than a course may hold: another daemon
 * may have left a part of a slew in the tick. */
static void
take_frequency(struct sg_clock *clock, double *ret_ppm)
{
    struct sg_clock_course course = {0};
    struct sg_err err;

    clock->ops->frequency(clock, ret_ppm);
    if (fabs(*ret_ppm) <= clock->max_ppm)
        return;
    course.base_ppm = copysign(clock->max_ppm, *ret_ppm);
    if (clock->ops->steer(clock, &course, &err) < 0)
        sg_log(LOG_WARNING, "%s", err.text);
    else
        sg_log(LOG_WARNING, "clock: found at %+.3f ppm, set to %+.3f ppm",
               *ret_ppm, course.base_ppm);
    *ret_ppm = course.base_ppm;
}

void
sg_daemon_restore_frequency(struct sg_daemon *daemon)
{
    struct sg_clock *clock = daemon->choice.clock;
    struct sg_engine_config *engine = &daemon->engine;
    struct sg_clock_course course = {0};
    struct sg_memory memory;
    struct sg_err err;
    int code;

    engine->frequency_sd_ppm = UNKNOWN_SD_PPM;
    engine->floor.ns = (int64_t)SG_BUILT_UNIX_S * 1000000000;
    if (daemon->choice.mode != SG_MODE_DISCIPLINE)
        return;
    take_frequency(clock, &engine->frequency_ppm);
    code = sg_memory_load(daemon->memory_path, &memory, &err);
    if (code < 0) {
        if (code != -ENOENT)
            sg_log(LOG_WARNING, "saved frequency ignored: %s", err.text);
        return;
    }
    if (sg_wall_diff(memory.saved, engine->floor) > 0)
        engine->floor = memory.saved;
    course.base_ppm = memory.frequency_ppm;
    if (clock->ops->steer(clock, &course, &err) < 0) {
        sg_log(LOG_WARNING, "saved frequency not used: %s", err.text);
        return;
    }
    engine->frequency_ppm = memory.frequency_ppm;
    engine->frequency_sd_ppm = memory.frequency_sd_ppm;
    sg_log(LOG_INFO, "clock: frequency %+.3f ppm of an earlier run",
           memory.frequency_ppm);
}

static const struct sg_status *
look_at_status(void *arg)
{
    struct sg_daemon *daemon = arg;

    sg_watch_status(daemon->watch, daemon->status);
    return daemon->status;
}

static void
burst(void *arg)
{
    sg_watch_burst(((struct sg_daemon *)arg)->watch);
}

static int
begin_alerting(struct sg_daemon *daemon, struct sg_err *err)
{
    const struct sg_alerting_hooks hooks = {look_at_status, burst, daemon};

    if (daemon->options.once)
        return 0;
    daemon->alerting = sg_alerting_new(daemon->base, daemon->config, &hooks);
    return daemon->alerting ? 0 : sg_err_set(err, -ENOMEM, "no memory");
}

int
sg_daemon_start(struct sg_daemon *daemon, struct sg_err *err)
{
    struct sg_status *status = daemon->status;

    if (sg_config_load(daemon->options.config, &daemon->config, err) < 0 ||
        sg_publish_lock(daemon->config->runtime_directory, err) < 0 ||
        sg_choose(&daemon->options, daemon->config, &daemon->choice, err) < 0)
        return -1;
    snprintf(daemon->memory_path, sizeof daemon->memory_path, "%s/frequency.%s",
             daemon->config->state_directory,
             daemon->options.simulate ? "simulated" : "kernel");
    memcpy(daemon->motd_directory, daemon->config->runtime_directory,
           sizeof daemon->motd_directory);
    sg_log(LOG_NOTICE, "%s mode: %s", sg_mode_name(daemon->choice.mode),
           daemon->choice.reason);
    sg_daemon_restore_frequency(daemon);
    sg_status_init(status);
    status->pid = (int)getpid();
    status->publish_within_s = PUBLISH_WITHIN_S;
    status->started = sg_host_reading().wall;
    sg_daemon_show_mode(daemon);
    sg_publish_boot_id(status->boot_id, sizeof status->boot_id);
    sg_daemon_follow(daemon);
    sg_daemon_watch_files(daemon, daemon->config);
    if (begin_alerting(daemon, err) < 0 ||
        sg_daemon_begin_plan(daemon, err) < 0)
        return -1;
    sg_daemon_ask_dns(daemon, true);
    return 0;
}

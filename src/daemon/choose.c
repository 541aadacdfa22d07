#include "daemon/choose.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/rival.h"

#define MARKER_MAX (SG_PATH_MAX + 8)

static int
guard(struct sg_choice *ret, struct sg_err *err)
{
    ret->mode = SG_MODE_GUARD;
    if (!ret->clock)
        ret->clock = sg_clock_none_new(err);
    return ret->clock ? 0 : -1;
}

static bool
is_taken(const struct sg_config *config, struct sg_choice *ret)
{
    char rival[SG_RIVAL_MAX];

    if (config->mode != SG_MODE_AUTO || !sg_rival_find(rival, sizeof rival))
        return false;
    snprintf(ret->reason, sizeof ret->reason,
             "%s steers this host's clock already", rival);
    return true;
}

static void
take_simulated(struct sg_choice *ret)
{
    ret->mode = SG_MODE_DISCIPLINE;
    snprintf(ret->reason, sizeof ret->reason,
             "the clock is simulated, the host's is left alone");
}

static void
take(struct sg_choice *ret)
{
    ret->mode = SG_MODE_DISCIPLINE;
    snprintf(ret->reason, sizeof ret->reason,
             "the clock may be set%s and nobody else steers it",
             sg_choice_is_service(ret) ? " by the clock service" : "");
}

static int
choose_simulated(const struct sg_daemon_options *options,
                 const struct sg_config *config, struct sg_choice *ret,
                 struct sg_err *err)
{
    ret->clock = sg_clock_simulated_new(options->simulate, err);
    if (!ret->clock)
        return -1;
    if (options->guard || config->mode == SG_MODE_GUARD) {
        snprintf(ret->reason, sizeof ret->reason,
                 "guard mode was asked for; the clock is simulated");
        return guard(ret, err);
    }
    take_simulated(ret);
    return 0;
}

/* In memory, where it lives as long as what the kernel was told. */
static void
name_marker(const struct sg_config *config, char ret[MARKER_MAX])
{
    snprintf(ret, MARKER_MAX, "%s/slew", config->runtime_directory);
}

/*
 * A slew that an earlier run was killed in is ended before anybody is asked
 * whose clock it is: a rival who sets no tick would not end it either.
 */
static void
recover(const struct sg_config *config)
{
    char marker[MARKER_MAX];
    struct sg_err what;

    name_marker(config, marker);
    if (sg_clock_kernel_recover(marker, &what) != 0)
        sg_log(LOG_WARNING, "%s", what.text);
}

/* Where no second process may be, the marker has to do. */
static struct sg_clock *
open_kernel(const struct sg_daemon_options *options,
            const struct sg_config *config, struct sg_err *err)
{
    char marker[MARKER_MAX];
    struct sg_clock_kernel_setup setup = {
        .marker = marker, .keeper = !options->minimal && !options->once};
    struct sg_clock *clock;

    name_marker(config, marker);
    clock = sg_clock_kernel_new(&setup, err);
    if (clock && clock->fast_s == 0)
        sg_log(LOG_WARNING, "%s; no slew beyond %.0f ppm", err->text,
               clock->max_ppm);
    return clock;
}

/* The service, where there is one; it guards what we may not be trusted with.
 */
static struct sg_clock *
open_clock(const struct sg_daemon_options *options,
           const struct sg_config *config, struct sg_err *err)
{
    bool is_auto = strcmp(config->clock, "auto") == 0;
    struct sg_clock *clock = NULL;
    struct sg_err why = {""}, why_kernel;

    if (strcmp(config->clock, "kernel") != 0 && !options->minimal)
        clock = sg_clock_remote_new(config->clock_socket, &why);
    if (clock)
        return clock;
    if (!is_auto && why.text[0]) {
        *err = why;
        return NULL;
    }
    clock = open_kernel(options, config, &why_kernel);
    if (!clock)
        sg_err_set(err, -EPERM, "%.180s%s%.180s", why_kernel.text,
                   why.text[0] ? "; " : "", why.text);
    return clock;
}

int
sg_choose(const struct sg_daemon_options *options,
          const struct sg_config *config, struct sg_choice *ret,
          struct sg_err *err)
{
    struct sg_err why;

    memset(ret, 0, sizeof *ret);
    if (options->simulate)
        return choose_simulated(options, config, ret, err);
    if (options->guard || config->mode == SG_MODE_GUARD) {
        snprintf(ret->reason, sizeof ret->reason, "guard mode was asked for");
        return guard(ret, err);
    }
    if (strcmp(config->clock, "none") == 0) {
        snprintf(ret->reason, sizeof ret->reason,
                 "clock = none: there is no clock to discipline");
        return guard(ret, err);
    }
    recover(config);
    if (is_taken(config, ret))
        return guard(ret, err);
    ret->clock = open_clock(options, config, &why);
    if (!ret->clock) {
        snprintf(ret->reason, sizeof ret->reason, "%.*s",
                 (int)sizeof ret->reason - 1, why.text);
        return guard(ret, err);
    }
    take(ret);
    return 0;
}

void
sg_choose_again(const struct sg_daemon_options *options,
                const struct sg_config *config, struct sg_choice *choice)
{
    choice->mode = SG_MODE_GUARD;
    if (config->mode == SG_MODE_GUARD)
        snprintf(choice->reason, sizeof choice->reason,
                 "guard mode was asked for");
    else if (options->simulate)
        take_simulated(choice);
    else if (!is_taken(config, choice))
        take(choice);
}

bool
sg_choice_is_service(const struct sg_choice *choice)
{
    return strcmp(choice->clock->ops->name, SG_CLOCK_SERVICE) == 0;
}

bool
sg_choice_may_change(const struct sg_daemon_options *options,
                     const struct sg_config *config)
{
    return !options->simulate && !options->guard && !options->minimal &&
           !options->once && config->mode != SG_MODE_GUARD &&
           (strcmp(config->clock, "auto") == 0 ||
            strcmp(config->clock, SG_CLOCK_SERVICE) == 0);
}

/*
 * "skewguard wait": until the clock is good enough, for boot order and scripts.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "cli/command.h"
#include "reader/published.h"
#include "report/headline.h"
#include "report/present.h"
#include "setup/config.h"

#define TIMEOUT_S 180.0
#define LONGEST_S 86400.0
#define CLOSEST_S 0.001
/* The file is replaced as often as something changes that people look at. */
#define POLL_MS 250

struct wait {
    struct sg_config *config;
    char lock_path[SG_PATH_MAX + sizeof "/" SG_PUBLISHED_LOCK];
    double within_s; /* 0: any skew will do that is "ok" */
    double timeout_s;
    struct sg_status status;
    struct sg_present present;
    struct sg_err err; /* why there is no status; empty: there is one */
};

/* "5" is 5 seconds; everything else has its unit. */
static bool
read_span(const char *option, const char *text, double min_s, double *ret)
{
    struct sg_err err;
    char with_unit[40];

    if (!text)
        return true;
    if (strlen(text) < sizeof with_unit - 1 && *text &&
        strspn(text, "0123456789.") == strlen(text)) {
        snprintf(with_unit, sizeof with_unit, "%ss", text);
        text = with_unit;
    }
    if (sg_parse_duration(text, min_s, LONGEST_S, ret, &err) == 0)
        return true;
    sg_log(LOG_ERR, "wait: option --%s: %s", option, err.text);
    return false;
}

static void
look(struct wait *wait)
{
    struct sg_report_now now;

    wait->err.text[0] = '\0';
    sg_published_read(wait->config->status_file, &wait->status, &wait->err);
    /* The clocks last: a status must not seem to come from the future. */
    sg_published_look(wait->lock_path, &now);
    sg_present_make(&wait->status, &now, &wait->present);
}

static bool
is_near(const struct wait *wait, const struct sg_skew *skew)
{
    return wait->within_s == 0 ||
           fmax(fabs(skew->lower_s), fabs(skew->upper_s)) <= wait->within_s;
}

/* All realms; where there is none, what the clock follows. */
static bool
are_all_near(const struct wait *wait)
{
    struct sg_skew skew;

    if (wait->status.n_realms == 0)
        return sg_present_skew(&wait->present, &wait->status.clock.model,
                               &skew) &&
               is_near(wait, &skew);
    for (int i = 0; i < wait->status.n_realms; i++)
        if (!wait->present.realms[i].has_skew ||
            !is_near(wait, &wait->present.realms[i].skew))
            return false;
    return true;
}

/* What is still missing; NULL: nothing. */
static const char *
find_missing(const struct wait *wait)
{
    const struct sg_status *status = &wait->status;

    if (!wait->present.is_alive)
        return "skewguardd does not run";
    if (wait->err.text[0])
        return wait->err.text;
    if (wait->present.age != SG_PRESENT_FRESH)
        return "skewguardd has not published anything lately";
    if (status->n_realms > 0 && wait->present.state != SG_STATE_OK)
        return "not ok";
    /* It may be about to be stepped: that is what nobody should see. */
    if (status->mode == SG_MODE_DISCIPLINE && !status->clock.synced)
        return "the clock is not corrected yet";
    return are_all_near(wait) ? NULL : "too far, or not certain";
}

static double
uptime_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static const char *
wait_for_it(struct wait *wait)
{
    const struct timespec poll = {0, POLL_MS * 1000000L};
    double end_s = uptime_s() + wait->timeout_s;
    const char *missing;

    for (;;) {
        look(wait);
        missing = find_missing(wait);
        if (!missing || uptime_s() >= end_s)
            return missing;
        nanosleep(&poll, NULL);
    }
}

static int
tell(const struct wait *wait, const char *missing)
{
    struct sg_buf fact = SG_BUF_INIT;

    sg_headline_add_fact(&fact, &wait->status, &wait->present);
    if (!missing) {
        sg_buf_add(&fact, "\n");
        return sg_command_print(&fact, 0);
    }
    if (wait->present.age == SG_PRESENT_FRESH && fact.text)
        sg_log(LOG_ERR, "after %g s: %s: %s", wait->timeout_s, missing,
               fact.text);
    else
        sg_log(LOG_ERR, "after %g s: %s", wait->timeout_s, missing);
    sg_buf_free(&fact);
    return SG_EXIT_FAILED;
}

int
sg_wait_run(const struct sg_invocation *invocation)
{
    static struct wait wait;
    struct sg_err err;
    int code;

    wait.timeout_s = TIMEOUT_S;
    if (!read_span("within", invocation->within, CLOSEST_S, &wait.within_s) ||
        !read_span("timeout", invocation->timeout, 0, &wait.timeout_s))
        return SG_EXIT_USAGE;
    if (sg_config_load(invocation->config_path, &wait.config, &err) < 0) {
        sg_log(LOG_ERR, "%s", err.text);
        return SG_EXIT_UNKNOWN;
    }
    snprintf(wait.lock_path, sizeof wait.lock_path, "%s/" SG_PUBLISHED_LOCK,
             wait.config->runtime_directory);
    code = tell(&wait, wait_for_it(&wait));
    sg_config_free(wait.config);
    return code;
}

/*
 * The subcommands that show what the daemon published.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/command.h"
#include "reader/published.h"
#include "report/report.h"
#include "setup/config.h"

#define START_ADVICE                                                           \
    "run \"systemctl start skewguard\", or measure now with \"skewguard "      \
    "check\""

struct published {
    struct sg_status status;
    struct sg_report_now now;
};

/*
 * 0, or a negative errno with a reason; then ret holds no status, and still
 * what was found out about the daemon.
 */
static int
load(const char *config_path, struct published *ret, struct sg_err *err)
{
    struct sg_config *config = NULL;
    char lock_path[SG_PATH_MAX + sizeof "/" SG_PUBLISHED_LOCK];
    int r = sg_config_load(config_path, &config, err);

    if (r < 0) {
        sg_status_init(&ret->status);
        memset(&ret->now, 0, sizeof ret->now);
        ret->now.daemon = SG_REPORT_DAEMON_UNCERTAIN;
        return r;
    }
    snprintf(lock_path, sizeof lock_path, "%s/" SG_PUBLISHED_LOCK,
             config->runtime_directory);
    r = sg_published_read(config->status_file, &ret->status, err);
    /* The clocks last: a status must not seem to come from the future. */
    sg_published_look(lock_path, &ret->now);
    sg_config_free(config);
    return r;
}

static bool
wants_colour(void)
{
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && term &&
           strcmp(term, "dumb") != 0;
}

/* Without a status the report says so, in the form that was asked for. */
int
sg_show_status(const struct sg_invocation *invocation)
{
    static struct published published;
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err = {""};
    enum sg_state state;

    if (load(invocation->config_path, &published, &err) < 0)
        snprintf(published.status.notice, sizeof published.status.notice,
                 "%.*s", (int)sizeof published.status.notice - 1, err.text);
    state = sg_report_state(&published.status, &published.now);
    if (invocation->json)
        sg_report_status_json(&published.status, &published.now, &text);
    else
        sg_report_status_text(&published.status, &published.now, wants_colour(),
                              &text);
    return sg_command_print(&text, sg_report_exit_code(state));
}

/* For the outputs that are nothing without a status. */
static bool
load_or_tell(const struct sg_invocation *invocation, struct published *ret)
{
    struct sg_err err = {""};

    if (load(invocation->config_path, ret, &err) == 0)
        return true;
    sg_log(LOG_ERR, "%s", err.text);
    if (ret->now.daemon == SG_REPORT_DAEMON_DEAD)
        sg_log(LOG_ERR, START_ADVICE);
    return false;
}

int
sg_show_sources(const struct sg_invocation *invocation)
{
    static struct published published;
    struct sg_buf text = SG_BUF_INIT;

    if (!load_or_tell(invocation, &published))
        return SG_EXIT_UNKNOWN;
    sg_report_sources_text(&published.status, &published.now,
                           invocation->verbose, &text);
    return sg_command_print(&text, 0);
}

int
sg_show_explain(const struct sg_invocation *invocation)
{
    static struct published published;
    struct sg_buf text = SG_BUF_INIT;

    if (!load_or_tell(invocation, &published))
        return SG_EXIT_UNKNOWN;
    sg_report_explain_text(&published.status, &published.now, &text);
    return sg_command_print(&text, 0);
}

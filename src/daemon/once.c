#include "daemon/once.h"

#include <event2/event.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/timeval.h"
#include "daemon/daemon_private.h"
#include "daemon/loop.h"

/* Three questions a second apart, unanswered, are over by then. */
#define MEASURE_S 10

static void
end(struct sg_daemon *daemon, int exit_status)
{
    daemon->exit_status = exit_status;
    sg_loop_end(daemon->loop);
}

void
sg_once_begin(struct sg_daemon *daemon)
{
    const struct timeval limit = {MEASURE_S, 0};

    if (daemon->choice.mode != SG_MODE_DISCIPLINE) {
        sg_log(LOG_ERR, "clock: not corrected: %s", daemon->choice.reason);
        end(daemon, EX_NOPERM);
    } else if (daemon->plan->n_sources == 0 && daemon->plan->n_asks == 0) {
        sg_log(LOG_ERR, "clock: not corrected: there is nobody to ask");
        end(daemon, EX_CONFIG);
    } else
        evtimer_add(daemon->once, &limit);
}

void
sg_once_look(struct sg_daemon *daemon)
{
    double left_s = sg_watch_correction(daemon->watch);
    struct timeval left;

    if (left_s < 0 || daemon->is_corrected)
        return;
    daemon->is_corrected = true;
    left = sg_timeval(left_s);
    evtimer_add(daemon->once, &left);
}

/* Why it failed: of every source its reason. */
static void
explain(struct sg_daemon *daemon)
{
    const struct sg_status *status = daemon->status;

    sg_watch_status(daemon->watch, daemon->status);
    sg_log(LOG_ERR, "clock: not corrected within %d s: %s", MEASURE_S,
           status->decision);
    for (int i = 0; i < status->n_sources; i++)
        sg_log(LOG_ERR, "%s %s: %s", sg_kind_name(status->sources[i].kind),
               status->sources[i].name, status->sources[i].reason);
}

void
sg_once_over(int fd, short what, void *arg)
{
    struct sg_daemon *daemon = arg;

    (void)fd;
    (void)what;
    if (!daemon->is_corrected) {
        explain(daemon);
        end(daemon, EX_UNAVAILABLE);
        return;
    }
    sg_watch_status(daemon->watch, daemon->status);
    sg_log(LOG_NOTICE, "clock: corrected: %s", daemon->status->decision);
    end(daemon, 0);
}

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/hostclock.h"
#include "base/log.h"
#include "mailer/channel.h"
#include "mailer/mailer_private.h"

/* What is under way when we are told to stop may come to its end. */
#define STOP_S 5

static struct sg_progress
known(const void *journal, const struct sg_spool_entry *alert,
      const char *label)
{
    return sg_journal_get(journal, alert, label);
}

static void
set_channels(struct sg_mailer *mailer)
{
    const struct sg_delivery *delivery;
    static struct sg_channel channels[SG_CHANNELS_MAX];
    int n = sg_channels_make(mailer->config, channels);

    if (n == 0)
        sg_log(LOG_WARNING, "neither mailto nor hook is set: nobody is told "
                            "of alerts but the log; they wait in the spool");
    sg_queue_set_channels(mailer->queue, channels, n, known, mailer->journal,
                          sg_host_raw());
    LIST_FOREACH(delivery, &mailer->deliveries, link)
    sg_queue_set_busy(mailer->queue, &delivery->batch);
}

static void
reload(struct sg_mailer *mailer)
{
    struct sg_config *fresh;
    struct sg_err err;

    if (sg_config_load(mailer->options.config, &fresh, &err) < 0) {
        sg_log(LOG_ERR, "not reloaded, the old configuration stays: %s",
               err.text);
        return;
    }
    if (strcmp(fresh->state_directory, mailer->config->state_directory) != 0)
        sg_log(LOG_WARNING, "state_directory: a change needs a restart");
    sg_config_free(mailer->config);
    mailer->config = fresh;
    set_channels(mailer);
    sg_log(LOG_NOTICE, "configuration reloaded");
    sg_mailer_look(mailer);
}

static void
on_stop_over(evutil_socket_t fd, short what, void *arg)
{
    struct sg_mailer *mailer = arg;

    (void)fd;
    (void)what;
    event_base_loopbreak(mailer->base);
}

static void
stop(struct sg_mailer *mailer, int number)
{
    const struct timeval patience = {STOP_S, 0};

    if (mailer->is_stopping || LIST_EMPTY(&mailer->deliveries))
        event_base_loopbreak(mailer->base);
    else
        evtimer_add(mailer->stop, &patience);
    sg_log(LOG_NOTICE, "stopping: %s", strsignal(number));
    mailer->is_stopping = true;
    mailer->exit_status = mailer->options.once ? EX_TEMPFAIL : 0;
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
    struct sg_mailer *mailer = arg;

    (void)what;
    switch (number) {
    case SIGCHLD:
        sg_mailer_reap(mailer);
        break;
    case SIGHUP:
        reload(mailer);
        break;
    case SIGUSR1:
        sg_log(LOG_NOTICE, "trying everything now");
        sg_queue_hurry(mailer->queue, sg_host_raw());
        sg_mailer_look(mailer);
        break;
    default:
        stop(mailer, (int)number);
    }
}

static int
add_events(struct sg_mailer *mailer)
{
    static const int numbers[] = {SIGCHLD, SIGHUP, SIGUSR1, SIGTERM, SIGINT};

    signal(SIGPIPE, SIG_IGN);
    mailer->base = event_base_new();
    if (!mailer->base)
        return -ENOMEM;
    mailer->look = evtimer_new(mailer->base, sg_mailer_on_look, mailer);
    mailer->pump = evtimer_new(mailer->base, sg_mailer_on_pump, mailer);
    mailer->stop = evtimer_new(mailer->base, on_stop_over, mailer);
    if (!mailer->look || !mailer->pump || !mailer->stop)
        return -ENOMEM;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        mailer->signals[i] =
            evsignal_new(mailer->base, numbers[i], on_signal, mailer);
        if (!mailer->signals[i] || event_add(mailer->signals[i], NULL) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int
set_up(struct sg_mailer *mailer, struct sg_err *err)
{
    int code;

    LIST_INIT(&mailer->deliveries);
    mailer->lock = mailer->inotify = -1;
    code = sg_config_load(mailer->options.config, &mailer->config, err);
    if (code < 0)
        return code;
    snprintf(mailer->folder, sizeof mailer->folder, "%s/" SG_SPOOL_FOLDER,
             mailer->config->state_directory);
    mailer->queue = sg_queue_new();
    mailer->journal = sg_journal_new();
    if (!mailer->queue || !mailer->journal || add_events(mailer) < 0)
        return sg_err_set(err, -ENOMEM, "no memory");
    set_channels(mailer);
    /* anything but another mailer may pass */
    code = sg_mailer_take_spool(mailer, err);
    if (code == -EAGAIN)
        return code;
    if (code < 0)
        sg_mailer_say_trouble(mailer, err->text);
    return 0;
}

struct sg_mailer *
sg_mailer_new(const struct sg_mailer_options *options, struct sg_err *err)
{
    struct sg_mailer *mailer = calloc(1, sizeof *mailer);

    if (!mailer) {
        sg_err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    mailer->options = *options;
    if (set_up(mailer, err) == 0)
        return mailer;
    sg_mailer_free(mailer);
    return NULL;
}

int
sg_mailer_run(struct sg_mailer *mailer)
{
    /* from the loop, which cannot be ended before it runs */
    event_active(mailer->look, EV_TIMEOUT, 0);
    if (event_base_dispatch(mailer->base) < 0)
        mailer->exit_status = EX_SOFTWARE;
    sg_mailer_let_go(mailer);
    return mailer->exit_status;
}

void
sg_mailer_free(struct sg_mailer *mailer)
{
    if (!mailer)
        return;
    sg_mailer_let_go(mailer);
    sg_mailer_leave_spool(mailer);
    for (struct event **e = &mailer->look; e <= &mailer->signals[4]; e++)
        if (*e)
            event_free(*e);
    if (mailer->base)
        event_base_free(mailer->base);
    sg_journal_free(mailer->journal);
    sg_queue_free(mailer->queue);
    sg_config_free(mailer->config);
    free(mailer);
}

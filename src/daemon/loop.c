#include "daemon/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A signal that comes just before poll(2) begins to wait would be lost on it
 * and so is repeated. */
#define REPEAT_S 1

struct heard {
    int number;
    struct event *event; /* NULL in the minimal loop */
    sg_loop_on_signal *call;
    void *arg;
};

struct sg_loop {
    struct event_base *base;
    bool is_minimal;
    bool is_ended;
    int n_heard;
    struct heard heard[SG_LOOP_SIGNALS];
};

/* All that a handler can know. */
static struct event_base *base_to_break;
static volatile sig_atomic_t caught[NSIG];

/* Each of the others waits with a descriptor of its own, or worse. */
static void
avoid_all_but_poll(struct event_config *how)
{
    const char **methods = event_get_supported_methods();

    for (; methods && *methods; methods++)
        if (strcmp(*methods, "poll") != 0)
            event_config_avoid_method(how, *methods);
}

static struct event_base *
new_base(bool minimal)
{
    struct event_config *how = event_config_new();
    struct event_base *base;

    if (!how)
        return NULL;
    /* a KDC's second is met to the millisecond only by exact timers */
    event_config_set_flag(how, EVENT_BASE_FLAG_PRECISE_TIMER);
    if (minimal)
        avoid_all_but_poll(how);
    base = event_base_new_with_config(how);
    event_config_free(how);
    return base;
}

struct sg_loop *
sg_loop_new(bool minimal, struct sg_err *err)
{
    struct sg_loop *loop = calloc(1, sizeof *loop);

    if (loop)
        loop->base = new_base(minimal);
    if (!loop || !loop->base) {
        sg_err_set(err, -ENOMEM, "no event loop: %s",
                   minimal ? "no memory, or libevent may not use poll(2)"
                           : "no memory");
        free(loop);
        return NULL;
    }
    loop->is_minimal = minimal;
    if (minimal)
        base_to_break = loop->base;
    return loop;
}

void
sg_loop_free(struct sg_loop *loop)
{
    if (!loop)
        return;
    for (int i = 0; i < loop->n_heard; i++) {
        if (loop->heard[i].event)
            event_free(loop->heard[i].event);
        else
            signal(loop->heard[i].number, SIG_DFL);
    }
    if (loop->is_minimal)
        alarm(0);
    event_base_free(loop->base);
    free(loop);
}

struct event_base *
sg_loop_base(struct sg_loop *loop)
{
    return loop->base;
}

static void
on_handler(int number)
{
    caught[number] = 1;
    event_base_loopbreak(base_to_break);
    alarm(REPEAT_S);
}

static int
set_handler(int number)
{
    /* poll(2) ends all the same, other calls need not notice */
    struct sigaction action = {
        .sa_handler = on_handler,
        .sa_flags = SA_RESTART,
    };

    sigfillset(&action.sa_mask);
    return sigaction(number, &action, NULL) < 0 ? -errno : 0;
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
    struct heard *heard = arg;

    (void)what;
    heard->call(heard->arg, (int)fd);
}

int
sg_loop_hear(struct sg_loop *loop, int number, sg_loop_on_signal *call,
             void *arg)
{
    struct heard *heard = &loop->heard[loop->n_heard];
    int code = 0;

    if (loop->n_heard == SG_LOOP_SIGNALS)
        return -ENOSPC;
    *heard = (struct heard){number, NULL, call, arg};
    if (loop->is_minimal) {
        code = set_handler(SIGALRM);
        if (code == 0)
            code = set_handler(number);
    } else {
        heard->event = evsignal_new(loop->base, number, on_event, heard);
        if (!heard->event || event_add(heard->event, NULL) < 0)
            code = -ENOMEM;
    }
    if (code == 0)
        loop->n_heard++;
    else if (heard->event)
        event_free(heard->event);
    return code;
}

static void
call_caught(struct sg_loop *loop)
{
    /* first, so that what comes meanwhile repeats itself */
    alarm(0);
    for (int i = 0; i < loop->n_heard; i++) {
        struct heard *heard = &loop->heard[i];

        if (!caught[heard->number])
            continue;
        caught[heard->number] = 0;
        heard->call(heard->arg, heard->number);
    }
}

int
sg_loop_run(struct sg_loop *loop)
{
    int code = 0;

    while (!loop->is_ended && code >= 0) {
        code = event_base_dispatch(loop->base);
        if (loop->is_minimal)
            call_caught(loop);
    }
    return code < 0 ? -1 : 0;
}

void
sg_loop_end(struct sg_loop *loop)
{
    loop->is_ended = true;
    event_base_loopbreak(loop->base);
}

#include "probe/channel.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* The second try waits twice as long: 6 s for a server that is silent. */
#define TRY_MS 2000
#define TRIES 2

/* A socket of c-ares that it wants watched. */
struct watch {
    LIST_ENTRY(watch) link;
    ares_socket_t fd;
    struct event *event;
};

struct sg_channel {
    struct event_base *base;
    ares_channel ares; /* NULL until the first question, if servers is */
    char *servers;     /* NULL: those of resolv.conf */
    struct event *timer;
    LIST_HEAD(, watch) watches;
};

void
sg_channel_asked(struct sg_channel *channel)
{
    struct timeval wait;

    if (ares_timeout(channel->ares, NULL, &wait))
        evtimer_add(channel->timer, &wait);
    else
        evtimer_del(channel->timer);
}

/* A socket is ready, or (then it is neither) the timer fired. */
static void
on_event(int fd, short what, void *arg)
{
    struct sg_channel *channel = arg;

    ares_process_fd(channel->ares, what & EV_READ ? fd : ARES_SOCKET_BAD,
                    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
    sg_channel_asked(channel);
}

static void
watch_free(struct watch *watch)
{
    LIST_REMOVE(watch, link);
    if (watch->event)
        event_free(watch->event);
    free(watch);
}

static struct watch *
find_watch(struct sg_channel *channel, ares_socket_t fd)
{
    struct watch *watch = LIST_FIRST(&channel->watches);

    while (watch && watch->fd != fd)
        watch = LIST_NEXT(watch, link);
    return watch;
}

/*
 * c-ares tells what it waits for.  If memory runs out the socket is not
 * watched and the question times out.
 */
static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct sg_channel *channel = arg;
    struct watch *watch = find_watch(channel, fd);
    short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

    if (watch)
        watch_free(watch);
    if (what == 0)
        return;
    watch = calloc(1, sizeof *watch);
    if (!watch)
        return;
    LIST_INSERT_HEAD(&channel->watches, watch, link);
    watch->fd = fd;
    watch->event = event_new(channel->base, fd, (short)(what | EV_PERSIST),
                             on_event, channel);
    if (!watch->event || event_add(watch->event, NULL) < 0)
        watch_free(watch);
}

/* *ret is left alone on failure. */
static int
open_ares(struct sg_channel *channel, ares_channel *ret, struct sg_err *err)
{
    struct ares_options options = {
        .timeout = TRY_MS,
        .tries = TRIES,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = channel,
        .lookups = (char[]){"fb"}, /* the hosts file first, then DNS */
    };
    ares_channel ares;
    int status =
        ares_init_options(&ares, &options,
                          ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                              ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS);

    if (status != ARES_SUCCESS)
        return sg_err_set(err, -EIO, "DNS: c-ares does not start: %s",
                          ares_strerror(status));
    if (channel->servers)
        status = ares_set_servers_ports_csv(ares, channel->servers);
    if (status != ARES_SUCCESS) {
        ares_destroy(ares);
        return sg_err_set(err, -EINVAL, "DNS servers \"%s\": %s",
                          channel->servers, ares_strerror(status));
    }
    *ret = ares;
    return 0;
}

ares_channel
sg_channel_ares(struct sg_channel *channel, struct sg_err *err)
{
    if (!channel->ares && open_ares(channel, &channel->ares, err) < 0)
        return NULL;
    return channel->ares;
}

void
sg_channel_reload(struct sg_channel *channel)
{
    ares_channel old = channel->ares, fresh;

    /* Without memory for a new one the old one is better than none. */
    if (!old || open_ares(channel, &fresh, NULL) < 0)
        return;
    ares_destroy(old);
    channel->ares = fresh;
}

const char *
sg_channel_failure(int status)
{
    /* c-ares tries all servers and forgets what each of them said. */
    if (status == ARES_ECONNREFUSED)
        return "each DNS server is unreachable, refuses or fails";
    return ares_strerror(status);
}

struct sg_channel *
sg_channel_new(struct event_base *base, const char *servers, struct sg_err *err)
{
    struct sg_channel *channel = calloc(1, sizeof *channel);
    int status = ares_library_init(ARES_LIB_INIT_ALL);

    if (!channel || status != ARES_SUCCESS) {
        sg_err_set(err, 0, "DNS: %s",
                   channel ? ares_strerror(status) : strerror(ENOMEM));
        free(channel);
        return NULL;
    }
    LIST_INIT(&channel->watches);
    channel->base = base;
    channel->timer = evtimer_new(base, on_event, channel);
    channel->servers = servers ? strdup(servers) : NULL;
    if (!channel->timer || (servers && !channel->servers))
        sg_err_set(err, 0, "DNS: %s", strerror(ENOMEM));
    else if (!servers || open_ares(channel, &channel->ares, err) == 0)
        return channel;
    sg_channel_free(channel);
    return NULL;
}

void
sg_channel_free(struct sg_channel *channel)
{
    if (!channel)
        return;
    if (channel->ares)
        ares_destroy(channel->ares);
    if (channel->timer)
        event_free(channel->timer);
    free(channel->servers);
    free(channel);
    ares_library_cleanup();
}

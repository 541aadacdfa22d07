#include "probe/resolve.h"

#include <ares.h>
#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/hostclock.h"
#include "probe/hostname.h"

/* The second try waits twice as long: 6 s for a server that is silent. */
#define TRY_MS 2000
#define TRIES 2

/* A socket of c-ares that it wants watched. */
struct watch {
    LIST_ENTRY(watch) link;
    ares_socket_t fd;
    struct event *event;
};

/*
 * Answers may be known at once, but are delivered from the loop.  While c-ares
 * holds a look-up it cannot be freed; one that was cancelled then frees itself
 * when c-ares lets go.
 */
struct sg_lookup {
    LIST_ENTRY(sg_lookup) link;
    struct sg_resolver *resolver;
    struct event *deliver;
    struct sg_raw begun;
    bool is_asked; /* c-ares holds it */
    bool is_answered;
    bool is_cancelled;
    char host[SG_NAME_MAX];
    uint16_t port;
    sg_resolve_done *done;
    void *arg;
    size_t count;
    struct sg_address addresses[SG_RESOLVE_MAX];
    struct sg_err why_not;
};

struct sg_resolver {
    struct event_base *base;
    ares_channel channel; /* NULL until the first name, if servers is */
    char *servers;        /* NULL: those of resolv.conf */
    struct event *timer;
    bool is_reloading;
    LIST_HEAD(, watch) watches;
    LIST_HEAD(, sg_lookup) lookups;
};

static void
set_timer(struct sg_resolver *resolver)
{
    struct timeval wait;

    if (ares_timeout(resolver->channel, NULL, &wait))
        evtimer_add(resolver->timer, &wait);
    else
        evtimer_del(resolver->timer);
}

/* A socket is ready, or (then it is neither) the timer fired. */
static void
on_event(int fd, short what, void *arg)
{
    struct sg_resolver *resolver = arg;

    ares_process_fd(resolver->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
                    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
    set_timer(resolver);
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
find_watch(struct sg_resolver *resolver, ares_socket_t fd)
{
    struct watch *watch = LIST_FIRST(&resolver->watches);

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
    struct sg_resolver *resolver = arg;
    struct watch *watch = find_watch(resolver, fd);
    short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

    if (watch)
        watch_free(watch);
    if (what == 0)
        return;
    watch = calloc(1, sizeof *watch);
    if (!watch)
        return;
    LIST_INSERT_HEAD(&resolver->watches, watch, link);
    watch->fd = fd;
    watch->event = event_new(resolver->base, fd, (short)(what | EV_PERSIST),
                             on_event, resolver);
    if (!watch->event || event_add(watch->event, NULL) < 0)
        watch_free(watch);
}

/* *ret is left alone on failure. */
static int
open_channel(struct sg_resolver *resolver, ares_channel *ret,
             struct sg_err *err)
{
    struct ares_options options = {
        .timeout = TRY_MS,
        .tries = TRIES,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = resolver,
        .lookups = (char[]){"fb"}, /* the hosts file first, then DNS */
    };
    ares_channel channel;
    int status =
        ares_init_options(&channel, &options,
                          ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                              ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS);

    if (status != ARES_SUCCESS)
        return sg_err_set(err, -EIO, "DNS: c-ares does not start: %s",
                          ares_strerror(status));
    if (resolver->servers)
        status = ares_set_servers_ports_csv(channel, resolver->servers);
    if (status != ARES_SUCCESS) {
        ares_destroy(channel);
        return sg_err_set(err, -EINVAL, "DNS servers \"%s\": %s",
                          resolver->servers, ares_strerror(status));
    }
    *ret = channel;
    return 0;
}

static void
lookup_free(struct sg_lookup *lookup)
{
    LIST_REMOVE(lookup, link);
    if (lookup->deliver)
        event_free(lookup->deliver);
    free(lookup);
}

static void
on_deliver(int fd, short what, void *arg)
{
    struct sg_lookup *lookup = arg;

    (void)fd, (void)what;
    lookup->done(lookup->arg, lookup->addresses, lookup->count,
                 lookup->count > 0 ? NULL : lookup->why_not.text);
    lookup_free(lookup);
}

static void
deliver(struct sg_lookup *lookup)
{
    const struct timeval now = {0, 0};

    lookup->is_answered = true;
    evtimer_add(lookup->deliver, &now);
}

static const char *
failure_text(int status)
{
    switch (status) {
    case ARES_ENOTFOUND:
        return "no such name";
    case ARES_SUCCESS:
    case ARES_ENODATA:
        return "the name has no address";
    case ARES_ECONNREFUSED:
        /* c-ares tries all servers and forgets what each of them said. */
        return "each DNS server is unreachable, refuses or fails";
    default:
        return ares_strerror(status);
    }
}

static void
explain_failure(struct sg_lookup *lookup, int status)
{
    struct sg_err *err = &lookup->why_not;

    if (status == ARES_ETIMEOUT)
        sg_err_set(err, 0, "no answer in %.0f s",
                   sg_raw_diff(sg_host_raw(), lookup->begun));
    else
        sg_err_set(err, 0, "%s", failure_text(status));
}

static void
keep_addresses(struct sg_lookup *lookup, const struct ares_addrinfo *found)
{
    const struct ares_addrinfo_node *node = found ? found->nodes : NULL;

    for (; node && lookup->count < SG_RESOLVE_MAX; node = node->ai_next) {
        struct sg_address *address = &lookup->addresses[lookup->count];

        if ((node->ai_family != AF_INET && node->ai_family != AF_INET6) ||
            node->ai_addrlen > sizeof address->addr)
            continue;
        memcpy(&address->addr, node->ai_addr, node->ai_addrlen);
        address->len = node->ai_addrlen;
        sg_host_set_port(address, lookup->port);
        lookup->count++;
    }
}

static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    struct sg_lookup *lookup = arg;

    (void)timeouts;
    lookup->is_asked = false;
    if (status == ARES_SUCCESS)
        keep_addresses(lookup, found);
    if (found)
        ares_freeaddrinfo(found);
    if (lookup->is_cancelled) {
        lookup_free(lookup);
        return;
    }
    /* The channel goes, not the question: reload asks it again. */
    if (status == ARES_EDESTRUCTION && lookup->resolver->is_reloading)
        return;
    if (lookup->count == 0)
        explain_failure(lookup, status);
    deliver(lookup);
}

static void
ask(struct sg_lookup *lookup)
{
    const struct ares_addrinfo_hints hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_DGRAM,
    };

    lookup->is_asked = true;
    ares_getaddrinfo(lookup->resolver->channel, lookup->host, NULL, &hints,
                     on_answer, lookup);
}

/*
 * Answer without DNS if the text allows it, be it with a refusal.  c-ares
 * begins with the first name only: hosts that know addresses alone, and
 * network simulators, are spared its files.
 */
static bool
answer_at_once(struct sg_lookup *lookup, const char *host)
{
    struct sg_resolver *resolver = lookup->resolver;
    int result = sg_host_parse(host, &lookup->addresses[0], &lookup->why_not);

    if (result == 0) {
        sg_host_set_port(&lookup->addresses[0], lookup->port);
        lookup->count = 1;
    }
    if (result != -ENOENT)
        return true;
    return !resolver->channel &&
           open_channel(resolver, &resolver->channel, &lookup->why_not) < 0;
}

struct sg_lookup *
sg_resolver_lookup(struct sg_resolver *resolver, const char *host,
                   uint16_t port, sg_resolve_done *done, void *arg)
{
    struct sg_lookup *lookup = calloc(1, sizeof *lookup);

    if (!lookup)
        return NULL;
    LIST_INSERT_HEAD(&resolver->lookups, lookup, link);
    lookup->resolver = resolver;
    lookup->begun = sg_host_raw();
    lookup->port = port;
    lookup->done = done;
    lookup->arg = arg;
    snprintf(lookup->host, sizeof lookup->host, "%s", host);
    lookup->deliver = evtimer_new(resolver->base, on_deliver, lookup);
    if (!lookup->deliver) {
        lookup_free(lookup);
        return NULL;
    }
    if (answer_at_once(lookup, host))
        deliver(lookup);
    else {
        ask(lookup);
        set_timer(resolver);
    }
    return lookup;
}

void
sg_lookup_cancel(struct sg_lookup *lookup)
{
    if (!lookup)
        return;
    if (lookup->is_asked)
        lookup->is_cancelled = true;
    else
        lookup_free(lookup);
}

void
sg_resolver_reload(struct sg_resolver *resolver)
{
    ares_channel old = resolver->channel, fresh;
    struct sg_lookup *lookup;

    /* Without memory for a new one the old one is better than none. */
    if (!old || open_channel(resolver, &fresh, NULL) < 0)
        return;
    resolver->is_reloading = true;
    ares_destroy(old);
    resolver->is_reloading = false;
    resolver->channel = fresh;
    lookup = LIST_FIRST(&resolver->lookups);
    for (; lookup; lookup = LIST_NEXT(lookup, link))
        if (!lookup->is_answered)
            ask(lookup);
    set_timer(resolver);
}

struct sg_resolver *
sg_resolver_new(struct event_base *base, const char *servers,
                struct sg_err *err)
{
    struct sg_resolver *resolver = calloc(1, sizeof *resolver);
    int status = ares_library_init(ARES_LIB_INIT_ALL);

    if (!resolver || status != ARES_SUCCESS) {
        sg_err_set(err, 0, "DNS: %s",
                   resolver ? ares_strerror(status) : strerror(ENOMEM));
        free(resolver);
        return NULL;
    }
    LIST_INIT(&resolver->watches);
    LIST_INIT(&resolver->lookups);
    resolver->base = base;
    resolver->timer = evtimer_new(base, on_event, resolver);
    resolver->servers = servers ? strdup(servers) : NULL;
    if (!resolver->timer || (servers && !resolver->servers))
        sg_err_set(err, 0, "DNS: %s", strerror(ENOMEM));
    else if (!servers || open_channel(resolver, &resolver->channel, err) == 0)
        return resolver;
    sg_resolver_free(resolver);
    return NULL;
}

void
sg_resolver_free(struct sg_resolver *resolver)
{
    struct sg_lookup *lookup, *next;

    if (!resolver)
        return;
    for (lookup = LIST_FIRST(&resolver->lookups); lookup; lookup = next) {
        next = LIST_NEXT(lookup, link);
        sg_lookup_cancel(lookup);
    }
    if (resolver->channel)
        ares_destroy(resolver->channel);
    if (resolver->timer)
        event_free(resolver->timer);
    free(resolver->servers);
    free(resolver);
    ares_library_cleanup();
}

#include "probe/resolve.h"

#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/hostclock.h"
#include "probe/channel.h"
#include "probe/hostname.h"

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
    bool is_cancelled;
    uint16_t port;
    sg_resolve_done *done;
    void *arg;
    size_t count;
    struct sg_address addresses[SG_RESOLVE_MAX];
    struct sg_err why_not;
};

struct sg_resolver {
    struct event_base *base;
    struct sg_channel *channel;
    LIST_HEAD(, sg_lookup) lookups;
};

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
    default:
        return sg_channel_failure(status);
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
    if (lookup->count == 0)
        explain_failure(lookup, status);
    deliver(lookup);
}

static void
ask(struct sg_lookup *lookup, const char *host, ares_channel ares)
{
    const struct ares_addrinfo_hints hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_DGRAM,
    };

    lookup->is_asked = true;
    ares_getaddrinfo(ares, host, NULL, &hints, on_answer, lookup);
    sg_channel_asked(lookup->resolver->channel);
}

/*
 * Without DNS if the text allows it, be it with a refusal.  c-ares begins with
 * the first name only: hosts that know addresses alone, and network simulators,
 * are spared its files.
 */
static void
answer_or_ask(struct sg_lookup *lookup, const char *host)
{
    int result = sg_host_parse(host, &lookup->addresses[0], &lookup->why_not);
    ares_channel ares = NULL;

    if (result == 0) {
        sg_host_set_port(&lookup->addresses[0], lookup->port);
        lookup->count = 1;
    }
    if (result == -ENOENT)
        ares = sg_channel_ares(lookup->resolver->channel, &lookup->why_not);
    if (ares)
        ask(lookup, host, ares);
    else
        deliver(lookup);
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
    lookup->deliver = evtimer_new(resolver->base, on_deliver, lookup);
    if (!lookup->deliver) {
        lookup_free(lookup);
        return NULL;
    }
    answer_or_ask(lookup, host);
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

struct sg_resolver *
sg_resolver_new(struct event_base *base, const char *servers,
                struct sg_err *err)
{
    struct sg_resolver *resolver = calloc(1, sizeof *resolver);

    if (!resolver) {
        sg_err_set(err, 0, "DNS: %s", strerror(ENOMEM));
        return NULL;
    }
    LIST_INIT(&resolver->lookups);
    resolver->base = base;
    resolver->channel = sg_channel_new(base, servers, err);
    if (resolver->channel)
        return resolver;
    free(resolver);
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
    sg_channel_free(resolver->channel);
    free(resolver);
}

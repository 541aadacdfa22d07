/*
 * For tests with sockets: an event loop with a limit, and servers on loopback.
 * Include after cmocka.h.
 */
#ifndef SG_TESTS_LOOP_H
#define SG_TESTS_LOOP_H

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe/source.h"

static inline struct timeval
loop_timeval(double span_s)
{
    struct timeval ret = {.tv_sec = (time_t)span_s};

    ret.tv_usec = (suseconds_t)((span_s - (double)ret.tv_sec) * 1e6);
    return ret;
}

static inline void
loop_on_limit(int fd, short what, void *arg)
{
    (void)fd, (void)what;
    *(bool *)arg = true;
}

/* Let span_s pass, or less when *done (may be NULL) becomes true. */
static inline void
loop_run(struct event_base *base, const bool *done, double span_s)
{
    struct timeval limit = loop_timeval(span_s);
    bool is_over = false;
    struct event *timer = evtimer_new(base, loop_on_limit, &is_over);

    assert_non_null(timer);
    evtimer_add(timer, &limit);
    while (!is_over && !(done && *done))
        event_base_loop(base, EVLOOP_ONCE);
    event_free(timer);
}

/* Let the loop run until *done; a test that waits for ever fails. */
static inline void
loop_until(struct event_base *base, const bool *done)
{
    loop_run(base, done, 20);
    assert_true(*done);
}

/* A bound socket on 127.0.0.1 or ::1 and its address; -1: no such family. */
static inline int
loop_server(int family, int type, struct sg_address *ret)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in6.sin6_addr = in6addr_loopback;
    *ret =
        (struct sg_address){.len = family == AF_INET ? sizeof in : sizeof in6};
    if (family == AF_INET)
        memcpy(&ret->addr, &in, sizeof in);
    else
        memcpy(&ret->addr, &in6, sizeof in6);
    if (bind(fd, (struct sockaddr *)&ret->addr, ret->len) < 0) {
        close(fd);
        return -1;
    }
    assert_int_equal(getsockname(fd, (struct sockaddr *)&ret->addr, &ret->len),
                     0);
    return fd;
}

static inline bool
loop_has_ipv6(void)
{
    struct sg_address address;
    int fd = loop_server(AF_INET6, SOCK_DGRAM, &address);

    if (fd >= 0)
        close(fd);
    else
        print_message("*** no ::1 on this host: IPv6 IS NOT TESTED ***\n");
    return fd >= 0;
}

#endif

/*
 * One NTP exchange: a fresh socket, a request, and whatever comes back until
 * the server has spoken or the time is up.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hostclock.h"
#include "base/timeval.h"
#include "probe/net.h"
#include "probe/ntp_packet.h"
#include "probe/source.h"

#define NTP_PORT 123
#define TIMEOUT_S 1.0

struct sg_exchange {
    struct sg_address address;
    struct sg_net_socket socket;
    struct event *readable;
    struct event *timeout;
    double timeout_s;
    uint64_t cookie;
    sg_exchange_done *done;
    void *arg;
    bool has_verdict; /* outcome is the verdict on the last packet */
    struct sg_outcome outcome;
};

static void
finish(struct sg_exchange *exchange)
{
    if (exchange->readable)
        event_del(exchange->readable);
    event_del(exchange->timeout);
    sg_net_close(&exchange->socket);
    exchange->done(exchange->arg, &exchange->outcome);
}

/* A packet came; true if it settles the exchange. */
static bool
judge(struct sg_exchange *exchange, const uint8_t *bytes, size_t len,
      struct sg_raw received)
{
    struct sg_ntp_round round = {
        .cookie = exchange->cookie,
        .sent = exchange->socket.sent,
        .received = received,
        .pivot = sg_ntp_pivot(
            sg_host_reading().wall,
            (struct sg_wall){(int64_t)SG_BUILT_UNIX_S * 1000000000}),
    };

    sg_ntp_judge(&round, bytes, len, &exchange->outcome);
    return sg_ntp_is_answer(exchange->outcome.code);
}

/*
 * What anybody could have sent does not end the exchange: otherwise a flood
 * of rubbish would keep the server's answer out.
 */
static void
on_readable(int fd, short what, void *arg)
{
    struct sg_exchange *exchange = arg;
    struct sg_outcome *outcome = &exchange->outcome;
    uint8_t bytes[SG_NTP_REPLY_MAX];
    struct sg_raw received;
    ssize_t len;

    (void)fd, (void)what;
    len = sg_net_recv(&exchange->socket, bytes, sizeof bytes, &received);
    if (len == -EAGAIN)
        return;
    exchange->has_verdict = true;
    if (len == -EMSGSIZE) {
        *outcome = (struct sg_outcome){.code = SG_OUTCOME_OVERSIZED};
        snprintf(outcome->text, sizeof outcome->text,
                 "reply of more than %d bytes", SG_NTP_REPLY_MAX);
        return;
    }
    if (len < 0)
        sg_net_outcome((int)-len, &exchange->address, outcome);
    else if (!judge(exchange, bytes, (size_t)len, received))
        return;
    finish(exchange);
}

static void
on_timeout(int fd, short what, void *arg)
{
    struct sg_exchange *exchange = arg;
    struct sg_outcome *outcome = &exchange->outcome;
    size_t len = strlen(outcome->text);

    (void)fd, (void)what;
    if (!exchange->has_verdict) {
        outcome->code = SG_OUTCOME_NO_REPLY;
        snprintf(outcome->text, sizeof outcome->text, "no reply in %.1f s",
                 exchange->timeout_s);
    } else
        snprintf(outcome->text + len, sizeof outcome->text - len,
                 "; nothing else in %.1f s", exchange->timeout_s);
    finish(exchange);
}

static void
on_failed_start(int fd, short what, void *arg)
{
    (void)fd, (void)what;
    finish(arg);
}

/* A cookie that nobody can guess; 0 would mean an empty field. */
static int
draw_cookie(uint64_t *ret)
{
    do {
        if (getrandom(ret, sizeof *ret, GRND_NONBLOCK) != sizeof *ret)
            return errno ? -errno : -EAGAIN;
    } while (*ret == 0);
    return 0;
}

static int
send_request(struct sg_exchange *exchange)
{
    uint8_t request[SG_NTP_HEADER_LEN];
    ssize_t sent;
    int result = sg_net_udp_open(&exchange->socket, &exchange->address);

    if (result < 0)
        return result;
    sg_ntp_request(exchange->cookie, request);
    sent = sg_net_send(&exchange->socket, request, sizeof request);
    return sent < 0 ? (int)sent : 0;
}

static int
watch_socket(struct sg_exchange *exchange, struct event_base *base)
{
    exchange->readable = event_new(base, exchange->socket.fd,
                                   EV_READ | EV_PERSIST, on_readable, exchange);
    if (!exchange->readable || event_add(exchange->readable, NULL) < 0)
        return -ENOMEM;
    return 0;
}

/* False if it failed, and the outcome says why. */
static bool
ask(struct sg_exchange *exchange, struct event_base *base)
{
    struct sg_outcome *outcome = &exchange->outcome;
    int result = draw_cookie(&exchange->cookie);

    if (result < 0) {
        outcome->code = SG_OUTCOME_LOCAL;
        snprintf(outcome->text, sizeof outcome->text,
                 "no random numbers for a request: %s", strerror(-result));
        return false;
    }
    result = send_request(exchange);
    if (result == 0)
        result = watch_socket(exchange, base);
    if (result < 0)
        sg_net_outcome(-result, &exchange->address, outcome);
    return result == 0;
}

static void
ntp_free(struct sg_exchange *exchange)
{
    if (!exchange)
        return;
    if (exchange->readable)
        event_free(exchange->readable);
    if (exchange->timeout)
        event_free(exchange->timeout);
    sg_net_close(&exchange->socket);
    free(exchange);
}

static struct sg_exchange *
ntp_start(const struct sg_probe_env *env, const struct sg_target *target,
          const struct sg_address *address, bool tcp, sg_exchange_done *done,
          void *arg)
{
    struct sg_exchange *exchange = calloc(1, sizeof *exchange);
    struct timeval limit;
    bool asked;

    (void)tcp;
    if (!exchange)
        return NULL;
    exchange->socket = (struct sg_net_socket)SG_NET_SOCKET_INIT;
    exchange->address = *address;
    exchange->timeout_s = target->timeout_s > 0 ? target->timeout_s : TIMEOUT_S;
    exchange->done = done;
    exchange->arg = arg;
    asked = ask(exchange, env->base);
    limit = sg_timeval(asked ? exchange->timeout_s : 0);
    exchange->timeout =
        evtimer_new(env->base, asked ? on_timeout : on_failed_start, exchange);
    if (!exchange->timeout || evtimer_add(exchange->timeout, &limit) < 0) {
        ntp_free(exchange);
        return NULL;
    }
    return exchange;
}

const struct sg_exchange_ops sg_ntp_ops = {
    .default_port = NTP_PORT,
    .has_tcp = false,
    .start = ntp_start,
    .free = ntp_free,
};

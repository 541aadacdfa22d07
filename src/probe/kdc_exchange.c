#include "probe/kdc_exchange.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timeval.h"
#include "probe/net.h"

#define DEFAULT_TIMEOUT_S 1.0

/* Longer questions go by TCP: libkrb5's own udp_preference_limit. */
#define UDP_MAX 1465

#define FRAME 4 /* TCP: length of the message, big-endian (7.2.2) */

struct sg_exchange {
    struct event_base *base;
    struct sg_address address;
    bool tcp;
    bool may_use_tcp;
    double timeout_s;
    sg_exchange_done *done;
    void *arg;

    struct sg_kdc_dialogue dialogue;
    struct sg_net_socket socket;
    struct event *io;
    struct event *timer;
    struct sg_outcome outcome; /* what to report if nothing better comes */

    uint8_t *question; /* with its frame */
    size_t question_len;
    size_t sent_len; /* of it; TCP takes it in parts */

    uint8_t frame[FRAME];
    size_t frame_len;
    uint8_t *reply; /* SG_KRB5_REPLY_MAX bytes */
    size_t reply_len;
    size_t reply_size; /* as announced by the frame */
};

static void on_timer(evutil_socket_t fd, short what, void *arg);
static void on_socket(evutil_socket_t fd, short what, void *arg);

static void
hang_up(struct sg_exchange *exchange)
{
    if (exchange->io)
        event_free(exchange->io);
    exchange->io = NULL;
    sg_net_close(&exchange->socket);
}

static void
finish(struct sg_exchange *exchange)
{
    hang_up(exchange);
    event_del(exchange->timer);
    exchange->done(exchange->arg, &exchange->outcome);
}

static void
fail_local(struct sg_exchange *exchange, const char *why)
{
    exchange->outcome = (struct sg_outcome){.code = SG_OUTCOME_LOCAL};
    snprintf(exchange->outcome.text, sizeof exchange->outcome.text, "%.*s",
             (int)sizeof exchange->outcome.text - 1, why);
}

/* False, with the outcome filled in, if a call of probe/net failed. */
static bool
is_alive(struct sg_exchange *exchange, int result)
{
    if (result < 0)
        sg_net_outcome(-result, &exchange->address, &exchange->outcome);
    return result >= 0;
}

static bool
watch(struct sg_exchange *exchange, short what)
{
    if (exchange->io)
        event_free(exchange->io);
    exchange->io = event_new(exchange->base, exchange->socket.fd,
                             (short)(what | EV_PERSIST), on_socket, exchange);
    if (exchange->io && event_add(exchange->io, NULL) == 0)
        return true;
    fail_local(exchange, "out of memory");
    return false;
}

static bool
start_timer(struct sg_exchange *exchange, double span_s)
{
    struct timeval span = sg_timeval(span_s);

    return event_add(exchange->timer, &span) == 0;
}

/* What is reported if the time runs out before there is more. */
static void
set_silent(struct sg_exchange *exchange, const char *what)
{
    exchange->outcome = (struct sg_outcome){.code = SG_OUTCOME_NO_REPLY};
    snprintf(exchange->outcome.text, sizeof exchange->outcome.text,
             "no %s over %s in %.1f s", what, exchange->tcp ? "TCP" : "UDP",
             exchange->timeout_s);
}

static void
set_cut(struct sg_exchange *exchange, size_t have, size_t want)
{
    exchange->outcome = (struct sg_outcome){.code = SG_OUTCOME_TRUNCATED};
    snprintf(exchange->outcome.text, sizeof exchange->outcome.text,
             "KDC sent only %zu of %zu bytes", have, want);
}

/* The next question, framed if it goes over TCP. */
static bool
make_question(struct sg_exchange *exchange)
{
    const struct sg_kdc_dialogue *dialogue = &exchange->dialogue;
    struct sg_err err;
    const uint8_t *bytes;
    uint32_t frame;
    size_t len, frame_len;

    if (dialogue->ops->ask(dialogue->state, &bytes, &len, &err) != 0) {
        fail_local(exchange, err.text);
        return false;
    }
    if (len > UDP_MAX && exchange->may_use_tcp)
        exchange->tcp = true;
    frame_len = exchange->tcp ? FRAME : 0;
    free(exchange->question);
    exchange->question = malloc(frame_len + len);
    if (!exchange->question) {
        fail_local(exchange, "out of memory");
        return false;
    }
    frame = htonl((uint32_t)len);
    memcpy(exchange->question, &frame, frame_len);
    memcpy(exchange->question + frame_len, bytes, len);
    exchange->question_len = frame_len + len;
    exchange->sent_len = 0;
    exchange->frame_len = 0;
    exchange->reply_len = 0;
    return true;
}

/*
 * Send, and watch for the answer.  The instant kept is that just before the
 * last part left: the KDC cannot have looked at its clock earlier.
 */
static bool
send_question(struct sg_exchange *exchange)
{
    ssize_t len =
        sg_net_send(&exchange->socket, exchange->question + exchange->sent_len,
                    exchange->question_len - exchange->sent_len);

    if (len == -EAGAIN && exchange->tcp)
        return true;
    if (!is_alive(exchange, (int)len))
        return false;
    exchange->sent_len += (size_t)len;
    if (exchange->sent_len < exchange->question_len)
        return true;
    set_silent(exchange, "reply");
    return watch(exchange, EV_READ);
}

static bool
ask(struct sg_exchange *exchange)
{
    if (!make_question(exchange))
        return false;
    set_silent(exchange, exchange->tcp ? "connection" : "reply");
    if (exchange->tcp)
        return is_alive(exchange, sg_net_tcp_connect(&exchange->socket,
                                                     &exchange->address)) &&
               watch(exchange, EV_WRITE);
    return is_alive(exchange,
                    sg_net_udp_open(&exchange->socket, &exchange->address)) &&
           send_question(exchange);
}

/* A question of its own: new socket, new port, new time to wait. */
static bool
ask_again(struct sg_exchange *exchange)
{
    hang_up(exchange);
    return ask(exchange) && start_timer(exchange, exchange->timeout_s);
}

/* The following return false when the exchange is over. */
static bool
judge(struct sg_exchange *exchange, const uint8_t *bytes, size_t len,
      struct sg_raw at)
{
    const struct sg_kdc_dialogue *dialogue = &exchange->dialogue;

    switch (dialogue->ops->judge(dialogue->state, bytes, len,
                                 exchange->socket.sent, at,
                                 &exchange->outcome)) {
    case SG_KRB5_ASK:
        return ask_again(exchange);
    case SG_KRB5_ASK_TCP:
        exchange->tcp = true;
        return ask_again(exchange);
    case SG_KRB5_DOUBTFUL:
        return !exchange->tcp;
    case SG_KRB5_ANSWERED:
        break;
    }
    return false;
}

static bool
receive_datagram(struct sg_exchange *exchange)
{
    struct sg_raw at;
    ssize_t len =
        sg_net_recv(&exchange->socket, exchange->reply, SG_KRB5_REPLY_MAX, &at);

    if (len == -EAGAIN)
        return true;
    if (!is_alive(exchange, (int)len))
        return len == -EMSGSIZE; /* as doubtful as garbage */
    return judge(exchange, exchange->reply, (size_t)len, at);
}

/* The frame is complete: how much is to come? */
static bool
open_frame(struct sg_exchange *exchange)
{
    uint32_t size;

    memcpy(&size, exchange->frame, FRAME);
    exchange->reply_size = ntohl(size);
    if (exchange->reply_size > 0 && exchange->reply_size <= SG_KRB5_REPLY_MAX)
        return true;
    exchange->outcome = (struct sg_outcome){
        .code =
            exchange->reply_size ? SG_OUTCOME_OVERSIZED : SG_OUTCOME_TRUNCATED,
    };
    snprintf(exchange->outcome.text, sizeof exchange->outcome.text,
             "answer of %zu bytes announced, allowed are 1 to %d",
             exchange->reply_size, SG_KRB5_REPLY_MAX);
    return false;
}

static bool
receive_part(struct sg_exchange *exchange)
{
    bool in_frame = exchange->frame_len < FRAME;
    uint8_t *start = in_frame ? exchange->frame : exchange->reply;
    size_t *have = in_frame ? &exchange->frame_len : &exchange->reply_len;
    size_t want = in_frame ? FRAME : exchange->reply_size;
    struct sg_raw at;
    ssize_t len =
        sg_net_recv(&exchange->socket, start + *have, want - *have, &at);

    if (len == -EAGAIN)
        return true;
    if (!is_alive(exchange, (int)len))
        return false;
    *have += (size_t)len;
    if (*have < want) {
        set_cut(exchange, *have, want);
        return len > 0;
    }
    if (in_frame)
        return open_frame(exchange);
    return judge(exchange, exchange->reply, exchange->reply_len, at);
}

static bool
go_on_sending(struct sg_exchange *exchange)
{
    int result =
        exchange->sent_len == 0 ? sg_net_tcp_connected(&exchange->socket) : 0;

    if (result == -EINPROGRESS)
        return true;
    return is_alive(exchange, result) && send_question(exchange);
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct sg_exchange *exchange = arg;
    bool goes_on;

    (void)fd;
    if (what & EV_WRITE)
        goes_on = go_on_sending(exchange);
    else if (exchange->tcp)
        goes_on = receive_part(exchange);
    else
        goes_on = receive_datagram(exchange);
    if (!goes_on)
        finish(exchange);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    finish(arg);
}

void
sg_kdc_exchange_free(struct sg_exchange *exchange)
{
    if (!exchange)
        return;
    hang_up(exchange);
    if (exchange->timer)
        event_free(exchange->timer);
    if (exchange->dialogue.state)
        exchange->dialogue.ops->free(exchange->dialogue.state);
    free(exchange->question);
    free(exchange->reply);
    free(exchange);
}

static struct sg_exchange *
exchange_new(const struct sg_kdc_setup *setup)
{
    const struct sg_target *target = setup->target;
    struct sg_exchange *exchange = calloc(1, sizeof *exchange);

    if (!exchange)
        return NULL;
    exchange->base = setup->env->base;
    exchange->address = *setup->address;
    exchange->tcp = setup->tcp;
    exchange->may_use_tcp = setup->tcp || target->transport != SG_TRANSPORT_UDP;
    exchange->timeout_s =
        target->timeout_s > 0 ? target->timeout_s : DEFAULT_TIMEOUT_S;
    exchange->done = setup->done;
    exchange->arg = setup->arg;
    exchange->socket = (struct sg_net_socket)SG_NET_SOCKET_INIT;
    exchange->timer = evtimer_new(exchange->base, on_timer, exchange);
    exchange->reply = malloc(SG_KRB5_REPLY_MAX);
    if (exchange->timer && exchange->reply)
        return exchange;
    sg_kdc_exchange_free(exchange);
    return NULL;
}

struct sg_exchange *
sg_kdc_exchange_start(const struct sg_kdc_setup *setup,
                      const struct sg_kdc_dialogue *dialogue,
                      const struct sg_outcome *why_not)
{
    struct sg_exchange *exchange = exchange_new(setup);

    if (!exchange) {
        if (dialogue->state)
            dialogue->ops->free(dialogue->state);
        return NULL;
    }
    exchange->dialogue = *dialogue;
    if (!dialogue->state)
        exchange->outcome = *why_not;
    /* What has failed already is reported from the loop all the same. */
    if (!start_timer(exchange, dialogue->state && ask(exchange)
                                   ? exchange->timeout_s
                                   : 0)) {
        sg_kdc_exchange_free(exchange);
        return NULL;
    }
    return exchange;
}

/*
 * Exchanges with a fake KDC inside this process, over loopback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "kdc_reply.h"
#include "probe/source.h"

#define REALM "SKEW.TEST"
#define STIME 1790000000
#define MAX_PARTS 8

/* What the fake KDC sends for one question: parts, with a pause before each. */
struct script {
    int n_parts;
    struct part {
        size_t len;
        int pause_ms;
        uint8_t bytes[KDC_REPLY_MAX];
    } parts[MAX_PARTS];
    bool closes; /* TCP, after the last part; with nothing sent too */
    bool resets; /* TCP: by RST */
};

struct fake {
    struct event_base *base;
    bool tcp;
    int fd;     /* UDP socket or listener */
    int client; /* accepted TCP connection, -1: none */
    struct event *listen_io;
    struct event *client_io;
    struct event *pause;
    struct sockaddr_storage peer;
    socklen_t peer_len;
    int questions;
    bool last_was_nosuch;
    struct script scripts[2]; /* first and second question */
    const struct script *script;
    int part;
};

struct result {
    bool is_done;
    int calls;
    struct sg_outcome outcome;
    struct sg_raw at;
};

struct world {
    struct sg_probe_env env;
    struct sg_address address;
    struct sg_target target;
    struct fake fake;
    struct result result;
};

/* ---- the fake KDC ---- */

static void send_next_part(struct fake *fake);

static void
end_script(struct fake *fake)
{
    const struct linger now = {1, 0};

    if (!fake->tcp || !(fake->script->closes || fake->script->resets))
        return;
    if (fake->script->resets)
        setsockopt(fake->client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    event_free(fake->client_io);
    fake->client_io = NULL;
    close(fake->client);
    fake->client = -1;
}

static void
on_pause(evutil_socket_t fd, short what, void *arg)
{
    struct fake *fake = arg;
    const struct part *part = &fake->script->parts[fake->part++];

    (void)fd;
    (void)what;
    if (fake->tcp)
        send(fake->client, part->bytes, part->len, MSG_NOSIGNAL);
    else
        sendto(fake->fd, part->bytes, part->len, 0,
               (struct sockaddr *)&fake->peer, fake->peer_len);
    send_next_part(fake);
}

static void
send_next_part(struct fake *fake)
{
    struct timeval span = {0, 0};

    if (fake->part == fake->script->n_parts) {
        end_script(fake);
        return;
    }
    span.tv_usec = fake->script->parts[fake->part].pause_ms * 1000;
    event_add(fake->pause, &span);
}

static void
play(struct fake *fake, const uint8_t *question, size_t len)
{
    assert_in_range(fake->questions, 0, 1);
    assert_int_equal(question[0], 0x6a);
    assert_non_null(memmem(question, len, REALM, strlen(REALM)));
    fake->last_was_nosuch = memmem(question, len, "nosuch", 6);
    fake->script = &fake->scripts[fake->questions++];
    fake->part = 0;
    send_next_part(fake);
}

static void
on_datagram(evutil_socket_t fd, short what, void *arg)
{
    struct fake *fake = arg;
    uint8_t bytes[2048];
    ssize_t len;

    (void)what;
    fake->peer_len = sizeof fake->peer;
    len = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&fake->peer,
                   &fake->peer_len);
    assert_true(len > 0);
    play(fake, bytes, (size_t)len);
}

/* The question is small and comes in one piece over loopback. */
static void
on_stream(evutil_socket_t fd, short what, void *arg)
{
    struct fake *fake = arg;
    uint8_t bytes[2048];
    ssize_t len = recv(fd, bytes, sizeof bytes, 0);
    uint32_t size;

    (void)what;
    if (len <= 0) {
        event_del(fake->client_io);
        return;
    }
    memcpy(&size, bytes, 4);
    assert_int_equal(ntohl(size), len - 4);
    play(fake, bytes + 4, (size_t)len - 4);
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
    struct fake *fake = arg;
    int on = 1;

    (void)what;
    if (fake->client_io)
        event_free(fake->client_io);
    if (fake->client >= 0)
        close(fake->client);
    fake->client = accept(fd, NULL, NULL);
    assert_true(fake->client >= 0);
    setsockopt(fake->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fake->client_io = event_new(fake->base, fake->client, EV_READ | EV_PERSIST,
                                on_stream, fake);
    event_add(fake->client_io, NULL);
}

static bool
open_fake(struct world *world, int family, bool tcp)
{
    struct fake *fake = &world->fake;
    struct sg_address *address = &world->address;
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    *address = (struct sg_address){.len = sizeof in};
    memcpy(&address->addr, &in, sizeof in);
    if (family == AF_INET6) {
        memcpy(&address->addr, &in6, sizeof in6);
        address->len = sizeof in6;
    }
    fake->tcp = tcp;
    fake->client = -1;
    fake->fd = socket(family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (fake->fd < 0 ||
        bind(fake->fd, (struct sockaddr *)&address->addr, address->len) != 0)
        return false;
    getsockname(fake->fd, (struct sockaddr *)&address->addr, &address->len);
    if (tcp)
        assert_int_equal(listen(fake->fd, 4), 0);
    fake->listen_io = event_new(fake->base, fake->fd, EV_READ | EV_PERSIST,
                                tcp ? on_accept : on_datagram, fake);
    fake->pause = evtimer_new(fake->base, on_pause, fake);
    event_add(fake->listen_io, NULL);
    return true;
}

static void
add_bytes(struct script *script, int pause_ms, const void *bytes, size_t len)
{
    struct part *part = &script->parts[script->n_parts++];

    part->pause_ms = pause_ms;
    part->len = len;
    memcpy(part->bytes, bytes, len);
}

/* A KRB-ERROR, framed if over TCP. */
static void
add_error(struct world *world, int question, int pause_ms, const char *realm,
          unsigned code, uint32_t stime)
{
    uint8_t bytes[KDC_REPLY_MAX];
    size_t frame_len = world->fake.tcp ? 4 : 0;
    size_t len = kdc_reply_error(realm, code, stime, 250000, bytes + frame_len);
    uint32_t frame = htonl((uint32_t)len);

    assert_true(len > 0);
    memcpy(bytes, &frame, frame_len);
    add_bytes(&world->fake.scripts[question], pause_ms, bytes, frame_len + len);
}

/* ---- one exchange ---- */

static void
on_done(void *arg, const struct sg_outcome *outcome)
{
    struct result *result = arg;

    result->is_done = true;
    result->calls++;
    result->outcome = *outcome;
    result->at = sg_host_raw();
}

static void
on_give_up(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    fail_msg("the exchange did not end within 5 s");
}

static const struct sg_outcome *
exchange(struct world *world)
{
    struct result *result = &world->result;
    struct event *give_up = evtimer_new(world->env.base, on_give_up, NULL);
    const struct timeval limit = {5, 0};
    struct sg_exchange *exchange;

    event_add(give_up, &limit);
    exchange = sg_kdc_ops.start(&world->env, &world->target, &world->address,
                                world->fake.tcp, on_done, result);
    assert_non_null(exchange);
    assert_false(result->is_done); /* never from inside start */
    while (!result->is_done)
        event_base_loop(world->env.base, EVLOOP_ONCE);
    /* Nothing comes afterwards. */
    event_base_loop(world->env.base, EVLOOP_NONBLOCK);
    assert_int_equal(result->calls, 1);
    sg_kdc_ops.free(exchange);
    event_free(give_up);
    if (result->outcome.code != SG_OUTCOME_OK)
        printf("    %s: %s\n", sg_outcome_name(result->outcome.code),
               result->outcome.text);
    return &result->outcome;
}

static void
assert_good(const struct world *world)
{
    const struct sg_outcome *outcome = &world->result.outcome;
    const struct sg_sample *sample = &outcome->sample;
    int64_t width_ns = sample->upper.ns - sample->lower.ns;

    assert_int_equal(outcome->code, SG_OUTCOME_OK);
    assert_int_equal(sample->lower.ns, STIME * INT64_C(1000000000) + 250000000);
    assert_true(sample->delay_s > 0 && sample->delay_s < 0.5);
    assert_true(labs(width_ns - 750000000 - (long)(sample->delay_s * 1e9)) < 5);
    assert_true(sg_raw_diff(world->result.at, sample->at) < 0.5);
    assert_true(sample->at.ns <= world->result.at.ns);
}

/* Each test runs over IPv4 and, where the host has it, over IPv6. */
typedef void test_over(struct world *world);

static void
run_over(int family, bool tcp, test_over *test)
{
    struct world *world = calloc(1, sizeof *world);
    struct fake *fake = &world->fake;

    assert_non_null(world);
    world->env.base = fake->base = event_base_new();
    assert_non_null(fake->base);
    strcpy(world->target.realm, REALM);
    world->target.timeout_s = 0.3;
    if (open_fake(world, family, tcp))
        test(world);
    else if (family == AF_INET6)
        printf("    this host has no ::1\n");
    else
        fail_msg("no loopback: %s", strerror(errno));
    if (fake->listen_io)
        event_free(fake->listen_io);
    if (fake->client_io)
        event_free(fake->client_io);
    if (fake->pause)
        event_free(fake->pause);
    if (fake->client >= 0)
        close(fake->client);
    if (fake->fd >= 0)
        close(fake->fd);
    event_base_free(fake->base);
    free(world);
}

static void
over(bool tcp, test_over *test)
{
    run_over(AF_INET, tcp, test);
    run_over(AF_INET6, tcp, test);
}

/* ---- what a KDC does, and how that is called ---- */

static void
good(struct world *world)
{
    add_error(world, 0, 0, REALM, 25, STIME);
    exchange(world);
    assert_good(world);
    assert_false(world->fake.last_was_nosuch);
}

/* The delay counts. */
static void
slow(struct world *world)
{
    world->target.timeout_s = 0.5;
    add_error(world, 0, 150, REALM, 25, STIME);
    exchange(world);
    assert_good(world);
    /* a timer counts from when its loop last looked at the clock */
    assert_true(world->result.outcome.sample.delay_s >= 0.1);
}

static void
silent(struct world *world)
{
    struct sg_raw start = sg_host_raw();
    const struct sg_outcome *outcome = exchange(world);
    double took_s = sg_raw_diff(world->result.at, start);

    assert_int_equal(outcome->code, SG_OUTCOME_NO_REPLY);
    assert_string_equal(outcome->text, world->fake.tcp
                                           ? "no reply over TCP in 0.3 s"
                                           : "no reply over UDP in 0.3 s");
    assert_true(took_s > 0.29 && took_s < 1.0);
}

static void
refused(struct world *world)
{
    char expected[64];
    const struct sg_outcome *outcome;
    struct sockaddr_in in;

    event_free(world->fake.listen_io);
    world->fake.listen_io = NULL;
    close(world->fake.fd);
    world->fake.fd = -1;
    outcome = exchange(world);
    assert_int_equal(outcome->code, SG_OUTCOME_REFUSED);
    /* The port is at the same place for both families. */
    memcpy(&in, &world->address.addr, sizeof in);
    snprintf(expected, sizeof expected, "%s port %d refuses: ",
             in.sin_family == AF_INET ? "127.0.0.1" : "::1",
             ntohs(in.sin_port));
    assert_non_null(strstr(outcome->text, expected));
}

static void
garbage_then_good(struct world *world)
{
    add_bytes(&world->fake.scripts[0], 0, "not Kerberos", 12);
    add_bytes(&world->fake.scripts[0], 0, "", 0);
    add_error(world, 0, 20, "OTHER.TEST", 25, STIME - 1000);
    add_error(world, 0, 20, REALM, 25, STIME);
    exchange(world);
    assert_good(world);
}

static void
garbage_only(struct world *world)
{
    struct sg_raw start = sg_host_raw();
    const struct sg_outcome *outcome;

    add_error(world, 0, 0, "OTHER.TEST", 25, STIME);
    add_bytes(&world->fake.scripts[0], 20, "not Kerberos", 12);
    outcome = exchange(world);
    assert_int_equal(outcome->code, SG_OUTCOME_GARBAGE);
    assert_string_equal(outcome->text,
                        "answer of 12 bytes is not Kerberos: it begins with "
                        "0x6e, not 0x7e or 0x6b");
    assert_true(sg_raw_diff(world->result.at, start) > 0.29);
}

static void
other_realm(struct world *world)
{
    const struct sg_outcome *outcome;

    add_error(world, 0, 0, "OTHER.TEST", 25, STIME);
    outcome = exchange(world);
    assert_int_equal(outcome->code, SG_OUTCOME_REALM);
    assert_string_equal(outcome->text, "answer (KRB-ERROR 25) of realm "
                                       "\"OTHER.TEST\", asked was "
                                       "\"SKEW.TEST\"");
}

static void
no_time(struct world *world)
{
    add_error(world, 0, 0, REALM, 25, 0);
    assert_int_equal(exchange(world)->code, SG_OUTCOME_NO_TIME);
}

static void
too_big(struct world *world)
{
    add_error(world, 0, 0, REALM, 52, STIME);
    assert_int_equal(exchange(world)->code, SG_OUTCOME_TOO_BIG);
}

static void
add_ticket(struct world *world, int question)
{
    const uint8_t framed[] = {0, 0, 0, 4, 0x6b, 0x82, 0x02, 0x00};
    size_t skip = world->fake.tcp ? 0 : 4;

    add_bytes(&world->fake.scripts[question], 0, framed + skip,
              sizeof framed - skip);
}

static void
ticket_then_error_7(struct world *world)
{
    add_ticket(world, 0);
    /* Each question may take the whole timeout: 0.3 + 0.3 > 0.5. */
    world->target.timeout_s = 0.5;
    world->fake.scripts[0].parts[0].pause_ms = 300;
    add_error(world, 1, 300, REALM, 7, STIME);
    exchange(world);
    assert_good(world);
    assert_int_equal(world->fake.questions, 2);
    assert_true(world->fake.last_was_nosuch);
    assert_true(world->result.outcome.sample.delay_s < 0.5);
}

static void
ticket_then_silence(struct world *world)
{
    add_ticket(world, 0);
    assert_int_equal(exchange(world)->code, SG_OUTCOME_NO_REPLY);
    assert_int_equal(world->fake.questions, 2);
}

static void
only_tickets(struct world *world)
{
    add_ticket(world, 0);
    add_ticket(world, 1);
    assert_int_equal(exchange(world)->code, SG_OUTCOME_NO_TIME);
    assert_int_equal(world->fake.questions, 2);
}

static void
reset_without_answer(struct world *world)
{
    world->fake.scripts[0].resets = true;
    assert_int_equal(exchange(world)->code, SG_OUTCOME_REFUSED);
}

static void
closed_without_answer(struct world *world)
{
    const struct sg_outcome *outcome;

    world->fake.scripts[0].closes = true;
    outcome = exchange(world);
    assert_int_equal(outcome->code, SG_OUTCOME_TRUNCATED);
    assert_string_equal(outcome->text, "KDC sent only 0 of 4 bytes");
}

static void
closed_in_the_middle(struct world *world)
{
    struct script *script = &world->fake.scripts[0];
    const struct sg_outcome *outcome;

    add_bytes(script, 0, "\0\0\0\144only", 8);
    script->closes = true;
    outcome = exchange(world);
    assert_int_equal(outcome->code, SG_OUTCOME_TRUNCATED);
    assert_string_equal(outcome->text, "KDC sent only 4 of 100 bytes");
}

static void
stuck_in_the_middle(struct world *world)
{
    const struct sg_outcome *outcome;

    add_bytes(&world->fake.scripts[0], 0, "\0\0\0", 3);
    outcome = exchange(world);
    assert_int_equal(outcome->code, SG_OUTCOME_TRUNCATED);
    assert_string_equal(outcome->text, "KDC sent only 3 of 4 bytes");
}

static void
one_byte_at_a_time(struct world *world)
{
    struct script *script = &world->fake.scripts[0];
    struct part whole;

    add_error(world, 0, 0, REALM, 25, STIME);
    whole = script->parts[0];
    script->n_parts = 0;
    for (size_t i = 0; i < 5; i++)
        add_bytes(script, 2, whole.bytes + i, 1);
    add_bytes(script, 2, whole.bytes + 5, 20);
    add_bytes(script, 2, whole.bytes + 25, whole.len - 25);
    exchange(world);
    assert_good(world);
    assert_true(world->result.outcome.sample.delay_s >= 0.012);
}

static void
length_too_large(struct world *world)
{
    const struct sg_outcome *outcome;

    add_bytes(&world->fake.scripts[0], 0, "\0\1\0\0", 4);
    outcome = exchange(world);
    assert_int_equal(outcome->code, SG_OUTCOME_OVERSIZED);
    assert_string_equal(
        outcome->text,
        "answer of 65536 bytes announced, allowed are 1 to 65535");
}

static void
length_with_top_bit(struct world *world)
{
    const struct sg_outcome *outcome;

    add_bytes(&world->fake.scripts[0], 0, "\377\377\377\377", 4);
    outcome = exchange(world);
    assert_int_equal(outcome->code, SG_OUTCOME_OVERSIZED);
    assert_string_equal(
        outcome->text,
        "answer of 4294967295 bytes announced, allowed are 1 to 65535");
}

static void
length_zero(struct world *world)
{
    add_bytes(&world->fake.scripts[0], 0, "\0\0\0\0", 4);
    assert_int_equal(exchange(world)->code, SG_OUTCOME_TRUNCATED);
}

static void
impossible_realm(struct world *world)
{
    const struct sg_outcome *outcome;

    world->target.realm[0] = '\0';
    outcome = exchange(world);
    assert_int_equal(outcome->code, SG_OUTCOME_LOCAL);
    assert_string_equal(outcome->text,
                        "realm name of 0 bytes, allowed are 1 to 255");
    assert_int_equal(world->fake.questions, 0);
}

static void
unknown_family(struct world *world)
{
    world->address.addr.ss_family = AF_UNSPEC;
    assert_int_not_equal(exchange(world)->code, SG_OUTCOME_OK);
}

/* An exchange under way can be released; nothing is called afterwards. */
static void
freed_early(struct world *world)
{
    struct sg_exchange *exchange =
        sg_kdc_ops.start(&world->env, &world->target, &world->address,
                         world->fake.tcp, on_done, &world->result);

    assert_non_null(exchange);
    add_error(world, 0, 0, REALM, 25, STIME);
    sg_kdc_ops.free(exchange);
    for (int i = 0; i < 10; i++)
        event_base_loop(world->env.base, EVLOOP_NONBLOCK);
    assert_false(world->result.is_done);
    sg_kdc_ops.free(NULL);
}

static void
same_over_udp_and_tcp(void **state)
{
    test_over *const tests[] = {
        good,
        slow,
        silent,
        refused,
        other_realm,
        no_time,
        too_big,
        ticket_then_error_7,
        ticket_then_silence,
        only_tickets,
        impossible_realm,
        unknown_family,
        freed_early,
    };

    (void)state;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        over(false, tests[i]);
        over(true, tests[i]);
    }
}

static void
udp_waits_for_a_better_answer(void **state)
{
    (void)state;
    over(false, garbage_then_good);
    over(false, garbage_only);
}

static void
tcp_connection_can_fail_anywhere(void **state)
{
    test_over *const tests[] = {
        reset_without_answer, closed_without_answer, closed_in_the_middle,
        stuck_in_the_middle,  one_byte_at_a_time,    length_too_large,
        length_with_top_bit,  length_zero,
    };

    (void)state;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        over(true, tests[i]);
}

static void
kind_is_described(void **state)
{
    (void)state;
    assert_int_equal(sg_kdc_ops.default_port, 88);
    assert_true(sg_kdc_ops.has_tcp);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kind_is_described),
        cmocka_unit_test(same_over_udp_and_tcp),
        cmocka_unit_test(udp_waits_for_a_better_answer),
        cmocka_unit_test(tcp_connection_can_fail_anywhere),
    };

    setenv("KRB5_CONFIG", "/nonexistent/krb5.conf", 1);
    setenv("KRB5_KTNAME", "FILE:/nonexistent/keytab", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

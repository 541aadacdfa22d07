/* Sockets and their time stamps, against servers inside the test. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/hostclock.h"
#include "loop.h"
#include "probe/hostname.h"
#include "probe/net.h"

static void
wait_s(double span_s)
{
    struct timespec ts = {.tv_nsec = (long)(span_s * 1e9)};

    nanosleep(&ts, NULL);
}

/* Send n bytes from a fresh socket to server and back. */
static void
bounce(int server, const struct sg_address *address, struct sg_net_socket *sock,
       size_t n)
{
    char bytes[4096] = "question";
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;

    assert_int_equal(sg_net_udp_open(sock, address), 0);
    assert_int_equal(sg_net_send(sock, bytes, 8), 8);
    assert_int_equal(recvfrom(server, bytes, sizeof bytes, 0,
                              (struct sockaddr *)&peer, &len),
                     8);
    assert_int_equal(sendto(server, bytes, n, 0, (struct sockaddr *)&peer, len),
                     n);
}

/* The kernel's stamps tell when packets came, not when we looked. */
static void
udp_is_stamped(int family)
{
    struct sg_net_socket sock = SG_NET_SOCKET_INIT;
    struct sg_address address;
    int server = loop_server(family, SOCK_DGRAM, &address);
    struct sg_raw before = sg_host_raw(), after, at;
    char bytes[64];

    bounce(server, &address, &sock, 8);
    after = sg_host_raw();
    wait_s(0.05);
    assert_int_equal(sg_net_recv(&sock, bytes, sizeof bytes, &at), 8);
    assert_memory_equal(bytes, "question", 8);
    assert_true(sg_raw_diff(sock.sent, before) >= 0);
    assert_true(sg_raw_diff(at, sock.sent) > 0);
    assert_true(sg_raw_diff(at, after) < 0.04);
    assert_true(sock.has_tx_stamps);
    assert_false(sock.awaits_tx_stamp);
    assert_true(sg_raw_diff(sock.sent, sock.before.raw) > 0);
    sg_net_close(&sock);
    close(server);
}

static void
ipv4_is_stamped(void **state)
{
    (void)state;
    udp_is_stamped(AF_INET);
}

static void
ipv6_is_stamped(void **state)
{
    (void)state;
    if (!loop_has_ipv6())
        skip();
    udp_is_stamped(AF_INET6);
}

/* As if somebody had stepped the wall clock during the exchange. */
static void
stamps_across_a_step_are_not_used(void **state)
{
    const double steps_s[] = {0.002, -0.002, 3600, -1e8};

    (void)state;
    for (size_t i = 0; i < sizeof steps_s / sizeof *steps_s; i++) {
        struct sg_net_socket sock = SG_NET_SOCKET_INIT;
        struct sg_address address;
        int server = loop_server(AF_INET, SOCK_DGRAM, &address);
        struct sg_raw after, at;
        char bytes[64];

        bounce(server, &address, &sock, 8);
        sock.before.wall = sg_wall_add(sock.before.wall, steps_s[i]);
        wait_s(0.02);
        after = sg_host_raw();
        assert_int_equal(sg_net_recv(&sock, bytes, sizeof bytes, &at), 8);
        assert_true(sg_raw_diff(at, after) >= 0);
        assert_int_equal(sock.sent.ns, sock.before.raw.ns);
        sg_net_close(&sock);
        close(server);
    }
}

static void
datagram_sizes(void **state)
{
    struct sg_net_socket sock = SG_NET_SOCKET_INIT;
    struct sg_address address;
    int server = loop_server(AF_INET, SOCK_DGRAM, &address);
    struct sg_raw at;
    char bytes[64];

    (void)state;
    bounce(server, &address, &sock, 0);
    assert_int_equal(sg_net_recv(&sock, bytes, sizeof bytes, &at), 0);
    assert_int_equal(sg_net_recv(&sock, bytes, sizeof bytes, &at), -EAGAIN);
    sg_net_close(&sock);
    bounce(server, &address, &sock, 64);
    assert_int_equal(sg_net_recv(&sock, bytes, sizeof bytes, &at), 64);
    sg_net_close(&sock);
    bounce(server, &address, &sock, 65);
    assert_int_equal(sg_net_recv(&sock, bytes, sizeof bytes, &at), -EMSGSIZE);
    sg_net_close(&sock);
    assert_int_equal(sock.fd, -1);
    close(server);
}

struct waiting {
    struct sg_net_socket sock;
    int wakes;
    ssize_t last;
};

static void
on_wake(int fd, short what, void *arg)
{
    struct waiting *waiting = arg;
    struct sg_raw at;
    char bytes[64];

    (void)fd, (void)what;
    waiting->wakes++;
    waiting->last = sg_net_recv(&waiting->sock, bytes, sizeof bytes, &at);
}

/* A stamp in the error queue must not keep poll awake. */
static void
silence_does_not_spin(void **state)
{
    struct event_base *base = event_base_new();
    struct waiting waiting = {.sock = SG_NET_SOCKET_INIT};
    struct sg_address address;
    int server = loop_server(AF_INET, SOCK_DGRAM, &address);
    struct event *event;

    (void)state;
    assert_int_equal(sg_net_udp_open(&waiting.sock, &address), 0);
    event = event_new(base, waiting.sock.fd, EV_READ | EV_PERSIST, on_wake,
                      &waiting);
    event_add(event, NULL);
    assert_int_equal(sg_net_send(&waiting.sock, "x", 1), 1);
    /* As if the stamp had come too late for the send to find it. */
    assert_int_equal(sg_net_send(&waiting.sock, "x", 1), 1);
    assert_int_equal(sendto(waiting.sock.fd, "x", 1, MSG_NOSIGNAL, NULL, 0), 1);
    loop_run(base, NULL, 0.1);
    assert_in_range(waiting.wakes, 0, 2);
    event_free(event);
    event_base_free(base);
    sg_net_close(&waiting.sock);
    close(server);
}

static void
closed_port_refuses(void **state)
{
    struct sg_net_socket sock = SG_NET_SOCKET_INIT;
    struct sg_address address;
    struct sg_outcome outcome;
    struct sg_raw at;
    char bytes[64], wanted[SG_OUTCOME_TEXT_MAX];
    ssize_t result;

    (void)state;
    close(loop_server(AF_INET, SOCK_DGRAM, &address));
    assert_int_equal(sg_net_udp_open(&sock, &address), 0);
    assert_int_equal(sg_net_send(&sock, "x", 1), 1);
    result = sg_net_recv(&sock, bytes, sizeof bytes, &at);
    assert_int_equal(result, -ECONNREFUSED);
    sg_net_outcome((int)-result, &address, &outcome);
    assert_int_equal(outcome.code, SG_OUTCOME_REFUSED);
    snprintf(wanted, sizeof wanted,
             "127.0.0.1 port %u refuses: Connection refused",
             sg_net_address_port(&address));
    assert_string_equal(outcome.text, wanted);
    sg_net_close(&sock);
}

/* Each socket has a port of its own, and none is just the next one. */
static void
ports_are_fresh(void **state)
{
    struct sg_address address;
    int server = loop_server(AF_INET, SOCK_DGRAM, &address);
    int ports[8], in_order = 0;

    (void)state;
    for (int i = 0; i < 8; i++) {
        struct sg_net_socket sock = SG_NET_SOCKET_INIT;
        struct sockaddr_in local;
        socklen_t len = sizeof local;

        assert_int_equal(sg_net_udp_open(&sock, &address), 0);
        assert_int_equal(getsockname(sock.fd, (struct sockaddr *)&local, &len),
                         0);
        ports[i] = ntohs(local.sin_port);
        sg_net_close(&sock);
        if (i > 0 && ports[i] - ports[i - 1] >= 0 &&
            ports[i] - ports[i - 1] <= 2)
            in_order++;
    }
    assert_in_range(in_order, 0, 3);
    close(server);
}

static void
tcp_connects_and_talks(void **state)
{
    struct event_base *base = event_base_new();
    struct sg_net_socket sock = SG_NET_SOCKET_INIT;
    struct sg_address address;
    int server = loop_server(AF_INET, SOCK_STREAM, &address), peer;
    struct sg_raw before = sg_host_raw(), after, at;
    char bytes[64];

    (void)state;
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(sg_net_tcp_connect(&sock, &address), 0);
    loop_run(base, NULL, 0.01);
    assert_int_equal(sg_net_tcp_connected(&sock), 0);
    peer = accept(server, NULL, NULL);
    assert_true(peer >= 0);
    assert_int_equal(sg_net_recv(&sock, bytes, sizeof bytes, &at), -EAGAIN);
    assert_int_equal(sg_net_send(&sock, "question", 8), 8);
    assert_int_equal(recv(peer, bytes, sizeof bytes, 0), 8);
    assert_int_equal(send(peer, "answer", 6, 0), 6);
    after = sg_host_raw();
    wait_s(0.05);
    assert_int_equal(sg_net_recv(&sock, bytes, sizeof bytes, &at), 6);
    assert_true(sg_raw_diff(sock.sent, before) > 0);
    assert_true(sg_raw_diff(at, sock.sent) > 0);
    assert_true(sg_raw_diff(at, after) < 0.04);
    close(peer);
    loop_run(base, NULL, 0.01);
    assert_int_equal(sg_net_recv(&sock, bytes, sizeof bytes, &at), 0);
    sg_net_close(&sock);
    close(server);
    event_base_free(base);
}

static void
tcp_refused(void **state)
{
    struct event_base *base = event_base_new();
    struct sg_net_socket sock = SG_NET_SOCKET_INIT;
    struct sg_address address;
    int result;

    (void)state;
    close(loop_server(AF_INET, SOCK_STREAM, &address));
    result = sg_net_tcp_connect(&sock, &address);
    if (result == 0) {
        loop_run(base, NULL, 0.01);
        result = sg_net_tcp_connected(&sock);
    }
    assert_int_equal(result, -ECONNREFUSED);
    sg_net_close(&sock);
    event_base_free(base);
}

static void
errors_have_meanings(void **state)
{
    static const struct {
        int error;
        enum sg_outcome_code code;
    } cases[] = {
        {ECONNREFUSED, SG_OUTCOME_REFUSED},
        {ECONNRESET, SG_OUTCOME_REFUSED},
        {EPIPE, SG_OUTCOME_REFUSED},
        {ENETUNREACH, SG_OUTCOME_UNREACHABLE},
        {EHOSTUNREACH, SG_OUTCOME_UNREACHABLE},
        {ENETDOWN, SG_OUTCOME_UNREACHABLE},
        {EAFNOSUPPORT, SG_OUTCOME_UNREACHABLE},
        {EADDRNOTAVAIL, SG_OUTCOME_UNREACHABLE},
        {EPERM, SG_OUTCOME_UNREACHABLE},
        {ETIMEDOUT, SG_OUTCOME_NO_REPLY},
        {EMSGSIZE, SG_OUTCOME_OVERSIZED},
        {ENOMEM, SG_OUTCOME_LOCAL},
        {EMFILE, SG_OUTCOME_LOCAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sg_net_outcome_code(cases[i].error), cases[i].code);
}

/* Link-local addresses need an interface; nothing is sent without one. */
static void
address_without_a_way(void **state)
{
    struct sg_net_socket sock = SG_NET_SOCKET_INIT;
    struct sg_address address;
    struct sg_outcome outcome;
    int result;

    (void)state;
    assert_int_equal(sg_host_parse("fe80::1", &address, NULL), 0);
    sg_host_set_port(&address, 123);
    result = sg_net_udp_open(&sock, &address);
    assert_true(result < 0);
    assert_int_equal(sock.fd, -1);
    sg_net_outcome(-result, &address, &outcome);
    assert_int_equal(outcome.code, SG_OUTCOME_UNREACHABLE);
    assert_ptr_equal(strstr(outcome.text, "fe80::1 port 123 cannot be reached"),
                     outcome.text);
}

static void
address_family_unknown(void **state)
{
    struct sg_net_socket sock = SG_NET_SOCKET_INIT;
    struct sg_address address = {.len = sizeof address.addr};

    (void)state;
    address.addr.ss_family = AF_MAX;
    assert_int_equal(sg_net_udp_open(&sock, &address), -EAFNOSUPPORT);
    assert_int_equal(sock.fd, -1);
}

static void
addresses_read_back(void **state)
{
    static const char *const texts[] = {"192.0.2.1", "2001:db8::1", "::1",
                                        "fe80::1%lo"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sg_address address;
        char text[SG_ADDRESS_MAX];

        assert_int_equal(sg_host_parse(texts[i], &address, NULL), 0);
        sg_host_set_port(&address, 12345);
        sg_net_address_text(&address, text, sizeof text);
        assert_string_equal(text, texts[i]);
        assert_int_equal(sg_net_address_port(&address), 12345);
    }
}

/* The kernel takes a moment to begin with stamps. */
static int
warm_up(void **state)
{
    struct sg_net_socket sock = SG_NET_SOCKET_INIT;
    struct sg_address address;

    (void)state;
    close(loop_server(AF_INET, SOCK_DGRAM, &address));
    assert_int_equal(sg_net_udp_open(&sock, &address), 0);
    sg_net_close(&sock);
    wait_s(0.1);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_is_stamped),
        cmocka_unit_test(ipv6_is_stamped),
        cmocka_unit_test(stamps_across_a_step_are_not_used),
        cmocka_unit_test(datagram_sizes),
        cmocka_unit_test(silence_does_not_spin),
        cmocka_unit_test(closed_port_refuses),
        cmocka_unit_test(ports_are_fresh),
        cmocka_unit_test(tcp_connects_and_talks),
        cmocka_unit_test(tcp_refused),
        cmocka_unit_test(errors_have_meanings),
        cmocka_unit_test(address_without_a_way),
        cmocka_unit_test(address_family_unknown),
        cmocka_unit_test(addresses_read_back),
    };

    return cmocka_run_group_tests(tests, warm_up, NULL);
}

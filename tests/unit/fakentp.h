/*
 * An NTP server of many moods on loopback, for tests, on the test's own event
 * base.  Include after cmocka.h.
 */
#ifndef SG_TESTS_FAKENTP_H
#define SG_TESTS_FAKENTP_H

#include <stdint.h>
#include <string.h>

#include "base/hostclock.h"
#include "loop.h"
#include "probe/ntp_packet.h"

#define FAKENTP_TO_UNIX_S 2208988800

enum mood {
    MOOD_GOOD,
    MOOD_SILENT,
    MOOD_TRUNCATED,
    MOOD_OVERSIZED,
    MOOD_REPLAYED, /* the reply to the request before */
    MOOD_WRONG_ORIGIN,
    MOOD_NOISE_THEN_GOOD, /* all of the above, then the reply */
    MOOD_FORGED_KISS_THEN_GOOD,
    MOOD_OTHER_PORT, /* the reply comes from elsewhere */
    MOOD_UNSYNCED,
    MOOD_STRATUM,
    MOOD_RATE,
    MOOD_DENY,
    MOOD_RSTR,
    MOOD_ABSURD,
};

struct fakentp {
    int fd;
    struct sg_address address;
    struct event *event;
    enum mood mood;
    double offset_s; /* of its clock */
    int requests;
    uint8_t request[SG_NTP_HEADER_LEN]; /* the last one */
    uint8_t previous[SG_NTP_HEADER_LEN];
    struct sockaddr_storage peer;
    socklen_t peer_len;
};

static inline void
fakentp_put64(uint8_t *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
}

static inline uint64_t
fakentp_now(const struct fakentp *server)
{
    struct sg_wall wall = sg_wall_add(sg_host_reading().wall, server->offset_s);
    uint64_t s = (uint64_t)(wall.ns / 1000000000);
    uint64_t ns = (uint64_t)(wall.ns % 1000000000);

    return ((s + FAKENTP_TO_UNIX_S) << 32) + (ns << 32) / 1000000000;
}

static inline void
fakentp_make_reply(const struct fakentp *server, const uint8_t *request,
                   uint8_t *ret)
{
    memset(ret, 0, SG_NTP_HEADER_LEN);
    ret[0] = 4 << 3 | 4;
    ret[1] = 3;
    ret[3] = (uint8_t)-20;
    memcpy(ret + 24, request + 40, 8);
    fakentp_put64(ret + 32, fakentp_now(server));
    fakentp_put64(ret + 40, fakentp_now(server));
}

static inline void
fakentp_send_reply(const struct fakentp *server, const uint8_t *bytes,
                   size_t len)
{
    assert_int_equal(sendto(server->fd, bytes, len, 0,
                            (const struct sockaddr *)&server->peer,
                            server->peer_len),
                     len);
}

static inline void
fakentp_send_from_elsewhere(const struct fakentp *server, const uint8_t *bytes)
{
    struct fakentp other = *server;

    other.fd = loop_server(server->peer.ss_family, SOCK_DGRAM, &other.address);
    fakentp_send_reply(&other, bytes, SG_NTP_HEADER_LEN);
    close(other.fd);
}

static inline void
fakentp_send_kiss(const struct fakentp *server, const char *code,
                  uint8_t *reply)
{
    reply[0] |= 3 << 6;
    reply[1] = 0;
    memcpy(reply + 12, code, 4);
    fakentp_send_reply(server, reply, SG_NTP_HEADER_LEN);
}

static inline void
fakentp_send_noise(struct fakentp *server, const uint8_t *good)
{
    static uint8_t bytes[65000];

    memcpy(bytes, good, SG_NTP_HEADER_LEN);
    fakentp_send_reply(server, bytes, 0);
    fakentp_send_reply(server, bytes, 20);
    fakentp_send_reply(server, bytes, sizeof bytes);
    bytes[0] = 4 << 3 | 3;
    fakentp_send_reply(server, bytes, SG_NTP_HEADER_LEN);
    bytes[0] = good[0];
    memset(bytes + 24, 0, 8);
    fakentp_send_reply(server, bytes, SG_NTP_HEADER_LEN);
}

/* Moods that bend the good reply before it is sent. */
static inline void
fakentp_answer_bent(struct fakentp *server, uint8_t *reply)
{
    switch (server->mood) {
    case MOOD_UNSYNCED:
        reply[0] |= 3 << 6;
        break;
    case MOOD_STRATUM:
        reply[1] = 16;
        break;
    case MOOD_ABSURD:
        fakentp_put64(reply + 40, fakentp_now(server) + (9ULL << 32));
        break;
    case MOOD_REPLAYED:
        fakentp_make_reply(server, server->previous, reply);
        break;
    case MOOD_WRONG_ORIGIN:
        reply[31] ^= 1;
        break;
    default:
        break;
    }
    fakentp_send_reply(server, reply, SG_NTP_HEADER_LEN);
}

static inline void
fakentp_answer(struct fakentp *server)
{
    uint8_t reply[1400] = {0};
    uint8_t forged[SG_NTP_HEADER_LEN];

    fakentp_make_reply(server, server->request, reply);
    switch (server->mood) {
    case MOOD_SILENT:
        return;
    case MOOD_TRUNCATED:
        fakentp_send_reply(server, reply, 47);
        return;
    case MOOD_OVERSIZED:
        fakentp_send_reply(server, reply, sizeof reply);
        return;
    case MOOD_NOISE_THEN_GOOD:
        fakentp_send_noise(server, reply);
        break;
    case MOOD_FORGED_KISS_THEN_GOOD:
        memcpy(forged, reply, sizeof forged);
        forged[24] ^= 0x80;
        fakentp_send_kiss(server, "DENY", forged);
        break;
    case MOOD_OTHER_PORT:
        fakentp_send_from_elsewhere(server, reply);
        return;
    case MOOD_RATE:
        fakentp_send_kiss(server, "RATE", reply);
        return;
    case MOOD_DENY:
        fakentp_send_kiss(server, "DENY", reply);
        return;
    case MOOD_RSTR:
        fakentp_send_kiss(server, "RSTR", reply);
        return;
    default:
        break;
    }
    fakentp_answer_bent(server, reply);
}

static inline void
fakentp_on_request(int fd, short what, void *arg)
{
    struct fakentp *server = arg;
    ssize_t len;

    (void)what;
    memcpy(server->previous, server->request, sizeof server->previous);
    server->peer_len = sizeof server->peer;
    len = recvfrom(fd, server->request, sizeof server->request, MSG_TRUNC,
                   (struct sockaddr *)&server->peer, &server->peer_len);
    assert_int_equal(len, SG_NTP_HEADER_LEN);
    server->requests++;
    fakentp_answer(server);
}

static inline void
fakentp_start(struct fakentp *server, struct event_base *base, int family,
              enum mood mood)
{
    *server = (struct fakentp){.mood = mood};
    server->fd = loop_server(family, SOCK_DGRAM, &server->address);
    assert_true(server->fd >= 0);
    server->event = event_new(base, server->fd, EV_READ | EV_PERSIST,
                              fakentp_on_request, server);
    event_add(server->event, NULL);
}

static inline void
fakentp_stop(struct fakentp *server)
{
    event_free(server->event);
    close(server->fd);
}

#endif

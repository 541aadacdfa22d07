/*
 * A DNS server on loopback for tests, on the test's own event base.  Include
 * after cmocka.h.
 */
#ifndef SG_TESTS_FAKEDNS_H
#define SG_TESTS_FAKEDNS_H

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "loop.h"
#include "probe/net.h"

#define FAKEDNS_A 1
#define FAKEDNS_SRV 33
#define FAKEDNS_AAAA 28
#define FAKEDNS_URI 256

#define FAKEDNS_UDP_MAX 512 /* more is truncated, and had over TCP */
#define FAKEDNS_TCP_MAX 65535
#define FAKEDNS_CONNECTIONS 4

struct fakedns_record {
    const char *name;     /* without the final dot */
    const char *value[4]; /* numeric addresses */
    /* "SRV 10 0 88 kdc.test", "URI 10 1 krb5srv:m:udp:kdc.test", or any type's
     * number and data: "33 0000ff"; ends with NULL */
    const char *const *lines;
    int rcode; /* 2: SERVFAIL, 3: NXDOMAIN, 5: REFUSED */
    bool is_silent;
};

struct fakedns_connection {
    int fd;
    struct event *event;
};

struct fakedns {
    int fd, listener;
    struct event *event, *listening;
    struct fakedns_connection connections[FAKEDNS_CONNECTIONS];
    int n_connections;
    const struct fakedns_record *records; /* ends with a NULL name */
    int queries;
    char servers[64]; /* for sg_resolver_new */
};

/* The queried name in dotted form; the offset behind it. */
static inline size_t
fakedns_name(const uint8_t *query, size_t len, char *ret, size_t size)
{
    size_t at = 12, out = 0;

    while (at < len && query[at] != 0) {
        size_t n = query[at++];

        assert_true(at + n < len && out + n + 2 < size);
        if (out > 0)
            ret[out++] = '.';
        memcpy(ret + out, query + at, n);
        out += n;
        at += n;
    }
    ret[out] = '\0';
    return at + 1;
}

static inline const struct fakedns_record *
fakedns_find(const struct fakedns *dns, const char *name)
{
    static const struct fakedns_record absent = {.rcode = 3};
    const struct fakedns_record *record = dns->records;

    for (; record->name; record++)
        if (strcasecmp(record->name, name) == 0)
            return record;
    return &absent;
}

/* Append the record's addresses of one type; how many there were. */
static inline int
fakedns_add(const struct fakedns_record *record, int type, uint8_t *reply,
            size_t *len)
{
    const uint8_t head[] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0};
    const uint8_t size = type == FAKEDNS_A ? 4 : 16;
    int count = 0;

    for (int i = 0; i < 4 && record->value[i]; i++) {
        uint8_t bytes[16];

        if (inet_pton(type == FAKEDNS_A ? AF_INET : AF_INET6, record->value[i],
                      bytes) != 1)
            continue;
        memcpy(reply + *len, head, sizeof head);
        reply[*len + sizeof head] = size;
        memcpy(reply + *len + sizeof head + 1, bytes, size);
        *len += sizeof head + 1 + size;
        count++;
    }
    return count;
}

/* A name in labels, without compression; its length. */
static inline size_t
fakedns_put_name(const char *name, uint8_t *ret)
{
    size_t len = 0;

    while (*name && strcmp(name, ".") != 0) {
        size_t n = strcspn(name, ".");

        ret[len++] = (uint8_t)n;
        memcpy(ret + len, name, n);
        len += n;
        name += n + (name[n] == '.');
    }
    ret[len++] = 0;
    return len;
}

/* The data of a line; its length and type. */
static inline size_t
fakedns_put_data(const char *line, int *type, uint8_t *ret)
{
    unsigned priority, weight, port, byte;
    char text[512] = "";
    size_t len = 4;

    if (sscanf(line, "SRV %u %u %u %500s", &priority, &weight, &port, text) ==
        4) {
        *type = FAKEDNS_SRV;
        ret[4] = (uint8_t)(port >> 8);
        ret[5] = (uint8_t)port;
        len = 6 + fakedns_put_name(text, ret + 6);
    } else if (sscanf(line, "URI %u %u %500s", &priority, &weight, text) == 3) {
        *type = FAKEDNS_URI;
        memcpy(ret + 4, text, strlen(text));
        len = 4 + strlen(text);
    } else {
        assert_int_equal(sscanf(line, "%d %500s", type, text), 2);
        for (len = 0; sscanf(text + 2 * len, "%2x", &byte) == 1; len++)
            ret[len] = (uint8_t)byte;
        return len;
    }
    ret[0] = (uint8_t)(priority >> 8);
    ret[1] = (uint8_t)priority;
    ret[2] = (uint8_t)(weight >> 8);
    ret[3] = (uint8_t)weight;
    return len;
}

static inline int
fakedns_add_lines(const struct fakedns_record *record, int type, uint8_t *reply,
                  size_t *len)
{
    int count = 0;

    for (const char *const *line = record->lines; line && *line; line++) {
        uint8_t data[1024];
        int is = 0;
        size_t n = fakedns_put_data(*line, &is, data);
        const uint8_t head[] = {
            0xc0, 12, (uint8_t)(is >> 8), (uint8_t)is,       0, 1, 0, 0,
            0,    60, (uint8_t)(n >> 8),  (uint8_t)(n & 255)};

        if (is != type)
            continue;
        memcpy(reply + *len, head, sizeof head);
        memcpy(reply + *len + sizeof head, data, n);
        *len += sizeof head + n;
        count++;
    }
    return count;
}

/* The answer in place of the query; its length, 0 for silence. */
static inline size_t
fakedns_reply(struct fakedns *dns, uint8_t *bytes, size_t got, size_t max)
{
    const struct fakedns_record *record;
    char name[512];
    size_t len, question;
    int type, count = 0;

    assert_true(got > 12);
    dns->queries++;
    len = fakedns_name(bytes, got, name, sizeof name);
    type = bytes[len] << 8 | bytes[len + 1];
    len += 4;
    question = len;
    record = fakedns_find(dns, name);
    if (record->is_silent)
        return 0;
    bytes[2] = 0x81;
    bytes[3] = (uint8_t)(0x80 | record->rcode);
    memset(bytes + 6, 0, 6);
    if (record->rcode == 0) {
        count = fakedns_add(record, type, bytes, &len);
        count += fakedns_add_lines(record, type, bytes, &len);
    }
    bytes[6] = (uint8_t)(count >> 8);
    bytes[7] = (uint8_t)count;
    if (len <= max)
        return len;
    bytes[2] |= 2;
    bytes[6] = bytes[7] = 0;
    return question;
}

static inline void
fakedns_on_query(int fd, short what, void *arg)
{
    static uint8_t bytes[2 * FAKEDNS_TCP_MAX];
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof peer;
    ssize_t got =
        recvfrom(fd, bytes, 512, 0, (struct sockaddr *)&peer, &peer_len);
    size_t len;

    (void)what;
    assert_true(got > 0);
    len = fakedns_reply(arg, bytes, (size_t)got, FAKEDNS_UDP_MAX);
    if (len > 0)
        (void)sendto(fd, bytes, len, 0, (struct sockaddr *)&peer, peer_len);
}

static inline void
fakedns_on_stream(int fd, short what, void *arg)
{
    static uint8_t bytes[2 * FAKEDNS_TCP_MAX];
    ssize_t got = recv(fd, bytes, 514, 0);
    size_t len;

    (void)what;
    if (got <= 2)
        return;
    len = fakedns_reply(arg, bytes + 2, (size_t)got - 2, FAKEDNS_TCP_MAX);
    bytes[0] = (uint8_t)(len >> 8);
    bytes[1] = (uint8_t)len;
    if (len > 0)
        assert_int_equal(send(fd, bytes, len + 2, MSG_NOSIGNAL), len + 2);
}

static inline void
fakedns_on_connect(int fd, short what, void *arg)
{
    struct fakedns *dns = arg;
    struct fakedns_connection *connection =
        &dns->connections[dns->n_connections++];

    (void)what;
    assert_true(dns->n_connections <= FAKEDNS_CONNECTIONS);
    connection->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(connection->fd >= 0);
    connection->event =
        event_new(event_get_base(dns->listening), connection->fd,
                  EV_READ | EV_PERSIST, fakedns_on_stream, dns);
    event_add(connection->event, NULL);
}

/* One port for both; somebody else may have the other's. */
static inline void
fakedns_bind(struct fakedns *dns, struct sg_address *address)
{
    for (int tries = 0; tries < 100; tries++) {
        dns->fd = loop_server(AF_INET, SOCK_DGRAM, address);
        dns->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(dns->fd >= 0 && dns->listener >= 0);
        if (bind(dns->listener, (struct sockaddr *)&address->addr,
                 address->len) == 0 &&
            listen(dns->listener, FAKEDNS_CONNECTIONS) == 0)
            return;
        close(dns->fd);
        close(dns->listener);
    }
    fail_msg("no port that is free for UDP and TCP");
}

static inline void
fakedns_start(struct fakedns *dns, struct event_base *base,
              const struct fakedns_record *records)
{
    struct sg_address address;

    *dns = (struct fakedns){.records = records};
    fakedns_bind(dns, &address);
    snprintf(dns->servers, sizeof dns->servers, "127.0.0.1:%u",
             (unsigned)sg_net_address_port(&address));
    dns->event =
        event_new(base, dns->fd, EV_READ | EV_PERSIST, fakedns_on_query, dns);
    event_add(dns->event, NULL);
    dns->listening = event_new(base, dns->listener, EV_READ | EV_PERSIST,
                               fakedns_on_connect, dns);
    event_add(dns->listening, NULL);
}

static inline void
fakedns_stop(struct fakedns *dns)
{
    event_free(dns->event);
    close(dns->fd);
    event_free(dns->listening);
    close(dns->listener);
    for (int i = 0; i < dns->n_connections; i++) {
        event_free(dns->connections[i].event);
        close(dns->connections[i].fd);
    }
}

#endif

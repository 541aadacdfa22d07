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
#define FAKEDNS_AAAA 28

struct fakedns_record {
    const char *name;     /* without the final dot */
    const char *value[4]; /* numeric addresses */
    int rcode;            /* 2: SERVFAIL, 3: NXDOMAIN, 5: REFUSED */
    bool is_silent;
};

struct fakedns {
    int fd;
    struct event *event;
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

static inline void
fakedns_on_query(int fd, short what, void *arg)
{
    struct fakedns *dns = arg;
    const struct fakedns_record *record;
    uint8_t bytes[1024] = {0};
    char name[512];
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof peer;
    ssize_t got =
        recvfrom(fd, bytes, 512, 0, (struct sockaddr *)&peer, &peer_len);
    size_t len;
    int type;

    (void)what;
    assert_true(got > 12);
    dns->queries++;
    len = fakedns_name(bytes, (size_t)got, name, sizeof name);
    type = bytes[len] << 8 | bytes[len + 1];
    len += 4;
    record = fakedns_find(dns, name);
    if (record->is_silent)
        return;
    bytes[2] = 0x81;
    bytes[3] = (uint8_t)(0x80 | record->rcode);
    memset(bytes + 6, 0, 6);
    if (record->rcode == 0)
        bytes[7] = (uint8_t)fakedns_add(record, type, bytes, &len);
    (void)sendto(fd, bytes, len, 0, (struct sockaddr *)&peer, peer_len);
}

static inline void
fakedns_start(struct fakedns *dns, struct event_base *base,
              const struct fakedns_record *records)
{
    struct sg_address address;

    *dns = (struct fakedns){.records = records};
    dns->fd = loop_server(AF_INET, SOCK_DGRAM, &address);
    assert_true(dns->fd >= 0);
    snprintf(dns->servers, sizeof dns->servers, "127.0.0.1:%u",
             (unsigned)sg_net_address_port(&address));
    dns->event =
        event_new(base, dns->fd, EV_READ | EV_PERSIST, fakedns_on_query, dns);
    event_add(dns->event, NULL);
}

static inline void
fakedns_stop(struct fakedns *dns)
{
    event_free(dns->event);
    close(dns->fd);
}

#endif

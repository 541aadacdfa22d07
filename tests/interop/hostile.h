/*
 * What the servers that misbehave share: "hostile_KIND DEED ADDRESS PORT"
 * does one DEED to everybody who asks, says "ready" when it can be asked, and
 * runs until it is killed.  Without arguments it lists its deeds.
 */
#ifndef SG_TESTS_HOSTILE_H
#define SG_TESTS_HOSTILE_H

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static inline void
hostile_die(const char *what)
{
    perror(what);
    exit(1);
}

static inline int
hostile_listen(const char *address, const char *port, int type)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, type, 0), one = 1;

    if (fd < 0 || inet_pton(AF_INET, address, &name.sin_addr) != 1)
        hostile_die(address);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&name, sizeof name) < 0 ||
        (type == SOCK_STREAM && listen(fd, 16) < 0))
        hostile_die(address);
    return fd;
}

static inline void
hostile_ready(void)
{
    puts("ready");
    fflush(stdout);
}

#endif

/* A reader of datagrams in a folder of its own, such as a syslogd. */
#ifndef FAKELOG_H
#define FAKELOG_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

struct fakelog {
    char folder[64];
    char path[96];
    int fd; /* -1: away */
};

static void
fakelog_listen(struct fakelog *fake)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    memcpy(name.sun_path, fake->path, sizeof fake->path);
    fake->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fake->fd >= 0);
    assert_int_equal(
        bind(fake->fd, (const struct sockaddr *)&name, sizeof name), 0);
}

static void
fakelog_leave(struct fakelog *fake)
{
    if (fake->fd >= 0)
        close(fake->fd);
    fake->fd = -1;
    unlink(fake->path);
}

static void
fakelog_new(struct fakelog *fake)
{
    snprintf(fake->folder, sizeof fake->folder, "/tmp/skewguard-log.XXXXXX");
    assert_non_null(mkdtemp(fake->folder));
    snprintf(fake->path, sizeof fake->path, "%s/log", fake->folder);
    fake->fd = -1;
}

static void
fakelog_free(struct fakelog *fake)
{
    fakelog_leave(fake);
    rmdir(fake->folder);
}

/* Its next datagram as a string; NULL if there is none. */
static const char *
fakelog_read(struct fakelog *fake)
{
    static char text[8192];
    ssize_t len = recv(fake->fd, text, sizeof text - 1, 0);

    if (len < 0) {
        assert_int_equal(errno, EAGAIN);
        return NULL;
    }
    text[len] = '\0';
    return text;
}

#endif

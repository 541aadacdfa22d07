#include "clockd/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_PASSED 3
#define WAITING_MAX 128

static bool
is_listening_seqpacket(int fd)
{
    int type = 0, listening = 0;
    socklen_t len = sizeof type;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 &&
           type == SOCK_SEQPACKET && listening;
}

/* -1: none was passed, or not to us. */
static int
passed(void)
{
    const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");

    if (!pid || !n || strtol(pid, NULL, 10) != getpid() || strcmp(n, "1") != 0)
        return -1;
    return FIRST_PASSED;
}

/* Where we are no member of the group all may connect, and the peer's uid
 * alone decides. */
static int
make(const struct sockaddr_un *address, gid_t gid)
{
    const char *path = address->sun_path;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mode = 0660;
    int code;

    if (fd < 0)
        return -errno;
    unlink(path);
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) == 0) {
        if (lchown(path, (uid_t)-1, gid) < 0)
            mode = 0666;
        if (chmod(path, mode) == 0 && listen(fd, WAITING_MAX) == 0)
            return fd;
    }
    code = -errno;
    close(fd);
    return code;
}

int
sg_listen(const char *path, gid_t gid, struct sg_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = passed();

    if (fd >= 0 && is_listening_seqpacket(fd) &&
        fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
        fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
        return fd;
    if (fd >= 0)
        return sg_err_set(err, -EINVAL,
                          "the socket that was passed is no listening "
                          "SOCK_SEQPACKET one");
    if (strlen(path) >= sizeof address.sun_path)
        return sg_err_set(err, -ENAMETOOLONG, "%s: %zu characters, at most %zu",
                          path, strlen(path), sizeof address.sun_path - 1);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    fd = make(&address, gid);
    return fd < 0 ? sg_err_set(err, fd, "%s: %s", path, strerror(-fd)) : fd;
}

int
sg_listen_accept(int fd, uid_t uid, pid_t *ret_pid, struct sg_err *err)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t len = sizeof peer;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (client < 0)
        return errno == EAGAIN
                   ? -EAGAIN
                   : sg_err_set(err, -errno, "accept: %s", strerror(errno));
    if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
        (peer.uid == 0 || peer.uid == uid)) {
        *ret_pid = peer.pid;
        return client;
    }
    close(client);
    return sg_err_set(err, -EACCES,
                      "user %u (pid %d) may not ask, only root and user %u",
                      (unsigned)peer.uid, (int)peer.pid, (unsigned)uid);
}

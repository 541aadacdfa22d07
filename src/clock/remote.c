#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "clock/clock.h"
#include "clock/host.h"
#include "clock/wire.h"

/* Each wait for a service that hangs holds up whoever asks. */
#define REST_S 4.0

struct remote {
    struct sg_clock_host host;
    struct sockaddr_un address;
    int fd;             /* -1: not connected */
    int link_fd;        /* tells of its end, whichever it is; -1: cannot */
    bool has_hung;      /* it did not answer ... */
    struct sg_raw hung; /* ... then, and is left alone for a while */
};

static void
hang_up(struct remote *remote)
{
    if (remote->fd >= 0)
        close(remote->fd);
    remote->fd = -1;
}

/* The same descriptor for all connections; each leaves it when it is closed. */
static void
watch_for_its_end(const struct remote *remote)
{
    struct epoll_event event = {.events = EPOLLRDHUP};

    if (remote->link_fd >= 0)
        epoll_ctl(remote->link_fd, EPOLL_CTL_ADD, remote->fd, &event);
}

/* -ENOTCONN, whatever it was: the service is not there now. */
static int
lose(struct remote *remote, int code, struct sg_err *err)
{
    hang_up(remote);
    return sg_err_set(err, -ENOTCONN, "clock service: %s: %s",
                      remote->address.sun_path, strerror(-code));
}

static int
reach(struct remote *remote, struct sg_err *err)
{
    if (remote->fd >= 0)
        return 0;
    if (remote->has_hung && sg_raw_diff(sg_host_raw(), remote->hung) < REST_S)
        return lose(remote, -ETIMEDOUT, err);
    remote->has_hung = false;
    remote->fd =
        socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (remote->fd < 0)
        return lose(remote, -errno, err);
    if (connect(remote->fd, (const struct sockaddr *)&remote->address,
                sizeof remote->address) < 0)
        return lose(remote, -errno, err);
    watch_for_its_end(remote);
    return 0;
}

/* A service that hangs must not hang us for long. */
static int
wait_for_reply(const struct remote *remote)
{
    struct pollfd poll_fd = {remote->fd, POLLIN, 0};
    struct sg_raw end = sg_raw_add(sg_host_raw(), SG_WIRE_TIMEOUT_S);

    for (;;) {
        double rest_s = sg_raw_diff(end, sg_host_raw());
        int n = poll(&poll_fd, 1, (int)ceil(fmax(rest_s, 0) * 1e3));

        if (n > 0)
            return 0;
        if (n == 0 && rest_s <= 0)
            return -ETIMEDOUT;
        if (n < 0 && errno != EINTR)
            return -errno;
    }
}

/* 0 with a reply, whatever that says; or -ENOTCONN. */
static int
exchange(struct remote *remote, const struct sg_wire_request *request,
         struct sg_wire_reply *ret, struct sg_err *err)
{
    char bytes[sizeof *ret + 1];
    ssize_t n;
    int code;

    /* one that hung up before it read this may have said why */
    if (send(remote->fd, request, sizeof *request,
             MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
        errno != EPIPE)
        return lose(remote, -errno, err);
    code = wait_for_reply(remote);
    if (code == -ETIMEDOUT) {
        remote->has_hung = true;
        remote->hung = sg_host_raw();
    }
    if (code < 0)
        return lose(remote, code, err);
    n = recv(remote->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && errno == ECONNRESET)
        n = recv(remote->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n <= 0)
        return lose(remote, n < 0 ? -errno : -ECONNRESET, err);
    if (sg_wire_take_reply(bytes, (size_t)n, ret, err) < 0) {
        hang_up(remote);
        return -ENOTCONN;
    }
    return 0;
}

/* A service that was started anew takes the request at the second try. */
static int
ask(struct remote *remote, struct sg_wire_request request,
    struct sg_wire_reply *ret, struct sg_err *err)
{
    bool was_connected = remote->fd >= 0;
    int code = reach(remote, err);

    request.version = SG_WIRE_VERSION;
    request.sent_ns = sg_host_raw().ns;
    if (code == 0)
        code = exchange(remote, &request, ret, err);
    /* what was sent may have been done */
    if (code < 0 && was_connected && request.kind == SG_WIRE_READ) {
        code = reach(remote, err);
        request.sent_ns = sg_host_raw().ns;
        if (code == 0)
            code = exchange(remote, &request, ret, err);
    }
    if (code < 0)
        return code;
    /* it has another client, has hung up on us and is not there for us */
    if (ret->code == -EUSERS) {
        hang_up(remote);
        return sg_err_set(err, -ENOTCONN, "%s", ret->text);
    }
    return ret->code < 0 ? sg_err_set(err, ret->code, "%s", ret->text) : 0;
}

/* ---- the driver ---- */

static int
remote_steer(struct sg_clock *clock, const struct sg_clock_course *course,
             struct sg_err *err)
{
    struct sg_wire_reply reply;

    return ask((struct remote *)clock, sg_wire_slew(course), &reply, err);
}

static int
remote_step(struct sg_clock *clock, const struct sg_clock_step *step,
            struct sg_err *err)
{
    struct sg_wire_reply reply;

    return ask((struct remote *)clock, sg_wire_step(step), &reply, err);
}

/* Also whether the service is there: -ENOTCONN. */
static int
remote_check(struct sg_clock *clock, struct sg_err *err)
{
    const struct sg_wire_request request = {.kind = SG_WIRE_READ};
    struct sg_wire_reply reply;

    return ask((struct remote *)clock, request, &reply, err);
}

/* Reading it may be filtered away from us with all that moves a clock. */
static int
remote_frequency(struct sg_clock *clock, double *ret_ppm)
{
    const struct sg_wire_request request = {.kind = SG_WIRE_READ};
    struct sg_wire_reply reply;
    int code = ask((struct remote *)clock, request, &reply, NULL);

    if (code == 0)
        *ret_ppm = reply.frequency_ppm;
    return code;
}

static int
take_over(struct remote *remote, struct sg_err *err)
{
    const struct sg_wire_request request = {.kind = SG_WIRE_READ,
                                            .flags = SG_WIRE_FORGIVE};
    struct sg_clock *clock = &remote->host.clock;
    struct sg_wire_reply reply;
    int code = ask(remote, request, &reply, err);

    if (code < 0)
        return code;
    clock->max_ppm = reply.max_ppm;
    clock->fast_ppm = reply.fast_ppm;
    clock->fast_s = reply.fast_s;
    clock->can_move = true;
    return 0;
}

static void
remote_forgive(struct sg_clock *clock)
{
    take_over((struct remote *)clock, NULL);
}

static int
remote_link(struct sg_clock *clock)
{
    return ((struct remote *)clock)->link_fd;
}

static void
remote_free(struct sg_clock *clock)
{
    struct remote *remote = (struct remote *)clock;

    hang_up(remote);
    if (remote->link_fd >= 0)
        close(remote->link_fd);
    sg_clock_host_free(clock);
}

static const struct sg_clock_ops remote_ops = {
    .name = SG_CLOCK_SERVICE,
    .read = sg_clock_host_read,
    .steer = remote_steer,
    .step = remote_step,
    .frequency = remote_frequency,
    .check = remote_check,
    .forgive = remote_forgive,
    .watch = sg_clock_host_watch,
    .rearm = sg_clock_host_rearm,
    .link = remote_link,
    .free = remote_free,
};

struct sg_clock *
sg_clock_remote_new(const char *path, struct sg_err *err)
{
    struct remote *remote;

    if (strlen(path) >= sizeof remote->address.sun_path) {
        sg_err_set(err, -ENAMETOOLONG,
                   "clock service: %s: %zu characters, at most %zu", path,
                   strlen(path), sizeof remote->address.sun_path - 1);
        return NULL;
    }
    remote = sg_clock_host_new(sizeof *remote, &remote_ops, err);
    if (!remote)
        return NULL;
    remote->fd = -1;
    remote->link_fd = epoll_create1(EPOLL_CLOEXEC);
    remote->address.sun_family = AF_UNIX;
    snprintf(remote->address.sun_path, sizeof remote->address.sun_path, "%s",
             path);
    remote->host.clock.ends_slews = true;
    if (take_over(remote, err) < 0) {
        sg_clock_free(&remote->host.clock);
        return NULL;
    }
    return &remote->host.clock;
}

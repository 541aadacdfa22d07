#include "clock/keeper.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hostclock.h"

#define OVERDUE_NS INT64_C(1000000000)
#define NS_PER_MS 1000000

/* Until the slew is overdue: -1 without one. */
static int
wait_ms(const struct sg_slew *slew)
{
    int64_t ms;

    if (slew->end_ns == 0)
        return -1;
    ms = (slew->end_ns + OVERDUE_NS - sg_host_raw().ns) / NS_PER_MS + 1;
    return ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms;
}

/* False: the other side is gone. */
static bool
take_order(int fd, struct sg_slew *ret)
{
    struct sg_slew slew;

    if (recv(fd, &slew, sizeof slew, 0) != sizeof slew)
        return false;
    *ret = slew;
    return true;
}

static void
keep(int fd)
{
    struct pollfd poll_fd = {fd, POLLIN, 0};
    struct sg_slew slew = {.end_ns = 0};

    for (;;) {
        int n = poll(&poll_fd, 1, wait_ms(&slew));

        if (n > 0 && !take_order(fd, &slew))
            break;
        if (n > 0 || slew.end_ns == 0 ||
            sg_host_raw().ns < slew.end_ns + OVERDUE_NS)
            continue;
        if (sg_slew_end(&slew) < 0)
            slew.end_ns = sg_host_raw().ns; /* again in a second */
        else
            slew.end_ns = 0;
    }
    if (slew.end_ns != 0)
        sg_slew_end(&slew);
}

static void
close_from(int fd)
{
    if (close_range((unsigned)fd, UINT_MAX, 0) == 0)
        return;
    for (long max = sysconf(_SC_OPEN_MAX); fd < max; fd++) /* before 5.9 */
        close(fd);
}

/*
 * The child keeps nothing of its parent: no descriptor (a lock would live on
 * with it), no folder, no signal.  One that is sent to the whole group is
 * meant for the parent, whose end is told by the socket.
 */
static _Noreturn void
become_keeper(int fd)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    if (dup2(fd, STDIN_FILENO) < 0 || chdir("/") < 0)
        _exit(1);
    close_from(STDIN_FILENO + 1);
    prctl(PR_SET_NAME, "skewguard-keep");
    keep(STDIN_FILENO);
    _exit(0);
}

/* A child of the child: it is init that has to bury it. */
static int
fork_away(int fd)
{
    pid_t child = fork();
    int status;

    if (child < 0)
        return -errno;
    if (child == 0) {
        pid_t keeper = fork();

        if (keeper == 0)
            become_keeper(fd);
        _exit(keeper < 0 ? errno : 0);
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

int
sg_keeper_start(struct sg_err *err)
{
    int fds[2], code;

    code = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0
               ? -errno
               : 0;
    if (code == 0) {
        code = fork_away(fds[1]);
        close(fds[1]);
        if (code < 0)
            close(fds[0]);
    }
    if (code < 0)
        return sg_err_set(err, code,
                          "kernel clock: no process to end slews after a "
                          "crash: %s",
                          strerror(-code));
    return fds[0];
}

int
sg_keeper_tell(int fd, const struct sg_slew *slew)
{
    ssize_t n = send(fd, slew, sizeof *slew, MSG_DONTWAIT | MSG_NOSIGNAL);

    return n < 0 ? -errno : 0;
}

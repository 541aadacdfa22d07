#include "clock/host.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "clock/slew.h"

/* The last second that the kernel's 64 bits of nanoseconds hold. */
#define NEVER_S (INT64_MAX / 1000000000)

void *
sg_clock_host_new(size_t size, const struct sg_clock_ops *ops,
                  struct sg_err *err)
{
    struct sg_clock_host *host = calloc(1, size);

    if (!host) {
        sg_err_set(err, -ENOMEM, "%s clock: out of memory", ops->name);
        return NULL;
    }
    host->clock.ops = ops;
    host->watch_fd = -1;
    return host;
}

void
sg_clock_host_free(struct sg_clock *clock)
{
    struct sg_clock_host *host = (struct sg_clock_host *)clock;

    if (host->watch_fd >= 0)
        close(host->watch_fd);
    free(host);
}

int
sg_clock_host_read(struct sg_clock *clock, struct sg_reading *ret)
{
    (void)clock;
    *ret = sg_host_reading();
    return 0;
}

int
sg_clock_host_timex(struct timex *ret)
{
    memset(ret, 0, sizeof *ret);
    return clock_adjtime(CLOCK_REALTIME, ret) < 0 ? -errno : 0;
}

/*
 * A daemon that was here before may have left part of its correction in the
 * length of the tick; chronyd does.
 */
int
sg_clock_host_frequency(struct sg_clock *clock, double *ret_ppm)
{
    struct timex now;
    int code = sg_clock_host_timex(&now);

    (void)clock;
    if (code < 0)
        return code;
    *ret_ppm = sg_rate_ppm((struct sg_rate){now.freq, now.tick});
    return 0;
}

/*
 * A timer that never expires and is cancelled by every step of the clock,
 * ours included: the kernel does not say whose it was.
 */
static void
arm(int fd)
{
    struct itimerspec never = {{0, 0}, {NEVER_S, 0}};

    timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never,
                    NULL);
}

/* Made when first asked for: simulators of the kernel abort on such timers. */
int
sg_clock_host_watch(struct sg_clock *clock)
{
    struct sg_clock_host *host = (struct sg_clock_host *)clock;

    if (host->watch_fd < 0) {
        host->watch_fd =
            timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
        if (host->watch_fd >= 0)
            arm(host->watch_fd);
    }
    return host->watch_fd;
}

void
sg_clock_host_rearm(struct sg_clock *clock)
{
    struct sg_clock_host *host = (struct sg_clock_host *)clock;
    uint64_t expirations;
    ssize_t len;

    if (host->watch_fd < 0)
        return;
    /* ECANCELED is the news itself, EAGAIN that there was none. */
    len = read(host->watch_fd, &expirations, sizeof expirations);
    (void)len;
    arm(host->watch_fd);
}

#include "clock/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include "clock/check.h"
#include "clock/host.h"

#define KERNEL_MAX_PPM 500.0  /* MAXFREQ of the kernel's timex.h */
#define KERNEL_MAX_ERROR 16.0 /* NTP_PHASE_LIMIT: "not synchronised" */

static long
error_to_us(double error_s)
{
    if (!(error_s < KERNEL_MAX_ERROR))
        error_s = KERNEL_MAX_ERROR;
    return error_s > 0 ? (long)ceil(error_s * 1e6) : 0;
}

/*
 * ADJ_STATUS replaces all bits, so those of the leap second and of others are
 * carried over; without ADJ_NANO some kernels would forget STA_NANO.
 */
static struct timex
timex_of_course(const struct sg_clock_course *course, const struct timex *now)
{
    struct timex tx = {0};

    tx.modes =
        ADJ_FREQUENCY | ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_NANO;
    tx.freq = lround((course->base_ppm + course->slew_ppm) * 65536.0);
    if (course->synced) {
        tx.status = now->status & ~STA_UNSYNC;
        tx.maxerror = error_to_us(course->bound_s);
        tx.esterror = error_to_us(course->error_s);
    } else {
        tx.status = now->status | STA_UNSYNC;
        tx.maxerror = error_to_us(KERNEL_MAX_ERROR);
        tx.esterror = error_to_us(KERNEL_MAX_ERROR);
    }
    if (now->tick != sg_clock_host_nominal_tick()) {
        tx.modes |= ADJ_TICK; /* what it held is part of base_ppm by now */
        tx.tick = sg_clock_host_nominal_tick();
    }
    return tx;
}

static int
kernel_steer(struct sg_clock *clock, const struct sg_clock_course *course,
             struct sg_err *err)
{
    struct timex now, tx;
    int code = sg_clock_check_course(clock, course, err);

    if (code < 0)
        return code;
    code = sg_clock_host_timex(&now);
    if (code < 0)
        return sg_err_set(err, code, "kernel clock: cannot be read: %s",
                          strerror(-code));
    tx = timex_of_course(course, &now);
    if (clock_adjtime(CLOCK_REALTIME, &tx) >= 0)
        return 0;
    code = -errno;
    return sg_err_set(err, code, "kernel clock: rate %+.3f ppm was refused: %s",
                      course->base_ppm + course->slew_ppm, strerror(-code));
}

/*
 * The kernel then calls itself unsynchronised with 16 s of error until the
 * next steer says better; the frequency stays.
 */
static int
kernel_step(struct sg_clock *clock, double offset_s, struct sg_err *err)
{
    int64_t ns = sg_span_to_ns(offset_s);
    struct timex tx = {.modes = ADJ_SETOFFSET | ADJ_NANO};
    int code = sg_clock_check_step(clock, offset_s, err);

    if (code < 0)
        return code;
    /* The fraction must not be negative: -0.25 s is -1 s + 750000000 ns. */
    tx.time.tv_sec = ns / 1000000000;
    tx.time.tv_usec = ns % 1000000000;
    if (tx.time.tv_usec < 0) {
        tx.time.tv_sec--;
        tx.time.tv_usec += 1000000000;
    }
    if (clock_adjtime(CLOCK_REALTIME, &tx) >= 0)
        return 0;
    code = -errno;
    return sg_err_set(err, code, "kernel clock: step %+.9f s was refused: %s",
                      offset_s, strerror(-code));
}

static bool
has_capability(int number)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    uint64_t set = 0;

    if (!file)
        return false;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "CapEff: %" SCNx64, &set) == 1)
            break;
    fclose(file);
    return set >> number & 1;
}

static int
explain_refusal(int code, struct sg_err *err)
{
    if (code != -EPERM)
        return sg_err_set(err, code, "kernel clock: cannot be set: %s",
                          strerror(-code));
    if (!has_capability(CAP_SYS_TIME))
        return sg_err_set(err, code,
                          "kernel clock: may not be set, this process lacks "
                          "CAP_SYS_TIME");
    return sg_err_set(err, code,
                      "kernel clock: may not be set in spite of CAP_SYS_TIME, "
                      "as in a container or under a system call filter");
}

/*
 * Only the call itself tells: in a user namespace CAP_SYS_TIME can be there
 * and worth nothing.  Setting the tick to what it already is needs the
 * permission and changes nothing, while a frequency read back may have been
 * rounded.
 */
static int
try_permission(struct sg_err *err)
{
    struct timex now;
    struct timex same = {.modes = ADJ_TICK};
    int code = sg_clock_host_timex(&now);

    if (code < 0)
        return explain_refusal(code, err);
    same.tick = now.tick;
    if (clock_adjtime(CLOCK_REALTIME, &same) < 0)
        return explain_refusal(-errno, err);
    return 0;
}

static const struct sg_clock_ops kernel_ops = {
    .name = "kernel",
    .read = sg_clock_host_read,
    .steer = kernel_steer,
    .step = kernel_step,
    .frequency = sg_clock_host_frequency,
    .watch = sg_clock_host_watch,
    .rearm = sg_clock_host_rearm,
    .free = sg_clock_host_free,
};

struct sg_clock *
sg_clock_kernel_new(struct sg_err *err)
{
    struct sg_clock_host *host;

    if (try_permission(err) < 0)
        return NULL;
    host = sg_clock_host_new(&kernel_ops, err);
    if (!host)
        return NULL;
    host->clock.max_ppm = KERNEL_MAX_PPM;
    host->clock.can_move = true;
    return &host->clock;
}

/*
 * The only process of a throw-away virtual machine: moves its clock through
 * the kernel driver and looks at CLOCK_REALTIME against CLOCK_MONOTONIC_RAW.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "clock/clock.h"
#include "clock_guest.h"

#define NOISE_S 0.005 /* of an emulated processor's two readings */

static const struct sg_clock_kernel_setup plain = {NULL, false};

static int failures;

void
expect(bool good, const char *what)
{
    if (!good) {
        printf("FAILED: %s\n", what);
        failures++;
    }
}

double
gone_s(const struct sg_reading *base)
{
    struct sg_reading now = sg_host_reading();

    return sg_wall_diff(now.wall, base->wall) - sg_raw_diff(now.raw, base->raw);
}

static bool
fired(struct sg_clock *clock, int timeout_ms)
{
    struct pollfd poll_fd = {clock->ops->watch(clock), POLLIN, 0};

    return poll(&poll_fd, 1, timeout_ms) == 1;
}

static void
try_steps(struct sg_clock *clock)
{
    static const double offsets_s[] = {0.25, -0.25, 600, -600.75, 3e8};

    for (size_t i = 0; i < sizeof offsets_s / sizeof offsets_s[0]; i++) {
        struct sg_reading base = sg_host_reading();
        struct sg_err err = {""};
        double moved_s;
        int code = sg_clock_step_by(clock, offsets_s[i], &err);

        moved_s = gone_s(&base);
        printf("step %+.2f s: moved %+.6f s %s\n", offsets_s[i], moved_s,
               err.text);
        expect(code == 0, "step is carried out");
        expect(fabs(moved_s - offsets_s[i]) < NOISE_S, "step is exact");
        expect(fired(clock, 0), "watch fires at our own step");
        clock->ops->rearm(clock);
        expect(!fired(clock, 50), "watch is silent after rearm");
    }
}

static void
try_rate(struct sg_clock *clock, double base_ppm, double slew_ppm, unsigned s)
{
    struct sg_clock_course course = {.base_ppm = base_ppm,
                                     .slew_ppm = slew_ppm,
                                     .duration_s = s,
                                     .synced = true,
                                     .error_s = 0.001,
                                     .bound_s = 0.01};
    struct sg_reading base;
    double ppm, measured_ppm, span_s;

    expect(clock->ops->steer(clock, &course, NULL) == 0, "steer is obeyed");
    usleep(100000); /* the kernel takes a new rate at its next tick */
    base = sg_host_reading();
    sleep(s);
    /* a busy host lets it sleep for longer */
    span_s = sg_raw_diff(sg_host_raw(), base.raw);
    measured_ppm = gone_s(&base) / span_s * 1e6;
    expect(clock->ops->frequency(clock, &ppm) == 0, "frequency is read");
    printf("rate %+.1f %+.1f ppm for %u s: %+.2f ppm measured, %+.4f read\n",
           base_ppm, slew_ppm, s, measured_ppm, ppm);
    expect(fabs(measured_ppm - base_ppm - slew_ppm) < 10, "rate is right");
    expect(fabs(ppm - base_ppm - slew_ppm) < 1e-4, "frequency is right");
}

struct timex
present(void)
{
    struct timex tx = {0};

    clock_adjtime(CLOCK_REALTIME, &tx);
    return tx;
}

static void
try_status(struct sg_clock *clock)
{
    struct sg_clock_course course = {
        .synced = true, .error_s = 0.001, .bound_s = 0.01};
    struct timex leap = {.modes = ADJ_STATUS | ADJ_NANO,
                         .status = STA_UNSYNC | STA_INS};
    struct timex tx;

    clock_adjtime(CLOCK_REALTIME, &leap);
    clock->ops->steer(clock, &course, NULL);
    tx = present();
    printf("synced: status 0x%x maxerror %ld us esterror %ld us\n", tx.status,
           tx.maxerror, tx.esterror);
    expect(tx.status == STA_NANO, "STA_UNSYNC and STA_INS are cleared");
    expect(tx.maxerror >= 10000 && tx.maxerror < 12000, "maxerror is set");
    expect(tx.esterror == 1000, "esterror is set");

    sg_clock_step_by(clock, 0.001, NULL);
    tx = present();
    printf("stepped: status 0x%x maxerror %ld us\n", tx.status, tx.maxerror);
    course.synced = false;
    clock->ops->steer(clock, &course, NULL);
    tx = present();
    printf("unsynced: status 0x%x maxerror %ld us\n", tx.status, tx.maxerror);
    expect(tx.status & STA_UNSYNC, "STA_UNSYNC is set");
    expect(tx.maxerror == 16000000, "maxerror is 16 s");
}

static void
try_foreign_tick(void)
{
    struct timex tick = {
        .modes = ADJ_TICK | ADJ_FREQUENCY, .tick = 10001, .freq = 123457};
    struct sg_clock_course course = {.slew_ppm = 0};
    struct sg_clock *clock;
    struct timex tx;
    double ppm = 0;

    clock_adjtime(CLOCK_REALTIME, &tick);
    clock = sg_clock_kernel_new(&plain, NULL);
    tx = present();
    expect(tx.tick == 10001 && tx.freq == 123457, "new changes nothing");
    clock->ops->frequency(clock, &ppm);
    course.base_ppm = ppm;
    expect(clock->ops->steer(clock, &course, NULL) == 0, "tick is taken over");
    tx = present();
    printf("tick 10001 and %+.4f ppm: %+.4f ppm read, tick %ld freq %ld "
           "after\n",
           123457 / 65536.0, ppm, tx.tick, tx.freq);
    expect(tx.tick == 10000 && tx.freq == 123457 + 6553600, "sum is kept");
    sg_clock_free(clock);
}

static void
try_refusals(struct sg_clock *clock)
{
    struct sg_clock_course course = {.base_ppm = 500.5};
    struct sg_reading base = sg_host_reading();
    struct sg_err err = {""};

    expect(clock->ops->steer(clock, &course, &err) == -ERANGE, "500.5 ppm");
    printf("%s\n", err.text);
    expect(sg_clock_step_by(clock, -3e9, &err) == -EINVAL, "before 1970");
    printf("%s\n", err.text);
    expect(fabs(gone_s(&base)) < NOISE_S, "nothing has moved");
}

/* Another process sets the clock while we wait, as an administrator would. */
static void
try_foreign_step(struct sg_clock *clock)
{
    struct sg_reading base = sg_host_reading(), now;
    char text[32];
    double moved_s;
    pid_t child;

    clock->ops->rearm(clock);
    snprintf(text, sizeof text, "@%lld",
             (long long)(base.wall.ns / 1000000000 + 3600));
    child = fork();
    if (child == 0) {
        usleep(300000);
        execl("/bin/busybox", "date", "-s", text, NULL);
        _exit(127);
    }
    expect(fired(clock, 20000), "watch fires at a foreign step");
    clock->ops->rearm(clock);
    clock->ops->read(clock, &now);
    moved_s =
        sg_wall_diff(now.wall, base.wall) - sg_raw_diff(now.raw, base.raw);
    printf("foreign step seen after %.3f s: %+.3f s\n",
           sg_raw_diff(now.raw, base.raw), moved_s);
    expect(fabs(moved_s - 3600) < 20, "foreign step is read at once");
    waitpid(child, NULL, 0);
}

static void
drop_sys_time(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];

    syscall(SYS_capget, &header, data);
    data[0].effective &= ~(1U << CAP_SYS_TIME);
    syscall(SYS_capset, &header, data);
}

static void
enter_user_namespace(void)
{
    if (unshare(CLONE_NEWUSER) != 0)
        printf("unshare: %s\n", strerror(errno));
}

static void
try_without(void (*privilege)(void), const char *expected)
{
    int status = 1;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        struct sg_err err = {""};
        struct sg_clock *clock;

        privilege();
        clock = sg_clock_kernel_new(&plain, &err);
        printf("%s\n", err.text);
        fflush(stdout);
        _exit(clock || !strstr(err.text, expected));
    }
    waitpid(child, &status, 0);
    expect(status == 0, expected);
}

/* Whatever else this file may be run as, it moves no clock outside its box. */
static bool
is_throwaway(void)
{
    char line[1024] = "";
    FILE *file;

    if (getpid() != 1)
        return false;
    mount("proc", "/proc", "proc", 0, NULL);
    file = fopen("/proc/cmdline", "re");
    if (!file || !fgets(line, sizeof line, file))
        return false;
    fclose(file);
    return strstr(line, "skewguard.throwaway");
}

int
main(void)
{
    struct timex tai = {.modes = ADJ_TAI, .constant = 37};
    struct sg_err err = {""};
    struct sg_clock *clock;

    if (!is_throwaway()) {
        fprintf(stderr, "not in a throw-away machine: refused\n");
        return 1;
    }
    clock_adjtime(CLOCK_REALTIME, &tai);
    clock = sg_clock_kernel_new(&plain, &err);
    if (clock) {
        clock->ops->watch(clock);
        try_steps(clock);
        try_rate(clock, 0, 0, 5);
        try_rate(clock, 0, 100, 10);
        try_rate(clock, -400, -100, 5);
        try_status(clock);
        try_refusals(clock);
        try_foreign_step(clock);
        sg_clock_free(clock);
        try_foreign_tick();
        try_slews();
        try_rivals();
        try_leaps();
        expect(present().tai == 37, "the offset to TAI is as it was");
        try_without(drop_sys_time, "this process lacks CAP_SYS_TIME");
        try_without(enter_user_namespace, "in spite of CAP_SYS_TIME");
    }
    expect(clock != NULL, err.text);
    if (failures == 0)
        printf("all is well\n");
    fflush(stdout);
    sync();
    reboot(RB_POWER_OFF);
    return 1;
}

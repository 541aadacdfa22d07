#include "clock_guest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "clock/clock.h"

static const struct sg_clock_kernel_setup with_keeper = {NULL, true};

static struct sg_clock *
new_clock(double base_ppm, double slew_ppm)
{
    struct sg_clock *clock = sg_clock_kernel_new(&with_keeper, NULL);
    struct sg_clock_course course = {.base_ppm = base_ppm,
                                     .slew_ppm = slew_ppm,
                                     .duration_s = slew_ppm != 0 ? 10 : 0,
                                     .synced = true,
                                     .bound_s = 0.01};

    expect(clock && clock->ops->steer(clock, &course, NULL) == 0,
           "steer is obeyed");
    return clock;
}

static void
adjust(const char *option, const char *value)
{
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        /* it prints all it reads */
        if (!freopen("/dev/null", "w", stdout))
            fclose(stdout);
        execl("/bin/busybox", "adjtimex", option, value, NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

static void
expect_rival(struct sg_clock *clock, const char *text)
{
    struct sg_clock_course course = {.base_ppm = 1};
    struct sg_err err = {""};

    expect(clock->ops->check(clock, &err) == -EBUSY, "the rival is seen");
    printf("rival %s\n", err.text);
    expect(strcmp(err.text, text) == 0, text);
    expect(clock->ops->steer(clock, &course, NULL) == -EBUSY,
           "the rival has his way");
    sg_clock_free(clock);
}

/* The kernel's rounding, its leap states and its own STA_UNSYNC are no rival.
 */
static void
try_nobody(void)
{
    struct sg_clock *clock = new_clock(1, 0);
    struct sg_clock_course course = {.synced = true, .bound_s = 0.01};
    struct sg_err err = {""};
    int alarms = 0;

    srand48(7);
    for (int i = 0; i < 20000; i++) {
        course.base_ppm = (drand48() - 0.5) * 1000;
        course.slew_ppm =
            i % 2 ? (drand48() - 0.5) * 150000 : -course.base_ppm / 2;
        course.duration_s = 1;
        if (clock->ops->steer(clock, &course, &err) != 0 ||
            clock->ops->check(clock, &err) != 0)
            alarms++;
    }
    printf("20000 random courses: %d false alarms %s\n", alarms, err.text);
    expect(alarms == 0, "no false alarms");

    course = (struct sg_clock_course){.synced = true, .bound_s = 15.9995};
    clock->ops->steer(clock, &course, NULL);
    expect(!(present().status & STA_UNSYNC), "synchronised at first");
    sleep(3);
    printf("bound 15.9995 s, 3 s later: status 0x%x maxerror %ld us\n",
           present().status, present().maxerror);
    expect(present().status & STA_UNSYNC, "the kernel lost faith itself");
    expect(clock->ops->check(clock, &err) == 0, "which is no rival's work");

    course.bound_s = 0.01;
    clock->ops->steer(clock, &course, NULL);
    sleep(4);
    printf("bound 10000 us, 4 s later: maxerror %ld us\n", present().maxerror);
    expect(labs(present().maxerror - 12000) <= 500, "maxerror grows by itself");
    sg_clock_free(clock);
}

static void
try_other_hands(void)
{
    struct timex loop = {.modes = ADJ_STATUS | ADJ_OFFSET | ADJ_NANO,
                         .status = STA_PLL,
                         .offset = 100000};
    struct sg_clock *clock = new_clock(10, 0);

    adjust("-f", "3276800");
    expect_rival(clock,
                 "changed the clock's frequency from +10.000 to +50.000 ppm");
    clock = new_clock(10, 0);
    adjust("-t", "9999");
    expect_rival(clock,
                 "changed the clock's frequency from +10.000 to -90.000 ppm");
    clock = new_clock(10, 0);
    clock_adjtime(CLOCK_REALTIME, &loop);
    expect_rival(clock, "changed the clock's status from 0x2000 to 0x2001");
    clock = new_clock(10, 50000);
    adjust("-f", "3276800");
    expect_rival(
        clock,
        "changed the clock's frequency from +50010.000 to +50050.000 ppm");
    expect(present().tick == 10000 && present().freq == 3276800,
           "the fast tick is not left to him");
}

/* What ntpd and adjtime(3) began must not go on beside us. */
static void
try_remnants(void)
{
    struct timex loop = {.modes = ADJ_STATUS | ADJ_OFFSET | ADJ_NANO,
                         .status = STA_PLL,
                         .offset = 400000000};
    struct timeval single = {0, 400000}, left;
    struct sg_reading base;
    struct sg_clock *clock;
    double ppm;

    clock_adjtime(CLOCK_REALTIME, &loop);
    adjtime(&single, NULL);
    adjtime(NULL, &left);
    printf("left by others: loop %ld ns, adjtime %ld us, status 0x%x\n",
           present().offset, (long)left.tv_usec, present().status);
    expect(present().offset != 0 && left.tv_usec != 0, "there are remnants");
    clock = new_clock(0, 0);
    adjtime(NULL, &left);
    printf("after the first steer: loop %ld ns, adjtime %ld us, status 0x%x\n",
           present().offset, (long)left.tv_usec, present().status);
    expect(present().offset == 0 && left.tv_usec == 0, "remnants are cleared");
    expect(present().status == STA_NANO, "the loop is off");
    sleep(2); /* the kernel uses up the second that it had begun */
    base = sg_host_reading();
    sleep(5);
    ppm = gone_s(&base) / sg_raw_diff(sg_host_raw(), base.raw) * 1e6;
    printf("... %+.2f ppm measured\n", ppm);
    expect(fabs(ppm) < 10, "they do not go on");
    sg_clock_free(clock);
}

void
try_rivals(void)
{
    try_nobody();
    try_other_hands();
    try_remnants();
}

/* Seconds that went astray around the next midnight, which is made to come. */
static double
astray_s(struct sg_clock *clock, int leap_s, int *ret_state)
{
    struct sg_clock_course course = {
        .leap_s = leap_s, .synced = true, .bound_s = 0.01};
    struct sg_reading base = sg_host_reading();
    int64_t second = base.wall.ns / 1000000000;
    struct timex tx = {.modes = 0};
    struct sg_err err = {""};

    sg_clock_step_by(clock, (double)(86400 - second % 86400 - 5), NULL);
    expect(clock->ops->steer(clock, &course, NULL) == 0, "steer is obeyed");
    base = sg_host_reading();
    sleep(3);
    *ret_state = clock_adjtime(CLOCK_REALTIME, &tx);
    sleep(6);
    expect(clock->ops->check(clock, &err) == 0, "a leap second is no rival");
    /* the next midnight, should it be armed still */
    expect(clock->ops->steer(clock, &course, NULL) == 0, "steer is obeyed");
    return gone_s(&base);
}

void
try_leaps(void)
{
    static const int leaps_s[] = {1, 0, -1, 0};
    static const int states[] = {TIME_INS, TIME_OK, TIME_DEL, TIME_OK};
    struct sg_clock *clock = new_clock(0, 0);

    for (int i = 0; i < 4; i++) {
        struct timex tx = {.modes = 0};
        int before;
        double moved_s = astray_s(clock, leaps_s[i], &before);
        int after = clock_adjtime(CLOCK_REALTIME, &tx);

        printf("leap %+d: state %d before midnight, %d after, status 0x%x: "
               "%+.3f s\n",
               leaps_s[i], before, after, tx.status, moved_s);
        expect(before == states[i], "the state before midnight is right");
        expect(after == (leaps_s[i] ? TIME_WAIT : TIME_OK),
               "the state after midnight is right");
        expect(fabs(moved_s + leaps_s[i]) < 0.01, "the second is right");
    }
    sg_clock_free(clock);
}

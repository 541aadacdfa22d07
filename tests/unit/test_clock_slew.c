/*
 * Slews of the kernel's clock that outlive the daemon, and other hands on it.
 */
#include "clock/clock.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hostclock.h"
#include "fakekernel.h"

static const struct sg_clock_kernel_setup kept = {NULL, true};

static void
fast_slews_need_somebody_to_end_them(void **state)
{
    static const struct {
        double base_ppm, slew_ppm, duration_s;
        long tick, freq; /* 0: refused */
        const char *text;
    } cases[] = {
        {12.5, 70000, 10, 10700, 819200, ""},
        {-12.5, -70070, 0.5, 9299, 1146880, ""},
        {-500, -82833, 1, 9167, -2162688, ""},
        {480, 20, 1000, 10000, 32768000, ""},
        {0, 500.5, 10, 10005, 32768, ""},
        {0, 83334, 1, 0, 0,
         "kernel clock: rate +83334.000 ppm is beyond +-83333 ppm"},
        {0, -700, 10.5, 0, 0,
         "kernel clock: rate -700.000 ppm for 10.500 s: beyond +-500 ppm a "
         "slew may last 10 s"},
        {0, 700, 0, 0, 0,
         "kernel clock: rate +700.000 ppm for 0.000 s: beyond +-500 ppm a "
         "slew may last 10 s"},
        {0, 700, (double)NAN, 0, 0,
         "kernel clock: rate +700.000 ppm for nan s: beyond +-500 ppm a slew "
         "may last 10 s"},
        {501, 1000, 1, 0, 0,
         "kernel clock: rate +501.000 ppm is beyond +-500 ppm"},
    };
    struct sg_clock *clock = new_clock_as(&kept);

    (void)state;
    assert_float_equal(clock->fast_ppm, 83333, 0);
    assert_float_equal(clock->fast_s, 10, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_clock_course course = {.base_ppm = cases[i].base_ppm,
                                         .slew_ppm = cases[i].slew_ppm,
                                         .duration_s = cases[i].duration_s};
        struct sg_err err = {""};
        double ppm;
        int code = clock->ops->steer(clock, &course, &err);

        assert_string_equal(err.text, cases[i].text);
        assert_int_equal(code, cases[i].tick ? 0 : -ERANGE);
        if (!cases[i].tick)
            continue;
        assert_int_equal(kernel->present.tick, cases[i].tick);
        assert_int_equal(kernel->present.freq, cases[i].freq);
        assert_int_equal(clock->ops->frequency(clock, &ppm), 0);
        assert_true(fabs(ppm - cases[i].base_ppm - cases[i].slew_ppm) < 1e-4);
    }
    sg_clock_free(clock);

    clock = new_clock();
    assert_float_equal(clock->fast_s, 0, 0);
    sg_clock_free(clock);
}

static void
leap_seconds_are_armed_and_cleared(void **state)
{
    static const int leaps_s[] = {1, 0, -1, 1, 0};
    static const int bits[] = {STA_INS, 0, STA_DEL, STA_INS, 0};
    struct sg_clock *clock = new_clock();

    (void)state;
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        struct sg_clock_course course = {.leap_s = leaps_s[i], .synced = true};

        assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
        assert_int_equal(kernel->present.status,
                         STA_NANO | STA_FREQHOLD | bits[i]);
    }
    sg_clock_free(clock);
}

/* What ntpd and adjtime(3) leave behind would go on beside us. */
static void
remnants_of_others_are_cleared_once(void **state)
{
    struct sg_clock_course course = {.base_ppm = 5};
    struct sg_clock *clock = new_clock();

    (void)state;
    kernel->present.status |= STA_PLL | STA_FLL | STA_PPSTIME;
    kernel->present.offset = 123456;
    kernel->single_shot = -4000;
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    assert_int_equal(kernel->present.offset, 0);
    assert_int_equal(kernel->single_shot, 0);
    assert_int_equal(kernel->present.status,
                     STA_UNSYNC | STA_NANO | STA_FREQHOLD | STA_PPSTIME);
    assert_int_equal(kernel->changes, 4);
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    assert_int_equal(kernel->changes, 5);
    sg_clock_free(clock);
}

static void
a_rival_is_noticed_and_has_his_way(void **state)
{
    static const struct {
        long freq, tick;
        int set, cleared;
        const char *text;
    } cases[] = {
        {3 * 65536 + 30, 10000, STA_UNSYNC, STA_INS, NULL},
        {53 * 65536, 10000, 0, 0,
         "changed the clock's frequency from +3.000 to +53.000 ppm"},
        {3 * 65536, 9999, 0, 0,
         "changed the clock's frequency from +3.000 to -97.000 ppm"},
        {3 * 65536, 10000, STA_PLL, 0,
         "changed the clock's status from 0x2090 to 0x2091"},
        {3 * 65536, 10000, STA_FLL, 0,
         "changed the clock's status from 0x2090 to 0x2098"},
        {77 * 65536, 10000, STA_PPSFREQ, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_clock_course course = {
            .base_ppm = 3, .synced = true, .leap_s = 1};
        struct sg_clock *clock = new_clock();
        struct sg_err err = {""}, step_err = {""};

        assert_int_equal(clock->ops->check(clock, &err), 0);
        assert_int_equal(clock->ops->steer(clock, &course, &err), 0);
        assert_int_equal(clock->ops->check(clock, &err), 0);
        kernel->present.freq = cases[i].freq;
        kernel->present.tick = cases[i].tick;
        kernel->present.status |= cases[i].set;
        kernel->present.status &= ~cases[i].cleared;
        kernel->changes = 0;
        if (!cases[i].text) {
            assert_int_equal(clock->ops->check(clock, &err), 0);
            assert_int_equal(clock->ops->steer(clock, &course, &err), 0);
        } else {
            assert_int_equal(clock->ops->check(clock, &err), -EBUSY);
            assert_string_equal(err.text, cases[i].text);
            kernel->present.freq = 3 * 65536; /* too late */
            assert_int_equal(clock->ops->steer(clock, &course, &err), -EBUSY);
            assert_int_equal(sg_clock_step_by(clock, 1, &step_err), -EBUSY);
            assert_string_equal(step_err.text, cases[i].text);
            assert_int_equal(kernel->changes, 0);
            clock->ops->forgive(clock);
            assert_int_equal(clock->ops->check(clock, &err), 0);
            assert_int_equal(clock->ops->steer(clock, &course, &err), 0);
            assert_int_equal(kernel->present.tick, 10000);
        }
        sg_clock_free(clock);
    }
}

/* ntpd knows nothing of ticks: ours must not stay when it sets a frequency. */
static void
a_rival_inherits_no_fast_tick(void **state)
{
    struct sg_clock_course course = {
        .base_ppm = 3, .slew_ppm = 50000, .duration_s = 5};
    struct sg_clock *clock = new_clock_as(&kept);
    struct sg_err err;

    (void)state;
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    assert_int_equal(kernel->present.tick, 10500);
    kernel->present.freq = 7 * 65536;
    assert_int_equal(clock->ops->check(clock, &err), -EBUSY);
    assert_string_equal(
        err.text,
        "changed the clock's frequency from +50003.000 to +50007.000 ppm");
    assert_int_equal(kernel->present.tick, 10000);
    assert_int_equal(kernel->present.freq, 7 * 65536);
    sg_clock_free(clock);
}

static bool
runs_at(double ppm, double within_s)
{
    struct sg_raw start = sg_host_raw();
    double now_ppm;

    do {
        now_ppm = (double)kernel->present.freq / 65536 +
                  (double)(kernel->present.tick - 10000) * 100;
        if (fabs(now_ppm - ppm) < 1e-3)
            return true;
        usleep(1000);
    } while (sg_raw_diff(sg_host_raw(), start) < within_s);
    return false;
}

/* A daemon that dies, or hangs, in a slew of so many ppm. */
static pid_t
start_slewing(const struct sg_clock_kernel_setup *setup, double slew_ppm,
              double duration_s)
{
    struct sg_clock_course course = {
        .base_ppm = -20, .slew_ppm = slew_ppm, .duration_s = duration_s};
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct sg_clock *clock = sg_clock_kernel_new(setup, NULL);

        if (clock)
            clock->ops->steer(clock, &course, NULL);
        for (;;)
            pause();
    }
    assert_true(runs_at(-20 + slew_ppm, 5));
    return child;
}

static void
kill_and_bury(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void
the_keeper_ends_what_a_dead_daemon_cannot(void **state)
{
    static const double slews_ppm[] = {80000, -480, 100};

    (void)state;
    sg_clock_free(new_clock());
    for (size_t i = 0; i < 3; i++) {
        kill_and_bury(start_slewing(&kept, slews_ppm[i], 10));
        assert_true(runs_at(-20, 2));
    }
}

static void
the_keeper_ends_what_a_hanging_daemon_does_not(void **state)
{
    struct sg_raw start = sg_host_raw();
    pid_t child;

    (void)state;
    sg_clock_free(new_clock());
    child = start_slewing(&kept, 80000, 0.3);
    kill(child, SIGSTOP);
    assert_true(runs_at(-20, 4));
    assert_true(sg_raw_diff(sg_host_raw(), start) > 1.3);
    kill_and_bury(child);
}

static void
the_keeper_is_no_rival(void **state)
{
    struct sg_clock_course course = {
        .base_ppm = -20, .slew_ppm = 1000, .duration_s = 0.01};
    struct sg_clock *clock = new_clock_as(&kept);
    struct sg_err err = {""};

    (void)state;
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    assert_true(runs_at(-20, 4)); /* nobody but it ends the slew */
    assert_int_equal(clock->ops->check(clock, &err), 0);
    course.slew_ppm = 0;
    assert_int_equal(clock->ops->steer(clock, &course, &err), 0);
    assert_string_equal(err.text, "");
    sg_clock_free(clock);
}

/* A clean end leaves all as it is. */
static void
the_keeper_leaves_with_the_driver(void **state)
{
    struct sg_clock_course course = {.base_ppm = 33};
    struct sg_clock *clock = new_clock_as(&kept);
    int changes;

    (void)state;
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    changes = kernel->changes;
    sg_clock_free(clock);
    usleep(100000);
    assert_int_equal(kernel->changes, changes);
    assert_true(runs_at(33, 0));
}

static void
the_marker_helps_the_next_start(void **state)
{
    char path[] = "/tmp/skewguard-marker.XXXXXX";
    struct sg_clock_kernel_setup setup = {.marker = path, .keeper = false};
    struct sg_err what = {""};
    struct sg_clock *clock;

    (void)state;
    assert_true(close(mkstemp(path)) == 0);
    assert_int_equal(unlink(path), 0);
    sg_clock_free(new_clock());
    assert_int_equal(sg_clock_kernel_recover(path, &what), 0); /* no file */
    kill_and_bury(start_slewing(&setup, 80000, 10));
    assert_true(runs_at(79980, 0));
    assert_int_equal(sg_clock_kernel_recover(path, &what), 1);
    assert_string_equal(what.text,
                        "kernel clock: an earlier run was killed in a slew, "
                        "back from +79980.000 to -20.000 ppm");
    assert_true(runs_at(-20, 0));
    assert_int_equal(sg_clock_kernel_recover(path, &what), 0);

    /* a rival came in between */
    kill_and_bury(start_slewing(&setup, 400, 10));
    kernel->present.freq = 50 * 65536;
    assert_int_equal(sg_clock_kernel_recover(path, &what), 0);
    assert_true(runs_at(50, 0));

    /* a slew that was ended leaves nothing to recover */
    clock = new_clock_as(&setup);
    assert_float_equal(clock->fast_s, 10, 0);
    sg_clock_free(clock);
    kernel->present.freq = 380 * 65536;
    assert_int_equal(sg_clock_kernel_recover(path, &what), 0);
    unlink(path);
}

static void
a_damaged_marker_is_told(void **state)
{
    static const char *const texts[] = {
        "",
        "skewguard-slew 1\n",
        "skewguard-slew 2\nnone\n",
        "skewguard-slew 1\nslew_freq=1 slew_tick=10000\n"
        "base_freq=1 base_tick=9000\n",
        "skewguard-slew 1\nslew_freq=1 slew_tick=10000\n"
        "base_freq=1 base_tick=10000\nmore\n",
        "skewguard-slew 1\nslew_freq=99999999999999999999 slew_tick=10000\n"
        "base_freq=1 base_tick=10000\n",
    };
    char path[] = "/tmp/skewguard-marker.XXXXXX", expected[128];
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    sg_clock_free(new_clock());
    kernel->changes = 0;
    snprintf(expected, sizeof expected, "%s: damaged", path);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct sg_err what = {""};
        ssize_t len = (ssize_t)strlen(texts[i]);

        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, texts[i], (size_t)len, 0), len);
        assert_int_equal(sg_clock_kernel_recover(path, &what), -EINVAL);
        assert_string_equal(what.text, expected);
    }
    assert_int_equal(kernel->changes, 0);
    close(fd);
    unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fast_slews_need_somebody_to_end_them),
        cmocka_unit_test(leap_seconds_are_armed_and_cleared),
        cmocka_unit_test(remnants_of_others_are_cleared_once),
        cmocka_unit_test(a_rival_is_noticed_and_has_his_way),
        cmocka_unit_test(a_rival_inherits_no_fast_tick),
        cmocka_unit_test(the_keeper_ends_what_a_dead_daemon_cannot),
        cmocka_unit_test(the_keeper_ends_what_a_hanging_daemon_does_not),
        cmocka_unit_test(the_keeper_is_no_rival),
        cmocka_unit_test(the_keeper_leaves_with_the_driver),
        cmocka_unit_test(the_marker_helps_the_next_start),
        cmocka_unit_test(a_damaged_marker_is_told),
    };

    if (!fake_kernel_begin())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

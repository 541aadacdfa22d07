/*
 * The kernel driver against a clock_adjtime of our own (linked with --wrap):
 * the real one is out of reach from here.
 */
#include "clock/clock.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include <cmocka.h>

#include "base/hostclock.h"
#include "fakekernel.h"

static void
assert_last_call(const struct timex *expected)
{
    assert_int_equal(kernel->last.modes, expected->modes);
    assert_int_equal(kernel->last.offset, expected->offset);
    assert_int_equal(kernel->last.freq, expected->freq);
    assert_int_equal(kernel->last.maxerror, expected->maxerror);
    assert_int_equal(kernel->last.esterror, expected->esterror);
    assert_int_equal(kernel->last.status, expected->status);
    assert_int_equal(kernel->last.constant, expected->constant);
    assert_int_equal(kernel->last.time.tv_sec, expected->time.tv_sec);
    assert_int_equal(kernel->last.time.tv_usec, expected->time.tv_usec);
    assert_int_equal(kernel->last.tick, expected->tick);
}

static void
construction_moves_nothing(void **state)
{
    struct timex expected = {.modes = ADJ_TICK, .tick = 10000};
    struct sg_clock *clock = new_clock();

    (void)state;
    assert_int_equal(kernel->changes, 1);
    assert_last_call(&expected);
    assert_string_equal(clock->ops->name, "kernel");
    assert_true(clock->can_move);
    assert_false(clock->ends_slews);
    assert_float_equal(clock->max_ppm, 500, 0);
    sg_clock_free(clock);
    sg_clock_free(NULL);
}

static void
construction_says_why_not(void **state)
{
    static const struct {
        int read_errno, change_errno;
        const char *text;
    } cases[] = {
        {0, EPERM,
         "kernel clock: may not be set, this process lacks CAP_SYS_TIME"},
        {EPERM, 0,
         "kernel clock: may not be set, this process lacks CAP_SYS_TIME"},
        {ENOSYS, 0, "kernel clock: cannot be set: Function not implemented"},
        {0, EINVAL, "kernel clock: cannot be set: Invalid argument"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_err err = {""};

        memset(kernel, 0, sizeof *kernel);
        kernel->read_errno = cases[i].read_errno;
        kernel->change_errno = cases[i].change_errno;
        assert_null(sg_clock_kernel_new(&plain, &err));
        assert_string_equal(err.text, cases[i].text);
        assert_null(sg_clock_kernel_new(&plain, NULL));
    }
}

static void
steer_fills_every_field(void **state)
{
    struct sg_clock_course course = {
        .base_ppm = -12.5,
        .slew_ppm = 100,
        .duration_s = 10,
        .synced = true,
        .error_s = 0.000250,
        .bound_s = 0.0123451,
    };
    struct timex expected = {
        .modes =
            ADJ_FREQUENCY | ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_NANO,
        .freq = 5734400,                   /* 87.5 * 65536 */
        .status = STA_NANO | STA_FREQHOLD, /* no leap second any more */
        .esterror = 250,
        .maxerror = 12346, /* rounded away from us */
    };
    struct sg_clock *clock = new_clock();
    struct sg_err err;

    (void)state;
    assert_int_equal(clock->ops->steer(clock, &course, &err), 0);
    assert_int_equal(kernel->changes, 2);
    assert_last_call(&expected);

    course.synced = false;
    expected.status |= STA_UNSYNC;
    expected.esterror = 16000000;
    expected.maxerror = 16000000;
    kernel->present.status &= ~STA_UNSYNC;
    assert_int_equal(clock->ops->steer(clock, &course, &err), 0);
    assert_last_call(&expected);
    sg_clock_free(clock);
}

static void
steer_survives_absurd_errors(void **state)
{
    struct sg_clock_course course = {
        .synced = true, .error_s = NAN, .bound_s = INFINITY};
    struct sg_clock *clock = new_clock();

    (void)state;
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    assert_int_equal(kernel->last.maxerror, 16000000);
    assert_int_equal(kernel->last.esterror, 16000000);
    course.error_s = -1;
    course.bound_s = 15.9999999;
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    assert_int_equal(kernel->last.maxerror, 16000000);
    assert_int_equal(kernel->last.esterror, 0);
    sg_clock_free(clock);
}

static void
steer_goes_to_the_limit_only(void **state)
{
    static const struct {
        double base_ppm, slew_ppm;
        long freq; /* -1: refused */
        const char *text;
    } cases[] = {
        {500, 0, 32768000, ""},
        {-400, -100, -32768000, ""},
        {-600, 200, -1, "kernel clock: rate -600.000 ppm is beyond +-500 ppm"},
        {450, 50.001, -1,
         "kernel clock: rate +500.001 ppm is beyond +-500 ppm"},
        {-500, -0.5, -1, "kernel clock: rate -500.500 ppm is beyond +-500 ppm"},
        {INFINITY, 0, -1, "kernel clock: rate +inf ppm is beyond +-500 ppm"},
        {0, (double)NAN, -1, "kernel clock: rate +nan ppm is beyond +-500 ppm"},
    };
    struct sg_clock *clock = new_clock();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_clock_course course = {.base_ppm = cases[i].base_ppm,
                                         .slew_ppm = cases[i].slew_ppm};
        struct sg_err err = {""};
        int changes = kernel->changes;
        int code = clock->ops->steer(clock, &course, &err);

        assert_string_equal(err.text, cases[i].text);
        if (cases[i].freq == -1) {
            assert_int_equal(code, -ERANGE);
            assert_int_equal(kernel->changes, changes);
        } else {
            assert_int_equal(code, 0);
            assert_int_equal(kernel->last.freq, cases[i].freq);
        }
    }
    sg_clock_free(clock);
}

/* chronyd may leave part of its correction in the tick: 1 us is 100 ppm. */
static void
a_foreign_tick_is_taken_over(void **state)
{
    struct sg_clock_course course = {.slew_ppm = 0};
    struct sg_clock *clock = new_clock();
    double ppm;

    (void)state;
    kernel->present.tick = 9998;
    kernel->present.freq = 655360;
    assert_int_equal(clock->ops->frequency(clock, &ppm), 0);
    assert_float_equal(ppm, -190, 1e-9);

    course.base_ppm = ppm;
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    assert_int_equal(kernel->last.modes & ADJ_TICK, ADJ_TICK);
    assert_int_equal(kernel->last.tick, 10000);
    assert_int_equal(kernel->last.freq, -12451840);
    sg_clock_free(clock);
}

static void
frequency_reports_failure(void **state)
{
    struct sg_clock *clock = new_clock();
    double ppm = 7;

    (void)state;
    kernel->read_errno = EPERM;
    assert_int_equal(clock->ops->frequency(clock, &ppm), -EPERM);
    assert_float_equal(ppm, 7, 0);
    sg_clock_free(clock);
}

static void
step_splits_the_fraction(void **state)
{
    static const struct {
        double offset_s;
        long sec, ns;
    } cases[] = {
        {0.25, 0, 250000000},
        {-0.25, -1, 750000000},
        {600, 600, 0},
        {-600, -600, 0},
        {-600.000000001, -601, 999999999},
        {0, 0, 0},
        {-1e-9, -1, 999999999},
        {0.9999999996, 1, 0},
        {3155760000, 3155760000, 0},
    };
    struct sg_clock *clock = new_clock();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct timex expected = {.modes = ADJ_SETOFFSET | ADJ_NANO};
        struct sg_err err = {""};

        expected.time.tv_sec = cases[i].sec;
        expected.time.tv_usec = cases[i].ns;
        assert_int_equal(sg_clock_step_by(clock, cases[i].offset_s, &err), 0);
        assert_last_call(&expected);
    }
    sg_clock_free(clock);
}

static void
step_refuses_more_than_a_century(void **state)
{
    static const struct {
        double offset_s;
        const char *text;
    } cases[] = {
        {3155760001, "kernel clock: step +3155760001.000 s is beyond "
                     "+-3155760000 s (100 years)"},
        {-1e300, NULL},
        {(double)NAN, "kernel clock: step +nan s is beyond +-3155760000 s "
                      "(100 years)"},
    };
    struct sg_clock *clock = new_clock();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_err err = {""};

        assert_int_equal(sg_clock_step_by(clock, cases[i].offset_s, &err),
                         -ERANGE);
        if (cases[i].text)
            assert_string_equal(err.text, cases[i].text);
    }
    assert_int_equal(kernel->changes, 1);
    sg_clock_free(clock);
}

static void
refusals_of_the_kernel_are_told(void **state)
{
    struct sg_clock_course course = {.base_ppm = 10, .slew_ppm = -2};
    struct sg_clock *clock = new_clock();
    struct sg_err err = {""};

    (void)state;
    kernel->change_errno = EPERM;
    assert_int_equal(clock->ops->steer(clock, &course, &err), -EPERM);
    assert_string_equal(err.text, "kernel clock: rate +8.000 ppm was refused: "
                                  "Operation not permitted");
    kernel->change_errno = EINVAL;
    assert_int_equal(sg_clock_step_by(clock, -2e9, &err), -EINVAL);
    assert_string_equal(err.text, "kernel clock: step -2000000000.000000000 s "
                                  "was refused: Invalid argument");
    kernel->read_errno = ENOSYS;
    assert_int_equal(clock->ops->steer(clock, &course, &err), -ENOSYS);
    assert_string_equal(err.text, "kernel clock: cannot be read: "
                                  "Function not implemented");
    sg_clock_free(clock);
}

static void
read_shows_the_host(void **state)
{
    struct sg_clock *clock = new_clock();
    struct sg_reading before = sg_host_reading(), now, after;

    (void)state;
    assert_int_equal(clock->ops->read(clock, &now), 0);
    after = sg_host_reading();
    assert_in_range(now.raw.ns, before.raw.ns, after.raw.ns);
    assert_true(fabs(sg_wall_diff(now.wall, before.wall) -
                     sg_raw_diff(now.raw, before.raw)) < 0.01);
    sg_clock_free(clock);
}

/* That it fires when it should is seen in tests/vm only. */
static void
watch_is_silent_while_nobody_steps(void **state)
{
    struct sg_clock *clock = new_clock();
    struct pollfd poll_fd = {.events = POLLIN};

    (void)state;
    clock->ops->rearm(clock); /* before there is one: nothing */
    poll_fd.fd = clock->ops->watch(clock);
    assert_true(poll_fd.fd >= 0);
    assert_int_equal(clock->ops->watch(clock), poll_fd.fd);
    assert_int_equal(poll(&poll_fd, 1, 20), 0);
    clock->ops->rearm(clock);
    assert_int_equal(poll(&poll_fd, 1, 20), 0);
    sg_clock_free(clock);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(construction_moves_nothing),
        cmocka_unit_test(construction_says_why_not),
        cmocka_unit_test(steer_fills_every_field),
        cmocka_unit_test(steer_survives_absurd_errors),
        cmocka_unit_test(steer_goes_to_the_limit_only),
        cmocka_unit_test(a_foreign_tick_is_taken_over),
        cmocka_unit_test(frequency_reports_failure),
        cmocka_unit_test(step_splits_the_fraction),
        cmocka_unit_test(step_refuses_more_than_a_century),
        cmocka_unit_test(refusals_of_the_kernel_are_told),
        cmocka_unit_test(read_shows_the_host),
        cmocka_unit_test(watch_is_silent_while_nobody_steps),
    };

    if (!fake_kernel_begin())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

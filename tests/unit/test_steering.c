/*
 * Slews of a clock that does not end them by itself, timed by the raw clock.
 */
#include "watch/steering.h"

#include <errno.h>
#include <event2/event.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hostclock.h"
#include "loop.h"

#define COURSES 8

static struct {
    struct sg_clock clock;
    int n;
    struct sg_clock_course courses[COURSES];
    struct sg_raw at[COURSES];
    int code;
} fake;

static int
fake_steer(struct sg_clock *clock, const struct sg_clock_course *course,
           struct sg_err *err)
{
    (void)clock;
    (void)err;
    assert_true(fake.n < COURSES);
    fake.courses[fake.n] = *course;
    fake.at[fake.n++] = sg_host_raw();
    return fake.code;
}

static const struct sg_clock_ops fake_ops = {.steer = fake_steer};

/* code is what it says to the end of the slew. */
static void
run(const struct sg_action *action, int code, double run_s)
{
    struct event_base *base = event_base_new();
    struct sg_steering steering;

    memset(&fake, 0, sizeof fake);
    fake.clock.ops = &fake_ops;
    fake.clock.max_ppm = 500;
    assert_int_equal(sg_steering_open(&steering, base, &fake.clock, 0), 0);
    assert_int_equal(sg_steering_do(&steering, action, NULL), 0);
    fake.code = code;
    loop_run(base, NULL, run_s);
    sg_steering_close(&steering);
    event_base_free(base);
}

/*
 * Here the slew turns no clock, so the timer for one that slows it down comes
 * too soon, as any timer may: the rest is waited for.
 */
static void
a_slew_is_not_cut_short(void **state)
{
    struct sg_action action = {.kind = SG_ACTION_STEER,
                               .base_ppm = 7,
                               .slew_ppm = -80000,
                               .duration_s = 0.3,
                               .synced = true,
                               .bound_s = 0.01};

    (void)state;
    run(&action, 0, 0.5);
    assert_true(fake.n >= 2);
    assert_true(sg_raw_diff(fake.at[1], fake.at[0]) >= 0.2999);
    assert_float_equal((float)fake.courses[1].base_ppm, 7, 0);
    assert_true(fake.courses[1].synced);
    /* 500 ppm of 0.3 s, as the kernel adds */
    assert_true(fabs(fake.courses[1].bound_s - 0.01015) < 1e-9);
}

/* ... and for one that speeds it up too late, which is taken back. */
static void
what_a_late_end_made_is_taken_back(void **state)
{
    struct sg_action action = {.kind = SG_ACTION_STEER,
                               .base_ppm = 100,
                               .slew_ppm = 80000,
                               .duration_s = 0.3,
                               .synced = true};
    double late_s, excess_s;

    (void)state;
    run(&action, 0, 0.5);
    assert_int_equal(fake.n, 3); /* the last one at the close */
    late_s = sg_raw_diff(fake.at[1], fake.at[0]) - 0.3;
    assert_true(late_s > 0.02 && late_s < 0.2);
    assert_float_equal((float)fake.courses[1].slew_ppm, -400, 1e-6);
    excess_s = -fake.courses[1].slew_ppm * fake.courses[1].duration_s * 1e-6;
    assert_true(fabs(excess_s - late_s * 0.08) < 0.001 * 0.08);
    assert_float_equal((float)fake.courses[2].slew_ppm, 0, 0);
    assert_float_equal((float)fake.courses[2].base_ppm, 100, 0);
}

static void
a_slow_slew_just_ends(void **state)
{
    struct sg_action action = {.kind = SG_ACTION_STEER,
                               .slew_ppm = 500,
                               .duration_s = 0.1,
                               .synced = true};

    (void)state;
    run(&action, 0, 0.3);
    assert_int_equal(fake.n, 2);
    assert_float_equal((float)fake.courses[1].slew_ppm, 0, 0);
    assert_float_equal((float)fake.courses[1].duration_s, 0, 0);
}

/* Somebody else has the clock by now: his is not ended every second. */
static void
a_slew_that_a_rival_ended_is_over(void **state)
{
    struct sg_action action = {
        .kind = SG_ACTION_STEER, .slew_ppm = 500, .duration_s = 0.1};

    (void)state;
    run(&action, -EBUSY, 1.5);
    assert_int_equal(fake.n, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slew_is_not_cut_short),
        cmocka_unit_test(what_a_late_end_made_is_taken_back),
        cmocka_unit_test(a_slow_slew_just_ends),
        cmocka_unit_test(a_slew_that_a_rival_ended_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

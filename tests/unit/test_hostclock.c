/* Reading this host's clocks; nothing here could move one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <time.h>

#include "base/hostclock.h"

static int64_t
now_ns(clockid_t id)
{
    struct timespec ts = {0, 0};

    assert_int_equal(clock_gettime(id, &ts), 0);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
raw_is_the_clock_that_nobody_steers(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        int64_t before = now_ns(CLOCK_MONOTONIC_RAW);
        int64_t raw = sg_host_raw().ns;

        assert_true(raw >= before && raw <= now_ns(CLOCK_MONOTONIC_RAW));
    }
}

/* Half the width is the most by which the pair can be apart, an interruption
 * of this test aside. */
static void
a_reading_is_one_instant_on_two_clocks(void **state)
{
    double least_s = INFINITY;

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct sg_reading first = sg_host_reading();
        struct sg_reading second = sg_host_reading();
        double apart_s = sg_wall_diff(second.wall, first.wall) -
                         sg_raw_diff(second.raw, first.raw);

        assert_true(first.width_s >= 0 && first.width_s < 1);
        assert_true(sg_raw_diff(second.raw, first.raw) >= 0);
        least_s = fmin(least_s,
                       fabs(apart_s) - first.width_s / 2 - second.width_s / 2);
    }
    assert_true(least_s < 1e-6);
}

static void
a_reading_lies_between_its_neighbours(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        int64_t before = now_ns(CLOCK_MONOTONIC_RAW);
        struct sg_reading r = sg_host_reading();

        assert_true(r.raw.ns >= before);
        assert_true(r.raw.ns <= now_ns(CLOCK_MONOTONIC_RAW));
    }
}

static void
wall_instants_are_carried_over_to_raw(void **state)
{
    double best_s = INFINITY;

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct sg_reading r = sg_host_reading();
        struct sg_raw there = sg_host_wall_to_raw(sg_wall_add(r.wall, -0.25));

        best_s = fmin(best_s, fabs(sg_raw_diff(r.raw, there) - 0.25));
    }
    assert_true(best_s < 1e-4);
}

/* It grows over suspends, of which there is none in here. */
static void
suspends_are_not_made_up(void **state)
{
    double first_s = sg_host_suspended_s(), second_s = sg_host_suspended_s();

    (void)state;
    assert_true(first_s > -0.001);
    assert_true(fabs(second_s - first_s) < 0.5);
    assert_true(fabs(first_s - (double)(now_ns(CLOCK_BOOTTIME) -
                                        now_ns(CLOCK_MONOTONIC)) *
                                   1e-9) < 0.5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_is_the_clock_that_nobody_steers),
        cmocka_unit_test(a_reading_is_one_instant_on_two_clocks),
        cmocka_unit_test(a_reading_lies_between_its_neighbours),
        cmocka_unit_test(wall_instants_are_carried_over_to_raw),
        cmocka_unit_test(suspends_are_not_made_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

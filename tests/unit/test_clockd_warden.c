/* The warden: each limit, and what it sees for itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* a program is no library */
#include "../../src/clockd/warden.c"

#define NS INT64_C(1000000000)
#define MAX_PPM 500.0

static struct sg_warden warden;
static struct sg_reading reading;
static double slept_s;

static int
open_warden(void **state)
{
    const struct sg_wall floor = {1700000000 * NS};

    (void)state;
    sg_warden_init(&warden, &sg_guard_defaults, floor);
    reading = (struct sg_reading){{100 * NS}, {1800000000 * NS}, 1e-7};
    slept_s = 0;
    sg_warden_begin(&warden, &reading, 0, slept_s);
    return 0;
}

static double
look(void)
{
    return sg_warden_look(&warden, &reading, slept_s);
}

static void
pass(double span_s)
{
    reading.raw = sg_raw_add(reading.raw, span_s);
    reading.wall = sg_wall_add(reading.wall, span_s);
}

static void
set_by_hand(double by_s)
{
    reading.wall = sg_wall_add(reading.wall, by_s);
    assert_float_equal(look(), by_s, 1e-6);
}

/* Asked for, and done if it may be. */
static int
step(double offset_s, bool starting, bool strong, struct sg_err *err)
{
    const struct sg_clock_step what = {offset_s, starting, strong};
    int code;

    look();
    code = sg_warden_take_step(&warden, &reading, &what, err);
    if (code >= 0) {
        reading.wall = sg_wall_add(reading.wall, offset_s);
        sg_warden_stepped(&warden, &reading);
    }
    return code;
}

static void
assert_step(double offset_s, bool starting, bool strong, const char *words)
{
    struct sg_err err = {""};
    int code = step(offset_s, starting, strong, &err);

    assert_string_equal(err.text, words);
    assert_int_equal(code, words[0] ? -EACCES : 1);
}

static int
steer(double base_ppm, double slew_ppm, double duration_s, bool synced)
{
    const struct sg_clock_course course = {.base_ppm = base_ppm,
                                           .slew_ppm = slew_ppm,
                                           .duration_s = duration_s,
                                           .synced = synced};
    int code;

    look();
    code = sg_warden_take_course(&warden, &reading, &course, MAX_PPM, NULL);
    if (code >= 0)
        sg_warden_steered(&warden, &reading, &course);
    return code;
}

#define LIMIT " (the clock service's limit)"

static void
the_first_correction_has_its_limits(void **state)
{
    (void)state;
    assert_step(-86400.001, true, true,
                "a step of -86400.001 s at start is refused: at most 86400 s "
                "back" LIMIT);
    assert_step(3600.001, true, false,
                "a step of +3600.001 s on one host's word is refused: at most "
                "3600 s" LIMIT);
    assert_step(-86400, true, true, "");
    open_warden(NULL);
    assert_step(3600, true, false, "");
    open_warden(NULL);
    assert_step(1e9, true, true, "");
    /* that was it */
    assert_step(3600.001, true, true,
                "a step of +3600.001 s while running is refused: at most 3600 "
                "s" LIMIT);
}

static void
later_ones_have_theirs(void **state)
{
    (void)state;
    assert_step(1, false, false, ""); /* spends the first one, unclaimed */
    assert_step(5000, true, true,
                "a step of +5000.000 s while running is refused: at most 3600 "
                "s" LIMIT);
    assert_step(3600, true, true, "");
    assert_step(-3599.001, false, true,
                "a step of -3599.001 s is refused: 3601 s moved in 24 h "
                "already, at most 7200 s in all" LIMIT);
    assert_step(-3599, false, true, "");
    assert_step(1e-9, false, true,
                "a step of +0.000 s is refused: 3 steps in 24 h already, at "
                "most 3" LIMIT);
    pass(86400);
    assert_step(1, false, true,
                "a step of +1.000 s is refused: 3 steps in 24 h already, at "
                "most 3" LIMIT);
    pass(0.001);
    assert_step(1, false, true, "");
}

static void
a_synced_course_was_the_first_correction(void **state)
{
    (void)state;
    assert_int_equal(steer(0, 0, 0, false), 0);
    assert_int_equal(steer(0, 100, 5, false), 0);
    assert_true(warden.start_left);
    assert_int_equal(steer(0, 0, 0, true), 1);
    assert_int_equal(steer(0, 0, 0, true), 0);
    assert_int_equal(step(5000, true, true, NULL), -EACCES);
}

static void
a_sleep_gives_another(void **state)
{
    (void)state;
    assert_int_equal(steer(0, 0, 0, true), 1);
    slept_s = 0.5;
    look();
    assert_false(warden.start_left);
    slept_s = 0.6;
    reading.wall = sg_wall_add(reading.wall, 7000);
    /* the kernel set the clock then: nobody's step */
    assert_float_equal(look(), 0, 0);
    assert_float_equal(warden.foreign_s, 0, 0);
    assert_true(warden.start_left);
    assert_step(5000, true, true, "");
    look();
    assert_int_equal(step(5000, true, true, NULL), -EACCES);
    /* also one that happened while the service was away */
    sg_warden_begin(&warden, &reading, 0, 0.6);
    assert_int_equal(step(5000, true, true, NULL), -EACCES);
    sg_warden_begin(&warden, &reading, 0, 100);
    assert_step(5000, true, true, "");
}

static void
fast_slews_are_on_the_account(void **state)
{
    struct sg_err err = {""};
    const struct sg_clock_course one_more = {.slew_ppm = 80000,
                                             .duration_s = 10};

    (void)state;
    assert_int_equal(steer(0, 500, 1000, false), 0);
    assert_int_equal(steer(-500, 1000, 1000, false), 0);
    assert_int_equal(steer(0, 500.001, 2, false), 1);
    for (int i = 0; i < 8998; i++)
        assert_int_equal(steer(0, i % 2 ? 80000 : -80000, 10, false), 1);
    assert_float_equal(sg_guard_moved_s(&warden.guard, reading.raw), 7198.401,
                       0.001);
    assert_int_equal(steer(0, 80000, 10, false), 1);
    assert_int_equal(
        sg_warden_take_course(&warden, &reading, &one_more, MAX_PPM, &err),
        -EACCES);
    assert_string_equal(err.text,
                        "a fast slew of +0.800 s is refused: 7199 s moved in "
                        "24 h already, at most 7200 s in all" LIMIT);
    assert_int_equal(steer(0, 500, 1000, false), 0);
    pass(25 * 3600);
    assert_int_equal(steer(0, 80000, 10, false), 1);
}

static void
lateness_is_on_the_account_of_fast_ones(void **state)
{
    const struct sg_clock_course fast = {.slew_ppm = -80000, .duration_s = 1},
                                 slow = {.slew_ppm = -400, .duration_s = 1};

    (void)state;
    sg_warden_overran(&warden, reading.raw, &fast, MAX_PPM, 0.5);
    assert_float_equal(sg_guard_moved_s(&warden.guard, reading.raw), 0.04,
                       1e-9);
    sg_warden_overran(&warden, reading.raw, &fast, MAX_PPM, -0.5);
    sg_warden_overran(&warden, reading.raw, &slow, MAX_PPM, 0.5);
    assert_float_equal(sg_guard_moved_s(&warden.guard, reading.raw), 0.04,
                       1e-9);
}

static void
a_late_slew_is_nobodys_step(void **state)
{
    (void)state;
    assert_int_equal(steer(0, 80000, 1, false), 1);
    reading.raw = sg_raw_add(reading.raw, 1.5);
    reading.wall = sg_wall_add(reading.wall, 1.5 * 1.08);
    sg_warden_slews_until(&warden, reading.raw);
    look();
    assert_float_equal(warden.foreign_s, 0, 0);
}

static void
undoing_is_free_and_no_more_than_that(void **state)
{
    static const double sizes_s[] = {50000, -50000, 0.5, -0.02, 2};

    (void)state;
    steer(0, 0, 0, true);
    for (int i = 0; i < 3; i++)
        assert_int_equal(step(0.001, false, true, NULL), 1);
    for (size_t i = 0; i < sizeof sizes_s / sizeof *sizes_s; i++) {
        double size_s = sizes_s[i], slack_s = fmin(1, fabs(size_s) / 2);

        set_by_hand(size_s);
        assert_int_equal(step(-size_s + slack_s * 1.001, false, true, NULL),
                         -EACCES);
        assert_int_equal(step(-size_s - slack_s * 1.001, false, true, NULL),
                         -EACCES);
        assert_int_equal(step(size_s, false, true, NULL), -EACCES);
        assert_int_equal(step(-size_s + slack_s * 0.999, false, false, NULL),
                         1);
        /* once */
        assert_int_equal(step(-size_s, false, true, NULL), -EACCES);
        pass(10);
        assert_float_equal(look(), 0, 1e-6);
    }
    assert_int_equal(warden.guard.n, 3);
}

static void
the_right_to_undo_ends_after_an_hour(void **state)
{
    (void)state;
    steer(0, 0, 0, true);
    set_by_hand(5000);
    pass(3600);
    look();
    assert_float_equal(warden.foreign_s, 5000, 1e-3);
    pass(1);
    assert_int_equal(step(-5000, false, true, NULL), -EACCES);
    set_by_hand(10);
    assert_float_equal(warden.foreign_s, 10, 1e-3);
}

static void
several_foreign_steps_add_up(void **state)
{
    (void)state;
    steer(0, 0, 0, true);
    set_by_hand(5000);
    pass(5);
    set_by_hand(-400);
    assert_int_equal(step(-5000, false, true, NULL), -EACCES);
    assert_int_equal(step(-4600, false, true, NULL), 1);
}

/* A dead hardware clock: any distance, though only forwards and once. */
static void
below_the_floor_one_host_is_enough(void **state)
{
    (void)state;
    reading.wall.ns = 5 * NS;
    sg_warden_begin(&warden, &reading, 0, 0);
    assert_int_equal(step(-2, false, true, NULL), 1);
    open_warden(NULL);
    reading.wall.ns = 5 * NS;
    sg_warden_begin(&warden, &reading, 0, 0);
    assert_int_equal(step(1800000000, true, false, NULL), 1);
    assert_int_equal(step(5000, true, false, NULL), -EACCES);
}

static int
take_leap(int64_t wall_s, int leap_s, struct sg_err *err)
{
    const struct sg_clock_course course = {.leap_s = leap_s};

    reading.wall.ns = wall_s * NS;
    return sg_warden_take_course(&warden, &reading, &course, MAX_PPM, err);
}

/* By UTC; the kernel would make one at any midnight. */
static void
only_a_month_ends_with_a_leap_second(void **state)
{
    static const int64_t last_days_s[] = {
        1801353600, /* 2027-01-31 */
        1803772800, /* 2027-02-28 */
        1835395200, /* 2028-02-29 */
        1861833600, /* 2028-12-31 */
    };
    struct sg_err err = {""};

    (void)state;
    for (size_t i = 0; i < sizeof last_days_s / sizeof *last_days_s; i++)
        for (int leap_s = -1; leap_s <= 1; leap_s += 2) {
            int64_t first_s = last_days_s[i];

            assert_int_equal(take_leap(first_s - 1, leap_s, &err), -EACCES);
            assert_int_equal(take_leap(first_s, leap_s, &err), 0);
            assert_int_equal(take_leap(first_s + 86399, leap_s, &err), 0);
            assert_int_equal(take_leap(first_s + 86400, leap_s, &err), -EACCES);
            assert_int_equal(take_leap(first_s + 86400, 0, &err), 0);
        }
    assert_string_equal(err.text,
                        "a leap second of +1 s at the end of 2029-01-01 is "
                        "refused: only a month ends with one (the clock "
                        "service's limit)");
}

int
main(void)
{
#define WITH_WARDEN(test) cmocka_unit_test_setup(test, open_warden)
    const struct CMUnitTest tests[] = {
        WITH_WARDEN(the_first_correction_has_its_limits),
        WITH_WARDEN(later_ones_have_theirs),
        WITH_WARDEN(a_synced_course_was_the_first_correction),
        WITH_WARDEN(a_sleep_gives_another),
        WITH_WARDEN(fast_slews_are_on_the_account),
        WITH_WARDEN(lateness_is_on_the_account_of_fast_ones),
        WITH_WARDEN(a_late_slew_is_nobodys_step),
        WITH_WARDEN(undoing_is_free_and_no_more_than_that),
        WITH_WARDEN(the_right_to_undo_ends_after_an_hour),
        WITH_WARDEN(several_foreign_steps_add_up),
        WITH_WARDEN(below_the_floor_one_host_is_enough),
        WITH_WARDEN(only_a_month_ends_with_a_leap_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

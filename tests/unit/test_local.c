/* How our own wall clock runs: what we told it, what nobody told it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "core/local.h"

#include "chance.h"

/* A clock that runs as told, and a little as it likes. */
struct clock {
    double raw_s, wall_s;
    double natural_ppm, base_ppm, slew_ppm, slew_left_s;
};

static struct sg_reading
look(const struct clock *c)
{
    struct sg_reading r = {
        {sg_span_to_ns(c->raw_s)}, {sg_span_to_ns(1e9 + c->wall_s)}, 1e-7};

    return r;
}

static void
run(struct clock *c, double span_s)
{
    double slew_s = fmin(c->slew_left_s, span_s);

    c->raw_s += span_s;
    c->wall_s += span_s * (1 + (c->natural_ppm + c->base_ppm) * 1e-6) +
                 slew_s * c->slew_ppm * 1e-6;
    c->slew_left_s -= slew_s;
}

static double
update(struct sg_local *local, const struct clock *c, double *slack_s)
{
    struct sg_reading now = look(c);

    return sg_local_update(local, &now, slack_s);
}

static void
assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.12g is not %.12g within %g", a, b, tolerance);
}

static void
the_first_reading_says_nothing(void **state)
{
    struct clock c = {.wall_s = 1e6};
    struct sg_local local;
    double slack_s = 9;

    (void)state;
    sg_local_init(&local, 12);
    assert_false(local.known);
    assert_true(update(&local, &c, &slack_s) == 0);
    assert_true(slack_s == 0);
    assert_true(local.known);
    assert_false(local.natural_known);
    assert_near(sg_local_rate_ppm(&local), 12, 0);
}

static void
the_natural_rate_is_learned(void **state)
{
    (void)state;
    chance_begin();
    for (int i = 0; i < 200; i++) {
        struct clock c = {.base_ppm = chance_between(-100, 100),
                          .natural_ppm = chance_between(-300, 300)};
        struct sg_local local;
        double slack_s;

        sg_local_init(&local, c.base_ppm);
        for (int j = 0; j < 30; j++) {
            assert_true(fabs(update(&local, &c, &slack_s)) <= slack_s);
            run(&c, chance_between(1.1, 64));
        }
        assert_true(local.natural_known);
        assert_near(local.natural_ppm, c.natural_ppm, 0.5);
        assert_near(sg_local_rate_ppm(&local), c.natural_ppm + c.base_ppm, 0.5);
    }
}

/* A bracket of 100 ns over 10 ms would be 10 ppm. */
static void
short_spans_teach_nothing(void **state)
{
    struct clock c = {.natural_ppm = 0};
    struct sg_local local;
    double slack_s;

    (void)state;
    sg_local_init(&local, 0);
    update(&local, &c, &slack_s);
    for (int i = 0; i < 99; i++) {
        run(&c, 0.01);
        update(&local, &c, &slack_s);
        assert_false(local.natural_known);
    }
    run(&c, 0.02);
    update(&local, &c, &slack_s);
    assert_true(local.natural_known);
}

static void
a_step_is_seen_with_size_and_sign(void **state)
{
    (void)state;
    chance_begin();
    for (int i = 0; i < 200; i++) {
        struct clock c = {.natural_ppm = chance_between(-50, 50)};
        double step_s = chance_between(0.01, 1000) * (i % 2 ? 1 : -1);
        struct sg_local local;
        double slack_s;

        sg_local_init(&local, 0);
        for (int j = 0; j < 20; j++) {
            update(&local, &c, &slack_s);
            run(&c, 16);
        }
        c.wall_s += step_s;
        assert_near(update(&local, &c, &slack_s), step_s, 1e-4);
        assert_true(fabs(step_s) > slack_s);
        /* said once, and no lesson on the rate */
        run(&c, 16);
        assert_true(fabs(update(&local, &c, &slack_s)) <= slack_s);
        assert_near(local.natural_ppm, c.natural_ppm, 0.5);
    }
}

static void
our_own_course_is_no_step(void **state)
{
    struct clock c = {.natural_ppm = 3};
    struct sg_local local;
    double slack_s;

    (void)state;
    chance_begin();
    sg_local_init(&local, 0);
    update(&local, &c, &slack_s);
    for (int i = 0; i < 500; i++) {
        struct sg_reading now;

        run(&c, chance_between(1.1, 64));
        assert_true(fabs(update(&local, &c, &slack_s)) <= slack_s);
        c.base_ppm = chance_between(-200, 200);
        c.slew_ppm = chance_between(-300, 300);
        c.slew_left_s = chance_between(0, 40);
        now = look(&c);
        sg_local_course(&local, &now, c.base_ppm, c.slew_ppm, c.slew_left_s);
        assert_near(sg_local_slew_ppm(&local, now.raw), c.slew_ppm, 0);
    }
    assert_near(local.natural_ppm, 3, 0.5);
}

static void
a_slew_ends_when_it_ends(void **state)
{
    struct clock c = {.raw_s = 100};
    struct sg_local local;
    struct sg_reading now = look(&c);

    (void)state;
    sg_local_init(&local, 0);
    sg_local_course(&local, &now, 5, 100, 10);
    assert_true(sg_local_slew_ppm(&local, sg_raw_add(now.raw, 9.999)) == 100);
    assert_true(sg_local_slew_ppm(&local, sg_raw_add(now.raw, 10)) == 0);
    assert_true(sg_local_rate_ppm(&local) == 5);
}

/* The clock service is killed in a fast slew, and its keeper ends that. */
static void
a_slew_that_is_cut_short_is_no_step(void **state)
{
    struct clock c = {0};
    struct sg_local local;
    struct sg_reading now;
    double slack_s;

    (void)state;
    sg_local_init(&local, 0);
    update(&local, &c, &slack_s);
    now = look(&c);
    sg_local_course(&local, &now, 0, 80000, 8);
    run(&c, 1);
    c.wall_s += 0.06;
    assert_true(update(&local, &c, &slack_s) == 0);
    now = look(&c);
    assert_true(sg_local_slew_ppm(&local, now.raw) == 0);
    run(&c, 1);
    assert_true(fabs(update(&local, &c, &slack_s)) <= slack_s);
}

static void
a_step_in_a_slew_is_seen(void **state)
{
    static const double jumps_s[] = {-0.1, 0.05, 1};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct clock c = {0};
        struct sg_local local;
        struct sg_reading now;
        double slack_s;

        sg_local_init(&local, 0);
        update(&local, &c, &slack_s);
        now = look(&c);
        sg_local_course(&local, &now, 0, 80000, 8);
        run(&c, 1);
        c.wall_s += 0.08 + jumps_s[i];
        assert_near(update(&local, &c, &slack_s), jumps_s[i], 1e-3);
    }
}

static void
a_step_that_is_told_is_not_found(void **state)
{
    struct clock c = {.natural_ppm = 1};
    struct sg_local local;
    struct sg_reading now;
    double slack_s;

    (void)state;
    sg_local_init(&local, 0);
    update(&local, &c, &slack_s);
    run(&c, 16);
    update(&local, &c, &slack_s);
    c.wall_s += 600;
    now = look(&c);
    sg_local_moved(&local, &now);
    run(&c, 16);
    assert_true(fabs(update(&local, &c, &slack_s)) <= slack_s);
}

static void
slack_shrinks_once_the_rate_is_known(void **state)
{
    struct clock c = {.natural_ppm = 0};
    struct sg_local local;
    double before_s, after_s;

    (void)state;
    sg_local_init(&local, 0);
    update(&local, &c, &before_s);
    run(&c, 64);
    update(&local, &c, &before_s);
    run(&c, 64);
    update(&local, &c, &after_s);
    assert_near(before_s, 64e-3, 1e-5);
    assert_near(after_s, 64 * 20e-6, 1e-5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_reading_says_nothing),
        cmocka_unit_test(the_natural_rate_is_learned),
        cmocka_unit_test(short_spans_teach_nothing),
        cmocka_unit_test(a_step_is_seen_with_size_and_sign),
        cmocka_unit_test(our_own_course_is_no_step),
        cmocka_unit_test(a_slew_ends_when_it_ends),
        cmocka_unit_test(a_slew_that_is_cut_short_is_no_step),
        cmocka_unit_test(a_step_in_a_slew_is_seen),
        cmocka_unit_test(a_step_that_is_told_is_not_found),
        cmocka_unit_test(slack_shrinks_once_the_rate_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

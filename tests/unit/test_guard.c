/* Each limit at, just below and just above it, and what is said then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/guard.h"

#include "chance.h"

#define DAY_NS (INT64_C(86400) * 1000000000)

static struct sg_raw
raw(double s)
{
    return sg_raw_add((struct sg_raw){0}, s);
}

static struct sg_guard
new_guard(void)
{
    struct sg_guard guard;

    sg_guard_init(&guard, &sg_guard_defaults);
    return guard;
}

static void
assert_verdict(struct sg_guard *guard, double now_s,
               struct sg_guard_request request, enum sg_guard_verdict verdict,
               const char *words)
{
    char text[200];

    assert_int_equal(sg_guard_check(guard, raw(now_s), &request), verdict);
    sg_guard_explain(guard, verdict, &request, text, sizeof text);
    if (words)
        assert_string_equal(text, words);
}

static void
defaults_are_those_of_the_design(void **state)
{
    (void)state;
    assert_true(sg_guard_defaults.start_back_s == 86400);
    assert_true(sg_guard_defaults.lone_s == 3600);
    assert_true(sg_guard_defaults.step_s == 3600);
    assert_true(sg_guard_defaults.day_s == 7200);
    assert_int_equal(sg_guard_defaults.day_steps, 3);
}

static void
start_forwards_is_free_on_strong_evidence(void **state)
{
    struct sg_guard guard = new_guard();

    (void)state;
    assert_verdict(&guard, 0,
                   (struct sg_guard_request){
                       .offset_s = 1.7e9, .starting = true, .strong = true},
                   SG_GUARD_ALLOWED,
                   "a step of +1700000000.000 s is within the limits");
}

static void
start_backwards_is_a_day(void **state)
{
    struct sg_guard guard = new_guard();
    struct sg_guard_request request = {.starting = true, .strong = true};

    (void)state;
    request.offset_s = -86399.999;
    assert_verdict(&guard, 0, request, SG_GUARD_ALLOWED, NULL);
    request.offset_s = -86400;
    assert_verdict(&guard, 0, request, SG_GUARD_ALLOWED, NULL);
    request.offset_s = -86400.001;
    assert_verdict(&guard, 0, request, SG_GUARD_START_BACK,
                   "a step of -86400.001 s at start is refused: at most "
                   "86400 s back");
}

static void
a_lone_host_has_an_hour(void **state)
{
    struct sg_guard guard = new_guard();

    (void)state;
    for (int starting = 0; starting < 2; starting++)
        for (int sign = -1; sign < 2; sign += 2) {
            struct sg_guard_request request = {.starting = starting};

            request.offset_s = sign * 3599.999;
            assert_verdict(&guard, 0, request, SG_GUARD_ALLOWED, NULL);
            request.offset_s = sign * 3600.0;
            assert_verdict(&guard, 0, request, SG_GUARD_ALLOWED, NULL);
            request.offset_s = sign * 3600.001;
            assert_verdict(&guard, 0, request, SG_GUARD_LONE,
                           sign > 0 ? "a step of +3600.001 s on one host's "
                                      "word is refused: at most 3600 s"
                                    : "a step of -3600.001 s on one host's "
                                      "word is refused: at most 3600 s");
        }
}

static void
running_one_step_is_an_hour(void **state)
{
    struct sg_guard guard = new_guard();
    struct sg_guard_request request = {.strong = true};

    (void)state;
    request.offset_s = 3599.999;
    assert_verdict(&guard, 0, request, SG_GUARD_ALLOWED, NULL);
    request.offset_s = -3600;
    assert_verdict(&guard, 0, request, SG_GUARD_ALLOWED, NULL);
    request.offset_s = -3600.001;
    assert_verdict(&guard, 0, request, SG_GUARD_STEP,
                   "a step of -3600.001 s while running is refused: at most "
                   "3600 s");
}

static void
note(struct sg_guard *guard, double now_s, double offset_s)
{
    struct sg_guard_request request = {.offset_s = offset_s, .strong = true};

    sg_guard_note(guard, raw(now_s), &request);
}

/* Directions do not cancel: a clock shaken to and fro is moved, too. */
static void
all_steps_of_a_day_are_two_hours(void **state)
{
    struct sg_guard guard = new_guard();
    struct sg_guard_request request = {.strong = true};

    (void)state;
    note(&guard, 0, 3600);
    note(&guard, 60, -3000);
    request.offset_s = 599.999;
    assert_verdict(&guard, 120, request, SG_GUARD_ALLOWED, NULL);
    request.offset_s = 600;
    assert_verdict(&guard, 120, request, SG_GUARD_ALLOWED, NULL);
    request.offset_s = 600.001;
    assert_verdict(&guard, 120, request, SG_GUARD_DAY,
                   "a step of +600.001 s is refused: 6600 s moved in 24 h "
                   "already, at most 7200 s in all");
}

static void
three_steps_a_day(void **state)
{
    struct sg_guard guard = new_guard();
    struct sg_guard_request request = {.offset_s = 0.2, .strong = true};

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_verdict(&guard, i, request, SG_GUARD_ALLOWED, NULL);
        note(&guard, i, 0.2);
    }
    assert_verdict(&guard, 3, request, SG_GUARD_DAY_STEPS,
                   "a step of +0.200 s is refused: 3 steps in 24 h already, at "
                   "most 3");
}

static void
a_day_later_the_account_is_open_again(void **state)
{
    struct sg_guard guard = new_guard();
    struct sg_guard_request request = {.offset_s = 3600, .strong = true};

    (void)state;
    note(&guard, 0, 3600);
    note(&guard, 0, 3600);
    assert_int_equal(sg_guard_check(&guard, (struct sg_raw){DAY_NS}, &request),
                     SG_GUARD_DAY);
    assert_int_equal(
        sg_guard_check(&guard, (struct sg_raw){DAY_NS + 1000}, &request),
        SG_GUARD_ALLOWED);
    assert_int_equal(guard.n, 0);
}

static void
the_first_correction_is_not_on_the_account(void **state)
{
    struct sg_guard guard = new_guard();
    struct sg_guard_request request = {
        .offset_s = 3600, .strong = true, .starting = true};

    (void)state;
    sg_guard_note(&guard, raw(0), &request);
    assert_int_equal(guard.n, 0);
    request.starting = false;
    sg_guard_note(&guard, raw(0), &request);
    assert_int_equal(guard.n, 1);
}

static void
undoing_a_foreign_step_is_free(void **state)
{
    struct sg_guard guard = new_guard();
    struct sg_guard_request request = {.undo_s = -90000};

    (void)state;
    for (int i = 0; i < 3; i++)
        note(&guard, 0, 2400);
    request.offset_s = -89999;
    assert_verdict(&guard, 1, request, SG_GUARD_ALLOWED, NULL);
    request.offset_s = -90001;
    assert_verdict(&guard, 1, request, SG_GUARD_ALLOWED, NULL);
    sg_guard_note(&guard, raw(1), &request);
    assert_int_equal(guard.n, 3);
    /* anything else is judged as if nobody had touched the clock */
    request.offset_s = -90001.001;
    assert_verdict(&guard, 1, request, SG_GUARD_LONE, NULL);
    request.strong = true;
    assert_verdict(&guard, 1, request, SG_GUARD_STEP, NULL);
}

/* Else every jump of a millisecond would give away a free second. */
static void
a_small_foreign_step_excuses_no_large_one(void **state)
{
    struct sg_guard guard = new_guard();
    struct sg_guard_request request = {.offset_s = 0.9, .undo_s = 0.02};

    (void)state;
    for (int i = 0; i < 3; i++)
        note(&guard, 0, 1);
    assert_verdict(&guard, 1, request, SG_GUARD_DAY_STEPS, NULL);
    request.offset_s = -0.02;
    assert_verdict(&guard, 1, request, SG_GUARD_DAY_STEPS, NULL);
    request.offset_s = 0.03;
    assert_verdict(&guard, 1, request, SG_GUARD_ALLOWED, NULL);
    request.offset_s = 0.031;
    assert_verdict(&guard, 1, request, SG_GUARD_DAY_STEPS, NULL);
}

static void
a_clock_in_the_past_may_go_forwards_once(void **state)
{
    struct sg_guard guard = new_guard();
    struct sg_guard_request request = {
        .offset_s = 1.7e9, .starting = true, .before_floor = true};

    (void)state;
    assert_verdict(&guard, 0, request, SG_GUARD_ALLOWED, NULL);
    request.offset_s = -3601;
    assert_verdict(&guard, 0, request, SG_GUARD_LONE, NULL);
    request.offset_s = 3601;
    request.starting = false;
    assert_verdict(&guard, 0, request, SG_GUARD_LONE, NULL);
}

static void
fast_slews_are_on_the_account(void **state)
{
    struct sg_guard guard = new_guard();
    struct sg_guard_request request = {.offset_s = 0.8};
    char text[200];

    (void)state;
    note(&guard, 0, 3600);
    note(&guard, 0, 3599);
    assert_int_equal(sg_guard_check_slew(&guard, raw(0), -1), SG_GUARD_ALLOWED);
    sg_guard_note_slew(&guard, raw(0), -0.5);
    assert_int_equal(sg_guard_check_slew(&guard, raw(0), -0.6), SG_GUARD_SLEWS);
    assert_float_equal(sg_guard_moved_s(&guard, raw(0)), 7199.5, 1e-9);
    sg_guard_explain(&guard, SG_GUARD_SLEWS, &request, text, sizeof text);
    assert_string_equal(text,
                        "a fast slew of +0.800 s is refused: 7200 s moved in "
                        "24 h already, at most 7200 s in all");
    assert_verdict(&guard, 0, request, SG_GUARD_DAY, NULL);
    /* what was slewed is forgotten within an hour after its day */
    assert_float_equal(sg_guard_moved_s(&guard, raw(86401)), 0.5, 1e-9);
    assert_float_equal(sg_guard_moved_s(&guard, raw(86400 + 3601)), 0, 1e-9);
}

/* 0: it was refused. */
static double
try_step(struct sg_guard *guard, double now_s)
{
    struct sg_guard_request request = {
        .offset_s = chance_normal() * 2000,
        .strong = chance_below(2),
    };

    if (sg_guard_check(guard, raw(now_s), &request) != SG_GUARD_ALLOWED)
        return 0;
    sg_guard_note(guard, raw(now_s), &request);
    return fabs(request.offset_s);
}

static double
try_slew(struct sg_guard *guard, double now_s)
{
    double size_s = chance_between(0, 300);

    if (sg_guard_check_slew(guard, raw(now_s), size_s) != SG_GUARD_ALLOWED)
        return 0;
    sg_guard_note_slew(guard, raw(now_s), size_s);
    return size_s;
}

/* Whoever asks, in whatever order: never more than the limits in any day. */
static void
no_day_exceeds_the_limits(void **state)
{
    static double at_s[4001], size_s[4001];
    static bool is_slew[4001];

    (void)state;
    chance_begin();
    for (int run = 0; run < 20; run++) {
        struct sg_guard guard = new_guard();
        double now_s = 0;
        int n = 0;

        for (int i = 0; i < 4000; i++) {
            now_s += chance_between(0, 7200);
            is_slew[n] = chance_below(2);
            size_s[n] =
                is_slew[n] ? try_slew(&guard, now_s) : try_step(&guard, now_s);
            if (size_s[n] > 0)
                at_s[n++] = now_s;
        }
        assert_true(n > 100);
        for (int i = 0; i < n; i++) {
            double sum_s = 0;
            int steps = 0;

            for (int j = i; j < n && at_s[j] - at_s[i] < 86400; j++) {
                sum_s += size_s[j];
                steps += !is_slew[j];
            }
            assert_true(steps <= 3);
            assert_true(sum_s <= 7200 + 1e-6);
            assert_true(size_s[i] <= 3600);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_design),
        cmocka_unit_test(start_forwards_is_free_on_strong_evidence),
        cmocka_unit_test(start_backwards_is_a_day),
        cmocka_unit_test(a_lone_host_has_an_hour),
        cmocka_unit_test(running_one_step_is_an_hour),
        cmocka_unit_test(all_steps_of_a_day_are_two_hours),
        cmocka_unit_test(three_steps_a_day),
        cmocka_unit_test(a_day_later_the_account_is_open_again),
        cmocka_unit_test(the_first_correction_is_not_on_the_account),
        cmocka_unit_test(undoing_a_foreign_step_is_free),
        cmocka_unit_test(a_small_foreign_step_excuses_no_large_one),
        cmocka_unit_test(a_clock_in_the_past_may_go_forwards_once),
        cmocka_unit_test(fast_slews_are_on_the_account),
        cmocka_unit_test(no_day_exceeds_the_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

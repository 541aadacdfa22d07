/*
 * Leap seconds: calendar, votes, and what is the leap and what is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "core/filter.h"
#include "core/leap.h"

#define NS INT64_C(1000000000)
#define YEAR_END_S INT64_C(1798761600) /* 2027-01-01 */
#define YEAR_END ((struct sg_wall){YEAR_END_S * NS})
#define RAW_END_S 5000.0 /* the raw clock's reading at that moment */

static struct sg_raw
raw_at(double before_s)
{
    return (struct sg_raw){sg_span_to_ns(RAW_END_S - before_s)};
}

static struct sg_wall
wall_at(double before_s)
{
    return sg_wall_add(YEAR_END, -before_s);
}

/* So many hosts announce it, an hour before midnight. */
static bool
weigh(struct sg_leap_state *state, enum sg_leap leap, int hosts, int total)
{
    struct sg_leap_count count = {leap, hosts, total};

    return sg_leap_weigh(state, &count, wall_at(3600));
}

static struct sg_leap_state
expect(enum sg_leap leap)
{
    struct sg_leap_state state = {.leap = SG_LEAP_NONE};

    assert_true(weigh(&state, leap, 2, 3));
    sg_leap_follow(&state, raw_at(3600), wall_at(3600));
    return state;
}

static void
assert_day(int64_t end_s, const char *expected, bool is_month_end)
{
    char day[SG_LEAP_DAY_MAX];
    struct sg_wall end = {end_s * NS};

    sg_leap_day(end, day);
    assert_string_equal(day, expected);
    assert_int_equal(sg_leap_is_month_end(end), is_month_end);
}

static void
days_are_those_of_the_calendar(void **state)
{
    char day[SG_LEAP_DAY_MAX];

    (void)state;
    assert_day(YEAR_END_S, "2026-12-31", true);
    assert_day(YEAR_END_S - 86400, "2026-12-30", false);
    assert_day(0, "1969-12-31", true);
    assert_day(-86400, "1969-12-30", false);
    assert_day(68256000, "1972-02-29", true);   /* a leap year */
    assert_day(951782400, "2000-02-28", false); /* one, of a century */
    assert_day(951868800, "2000-02-29", true);
    assert_day(4107542400, "2100-02-28", true); /* none */
    assert_day(1483228800, "2016-12-31", true); /* the last one so far */
    assert_day(-6847804800, "1752-12-31", true);
    /* whatever the clock says */
    sg_leap_day((struct sg_wall){INT64_MAX}, day);
    assert_string_equal(day, "2262-04-10");
    sg_leap_day((struct sg_wall){INT64_MIN}, day);
    assert_string_equal(day, "1677-09-20");
}

static void
days_end_at_midnight(void **state)
{
    (void)state;
    assert_int_equal(sg_leap_day_end(wall_at(0.000000001)).ns, YEAR_END.ns);
    assert_int_equal(sg_leap_day_end(wall_at(86400)).ns, YEAR_END.ns);
    assert_int_equal(sg_leap_day_end(YEAR_END).ns, wall_at(-86400).ns);
    assert_int_equal(sg_leap_day_end((struct sg_wall){-1}).ns, 0);
}

static void
hosts_are_counted_by_their_newest_word(void **state)
{
    struct sg_leap_vote votes[] = {
        {3, SG_LEAP_INSERT, {10}}, {3, SG_LEAP_NONE, {20}},
        {4, SG_LEAP_NONE, {10}},   {4, SG_LEAP_INSERT, {20}},
        {5, SG_LEAP_INSERT, {10}}, {6, SG_LEAP_DELETE, {10}},
    };
    struct sg_leap_count count;

    (void)state;
    sg_leap_tally(votes, 6, &count);
    assert_int_equal(count.leap, SG_LEAP_INSERT);
    assert_int_equal(count.hosts, 2);
    assert_int_equal(count.hosts_total, 4);
    sg_leap_tally(votes, 0, &count);
    assert_int_equal(count.leap, SG_LEAP_NONE);
    assert_int_equal(count.hosts_total, 0);
    sg_leap_tally(votes + 5, 1, &count);
    assert_int_equal(count.leap, SG_LEAP_DELETE);
}

static void
the_majority_of_hosts_is_needed(void **unused)
{
    struct sg_leap_state state = {.leap = SG_LEAP_NONE};

    (void)unused;
    assert_false(weigh(&state, SG_LEAP_INSERT, 1, 2));
    assert_false(weigh(&state, SG_LEAP_INSERT, 1, 3));
    assert_false(weigh(&state, SG_LEAP_NONE, 0, 0));
    assert_false(sg_leap_is_expected(&state));
    assert_true(weigh(&state, SG_LEAP_INSERT, 1, 1));
    assert_true(sg_leap_is_expected(&state));
    assert_int_equal(state.day_end.ns, YEAR_END.ns);
    /* silence takes nothing back, a lost majority does */
    assert_false(weigh(&state, SG_LEAP_NONE, 0, 0));
    assert_true(sg_leap_is_expected(&state));
    assert_true(weigh(&state, SG_LEAP_INSERT, 1, 2));
    assert_false(sg_leap_is_expected(&state));
    /* ... or another opinion */
    assert_true(weigh(&state, SG_LEAP_INSERT, 3, 3));
    assert_true(weigh(&state, SG_LEAP_DELETE, 3, 3));
    assert_int_equal(state.leap, SG_LEAP_DELETE);
}

static void
only_months_end_with_one(void **unused)
{
    struct sg_leap_state state = {.leap = SG_LEAP_NONE};
    struct sg_leap_count count = {SG_LEAP_INSERT, 3, 3};

    (void)unused;
    assert_false(sg_leap_weigh(&state, &count, wall_at(86401)));
    assert_false(sg_leap_weigh(&state, &count, wall_at(-1)));
    assert_true(sg_leap_weigh(&state, &count, wall_at(86399)));
}

static void
an_inserted_second_passes_once(void **unused)
{
    struct sg_leap_state state = expect(SG_LEAP_INSERT);

    (void)unused;
    assert_float_equal(sg_raw_diff(state.moment, raw_at(0)), 0, 1e-6);
    assert_false(sg_leap_is_under_way(&state, raw_at(2.1)));
    assert_true(sg_leap_is_under_way(&state, raw_at(1.9)));
    assert_true(sg_leap_is_under_way(&state, raw_at(-1.9)));
    assert_false(sg_leap_is_under_way(&state, raw_at(-2.1)));
    assert_false(sg_leap_pass(&state, raw_at(-0.1)));
    assert_true(sg_leap_explains(&state, wall_at(-0.1), 60, -1.00001));
    assert_false(sg_leap_explains(&state, wall_at(-0.2), 60, -1));
    assert_true(sg_leap_pass(&state, raw_at(-0.1)));
    assert_false(sg_leap_pass(&state, raw_at(-0.2)));
    assert_false(sg_leap_is_expected(&state));
    /* servers still announce it while clocks repeat that day's last second,
     * and a minute later */
    assert_false(weigh(&state, SG_LEAP_INSERT, 3, 3));
    assert_false(sg_leap_weigh(
        &state, &(struct sg_leap_count){SG_LEAP_INSERT, 3, 3}, wall_at(-60)));
    assert_true(sg_leap_is_near(&state, wall_at(-86000)));
    assert_false(sg_leap_is_near(&state, wall_at(-87000)));
    assert_false(sg_leap_is_missed(&state, wall_at(-60), -1));
    /* a month later there may be another one */
    assert_true(sg_leap_weigh(&state,
                              &(struct sg_leap_count){SG_LEAP_INSERT, 3, 3},
                              wall_at(-31 * 86400 + 60)));
    assert_false(state.made);
}

static void
a_second_left_out_is_left_out_before_midnight(void **unused)
{
    struct sg_leap_state state = expect(SG_LEAP_DELETE);

    (void)unused;
    assert_float_equal(sg_raw_diff(state.moment, raw_at(1)), 0, 1e-6);
    assert_false(sg_leap_explains(&state, wall_at(0.9), 60, -1));
    assert_true(sg_leap_explains(&state, wall_at(0.9), 60, 1));
    assert_true(sg_leap_pass(&state, raw_at(0.9)));
    assert_int_equal(sg_leap_span(state.leap), -1);
}

static void
other_jumps_are_not_the_leap(void **unused)
{
    struct sg_leap_state state = expect(SG_LEAP_INSERT);

    (void)unused;
    assert_false(sg_leap_explains(&state, wall_at(-1), 60, 1));
    assert_false(sg_leap_explains(&state, wall_at(-1), 60, -1.2));
    assert_false(sg_leap_explains(&state, wall_at(-1), 60, -0.8));
    assert_false(sg_leap_explains(&state, wall_at(-1), 60, 0));
    assert_false(sg_leap_explains(&state, wall_at(3), 60, -1)); /* too early */
    /* too late: it was looked at in between */
    assert_false(sg_leap_explains(&state, wall_at(-63), 60, -1));
    /* nobody looked for a while */
    assert_true(sg_leap_explains(&state, wall_at(-59), 60, -1));
    state = (struct sg_leap_state){.leap = SG_LEAP_NONE};
    assert_false(sg_leap_explains(&state, wall_at(-1), 60, -1));
}

static void
a_clock_that_did_not_leap_is_off_by_it(void **unused)
{
    struct sg_leap_state state = expect(SG_LEAP_INSERT);

    (void)unused;
    assert_false(sg_leap_is_missed(&state, wall_at(10), -1));
    assert_true(sg_leap_pass(&state, raw_at(-2.1)));
    assert_true(sg_leap_is_missed(&state, wall_at(-2), -1));
    assert_true(sg_leap_is_missed(&state, wall_at(-900), -0.7));
    assert_false(sg_leap_is_missed(&state, wall_at(-2), 1));
    assert_false(sg_leap_is_missed(&state, wall_at(-2), -0.001));
    assert_false(sg_leap_is_missed(&state, wall_at(-2), -400));
    assert_false(sg_leap_is_missed(&state, wall_at(-100000), -1));
}

static void
clocks_are_looked_at_when_they_leap(void **unused)
{
    struct sg_leap_state state = {.leap = SG_LEAP_NONE};
    struct sg_reading now = {raw_at(600), wall_at(600), 0};

    (void)unused;
    assert_true(isinf(sg_leap_wait_s(&state, &now)));
    state = expect(SG_LEAP_INSERT);
    assert_float_equal(sg_leap_wait_s(&state, &now), 599, 1e-3);
    now = (struct sg_reading){raw_at(0.5), wall_at(0.5), 0};
    assert_float_equal(sg_leap_wait_s(&state, &now), 0.55, 1e-3);
    now = (struct sg_reading){raw_at(-0.1), wall_at(-0.1), 0};
    assert_float_equal(sg_leap_wait_s(&state, &now), 1.95, 1e-3);
    now = (struct sg_reading){raw_at(-3), wall_at(-3), 0};
    assert_true(isinf(sg_leap_wait_s(&state, &now)));
    /* a clock that is ten minutes ahead leaps that much earlier */
    now = (struct sg_reading){raw_at(700), wall_at(100), 0};
    assert_float_equal(sg_leap_wait_s(&state, &now), 99, 1e-3);
}

static void
history_moves_with_the_clock_it_is_of(void **unused)
{
    struct sg_filter *filter = sg_filter_new();
    struct sg_drift drift = {0, 15};
    struct sg_estimate before, after;

    (void)unused;
    assert_non_null(filter);
    sg_filter_shift(filter, -1); /* of nothing */
    for (int i = 0; i < 20; i++) {
        double before_s = 1280 - 64 * i;
        struct sg_sample sample = {
            .at = raw_at(before_s),
            .lower = wall_at(before_s + 1e-4),
            .upper = wall_at(before_s - 1e-4),
            .has_guess = true,
            .guess = wall_at(before_s),
            .delay_s = 2e-4,
        };

        assert_int_equal(sg_filter_add(filter, &sample, &drift, 1),
                         SG_FILTER_KEPT);
    }
    assert_true(sg_filter_estimate(filter, raw_at(0), &drift, &before));
    sg_filter_shift(filter, -1);
    assert_true(sg_filter_estimate(filter, raw_at(0), &drift, &after));
    assert_int_equal(after.samples, before.samples);
    assert_float_equal(sg_wall_diff(before.model.ref, after.model.ref), 1,
                       1e-9);
    assert_float_equal(after.model.lower_s, before.model.lower_s, 1e-9);
    assert_float_equal(after.model.upper_s, before.model.upper_s, 1e-9);
    assert_float_equal(after.model.error_s, before.model.error_s, 1e-9);
    assert_float_equal(after.model.rate_ppm, before.model.rate_ppm, 1e-6);
    sg_filter_free(filter);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_those_of_the_calendar),
        cmocka_unit_test(days_end_at_midnight),
        cmocka_unit_test(hosts_are_counted_by_their_newest_word),
        cmocka_unit_test(the_majority_of_hosts_is_needed),
        cmocka_unit_test(only_months_end_with_one),
        cmocka_unit_test(an_inserted_second_passes_once),
        cmocka_unit_test(a_second_left_out_is_left_out_before_midnight),
        cmocka_unit_test(other_jumps_are_not_the_leap),
        cmocka_unit_test(a_clock_that_did_not_leap_is_off_by_it),
        cmocka_unit_test(clocks_are_looked_at_when_they_leap),
        cmocka_unit_test(history_moves_with_the_clock_it_is_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* How much of the clockskew is used, when it will be used up, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/budget.h"

#include "chance.h"

static const struct sg_budget_config config = {0.2, 0.6};

static void
assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.12g is not %.12g within %g", a, b, tolerance);
}

static void
states_begin_where_they_should(void **state)
{
    static const struct {
        double used_frac;
        enum sg_state state;
    } cases[] = {{0, SG_STATE_OK},
                 {0.2, SG_STATE_OK},
                 {0.2001, SG_STATE_WARN},
                 {0.6, SG_STATE_WARN},
                 {0.6001, SG_STATE_CRITICAL},
                 {1, SG_STATE_CRITICAL},
                 {1.0001, SG_STATE_EXCEEDED},
                 {1e9, SG_STATE_EXCEEDED}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            sg_budget_state(SG_STATE_OK, cases[i].used_frac, &config),
            cases[i].state);
        assert_int_equal(
            sg_budget_state(SG_STATE_UNKNOWN, cases[i].used_frac, &config),
            cases[i].state);
    }
}

static void
states_are_left_at_80_percent(void **state)
{
    static const struct {
        enum sg_state before;
        double used_frac;
        enum sg_state after;
    } cases[] = {
        {SG_STATE_WARN, 0.1601, SG_STATE_WARN},
        {SG_STATE_WARN, 0.16, SG_STATE_OK},
        {SG_STATE_CRITICAL, 0.4801, SG_STATE_CRITICAL},
        {SG_STATE_CRITICAL, 0.48, SG_STATE_WARN},
        {SG_STATE_CRITICAL, 0.1601, SG_STATE_WARN},
        {SG_STATE_CRITICAL, 0.16, SG_STATE_OK},
        {SG_STATE_EXCEEDED, 1, SG_STATE_CRITICAL},
        {SG_STATE_EXCEEDED, 0.4801, SG_STATE_CRITICAL},
        {SG_STATE_EXCEEDED, 0.17, SG_STATE_WARN},
        {SG_STATE_EXCEEDED, 0, SG_STATE_OK},
        {SG_STATE_WARN, 0.6, SG_STATE_WARN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(
            sg_budget_state(cases[i].before, cases[i].used_frac, &config),
            cases[i].after);
}

/* Noise at a threshold must not ring the bell twice. */
static void
noise_does_not_flap(void **state)
{
    enum sg_state s = SG_STATE_OK;
    int changes = 0;

    (void)state;
    chance_begin();
    for (int i = 0; i < 10000; i++) {
        enum sg_state before = s;

        s = sg_budget_state(s, 0.2 + chance_between(-0.03, 0.03), &config);
        changes += s != before;
    }
    assert_int_equal(changes, 1);
    assert_int_equal(s, SG_STATE_WARN);
}

static void
assert_forecast(double offset_s, double bound_s, double rate_ppm, double sd_ppm,
                double expected_s, const char *expected)
{
    struct sg_skew skew = {.offset_s = offset_s,
                           .lower_s = offset_s - bound_s,
                           .upper_s = offset_s + bound_s};
    char words[200];
    double s =
        sg_budget_forecast(&skew, 300, rate_ppm, sd_ppm, words, sizeof words);

    assert_string_equal(words, expected);
    assert_near(s, expected_s, fabs(expected_s) * 1e-9);
}

static void
forecasts_and_their_words(void **state)
{
    (void)state;
    assert_forecast(290, 10, 5, 0.1, 0, "the limit of 300 s is exceeded now");
    assert_forecast(-290, 11, -5, 0.1, 0, "the limit of 300 s is exceeded now");
    assert_forecast(10, 1, 5, -1, -1,
                    "none yet: the answers so far do not show a rate");
    assert_forecast(10, 1, 2.99, 1, -1,
                    "no drift to be seen: +2.99 ppm, known to 3.00 ppm");
    assert_forecast(10, 1, -0.04, 0.01, -1, "limit out of sight at -0.04 ppm");
    assert_forecast(0, 0, 9, 0.1, -1, "limit out of sight at +9.00 ppm");
    assert_forecast(199, 1, 100, 1, 1e6,
                    "limit reached in about 12 days at +100.00 ppm");
    assert_forecast(-199, 1, -100, 1, 1e6,
                    "limit reached in about 12 days at -100.00 ppm");
    assert_forecast(280, 10, 1000, 1, 1e4,
                    "limit reached in about 3 h at +1000.00 ppm");
    assert_forecast(299, 0, 1000, 1, 1000,
                    "limit reached in about 17 min at +1000.00 ppm");
    assert_forecast(299.9, 0, 1000, 1, 100,
                    "limit reached in about 100 s at +1000.00 ppm");
}

static void
nobody_plans_by_what_is_no_drift(void **state)
{
    (void)state;
    assert_forecast(100, 0, 100000, 1, 2000,
                    "limit reached in about 33 min at +100000.00 ppm");
    assert_forecast(100, 0, 100001, 1, -1,
                    "none: +100001 ppm is more than a clock can drift");
    assert_forecast(-100, 0, -2.5e6, 1, -1,
                    "none: -2500000 ppm is more than a clock can drift");
    assert_forecast(0, 0, INFINITY, 1, -1,
                    "none: +inf ppm is more than a clock can drift");
    assert_forecast(0, 0, NAN, 1, -1,
                    "none: +nan ppm is more than a clock can drift");
    /* what was measured before is still true */
    assert_forecast(299, 1, 1e9, 1, 0, "the limit of 300 s is exceeded now");
    assert_forecast(0, 0, 1e9, -1, -1,
                    "none yet: the answers so far do not show a rate");
}

/* First through zero, then out on the other side. */
static void
an_offset_that_shrinks_has_further_to_go(void **state)
{
    (void)state;
    assert_forecast(-200, 0, 1000, 1, 500e3,
                    "limit reached in about 6 days at +1000.00 ppm");
    assert_forecast(200, 0, -1000, 1, 500e3,
                    "limit reached in about 6 days at -1000.00 ppm");
}

/* Moving at the rate it says for as long as it says ends at the limit. */
static void
forecasts_meet_the_limit(void **state)
{
    int foreseen = 0;

    (void)state;
    chance_begin();
    for (int i = 0; i < 10000; i++) {
        double offset_s = chance_between(-299, 299);
        double rate_ppm = chance_between(-1000, 1000);
        struct sg_skew skew = {.offset_s = offset_s,
                               .lower_s = offset_s - 0.5,
                               .upper_s = offset_s + 0.5};
        char words[200];
        double s =
            sg_budget_forecast(&skew, 300, rate_ppm, 0.01, words, sizeof words);

        if (s < 0)
            continue;
        foreseen++;
        skew.lower_s += rate_ppm * 1e-6 * s;
        skew.upper_s += rate_ppm * 1e-6 * s;
        assert_near(sg_skew_used(&skew, 300), 1, 1e-6);
    }
    assert_true(foreseen > 5000);
}

static struct sg_candidate
candidate(enum sg_kind kind, double lo_s, double at_s, double hi_s)
{
    struct sg_candidate c = {
        .usable = true,
        .kind = kind,
        .skew = {.offset_s = at_s, .lower_s = lo_s, .upper_s = hi_s},
        .estimate = {.has_guess = kind == SG_KIND_NTP,
                     .rate_sd_ppm = 0.5,
                     .model = {.valid = true,
                               .ref = {INT64_C(1790000000000000000)},
                               .lower_s = lo_s - at_s,
                               .upper_s = hi_s - at_s}},
    };

    return c;
}

static void
a_host_without_answers_has_no_clock(void **state)
{
    struct sg_candidate c = candidate(SG_KIND_KDC, -1, 0, 1);
    struct sg_kdc_clock clock;

    (void)state;
    sg_budget_kdc_clock(NULL, NULL, &clock);
    assert_false(clock.valid);
    c.usable = false;
    sg_budget_kdc_clock(&c, &c, &clock);
    assert_false(clock.valid);
}

static void
a_kdc_alone_is_its_interval(void **state)
{
    struct sg_candidate c = candidate(SG_KIND_KDC, 99, 99.5, 100);
    struct sg_kdc_clock clock;

    (void)state;
    sg_budget_kdc_clock(&c, NULL, &clock);
    assert_true(clock.valid);
    assert_near(clock.skew.lower_s, 99, 1e-12);
    assert_near(clock.skew.upper_s, 100, 1e-12);
    assert_true(clock.rate_sd_ppm < 0);
}

/* NTP shows the same clock more precisely; its root distance is added. */
static void
ntp_says_where_inside_the_kdcs_interval(void **state)
{
    struct sg_candidate k = candidate(SG_KIND_KDC, 99, 99.5, 100);
    struct sg_candidate n = candidate(SG_KIND_NTP, 99.3, 99.31, 99.32);
    struct sg_kdc_clock clock;

    (void)state;
    n.root_s = 2;
    sg_budget_kdc_clock(&k, &n, &clock);
    assert_true(clock.valid && !clock.split);
    assert_near(clock.skew.offset_s, 99.31, 1e-12);
    assert_near(clock.skew.lower_s, 99, 1e-12);
    assert_near(clock.skew.upper_s, 100, 1e-12);
    assert_near(clock.model.lower_s, -0.31, 1e-9);
    assert_near(clock.model.upper_s, 0.69, 1e-9);
    assert_near(clock.rate_sd_ppm, 0.5, 0);
}

static void
a_guess_outside_the_kdcs_interval_is_moved_into_it(void **state)
{
    struct sg_candidate k = candidate(SG_KIND_KDC, 1.0, 1.005, 1.01);
    struct sg_candidate n = candidate(SG_KIND_NTP, 0.98, 0.99, 1.001);
    struct sg_kdc_clock clock;

    (void)state;
    sg_budget_kdc_clock(&k, &n, &clock);
    assert_near(clock.skew.offset_s, 1, 1e-12);
    assert_near(clock.skew.lower_s, 1, 1e-12);
    assert_near(clock.skew.upper_s, 1.001, 1e-12);
    assert_near(sg_wall_diff(clock.model.ref, n.estimate.model.ref), 0.01,
                1e-9);
}

/* Kerberos compares the KDC's clock, whatever NTP on its host says. */
static void
a_split_host_is_judged_by_its_kdc(void **state)
{
    struct sg_candidate k = candidate(SG_KIND_KDC, 99, 99.5, 100);
    struct sg_candidate n = candidate(SG_KIND_NTP, -0.01, 0, 0.01);
    struct sg_kdc_clock clock;

    (void)state;
    sg_budget_kdc_clock(&k, &n, &clock);
    assert_true(clock.valid && clock.split);
    assert_near(clock.skew.offset_s, 99.5, 1e-12);
}

static void
a_threshold_is_near_from_a_third_below_it(void **state)
{
    static const struct sg_budget_config budget = {0.2, 0.6};
    static const struct {
        double used_frac;
        bool is_near;
    } cases[] = {{0, false},    {0.13, false}, {0.15, true}, {0.22, true},
                 {0.24, false}, {0.41, false}, {0.43, true}, {0.68, true},
                 {0.71, true},  {1.1, true},   {1.2, false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sg_budget_is_near(cases[i].used_frac, &budget),
                         cases[i].is_near);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_begin_where_they_should),
        cmocka_unit_test(states_are_left_at_80_percent),
        cmocka_unit_test(noise_does_not_flap),
        cmocka_unit_test(forecasts_and_their_words),
        cmocka_unit_test(an_offset_that_shrinks_has_further_to_go),
        cmocka_unit_test(nobody_plans_by_what_is_no_drift),
        cmocka_unit_test(forecasts_meet_the_limit),
        cmocka_unit_test(a_host_without_answers_has_no_clock),
        cmocka_unit_test(a_kdc_alone_is_its_interval),
        cmocka_unit_test(ntp_says_where_inside_the_kdcs_interval),
        cmocka_unit_test(a_guess_outside_the_kdcs_interval_is_moved_into_it),
        cmocka_unit_test(a_split_host_is_judged_by_its_kdc),
        cmocka_unit_test(a_threshold_is_near_from_a_third_below_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

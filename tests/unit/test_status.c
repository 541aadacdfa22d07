/* Models moved on in time, and the words of the status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/status.h"

#include "chance.h"

static const struct sg_model model = {
    .valid = true,
    .at = {1000000000},
    .ref = {INT64_C(1790000000000000000)},
    .lower_s = -0.2,
    .upper_s = 0.5,
    .error_s = 0.01,
    .rate_ppm = 50,
    .growth_ppm = 15,
    .wander_ppm = 2,
};

static void
assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.12g is not %.12g within %g", a, b, tolerance);
}

static void
a_new_status_knows_nothing(void **state)
{
    struct sg_status status;

    (void)state;
    memset(&status, 0x55, sizeof status);
    sg_status_init(&status);
    assert_int_equal(status.state, SG_STATE_UNKNOWN);
    assert_int_equal(status.mode, SG_MODE_GUARD);
    assert_int_equal(status.n_realms, 0);
    assert_int_equal(status.n_sources, 0);
    assert_false(status.clock.model.valid);
}

static void
models_run_at_their_rate_and_their_bounds_grow(void **state)
{
    struct sg_raw later = sg_raw_add(model.at, 1000);
    struct sg_model m = sg_model_at(&model, later);

    (void)state;
    assert_int_equal(m.at.ns, later.ns);
    assert_near(sg_wall_diff(m.ref, model.ref), 1000.05, 1e-8);
    assert_near(m.lower_s, -0.215, 1e-12);
    assert_near(m.upper_s, 0.515, 1e-12);
    assert_near(m.error_s, 0.012, 1e-12);
    assert_true(m.rate_ppm == 50 && m.growth_ppm == 15 && m.wander_ppm == 2);
    /* looking back is no surer than looking forward */
    m = sg_model_at(&model, sg_raw_add(model.at, -1000));
    assert_near(m.lower_s, -0.215, 1e-12);
    assert_near(m.error_s, 0.012, 1e-12);
}

/* error_s is statistical, and never more than what is certain. */
static void
errors_stay_inside_the_bounds(void **state)
{
    struct sg_model wild = model;

    (void)state;
    wild.wander_ppm = 1e5;
    wild = sg_model_at(&wild, sg_raw_add(model.at, 1e4));
    assert_near(wild.error_s, 0.65, 1e-9);
}

static void
moving_on_twice_is_moving_on_once(void **state)
{
    (void)state;
    chance_begin();
    for (int i = 0; i < 1000; i++) {
        double a_s = chance_between(0, 1e5), b_s = chance_between(0, 1e5);
        struct sg_raw half = sg_raw_add(model.at, a_s);
        struct sg_raw whole = sg_raw_add(half, b_s);
        struct sg_model twice = sg_model_at(&model, half), once;

        twice = sg_model_at(&twice, whole);
        once = sg_model_at(&model, whole);
        assert_near(sg_wall_diff(twice.ref, once.ref), 0, 3e-9);
        assert_near(twice.lower_s, once.lower_s, 1e-9);
        assert_near(twice.upper_s, once.upper_s, 1e-9);
        assert_near(twice.error_s, once.error_s, 1e-9);
    }
}

static void
skew_is_reference_minus_local(void **state)
{
    struct sg_wall behind = sg_wall_add(model.ref, -120);
    struct sg_skew skew = {.offset_s = 99};
    struct sg_model invalid = model;

    (void)state;
    assert_true(sg_model_skew(&model, model.at, behind, &skew));
    assert_near(skew.offset_s, 120, 1e-9);
    assert_near(skew.lower_s, 119.8, 1e-9);
    assert_near(skew.upper_s, 120.5, 1e-9);
    assert_near(skew.error_s, 0.01, 1e-12);
    assert_true(skew.age_s == 0);
    assert_true(sg_model_skew(&model, sg_raw_add(model.at, 5), behind, &skew));
    assert_near(skew.age_s, 5, 1e-9);
    invalid.valid = false;
    skew.offset_s = 99;
    assert_false(sg_model_skew(&invalid, model.at, behind, &skew));
    assert_true(skew.offset_s == 99);
}

static void
the_worse_end_uses_the_budget(void **state)
{
    struct sg_skew skew = {.offset_s = 10, .lower_s = -60, .upper_s = 30};

    (void)state;
    assert_near(sg_skew_used(&skew, 300), 0.2, 1e-12);
    skew.upper_s = 90;
    assert_near(sg_skew_used(&skew, 300), 0.3, 1e-12);
}

static void
simulated_clocks_carry_their_own_line(void **state)
{
    struct sg_reading host = {{5000000000}, {42}, 0};
    struct sg_status status;

    (void)state;
    sg_status_init(&status);
    assert_int_equal(sg_status_wall(&status, &host).ns, 42);
    status.clock.simulated = true;
    status.clock.sim_raw.ns = 1000000000;
    status.clock.sim_wall.ns = 7000000000;
    status.clock.sim_rate_ppm = 1000;
    assert_int_equal(sg_status_wall(&status, &host).ns, 11004000000);
}

static void
assert_words(const char *const *names, int n, const char *expected)
{
    char all[300] = "";

    for (int i = 0; i < n; i++) {
        assert_non_null(names[i]);
        strcat(all, names[i]);
        strcat(all, " ");
    }
    assert_string_equal(all, expected);
}

/* Machines read them: they are part of the format. */
static void
words_are_stable(void **state)
{
    (void)state;
    assert_words(sg_state_names, SG_STATE_COUNT,
                 "ok unknown warn critical exceeded ");
    assert_words(sg_mode_names, SG_MODE_COUNT, "auto guard discipline ");
    assert_words(sg_kind_names, SG_KIND_COUNT, "ntp kdc keytab ");
    assert_words(sg_tally_names, SG_TALLY_COUNT,
                 "steers agrees aside falseticker unusable ");
    assert_words(sg_blame_names, SG_BLAME_COUNT,
                 "none our-clock kdc realm ntp unclear ");
    assert_words(sg_outcome_names, SG_OUTCOME_COUNT,
                 "ok no-reply refused unreachable name truncated oversized "
                 "garbage local not-ours unsynchronised stratum absurd "
                 "kiss-rate kiss-deny realm no-time too-big keytab "
                 "rejected unproven ");
    assert_words(sg_auth_names, SG_AUTH_COUNT,
                 "off no-keytab pending works fails ");
    assert_string_equal(sg_state_name(SG_STATE_WARN), "warn");
    assert_string_equal(sg_mode_name(SG_MODE_GUARD), "guard");
    assert_string_equal(sg_kind_name(SG_KIND_KDC), "kdc");
    assert_string_equal(sg_tally_name(SG_TALLY_ASIDE), "aside");
    assert_string_equal(sg_blame_name(SG_BLAME_OURS), "our-clock");
    assert_string_equal(sg_outcome_name(SG_OUTCOME_STRATUM), "stratum");
    assert_string_equal(sg_outcome_name((enum sg_outcome_code)99), "invalid");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_status_knows_nothing),
        cmocka_unit_test(models_run_at_their_rate_and_their_bounds_grow),
        cmocka_unit_test(errors_stay_inside_the_bounds),
        cmocka_unit_test(moving_on_twice_is_moving_on_once),
        cmocka_unit_test(skew_is_reference_minus_local),
        cmocka_unit_test(the_worse_end_uses_the_budget),
        cmocka_unit_test(simulated_clocks_carry_their_own_line),
        cmocka_unit_test(words_are_stable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

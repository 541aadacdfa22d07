/*
 * What is done with the clock: each rule of trust by its name, on situations
 * made by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/discipline.h"

#include "chance.h"

#define HOUR_PPM (1e6 / 3600) /* 1 s per hour */

/* A discipline and what it is told. */
struct bench {
    struct sg_discipline discipline;
    struct sg_consensus consensus;
    struct sg_situation situation;
    struct sg_action action;
    char why[200];
};

static struct bench
new_bench(void)
{
    struct bench b = {
        .consensus = {.valid = true,
                      .has_guess = true,
                      .rate_sd_ppm = -1,
                      .sources_steering = 1,
                      .hosts = 1},
        .situation = {.ready = true, .poll_s = 64},
    };

    sg_discipline_init(&b.discipline, 0, &(struct sg_rates){.max_ppm = 500},
                       &sg_guard_defaults);
    return b;
}

static void
decide(struct bench *b, double now_s, double offset_s)
{
    b->situation.now = sg_raw_add((struct sg_raw){0}, now_s);
    b->situation.consensus = &b->consensus;
    b->consensus.offset_s = offset_s;
    b->consensus.lo_s = offset_s - 0.001;
    b->consensus.hi_s = offset_s + 0.001;
    sg_discipline_decide(&b->discipline, &b->situation, &b->action, b->why,
                         sizeof b->why);
}

/* The first correction was made, and there was nothing to correct. */
static struct bench
running_bench(void)
{
    struct bench b = new_bench();

    decide(&b, 0, 0);
    assert_int_equal(b.action.kind, SG_ACTION_STEER);
    assert_false(b.discipline.starting);
    return b;
}

static void
assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.12g is not %.12g within %g", a, b, tolerance);
}

static void
assert_step(const struct bench *b, double offset_s, const char *why)
{
    assert_int_equal(b->action.kind, SG_ACTION_STEP);
    assert_near(b->action.offset_s, offset_s, 1e-9);
    assert_string_equal(b->why, why);
}

/* Moves by no more than a lone host may. */
static void
assert_lone_pace(const struct bench *b, double direction)
{
    assert_int_equal(b->action.kind, SG_ACTION_STEER);
    assert_near(b->action.base_ppm + b->action.slew_ppm, direction * HOUR_PPM,
                1e-6);
}

/* ---- what is not a matter of trust ---- */

static void
no_majority_leaves_the_clock_alone(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.consensus.valid = false;
    decide(&b, 64, 100);
    assert_int_equal(b.action.kind, SG_ACTION_NONE);
    assert_string_equal(b.why, "hold: no sources that agree");
}

static void
the_first_correction_waits_for_samples(void **state)
{
    struct bench b = new_bench();

    (void)state;
    b.situation.ready = false;
    decide(&b, 0, 100);
    assert_int_equal(b.action.kind, SG_ACTION_NONE);
    assert_string_equal(b.why, "hold: not enough samples yet");
    assert_true(b.discipline.starting);
}

/* Until the next answer, and under way when that comes a little late. */
static void
offsets_that_may_be_noise_are_spread(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.consensus.error_s = 0.002;
    b.consensus.hosts = b.consensus.sources_steering = 2;
    decide(&b, 64, 0.001);
    assert_near(b.action.slew_ppm, 0.001 / 32 * 1e6, 1e-9);
    assert_near(b.action.duration_s, 32 * 1.2, 1e-9);
    assert_true(b.action.synced);
    assert_string_equal(b.why,
                        "slew +0.001000 s in 38.4 s, frequency +0.000 ppm: 2 "
                        "sources of 2 hosts");
    b.situation.poll_s = 0.25;
    decide(&b, 65, -0.0001);
    assert_near(b.action.duration_s, 0.6, 1e-9);
    assert_near(b.action.slew_ppm, -200, 1e-9);
    b.consensus.hosts = b.consensus.sources_steering = 1;
    decide(&b, 66, 0);
    assert_true(b.action.slew_ppm == 0 && b.action.duration_s == 0);
    assert_string_equal(b.why, "slew +0.000000 s in 0.0 s, frequency +0.000 "
                               "ppm: 1 source of 1 host");
}

static void
offsets_that_are_certain_are_removed_at_once(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.consensus.error_s = 20e-6;
    b.consensus.hosts = 2;
    decide(&b, 64, 0.0005);
    assert_near(b.action.slew_ppm, 250, 1e-9);
    assert_near(b.action.duration_s, 2, 1e-9);
    b.consensus.hosts = 1;
    decide(&b, 65, 0.001);
    assert_lone_pace(&b, 1);
    assert_near(b.action.duration_s, 3.6, 1e-6);
}

/* Faster than 500 ppm where the driver can, for as long as it may. */
static void
a_fast_driver_slews_fast(void **state)
{
    struct bench b = new_bench();

    (void)state;
    b.discipline.rates = (struct sg_rates){500, 80000, 10};
    decide(&b, 0, 0.79);
    assert_int_equal(b.action.kind, SG_ACTION_STEER);
    assert_near(b.action.slew_ppm, 80000, 1e-6);
    assert_near(b.action.duration_s, 9.875, 1e-6);
    /* a lone host has its first correction as a whole, but no other one */
    decide(&b, 5, 0.4);
    assert_near(b.action.slew_ppm, 80000, 1e-6);
    decide(&b, 11, 0.05);
    assert_lone_pace(&b, 1);
    b = new_bench();
    b.discipline.rates = (struct sg_rates){500, 80000, 10};
    decide(&b, 0, 0.81);
    assert_int_equal(b.action.kind, SG_ACTION_STEP);
}

/* Nobody is there any more who wanted it. */
static void
slews_end_by_themselves_after_two_polls(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.consensus.hosts = 2;
    b.discipline.base_ppm = b.discipline.anchor_ppm = 499;
    decide(&b, 64, 0.09);
    assert_near(b.action.slew_ppm, 1, 1e-9);
    assert_near(b.action.duration_s, 128, 1e-9);
    b.situation.poll_s = 1;
    decide(&b, 65, 0.09);
    assert_near(b.action.duration_s, 64, 1e-9);
}

static void
base_and_slew_stay_within_the_driver(void **state)
{
    (void)state;
    chance_begin();
    for (int i = 0; i < 5000; i++) {
        struct bench b = new_bench();

        b.consensus.hosts = 1 + chance_below(2);
        b.situation.natural_known = true;
        b.situation.natural_ppm = chance_between(-400, 400);
        for (int j = 0; j < 4; j++) {
            b.consensus.rate_ppm = chance_between(-600, 600);
            b.consensus.rate_sd_ppm = chance_between(-1, 60);
            b.situation.poll_s = pow(2, chance_between(-2, 10));
            decide(&b, 64 * j, chance_between(-0.2, 0.2));
            assert_true(fabs(b.action.base_ppm + b.action.slew_ppm) <=
                        500 + 1e-9);
            assert_true(b.action.duration_s >= 0);
            assert_true(b.action.duration_s == 0 ||
                        b.action.slew_ppm * b.action.offset_s > 0);
        }
    }
}

/* Inside the interval that KDCs leave open there is nothing to correct. */
static void
without_a_guess_the_interval_is_enough(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.consensus.has_guess = false;
    b.consensus.hosts = 2;
    decide(&b, 64, 0.0009);
    assert_true(b.action.slew_ppm == 0);
    decide(&b, 64, 0.002);
    assert_true(b.action.slew_ppm > 0);
}

static void
the_frequency_is_learned_when_it_is_known(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.consensus.hosts = 2;
    b.consensus.rate_ppm = -12.5;
    b.consensus.rate_sd_ppm = 0.1;
    decide(&b, 64, 0);
    assert_true(b.action.base_ppm == 0);
    b.situation.natural_known = true;
    b.situation.natural_ppm = 2;
    decide(&b, 128, 0);
    assert_near(b.action.base_ppm, -14.5, 1e-9);
    b.consensus.rate_ppm = 99;
    b.consensus.rate_sd_ppm = 50.1;
    decide(&b, 192, 0);
    assert_near(b.action.base_ppm, -14.5, 1e-9);
}

static void
thresholds_of_a_step(void **state)
{
    struct bench b = new_bench();

    (void)state;
    b.consensus.hosts = 2;
    decide(&b, 0, 0.0051);
    assert_step(&b, 0.0051, "step by +0.005100 s: 2 hosts agree");
    b = new_bench();
    decide(&b, 0, 0.0049);
    assert_int_equal(b.action.kind, SG_ACTION_STEER);
    b.consensus.hosts = 3;
    decide(&b, 64, 0.1);
    assert_int_equal(b.action.kind, SG_ACTION_STEER);
    decide(&b, 64, -0.1001);
    assert_step(&b, -0.1001, "step by -0.100100 s: 3 hosts agree");
    assert_false(b.action.synced);
}

/* ---- design section 5 ---- */

static void
rule_2_two_hosts_may_step(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.consensus.hosts = 2;
    decide(&b, 64, 600);
    assert_step(&b, 600, "step by +600.000000 s: 2 hosts agree");
}

static void
rule_2_the_guard_has_the_last_word(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.consensus.hosts = 2;
    decide(&b, 64, 3601);
    assert_int_equal(b.action.kind, SG_ACTION_STEER);
    assert_true(b.action.slew_ppm == 0);
    assert_true(b.discipline.refused);
    assert_string_equal(b.why, "a step of +3601.000 s while running is "
                               "refused: at most 3600 s");
    decide(&b, 128, 0.001);
    assert_false(b.discipline.refused);
}

static void
rule_2_steps_done_are_on_the_account(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.consensus.hosts = 2;
    for (int i = 1; i <= 3; i++) {
        decide(&b, 64 * i, 1);
        assert_int_equal(b.action.kind, SG_ACTION_STEP);
        sg_discipline_stepped(&b.discipline, &b.situation, 1);
    }
    decide(&b, 256, 1);
    assert_string_equal(b.why, "a step of +1.000 s is refused: 3 steps in 24 h "
                               "already, at most 3");
}

static void
rule_3_a_lone_host_may_step_at_start(void **state)
{
    struct bench b = new_bench();

    (void)state;
    decide(&b, 0, -600);
    assert_step(&b, -600, "step by -600.000000 s: one host alone, at start");
    sg_discipline_stepped(&b.discipline, &b.situation, -600);
    assert_false(b.discipline.starting);
}

static void
rule_3_and_after_a_resume(void **state)
{
    struct bench b = running_bench();

    (void)state;
    sg_discipline_restart(&b.discipline);
    decide(&b, 64, 600);
    assert_step(&b, 600, "step by +600.000000 s: one host alone, at start");
}

static void
rule_3_but_not_beyond_the_lone_limit(void **state)
{
    struct bench b = new_bench();

    (void)state;
    decide(&b, 0, 3601);
    assert_true(b.discipline.refused);
    assert_string_equal(b.why, "a step of +3601.000 s on one host's word is "
                               "refused: at most 3600 s");
    b.situation.before_floor = true;
    decide(&b, 1, 1.7e9);
    assert_step(&b, 1.7e9,
                "step by +1700000000.000000 s: one host alone, at start");
}

static void
rule_3_running_a_lone_host_waits_for_15_minutes(void **state)
{
    struct bench b = running_bench();

    (void)state;
    decide(&b, 64, 60);
    assert_lone_pace(&b, 1);
    assert_string_equal(b.why,
                        "+60.000 s wanted by one host alone: at most 1 s per "
                        "hour, a step after 900 s of consistent answers (0 s "
                        "so far)");
    decide(&b, 963.9, 60);
    assert_lone_pace(&b, 1);
    decide(&b, 964, 60);
    assert_step(
        &b, 60,
        "step by +60.000000 s: one host alone, the same for a quarter of an "
        "hour");
    sg_discipline_stepped(&b.discipline, &b.situation, 60);
    decide(&b, 1028, 60);
    assert_lone_pace(&b, 1);
}

static void
rule_3_inconsistent_answers_start_anew(void **state)
{
    struct bench b = running_bench();

    (void)state;
    for (int i = 1; i < 200; i++) {
        decide(&b, 64 * i, i % 10 == 0 ? 90 : 60);
        assert_lone_pace(&b, 1);
    }
}

static void
rule_3_so_does_agreement_and_silence(void **state)
{
    for (int how = 0; how < 3; how++) {
        struct bench b = running_bench();

        (void)state;
        decide(&b, 64, 60);
        b.consensus.valid = how != 0;
        b.consensus.hosts = how == 1 ? 2 : 1;
        decide(&b, 500, how == 2 ? 0.01 : how == 1 ? 4000 : 60);
        b.consensus.valid = true;
        b.consensus.hosts = 1;
        decide(&b, 1000, 60);
        assert_lone_pace(&b, 1);
        assert_non_null(strstr(b.why, "(0 s so far)"));
    }
}

/* Offset and frequency together; small offsets are no way around it. */
static void
rule_3_at_most_1_s_per_hour_in_any_way(void **state)
{
    (void)state;
    chance_begin();
    for (int run = 0; run < 2000; run++) {
        struct bench b = running_bench();
        double saved_ppm = chance_between(-150, 150);

        b.discipline.base_ppm = b.discipline.anchor_ppm = saved_ppm;
        b.situation.natural_known = true;
        for (int i = 0; i < 50; i++) {
            /* never for so long that it may have a step */
            double offset_s = i % 10 ? chance_between(-0.3, 0.3) : 0;

            b.consensus.rate_ppm = chance_between(-500, 500);
            b.consensus.rate_sd_ppm = 0.1;
            decide(&b, 64 * (i + 1), offset_s);
            if (b.action.kind == SG_ACTION_STEP)
                fail_msg("step: %s", b.why);
            assert_true(fabs(b.action.base_ppm - saved_ppm) <= HOUR_PPM + 1e-9);
            assert_true(fabs(b.action.base_ppm + b.action.slew_ppm -
                             saved_ppm) <= HOUR_PPM + 1e-9);
        }
    }
}

static void
rule_3_two_hosts_anchor_the_frequency(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.situation.natural_known = true;
    b.consensus.rate_sd_ppm = 0.1;
    b.consensus.rate_ppm = 400;
    decide(&b, 64, 0);
    assert_near(b.action.base_ppm, HOUR_PPM, 1e-9);
    b.consensus.hosts = 2;
    decide(&b, 128, 0);
    assert_near(b.action.base_ppm, 400, 1e-9);
    b.consensus.hosts = 1;
    b.consensus.rate_ppm = 450;
    decide(&b, 192, 0);
    assert_near(b.action.base_ppm, 450, 1e-9);
}

static void
rule_3_a_lone_host_against_another_waits_at_start(void **state)
{
    struct bench b = new_bench();

    (void)state;
    b.consensus.disputed = true;
    decide(&b, 0, 600);
    assert_lone_pace(&b, 1);
    assert_string_equal(b.why,
                        "+600.000 s wanted by one host against another: at "
                        "most 1 s per hour, a step after 900 s of consistent "
                        "answers (0 s so far)");
    decide(&b, 900, 600);
    assert_step(&b, 600,
                "step by +600.000000 s: one host alone, the same for a quarter "
                "of an hour");
}

static void
rule_2_a_lone_host_against_a_majority_gets_nothing(void **state)
{
    struct bench b = new_bench();

    (void)state;
    b.consensus.contradicted = true;
    b.situation.natural_known = true;
    b.consensus.rate_ppm = 100;
    b.consensus.rate_sd_ppm = 0.1;
    for (int i = 0; i < 60; i++) {
        decide(&b, 64 * i, 600);
        assert_int_equal(b.action.kind, SG_ACTION_STEER);
        assert_true(b.action.slew_ppm == 0 && b.action.base_ppm == 0);
        assert_string_equal(b.why, "+600.000 s wanted by a group that the "
                                   "other sources contradict: no step");
    }
}

static void
rule_4_a_foreign_step_is_undone_whatever_its_size(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.situation.undo_s = -90000;
    decide(&b, 64, -90000.003);
    assert_step(&b, -90000,
                "step by -90000.000000 s: somebody else moved the clock");
    sg_discipline_stepped(&b.discipline, &b.situation, -90000);
    assert_int_equal(b.discipline.guard.n, 0);
}

/* A lone liar cannot add to it; two hosts know the place better. */
static void
rule_4_and_no_more_than_the_step(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.situation.undo_s = 400;
    decide(&b, 64, 400.9);
    assert_step(&b, 400,
                "step by +400.000000 s: somebody else moved the clock");
    b.consensus.hosts = 2;
    decide(&b, 64, 400.9);
    assert_step(&b, 400.9,
                "step by +400.900000 s: somebody else moved the clock");
    decide(&b, 64, 402);
    assert_step(&b, 400,
                "step by +400.000000 s: somebody else moved the clock");
}

static void
rule_4_needs_no_source_at_all(void **state)
{
    struct bench b = running_bench();

    (void)state;
    b.consensus.valid = false;
    b.situation.undo_s = 12;
    decide(&b, 64, -99);
    assert_step(&b, 12, "step by +12.000000 s: somebody else moved the clock");
}

/* It only leads back to where nothing was known yet. */
static void
rule_4_before_the_first_correction_that_is_still_to_come(void **state)
{
    struct bench b = new_bench();

    (void)state;
    b.situation.undo_s = 400;
    decide(&b, 0, 500);
    assert_step(&b, 400,
                "step by +400.000000 s: somebody else moved the clock");
    sg_discipline_stepped(&b.discipline, &b.situation, 400);
    b.situation.undo_s = 0;
    decide(&b, 1, 100);
    assert_step(&b, 100, "step by +100.000000 s: one host alone, at start");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_majority_leaves_the_clock_alone),
        cmocka_unit_test(the_first_correction_waits_for_samples),
        cmocka_unit_test(offsets_that_may_be_noise_are_spread),
        cmocka_unit_test(offsets_that_are_certain_are_removed_at_once),
        cmocka_unit_test(a_fast_driver_slews_fast),
        cmocka_unit_test(slews_end_by_themselves_after_two_polls),
        cmocka_unit_test(base_and_slew_stay_within_the_driver),
        cmocka_unit_test(without_a_guess_the_interval_is_enough),
        cmocka_unit_test(the_frequency_is_learned_when_it_is_known),
        cmocka_unit_test(thresholds_of_a_step),
        cmocka_unit_test(rule_2_two_hosts_may_step),
        cmocka_unit_test(rule_2_the_guard_has_the_last_word),
        cmocka_unit_test(rule_2_steps_done_are_on_the_account),
        cmocka_unit_test(rule_2_a_lone_host_against_a_majority_gets_nothing),
        cmocka_unit_test(rule_3_a_lone_host_may_step_at_start),
        cmocka_unit_test(rule_3_and_after_a_resume),
        cmocka_unit_test(rule_3_but_not_beyond_the_lone_limit),
        cmocka_unit_test(rule_3_running_a_lone_host_waits_for_15_minutes),
        cmocka_unit_test(rule_3_inconsistent_answers_start_anew),
        cmocka_unit_test(rule_3_so_does_agreement_and_silence),
        cmocka_unit_test(rule_3_at_most_1_s_per_hour_in_any_way),
        cmocka_unit_test(rule_3_two_hosts_anchor_the_frequency),
        cmocka_unit_test(rule_3_a_lone_host_against_another_waits_at_start),
        cmocka_unit_test(rule_4_a_foreign_step_is_undone_whatever_its_size),
        cmocka_unit_test(rule_4_and_no_more_than_the_step),
        cmocka_unit_test(rule_4_needs_no_source_at_all),
        cmocka_unit_test(
            rule_4_before_the_first_correction_that_is_still_to_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What a source has told, against reference clocks that drift as they like
 * within what is known of them: the truth is always inside the bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/filter.h"

#include "chance.h"

#define SD_PPM 50.0

/* A reference clock and the path to it. */
struct world {
    double raw_s;
    double reference_s; /* its clock - 1.79e9 s */
    double rate_ppm;    /* against the raw clock */
    struct sg_drift drift;
    double delay_s, jitter_s, forward_frac;
    bool has_guess;
};

static struct world
random_world(void)
{
    struct world w = {
        .raw_s = 1000,
        .reference_s = chance_between(-1e6, 1e6),
        .drift = {chance_between(-100, 100), pow(10, chance_between(0, 2.3))},
        .delay_s = pow(10, chance_between(-4, -1)),
        .jitter_s = pow(10, chance_between(-6, -2)),
        .forward_frac = chance_between(0, 1),
        .has_guess = true,
    };

    w.rate_ppm = w.drift.rate_ppm;
    return w;
}

static void
pass(struct world *w, double span_s)
{
    w->raw_s += span_s;
    w->reference_s += span_s * (1 + w->rate_ppm * 1e-6);
}

/* Any rate that the drift allows. */
static void
wander(struct world *w)
{
    w->rate_ppm =
        w->drift.rate_ppm + w->drift.bound_ppm * chance_between(-1, 1);
}

static struct sg_raw
raw(const struct world *w)
{
    return (struct sg_raw){sg_span_to_ns(w->raw_s)};
}

static struct sg_wall
wall(double reference_s)
{
    return sg_wall_add((struct sg_wall){INT64_C(1790000000000000000)},
                       reference_s);
}

/* One exchange that ends now. */
static struct sg_sample
sample(struct world *w)
{
    double there_s = w->delay_s * w->forward_frac -
                     w->jitter_s * log(1 - chance_between(0, 1));
    double back_s = w->delay_s * (1 - w->forward_frac) -
                    w->jitter_s * log(1 - chance_between(0, 1));
    struct sg_sample s = {.delay_s = there_s + back_s,
                          .has_guess = w->has_guess};
    double shown_s;

    pass(w, there_s);
    shown_s = w->reference_s;
    pass(w, back_s);
    s.at = raw(w);
    /* the answer was on its way for anything between 0 and the round trip */
    s.lower = wall(shown_s - 1e-6);
    s.upper = wall(shown_s + (there_s + back_s) * 1.001 + 1e-6);
    s.guess = wall(shown_s + (there_s + back_s) / 2);
    return s;
}

static void
assert_inside(const struct world *w, const struct sg_model *model)
{
    struct sg_model now = sg_model_at(model, raw(w));
    double off_s = sg_wall_diff(wall(w->reference_s), now.ref);

    assert_true(now.valid);
    assert_true(now.lower_s <= 0 && now.upper_s >= 0);
    if (off_s < now.lower_s - 2e-9 || off_s > now.upper_s + 2e-9)
        fail_msg("the truth is %+.9f s off, outside %+.9f .. %+.9f", off_s,
                 now.lower_s, now.upper_s);
}

static struct sg_filter *
new_filter(void)
{
    struct sg_filter *filter = sg_filter_new();

    assert_non_null(filter);
    return filter;
}

static void
an_empty_filter_knows_nothing(void **state)
{
    struct sg_filter *filter = new_filter();
    struct sg_drift drift = {0, 15};
    struct sg_estimate estimate = {.samples = 99};

    (void)state;
    assert_false(
        sg_filter_estimate(filter, (struct sg_raw){5}, &drift, &estimate));
    assert_int_equal(estimate.samples, 99);
    assert_null(sg_filter_newest(filter));
    sg_filter_free(filter);
    sg_filter_free(NULL);
}

static void
one_sample_is_its_own_estimate(void **state)
{
    struct sg_filter *filter = new_filter();
    struct sg_drift drift = {10, 15};
    struct world w = {.raw_s = 5, .delay_s = 0.01, .forward_frac = 0.5};
    struct sg_sample s = sample(&w);
    struct sg_estimate e;

    (void)state;
    assert_int_equal(sg_filter_add(filter, &s, &drift, SD_PPM), SG_FILTER_KEPT);
    assert_true(sg_filter_estimate(filter, s.at, &drift, &e));
    assert_int_equal(e.samples, 1);
    assert_false(e.has_guess);
    assert_true(fabs(sg_wall_diff(e.model.ref, s.lower) -
                     sg_wall_diff(s.upper, s.lower) / 2) < 2e-9);
    assert_true(e.model.rate_ppm == 10 && e.model.growth_ppm == 15);
    assert_memory_equal(sg_filter_newest(filter), &s, sizeof s);
    sg_filter_free(filter);
}

/* With a guess or without, asked at any time, and moved on afterwards. */
static void
the_truth_is_always_inside(void **state)
{
    (void)state;
    chance_begin();
    for (int run = 0; run < 300; run++) {
        struct sg_filter *filter = new_filter();
        struct world w = random_world();

        w.has_guess = run % 3;
        for (int i = 0; i < 150; i++) {
            struct sg_sample s = sample(&w);
            enum sg_filter_fate fate =
                sg_filter_add(filter, &s, &w.drift, SD_PPM);
            struct sg_estimate e;

            assert_true(fate == SG_FILTER_KEPT || fate == SG_FILTER_SURPRISED);
            wander(&w);
            pass(&w, chance_between(0, 30));
            assert_true(sg_filter_estimate(filter, raw(&w), &w.drift, &e));
            assert_inside(&w, &e.model);
            assert_true(e.model.error_s > 0);
            assert_true(e.model.error_s <=
                        fmax(e.model.upper_s, -e.model.lower_s));
            pass(&w, chance_between(0, 300));
            assert_inside(&w, &e.model);
        }
        sg_filter_free(filter);
    }
}

/* A quiet clock on a quiet path: the guess is far better than the bounds,
 * and as good as it says. */
static void
guesses_are_as_good_as_they_say(void **state)
{
    double error_sum_s = 0;
    int good = 0, all = 0;

    (void)state;
    chance_begin();
    for (int run = 0; run < 50; run++) {
        struct sg_filter *filter = new_filter();
        struct world w = {.raw_s = 1000,
                          .rate_ppm = chance_between(-30, 30),
                          .drift = {0, 200},
                          .delay_s = 0.001,
                          .jitter_s = 50e-6,
                          .forward_frac = 0.5,
                          .has_guess = true};

        for (int i = 0; i < 100; i++) {
            struct sg_sample s = sample(&w);
            struct sg_estimate e;

            sg_filter_add(filter, &s, &w.drift, SD_PPM);
            sg_filter_estimate(filter, s.at, &w.drift, &e);
            if (i >= 60) { /* two hours, for the path to be believed */
                double off_s = sg_wall_diff(wall(w.reference_s), e.model.ref);

                all++;
                good += fabs(off_s) <= e.model.error_s;
                error_sum_s += e.model.error_s;
                assert_true(fabs(e.model.rate_ppm - w.rate_ppm) <
                            5 * e.rate_sd_ppm + 0.5);
            }
            pass(&w, 120);
        }
        sg_filter_free(filter);
    }
    assert_true(good > 0.99 * all);
    assert_true(error_sum_s / all < 100e-6);
}

/* Late answers widen nothing and pull the guess hardly at all. */
static void
answers_that_waited_count_for_little(void **state)
{
    struct sg_filter *filter = new_filter();
    struct world w = {.raw_s = 1000,
                      .drift = {0, 15},
                      .delay_s = 0.001,
                      .jitter_s = 1e-6,
                      .forward_frac = 0.5,
                      .has_guess = true};
    struct sg_estimate e;

    (void)state;
    chance_begin();
    for (int i = 0; i < 60; i++) {
        struct sg_sample s = sample(&w);

        if (i % 3 == 2) { /* 100 ms in a queue on the way back */
            s.upper = sg_wall_add(s.upper, 0.1);
            s.guess = sg_wall_add(s.guess, 0.05);
            s.delay_s += 0.1;
        }
        sg_filter_add(filter, &s, &w.drift, SD_PPM);
        pass(&w, 16);
    }
    sg_filter_estimate(filter, raw(&w), &w.drift, &e);
    assert_true(fabs(sg_wall_diff(wall(w.reference_s), e.model.ref)) < 50e-6);
    assert_true(e.model.upper_s - e.model.lower_s < 0.003);
    sg_filter_free(filter);
}

/* An interval that is cut from both sides by answers that say little each. */
static void
intervals_are_intersected(void **state)
{
    struct sg_filter *filter = new_filter();
    struct sg_drift drift = {0, 1};
    struct sg_estimate e;
    struct sg_sample s = {
        .at = {1000000000}, .lower = wall(-0.9), .upper = wall(0.1)};

    (void)state;
    sg_filter_add(filter, &s, &drift, SD_PPM);
    s = (struct sg_sample){
        .at = {2000000000}, .lower = wall(0.98), .upper = wall(2)};
    assert_int_equal(sg_filter_add(filter, &s, &drift, SD_PPM), SG_FILTER_KEPT);
    sg_filter_estimate(filter, s.at, &drift, &e);
    assert_true(fabs(e.model.upper_s - e.model.lower_s - 0.120001) < 1e-8);
    assert_true(fabs(sg_wall_diff(e.model.ref, wall(1.0400005))) < 1e-8);
    sg_filter_free(filter);
}

static void
fill(struct sg_filter *filter, struct world *w, int n)
{
    for (int i = 0; i < n; i++) {
        struct sg_sample s = sample(w);

        assert_int_equal(sg_filter_add(filter, &s, &w->drift, SD_PPM),
                         SG_FILTER_KEPT);
        pass(w, 16);
    }
}

static struct world
quiet_world(void)
{
    return (struct world){.raw_s = 1000,
                          .drift = {0, 15},
                          .delay_s = 0.001,
                          .jitter_s = 20e-6,
                          .forward_frac = 0.5,
                          .has_guess = true};
}

static void
older_answers_are_dropped(void **state)
{
    struct sg_filter *filter = new_filter();
    struct world w = quiet_world();
    struct sg_sample s;

    (void)state;
    fill(filter, &w, 3);
    s = *sg_filter_newest(filter);
    assert_int_equal(sg_filter_add(filter, &s, &w.drift, SD_PPM),
                     SG_FILTER_STALE);
    s.at.ns--;
    assert_int_equal(sg_filter_add(filter, &s, &w.drift, SD_PPM),
                     SG_FILTER_STALE);
    sg_filter_free(filter);
}

/* One answer alone moves nothing, however often it is another one. */
static void
a_spike_is_set_aside(void **state)
{
    struct sg_filter *filter = new_filter();
    struct world w = quiet_world();
    struct sg_estimate e;

    (void)state;
    fill(filter, &w, 10);
    for (int i = 0; i < 20; i++) {
        struct world liar = w;
        struct sg_sample s;

        liar.reference_s += i % 2 ? 400 : -77;
        s = sample(&liar);
        assert_int_equal(sg_filter_add(filter, &s, &w.drift, SD_PPM),
                         SG_FILTER_SPIKE);
        pass(&w, 2);
        sg_filter_estimate(filter, raw(&w), &w.drift, &e);
        assert_inside(&w, &e.model);
        assert_int_equal(e.samples, 10);
    }
    fill(filter, &w, 1);
    sg_filter_free(filter);
}

static void
two_spikes_that_agree_are_a_jump(void **state)
{
    struct sg_filter *filter = new_filter();
    struct world w = quiet_world();
    struct sg_sample s;
    struct sg_estimate e;

    (void)state;
    fill(filter, &w, 30);
    w.reference_s += 400;
    s = sample(&w);
    assert_int_equal(sg_filter_add(filter, &s, &w.drift, SD_PPM),
                     SG_FILTER_SPIKE);
    pass(&w, 2);
    s = sample(&w);
    assert_int_equal(sg_filter_add(filter, &s, &w.drift, SD_PPM),
                     SG_FILTER_JUMPED);
    assert_true(sg_filter_estimate(filter, s.at, &w.drift, &e));
    assert_int_equal(e.samples, 2);
    assert_inside(&w, &e.model);
    sg_filter_free(filter);
}

/* Agreement in between takes the suspicion away. */
static void
a_spike_is_forgotten_when_the_next_one_agrees(void **state)
{
    struct sg_filter *filter = new_filter();
    struct world w = quiet_world(), liar;
    struct sg_sample s;

    (void)state;
    fill(filter, &w, 10);
    for (int i = 0; i < 3; i++) {
        liar = w;
        liar.reference_s += 400;
        s = sample(&liar);
        assert_int_equal(sg_filter_add(filter, &s, &w.drift, SD_PPM),
                         SG_FILTER_SPIKE);
        pass(&w, 2);
        fill(filter, &w, 1);
    }
    sg_filter_free(filter);
}

static void
reset_forgets_everything(void **state)
{
    struct sg_filter *filter = new_filter();
    struct world w = quiet_world();
    struct sg_sample s;
    struct sg_estimate e;

    (void)state;
    fill(filter, &w, 10);
    sg_filter_reset(filter);
    assert_null(sg_filter_newest(filter));
    assert_false(sg_filter_estimate(filter, raw(&w), &w.drift, &e));
    w.reference_s += 1e6;
    s = sample(&w);
    assert_int_equal(sg_filter_add(filter, &s, &w.drift, SD_PPM),
                     SG_FILTER_KEPT);
    sg_filter_free(filter);
}

/* Whatever a source says, what comes out are numbers in order. */
static void
absurd_answers_stay_finite(void **state)
{
    (void)state;
    chance_begin();
    for (int run = 0; run < chance_rounds(2000); run++) {
        struct sg_filter *filter = new_filter();
        struct sg_drift drift = {chance_between(-500, 500),
                                 pow(10, chance_between(-3, 3))};
        int64_t at_ns = 0;

        for (int i = 0; i < 12; i++) {
            struct sg_sample s = {.has_guess = chance_below(2)};
            struct sg_estimate e;

            at_ns += (int64_t)pow(10, chance_between(0, 17));
            s.at.ns = at_ns;
            s.lower.ns = (int64_t)(chance_bits() >> 2);
            s.upper = sg_wall_add(s.lower, pow(10, chance_between(-9, 6)));
            s.guess = sg_wall_add(s.lower, chance_between(-1, 1));
            s.delay_s = pow(10, chance_between(-9, 3));
            sg_filter_add(filter, &s, &drift, SD_PPM);
            assert_true(sg_filter_estimate(filter, s.at, &drift, &e));
            assert_true(isfinite(e.model.lower_s) && e.model.lower_s <= 0);
            assert_true(isfinite(e.model.upper_s) && e.model.upper_s >= 0);
            assert_true(isfinite(e.model.error_s) && e.model.error_s >= 0);
            assert_true(isfinite(e.model.rate_ppm));
            assert_true(fabs(e.model.rate_ppm - drift.rate_ppm) <=
                        drift.bound_ppm * (1 + 1e-9));
            assert_true(isfinite(e.rate_sd_ppm));
        }
        sg_filter_free(filter);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_filter_knows_nothing),
        cmocka_unit_test(one_sample_is_its_own_estimate),
        cmocka_unit_test(the_truth_is_always_inside),
        cmocka_unit_test(guesses_are_as_good_as_they_say),
        cmocka_unit_test(answers_that_waited_count_for_little),
        cmocka_unit_test(intervals_are_intersected),
        cmocka_unit_test(older_answers_are_dropped),
        cmocka_unit_test(a_spike_is_set_aside),
        cmocka_unit_test(two_spikes_that_agree_are_a_jump),
        cmocka_unit_test(a_spike_is_forgotten_when_the_next_one_agrees),
        cmocka_unit_test(reset_forgets_everything),
        cmocka_unit_test(absurd_answers_stay_finite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

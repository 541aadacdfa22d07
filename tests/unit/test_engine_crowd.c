/*
 * Many sources share looks at everything, few do not; what is new is never
 * made to wait.  A look is seen by its action on the clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/engine.h"

#define EPOCH_NS 1767225600000000000LL
#define POLL_S 64.0
#define SETTLE_S 1200.0

struct crowd {
    struct sg_engine *engine;
    int n;
    double t_s;
    double liar_s;  /* source 0 is off by so much */
    bool is_silent; /* source 1 does not answer */
    struct sg_decision decision;
    int looks;
    double looked_s, gap_s; /* the longest time without one */
};

/* An undisciplined clock without drift: what matters here is when, not what.
 */
static struct sg_reading
reading(const struct crowd *crowd)
{
    int64_t ns = sg_span_to_ns(crowd->t_s);
    struct sg_reading r = {{1000000000 + ns}, {EPOCH_NS + ns}, 1e-7};

    return r;
}

static void
carry_out(struct crowd *crowd)
{
    struct sg_reading now = reading(crowd);
    struct sg_decision after;

    if (crowd->decision.action.kind == SG_ACTION_NONE)
        return;
    sg_engine_done(crowd->engine, &crowd->decision.action, 0, "", &now, &after);
    crowd->looks++;
    if (crowd->t_s - crowd->looked_s > crowd->gap_s)
        crowd->gap_s = crowd->t_s - crowd->looked_s;
    crowd->looked_s = crowd->t_s;
}

static void
answer(struct crowd *crowd, int i)
{
    struct sg_reading now = reading(crowd);
    struct sg_outcome outcome = {.code = SG_OUTCOME_OK};
    struct sg_wall at = sg_wall_add(now.wall, i == 0 ? crowd->liar_s : 0);

    outcome.sample.at = now.raw;
    outcome.sample.delay_s = 1e-3;
    outcome.sample.has_guess = true;
    outcome.sample.guess = at;
    outcome.sample.lower = sg_wall_add(at, -5e-4);
    outcome.sample.upper = sg_wall_add(at, 5e-4);
    outcome.sample.stratum = 2;
    if (i == 1 && crowd->is_silent)
        outcome = (struct sg_outcome){.code = SG_OUTCOME_NO_REPLY};
    sg_engine_outcome(crowd->engine, i, &outcome, &now, &crowd->decision);
    sg_engine_next_ask(crowd->engine, i, now.raw, 0.5);
    carry_out(crowd);
}

/* Everybody in turn, evenly spread, for so long. */
static void
run(struct crowd *crowd, double span_s)
{
    double end_s = crowd->t_s + span_s;

    for (int i = 0; crowd->t_s < end_s; i = (i + 1) % crowd->n) {
        crowd->t_s += POLL_S / crowd->n;
        answer(crowd, i);
    }
}

static void
begin(struct crowd *crowd, int n)
{
    struct sg_engine_config config = {
        .mode = SG_MODE_DISCIPLINE,
        .budget = {0.2, 0.6},
        .poll = {POLL_S, POLL_S},
        .guard = sg_guard_defaults,
        .rates = {.max_ppm = 500},
        .frequency_sd_ppm = 100,
    };
    struct sg_engine_source about = {
        .kind = SG_KIND_NTP,
        .realm = SG_GROUP_UTC,
    };

    *crowd = (struct crowd){.n = n};
    crowd->engine = sg_engine_new(&config);
    assert_non_null(crowd->engine);
    for (int i = 0; i < n; i++) {
        snprintf(about.name, sizeof about.name, "ntp%d", i);
        assert_int_equal(sg_engine_add_source(crowd->engine, &about), i);
    }
    run(crowd, SETTLE_S);
    crowd->looks = 0;
    crowd->looked_s = crowd->t_s;
    crowd->gap_s = 0;
}

static void
let_somebody_wait(struct crowd *crowd)
{
    do
        run(crowd, 0.5);
    while (crowd->decision.action.kind != SG_ACTION_NONE);
    crowd->looks = 0;
}

static void
test_few_are_looked_at_each(void **state)
{
    struct crowd crowd;

    (void)state;
    begin(&crowd, 8);
    run(&crowd, 3600);
    assert_int_equal(crowd.looks, 3600 / (64 / 8));
    sg_engine_free(crowd.engine);
}

/* Looks grow with time, not with sources; none comes much later than due. */
static void
test_many_share_looks(void **state)
{
    struct crowd crowd;

    (void)state;
    begin(&crowd, 100);
    run(&crowd, 3600);
    assert_in_range(crowd.looks, 3600 / 9, 3600 / 8);
    assert_true(crowd.gap_s <= 8 + 2 * POLL_S / 100);
    sg_engine_free(crowd.engine);
}

/* A tick takes up what was waiting. */
static void
test_tick_looks(void **state)
{
    struct crowd crowd;
    struct sg_reading now;

    (void)state;
    begin(&crowd, 100);
    let_somebody_wait(&crowd);
    now = reading(&crowd);
    sg_engine_tick(crowd.engine, &now, &crowd.decision);
    carry_out(&crowd);
    assert_int_equal(crowd.looks, 1);
    sg_engine_free(crowd.engine);
}

static void
test_silence_does_not_wait(void **state)
{
    struct crowd crowd;

    (void)state;
    begin(&crowd, 100);
    let_somebody_wait(&crowd);
    crowd.is_silent = true;
    answer(&crowd, 1);
    assert_true(crowd.decision.publish);
    assert_int_equal(crowd.looks, 1);
    sg_engine_free(crowd.engine);
}

/* Its second answer says that it was moved, and that is told at once. */
static void
test_jump_does_not_wait(void **state)
{
    struct crowd crowd;

    (void)state;
    begin(&crowd, 100);
    crowd.liar_s = 30;
    crowd.t_s += 0.1;
    answer(&crowd, 0);
    crowd.t_s += 0.1;
    answer(&crowd, 0);
    assert_int_equal(crowd.decision.n_events, 2);
    assert_string_equal(crowd.decision.events[0].text,
                        "source ntp0 (ntp): its clock was moved, history "
                        "forgotten");
    assert_non_null(
        strstr(crowd.decision.events[1].text, "ntp0 (ntp): falseticker"));
    sg_engine_free(crowd.engine);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_are_looked_at_each),
        cmocka_unit_test(test_many_share_looks),
        cmocka_unit_test(test_tick_looks),
        cmocka_unit_test(test_silence_does_not_wait),
        cmocka_unit_test(test_jump_does_not_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What one source alone can do to the engine by telling nonsense: little.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "core/engine.h"

#define N 3
#define HOUR_S 3600.0

/* Time here is the raw clock's; the local clock keeps it exactly. */
static const struct sg_wall start = {1800000000LL * 1000000000};

struct world {
    struct sg_engine *engine;
    int n;
    double now_s;
    double due_s[N];
    int asked[N];
    int events; /* of sources */
    struct sg_action action;
};

static struct sg_reading
reading_at(double now_s)
{
    return (struct sg_reading){.raw = {(int64_t)(now_s * 1e9)},
                               .wall = sg_wall_add(start, now_s),
                               .width_s = 1e-7};
}

static struct sg_outcome
sample_of(double now_s, double shown_s)
{
    struct sg_outcome outcome = {.code = SG_OUTCOME_OK};
    struct sg_sample *sample = &outcome.sample;

    sample->at.ns = (int64_t)(now_s * 1e9);
    sample->lower = sg_wall_add(start, shown_s - 1e-4);
    sample->upper = sg_wall_add(start, shown_s + 1e-4);
    sample->guess = sg_wall_add(start, shown_s);
    sample->has_guess = true;
    sample->delay_s = 2e-4;
    sample->stratum = 3;
    return outcome;
}

static void
note(struct world *world, const struct sg_decision *decision)
{
    for (int i = 0; i < decision->n_events; i++)
        world->events += decision->events[i].kind == SG_EVENT_SOURCE;
    if (decision->action.kind != SG_ACTION_NONE) {
        struct sg_reading reading = reading_at(world->now_s);
        struct sg_decision then;

        world->action = decision->action;
        sg_engine_done(world->engine, &world->action, 0, NULL, &reading, &then);
    }
    for (int i = 0; decision->reschedule && i < world->n; i++)
        world->due_s[i] = world->now_s +
                          sg_engine_next_ask(world->engine, i,
                                             reading_at(world->now_s).raw, 0.5);
}

static void
begin(struct world *world, enum sg_mode mode, int n)
{
    struct sg_engine_config config = {
        .mode = mode,
        .budget = {.warn_frac = 0.2, .critical_frac = 0.6},
        .poll = {.max_poll_s = 64, .kdc_poll_s = 64},
        .guard = sg_guard_defaults,
        .rates = {.max_ppm = 500},
        .frequency_sd_ppm = 100,
    };

    *world = (struct world){.engine = sg_engine_new(&config), .n = n};
    assert_non_null(world->engine);
    for (int i = 0; i < n; i++) {
        struct sg_engine_source about = {.kind = SG_KIND_NTP,
                                         .realm = SG_GROUP_UTC};

        about.name[0] = (char)('a' + i);
        assert_int_equal(sg_engine_add_source(world->engine, &about), i);
    }
}

static void
answer(struct world *world, int source, double shown_s)
{
    struct sg_outcome outcome = sample_of(world->now_s, shown_s);
    struct sg_reading reading = reading_at(world->now_s);
    struct sg_decision decision;

    sg_engine_outcome(world->engine, source, &outcome, &reading, &decision);
    note(world, &decision);
}

/* Two good servers, and one whose clock shows the same instant for ever. */
static void
a_stopped_clock_wakes_nobody_for_long(void **state)
{
    struct world world;

    (void)state;
    begin(&world, SG_MODE_GUARD, N);
    while (world.now_s < HOUR_S) {
        int next = 0;

        for (int i = 1; i < N; i++)
            if (world.due_s[i] < world.due_s[next])
                next = i;
        world.now_s = fmax(world.now_s + 0.001, world.due_s[next]);
        world.asked[next]++;
        answer(&world, next, next == 2 ? 0 : world.now_s);
        world.due_s[next] =
            world.now_s + sg_engine_next_ask(world.engine, next,
                                             reading_at(world.now_s).raw, 0.5);
    }
    print_message("asked %d, %d and %d times in an hour, %d lines\n",
                  world.asked[0], world.asked[1], world.asked[2], world.events);
    /* an hour has 56 rounds of 64 s, and every surprise brings some more */
    for (int i = 0; i < N; i++)
        assert_in_range(world.asked[i], 50, 120);
    assert_in_range(world.events, 1, 10);
    sg_engine_free(world.engine);
}

/* Its clock runs 100 ppm fast, nine years from here. */
static void
a_refused_liar_does_not_set_the_rate(void **state)
{
    struct world world;
    struct sg_status status;
    struct sg_reading reading;

    (void)state;
    begin(&world, SG_MODE_DISCIPLINE, 1);
    for (int i = 0; i < 40; i++) {
        world.now_s += 2;
        answer(&world, 0, 3e8 + world.now_s * (1 + 100e-6));
        assert_true(world.action.base_ppm == 0);
        assert_true(world.action.slew_ppm == 0);
        assert_int_not_equal(world.action.kind, SG_ACTION_STEP);
    }
    reading = reading_at(world.now_s);
    sg_status_init(&status);
    sg_engine_status(world.engine, &reading, &status);
    assert_non_null(strstr(status.decision, "is refused: at most 3600 s"));
    sg_engine_free(world.engine);
}

static void
a_failure_of_a_believed_source_is_told(void **state)
{
    struct sg_outcome failure = {.code = SG_OUTCOME_TRUNCATED,
                                 .text = "reply of 47 bytes, at least 48"};
    struct world world;
    struct sg_status status;
    struct sg_decision decision;
    struct sg_reading reading;

    (void)state;
    begin(&world, SG_MODE_GUARD, 1);
    for (int i = 0; i < 8; i++) {
        world.now_s += 2;
        answer(&world, 0, world.now_s);
    }
    world.now_s += 2;
    reading = reading_at(world.now_s);
    sg_engine_outcome(world.engine, 0, &failure, &reading, &decision);
    sg_status_init(&status);
    sg_engine_status(world.engine, &reading, &status);
    assert_int_equal(status.sources[0].outcome, SG_OUTCOME_TRUNCATED);
    assert_string_equal(status.sources[0].reason,
                        "agrees; the clock follows it; the last attempt "
                        "failed: reply of 47 bytes, at least 48");
    sg_engine_free(world.engine);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stopped_clock_wakes_nobody_for_long),
        cmocka_unit_test(a_refused_liar_does_not_set_the_rate),
        cmocka_unit_test(a_failure_of_a_believed_source_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

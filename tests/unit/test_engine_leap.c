/*
 * A leap second as the engine meets it: nobody is surprised, and everything is
 * told from it that merely looks like it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_world.h"

/* 2027-01-01 in the world's time. */
#define MIDNIGHT_S (1798761600.0 - EPOCH_NS / 1e9)

#define ANNOUNCED                                                              \
    "leap second: a second is inserted at the end of 2026-12-31 UTC, 2 of 2 "  \
    "hosts announce it\n"
#define INSERTED                                                               \
    "leap second: a second was inserted at the end of 2026-12-31 UTC"

static void
answers(struct engine_world *w, double offset_s)
{
    world_answer(w, 0, offset_s);
    world_answer(w, 1, offset_s);
}

/* Two servers that announce a leap second, a minute before it. */
static void
begin(struct engine_world *w, enum sg_mode mode)
{
    world_begin(w, mode);
    w->now_s = MIDNIGHT_S - 3660;
    world_add(w, "a", SG_KIND_NTP, SG_GROUP_UTC);
    world_add(w, "b", SG_KIND_NTP, SG_GROUP_UTC);
    world_rounds(w, 2, 10, 60);
    w->events[0] = '\0';
    w->leap = SG_LEAP_INSERT;
    world_rounds(w, 2, 7, 60);
    assert_int_equal(world_status(w)->clock.leap, SG_LEAP_NONE);
    world_rounds(w, 2, 43, 60);
    assert_events(w, ANNOUNCED);
    assert_int_equal(world_status(w)->clock.leap, SG_LEAP_INSERT);
    assert_int_equal(world_status(w)->clock.leap_at.ns,
                     INT64_C(1798761600) * 1000000000);
}

/* From now on everybody's clock but perhaps ours is a second earlier. */
static void
pass_midnight(struct engine_world *w, bool kernel_does)
{
    w->now_s = MIDNIGHT_S + 0.01;
    if (!kernel_does)
        return;
    w->behind_s += 1;
    struct sg_reading now = world_reading(w);

    sg_engine_noticed(w->engine, &now, &w->decision);
    world_act(w);
}

static void
the_kernel_makes_it(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE);
    assert_int_equal(w.decision.action.kind, SG_ACTION_STEER);
    assert_int_equal(w.decision.action.leap_s, 1);
    pass_midnight(&w, true);
    assert_int_equal(w.decision.action.kind, SG_ACTION_NONE);
    assert_events(&w, INSERTED ", and the clock made it\n");
    assert_int_equal(world_status(&w)->clock.leap, SG_LEAP_NONE);
    assert_in_range(w.decision.tick_s * 1000, 1500, 2100);
    /* over: the kernel is told, though nobody has answered yet */
    w.now_s = MIDNIGHT_S + 2.06;
    world_tick(&w);
    assert_int_equal(w.decision.action.kind, SG_ACTION_STEER);
    assert_int_equal(w.decision.action.leap_s, 0);
    w.now_s = MIDNIGHT_S + 50;
    answers(&w, -1);
    assert_events(&w, "");
    assert_int_equal(world_status(&w)->clock.steps, 0);
    assert_int_equal(w.status.clock.foreign_steps, 0);
    assert_int_equal(w.status.sources[0].tally, SG_TALLY_STEERS);
    assert_int_equal(w.status.sources[1].tally, SG_TALLY_STEERS);
    world_end(&w);
}

static void
the_kernel_does_not_make_it(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE);
    pass_midnight(&w, false);
    world_tick(&w);
    assert_int_equal(w.decision.action.kind, SG_ACTION_NONE);
    w.now_s = MIDNIGHT_S + 2.06;
    world_tick(&w);
    assert_events(&w, INSERTED
                  ", the clock did not make it and is off by 1 s\n"
                  "clock: step by -1.000000 s: 2 hosts agree; the clock did "
                  "not make the leap second\n");
    assert_float_equal(w.behind_s, 1, 1e-3);
    w.now_s = MIDNIGHT_S + 50;
    answers(&w, -1);
    assert_events(&w, "");
    assert_int_equal(world_status(&w)->clock.steps, 1);
    assert_int_equal(w.status.clock.foreign_steps, 0);
    world_end(&w);
}

static void
guard_mode_says_what_became_of_it(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD);
    assert_int_equal(w.decision.action.kind, SG_ACTION_NONE);
    pass_midnight(&w, false);
    w.now_s = MIDNIGHT_S + 3;
    world_tick(&w);
    assert_events(&w,
                  INSERTED ", the clock did not make it and is off by 1 s\n");
    answers(&w, -1);
    assert_non_null(strstr(world_status(&w)->decision,
                           " s ahead (2 hosts) and left alone; the clock did "
                           "not make the leap second"));
    world_end(&w);
    begin(&w, SG_MODE_GUARD);
    pass_midnight(&w, true);
    assert_events(&w, INSERTED ", and the clock made it\n");
    world_end(&w);
}

/* The program was stopped meanwhile, and no kernel told it. */
static void
it_is_known_afterwards_too(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE);
    w.now_s = MIDNIGHT_S + 30;
    w.behind_s += 1;
    answers(&w, -1);
    assert_events(&w, INSERTED ", and the clock made it\n");
    assert_int_equal(world_status(&w)->clock.foreign_steps, 0);
    assert_int_equal(w.status.sources[0].tally, SG_TALLY_STEERS);
    world_end(&w);
}

static void
a_step_of_a_second_at_another_time_is_one(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE);
    w.now_s = MIDNIGHT_S - 10;
    world_step(&w, -1, true);
    assert_non_null(strstr(w.events, "clock: somebody else stepped it by "
                                     "-1.000000 s\n"));
    assert_int_equal(world_status(&w)->clock.foreign_steps, 1);
    assert_float_equal(w.behind_s, 0, 1e-3);
    /* ... and the leap is still to come */
    w.events[0] = '\0';
    pass_midnight(&w, true);
    assert_events(&w, INSERTED ", and the clock made it\n");
    world_end(&w);
}

static void
answers_in_those_seconds_are_not_taken(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE);
    w.now_s = MIDNIGHT_S - 1.5;
    answers(&w, -1);
    w.now_s = MIDNIGHT_S - 1.4;
    answers(&w, -1);
    pass_midnight(&w, true);
    answers(&w, 0);
    w.now_s = MIDNIGHT_S + 1;
    answers(&w, 0);
    assert_events(&w, INSERTED ", and the clock made it\n");
    w.now_s = MIDNIGHT_S + 2.1;
    answers(&w, -1);
    assert_events(&w, "");
    assert_int_equal(world_status(&w)->clock.steps, 0);
    world_end(&w);
}

static void
it_may_be_called_off(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE);
    w.leap = SG_LEAP_NONE;
    w.now_s += 10;
    world_answer(&w, 0, 0);
    assert_events(&w, "leap second: no second is inserted at the end of "
                      "2026-12-31 UTC after all, the majority of 2 hosts "
                      "announces none\n");
    assert_int_equal(w.decision.action.kind, SG_ACTION_STEER);
    assert_int_equal(w.decision.action.leap_s, 0);
    world_end(&w);
}

static void
a_clock_far_off_is_not_told(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE);
    w.refuses = true; /* steps, too */
    world_step(&w, 90, true);
    w.now_s += 10;
    answers(&w, 0);
    assert_int_not_equal(w.decision.action.kind, SG_ACTION_NONE);
    assert_int_equal(w.decision.action.leap_s, 0);
    world_end(&w);
}

static void
a_reload_remembers_and_a_suspend_asks_again(void **state)
{
    struct sg_engine_config config = world_config(SG_MODE_DISCIPLINE);
    struct engine_world w;
    struct sg_engine *before;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE);
    before = w.engine;
    w.engine = sg_engine_new(&config);
    assert_non_null(w.engine);
    world_add(&w, "a", SG_KIND_NTP, SG_GROUP_UTC);
    world_add(&w, "b", SG_KIND_NTP, SG_GROUP_UTC);
    sg_engine_adopt(w.engine, before);
    sg_engine_free(before);
    assert_int_equal(world_status(&w)->clock.leap, SG_LEAP_INSERT);
    world_suspend(&w, 20);
    assert_int_equal(world_status(&w)->clock.leap, SG_LEAP_NONE);
    world_end(&w);
}

/* It smears: silent before, half a second off at midnight. */
static void
who_does_not_announce_it_does_not_vote(void **state)
{
    struct engine_world w;
    const struct sg_status *status;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE);
    world_add(&w, "g", SG_KIND_NTP, SG_GROUP_UTC);
    w.now_s -= 30;
    for (int i = 0; i < 10; i++) {
        w.leap = SG_LEAP_NONE;
        w.now_s += 0.1;
        world_answer(&w, 2, -1e-3);
    }
    assert_int_equal(world_status(&w)->sources[2].tally, SG_TALLY_AGREES);
    w.leap = SG_LEAP_INSERT;
    for (int i = 0; i < 4; i++) {
        w.now_s += 1;
        w.leap = SG_LEAP_NONE;
        world_answer(&w, 2, -0.5);
        w.leap = SG_LEAP_INSERT;
        answers(&w, 0);
    }
    status = world_status(&w);
    assert_int_equal(status->sources[2].tally, SG_TALLY_FALSETICKER);
    assert_string_equal(status->sources[2].reason,
                        "falseticker: differs by -0.500 s near a leap second: "
                        "a server that smears it?");
    assert_int_equal(status->sources[0].tally, SG_TALLY_STEERS);
    assert_int_equal(status->clock.leap, SG_LEAP_INSERT);
    world_end(&w);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_makes_it),
        cmocka_unit_test(the_kernel_does_not_make_it),
        cmocka_unit_test(guard_mode_says_what_became_of_it),
        cmocka_unit_test(it_is_known_afterwards_too),
        cmocka_unit_test(a_step_of_a_second_at_another_time_is_one),
        cmocka_unit_test(answers_in_those_seconds_are_not_taken),
        cmocka_unit_test(it_may_be_called_off),
        cmocka_unit_test(a_clock_far_off_is_not_told),
        cmocka_unit_test(a_reload_remembers_and_a_suspend_asks_again),
        cmocka_unit_test(who_does_not_announce_it_does_not_vote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

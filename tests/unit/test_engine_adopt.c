/* A reload: the new engine takes over what the old one knows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_world.h"

static struct engine_world w;

/* Two KDC hosts of A, and B without anybody; some minutes of good answers. */
static void
begin(void)
{
    world_begin(&w, SG_MODE_DISCIPLINE);
    assert_int_equal(sg_engine_add_realm(w.engine, "A", 300, false), 0);
    assert_int_equal(sg_engine_add_realm(w.engine, "B", 300, false), 1);
    world_add(&w, "das-m", SG_KIND_NTP, 0);
    world_add(&w, "das-s", SG_KIND_NTP, 0);
    world_rounds(&w, 2, 20, 16);
    w.events[0] = '\0';
}

/* A new engine in the old one's place; add() gives it realms and sources. */
static void
reload(const struct sg_engine_config *config, void (*add)(void))
{
    struct sg_engine *before = w.engine;

    w.engine = sg_engine_new(config);
    assert_non_null(w.engine);
    add();
    sg_engine_adopt(w.engine, before);
    sg_engine_free(before);
}

static void
add_same(void)
{
    sg_engine_add_realm(w.engine, "A", 300, false);
    sg_engine_add_realm(w.engine, "B", 300, false);
    world_add(&w, "das-m", SG_KIND_NTP, 0);
    world_add(&w, "das-s", SG_KIND_NTP, 0);
}

static void
add_turned_round(void)
{
    sg_engine_add_realm(w.engine, "B", 300, false);
    sg_engine_add_realm(w.engine, "A", 300, false);
    world_add(&w, "das-s", SG_KIND_NTP, 1);
    world_add(&w, "new", SG_KIND_NTP, 1);
    world_add(&w, "das-m", SG_KIND_NTP, 1);
}

static void
add_stricter(void)
{
    sg_engine_add_realm(w.engine, "A", 0.001, true);
    world_add(&w, "other", SG_KIND_NTP, 0);
}

static void
add_stricter_same(void)
{
    sg_engine_add_realm(w.engine, "A", 1e-5, true);
    world_add(&w, "new", SG_KIND_NTP, 0);
    world_add(&w, "das-s", SG_KIND_NTP, 0);
}

static void
nothing_changes_when_nothing_changed(void **state)
{
    struct sg_engine_config config = world_config(SG_MODE_DISCIPLINE);
    struct sg_status before;

    (void)state;
    begin();
    before = *world_status(&w);
    reload(&config, add_same);
    world_tick(&w);
    assert_events(&w, "");
    world_status(&w);
    assert_int_equal(w.status.realms[0].state, SG_STATE_OK);
    assert_true(w.status.clock.frequency_ppm == before.clock.frequency_ppm);
    assert_true(w.status.clock.synced);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(w.status.sources[i].asked, 20);
        assert_int_equal(w.status.sources[i].reach, 255);
        assert_int_equal(w.status.sources[i].tally, SG_TALLY_STEERS);
        assert_memory_equal(&w.status.sources[i].last, &before.sources[i].last,
                            sizeof(struct sg_raw));
    }
    world_end(&w);
}

/* History goes by name, not by number. */
static void
another_order_is_no_other_source(void **state)
{
    struct sg_engine_config config = world_config(SG_MODE_DISCIPLINE);

    (void)state;
    begin();
    reload(&config, add_turned_round);
    world_tick(&w);
    world_status(&w);
    assert_string_equal(w.status.sources[0].name, "das-s");
    assert_int_equal(w.status.sources[0].asked, 20);
    assert_int_equal(w.status.sources[1].asked, 0);
    assert_int_equal(w.status.sources[2].asked, 20);
    assert_int_equal(w.status.realms[1].state, SG_STATE_OK);
    assert_int_equal(w.status.realms[0].state, SG_STATE_UNKNOWN);
    world_end(&w);
}

/* Not even by reloading may the clock be moved further in a day. */
static void
the_guards_account_goes_on(void **state)
{
    struct sg_engine_config config = world_config(SG_MODE_DISCIPLINE);

    (void)state;
    begin();
    for (int i = 0; i < 4; i++) {
        double moved_s = 10.0 * (i + 1);

        for (int j = 0; j < 6; j++) {
            world_answer(&w, j % 2, moved_s);
            w.now_s += 1;
        }
        reload(&config, add_same);
    }
    assert_int_equal(world_status(&w)->clock.steps, 3);
    assert_string_equal(w.status.decision,
                        "a step of +10.000 s is refused: 3 steps in 24 h "
                        "already, at most 3");
    world_end(&w);
}

static void
an_undo_still_to_be_done_is_done_by_the_next(void **state)
{
    struct sg_engine_config config = world_config(SG_MODE_DISCIPLINE);

    (void)state;
    begin();
    w.refuses = true;
    world_step(&w, 9000, true);
    w.refuses = false;
    reload(&config, add_same);
    w.now_s += 1;
    world_answer(&w, 0, 0);
    assert_true(fabs(w.behind_s) < 1e-3);
    world_end(&w);
}

/* The KDC that a realm's state came from is not asked any more. */
static void
a_realm_whose_kdc_is_gone(void **state)
{
    struct sg_engine_config config = world_config(SG_MODE_DISCIPLINE);

    (void)state;
    begin();
    reload(&config, add_stricter);
    world_tick(&w);
    assert_non_null(strstr(w.events, "A: unknown (was ok): no NTP server "
                                     "answers; other: not asked yet\n"));
    assert_int_equal(world_status(&w)->realms[0].worst, -1);
    world_end(&w);
}

/* Silent for the moment, but its last word is judged by the new limit. */
static void
a_new_limit_is_held_against_the_last_word(void **state)
{
    struct sg_engine_config config = world_config(SG_MODE_GUARD);

    (void)state;
    begin();
    for (int i = 0; i < 16; i++) {
        world_fail(&w, i % 2, SG_OUTCOME_NO_REPLY, "no reply in 1.0 s");
        w.now_s += 1;
    }
    w.events[0] = '\0';
    reload(&config, add_stricter_same);
    world_tick(&w);
    assert_int_equal(world_status(&w)->realms[0].worst, 1);
    assert_non_null(strstr(w.events, "A: exceeded (was ok): this host is less "
                                     "than 1 ms from KDC das-s"));
    world_end(&w);
}

static void
modes_may_change(void **state)
{
    struct sg_engine_config guard = world_config(SG_MODE_GUARD);
    struct sg_engine_config discipline = world_config(SG_MODE_DISCIPLINE);

    (void)state;
    begin();
    reload(&guard, add_same);
    w.behind_s += 60;
    world_rounds(&w, 2, 3, 1);
    assert_true(w.behind_s == 60);
    assert_false(world_status(&w)->clock.synced);
    reload(&discipline, add_same);
    world_rounds(&w, 2, 3, 1);
    assert_true(fabs(w.behind_s) < 1e-3);
    assert_true(world_status(&w)->clock.synced);
    world_end(&w);
}

/* Somebody else steers from now on, by 50 ppm: the forecast is about that, and
 * when we are told to steer again what he left is as at a start. */
static void
other_hands_turn_it_at_another_rate(void **state)
{
    struct sg_engine_config guard = world_config(SG_MODE_GUARD);
    struct sg_engine_config discipline = world_config(SG_MODE_DISCIPLINE);

    (void)state;
    begin();
    assert_true(fabs(world_status(&w)->realms[0].rate_ppm) < 1);
    reload(&guard, add_same);
    for (int i = 0; i < 40; i++) {
        world_rounds(&w, 2, 1, 16);
        w.behind_s -= 16 * 50e-6;
    }
    world_status(&w);
    assert_true(fabs(w.status.realms[0].rate_ppm + 50) < 2);
    assert_false(w.status.clock.synced);
    assert_true(fabs(w.behind_s) > 0.03);
    w.behind_s = 500;
    world_step(&w, 0, true);
    reload(&discipline, add_same);
    w.events[0] = '\0';
    world_rounds(&w, 2, 20, 16);
    assert_true(fabs(w.behind_s) < 0.001);
    assert_non_null(strstr(w.events, "clock: step by +"));
    world_end(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changes_when_nothing_changed),
        cmocka_unit_test(another_order_is_no_other_source),
        cmocka_unit_test(the_guards_account_goes_on),
        cmocka_unit_test(an_undo_still_to_be_done_is_done_by_the_next),
        cmocka_unit_test(a_realm_whose_kdc_is_gone),
        cmocka_unit_test(a_new_limit_is_held_against_the_last_word),
        cmocka_unit_test(modes_may_change),
        cmocka_unit_test(other_hands_turn_it_at_another_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

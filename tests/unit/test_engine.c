/*
 * The engine from outside: what happens, in which words, and when it wants to
 * ask again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chance.h"
#include "engine_world.h"

#define REALM 0

static struct engine_world w;

/* Two hosts of one realm that answered well for some minutes. */
static void
begin_running(enum sg_mode mode)
{
    world_begin(&w, mode);
    assert_int_equal(sg_engine_add_realm(w.engine, "EXAMPLE.ORG", 300, false),
                     REALM);
    assert_int_equal(world_add(&w, "das-m", SG_KIND_NTP, REALM), 0);
    assert_int_equal(world_add(&w, "das-s", SG_KIND_NTP, REALM), 1);
    world_rounds(&w, 2, 20, 16);
    assert_int_equal(world_status(&w)->state, SG_STATE_OK);
    w.events[0] = '\0';
}

/* One host. */
static void
begin_lone(enum sg_mode mode)
{
    world_begin(&w, mode);
    sg_engine_add_realm(w.engine, "EXAMPLE.ORG", 300, false);
    world_add(&w, "das-m", SG_KIND_NTP, REALM);
    world_rounds(&w, 1, 20, 16);
    w.events[0] = '\0';
}

static void
a_start_in_words(void **state)
{
    (void)state;
    world_begin(&w, SG_MODE_DISCIPLINE);
    sg_engine_add_realm(w.engine, "EXAMPLE.ORG", 300, false);
    world_add(&w, "das-m", SG_KIND_NTP, REALM);
    world_add(&w, "das-s", SG_KIND_NTP, REALM);
    w.behind_s = 600;
    world_tick(&w);
    assert_string_equal(world_status(&w)->decision,
                        "hold: no sources that agree");
    assert_string_equal(w.status.realms[0].reason,
                        "no NTP server answers; das-m: not asked yet");
    assert_string_equal(w.status.sources[1].reason, "not asked yet");
    world_rounds(&w, 2, 3, 0.25);
    assert_events(&w,
                  "clock: step by +600.000000 s: 2 hosts agree\n"
                  "EXAMPLE.ORG: ok (was unknown): this host is less than 1 ms "
                  "from KDC das-m, 0.0 % of the limit of 300 s; 2 hosts agree; "
                  "forecast: none yet: the answers so far do not show a rate\n"
                  "clock: disciplined\n");
    assert_true(fabs(w.behind_s) < 1e-6);
    world_status(&w);
    assert_int_equal(w.status.clock.steps, 1);
    assert_true(fabs(w.status.clock.last_step_s - 600) < 1e-6);
    assert_true(w.status.clock.synced);
    assert_string_equal(w.status.sources[0].reason,
                        "agrees; the clock follows it");
    world_end(&w);
}

static void
a_noticed_foreign_step_is_undone_and_said(void **state)
{
    (void)state;
    begin_running(SG_MODE_DISCIPLINE);
    w.now_s += 5;
    world_step(&w, 400, true);
    assert_events(&w, "clock: somebody else stepped it by +400.000000 s\n"
                      "clock: step by -400.000000 s: somebody else moved the "
                      "clock\n");
    assert_true(fabs(w.behind_s) < 1e-6);
    world_status(&w);
    assert_int_equal(w.status.clock.foreign_steps, 1);
    assert_true(fabs(w.status.clock.last_foreign_s - 400) < 1e-6);
    assert_int_equal(w.status.state, SG_STATE_OK);
    world_end(&w);
}

static void
an_unnoticed_one_at_the_next_answer(void **state)
{
    (void)state;
    begin_running(SG_MODE_DISCIPLINE);
    w.now_s += 5;
    world_step(&w, -7200, false);
    assert_events(&w, "");
    world_answer(&w, 0, 0);
    assert_events(&w, "clock: somebody else stepped it by -7200.000000 s\n"
                      "clock: step by +7200.000000 s: somebody else moved the "
                      "clock\n");
    assert_true(fabs(w.behind_s) < 1e-5);
    world_end(&w);
}

/* The kernel tells us of our own steps, too, and of none at all. */
static void
a_notice_without_a_step_changes_nothing(void **state)
{
    (void)state;
    begin_running(SG_MODE_DISCIPLINE);
    for (int i = 0; i < 10; i++) {
        w.now_s += 1;
        world_step(&w, 0.0009, true);
        assert_events(&w, "");
        assert_int_equal(w.decision.action.kind, SG_ACTION_NONE);
        assert_true(w.decision.tick_s > 0);
    }
    world_end(&w);
}

static void
guard_mode_says_it_and_leaves_it(void **state)
{
    (void)state;
    begin_running(SG_MODE_GUARD);
    w.now_s += 5;
    world_step(&w, 400, true);
    assert_events(
        &w, "clock: somebody else stepped it by +400.000000 s; guard mode "
            "leaves it there\n"
            "EXAMPLE.ORG: exceeded (was ok): this host is 400.000 s ahead "
            "of KDC das-m, 133.3 % of the limit of 300 s; this host's "
            "clock: somebody here stepped it by +400.0 s; "
            "forecast: the limit of 300 s is exceeded now\n");
    assert_string_equal(world_status(&w)->decision,
                        "guard mode: the clock is 400.000000 s ahead (2 hosts) "
                        "and left alone");
    assert_false(w.status.clock.disciplined);
    assert_int_equal(w.decision.action.kind, SG_ACTION_NONE);
    world_end(&w);
}

/* What was stepped in guard mode is nobody's to undo later. */
static void
guard_mode_leaves_nothing_to_undo(void **state)
{
    struct sg_engine_config config = world_config(SG_MODE_DISCIPLINE);
    struct sg_engine *before;

    (void)state;
    begin_lone(SG_MODE_GUARD);
    world_step(&w, 5000, true);
    before = w.engine;
    w.engine = sg_engine_new(&config);
    sg_engine_add_realm(w.engine, "EXAMPLE.ORG", 300, false);
    world_add(&w, "das-m", SG_KIND_NTP, REALM);
    sg_engine_adopt(w.engine, before);
    sg_engine_free(before);
    w.events[0] = '\0';
    world_answer(&w, 0, 0);
    assert_non_null(strstr(w.events, "clock: a step of -5000.000 s on one "
                                     "host's word is refused: at most 3600 s"));
    assert_true(fabs(w.behind_s + 5000) < 1e-3);
    world_end(&w);
}

/* A foreign step while nobody agrees: certain is only that it was one. */
static void
an_undo_needs_something_to_be_known(void **state)
{
    (void)state;
    world_begin(&w, SG_MODE_DISCIPLINE);
    world_add(&w, "das-m", SG_KIND_NTP, SG_GROUP_UTC);
    world_tick(&w);
    w.now_s += 10;
    world_step(&w, 100, true);
    assert_events(&w, "clock: somebody else stepped it by +100.000000 s\n");
    assert_int_equal(w.decision.action.kind, SG_ACTION_NONE);
    assert_string_equal(world_status(&w)->decision,
                        "hold: no sources that agree");
    world_end(&w);
}

static void
an_undo_is_tried_again_if_the_driver_refuses(void **state)
{
    (void)state;
    begin_lone(SG_MODE_DISCIPLINE);
    w.refuses = true;
    world_step(&w, 7200, true);
    assert_non_null(strstr(w.events, "clock: refused: Operation not "
                                     "permitted\n"));
    w.refuses = false;
    w.now_s += 2;
    world_answer(&w, 0, 0);
    assert_true(fabs(w.behind_s) < 1e-3);
    world_end(&w);
}

static void
a_refusal_of_the_driver_is_said_once(void **state)
{
    (void)state;
    world_begin(&w, SG_MODE_DISCIPLINE);
    world_add(&w, "das-m", SG_KIND_NTP, SG_GROUP_UTC);
    world_add(&w, "das-s", SG_KIND_NTP, SG_GROUP_UTC);
    w.behind_s = 600;
    w.refuses = true;
    world_rounds(&w, 2, 10, 1);
    assert_events(&w, "clock: refused: Operation not permitted\n");
    assert_string_equal(world_status(&w)->decision,
                        "refused: Operation not permitted");
    assert_int_equal(w.status.clock.steps, 0);
    assert_false(w.status.clock.synced);
    assert_true(w.behind_s == 600);
    w.refuses = false;
    world_answer(&w, 0, 0);
    assert_events(&w, "clock: step by +600.000000 s: 2 hosts agree\n"
                      "clock: disciplined\n");
    world_end(&w);
}

/* A refused start must not keep the processor busy for good. */
static void
a_refusal_of_the_guard_is_said_once(void **state)
{
    (void)state;
    world_begin(&w, SG_MODE_DISCIPLINE);
    world_add(&w, "das-m", SG_KIND_NTP, SG_GROUP_UTC);
    w.behind_s = -7200;
    world_rounds(&w, 1, 30, 1);
    assert_events(&w, "clock: a step of -7200.000 s on one host's word is "
                      "refused: at most 3600 s\n");
    assert_true(w.decision.tick_s >= 16);
    world_end(&w);
}

static void
silence_in_words(void **state)
{
    (void)state;
    begin_running(SG_MODE_DISCIPLINE);
    for (int i = 0; i < 8; i++) {
        w.now_s += 64;
        world_fail(&w, 0, SG_OUTCOME_NO_REPLY, "no reply in 1.0 s");
        world_fail(&w, 1, SG_OUTCOME_REFUSED, "port 123 refuses");
    }
    assert_events(&w, "source das-m (ntp): no reply in 1.0 s\n"
                      "clock: hold: no sources that agree\n"
                      "source das-s (ntp): port 123 refuses\n");
    assert_string_equal(world_status(&w)->decision,
                        "hold: no sources that agree");
    assert_int_equal(w.status.state, SG_STATE_OK);
    assert_true(w.status.clock.model.valid);
    w.now_s += 900;
    world_tick(&w);
    assert_events(&w, "EXAMPLE.ORG: unknown (was ok): no NTP server answers; "
                      "das-m: no reply in 1.0 s\n");
    assert_true(world_status(&w)->realms[0].time_to_limit_s < 0);
    assert_string_equal(w.status.realms[0].forecast,
                        "none: nothing is measured");
    world_end(&w);
}

static void
a_resume_in_words(void **state)
{
    (void)state;
    begin_running(SG_MODE_DISCIPLINE);
    world_suspend(&w, 600);
    assert_events(&w,
                  "clock: the host slept for 600.0 s, measuring again\n"
                  "EXAMPLE.ORG: unknown (was ok): no NTP server answers; "
                  "das-m: to be measured again\n"
                  "clock: hold: no sources that agree\n"
                  "source das-m (ntp): history forgotten, too few samples\n"
                  "source das-s (ntp): history forgotten, too few samples\n");
    assert_true(w.decision.reschedule);
    assert_false(world_status(&w)->clock.model.valid);
    world_end(&w);
}

static void
a_falseticker_is_named_and_forgiven(void **state)
{
    (void)state;
    world_begin(&w, SG_MODE_DISCIPLINE);
    for (int i = 0; i < 3; i++) {
        const char *const names[] = {"a", "b", "c"};

        world_add(&w, names[i], SG_KIND_NTP, SG_GROUP_UTC);
    }
    world_rounds(&w, 3, 20, 16);
    w.events[0] = '\0';
    for (int i = 0; i < 3; i++) {
        world_answer(&w, 0, 0);
        world_answer(&w, 1, 0);
        world_answer(&w, 2, 400);
        w.now_s += 2;
    }
    assert_events(&w,
                  "source c (ntp): its clock was moved, history forgotten\n"
                  "source c (ntp): falseticker: +400.000000 s (+399.999900 to "
                  "+400.000100), 2 hosts agree on -0.001100 to +0.001100 s\n");
    for (int i = 0; i < 3; i++) {
        world_rounds(&w, 3, 1, 2);
    }
    assert_events(&w, "source c (ntp): its clock was moved, history "
                      "forgotten\n"
                      "source c (ntp): agrees with the others again\n");
    world_end(&w);
}

/* Same words for whoever answers nonsense: not "history forgotten". */
static void
nonsense_is_called_so(void **state)
{
    (void)state;
    begin_lone(SG_MODE_GUARD);
    for (int i = 0; i < 5; i++) {
        w.now_s += 16;
        world_answer(&w, 0, 100 * (i + 1));
    }
    assert_string_equal(
        world_status(&w)->sources[0].reason,
        "its last 5 answers contradict each other and all before");
    assert_int_equal(w.status.sources[0].tally, SG_TALLY_UNUSABLE);
    world_end(&w);
}

/* ---- hosts ---- */

/* How many hosts the engine counts, in words. */
static void
assert_hosts(int n, const char *expected)
{
    world_rounds(&w, n, 20, 2);
    assert_non_null(strstr(world_status(&w)->decision, expected));
}

static void
one_address_is_one_host(void **state)
{
    (void)state;
    world_begin(&w, SG_MODE_DISCIPLINE);
    world_add(&w, "a", SG_KIND_NTP, SG_GROUP_UTC);
    world_add(&w, "b", SG_KIND_NTP, SG_GROUP_UTC);
    assert_hosts(2, "2 sources of 2 hosts");
    sg_engine_set_address(w.engine, 0, "192.0.2.1", 123, false);
    sg_engine_set_address(w.engine, 1, "192.0.2.2", 123, false);
    assert_hosts(2, "2 sources of 2 hosts");
    sg_engine_set_address(w.engine, 1, "192.0.2.1", 124, false);
    assert_hosts(2, "2 sources of 1 host");
    world_end(&w);
}

/* IPv4 for the one, IPv6 for the other: still one liar. */
static void
one_name_is_one_host_at_any_address(void **state)
{
    (void)state;
    world_begin(&w, SG_MODE_DISCIPLINE);
    world_add(&w, "das-m", SG_KIND_NTP, SG_GROUP_UTC);
    world_add(&w, "DAS-M", SG_KIND_NTP, SG_GROUP_UTC);
    sg_engine_set_address(w.engine, 0, "192.0.2.1", 123, false);
    sg_engine_set_address(w.engine, 1, "2001:db8::1", 123, false);
    assert_hosts(2, "2 sources of 1 host");
    world_end(&w);
}

/* A name in common and an address in common make one of all three. */
static void
hosts_join_in_chains(void **state)
{
    (void)state;
    world_begin(&w, SG_MODE_DISCIPLINE);
    world_add(&w, "a", SG_KIND_NTP, SG_GROUP_UTC);
    world_add(&w, "b", SG_KIND_NTP, SG_GROUP_UTC);
    world_add(&w, "a", SG_KIND_NTP, SG_GROUP_UTC);
    sg_engine_set_address(w.engine, 0, "192.0.2.1", 123, false);
    sg_engine_set_address(w.engine, 1, "192.0.2.2", 123, false);
    sg_engine_set_address(w.engine, 2, "192.0.2.2", 123, false);
    assert_hosts(3, "3 sources of 1 host");
    world_end(&w);
}

/* ---- realms ---- */

/* Two KDCs on the ports of one host are both looked at. */
static void
the_worse_of_two_kdcs_on_one_host_counts(void **state)
{
    (void)state;
    world_begin(&w, SG_MODE_GUARD);
    sg_engine_add_realm(w.engine, "EXAMPLE.ORG", 300, false);
    world_add(&w, "das", SG_KIND_KDC, REALM);
    world_add(&w, "das", SG_KIND_KDC, REALM);
    for (int i = 0; i < 8; i++) {
        world_answer(&w, 0, 0);
        world_answer(&w, 1, 200);
        w.now_s += 1;
    }
    assert_int_equal(world_status(&w)->state, SG_STATE_CRITICAL);
    assert_int_equal(w.status.realms[0].worst, 1);
    world_end(&w);
}

static void
a_kdc_that_died_is_not_the_state_for_hours(void **state)
{
    (void)state;
    world_begin(&w, SG_MODE_GUARD);
    sg_engine_add_realm(w.engine, "EXAMPLE.ORG", 300, false);
    world_add(&w, "das-m", SG_KIND_KDC, REALM);
    world_add(&w, "ntp-a", SG_KIND_NTP, SG_GROUP_UTC);
    world_rounds(&w, 2, 30, 16);
    for (int i = 0; i < 3; i++) {
        w.now_s += 660;
        world_fail(&w, 0, SG_OUTCOME_NO_REPLY, "no reply in 1.0 s");
        world_answer(&w, 1, 0);
    }
    assert_int_equal(world_status(&w)->state, SG_STATE_UNKNOWN);
    assert_false(w.status.realms[0].measured);
    assert_string_equal(w.status.realms[0].reason,
                        "no KDC answers; das-m: no reply in 1.0 s");
    world_end(&w);
}

/* ---- numbers ---- */

static void
no_more_than_there_is_room_for(void **state)
{
    char name[32];

    (void)state;
    world_begin(&w, SG_MODE_GUARD);
    for (int i = 0; i < SG_MAX_REALMS; i++) {
        snprintf(name, sizeof name, "REALM%d", i);
        assert_int_equal(sg_engine_add_realm(w.engine, name, 300, false), i);
    }
    assert_int_equal(sg_engine_add_realm(w.engine, "MORE", 300, false), -1);
    for (int i = 0; i < SG_MAX_SOURCES; i++) {
        snprintf(name, sizeof name, "s%d", i);
        assert_int_equal(
            world_add(&w, name, SG_KIND_NTP, i % (SG_MAX_REALMS + 1) - 1), i);
    }
    assert_int_equal(world_add(&w, "more", SG_KIND_NTP, SG_GROUP_UTC), -1);
    world_rounds(&w, SG_MAX_SOURCES, 4, 0.25);
    world_status(&w);
    assert_int_equal(w.status.n_sources, SG_MAX_SOURCES);
    for (int i = 0; i < SG_MAX_REALMS; i++)
        assert_int_equal(w.status.realms[i].state, SG_STATE_OK);
    world_end(&w);
}

/* What matters most comes first, since the rest may find no room. */
static void
many_events_never_hide_the_state(void **state)
{
    char name[32];

    (void)state;
    world_begin(&w, SG_MODE_DISCIPLINE);
    sg_engine_add_realm(w.engine, "EXAMPLE.ORG", 300, false);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "s%d", i);
        world_add(&w, name, SG_KIND_NTP, REALM);
    }
    world_rounds(&w, 100, 10, 16);
    w.events[0] = '\0';
    world_suspend(&w, 60);
    assert_int_equal(w.decision.n_events, SG_MAX_EVENTS);
    assert_int_equal(w.decision.events[0].kind, SG_EVENT_RESUME);
    assert_int_equal(w.decision.events[1].kind, SG_EVENT_STATE);
    assert_int_equal(w.decision.events[1].state, SG_STATE_UNKNOWN);
    assert_int_equal(w.decision.events[2].kind, SG_EVENT_SYNC);
    assert_true(w.decision.publish);
    for (int i = 0; i < 100; i++)
        assert_int_equal(world_status(&w)->sources[i].tally, SG_TALLY_UNUSABLE);
    world_end(&w);
}

/* ---- asking ---- */

static double
next_ask(int source, double random)
{
    return sg_engine_next_ask(w.engine, source, world_reading(&w).raw, random);
}

static void
kisses_stop_the_asking(void **state)
{
    (void)state;
    begin_running(SG_MODE_DISCIPLINE);
    world_fail(&w, 0, SG_OUTCOME_KISS_DENY, "kiss-o'-death DENY");
    assert_true(next_ask(0, 0.5) < 0);
    world_fail(&w, 1, SG_OUTCOME_KISS_RATE, "kiss-o'-death RATE");
    assert_true(next_ask(1, 0) >= 64 * 0.9);
    sg_engine_burst(w.engine);
    assert_true(next_ask(0, 0.5) < 0);
    assert_true(next_ask(1, 0) >= 64 * 0.9);
    world_step(&w, 400, true);
    assert_true(next_ask(0, 0.5) < 0);
    assert_true(next_ask(1, 0) >= 64 * 0.9);
    assert_true(world_status(&w)->sources[0].poll_s < 0);
    world_end(&w);
}

static void
questions_come_when_they_may(void **state)
{
    (void)state;
    chance_begin();
    for (int run = 0; run < 200; run++) {
        world_begin(&w, chance_below(2) ? SG_MODE_GUARD : SG_MODE_DISCIPLINE);
        sg_engine_add_realm(w.engine, "EXAMPLE.ORG", 300, false);
        world_add(&w, "das-m", SG_KIND_KDC, REALM);
        world_add(&w, "ntp-a", SG_KIND_NTP, SG_GROUP_UTC);
        assert_true(next_ask(0, chance_between(0, 1)) < 0.02);
        assert_true(next_ask(1, chance_between(0, 1)) < 0.02);
        for (int i = 0; i < 100; i++) {
            int source = chance_below(2);
            double wait_s;

            if (chance_below(5))
                world_answer(&w, source, 0);
            else
                world_fail(&w, source, SG_OUTCOME_NO_REPLY, "no reply");
            if (chance_below(20) == 0)
                sg_engine_burst(w.engine);
            wait_s = next_ask(source, chance_between(0, 1));
            /* the KDC's allowance, its jitter and the turn of a second */
            assert_true(wait_s >= 0);
            assert_true(wait_s <= (source == 0 ? 600 * 1.1 + 1.02 : 64 * 1.1));
            w.now_s += chance_between(0.3, 70);
        }
        world_end(&w);
    }
}

static void
a_burst_asks_everybody_within_a_second(void **state)
{
    (void)state;
    begin_running(SG_MODE_GUARD);
    for (int i = 0; i < 3; i++) { /* what is left of the burst at start */
        next_ask(0, 0.5);
        w.now_s += 0.25;
        world_answer(&w, 0, 0);
    }
    assert_true(next_ask(0, 0.5) > 1);
    sg_engine_burst(w.engine);
    assert_true(next_ask(0, 0.999) < 1 && next_ask(1, 0.999) < 1);
    world_answer(&w, 0, 0);
    assert_true(fabs(next_ask(0, 0.5) - 2) < 1e-9);
    world_end(&w);
}

static void
what_is_planned_is_not_put_off(void **state)
{
    double wait_s;

    (void)state;
    begin_running(SG_MODE_GUARD);
    wait_s = next_ask(0, 0.5);
    w.now_s += wait_s / 2;
    assert_true(fabs(next_ask(0, 0.9) - wait_s / 2) < 1e-6);
    w.now_s += wait_s;
    assert_true(next_ask(0, 0.9) == 0);
    world_answer(&w, 0, 0);
    assert_true(next_ask(0, 0.5) > 0);
    world_suspend(&w, 3600);
    assert_true(next_ask(0, 0.5) < 1);
    world_end(&w);
}

/* Answer for a KDC until nothing of its burst is left; its turn. */
static double
next_turn(enum sg_outcome_code code, double random)
{
    double wait_s;

    do {
        if (code == SG_OUTCOME_OK)
            world_answer(&w, 0, 0);
        else
            world_fail(&w, 0, code, "no");
        world_answer(&w, 1, 0);
        wait_s = next_ask(0, random);
        w.now_s += 1;
    } while (wait_s <= 3 && w.now_s < 1e6);
    return wait_s;
}

static double
first_turn(enum sg_outcome_code code, double random)
{
    world_begin(&w, SG_MODE_GUARD);
    sg_engine_add_realm(w.engine, "EXAMPLE.ORG", 300, false);
    world_add(&w, "das-m", SG_KIND_KDC, REALM);
    world_add(&w, "das-m", SG_KIND_NTP, REALM);
    return next_turn(code, random);
}

static void
turns_begin_at_any_moment(void **state)
{
    (void)state;
    /* 600 s for a lone KDC, and up to 1 s to the turn of its second */
    assert_true(fabs(first_turn(SG_OUTCOME_OK, 0.01) - 6.5) < 0.51);
    world_end(&w);
    assert_true(fabs(first_turn(SG_OUTCOME_OK, 0.5) - 300.5) < 0.51);
    world_end(&w);
    assert_true(fabs(first_turn(SG_OUTCOME_OK, 0.99) - 594.5) < 0.51);
    world_end(&w);
    /* one that fails is not asked sooner */
    assert_true(fabs(first_turn(SG_OUTCOME_REJECTED, 0.5) - 630) < 1e-6);
    world_end(&w);
}

static void
who_is_asked_out_of_turn_keeps_his(void **state)
{
    double asked_s;

    (void)state;
    assert_true(first_turn(SG_OUTCOME_OK, 0.5) > 300);
    asked_s = w.now_s - 1;
    w.now_s += 100;
    sg_engine_burst(w.engine);
    assert_true(next_ask(0, 0.5) < 1);
    assert_true(fabs(next_turn(SG_OUTCOME_OK, 0.9) + w.now_s - 1 -
                     (asked_s + 300.5)) < 0.51);
    world_end(&w);
}

static void
a_short_look_ends(void **state)
{
    (void)state;
    world_begin(&w, SG_MODE_GUARD);
    world_add(&w, "a", SG_KIND_NTP, SG_GROUP_UTC);
    world_add(&w, "b", SG_KIND_NTP, SG_GROUP_UTC);
    for (int i = 0; i < 4; i++) {
        assert_false(sg_engine_is_complete(w.engine));
        world_answer(&w, 0, 0);
        next_ask(0, 0.5);
        world_fail(&w, 1, SG_OUTCOME_NO_REPLY, "no reply in 1.0 s");
        next_ask(1, 0.5);
        w.now_s += 1;
    }
    assert_true(sg_engine_is_complete(w.engine));
    world_end(&w);
}

/* ---- what is saved ---- */

static void
the_frequency_is_saved_once_it_is_learned(void **state)
{
    double ppm = 99, sd_ppm = 99;

    (void)state;
    world_begin(&w, SG_MODE_DISCIPLINE);
    world_add(&w, "a", SG_KIND_NTP, SG_GROUP_UTC);
    world_add(&w, "b", SG_KIND_NTP, SG_GROUP_UTC);
    world_rounds(&w, 2, 5, 1);
    assert_false(sg_engine_frequency(w.engine, &ppm, &sd_ppm));
    assert_true(ppm == 99 && sd_ppm == 99);
    world_rounds(&w, 2, 30, 16);
    assert_true(sg_engine_frequency(w.engine, &ppm, &sd_ppm));
    assert_true(fabs(ppm) < 1 && sd_ppm >= 1 && sd_ppm <= 5);
    world_end(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_in_words),
        cmocka_unit_test(a_noticed_foreign_step_is_undone_and_said),
        cmocka_unit_test(an_unnoticed_one_at_the_next_answer),
        cmocka_unit_test(a_notice_without_a_step_changes_nothing),
        cmocka_unit_test(guard_mode_says_it_and_leaves_it),
        cmocka_unit_test(guard_mode_leaves_nothing_to_undo),
        cmocka_unit_test(an_undo_needs_something_to_be_known),
        cmocka_unit_test(an_undo_is_tried_again_if_the_driver_refuses),
        cmocka_unit_test(a_refusal_of_the_driver_is_said_once),
        cmocka_unit_test(a_refusal_of_the_guard_is_said_once),
        cmocka_unit_test(silence_in_words),
        cmocka_unit_test(a_resume_in_words),
        cmocka_unit_test(a_falseticker_is_named_and_forgiven),
        cmocka_unit_test(nonsense_is_called_so),
        cmocka_unit_test(one_address_is_one_host),
        cmocka_unit_test(one_name_is_one_host_at_any_address),
        cmocka_unit_test(hosts_join_in_chains),
        cmocka_unit_test(the_worse_of_two_kdcs_on_one_host_counts),
        cmocka_unit_test(a_kdc_that_died_is_not_the_state_for_hours),
        cmocka_unit_test(no_more_than_there_is_room_for),
        cmocka_unit_test(many_events_never_hide_the_state),
        cmocka_unit_test(kisses_stop_the_asking),
        cmocka_unit_test(questions_come_when_they_may),
        cmocka_unit_test(a_burst_asks_everybody_within_a_second),
        cmocka_unit_test(what_is_planned_is_not_put_off),
        cmocka_unit_test(turns_begin_at_any_moment),
        cmocka_unit_test(who_is_asked_out_of_turn_keeps_his),
        cmocka_unit_test(a_short_look_ends),
        cmocka_unit_test(the_frequency_is_saved_once_it_is_learned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * KDCs whose clocks are unsteady, and those near a threshold: a realm's state
 * is what its KDC's clock reads now.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_world.h"

#define REALM 0

static struct engine_world w;

static void
begin(void)
{
    world_begin(&w, SG_MODE_GUARD);
    sg_engine_add_realm(w.engine, "EXAMPLE.ORG", 300, false);
}

static const struct sg_status_realm *
realm(void)
{
    struct sg_reading now = world_reading(&w);

    sg_engine_status(w.engine, &now, &w.status);
    return &w.status.realms[REALM];
}

/* Answers after_s apart that contradict each other, around at_s. */
static void
wobble(int source, int n, double at_s, double apart_s)
{
    for (int i = 0; i < n; i++) {
        world_answer(&w, source, at_s + (i % 3 - 1) * 0.4);
        w.now_s += apart_s;
    }
}

/* One answer is not believed of a clock that has been steady. */
static void
a_steady_clock_has_to_repeat_what_is_new(void **state)
{
    (void)state;
    begin();
    world_add(&w, "das-m", SG_KIND_KDC, REALM);
    world_rounds(&w, 1, 20, 64);
    world_answer(&w, 0, 400);
    assert_int_equal(realm()->state, SG_STATE_OK);
    w.now_s += 1;
    world_answer(&w, 0, 400);
    assert_int_equal(realm()->state, SG_STATE_EXCEEDED);
    world_end(&w);
}

static void
of_an_unsteady_clock_the_newest_answer_counts(void **state)
{
    static const struct {
        double at_s;
        enum sg_state state;
    } answers[] = {{80, SG_STATE_WARN},      {200, SG_STATE_CRITICAL},
                   {310, SG_STATE_EXCEEDED}, {170, SG_STATE_CRITICAL},
                   {70, SG_STATE_WARN},      {30, SG_STATE_OK}};

    (void)state;
    begin();
    world_add(&w, "das-m", SG_KIND_KDC, REALM);
    world_rounds(&w, 1, 20, 64);
    wobble(0, 30, 40, 64);
    assert_int_equal(realm()->state, SG_STATE_OK);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        world_answer(&w, 0, answers[i].at_s);
        assert_int_equal(realm()->state, answers[i].state);
        w.now_s += 64;
    }
    /* it is no reference for anybody */
    assert_int_equal(w.status.sources[0].tally, SG_TALLY_UNUSABLE);
    assert_false(w.decision.action.kind == SG_ACTION_STEP);
    world_end(&w);
}

/* Forged answers that contradict each other are no unsteady clock. */
static void
where_there_is_a_key_no_single_answer_counts(void **state)
{
    (void)state;
    begin();
    world_add(&w, "das-m", SG_KIND_KDC, REALM);
    world_add(&w, "das-m", SG_KIND_KEYTAB, REALM);
    world_rounds(&w, 2, 20, 64);
    assert_int_equal(realm()->state, SG_STATE_OK);
    for (int i = 0; i < 30; i++) {
        world_answer(&w, 0, 1000 + 10 * (i % 3));
        assert_int_not_equal(realm()->state, SG_STATE_EXCEEDED);
        w.now_s += 4;
        world_answer(&w, 1, 0);
        assert_int_equal(realm()->state, SG_STATE_OK);
        w.now_s += 4;
    }
    world_end(&w);
}

/* The KDC was asked a while ago, and its host's NTP server just now. */
static void
what_an_unsteady_clock_once_read_is_past(void **state)
{
    (void)state;
    begin();
    world_add(&w, "das-m", SG_KIND_KDC, REALM);
    world_add(&w, "das-m", SG_KIND_NTP, REALM);
    world_rounds(&w, 2, 20, 64);
    world_answer(&w, 0, 0);
    w.now_s += 64;
    wobble(1, 12, 100, 40);
    assert_int_equal(realm()->state, SG_STATE_WARN);
    world_answer(&w, 1, 400);
    assert_int_equal(realm()->state, SG_STATE_EXCEEDED);
    world_end(&w);
}

static double
next_ask(int source)
{
    return sg_engine_next_ask(w.engine, source, world_reading(&w).raw, 0);
}

/* Answers until nothing of its burst is left. */
static double
steady_wait_s(int source, double at_s)
{
    double wait_s;

    for (int i = 0; i < 60; i++) {
        world_answer(&w, source, at_s);
        wait_s = next_ask(source);
        if (wait_s > 20)
            break;
        w.now_s += wait_s;
    }
    return wait_s;
}

static void
near_a_threshold_a_kdc_is_asked_more_often(void **state)
{
    static const struct {
        double at_s;
        bool is_near;
    } cases[] = {{10, false}, {41, false}, {43, true},  {68, true},
                 {70, false}, {130, true}, {200, true}, {208, false},
                 {212, true}, {340, true}, {400, false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double wait_s;

        begin();
        world_add(&w, "das-m", SG_KIND_KDC, REALM);
        wait_s = steady_wait_s(0, cases[i].at_s);
        /* and up to 1 s to the turn of its second */
        assert_true(wait_s >= (cases[i].is_near ? 40 : 64));
        assert_true(wait_s <= (cases[i].is_near ? 41.1 : 65.1));
        world_end(&w);
    }
}

/* Even if it has used up what it may surprise us with in an hour. */
static void
near_a_threshold_what_is_new_is_repeated_at_once(void **state)
{
    (void)state;
    for (int is_near = 0; is_near <= 1; is_near++) {
        double at_s = is_near ? 50 : 20;

        begin();
        world_add(&w, "das-m", SG_KIND_KDC, REALM);
        for (int i = 0; i < 20; i++) { /* set 10 times */
            world_answer(&w, 0, at_s + i / 2);
            w.now_s += 40;
        }
        while (next_ask(0) < 10) {
            w.now_s += next_ask(0);
            world_answer(&w, 0, at_s + 9.5);
        }
        w.now_s += 40;
        world_answer(&w, 0, at_s + 20);
        assert_true((next_ask(0) < 1) == is_near);
        w.now_s += 1;
        world_answer(&w, 0, at_s + 40); /* once: it is known to be unsteady */
        assert_true(next_ask(0) > 1);
        world_end(&w);
    }
}

/* What NTP shows of a KDC's clock need not be asked of the KDC. */
static void
an_ntp_server_is_asked_in_its_kdc_s_place(void **state)
{
    (void)state;
    begin();
    world_add(&w, "das-m", SG_KIND_KDC, REALM);
    world_add(&w, "das-m", SG_KIND_NTP, REALM);
    for (int i = 0; i < 30; i++) {
        world_answer(&w, 0, 50);
        world_answer(&w, 1, 50);
        w.now_s += 64;
    }
    assert_true(fabs(steady_wait_s(1, 50) - 40) < 1e-6);
    steady_wait_s(0, 50);
    realm();
    assert_true(w.status.sources[0].poll_s == 600);
    world_end(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_clock_has_to_repeat_what_is_new),
        cmocka_unit_test(of_an_unsteady_clock_the_newest_answer_counts),
        cmocka_unit_test(where_there_is_a_key_no_single_answer_counts),
        cmocka_unit_test(what_an_unsteady_clock_once_read_is_past),
        cmocka_unit_test(near_a_threshold_a_kdc_is_asked_more_often),
        cmocka_unit_test(an_ntp_server_is_asked_in_its_kdc_s_place),
        cmocka_unit_test(near_a_threshold_what_is_new_is_repeated_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

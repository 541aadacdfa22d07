/* What the host's key proves, and what waits for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_world.h"

#include "chance.h"

#define HOUR_S 3600.0

/* One host, KDC and key; and a second one where a test wants it. */
enum { KDC, KEY, KDC_B, KEY_B };

static void
begin(struct engine_world *w, enum sg_mode mode, int hosts)
{
    world_begin(w, mode);
    sg_engine_add_realm(w->engine, "EXAMPLE.ORG", 300, false);
    world_add(w, "das-m", SG_KIND_KDC, 0);
    world_add(w, "das-m", SG_KIND_KEYTAB, 0);
    if (hosts < 2)
        return;
    world_add(w, "das-s", SG_KIND_KDC, 0);
    world_add(w, "das-s", SG_KIND_KEYTAB, 0);
}

/* All is well and known. */
static void
settle(struct engine_world *w, int n)
{
    for (int i = 0; i < 12; i++) {
        for (int j = 0; j < n; j++)
            world_answer(w, j, 0);
        w->now_s += 0.5;
    }
    assert_int_equal(world_status(w)->realms[0].state, SG_STATE_OK);
    w->events[0] = '\0';
}

static void
a_forged_answer_is_a_falseticker_and_is_checked(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    settle(&w, 2);
    w.now_s += HOUR_S;
    world_answer(&w, KDC, 1000);
    w.now_s += 2;
    world_answer(&w, KDC, 1000);
    assert_true(w.decision.reschedule);
    /* the key is asked within a second */
    assert_true(sg_engine_next_ask(w.engine, KEY, world_reading(&w).raw, 0.9) <
                1);
    assert_non_null(strstr(w.events, "source das-m (kdc): falseticker: "
                                     "+1000.000000 s, but authenticated is "));
    assert_non_null(strstr(w.events, ": forged, or just set\n"));
    w.now_s += 0.5;
    world_answer(&w, KEY, 0);
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_OK);
    assert_int_equal(w.status.realms[0].blame, SG_BLAME_NONE);
    assert_string_equal(w.status.realms[0].reason,
                        "KDC das-m: its plain answers contradict its "
                        "authenticated time and are ignored: somebody forges "
                        "them");
    assert_null(strstr(w.events, "EXAMPLE.ORG: exceeded"));
    world_end(&w);
}

/* Proof out of turn is kept for what has to be proven. */
static void
who_wants_to_hear_more_does_not_use_the_key(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    settle(&w, 2);
    w.now_s += 60;
    world_answer(&w, KEY, 0);
    sg_engine_burst(w.engine);
    assert_true(sg_engine_next_ask(w.engine, KDC, world_reading(&w).raw, 0.9) <
                1);
    assert_true(sg_engine_next_ask(w.engine, KEY, world_reading(&w).raw, 0.9) >
                1);
    /* one that fails may work by now */
    world_fail(&w, KEY, SG_OUTCOME_NO_REPLY, "no reply");
    sg_engine_burst(w.engine);
    assert_true(sg_engine_next_ask(w.engine, KEY, world_reading(&w).raw, 0.9) <
                1);
    world_end(&w);
}

static void
a_worse_state_is_announced_when_the_kdc_has_confirmed_it(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    settle(&w, 2);
    w.now_s += 60;
    world_step(&w, 400, true);
    assert_null(strstr(w.events, "EXAMPLE.ORG"));
    assert_true(w.decision.tick_s <= 1);
    w.now_s += 0.5;
    world_answer(&w, KDC, 0);
    assert_null(strstr(w.events, "EXAMPLE.ORG"));
    w.now_s += 0.1;
    world_answer(&w, KEY, 0);
    assert_non_null(strstr(w.events, "EXAMPLE.ORG: exceeded (was ok): this "
                                     "host is 400.000 s ahead of KDC das-m"));
    world_end(&w);
}

static void
nobody_waits_for_a_confirmation_that_does_not_come(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    settle(&w, 2);
    w.now_s += 60;
    world_step(&w, 400, true);
    w.now_s += 1;
    world_fail(&w, KEY, SG_OUTCOME_NO_REPLY, "no reply in 1.0 s");
    assert_non_null(strstr(w.events, "EXAMPLE.ORG: exceeded (was ok)"));
    w.events[0] = '\0';
    w.now_s += 1;
    /* nor if nothing at all happens */
    world_step(&w, -400, true);
    assert_null(strstr(w.events, "EXAMPLE.ORG"));
    w.now_s += 11;
    world_tick(&w);
    assert_non_null(strstr(w.events, "EXAMPLE.ORG: ok (was exceeded)"));
    world_end(&w);
}

static void
a_kdc_that_proves_nothing_can_only_say_that_all_is_well(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE, 1);
    for (int i = 0; i < 12; i++) {
        world_answer(&w, KDC, 400);
        world_fail(&w, KEY, SG_OUTCOME_UNPROVEN,
                   "KRB-ERROR 25 in clear: forged");
        w.now_s += 0.5;
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_UNKNOWN);
    assert_true(w.status.realms[0].measured);
    assert_string_equal(w.status.realms[0].reason,
                        "KDC das-m says +400.000 s, and nothing proves it: "
                        "KRB-ERROR 25 in clear: forged");
    assert_int_equal(w.status.realms[0].auth, SG_AUTH_FAILS);
    assert_string_equal(w.status.sources[KDC].reason,
                        "+400.000 s, but not authenticated though there is a "
                        "key");
    assert_int_equal(w.status.clock.steps, 0);
    world_end(&w);

    begin(&w, SG_MODE_GUARD, 1);
    for (int i = 0; i < 12; i++) {
        world_answer(&w, KDC, 1);
        world_fail(&w, KEY, SG_OUTCOME_REJECTED, "KRB-ERROR 24");
        w.now_s += 0.5;
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_OK);
    world_end(&w);
}

static void
without_a_keytab_plain_answers_count_as_ever(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    for (int i = 0; i < 12; i++) {
        world_fail(&w, KEY, SG_OUTCOME_KEYTAB,
                   "/etc/krb5.keytab: Permission denied");
        world_answer(&w, KDC, 400);
        w.now_s += 0.5;
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_EXCEEDED);
    assert_int_equal(w.status.realms[0].auth, SG_AUTH_NO_KEYTAB);
    assert_string_equal(w.status.realms[0].auth_reason,
                        "/etc/krb5.keytab: Permission denied");
    assert_non_null(strstr(w.events,
                           "EXAMPLE.ORG: KDC time cannot be authenticated: "
                           "/etc/krb5.keytab: Permission denied\n"));
    world_end(&w);
}

static void
a_kdc_that_is_new_does_not_bring_a_key(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    world_fail(&w, KEY, SG_OUTCOME_KEYTAB, "/etc/krb5.keytab: No such file");
    for (int i = 0; i < 12; i++) {
        world_answer(&w, KDC, 0);
        w.now_s += 0.5;
    }
    world_add(&w, "das-s", SG_KIND_KDC, 0);
    world_add(&w, "das-s", SG_KIND_KEYTAB, 0);
    w.events[0] = '\0';
    for (int i = 0; i < 3; i++) {
        world_answer(&w, KDC_B, 100);
        w.now_s += 0.5;
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_WARN);
    assert_null(strstr(w.events, "unknown"));
    world_end(&w);
}

/* Who could not look a name up has not looked for the key either. */
static void
a_failed_look_up_does_not_bring_a_key(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    for (int i = 0; i < 12; i++) {
        world_fail(&w, KEY, SG_OUTCOME_KEYTAB, "/etc/krb5.keytab: No such");
        world_answer(&w, KDC, 100);
        w.now_s += 0.5;
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_WARN);
    w.events[0] = '\0';
    for (int i = 0; i < 3; i++) {
        world_fail(&w, KEY, SG_OUTCOME_NAME, "das-m: no answer in 6 s");
        world_answer(&w, KDC, 100);
        w.now_s += 60;
    }
    assert_events(&w, "");
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_WARN);
    assert_int_equal(w.status.realms[0].auth, SG_AUTH_NO_KEYTAB);
    assert_string_equal(w.status.realms[0].auth_reason,
                        "/etc/krb5.keytab: No such");
    world_end(&w);
}

/* A log does not begin with what the next packet takes back. */
static void
nothing_is_called_unproven_before_it_was_asked(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    for (int i = 0; i < 12; i++) {
        world_answer(&w, KDC, 100);
        w.now_s += 0.4;
    }
    assert_events(&w, "");
    world_fail(&w, KEY, SG_OUTCOME_KEYTAB, "/etc/krb5.keytab: No such");
    world_answer(&w, KDC, 100);
    assert_null(strstr(w.events, "nothing proves it"));
    assert_non_null(strstr(w.events, "EXAMPLE.ORG: warn (was unknown)"));
    world_end(&w);
}

static void
what_was_proven_is_forgotten_with_the_keytab(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    settle(&w, 2);
    world_fail(&w, KEY, SG_OUTCOME_KEYTAB, "/etc/krb5.keytab: No such file");
    for (int i = 0; i < 4; i++) {
        w.now_s += 60;
        world_answer(&w, KDC, 400);
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_EXCEEDED);
    world_end(&w);
}

static void
a_keytab_that_vanishes_does_so_for_all_kdcs(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 2);
    settle(&w, 4);
    w.now_s += 60;
    /* the other KDC's turn to be asked with it comes in an hour */
    world_fail(&w, KEY, SG_OUTCOME_KEYTAB, "/etc/krb5.keytab: No such file");
    for (int i = 0; i < 4; i++) {
        w.now_s += 60;
        world_answer(&w, KDC, 400);
        world_answer(&w, KDC_B, 0);
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_EXCEEDED);
    /* and it is there again */
    world_answer(&w, KEY, 0);
    assert_int_equal(world_status(&w)->realms[0].auth, SG_AUTH_WORKS);
    world_end(&w);
}

static void
a_kdc_that_is_not_asked_for_proof_is_not_better_for_it(void **state)
{
    struct engine_world w;
    int other;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    other = world_add(&w, "das-x", SG_KIND_KDC, 0);
    for (int i = 0; i < 12; i++) {
        world_answer(&w, KDC, 0);
        world_answer(&w, other, 400);
        world_fail(&w, KEY, SG_OUTCOME_NO_REPLY, "no reply in 1.0 s");
        w.now_s += 0.5;
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_UNKNOWN);
    assert_int_equal(w.status.sources[other].tally, SG_TALLY_ASIDE);
    for (int i = 0; i < 3; i++) {
        world_answer(&w, KEY, 0);
        world_answer(&w, other, 400);
        w.now_s += 0.5;
    }
    assert_int_equal(world_status(&w)->sources[other].tally,
                     SG_TALLY_FALSETICKER);
    world_end(&w);
}

static void
what_is_forged_later_does_not_blame_a_kdc(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    settle(&w, 2);
    for (int i = 0; i < 3; i++) {
        w.now_s += 60;
        world_answer(&w, KDC, 100);
        world_answer(&w, KEY, 0);
    }
    /* now our own clock goes back by as much, and nobody tells */
    w.now_s += 60;
    world_step(&w, -100, false);
    for (int i = 0; i < 12; i++) {
        w.now_s += 0.5;
        world_answer(&w, KEY, 0);
        world_answer(&w, KDC, 0);
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_WARN);
    assert_int_not_equal(w.status.realms[0].blame, SG_BLAME_KDC);
    world_end(&w);
}

static void
another_address_was_not_set(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    sg_engine_set_address(w.engine, KDC, "192.0.2.1", 88, false);
    sg_engine_set_address(w.engine, KEY, "192.0.2.1", 88, false);
    settle(&w, 2);
    for (int i = 0; i < 4; i++) {
        w.now_s += 60;
        world_answer(&w, KDC, 100);
        world_answer(&w, KEY, 100);
    }
    assert_int_equal(world_status(&w)->realms[0].blame, SG_BLAME_KDC);
    sg_engine_set_address(w.engine, KDC, "192.0.2.2", 88, false);
    sg_engine_set_address(w.engine, KEY, "192.0.2.2", 88, false);
    for (int i = 0; i < 4; i++) {
        w.now_s += 60;
        world_answer(&w, KDC, 100);
        world_answer(&w, KEY, 100);
    }
    assert_int_equal(world_status(&w)->realms[0].blame, SG_BLAME_UNCLEAR);
    world_end(&w);
}

/* As after a reload while DNS fails. */
static void
a_failed_look_up_takes_no_history_away(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    sg_engine_set_address(w.engine, KDC, "192.0.2.1", 88, false);
    for (int i = 0; i < 12; i++) {
        world_fail(&w, KEY, SG_OUTCOME_KEYTAB, "/etc/krb5.keytab: No such");
        world_answer(&w, KDC, 100);
        w.now_s += 0.5;
    }
    sg_engine_set_address(w.engine, KDC, "", 88, false);
    world_fail(&w, KDC, SG_OUTCOME_NAME, "das-m: no answer in 6 s");
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_WARN);
    assert_string_equal(w.status.sources[KDC].address, "192.0.2.1");
    world_end(&w);
}

static void
a_kdc_that_is_back_is_asked_for_proof(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE, 1);
    for (int i = 0; i < 12; i++) {
        world_fail(&w, KDC, SG_OUTCOME_NO_REPLY, "no reply in 1.0 s");
        world_fail(&w, KEY, SG_OUTCOME_NO_REPLY, "no reply in 1.0 s");
        w.now_s += 600;
    }
    assert_true(sg_engine_next_ask(w.engine, KEY, world_reading(&w).raw, 0) >
                1000);
    world_answer(&w, KDC, 0);
    assert_true(sg_engine_next_ask(w.engine, KEY, world_reading(&w).raw, 0.9) <
                1);
    world_end(&w);
}

static void
a_step_waits_for_proof_and_may_then_be_large(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE, 1);
    w.behind_s = 5 * HOUR_S;
    for (int i = 0; i < 6; i++) {
        world_answer(&w, KDC, 0);
        w.now_s += 0.3;
    }
    assert_int_equal(world_status(&w)->clock.steps, 0);
    for (int i = 0; i < 6; i++) {
        world_answer(&w, KEY, 0);
        w.now_s += 0.3;
    }
    assert_int_equal(world_status(&w)->clock.steps, 1);
    assert_non_null(strstr(w.events, "clock: step by +18000.000000 s: "
                                     "authenticated by a KDC, 1 host\n"));
    /* a day back is the limit, authenticated or not */
    world_end(&w);
}

static void
an_hour_old_proof_is_renewed_before_a_step(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_DISCIPLINE, 2);
    settle(&w, 4);
    w.now_s += HOUR_S;
    /* nobody saw this jump but the sources: the kernel did not tell */
    for (int i = 0; i < 3; i++) {
        w.now_s += 5;
        world_answer(&w, KDC, 100);
        world_answer(&w, KDC_B, 100);
    }
    assert_int_equal(world_status(&w)->clock.steps, 0);
    for (int i = 0; i < 3; i++) {
        w.now_s += 1;
        world_answer(&w, KEY, 100);
        world_answer(&w, KEY_B, 100);
    }
    w.now_s += 1;
    world_answer(&w, KDC, 100);
    world_answer(&w, KDC_B, 100);
    assert_int_equal(world_status(&w)->clock.steps, 1);
    assert_true(fabs(w.behind_s + 100) < 0.01);
    world_end(&w);
}

static void
two_kdcs_that_prove_two_times_outrank_nobody(void **state)
{
    struct engine_world w;
    int ntp;

    (void)state;
    begin(&w, SG_MODE_GUARD, 2);
    ntp = world_add(&w, "das-m", SG_KIND_NTP, 0);
    settle(&w, 5);
    for (int i = 0; i < 4; i++) {
        w.now_s += 60;
        world_answer(&w, KDC_B, 90);
        world_answer(&w, KEY_B, 90);
        world_answer(&w, ntp, 0);
        world_answer(&w, KDC, 0);
        world_answer(&w, KEY, 0);
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_WARN);
    assert_int_equal(w.status.realms[0].blame, SG_BLAME_KDC);
    assert_string_equal(w.status.realms[0].reason,
                        "KDC das-s (authenticated): its clock was set by "
                        "+90.0 s; this host's was not");
    assert_true(w.status.sources[ntp].tally != SG_TALLY_FALSETICKER);
    world_end(&w);
}

/* ---- how often ---- */

/* Answer until nothing of its burst is left; its next question after that. */
static double
next_after_burst(struct engine_world *w, int source, double off_s)
{
    double wait_s;

    do {
        world_answer(w, source, off_s);
        wait_s =
            sg_engine_next_ask(w->engine, source, world_reading(w).raw, 0.9);
        w->now_s += 2;
    } while (wait_s <= 3 && w->now_s < 1e6);
    return wait_s;
}

static void
proof_is_asked_for_often_only_where_it_is_all_that_is_believed(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 2);
    settle(&w, 4);
    for (int i = 0; i < 4; i++) {
        w.now_s += 60;
        world_answer(&w, KDC, 1000); /* forged, both */
        world_answer(&w, KDC_B, 1000);
        world_answer(&w, KEY, 0);
        world_answer(&w, KEY_B, 0);
    }
    assert_true(fabs(next_after_burst(&w, KEY, 0) - 64 * 1.09) < 1.01);
    world_end(&w);

    begin(&w, SG_MODE_GUARD, 2);
    settle(&w, 4);
    for (int i = 0; i < 4; i++) {
        w.now_s += 60;
        world_answer(&w, KDC, 0);
        world_answer(&w, KEY, 0);
        world_answer(&w, KDC_B, 90); /* was set */
        world_answer(&w, KEY_B, 90);
    }
    assert_int_equal(world_status(&w)->sources[KEY].tally, SG_TALLY_ASIDE);
    assert_true(next_after_burst(&w, KEY, 0) > 0.8 * HOUR_S);
    world_end(&w);
}

struct day {
    int requests[48]; /* to KDCs, each half hour, after the first */
    int asked[8];     /* each source, after the first half hour */
};

/* A day of a realm whose KDCs answer as told; each key's outcome is code. */
static void
live_a_day(struct engine_world *w, int n, enum sg_outcome_code code,
           bool with_ntp, struct day *ret)
{
    double due_s[8], begun_s = w->now_s;

    memset(ret, 0, sizeof *ret);
    for (int i = 0; i < n; i++)
        due_s[i] = w->now_s + 0.1 * i;
    for (;;) {
        int i = 0;
        double t_s;

        for (int j = 1; j < n; j++)
            i = due_s[j] < due_s[i] ? j : i;
        w->now_s = due_s[i];
        t_s = w->now_s - begun_s;
        if (t_s >= 24 * HOUR_S)
            return;
        if (i < 4 && t_s > HOUR_S / 2) {
            ret->requests[(int)(t_s / HOUR_S * 2)]++;
            ret->asked[i]++;
        }
        if (i % 2 == 1 && i < 4 && code != SG_OUTCOME_OK)
            world_fail(w, i, code, "no");
        else if (i < 4 || with_ntp)
            world_answer(w, i, 0);
        else
            world_fail(w, i, SG_OUTCOME_NO_REPLY, "no reply");
        for (int j = 0; j < n; j++)
            if (j == i || (w->decision.reschedule && due_s[j] > w->now_s))
                due_s[j] = w->now_s + sg_engine_next_ask(w->engine, j,
                                                         world_reading(w).raw,
                                                         chance_between(0, 1));
    }
}

static void
kdcs_have_seven_requests_an_hour_at_most(void **state)
{
    struct engine_world w;
    struct day day;

    (void)state;
    chance_begin();
    begin(&w, SG_MODE_GUARD, 2);
    world_add(&w, "das-m", SG_KIND_NTP, 0);
    world_add(&w, "das-s", SG_KIND_NTP, 0);
    live_a_day(&w, 6, SG_OUTCOME_OK, true, &day);
    for (int i = 1; i < 47; i++)
        assert_in_range(day.requests[i] + day.requests[i + 1], 1, 7);
    /* one of them authenticated */
    assert_in_range(day.asked[KEY] + day.asked[KEY_B], 20, 24);
    world_end(&w);
}

static void
a_new_key_is_offered_at_once(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    for (int i = 0; i < 4; i++) {
        world_answer(&w, KDC, 0);
        world_fail(&w, KEY, SG_OUTCOME_REJECTED, "KRB-ERROR 24");
        w.now_s += 1;
    }
    assert_true(sg_engine_next_ask(w.engine, KEY, world_reading(&w).raw, 0) >
                1000);
    sg_engine_key_changed(w.engine);
    assert_true(sg_engine_next_ask(w.engine, KEY, world_reading(&w).raw, 0.9) <
                1);
    world_end(&w);
}

/* Two KDCs at one address, as behind a port forwarding. */
static void
a_port_tells_one_kdc_from_another(void **state)
{
    static const char *const names[] = {"das-m", "das-m", "das-s", "das-s"};
    struct engine_world w;

    (void)state;
    world_begin(&w, SG_MODE_GUARD);
    sg_engine_add_realm(w.engine, "EXAMPLE.ORG", 300, false);
    for (int i = 0; i < 4; i++) {
        struct sg_engine_source about = {
            .kind = i % 2 ? SG_KIND_KEYTAB : SG_KIND_KDC, .port = 88 + i / 2};

        snprintf(about.name, sizeof about.name, "%s", names[i]);
        snprintf(about.host, sizeof about.host, "192.0.2.1");
        assert_int_equal(sg_engine_add_source(w.engine, &about), i);
        sg_engine_set_address(w.engine, i, "192.0.2.1", about.port, false);
    }
    for (int i = 0; i < 12; i++) {
        world_answer(&w, KDC, 0);
        world_answer(&w, KEY, 0);
        world_answer(&w, KDC_B, 90);
        world_answer(&w, KEY_B, 90);
        w.now_s += 0.5;
    }
    assert_false(world_status(&w)->sources[KDC].tally == SG_TALLY_FALSETICKER);
    assert_false(w.status.sources[KDC_B].tally == SG_TALLY_FALSETICKER);
    world_end(&w);
}

/* What our own two clocks have seen nobody has to prove. */
static void
our_own_clock_stepped_is_told_without_proof(void **state)
{
    struct engine_world w;

    (void)state;
    begin(&w, SG_MODE_GUARD, 1);
    for (int i = 0; i < 12; i++) {
        world_answer(&w, KDC, 0);
        world_fail(&w, KEY, SG_OUTCOME_REJECTED, "KRB-ERROR 24");
        w.now_s += 0.5;
    }
    world_step(&w, 400, true);
    for (int i = 0; i < 3; i++) {
        w.now_s += 1;
        world_answer(&w, KDC, 0);
        world_fail(&w, KEY, SG_OUTCOME_REJECTED, "KRB-ERROR 24");
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_EXCEEDED);
    assert_int_equal(w.status.realms[0].blame, SG_BLAME_OURS);
    /* but no more than that */
    for (int i = 0; i < 4; i++) {
        w.now_s += 60;
        world_answer(&w, KDC, 1000);
        world_fail(&w, KEY, SG_OUTCOME_REJECTED, "KRB-ERROR 24");
    }
    assert_int_equal(world_status(&w)->realms[0].state, SG_STATE_UNKNOWN);
    world_end(&w);
}

static void
a_wrong_key_is_offered_once_an_hour(void **state)
{
    struct engine_world w;
    struct day day;

    (void)state;
    chance_begin();
    begin(&w, SG_MODE_GUARD, 2);
    live_a_day(&w, 4, SG_OUTCOME_REJECTED, false, &day);
    assert_in_range(day.asked[KEY] + day.asked[KEY_B], 20, 25);
    world_end(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forged_answer_is_a_falseticker_and_is_checked),
        cmocka_unit_test(who_wants_to_hear_more_does_not_use_the_key),
        cmocka_unit_test(
            a_worse_state_is_announced_when_the_kdc_has_confirmed_it),
        cmocka_unit_test(nobody_waits_for_a_confirmation_that_does_not_come),
        cmocka_unit_test(
            a_kdc_that_proves_nothing_can_only_say_that_all_is_well),
        cmocka_unit_test(without_a_keytab_plain_answers_count_as_ever),
        cmocka_unit_test(a_kdc_that_is_new_does_not_bring_a_key),
        cmocka_unit_test(a_failed_look_up_does_not_bring_a_key),
        cmocka_unit_test(nothing_is_called_unproven_before_it_was_asked),
        cmocka_unit_test(what_was_proven_is_forgotten_with_the_keytab),
        cmocka_unit_test(a_keytab_that_vanishes_does_so_for_all_kdcs),
        cmocka_unit_test(
            a_kdc_that_is_not_asked_for_proof_is_not_better_for_it),
        cmocka_unit_test(what_is_forged_later_does_not_blame_a_kdc),
        cmocka_unit_test(another_address_was_not_set),
        cmocka_unit_test(a_failed_look_up_takes_no_history_away),
        cmocka_unit_test(a_kdc_that_is_back_is_asked_for_proof),
        cmocka_unit_test(a_step_waits_for_proof_and_may_then_be_large),
        cmocka_unit_test(an_hour_old_proof_is_renewed_before_a_step),
        cmocka_unit_test(two_kdcs_that_prove_two_times_outrank_nobody),
        cmocka_unit_test(
            proof_is_asked_for_often_only_where_it_is_all_that_is_believed),
        cmocka_unit_test(kdcs_have_seven_requests_an_hour_at_most),
        cmocka_unit_test(a_wrong_key_is_offered_once_an_hour),
        cmocka_unit_test(a_new_key_is_offered_at_once),
        cmocka_unit_test(a_port_tells_one_kdc_from_another),
        cmocka_unit_test(our_own_clock_stepped_is_told_without_proof),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

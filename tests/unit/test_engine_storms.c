/* How often KDCs are asked whatever somebody on the path does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_world.h"

#include "chance.h"

#define HOUR_S 3600.0
#define HOURS 8 /* that are watched */
#define MAX 64

struct life;

/* What source answers now: its offset, or how it fails. */
struct reply {
    enum sg_outcome_code code;
    double offset_s;
};

typedef struct reply replies(const struct life *l, int source);

struct life {
    struct engine_world w;
    int n;
    enum sg_kind kinds[MAX];
    double due_s[MAX];
    double burst_s;   /* the network changes so often; 0: never */
    int answers[MAX]; /* of each source, so far */
    int asked[MAX];   /* since the count began */
    replies *reply;
};

static struct life life;

static void
begin(struct life *l, enum sg_mode mode, replies *reply)
{
    memset(l, 0, sizeof *l);
    l->reply = reply;
    world_begin(&l->w, mode);
    sg_engine_add_realm(l->w.engine, "EXAMPLE.ORG", 300, false);
}

static int
add(struct life *l, const char *name, enum sg_kind kind, int realm)
{
    int i = world_add(&l->w, name, kind, realm);

    l->kinds[i] = kind;
    l->n++;
    l->due_s[i] = l->w.now_s + sg_engine_next_ask(l->w.engine, i,
                                                  world_reading(&l->w).raw,
                                                  chance_between(0, 1));
    return i;
}

/* Hosts with KDC, key, and perhaps NTP. */
static void
add_hosts(struct life *l, int hosts, bool with_ntp)
{
    for (int i = 0; i < hosts; i++) {
        char name[16];

        snprintf(name, sizeof name, "das-%d", i);
        add(l, name, SG_KIND_KDC, 0);
        add(l, name, SG_KIND_KEYTAB, 0);
        if (with_ntp)
            add(l, name, SG_KIND_NTP, 0);
    }
}

static void
plan(struct life *l, int i)
{
    double wait_s = sg_engine_next_ask(l->w.engine, i, world_reading(&l->w).raw,
                                       chance_between(0, 1));

    l->due_s[i] = wait_s < 0 ? INFINITY : l->w.now_s + wait_s;
}

static void
obey(struct life *l, int asked)
{
    if (asked >= 0 && !l->w.decision.reschedule)
        plan(l, asked);
    for (int j = 0; j < l->n && l->w.decision.reschedule; j++)
        plan(l, j);
}

static void
ask(struct life *l, int i)
{
    struct reply reply = l->reply(l, i);

    l->asked[i]++;
    l->answers[i]++;
    if (reply.code == SG_OUTCOME_OK)
        world_answer(&l->w, i, reply.offset_s);
    else
        world_fail(&l->w, i, reply.code, "no");
    obey(l, i);
}

static void
live(struct life *l, double span_s)
{
    double end_s = l->w.now_s + span_s, tick_s = l->w.now_s;
    double burst_s = l->burst_s > 0 ? l->w.now_s + l->burst_s : INFINITY;

    memset(l->asked, 0, sizeof l->asked);
    for (;;) {
        int i = 0;
        double next_s;

        l->w.events[0] = '\0';
        for (int j = 1; j < l->n; j++)
            i = l->due_s[j] < l->due_s[i] ? j : i;
        next_s = fmin(fmin(l->due_s[i], tick_s), fmin(burst_s, end_s));
        l->w.now_s = fmax(next_s, l->w.now_s + 1e-4);
        if (next_s >= end_s)
            return;
        if (next_s == burst_s) {
            burst_s += l->burst_s;
            sg_engine_burst(l->w.engine);
            for (int j = 0; j < l->n; j++)
                plan(l, j);
        } else if (next_s == l->due_s[i]) {
            ask(l, i);
        } else {
            world_tick(&l->w);
            obey(l, -1);
        }
        tick_s = l->w.now_s + l->w.decision.tick_s;
    }
}

static int
count(const struct life *l, enum sg_kind kind)
{
    int n = 0;

    for (int i = 0; i < l->n; i++)
        n += l->kinds[i] == kind ? l->asked[i] : 0;
    return n;
}

/* When it has gone on for hours: how often keys are used in an hour. */
static double
keys_an_hour(struct life *l)
{
    live(l, 4 * HOUR_S);
    live(l, HOURS * HOUR_S);
    return count(l, SG_KIND_KEYTAB) / (double)HOURS;
}

/* ---- what somebody on the path makes of the answers ---- */

static bool
is_key(const struct life *l, int i)
{
    return l->kinds[i] == SG_KIND_KEYTAB;
}

/* Two answers with the right time, then two that add 1000 s: each pair is
 * believed to be a clock that was set. */
static double
pairs(const struct life *l, int i)
{
    return l->answers[i] / 2 % 2 ? 1000 : 0;
}

static struct reply
refuse_key(const struct life *l, int i)
{
    return (struct reply){is_key(l, i) ? SG_OUTCOME_REJECTED : SG_OUTCOME_OK,
                          0};
}

static struct reply
refuse_key_and_flap(const struct life *l, int i)
{
    return is_key(l, i) ? (struct reply){SG_OUTCOME_REJECTED, 0}
                        : (struct reply){SG_OUTCOME_OK, pairs(l, i)};
}

static struct reply
know_no_fast(const struct life *l, int i)
{
    return (struct reply){is_key(l, i) ? SG_OUTCOME_UNPROVEN : SG_OUTCOME_OK,
                          0};
}

/* All NTP servers do. */
static struct reply
flap(const struct life *l, int i)
{
    return (struct reply){SG_OUTCOME_OK,
                          l->kinds[i] == SG_KIND_NTP ? pairs(l, i) : 0};
}

static struct reply
drop_key_and_flap(const struct life *l, int i)
{
    return is_key(l, i) ? (struct reply){SG_OUTCOME_NO_REPLY, 0}
                        : (struct reply){SG_OUTCOME_OK, pairs(l, i)};
}

/* Everybody, and proven: we are 20 s off. */
static struct reply
say_we_are_off(const struct life *l, int i)
{
    (void)i;
    return (struct reply){SG_OUTCOME_OK,
                          l->w.now_s > 1000 + 3 * HOUR_S ? 20 : 0};
}

/* ---- */

static void
a_wrong_key_is_not_offered_more_often_for_what_is_forged(void **state)
{
    static replies *const worlds[] = {refuse_key, refuse_key_and_flap};

    (void)state;
    chance_begin();
    for (int i = 0; i < 4; i++) {
        begin(&life, i < 2 ? SG_MODE_GUARD : SG_MODE_DISCIPLINE, worlds[i % 2]);
        add_hosts(&life, 2, true);
        life.burst_s = 300; /* nor for a network that comes and goes */
        assert_true(keys_an_hour(&life) <= 1.1);
        world_end(&life.w);
    }
}

static void
kdcs_that_prove_nothing_are_asked_to_in_turn(void **state)
{
    (void)state;
    chance_begin();
    begin(&life, SG_MODE_DISCIPLINE, know_no_fast);
    add_hosts(&life, 10, true);
    assert_true(keys_an_hour(&life) <= 1.1);
    assert_in_range(count(&life, SG_KIND_KDC), HOURS * 4, HOURS * 6);
    world_end(&life.w);
}

static void
forged_answers_raise_no_storm_of_keys(void **state)
{
    static replies *const worlds[] = {flap, drop_key_and_flap};

    (void)state;
    chance_begin();
    for (int i = 0; i < 4; i++) {
        begin(&life, i < 2 ? SG_MODE_GUARD : SG_MODE_DISCIPLINE, worlds[i % 2]);
        add_hosts(&life, 10, true);
        assert_true(keys_an_hour(&life) <= 7);
        world_end(&life.w);
    }
}

static void
a_step_that_is_refused_raises_none_either(void **state)
{
    (void)state;
    chance_begin();
    begin(&life, SG_MODE_DISCIPLINE, say_we_are_off);
    life.w.refuses = true;
    add_hosts(&life, 2, true);
    assert_true(keys_an_hour(&life) <= 7);
    /* nor are the others never asked for it */
    assert_in_range(count(&life, SG_KIND_KDC), HOURS * 4, HOURS * 6);
    world_end(&life.w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_wrong_key_is_not_offered_more_often_for_what_is_forged),
        cmocka_unit_test(kdcs_that_prove_nothing_are_asked_to_in_turn),
        cmocka_unit_test(forged_answers_raise_no_storm_of_keys),
        cmocka_unit_test(a_step_that_is_refused_raises_none_either),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

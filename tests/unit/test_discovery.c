/* Rounds of discovery: what is kept, what is forgotten, what is news. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fakedns.h"
#include "setup/discovery.h"

#define LINES(...)                                                             \
    .lines = (const char *const[])                                             \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

static struct fakedns_record records[] = {
    {"_kerberos._udp.A.TEST",
     LINES("SRV 0 0 88 a1.test", "SRV 1 0 88 a2.test")},
    {"_kerberos.B.TEST", LINES("URI 0 0 krb5srv:m:tcp:b.test")},
    {.name = NULL},
};

struct world {
    struct event_base *base;
    struct fakedns dns;
    struct sg_discovery *discovery;
    struct sg_plan plan;
    int rounds;
    bool is_done;
};

static void
on_done(void *arg)
{
    struct world *world = arg;

    world->rounds++;
    world->is_done = true;
}

static int
set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct sg_err err = {""};

    world->base = event_base_new();
    fakedns_start(&world->dns, world->base, records);
    world->discovery =
        sg_discovery_new(world->base, world->dns.servers, on_done, world, &err);
    assert_non_null(world->discovery);
    records[0].rcode = 0;
    records[1].rcode = 0;
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *world = *state;

    sg_discovery_free(world->discovery);
    fakedns_stop(&world->dns);
    event_base_free(world->base);
    free(world);
    return 0;
}

/* The plan asks for a realm, which is one of its own or only a trust. */
static void
ask_for(struct world *world, const char *realm, bool is_trust)
{
    struct sg_plan *plan = &world->plan;

    plan->asks[plan->n_asks].uses_uri = true;
    strcpy(plan->asks[plan->n_asks++].realm, realm);
    if (!is_trust)
        strcpy(plan->realms[plan->n_realms++].name, realm);
}

static void
run(struct world *world)
{
    world->is_done = false;
    world->rounds = 0;
    assert_true(sg_discovery_begin(world->discovery, &world->plan));
    assert_int_equal(world->rounds, 0);
    loop_until(world->base, &world->is_done);
    loop_run(world->base, NULL, 0.01);
    assert_int_equal(world->rounds, 1);
}

static void
expect(const struct world *world, const char *realm, bool is_news,
       const char *text)
{
    const struct sg_finding *finding =
        sg_findings_of(sg_discovery_findings(world->discovery), realm);
    struct sg_buf buf = SG_BUF_INIT;

    assert_non_null(finding);
    sg_finding_describe(finding, &buf);
    assert_string_equal(buf.text, text);
    assert_int_equal(finding->is_news, is_news);
    sg_buf_free(&buf);
}

static void
nothing_to_ask(void **state)
{
    struct world *world = *state;

    assert_false(sg_discovery_begin(world->discovery, &world->plan));
    assert_int_equal(sg_discovery_findings(world->discovery)->n, 0);
    assert_false(sg_discovery_has_failed(world->discovery));
}

static void
news_are_told_once(void **state)
{
    struct world *world = *state;

    ask_for(world, "A.TEST", false);
    ask_for(world, "B.TEST", false);
    run(world);
    expect(world, "A.TEST", true,
           "A.TEST: 2 KDCs by DNS SRV: a1.test, a2.test");
    expect(world, "B.TEST", true, "B.TEST: 1 KDC by DNS URI: b.test");
    run(world);
    expect(world, "A.TEST", false,
           "A.TEST: 2 KDCs by DNS SRV: a1.test, a2.test");
    assert_false(sg_discovery_has_failed(world->discovery));
}

static void
a_failure_takes_nothing_away(void **state)
{
    struct world *world = *state;

    ask_for(world, "A.TEST", false);
    run(world);
    for (int rcode = 3; rcode >= 2; rcode--) {
        const char *text =
            rcode == 3 ? "A.TEST: DNS has no URI or SRV records of KDCs; the "
                         "KDCs found before stay"
                       : "A.TEST: DNS: each DNS server is unreachable, refuses "
                         "or fails; the KDCs found before stay";

        records[0].rcode = rcode;
        run(world);
        assert_true(sg_discovery_has_failed(world->discovery));
        expect(world, "A.TEST", true, text);
        assert_int_equal(sg_discovery_findings(world->discovery)
                             ->finding[0]
                             .answer.list.n_kdcs,
                         2);
        run(world);
        expect(world, "A.TEST", false, text);
    }
    records[0].rcode = 0;
    run(world);
    expect(world, "A.TEST", true,
           "A.TEST: 2 KDCs by DNS SRV: a1.test, a2.test");
    assert_false(sg_discovery_has_failed(world->discovery));
}

static void
a_trust_may_be_without(void **state)
{
    struct world *world = *state;

    ask_for(world, "C.TEST", true);
    run(world);
    assert_false(sg_discovery_has_failed(world->discovery));
    expect(world, "C.TEST", true,
           "C.TEST: DNS has no URI or SRV records of KDCs");
    ask_for(world, "D.TEST", false);
    run(world);
    assert_true(sg_discovery_has_failed(world->discovery));
}

static void
other_questions_are_forgotten(void **state)
{
    struct world *world = *state;

    ask_for(world, "A.TEST", false);
    ask_for(world, "B.TEST", false);
    run(world);
    /* the second becomes the first: it is still known */
    world->plan.asks[0] = world->plan.asks[1];
    world->plan.n_asks = 1;
    records[1].rcode = 2;
    run(world);
    assert_null(
        sg_findings_of(sg_discovery_findings(world->discovery), "A.TEST"));
    expect(world, "B.TEST", true,
           "B.TEST: DNS: each DNS server is unreachable, refuses or fails; the "
           "KDCs found before stay");
    /* asked otherwise, it is another question */
    world->plan.asks[0].uses_uri = false;
    run(world);
    expect(world, "B.TEST", true, "B.TEST: DNS has no SRV records of KDCs");
}

static void
a_new_round_ends_the_old_one(void **state)
{
    struct world *world = *state;

    ask_for(world, "A.TEST", false);
    assert_true(sg_discovery_begin(world->discovery, &world->plan));
    assert_true(sg_discovery_begin(world->discovery, &world->plan));
    run(world);
    expect(world, "A.TEST", true,
           "A.TEST: 2 KDCs by DNS SRV: a1.test, a2.test");
    assert_true(sg_discovery_begin(world->discovery, &world->plan));
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(nothing_to_ask),
        UNIT(news_are_told_once),
        UNIT(a_failure_takes_nothing_away),
        UNIT(a_trust_may_be_without),
        UNIT(other_questions_are_forgotten),
        UNIT(a_new_round_ends_the_old_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

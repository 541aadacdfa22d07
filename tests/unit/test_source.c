/* Sources: look-ups, addresses in turn, one answer for each question. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "source_world.h"

static void
knows_its_address(void **state)
{
    struct world *world = *state;
    char text[SG_ADDRESS_MAX] = "untouched";

    open_source(world, "192.0.2.7", SG_TRANSPORT_AUTO);
    assert_false(sg_source_address(world->source, text, sizeof text));
    assert_string_equal(text, "untouched");
    assert_int_equal(sg_source_port(world->source), 88);
    assert_false(sg_source_is_tcp(world->source));
    expect(world, CODES(OK), CODES(OK), "192.0.2.7/udp ");
    assert_true(sg_source_address(world->source, text, sizeof text));
    assert_string_equal(text, "192.0.2.7");
    assert_int_equal(world->dns.queries, 0);
}

static void
one_question_at_a_time(void **state)
{
    struct world *world = *state;

    open_source(world, "one.test.", SG_TRANSPORT_AUTO);
    script.outcomes = CODES(OK, GARBAGE);
    begin(world);
    assert_false(sg_source_ask(world->source));
    loop_until(world->env.base, &world->is_done);
    assert_int_equal(world->done_calls, 1);
    /* From inside the answer the next question is fine. */
    script.n = 0;
    world->asks_again = true;
    begin(world);
    loop_until(world->env.base, &world->is_done);
    loop_run(world->env.base, NULL, 0.05);
    assert_int_equal(world->done_calls, 2);
    assert_int_equal(world->outcome.code, GARBAGE);
    assert_string_equal(world->outcome.text, "scripted");
}

static void
a_failure_moves_on(void **state)
{
    struct world *world = *state;

    open_source(world, "three.test.", SG_TRANSPORT_UDP);
    expect(world, CODES(SILENCE, REFUSED, OK, OK, GARBAGE, OK),
           CODES(SILENCE, REFUSED, OK, OK, GARBAGE, OK),
           "192.0.2.1/udp 192.0.2.2/udp 192.0.2.3/udp 192.0.2.3/udp "
           "192.0.2.3/udp 192.0.2.3/udp ");
    assert_int_equal(world->dns.queries, 2);
}

static void
no_route_moves_on_at_once(void **state)
{
    struct world *world = *state;
    char text[SG_ADDRESS_MAX];

    open_source(world, "three.test.", SG_TRANSPORT_AUTO);
    expect(world, CODES(NO_ROUTE, NO_ROUTE, OK, OK), CODES(OK, OK),
           "192.0.2.1/udp 192.0.2.2/udp 192.0.2.3/udp 192.0.2.3/udp ");
    expect(world, CODES(NO_ROUTE, NO_ROUTE, NO_ROUTE, OK), CODES(NO_ROUTE, OK),
           "192.0.2.3/udp 192.0.2.1/udp 192.0.2.2/udp 192.0.2.3/udp ");
    assert_true(sg_source_address(world->source, text, sizeof text));
    assert_string_equal(text, "192.0.2.3");
}

static void
all_addresses_failed_means_look_up(void **state)
{
    static const struct fakedns_record moved[] = {
        {.name = "two.test", .value = {"192.0.2.8"}},
        {.name = NULL},
    };
    struct world *world = *state;

    open_source(world, "two.test.", SG_TRANSPORT_UDP);
    expect(world, CODES(OK, SILENCE, SILENCE), CODES(OK, SILENCE, SILENCE),
           "192.0.2.1/udp 192.0.2.1/udp 192.0.2.2/udp ");
    assert_int_equal(world->dns.queries, 2);
    world->dns.records = moved;
    expect(world, CODES(OK), CODES(OK), "192.0.2.8/udp ");
    assert_int_equal(world->dns.queries, 4);
}

static void
look_ups_age(void **state)
{
    static const struct fakedns_record grown[] = {
        {.name = "two.test", .value = {"192.0.2.9", "192.0.2.1", "192.0.2.2"}},
        {.name = NULL},
    };
    struct world *world = *state;

    open_source(world, "two.test.", SG_TRANSPORT_UDP);
    expect(world, CODES(SILENCE, OK), CODES(SILENCE, OK),
           "192.0.2.1/udp 192.0.2.2/udp ");
    clock_s += 3590;
    expect(world, CODES(OK), CODES(OK), "192.0.2.2/udp ");
    assert_int_equal(world->dns.queries, 2);
    clock_s += 20;
    world->dns.records = grown;
    /* The address that answers is kept. */
    expect(world, CODES(OK), CODES(OK), "192.0.2.2/udp ");
    assert_int_equal(world->dns.queries, 4);
}

static void
old_addresses_outlive_dns(void **state)
{
    static const struct fakedns_record none[] = {{.name = NULL}};
    struct world *world = *state;

    open_source(world, "one.test.", SG_TRANSPORT_UDP);
    expect(world, CODES(OK), CODES(OK), "192.0.2.1/udp ");
    world->dns.records = none;
    clock_s += 3700;
    expect(world, CODES(OK, OK), CODES(OK, OK), "192.0.2.1/udp 192.0.2.1/udp ");
    assert_int_equal(world->dns.queries, 4);
    clock_s += 310;
    expect(world, CODES(OK), CODES(OK), "192.0.2.1/udp ");
    assert_int_equal(world->dns.queries, 6);
}

static void
a_name_that_is_not_there(void **state)
{
    static const struct fakedns_record fresh[] = {
        {.name = "new.test", .value = {"192.0.2.5"}},
        {.name = NULL},
    };
    struct world *world = *state;

    open_source(world, "new.test.", SG_TRANSPORT_AUTO);
    ask(world);
    assert_int_equal(world->outcome.code, SG_OUTCOME_NAME);
    assert_string_equal(world->outcome.text, "new.test.: no such name");
    world->dns.records = fresh;
    expect(world, CODES(OK), CODES(OK), "192.0.2.5/udp ");
}

static void
free_under_way(void **state)
{
    struct world *world = *state;
    const double waits_s[] = {0, 0.0005, 0.0015, 0.01};

    script.outcomes = CODES(NO_ROUTE, OK, NO_ROUTE, OK, NO_ROUTE, OK, OK, OK);
    for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        open_source(world, "two.test.", SG_TRANSPORT_AUTO);
        begin(world);
        loop_run(world->env.base, &world->is_done, waits_s[i]);
        sg_source_free(world->source);
        world->done_calls = 0;
        loop_run(world->env.base, NULL, 0.02);
        assert_int_equal(world->done_calls, 0);
        assert_int_equal(script.live, 0);
    }
    world->source = NULL;
    sg_source_free(NULL);
}

static void
memory_runs_out(void **state)
{
    struct world *world = *state;

    open_source(world, "192.0.2.1", SG_TRANSPORT_AUTO);
    script.has_no_memory = true;
    ask(world);
    assert_int_equal(world->outcome.code, SG_OUTCOME_LOCAL);
    assert_string_equal(world->outcome.text,
                        "192.0.2.1: Cannot allocate memory");
}

static void
impossible_hosts_are_refused(void **state)
{
    struct world *world = *state;
    struct sg_target target = {.kind = SG_KIND_NTP, .host = "kdc one"};
    struct sg_err err = {""};

    assert_null(sg_source_new(&world->env, &target, on_done, world, &err));
    assert_string_equal(err.text,
                        "\"kdc one\": no host name can have the character ' '");
}

/* The other kind, for real: nobody listens there. */
static void
ntp_is_a_kind(void **state)
{
    struct world *world = *state;
    struct sg_target target = {.kind = SG_KIND_NTP, .host = "127.0.0.1"};
    struct sg_address address;
    char wanted[SG_OUTCOME_TEXT_MAX];

    close(loop_server(AF_INET, SOCK_DGRAM, &address));
    target.port = sg_net_address_port(&address);
    world->source = sg_source_new(&world->env, &target, on_done, world, NULL);
    assert_non_null(world->source);
    assert_int_equal(sg_source_port(world->source), target.port);
    ask(world);
    snprintf(wanted, sizeof wanted,
             "127.0.0.1 port %u refuses: Connection refused",
             (unsigned)target.port);
    assert_string_equal(world->outcome.text, wanted);
    assert_int_equal(world->outcome.code, REFUSED);
    assert_false(sg_source_is_tcp(world->source));
    sg_source_free(world->source);
    target.port = 0;
    world->source = sg_source_new(&world->env, &target, on_done, world, NULL);
    assert_int_equal(sg_source_port(world->source), 123);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(knows_its_address),
        WITH_WORLD(one_question_at_a_time),
        WITH_WORLD(a_failure_moves_on),
        WITH_WORLD(no_route_moves_on_at_once),
        WITH_WORLD(all_addresses_failed_means_look_up),
        WITH_WORLD(look_ups_age),
        WITH_WORLD(old_addresses_outlive_dns),
        WITH_WORLD(a_name_that_is_not_there),
        WITH_WORLD(free_under_way),
        WITH_WORLD(memory_runs_out),
        WITH_WORLD(impossible_hosts_are_refused),
        WITH_WORLD(ntp_is_a_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Sources: UDP and TCP in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "source_world.h"

static void
silence_leads_to_tcp(void **state)
{
    struct world *world = *state;

    open_source(world, "192.0.2.1", SG_TRANSPORT_AUTO);
    expect(world, CODES(SILENCE, OK, SILENCE, SILENCE, OK, GARBAGE, OK),
           CODES(SILENCE, OK, SILENCE, SILENCE, OK, GARBAGE, OK),
           "192.0.2.1/udp 192.0.2.1/udp 192.0.2.1/udp 192.0.2.1/udp "
           "192.0.2.1/tcp 192.0.2.1/tcp 192.0.2.1/tcp ");
    assert_true(sg_source_is_tcp(world->source));
    clock_s += 3590;
    expect(world, CODES(OK), CODES(OK), "192.0.2.1/tcp ");
    clock_s += 20;
    expect(world, CODES(OK), CODES(OK), "192.0.2.1/udp ");
    assert_false(sg_source_is_tcp(world->source));
}

static void
tcp_that_fails_leads_back(void **state)
{
    struct world *world = *state;

    open_source(world, "192.0.2.1", SG_TRANSPORT_AUTO);
    expect(world, CODES(REFUSED, SILENCE, REFUSED, SILENCE, SILENCE, SILENCE),
           CODES(REFUSED, SILENCE, REFUSED, SILENCE, SILENCE, SILENCE),
           "192.0.2.1/udp 192.0.2.1/udp 192.0.2.1/tcp "
           "192.0.2.1/udp 192.0.2.1/udp 192.0.2.1/tcp ");
}

static void
too_big_leads_to_tcp_at_once(void **state)
{
    struct world *world = *state;

    open_source(world, "192.0.2.1", SG_TRANSPORT_AUTO);
    expect(world, CODES(TOO_BIG, OK, OK), CODES(OK, OK),
           "192.0.2.1/udp 192.0.2.1/tcp 192.0.2.1/tcp ");
    expect(world, CODES(TOO_BIG), CODES(TOO_BIG), "192.0.2.1/tcp ");
}

static void
transport_may_be_fixed(void **state)
{
    struct world *world = *state;

    open_source(world, "192.0.2.1", SG_TRANSPORT_UDP);
    expect(world, CODES(SILENCE, SILENCE, SILENCE, TOO_BIG),
           CODES(SILENCE, SILENCE, SILENCE, TOO_BIG),
           "192.0.2.1/udp 192.0.2.1/udp 192.0.2.1/udp 192.0.2.1/udp ");
    sg_source_free(world->source);
    open_source(world, "192.0.2.1", SG_TRANSPORT_TCP);
    expect(world, CODES(SILENCE, REFUSED, OK), CODES(SILENCE, REFUSED, OK),
           "192.0.2.1/tcp 192.0.2.1/tcp 192.0.2.1/tcp ");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(silence_leads_to_tcp),
        WITH_WORLD(tcp_that_fails_leads_back),
        WITH_WORLD(too_big_leads_to_tcp_at_once),
        WITH_WORLD(transport_may_be_fixed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

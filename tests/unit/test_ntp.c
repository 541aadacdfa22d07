/* NTP exchanges with a server of many moods inside the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hostclock.h"
#include "fakentp.h"
#include "probe/net.h"
#include "probe/source.h"

struct world {
    struct event_base *base;
    struct fakentp server;
    struct sg_probe_env env;
    struct sg_exchange *exchange;
    int done_calls;
    bool is_done;
    struct sg_outcome outcome;
};

static void
on_done(void *arg, const struct sg_outcome *outcome)
{
    struct world *world = arg;

    world->done_calls++;
    world->is_done = true;
    world->outcome = *outcome;
}

static void
set_up(struct world *world, int family, enum mood mood)
{
    *world = (struct world){.base = event_base_new()};
    world->env.base = world->base;
    fakentp_start(&world->server, world->base, family, mood);
}

static void
tear_down(struct world *world)
{
    fakentp_stop(&world->server);
    event_base_free(world->base);
}

static void
start(struct world *world, double timeout_s)
{
    struct sg_target target = {.timeout_s = timeout_s};

    world->is_done = false;
    world->done_calls = 0;
    world->exchange = sg_ntp_ops.start(
        &world->env, &target, &world->server.address, false, on_done, world);
    assert_non_null(world->exchange);
    assert_int_equal(world->done_calls, 0);
}

/* One exchange with its one answer. */
static void
exchange(struct world *world, double timeout_s)
{
    start(world, timeout_s);
    loop_until(world->base, &world->is_done);
    loop_run(world->base, NULL, 0.01);
    assert_int_equal(world->done_calls, 1);
    sg_ntp_ops.free(world->exchange);
}

static void
expect_mood(enum mood mood, enum sg_outcome_code code, const char *text)
{
    struct world world;

    set_up(&world, AF_INET, mood);
    exchange(&world, 0.2);
    assert_string_equal(world.outcome.text, text);
    assert_string_equal(sg_outcome_name(world.outcome.code),
                        sg_outcome_name(code));
    assert_int_equal(world.server.requests, 1);
    tear_down(&world);
}

static void
expect_offset(int family, enum mood mood, double offset_s)
{
    struct world world;
    struct sg_reading now;
    const struct sg_sample *sample = &world.outcome.sample;
    double age_s;

    set_up(&world, family, mood);
    world.server.offset_s = offset_s;
    exchange(&world, 1);
    assert_string_equal(world.outcome.text, "");
    assert_int_equal(world.outcome.code, SG_OUTCOME_OK);
    now = sg_host_reading();
    age_s = sg_raw_diff(now.raw, sample->at);
    assert_true(age_s > 0 && age_s < 1);
    /* The host's clock plus offset_s is the server's, within the bounds. */
    now.wall = sg_wall_add(now.wall, offset_s - age_s);
    assert_true(sg_wall_diff(sample->lower, now.wall) < 5e-6);
    assert_true(sg_wall_diff(sample->upper, now.wall) > -5e-6);
    assert_true(sample->delay_s > 0 && sample->delay_s < 0.1);
    assert_int_equal(sample->stratum, 3);
    tear_down(&world);
}

static void
good_reply(void **state)
{
    (void)state;
    expect_offset(AF_INET, MOOD_GOOD, 0);
    expect_offset(AF_INET, MOOD_GOOD, 123.456);
    expect_offset(AF_INET, MOOD_GOOD, -400);
    expect_offset(AF_INET, MOOD_GOOD, 600000000); /* 2045: the next era */
}

static void
good_reply_over_ipv6(void **state)
{
    (void)state;
    if (!loop_has_ipv6())
        skip();
    expect_offset(AF_INET6, MOOD_GOOD, 123.456);
}

static void
noise_does_not_end_it(void **state)
{
    (void)state;
    expect_offset(AF_INET, MOOD_NOISE_THEN_GOOD, 5);
    expect_offset(AF_INET, MOOD_FORGED_KISS_THEN_GOOD, 5);
}

static void
nothing_good(void **state)
{
    (void)state;
    expect_mood(MOOD_SILENT, SG_OUTCOME_NO_REPLY, "no reply in 0.2 s");
    expect_mood(MOOD_OTHER_PORT, SG_OUTCOME_NO_REPLY, "no reply in 0.2 s");
    expect_mood(MOOD_TRUNCATED, SG_OUTCOME_TRUNCATED,
                "reply of 47 bytes, at least 48; nothing else in 0.2 s");
    expect_mood(MOOD_OVERSIZED, SG_OUTCOME_OVERSIZED,
                "reply of more than 1280 bytes; nothing else in 0.2 s");
}

static void
replies_to_other_requests(void **state)
{
    static const enum mood moods[] = {MOOD_REPLAYED, MOOD_WRONG_ORIGIN};
    static const char ending[] =
        " (forged, replayed or late); nothing else in 0.2 s";
    struct world world;

    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *found;

        set_up(&world, AF_INET, MOOD_GOOD);
        exchange(&world, 1);
        assert_int_equal(world.outcome.code, SG_OUTCOME_OK);
        world.server.mood = moods[i];
        exchange(&world, 0.2);
        assert_int_equal(world.outcome.code, SG_OUTCOME_NOT_OURS);
        found = strstr(world.outcome.text, "reply to another request: origin ");
        assert_ptr_equal(found, world.outcome.text);
        found = strstr(world.outcome.text, ending);
        assert_non_null(found);
        assert_string_equal(found, ending);
        tear_down(&world);
    }
}

/* Whatever the server itself says ends the exchange long before the time. */
static void
words_of_the_server(void **state)
{
    struct sg_raw begun = sg_host_raw();
    struct world world;

    (void)state;
    expect_mood(MOOD_UNSYNCED, SG_OUTCOME_UNSYNCED,
                "server is not synchronised: leap indicator 3, allowed 0 to 2 "
                "(stratum 3)");
    expect_mood(MOOD_STRATUM, SG_OUTCOME_STRATUM,
                "stratum 16, allowed 1 to 15");
    expect_mood(MOOD_RATE, SG_OUTCOME_KISS_RATE,
                "server says RATE: it wants fewer requests");
    expect_mood(MOOD_DENY, SG_OUTCOME_KISS_DENY,
                "server says DENY: it does not serve this host");
    expect_mood(MOOD_RSTR, SG_OUTCOME_KISS_DENY,
                "server says RSTR: it does not serve this host");
    set_up(&world, AF_INET, MOOD_ABSURD);
    exchange(&world, 0.2);
    assert_int_equal(world.outcome.code, SG_OUTCOME_ABSURD);
    assert_ptr_equal(
        strstr(world.outcome.text, "server kept the request for 9.0"),
        world.outcome.text);
    tear_down(&world);
    assert_true(sg_raw_diff(sg_host_raw(), begun) < 6 * 0.2);
}

static void
closed_port(void **state)
{
    struct world world;
    char wanted[SG_OUTCOME_TEXT_MAX];
    struct sg_raw begun = sg_host_raw();

    (void)state;
    set_up(&world, AF_INET, MOOD_GOOD);
    event_del(world.server.event);
    close(world.server.fd);
    exchange(&world, 5);
    assert_int_equal(world.outcome.code, SG_OUTCOME_REFUSED);
    snprintf(wanted, sizeof wanted,
             "127.0.0.1 port %u refuses: Connection refused",
             (unsigned)sg_net_address_port(&world.server.address));
    assert_string_equal(world.outcome.text, wanted);
    assert_true(sg_raw_diff(sg_host_raw(), begun) < 2);
    event_free(world.server.event);
    event_base_free(world.base);
}

/* A start that fails is told from the loop like everything else. */
static void
no_way_there(void **state)
{
    struct world world;

    (void)state;
    set_up(&world, AF_INET, MOOD_GOOD);
    world.server.address.addr.ss_family = AF_MAX;
    exchange(&world, 5);
    assert_int_equal(world.outcome.code, SG_OUTCOME_UNREACHABLE);
    assert_non_null(strstr(world.outcome.text, " cannot be reached: "));
    tear_down(&world);
}

static void
each_request_is_new(void **state)
{
    struct world world;
    struct sockaddr_in first, second;

    (void)state;
    set_up(&world, AF_INET, MOOD_GOOD);
    exchange(&world, 1);
    memcpy(&first, &world.server.peer, sizeof first);
    exchange(&world, 1);
    memcpy(&second, &world.server.peer, sizeof second);
    assert_int_not_equal(first.sin_port, second.sin_port);
    assert_memory_not_equal(world.server.request + 40,
                            world.server.previous + 40, 8);
    tear_down(&world);
}

static void
free_under_way(void **state)
{
    struct world world;

    (void)state;
    set_up(&world, AF_INET, MOOD_GOOD);
    start(&world, 0.05);
    sg_ntp_ops.free(world.exchange);
    loop_run(world.base, NULL, 0.1);
    assert_int_equal(world.done_calls, 0);
    sg_ntp_ops.free(NULL);
    tear_down(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_reply),
        cmocka_unit_test(good_reply_over_ipv6),
        cmocka_unit_test(noise_does_not_end_it),
        cmocka_unit_test(nothing_good),
        cmocka_unit_test(replies_to_other_requests),
        cmocka_unit_test(words_of_the_server),
        cmocka_unit_test(closed_port),
        cmocka_unit_test(no_way_there),
        cmocka_unit_test(each_request_is_new),
        cmocka_unit_test(free_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

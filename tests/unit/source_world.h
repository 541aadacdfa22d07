/*
 * For tests of sources: a world with a DNS server, and two things replaced at
 * link time by what stands here: the KDC exchange, by one that follows a
 * script, and the host's clock, by one that can leap an hour.  Include after
 * cmocka.h.
 */
#ifndef SG_TESTS_SOURCE_WORLD_H
#define SG_TESTS_SOURCE_WORLD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hostclock.h"
#include "fakedns.h"
#include "probe/net.h"
#include "probe/resolve.h"
#include "probe/source.h"

static double clock_s = 1000;

struct sg_raw
sg_host_raw(void)
{
    return sg_raw_add((struct sg_raw){0}, clock_s);
}

struct sg_reading
sg_host_reading(void)
{
    return (struct sg_reading){sg_host_raw(), {1790000000000000000}, 1e-7};
}

struct sg_raw
sg_host_wall_to_raw(struct sg_wall at)
{
    (void)at;
    return sg_host_raw();
}

double
sg_host_suspended_s(void)
{
    return 0;
}

/* What the exchanges of a test are to give, and what they were asked. */
static struct {
    const enum sg_outcome_code *outcomes;
    int n, live;
    bool has_no_memory;
    char asked[1000]; /* "192.0.2.1/udp 192.0.2.2/tcp " */
} script;

struct sg_exchange {
    struct event *event;
    sg_exchange_done *done;
    void *arg;
    enum sg_outcome_code code;
};

static inline void
on_scripted(int fd, short what, void *arg)
{
    struct sg_exchange *exchange = arg;
    struct sg_outcome outcome = {.code = exchange->code};

    (void)fd, (void)what;
    snprintf(outcome.text, sizeof outcome.text, "scripted");
    exchange->done(exchange->arg, &outcome);
    memset(&outcome, 0xa5, sizeof outcome);
}

static inline struct sg_exchange *
scripted_start(const struct sg_probe_env *env, const struct sg_target *target,
               const struct sg_address *address, bool tcp,
               sg_exchange_done *done, void *arg)
{
    const struct timeval soon = {0, 1000};
    struct sg_exchange *exchange;
    char text[SG_ADDRESS_MAX];
    size_t len = strlen(script.asked);

    if (script.has_no_memory)
        return NULL;
    assert_int_equal(sg_net_address_port(address), target->port);
    sg_net_address_text(address, text, sizeof text);
    snprintf(script.asked + len, sizeof script.asked - len, "%s/%s ", text,
             tcp ? "tcp" : "udp");
    exchange = calloc(1, sizeof *exchange);
    exchange->code = script.outcomes[script.n++];
    exchange->done = done;
    exchange->arg = arg;
    exchange->event = evtimer_new(env->base, on_scripted, exchange);
    evtimer_add(exchange->event, &soon);
    script.live++;
    return exchange;
}

static inline void
scripted_free(struct sg_exchange *exchange)
{
    if (!exchange)
        return;
    event_free(exchange->event);
    free(exchange);
    script.live--;
}

const struct sg_exchange_ops sg_kdc_ops = {
    .default_port = 88,
    .has_tcp = true,
    .start = scripted_start,
    .free = scripted_free,
};

static const struct fakedns_record usual_records[] = {
    {.name = "one.test", .value = {"192.0.2.1"}},
    {.name = "two.test", .value = {"192.0.2.1", "192.0.2.2"}},
    {.name = "three.test", .value = {"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
    {.name = NULL},
};

struct world {
    struct sg_probe_env env;
    struct fakedns dns;
    struct sg_source *source;
    int done_calls;
    bool is_done;
    bool asks_again;
    struct sg_outcome outcome;
};

static inline void
on_done(void *arg, struct sg_source *source, const struct sg_outcome *outcome)
{
    struct world *world = arg;

    assert_ptr_equal(source, world->source);
    world->done_calls++;
    world->is_done = true;
    world->outcome = *outcome;
    if (world->asks_again) {
        world->asks_again = false;
        assert_true(sg_source_ask(source));
    }
}

static inline int
set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    memset(&script, 0, sizeof script);
    world->env.base = event_base_new();
    fakedns_start(&world->dns, world->env.base, usual_records);
    world->env.resolver =
        sg_resolver_new(world->env.base, world->dns.servers, NULL);
    assert_non_null(world->env.resolver);
    *state = world;
    return 0;
}

static inline int
tear_down(void **state)
{
    struct world *world = *state;

    sg_source_free(world->source);
    assert_int_equal(script.live, 0);
    sg_resolver_free(world->env.resolver);
    fakedns_stop(&world->dns);
    event_base_free(world->env.base);
    free(world);
    return 0;
}

static inline void
open_source(struct world *world, const char *host, enum sg_transport transport)
{
    struct sg_target target = {.kind = SG_KIND_KDC, .transport = transport};
    struct sg_err err = {""};

    snprintf(target.host, sizeof target.host, "%s", host);
    world->source = sg_source_new(&world->env, &target, on_done, world, &err);
    assert_string_equal(err.text, "");
    assert_non_null(world->source);
}

static inline void
begin(struct world *world)
{
    world->is_done = false;
    world->done_calls = 0;
    assert_true(sg_source_ask(world->source));
    assert_int_equal(world->done_calls, 0);
}

static inline void
ask(struct world *world)
{
    begin(world);
    loop_until(world->env.base, &world->is_done);
    loop_run(world->env.base, NULL, 0.005);
    assert_int_equal(world->done_calls, 1);
    assert_int_equal(script.live, 0);
}

/*
 * Ask as often as there are questions (ends with SG_OUTCOME_COUNT) and compare
 * the answers, and the exchanges that were made for them.
 */
static inline void
expect(struct world *world, const enum sg_outcome_code *exchanges,
       const enum sg_outcome_code *answers, const char *asked)
{
    script.outcomes = exchanges;
    script.n = 0;
    script.asked[0] = '\0';
    for (; *answers != SG_OUTCOME_COUNT; answers++) {
        ask(world);
        assert_string_equal(sg_outcome_name(world->outcome.code),
                            sg_outcome_name(*answers));
    }
    assert_string_equal(script.asked, asked);
}

#define CODES(...)                                                             \
    (const enum sg_outcome_code[])                                             \
    {                                                                          \
        __VA_ARGS__, SG_OUTCOME_COUNT                                          \
    }
#define OK SG_OUTCOME_OK
#define SILENCE SG_OUTCOME_NO_REPLY
#define REFUSED SG_OUTCOME_REFUSED
#define NO_ROUTE SG_OUTCOME_UNREACHABLE
#define TOO_BIG SG_OUTCOME_TOO_BIG
#define GARBAGE SG_OUTCOME_GARBAGE

#define WITH_WORLD(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif

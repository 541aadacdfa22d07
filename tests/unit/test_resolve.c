/* Host names, against a DNS server inside the test. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hostclock.h"
#include "fakedns.h"
#include "probe/hostname.h"
#include "probe/resolve.h"

static const struct fakedns_record records[] = {
    {.name = "one.test", .value = {"192.0.2.1"}},
    {.name = "both.test", .value = {"192.0.2.1", "2001:db8::1", "192.0.2.2"}},
    {.name = "six.test", .value = {"2001:db8::6"}},
    {.name = "under_score.test", .value = {"192.0.2.3"}},
    {.name = "empty.test"},
    {.name = "failing.test", .rcode = 2},
    {.name = "refusing.test", .rcode = 5},
    {.name = "silent.test", .is_silent = true},
    {.name = NULL},
};

static const char no_server[] =
    "each DNS server is unreachable, refuses or fails";

struct world {
    struct event_base *base;
    struct fakedns dns;
    struct sg_resolver *resolver;
    struct sg_lookup *lookup;
    int done_calls;
    bool is_done;
    size_t count;
    char texts[SG_RESOLVE_MAX][SG_ADDRESS_MAX];
    uint16_t port;
    char why_not[SG_ERR_TEXT_MAX];
};

static void
on_done(void *arg, const struct sg_address *addresses, size_t count,
        const char *why_not)
{
    struct world *world = arg;

    world->done_calls++;
    world->is_done = true;
    world->count = count;
    assert_int_equal(count == 0, why_not != NULL);
    snprintf(world->why_not, sizeof world->why_not, "%s",
             why_not ? why_not : "");
    for (size_t i = 0; i < count; i++) {
        sg_net_address_text(&addresses[i], world->texts[i], SG_ADDRESS_MAX);
        world->port = sg_net_address_port(&addresses[i]);
    }
}

static int
set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct sg_err err = {""};

    world->base = event_base_new();
    fakedns_start(&world->dns, world->base, records);
    world->resolver = sg_resolver_new(world->base, world->dns.servers, &err);
    assert_string_equal(err.text, "");
    assert_non_null(world->resolver);
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *world = *state;

    sg_resolver_free(world->resolver);
    fakedns_stop(&world->dns);
    event_base_free(world->base);
    free(world);
    return 0;
}

static void
begin(struct world *world, const char *host)
{
    world->is_done = false;
    world->done_calls = 0;
    world->lookup =
        sg_resolver_lookup(world->resolver, host, 8888, on_done, world);
    assert_non_null(world->lookup);
    assert_int_equal(world->done_calls, 0);
}

static void
look_up(struct world *world, const char *host)
{
    begin(world, host);
    loop_until(world->base, &world->is_done);
    loop_run(world->base, NULL, 0.01);
    assert_int_equal(world->done_calls, 1);
}

static bool
found(const struct world *world, const char *text)
{
    for (size_t i = 0; i < world->count; i++)
        if (strcmp(world->texts[i], text) == 0)
            return true;
    return false;
}

static void
numeric_addresses_need_no_dns(void **state)
{
    static const char *const hosts[] = {"192.0.2.77", "2001:db8::77", "::1",
                                        "fe80::1%lo"};
    struct world *world = *state;

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        look_up(world, hosts[i]);
        assert_int_equal(world->count, 1);
        assert_string_equal(world->texts[0], hosts[i]);
        assert_int_equal(world->port, 8888);
    }
    look_up(world, "fe80::1%1");
    assert_string_equal(world->texts[0], "fe80::1%lo");
    assert_int_equal(world->dns.queries, 0);
}

static void
impossible_names_need_no_dns(void **state)
{
    static const struct {
        const char *host, *why_not;
    } cases[] = {
        {"", "empty host name"},
        {".", "host name with an empty part between dots"},
        {".test", "host name with an empty part between dots"},
        {"a..test", "host name with an empty part between dots"},
        {"a b.test", "no host name can have the character ' '"},
        {"a\tb.test", "no host name can have the byte 0x09 "
                      "(international names are written xn--...)"},
        {"caf\xc3\xa9.test", "no host name can have the byte 0xc3 "
                             "(international names are written xn--...)"},
        {"host:88", "no host name can have the character ':'"},
        {"[::1]", "no host name can have the character '['"},
        {"fe80::1%nosuch0", "no such network interface: nosuch0"},
        {"fe80::1%", "no host name can have the character ':'"},
        {"1.2.3", "a name cannot end in a number: a mistyped address?"},
    };
    struct world *world = *state;
    char name[300];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        look_up(world, cases[i].host);
        assert_int_equal(world->count, 0);
        assert_string_equal(world->why_not, cases[i].why_not);
    }
    memset(name, 'a', sizeof name);
    name[64] = '\0';
    look_up(world, name);
    assert_string_equal(world->why_not,
                        "host name with a part of 64 characters, at most 63");
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 ? '.' : 'a';
    name[299] = '\0';
    look_up(world, name);
    assert_string_equal(world->why_not,
                        "host name of 299 characters, at most 253");
    assert_int_equal(world->dns.queries, 0);
}

static void
names_parse(void **state)
{
    struct sg_address address;
    struct sg_err err = {"untouched"};
    char name[255];

    (void)state;
    assert_int_equal(sg_host_parse("one.test", &address, &err), -ENOENT);
    assert_int_equal(sg_host_parse("one.test.", &address, &err), -ENOENT);
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 ? '.' : 'a';
    name[253] = '.';
    name[254] = '\0';
    assert_int_equal(sg_host_parse(name, &address, &err), -ENOENT);
    assert_string_equal(err.text, "untouched");
    assert_int_equal(sg_host_parse("x y", &address, &err), -EINVAL);
    assert_int_equal(sg_host_parse("1.2.3", &address, &err), -EINVAL);
    assert_int_equal(sg_host_parse("fe80::1%nosuch0", &address, &err), -ENXIO);
}

static void
names_are_looked_up(void **state)
{
    struct world *world = *state;

    look_up(world, "one.test.");
    assert_int_equal(world->count, 1);
    assert_string_equal(world->texts[0], "192.0.2.1");
    assert_int_equal(world->port, 8888);
    assert_int_equal(world->dns.queries, 2);
    look_up(world, "both.test.");
    assert_int_equal(world->count, 3);
    assert_true(found(world, "192.0.2.1"));
    assert_true(found(world, "192.0.2.2"));
    assert_true(found(world, "2001:db8::1"));
    look_up(world, "six.test.");
    assert_int_equal(world->count, 1);
    assert_true(found(world, "2001:db8::6"));
    look_up(world, "under_score.test.");
    assert_int_equal(world->count, 1);
}

static void
hosts_file_is_read(void **state)
{
    struct world *world = *state;

    look_up(world, "localhost");
    assert_true(world->count >= 1);
    assert_true(found(world, "127.0.0.1") || found(world, "::1"));
    assert_int_equal(world->dns.queries, 0);
}

static void
failures_have_words(void **state)
{
    struct world *world = *state;

    look_up(world, "absent.test.");
    assert_int_equal(world->count, 0);
    assert_string_equal(world->why_not, "no such name");
    look_up(world, "empty.test.");
    assert_string_equal(world->why_not, "the name has no address");
    look_up(world, "failing.test.");
    assert_string_equal(world->why_not, no_server);
    look_up(world, "refusing.test.");
    assert_string_equal(world->why_not, no_server);
}

static void
silence_ends(void **state)
{
    struct world *world = *state;
    struct sg_raw begun = sg_host_raw();
    double took_s;

    look_up(world, "silent.test.");
    took_s = sg_raw_diff(sg_host_raw(), begun);
    assert_int_equal(world->count, 0);
    assert_string_equal(world->why_not, "no answer in 6 s");
    assert_true(took_s > 5 && took_s < 8);
}

static void
server_that_is_absent(void **state)
{
    struct world *world = *state;

    event_del(world->dns.event);
    shutdown(world->dns.fd, SHUT_RDWR);
    close(world->dns.fd);
    look_up(world, "one.test.");
    assert_int_equal(world->count, 0);
    assert_string_equal(world->why_not, no_server);
}

static void
cancelled_under_way(void **state)
{
    struct world *world = *state;

    begin(world, "one.test.");
    sg_lookup_cancel(world->lookup);
    begin(world, "192.0.2.1");
    sg_lookup_cancel(world->lookup);
    sg_lookup_cancel(NULL);
    loop_run(world->base, NULL, 0.1);
    assert_int_equal(world->done_calls, 0);
    /* Freed with the resolver: one that is asked, one cancelled. */
    begin(world, "silent.test.");
    sg_lookup_cancel(world->lookup);
    begin(world, "silent.test.");
    loop_run(world->base, NULL, 0.05);
    assert_int_equal(world->done_calls, 0);
}

static void
servers_that_are_no_servers(void **state)
{
    struct sg_err err = {""};
    struct event_base *base = event_base_new();

    (void)state;
    assert_null(sg_resolver_new(base, "not an address", &err));
    assert_ptr_equal(strstr(err.text, "DNS servers \"not an address\": "),
                     err.text);
    sg_resolver_free(NULL);
    event_base_free(base);
}

#define WITH_WORLD(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(numeric_addresses_need_no_dns),
        WITH_WORLD(impossible_names_need_no_dns),
        cmocka_unit_test(names_parse),
        WITH_WORLD(names_are_looked_up),
        WITH_WORLD(hosts_file_is_read),
        WITH_WORLD(failures_have_words),
        WITH_WORLD(silence_ends),
        WITH_WORLD(server_that_is_absent),
        WITH_WORLD(cancelled_under_way),
        cmocka_unit_test(servers_that_are_no_servers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

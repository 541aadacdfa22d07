/* KDCs of a realm, against a DNS server inside the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/hostclock.h"
#include "fakedns.h"
#include "probe/channel.h"
#include "probe/discover.h"

#define LINES(...)                                                             \
    .lines = (const char *const[])                                             \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

static const char *many[201];
static const char *twenty[21];

static struct fakedns_record records[] = {
    {"_kerberos.URI.TEST",
     LINES("URI 20 1 krb5srv::tcp:b.test:750", "URI 10 1 krb5srv:m:udp:a.test",
           "URI 30 1 krb5srv::kkdcp:https://p.test/KdcProxy",
           "URI 30 1 krb5srv::udp:a..test")},
    {"_kerberos._udp.URI.TEST", LINES("SRV 0 0 88 not-asked.test")},
    {"_kerberos.PROXY.TEST", LINES("URI 0 0 krb5srv::kkdcp:https://p.test")},
    {"_kerberos._udp.PROXY.TEST", LINES("SRV 0 0 88 not-asked.test")},
    {"_kerberos.WRONG.TEST", LINES("URI 0 0 krb6srv::udp:a.test")},
    {"_kerberos._udp.WRONG.TEST", LINES("SRV 0 0 88 a.test")},
    {"_kerberos._udp.SRV.TEST",
     LINES("SRV 10 0 88 b.test", "SRV 0 0 88 a.test")},
    {"_kerberos._tcp.SRV.TEST",
     LINES("SRV 10 0 88 b.test", "SRV 0 0 88 c.test")},
    {"_kerberos._udp.NONE.TEST", LINES("SRV 0 0 0 .")},
    {"_kerberos._udp.TCP.TEST", LINES("SRV 0 0 0 .")},
    {"_kerberos._tcp.TCP.TEST", LINES("SRV 0 0 88 a.test")},
    {"_kerberos.BOTH.TEST", .is_silent = true},
    {"_kerberos._udp.BOTH.TEST", LINES("SRV 0 0 88 a.test")},
    {"_kerberos._tcp.BOTH.TEST", .is_silent = true},
    {"_kerberos._udp.MANY.TEST", .lines = many},
    {"_kerberos._udp.TWENTY.TEST", .lines = twenty},
    {"_kerberos._tcp.TWENTY.TEST", .lines = twenty},
    {"_kerberos.S._sites.SITE.TEST", LINES("URI 0 0 krb5srv::udp:near.test")},
    {"_kerberos.SITE.TEST", LINES("URI 0 0 krb5srv::udp:far.test")},
    {"_kerberos._udp.NOSITE.TEST", LINES("SRV 0 0 88 far.test")},
    /* a name that points at itself, data cut short, a name without an end */
    {"_kerberos._udp.LOOP.TEST", LINES("33 000000000058c03c")},
    {"_kerberos._tcp.LOOP.TEST", LINES("33 0000")},
    {"_kerberos.LOOP.TEST", LINES("256 00")},
    {"_kerberos._udp.FAIL.TEST", .rcode = 2},
    {"_kerberos.SILENT.TEST", .is_silent = true},
    {"_kerberos._udp.SILENT.TEST", .is_silent = true},
    {"_kerberos._tcp.SILENT.TEST", .is_silent = true},
    {.name = NULL},
};

struct world {
    struct event_base *base;
    struct fakedns dns;
    struct sg_channel *channel;
    struct sg_discover *discover;
    struct sg_discover_answer answer;
    int done_calls;
    bool is_done, frees;
};

static void
on_done(void *arg, const struct sg_discover_answer *answer)
{
    struct world *world = arg;

    world->answer = *answer;
    world->done_calls++;
    world->is_done = true;
    if (world->frees) {
        sg_discover_free(world->discover);
        world->discover = NULL;
    }
}

static int
set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct sg_err err = {""};

    world->base = event_base_new();
    fakedns_start(&world->dns, world->base, records);
    world->channel = sg_channel_new(world->base, world->dns.servers, &err);
    assert_non_null(world->channel);
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *world = *state;

    sg_discover_free(world->discover);
    sg_channel_free(world->channel);
    fakedns_stop(&world->dns);
    event_base_free(world->base);
    free(world);
    return 0;
}

static void
begin(struct world *world, const char *realm, const char *sitename,
      bool uses_uri)
{
    struct sg_discover_question question = {.uses_uri = uses_uri};

    snprintf(question.realm, sizeof question.realm, "%s", realm);
    snprintf(question.sitename, sizeof question.sitename, "%s", sitename);
    sg_discover_free(world->discover);
    world->is_done = false;
    world->done_calls = 0;
    world->discover =
        sg_discover_new(world->base, world->channel, &question, on_done, world);
    assert_non_null(world->discover);
    assert_int_equal(world->done_calls, 0);
}

/* The list as "host:port/transport ...". */
static void
expect(struct world *world, enum sg_discover_how how, const char *expected)
{
    static const char *const transports[] = {"", "/udp", "/tcp"};
    const struct sg_kdc_list *list = &world->answer.list;
    struct sg_buf text = SG_BUF_INIT;

    loop_until(world->base, &world->is_done);
    loop_run(world->base, NULL, 0.01);
    assert_int_equal(world->done_calls, 1);
    for (int i = 0; i < list->n_kdcs; i++)
        sg_buf_add(&text, "%s%s:%d%s", i ? " " : "", list->kdcs[i].host,
                   list->kdcs[i].port, transports[list->kdcs[i].transport]);
    assert_string_equal(text.text ? text.text : "", expected);
    assert_int_equal(world->answer.how, how);
    sg_buf_free(&text);
}

static void
uri_comes_first(void **state)
{
    struct world *world = *state;

    begin(world, "URI.TEST", "", true);
    expect(world, SG_DISCOVER_URI, "a.test:88/udp b.test:750/tcp");
    assert_int_equal(world->answer.n_proxies, 1);
    assert_string_equal(world->answer.proxy, "https://p.test/KdcProxy");
    assert_int_equal(world->answer.n_bad, 1);
    assert_string_equal(world->answer.bad, "krb5srv::udp:a..test");

    begin(world, "URI.TEST", "", false);
    expect(world, SG_DISCOVER_SRV, "not-asked.test.:88/udp");
}

/* A proxy is a server to libkrb5; a record that nobody understands is not. */
static void
when_srv_counts(void **state)
{
    struct world *world = *state;

    begin(world, "PROXY.TEST", "", true);
    expect(world, SG_DISCOVER_URI, "");
    assert_string_equal(world->answer.why_not,
                        "the URI records in DNS name no KDC that can be asked");
    begin(world, "WRONG.TEST", "", true);
    expect(world, SG_DISCOVER_SRV, "a.test.:88/udp");
    begin(world, "SRV.TEST", "", true);
    expect(world, SG_DISCOVER_SRV, "a.test.:88/udp c.test.:88/tcp b.test.:88");
}

static void
no_service(void **state)
{
    struct world *world = *state;

    begin(world, "NONE.TEST", "", true);
    expect(world, SG_DISCOVER_SRV, "");
    assert_string_equal(world->answer.why_not,
                        "DNS says that the realm has no KDC");
    begin(world, "TCP.TEST", "", true);
    expect(world, SG_DISCOVER_SRV, "a.test.:88/tcp");
}

static void
sites(void **state)
{
    struct world *world = *state;

    begin(world, "SITE.TEST", "S", true);
    expect(world, SG_DISCOVER_URI, "near.test:88/udp");
    begin(world, "SITE.TEST", "T", true);
    expect(world, SG_DISCOVER_URI, "far.test:88/udp");
    begin(world, "NOSITE.TEST", "S", true);
    expect(world, SG_DISCOVER_SRV, "far.test.:88/udp");
}

static void
absence_and_failure_differ(void **state)
{
    struct world *world = *state;

    begin(world, "ABSENT.TEST", "", true);
    expect(world, SG_DISCOVER_NONE, "");
    assert_string_equal(world->answer.why_not,
                        "DNS has no URI or SRV records of KDCs");
    begin(world, "ABSENT.TEST", "", false);
    expect(world, SG_DISCOVER_NONE, "");
    assert_string_equal(world->answer.why_not,
                        "DNS has no SRV records of KDCs");
    begin(world, "FAIL.TEST", "", true);
    expect(world, SG_DISCOVER_FAILED, "");
    assert_string_equal(
        world->answer.why_not,
        "DNS: each DNS server is unreachable, refuses or fails");
}

static void
impossible_realms_are_not_asked(void **state)
{
    static const char *const realms[] = {
        "A/B",
        "a b",
        "A..B",
        "\\000.TEST",
        "-",
        "A23456789.A23456789.A23456789.A23456789.A23456789.A23456789."
        "A23456789.A23456789.A23456789.A23456789.A23456789.A23456789."
        "A23456789.A23456789.A23456789.A23456789.A23456789.A23456789."
        "A23456789.A23456789.A23456789.A23456789.A23456789.A23456789"};
    struct world *world = *state;

    for (size_t i = 0; i < sizeof realms / sizeof *realms; i++) {
        begin(world, realms[i], "", true);
        expect(world, SG_DISCOVER_NONE, "");
        assert_string_equal(world->answer.why_not,
                            "DNS cannot be asked: the realm's name is no "
                            "domain");
    }
    assert_int_equal(world->dns.queries, 0);
}

static void
mangled_answers(void **state)
{
    struct world *world = *state;

    begin(world, "LOOP.TEST", "", true);
    expect(world, SG_DISCOVER_FAILED, "");
    assert_string_equal(world->answer.why_not, "DNS: Misformatted DNS reply");
}

/* Over TCP: no 200 records fit into a datagram. */
static void
two_hundred_records(void **state)
{
    static char lines[200][64];
    struct world *world = *state;

    for (int i = 0; i < 200; i++) {
        snprintf(lines[i], sizeof *lines, "SRV %d %d 88 kdc%03d.test",
                 i % 2 ? 65535 : 0, i % 3 ? 65535 : 0, 199 - i);
        many[i] = lines[i];
    }
    begin(world, "MANY.TEST", "", true);
    loop_until(world->base, &world->is_done);
    assert_int_equal(world->dns.n_connections, 1);
    assert_int_equal(world->answer.how, SG_DISCOVER_SRV);
    assert_int_equal(world->answer.list.n_kdcs, SG_MAX_KDCS);
    assert_int_equal(world->answer.list.n_left_out, 168);
    assert_string_equal(world->answer.list.kdcs[0].host, "kdc003.test.");
}

static void
twenty_kdcs_take_no_second(void **state)
{
    static char lines[20][64];
    struct world *world = *state;
    struct sg_raw begun;
    double took_s;

    for (int i = 0; i < 20; i++) {
        snprintf(lines[i], sizeof *lines, "SRV 0 0 88 kdc%d.twenty.test", i);
        twenty[i] = lines[i];
    }
    begun = sg_host_raw();
    begin(world, "TWENTY.TEST", "", true);
    loop_until(world->base, &world->is_done);
    took_s = sg_raw_diff(sg_host_raw(), begun);
    assert_int_equal(world->answer.list.n_kdcs, 20);
    for (int i = 0; i < 20; i++)
        assert_int_equal(world->answer.list.kdcs[i].transport,
                         SG_TRANSPORT_AUTO);
    print_message("20 KDCs are discovered in %.1f ms\n", took_s * 1e3);
    assert_true(took_s < 1);
}

static void
silence_about_uri_hides_no_srv(void **state)
{
    struct world *world = *state;
    struct sg_raw begun = sg_host_raw();

    begin(world, "BOTH.TEST", "", true);
    expect(world, SG_DISCOVER_SRV, "a.test.:88/udp");
    assert_true(sg_raw_diff(sg_host_raw(), begun) < SG_DISCOVER_S + 1);
}

static void
on_beat(int fd, short what, void *arg)
{
    (void)fd, (void)what;
    ++*(int *)arg;
}

static void
silence_does_not_block(void **state)
{
    const struct timeval tenth = {0, 100000};
    struct world *world = *state;
    struct sg_raw begun = sg_host_raw();
    int beats = 0;
    struct event *beat =
        event_new(world->base, -1, EV_PERSIST, on_beat, &beats);

    event_add(beat, &tenth);
    world->frees = true;
    begin(world, "SILENT.TEST", "", true);
    expect(world, SG_DISCOVER_FAILED, "");
    assert_string_equal(world->answer.why_not, "DNS: no answer within 7 s");
    assert_true(sg_raw_diff(sg_host_raw(), begun) < SG_DISCOVER_S + 1);
    assert_true(beats > 40);
    event_free(beat);
}

static void
freed_while_it_waits(void **state)
{
    struct world *world = *state;

    begin(world, "SILENT.TEST", "", true);
    loop_run(world->base, NULL, 0.05);
    sg_discover_free(world->discover);
    world->discover = NULL;
    begin(world, "SRV.TEST", "", true);
    sg_discover_free(world->discover);
    world->discover = NULL;
    loop_run(world->base, NULL, 0.05);
    assert_int_equal(world->done_calls, 0);
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(uri_comes_first),
        UNIT(when_srv_counts),
        UNIT(no_service),
        UNIT(sites),
        UNIT(absence_and_failure_differ),
        UNIT(impossible_realms_are_not_asked),
        UNIT(mangled_answers),
        UNIT(two_hundred_records),
        UNIT(twenty_kdcs_take_no_second),
        UNIT(silence_about_uri_hides_no_srv),
        UNIT(silence_does_not_block),
        UNIT(freed_while_it_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Records of KDCs: what becomes of each, their order, and the limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "probe/kdc_records.h"

static struct sg_kdc_records records;

static int
empty(void **state)
{
    (void)state;
    memset(&records, 0, sizeof records);
    return 0;
}

static void
srv(const char *host, int port, int priority, int weight,
    enum sg_transport transport)
{
    sg_kdc_records_add_srv(&records, host, (uint16_t)port, (uint16_t)priority,
                           (uint16_t)weight, transport);
}

/* The list as "host:port/transport ...". */
static void
expect_list(const char *expected)
{
    static const char *const transports[] = {"", "/udp", "/tcp"};
    struct sg_buf text = SG_BUF_INIT;
    struct sg_kdc_list list;

    sg_kdc_records_list(&records, &list);
    for (int i = 0; i < list.n_kdcs; i++) {
        const struct sg_target *kdc = &list.kdcs[i];

        assert_int_equal(kdc->kind, SG_KIND_KDC);
        assert_string_equal(kdc->realm, "");
        sg_buf_add(&text, "%s%s:%d%s", i ? " " : "", kdc->host, kdc->port,
                   transports[kdc->transport]);
    }
    assert_string_equal(text.text ? text.text : "", expected);
    sg_buf_free(&text);
}

static void
one_host_over_both_is_one_kdc(void **state)
{
    (void)state;
    srv("b.test", 88, 10, 0, SG_TRANSPORT_UDP);
    srv("a.test", 88, 10, 0, SG_TRANSPORT_UDP);
    srv("A.test", 88, 20, 0, SG_TRANSPORT_TCP);
    srv("b.test", 750, 10, 0, SG_TRANSPORT_TCP);
    expect_list("a.test.:88 b.test.:88/udp b.test.:750/tcp");
}

static void
priority_then_weight_then_name(void **state)
{
    (void)state;
    srv("worst.test", 88, 65535, 65535, SG_TRANSPORT_UDP);
    srv("light.test", 88, 0, 0, SG_TRANSPORT_UDP);
    srv("heavy.test", 88, 0, 65535, SG_TRANSPORT_UDP);
    srv("z.test", 88, 1, 7, SG_TRANSPORT_UDP);
    srv("y.test", 88, 1, 7, SG_TRANSPORT_UDP);
    expect_list("heavy.test.:88/udp light.test.:88/udp y.test.:88/udp "
                "z.test.:88/udp worst.test.:88/udp");
}

static void
impossible_records_are_counted(void **state)
{
    char name[300];

    (void)state;
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    srv("bad name\x01.test", 88, 0, 0, SG_TRANSPORT_UDP);
    srv("no-port.test", 0, 0, 0, SG_TRANSPORT_UDP);
    srv("192.0.2.1", 88, 0, 0, SG_TRANSPORT_UDP);
    srv(name, 88, 0, 0, SG_TRANSPORT_UDP);
    assert_int_equal(records.n_bad, 4);
    assert_string_equal(records.bad, "bad?name?.test");
    assert_false(records.has_none);
    srv("", 0, 0, 0, SG_TRANSPORT_UDP);
    assert_int_equal(records.n_bad, 4);
    assert_true(records.has_none);
    expect_list("");
}

static void
uris(void **state)
{
    static const struct {
        const char *uri, *list;
    } good[] = {
        {"krb5srv:m:udp:a.test", "a.test:88/udp"},
        {"krb5srv::tcp:a.test:750", "a.test:750/tcp"},
        {"KRB5SRV:xM:TCP:192.0.2.1", "192.0.2.1:88/tcp"},
        {"krb5srv::udp:[2001:db8::1]:750", "2001:db8::1:750/udp"},
    };
    static const char *const bad[] = {
        "",
        "krb5srv",
        "krb5srv:",
        "krb5srv:m",
        "krb5srv:m:",
        "krb5srv:m:udp",
        "krb5srv:m:udp:",
        "krb5srv:m:udpx:a.test",
        "krb5srv:m:sctp:a.test",
        "krb5srvx:m:udp:a.test",
        "krb5srv:m:udp:a.test:0",
        "krb5srv:m:udp:a.test:65536",
        "krb5srv:m:udp:::1",
        "krb5srv:m:udp:[::1",
        "krb5srv:m:udp:a..test",
        "krb5srv:m:kkdcp:proxy.test",
        "https://proxy.test/KdcProxy",
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        empty(state);
        sg_kdc_records_add_uri(&records, good[i].uri, 0, 0);
        assert_int_equal(records.n_bad, 0);
        expect_list(good[i].list);
    }
    empty(state);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sg_kdc_records_add_uri(&records, bad[i], 0, 0);
        assert_int_equal(records.n_bad, i + 1);
    }
    sg_kdc_records_add_uri(&records, "krb5srv:m:kkdcp:https://p.test/KdcProxy",
                           0, 0);
    sg_kdc_records_add_uri(&records, "krb5srv:m:kkdcp:https://q.test", 0, 0);
    assert_int_equal(records.n_proxies, 2);
    assert_string_equal(records.proxy, "https://p.test/KdcProxy");
    expect_list("");
}

/* Whatever the order of the answer, the same ones are kept. */
static void
the_best_are_kept(void **state)
{
    struct sg_kdc_list lists[2];
    char name[32];

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        empty(state);
        for (int i = 0; i < 200; i++) {
            int n = turn ? 199 - i : i;

            snprintf(name, sizeof name, "kdc%03d.test", n);
            srv(name, 88, n % 2, 0,
                n % 3 ? SG_TRANSPORT_UDP : SG_TRANSPORT_TCP);
        }
        sg_kdc_records_list(&records, &lists[turn]);
    }
    assert_int_equal(lists[0].n_kdcs, SG_MAX_KDCS);
    assert_int_equal(lists[0].n_left_out, 200 - SG_MAX_KDCS);
    assert_string_equal(lists[0].kdcs[0].host, "kdc000.test.");
    assert_string_equal(lists[0].kdcs[1].host, "kdc002.test.");
    assert_memory_equal(&lists[0], &lists[1], sizeof lists[0]);
}

static void
too_many_are_counted(void **state)
{
    static struct sg_kdc_records more;
    struct sg_kdc_list list;
    char name[32];

    (void)state;
    for (int i = 0; i < SG_MAX_RECORDS + 10; i++) {
        snprintf(name, sizeof name, "kdc%d.test", i);
        srv(name, 88, 0, 0, SG_TRANSPORT_UDP);
    }
    assert_int_equal(records.n, SG_MAX_RECORDS);
    assert_int_equal(records.n_dropped, 10);
    sg_kdc_records_add_srv(&more, "one.test", 88, 0, 0, SG_TRANSPORT_TCP);
    sg_kdc_records_add_srv(&more, "?", 88, 0, 0, SG_TRANSPORT_TCP);
    sg_kdc_records_append(&records, &more);
    assert_int_equal(records.n_bad, 1);
    assert_string_equal(records.bad, "?");
    sg_kdc_records_list(&records, &list);
    assert_int_equal(list.n_kdcs, SG_MAX_KDCS);
    assert_int_equal(list.n_left_out, SG_MAX_RECORDS + 11 - SG_MAX_KDCS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_host_over_both_is_one_kdc, empty),
        cmocka_unit_test_setup(priority_then_weight_then_name, empty),
        cmocka_unit_test_setup(impossible_records_are_counted, empty),
        cmocka_unit_test_setup(uris, empty),
        cmocka_unit_test_setup(the_best_are_kept, empty),
        cmocka_unit_test_setup(too_many_are_counted, empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

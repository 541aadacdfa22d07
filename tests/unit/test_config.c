#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "setup/config.h"

static struct sg_config *
parse(const char *text)
{
    struct sg_config *config = NULL;
    struct sg_err err = {""};
    int code = sg_config_parse(text, "t.conf", &config, &err);

    if (code != 0)
        print_error("%s\n", err.text);
    assert_int_equal(code, 0);
    return config;
}

static void
test_defaults(void **state)
{
    struct sg_config *config = parse("");

    (void)state;
    assert_int_equal(config->mode, SG_MODE_AUTO);
    assert_string_equal(config->clock, "auto");
    assert_int_equal(config->follow, SG_FOLLOW_REALM);
    assert_true(config->max_poll_s == 64);
    assert_true(config->kdc_poll_s == 64);
    assert_true(config->alert.warn_frac == 0.2);
    assert_true(config->alert.critical_frac == 0.6);
    assert_string_equal(config->runtime_directory, "/run/skewguard");
    assert_string_equal(config->state_directory, "/var/lib/skewguard");
    assert_string_equal(config->status_file, "/run/skewguard/status");
    assert_int_equal(config->n_realms, 0);
    assert_int_equal(config->n_servers, 0);
    sg_config_free(config);
}

static const char everything[] =
    "# all there is\n"
    "mode = 'guard'  clock = \"none\" /* why\n not */ follow = utc\n"
    "max_poll = 17min // longest\n"
    "kdc_poll = 4500ms\n"
    "runtime_directory = \"/tmp/with \\\"quotes\\\", \\\\ and \\${X}\"\n"
    "state_directory = /tmp/state\n"
    "alert { critical = 99.5% }\r\n"
    "alert { warn = 1% }\n"
    "realm \"EXAMPLE.COM\" {\n"
    "    clockskew = 0.5h\n"
    "    kdc = { das-m, \"das-s:8888\", \"[::1]:88\", tcp/192.0.2.1 }\n"
    "}\n"
    "realm B { kdc = { } keytab = 'FILE:/etc/b.keytab' }\n"
    "realm C { keytab = none }\n"
    "ntp ntp1.example.com { }\n"
    "ntp \"My-clock\" { address = fe80::1%eth0 port = 12300 }\n"
    "kdc das-x { realm = EXAMPLE.COM transport = udp }\n"
    "kdc das-y { address = 192.0.2.7 port = 18800 transport = tcp }\n";

static void
test_everything(void **state)
{
    struct sg_config *config = parse(everything);
    const struct sg_config_realm *realm = &config->realms[0];
    const struct sg_config_server *server = config->servers;

    (void)state;
    assert_int_equal(config->mode, SG_MODE_GUARD);
    assert_string_equal(config->clock, "none");
    assert_int_equal(config->follow, SG_FOLLOW_UTC);
    assert_true(config->max_poll_s == 1020);
    assert_true(config->kdc_poll_s == 4.5);
    assert_true(config->alert.warn_frac == 0.01);
    assert_true(config->alert.critical_frac == 0.995);
    assert_string_equal(config->runtime_directory,
                        "/tmp/with \"quotes\", \\ and ${X}");
    assert_string_equal(config->status_file,
                        "/tmp/with \"quotes\", \\ and ${X}/status");

    assert_int_equal(config->n_realms, 3);
    assert_string_equal(realm->name, "EXAMPLE.COM");
    assert_true(realm->clockskew_s == 1800);
    assert_true(realm->replaces_kdcs);
    assert_int_equal(realm->n_kdcs, 4);
    assert_string_equal(realm->kdcs[0].host, "das-m");
    assert_int_equal(realm->kdcs[0].port, 88);
    assert_int_equal(realm->kdcs[0].kind, SG_KIND_KDC);
    assert_string_equal(realm->kdcs[0].realm, "EXAMPLE.COM");
    assert_int_equal(realm->kdcs[1].port, 8888);
    assert_string_equal(realm->kdcs[2].host, "::1");
    assert_string_equal(realm->kdcs[3].host, "192.0.2.1");
    assert_int_equal(realm->kdcs[3].transport, SG_TRANSPORT_TCP);
    assert_true(config->realms[1].replaces_kdcs);
    assert_int_equal(config->realms[1].n_kdcs, 0);
    assert_false(config->realms[2].replaces_kdcs);
    assert_true(config->realms[2].clockskew_s == 0);
    assert_string_equal(realm->keytab, "");
    assert_string_equal(config->realms[1].keytab, "/etc/b.keytab");
    assert_string_equal(config->realms[2].keytab, "none");

    assert_int_equal(config->n_servers, 4);
    assert_string_equal(server[0].name, "ntp1.example.com");
    assert_string_equal(server[0].target.host, "ntp1.example.com");
    assert_int_equal(server[0].target.port, 123);
    assert_int_equal(server[0].target.kind, SG_KIND_NTP);
    assert_string_equal(server[1].name, "My-clock");
    assert_string_equal(server[1].target.host, "fe80::1%eth0");
    assert_int_equal(server[1].target.port, 12300);
    assert_string_equal(server[2].target.realm, "EXAMPLE.COM");
    assert_int_equal(server[2].target.transport, SG_TRANSPORT_UDP);
    assert_int_equal(server[2].target.port, 88);
    assert_string_equal(server[3].name, "das-y");
    assert_string_equal(server[3].target.host, "192.0.2.7");
    assert_int_equal(server[3].target.port, 18800);
    assert_string_equal(server[3].target.realm, "");
    assert_int_equal(server[3].target.transport, SG_TRANSPORT_TCP);
    sg_config_free(config);
}

static void
assert_same(const struct sg_config *a, const struct sg_config *b)
{
    struct sg_config plain_a = *a, plain_b = *b;

    plain_a.realms = plain_b.realms = NULL;
    plain_a.servers = plain_b.servers = NULL;
    assert_memory_equal(&plain_a, &plain_b, sizeof plain_a);
    if (a->n_realms > 0)
        assert_memory_equal(a->realms, b->realms,
                            (size_t)a->n_realms * sizeof *a->realms);
    if (a->n_servers > 0)
        assert_memory_equal(a->servers, b->servers,
                            (size_t)a->n_servers * sizeof *a->servers);
}

static void
check_round_trip(const char *text)
{
    struct sg_config *before = parse(text);
    struct sg_config *after;
    struct sg_buf printed = SG_BUF_INIT;

    sg_config_print(before, &printed);
    assert_false(printed.failed);
    after = parse(printed.text);
    assert_same(before, after);
    sg_config_free(before);
    sg_config_free(after);
    sg_buf_free(&printed);
}

static void
test_print(void **state)
{
    struct sg_config *config =
        parse("realm A { clockskew = 90s kdc = { \"[::1]:8888\", udp/b } "
              "keytab = /a.keytab }"
              "kdc c { realm = A }");
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    sg_config_print(config, &text);
    assert_string_equal(text.text,
                        "mode = auto\n"
                        "clock = auto\n"
                        "clock_socket = \"/run/skewguard-clockd/socket\"\n"
                        "follow = realm\n"
                        "max_poll = 64s\n"
                        "kdc_poll = 64s\n"
                        "runtime_directory = \"/run/skewguard\"\n"
                        "state_directory = \"/var/lib/skewguard\"\n"
                        "status_file = \"/run/skewguard/status\"\n"
                        "alert {\n"
                        "    warn = 20%\n"
                        "    critical = 60%\n"
                        "    calm = 300s\n"
                        "    spread = 600s\n"
                        "    remind = diminishing\n"
                        "    mailto = { \"root\" }\n"
                        "    sendmail = \"/usr/sbin/sendmail\"\n"
                        "}\n"
                        "smtp {\n"
                        "    port = 25\n"
                        "    tls = try\n"
                        "}\n"
                        "realm \"A\" {\n"
                        "    clockskew = 90s\n"
                        "    kdc = { \"[::1]:8888\", \"udp/b:88\" }\n"
                        "    keytab = \"/a.keytab\"\n"
                        "}\n"
                        "kdc \"c\" {\n"
                        "    realm = \"A\"\n"
                        "    address = \"c\"\n"
                        "    port = 88\n"
                        "    transport = auto\n"
                        "}\n");
    sg_config_free(config);
    sg_buf_free(&text);
    check_round_trip("");
    check_round_trip(everything);
}

/* Any number that is accepted is printed so that it reads back the same. */
static void
test_random_numbers(void **state)
{
    unsigned seed = 20261122;

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int i = 0; i < 300; i++) {
        static const char *const units[] = {"ms", "s", "min", "h"};
        static const double factors[] = {1e-3, 1, 60, 3600};
        char text[160];
        int unit = rand() % 4;
        double span_s = 20 + 980.0 * rand() / RAND_MAX;
        double warn = 1 + 40.0 * rand() / RAND_MAX;

        snprintf(text, sizeof text, "max_poll = %.*f%s alert { warn = %.*f%% }",
                 3 + rand() % 6, span_s / factors[unit], units[unit],
                 rand() % 10, warn);
        check_round_trip(text);
    }
}

static void
test_durations(void **state)
{
    static const struct {
        const char *text;
        double span_s;
    } good[] = {{"300s", 300},      {"5min", 300}, {"1h", 3600},
                {"500ms", 0.5},     {"0s", 0},     {"0.1s", 0.1},
                {"1.5h", 5400},     {"007s", 7},   {"0.000000001s", 1e-9},
                {"999999s", 999999}};
    double span_s = -1;
    struct sg_err err;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(sg_parse_duration(good[i].text, 0, 1e6, &span_s, &err),
                         0);
        assert_true(span_s == good[i].span_s);
    }
    span_s = -1;
    assert_int_equal(sg_parse_duration("10", 0.5, 60, &span_s, &err), -EINVAL);
    assert_string_equal(err.text,
                        "value \"10\" has no unit, allowed is a duration from "
                        "500ms to 60s (unit ms, s, min or h), for example 10s");
    assert_int_equal(sg_parse_duration("\001\ns", 0, 60, &span_s, &err),
                     -EINVAL);
    assert_string_equal(
        err.text, "value \"??s\" is not a number with a unit, allowed is a "
                  "duration from 0s to 60s (unit ms, s, min or h), for example "
                  "60s");
    assert_int_equal(sg_parse_percent("20", 0.01, 1, &span_s, NULL), -EINVAL);
    assert_int_equal(sg_parse_percent("20s", 0.01, 1, &span_s, NULL), -EINVAL);
    assert_true(span_s == -1);
    assert_int_equal(sg_parse_percent("12.5%", 0.01, 1, &span_s, NULL), 0);
    assert_true(span_s == 0.125);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),  cmocka_unit_test(test_everything),
        cmocka_unit_test(test_print),     cmocka_unit_test(test_random_numbers),
        cmocka_unit_test(test_durations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The JSON of one fixed status, parsed back and checked field by field: schema
 * 1 is a promise to scripts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "report/report.h"
#include "report_fixture.h"

static json_t *
parse(struct sg_buf *text)
{
    json_error_t error;
    json_t *root;

    assert_false(text->failed);
    root = json_loads(text->text, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(root);
    sg_buf_free(text);
    return root;
}

static json_t *
status_json(void)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_report_status_json(&status, &now, &text);
    return parse(&text);
}

/* Exactly these keys, in this order. */
static void
assert_keys(json_t *object, const char *expected)
{
    char found[512] = "";
    const char *key;
    json_t *value;

    assert_true(json_is_object(object));
    json_object_foreach(object, key, value)
    {
        size_t len = strlen(found);

        snprintf(found + len, sizeof found - len, "%s%s", len ? " " : "", key);
    }
    assert_string_equal(found, expected);
}

static void
assert_number(json_t *object, const char *key, double expected)
{
    json_t *value = json_object_get(object, key);

    assert_true(json_is_number(value));
    assert_float_equal(json_number_value(value), expected, 1e-7);
}

static void
assert_text(json_t *object, const char *key, const char *expected)
{
    const char *found = json_string_value(json_object_get(object, key));

    assert_non_null(found);
    assert_string_equal(found, expected);
}

static void
assert_unknown(json_t *object, const char *key)
{
    assert_true(json_is_null(json_object_get(object, key)));
}

#define REALM_KEYS                                                             \
    "realm state clockskew_s offset_s error_s bound_s used_frac "              \
    "time_to_limit_s blame authenticated steps kdcs"
#define KDC_KEYS                                                               \
    "host address port transport trust offset_s offset_lower_s "               \
    "offset_upper_s ntp_offset_s age_s error auth_lower_s auth_upper_s "       \
    "auth_age_s auth_error"
#define SOURCE_KEYS                                                            \
    "name kind group address port state reason offset_s error_s bound_s "      \
    "delay_s stratum poll_s reach age_s"

static void
test_json_top(void **state)
{
    json_t *root = status_json();
    json_t *clock = json_object_get(root, "clock");
    json_t *step = json_object_get(clock, "last_step");

    (void)state;
    assert_keys(root, "schema state mode clock realms sources alerts");
    assert_number(root, "schema", 1);
    assert_true(json_is_integer(json_object_get(root, "schema")));
    assert_text(root, "state", "exceeded");
    assert_text(root, "mode", "discipline");
    assert_keys(clock, "driver disciplined frequency_ppm offset_s error_s "
                       "bound_s last_step leap leap_day");
    assert_text(clock, "driver", "kernel");
    assert_true(json_is_true(json_object_get(clock, "disciplined")));
    assert_number(clock, "frequency_ppm", 12.345);
    assert_number(clock, "offset_s", 0.0032);
    assert_number(clock, "error_s", 0.0968 / 4);
    assert_number(clock, "bound_s", 0.0968);
    assert_keys(step, "offset_s age_s");
    assert_number(step, "offset_s", 600.012);
    assert_number(step, "age_s", 200);
    assert_text(clock, "leap", "insert");
    assert_text(clock, "leap_day", "2026-12-31");
    json_decref(root);
}

static void
test_json_realms(void **state)
{
    json_t *root = status_json();
    json_t *realms = json_object_get(root, "realms");
    static const char *const order[] = {"EXCEEDED.EXAMPLE", "CRITICAL.EXAMPLE",
                                        "WARN.EXAMPLE",     "SILENT.EXAMPLE",
                                        "BOUNDS.EXAMPLE",   "EXAMPLE.ORG"};
    json_t *warn, *silent;

    (void)state;
    assert_int_equal(json_array_size(realms), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_keys(json_array_get(realms, i), REALM_KEYS);
        assert_text(json_array_get(realms, i), "realm", order[i]);
    }
    warn = json_array_get(realms, 2);
    assert_text(warn, "state", "warn");
    assert_number(warn, "clockskew_s", 300);
    assert_number(warn, "offset_s", 74.2);
    assert_number(warn, "error_s", 1.1 / 4);
    assert_number(warn, "bound_s", 1.1);
    assert_number(warn, "used_frac", 75.3 / 300);
    assert_number(warn, "time_to_limit_s", 864000);
    assert_text(warn, "blame", "our-clock");
    assert_number(json_array_get(realms, 0), "time_to_limit_s", 0);
    assert_unknown(json_array_get(realms, 5), "time_to_limit_s");
    silent = json_array_get(realms, 3);
    assert_text(silent, "state", "unknown");
    assert_unknown(silent, "offset_s");
    assert_unknown(silent, "error_s");
    assert_unknown(silent, "bound_s");
    assert_unknown(silent, "used_frac");
    assert_unknown(silent, "time_to_limit_s");
    json_decref(root);
}

/* The only KDC of the realm at this place in the array. */
static json_t *
only_kdc(json_t *root, size_t realm)
{
    json_t *kdcs = json_object_get(
        json_array_get(json_object_get(root, "realms"), realm), "kdcs");

    assert_int_equal(json_array_size(kdcs), 1);
    assert_keys(json_array_get(kdcs, 0), KDC_KEYS);
    return json_array_get(kdcs, 0);
}

static void
test_json_kdcs(void **state)
{
    json_t *root = status_json();
    json_t *plain = only_kdc(root, 5), *contradicted = only_kdc(root, 1);
    json_t *silent = only_kdc(root, 3);

    (void)state;
    assert_text(plain, "host", "das-m");
    assert_text(plain, "address", "192.0.2.1");
    assert_number(plain, "port", 88);
    assert_text(plain, "transport", "tcp");
    assert_text(plain, "trust", "plain");
    assert_number(plain, "offset_s", 0.0030);
    assert_number(plain, "offset_lower_s", 0.0025);
    assert_number(plain, "offset_upper_s", 0.0037);
    assert_number(plain, "ntp_offset_s", 0.0032);
    assert_number(plain, "age_s", 700);
    assert_unknown(plain, "error");
    assert_text(contradicted, "trust", "contradicted");
    /* Its NTP server goes by an address: found by that. */
    assert_number(contradicted, "ntp_offset_s", -209.9);
    assert_text(silent, "trust", "silent");
    assert_text(silent, "transport", "udp");
    assert_unknown(silent, "address");
    assert_unknown(silent, "offset_s");
    assert_unknown(silent, "offset_lower_s");
    assert_unknown(silent, "offset_upper_s");
    assert_unknown(silent, "ntp_offset_s");
    assert_unknown(silent, "age_s");
    assert_text(silent, "error",
                "no reply in 1.0 s (9th time), next try in 64 s");
    json_decref(root);
}

/* On a loopback every server has the same address: no guessing then. */
static void
test_json_twin_is_unique(void **state)
{
    json_t *root;

    (void)state;
    SET(status.sources[1].name, "kdc-only");
    SET(add_source("das-t", SG_KIND_NTP, 0, SG_TALLY_AGREES,
                   make_model(5, 0.01, 0.01, 12))
            ->address,
        "192.0.2.1");
    root = status_json();
    assert_unknown(only_kdc(root, 5), "ntp_offset_s");
    json_decref(root);
}

static void
test_json_sources(void **state)
{
    json_t *root = status_json();
    json_t *sources = json_object_get(root, "sources");
    json_t *first = json_array_get(sources, 0);
    json_t *silent = json_array_get(sources, 8);
    static const char *const tallies[] = {
        "steers",      "agrees", "aside",  "agrees",  "falseticker",
        "falseticker", "agrees", "agrees", "unusable"};

    (void)state;
    assert_int_equal(json_array_size(sources), 9);
    for (size_t i = 0; i < 9; i++) {
        assert_keys(json_array_get(sources, i), SOURCE_KEYS);
        assert_text(json_array_get(sources, i), "state", tallies[i]);
    }
    assert_text(first, "name", "das-m");
    assert_text(first, "kind", "ntp");
    assert_text(first, "group", "EXAMPLE.ORG");
    assert_text(first, "address", "192.0.2.1");
    assert_number(first, "port", 123);
    assert_unknown(first, "reason");
    assert_number(first, "offset_s", 0.0032);
    assert_number(first, "error_s", 0.0968 / 4);
    assert_number(first, "bound_s", 0.0968);
    assert_number(first, "delay_s", 310e-6);
    assert_number(first, "stratum", 2);
    assert_number(first, "poll_s", 64);
    assert_number(first, "reach", 255);
    assert_number(first, "age_s", 12);
    assert_text(json_array_get(sources, 2), "group", "utc");
    assert_text(silent, "kind", "kdc");
    assert_unknown(silent, "address");
    assert_unknown(silent, "offset_s");
    assert_unknown(silent, "delay_s");
    assert_unknown(silent, "stratum");
    assert_unknown(silent, "age_s");
    assert_number(silent, "reach", 0);
    json_decref(root);
}

static void
test_json_alerts(void **state)
{
    json_t *root = status_json();
    json_t *alerts = json_object_get(root, "alerts");

    (void)state;
    assert_int_equal(json_array_size(alerts), 5);
    assert_keys(json_array_get(alerts, 0), "subject text");
    assert_text(json_array_get(alerts, 0), "subject", "set-up");
    assert_text(json_array_get(alerts, 0), "text", status.notice);
    assert_text(json_array_get(alerts, 1), "subject", "EXCEEDED.EXAMPLE");
    assert_text(json_array_get(alerts, 1), "text",
                "411.5 s to 412.5 s behind das-x (687 % of 60 s)");
    assert_text(json_array_get(alerts, 4), "text",
                "no measurement; none of its 1 KDCs has answered for 3 h");
    json_decref(root);
}

/* Nothing that could be taken for a measurement is left. */
static void
assert_no_numbers(json_t *root)
{
    json_t *realm = json_array_get(json_object_get(root, "realms"), 0);
    json_t *source = json_array_get(json_object_get(root, "sources"), 0);
    json_t *kdc = json_array_get(json_object_get(realm, "kdcs"), 0);

    assert_text(root, "state", "unknown");
    assert_unknown(json_object_get(root, "clock"), "offset_s");
    assert_text(realm, "state", "unknown");
    assert_unknown(realm, "offset_s");
    assert_unknown(realm, "used_frac");
    assert_unknown(realm, "time_to_limit_s");
    assert_unknown(kdc, "offset_s");
    assert_unknown(kdc, "ntp_offset_s");
    assert_unknown(kdc, "age_s");
    assert_unknown(source, "offset_s");
    assert_unknown(source, "age_s");
}

static void
assert_first_alert(json_t *root, const char *subject, const char *text)
{
    json_t *alert = json_array_get(json_object_get(root, "alerts"), 0);

    assert_text(alert, "subject", subject);
    assert_text(alert, "text", text);
}

static void
test_json_without_numbers(void **state)
{
    json_t *root;

    (void)state;
    now.suspended_s = 101;
    root = status_json();
    assert_no_numbers(root);
    assert_first_alert(root, "status", "not measured since resume");
    json_decref(root);
    now.suspended_s = 100;
    SET(now.boot_id, "boot-2");
    root = status_json();
    assert_no_numbers(root);
    assert_first_alert(root, "status",
                       "the status was written before this boot");
    json_decref(root);
}

static void
test_json_dead_daemon(void **state)
{
    json_t *root;

    (void)state;
    now.daemon = SG_REPORT_DAEMON_DEAD;
    status.published.ns = (RAW_S - 200) * NS;
    root = status_json();
    assert_text(root, "state", "unknown");
    assert_number(json_array_get(json_object_get(root, "realms"), 0),
                  "offset_s", 0.0032);
    assert_number(json_array_get(json_object_get(root, "realms"), 0),
                  "time_to_limit_s", 4e7 - 200);
    assert_first_alert(root, "skewguardd",
                       "skewguardd is not running (last published 3 min ago); "
                       "the skew below is computed from its last model");
    json_decref(root);
}

static void
test_json_empty(void **state)
{
    json_t *root;

    (void)state;
    sg_status_init(&status);
    SET(status.notice, "/run/skewguard/status: No such file or directory");
    now.daemon = SG_REPORT_DAEMON_DEAD;
    root = status_json();
    assert_text(root, "state", "unknown");
    assert_unknown(root, "mode");
    assert_unknown(json_object_get(root, "clock"), "driver");
    assert_unknown(json_object_get(root, "clock"), "last_step");
    assert_unknown(json_object_get(root, "clock"), "frequency_ppm");
    assert_text(json_object_get(root, "clock"), "leap", "none");
    assert_unknown(json_object_get(root, "clock"), "leap_day");
    assert_int_equal(json_array_size(json_object_get(root, "realms")), 0);
    assert_int_equal(json_array_size(json_object_get(root, "sources")), 0);
    assert_first_alert(root, "skewguardd", "skewguardd is not running");
    json_decref(root);
}

static void
test_json_hostile_names(void **state)
{
    json_t *root, *realm;

    (void)state;
    fill(status.sources[0].name, sizeof status.sources[0].name, 'n');
    SET(status.realms[0].name, "EX\033\"\\\n");
    SET(status.sources[1].name, "no \xff UTF-8");
    root = status_json();
    realm = json_array_get(json_object_get(root, "realms"), 0);
    assert_text(realm, "realm", "EX\033\"\\\n");
    assert_text(json_array_get(json_object_get(realm, "kdcs"), 0), "host",
                "no ? UTF-8");
    assert_text(json_array_get(json_object_get(root, "sources"), 0), "name",
                status.sources[0].name);
    json_decref(root);
}

/* ---- authenticated time ---- */

static json_t *
first_realm(json_t *root)
{
    return json_array_get(json_object_get(root, "realms"), 0);
}

static json_t *
kdc_at(json_t *root, size_t i)
{
    json_t *kdc = json_array_get(json_object_get(first_realm(root), "kdcs"), i);

    assert_keys(kdc, KDC_KEYS);
    return kdc;
}

static void
test_json_trust(void **state)
{
    json_t *root = status_json();

    (void)state;
    assert_int_equal(
        json_array_size(json_object_get(first_realm(root), "kdcs")), 2);
    assert_text(kdc_at(root, 0), "trust", "authenticated");
    assert_number(kdc_at(root, 0), "auth_lower_s", 3600.397);
    assert_number(kdc_at(root, 0), "auth_upper_s", 3600.402);
    assert_number(kdc_at(root, 0), "auth_age_s", 600);
    assert_unknown(kdc_at(root, 0), "auth_error");
    /* What it says to anybody lies outside of what it says to us. */
    assert_text(kdc_at(root, 1), "trust", "contradicted");
    assert_number(kdc_at(root, 1), "auth_lower_s", 3600.37);
    assert_text(kdc_at(root, 1), "auth_error",
                "the last attempt failed: no reply in 1.0 s");
    assert_text(json_array_get(json_object_get(root, "sources"), 2), "kind",
                "keytab");
    json_decref(root);
}

static void
assert_trust(const char *expected)
{
    json_t *root = status_json();

    assert_text(kdc_at(root, 0), "trust", expected);
    json_decref(root);
}

/* Every way to lose it. */
static void
test_json_trust_lost(void **state)
{
    struct sg_status before = status;

    (void)state;
    status.sources[0].tally = SG_TALLY_FALSETICKER;
    assert_trust("contradicted");
    status = before;
    status.sources[2].tally = SG_TALLY_FALSETICKER;
    assert_trust("contradicted");
    status = before;
    status.sources[0].reach = 0;
    assert_trust("silent");
    status = before;
    status.sources[0].model.valid = false;
    assert_trust("silent");
    status = before;
    status.sources[2].model.valid = false;
    assert_trust("plain");
    /* Only the same KDC's word counts. */
    status = before;
    status.sources[2].port = 750;
    assert_trust("plain");
    status = before;
    SET(status.sources[2].name, "das-x");
    assert_trust("plain");
    status = before;
    status.sources[2].realm = -1;
    assert_trust("plain");
    /* Touching bounds still agree. */
    status = before;
    status.sources[2].model = make_model(3600.4 + 0.007, 0.003, 0.003, 9);
    assert_trust("authenticated");
    status.sources[2].model = make_model(3600.4 + 0.0071, 0.003, 0.003, 9);
    assert_trust("contradicted");
}

static void
assert_auth(const char *expected, const char *reason)
{
    json_t *root = status_json();
    json_t *object = json_object_get(first_realm(root), "authenticated");

    assert_keys(object, "state reason");
    assert_text(object, "state", expected);
    if (reason)
        assert_text(object, "reason", reason);
    else
        assert_unknown(object, "reason");
    json_decref(root);
}

static void
test_json_authenticated(void **state)
{
    (void)state;
    assert_auth("works", NULL);
    status.realms[0].auth = SG_AUTH_OFF;
    assert_auth("off", NULL);
    status.realms[0].auth = SG_AUTH_PENDING;
    assert_auth("pending", NULL);
    SET(status.realms[0].auth_reason, "/etc/krb5.keytab: Permission denied");
    status.realms[0].auth = SG_AUTH_FAILS;
    assert_auth("fails", "/etc/krb5.keytab: Permission denied");
    status.realms[0].auth = SG_AUTH_NO_KEYTAB;
    assert_auth("no-keytab", "/etc/krb5.keytab: Permission denied");
}

/* The realm says that there is no key; its KDCs need not, each. */
static void
test_json_no_keytab(void **state)
{
    json_t *root;

    (void)state;
    for (int i = 2; i <= 3; i++) {
        status.sources[i].outcome = SG_OUTCOME_KEYTAB;
        status.sources[i].model.valid = false;
    }
    root = status_json();
    assert_int_equal(json_array_size(json_object_get(root, "sources")), 3);
    assert_text(kdc_at(root, 0), "trust", "plain");
    assert_unknown(kdc_at(root, 0), "auth_lower_s");
    assert_unknown(kdc_at(root, 0), "auth_upper_s");
    assert_unknown(kdc_at(root, 0), "auth_age_s");
    assert_unknown(kdc_at(root, 0), "auth_error");
    json_decref(root);
}

/* ---- which step fails ---- */

static void
assert_step(json_t *root, size_t i, const char *name, const char *now_word,
            const char *message)
{
    json_t *step =
        json_array_get(json_object_get(first_realm(root), "steps"), i);

    assert_keys(step, "step now limit_s message");
    assert_text(step, "step", name);
    assert_text(step, "now", now_word);
    if (message)
        assert_text(step, "message", message);
    else
        assert_unknown(step, "message");
}

static void
test_json_steps(void **state)
{
    json_t *root = status_json();
    json_t *steps = json_object_get(first_realm(root), "steps");

    (void)state;
    assert_int_equal(json_array_size(steps), 11);
    assert_step(root, 0, "password-login", "works", NULL);
    assert_unknown(json_array_get(steps, 0), "limit_s");
    assert_step(root, 3, "fast-older", "refused",
                "kinit: Error constructing AP-REQ armor: Ticket not yet valid "
                "while getting initial credentials");
    assert_step(root, 8, "gssapi-in", "refused", "Ticket not yet valid");
    assert_number(json_array_get(steps, 8), "limit_s", 60);
    assert_step(root, 10, "tgs-after-correction", "refused",
                "kvno: Clock skew too great while getting credentials");
    json_decref(root);
    /* At the limit, and where nothing may be said. */
    status.realms[0].model = make_model(60.5, 0.01, 0.01, 9);
    root = status_json();
    assert_step(root, 8, "gssapi-in", "edge", NULL);
    json_decref(root);
    now.suspended_s = 101;
    root = status_json();
    assert_step(root, 0, "password-login", "unknown", NULL);
    assert_step(root, 8, "gssapi-in", "unknown", NULL);
    assert_number(
        json_array_get(json_object_get(first_realm(root), "steps"), 8),
        "limit_s", 60);
    json_decref(root);
}

/* A check needs neither a daemon nor a publication. */
static void
test_json_check(void **state)
{
    struct sg_buf text = SG_BUF_INIT;
    json_t *root;

    (void)state;
    status.published.ns = 0;
    status.boot_id[0] = '\0';
    now.daemon = SG_REPORT_DAEMON_DEAD;
    assert_int_equal(sg_report_check_state(&status, &now), SG_STATE_EXCEEDED);
    sg_report_check_json(&status, &now, &text);
    root = parse(&text);
    assert_keys(root, "schema state realms");
    assert_number(root, "schema", 1);
    assert_text(root, "state", "exceeded");
    assert_keys(json_array_get(json_object_get(root, "realms"), 0), REALM_KEYS);
    assert_number(only_kdc(root, 5), "offset_lower_s", 0.0025);
    json_decref(root);
}

#define HEALTHY(test) cmocka_unit_test_setup(test, set_up_healthy)
#define BROKEN(test) cmocka_unit_test_setup(test, set_up_broken)
#define ALL(test) cmocka_unit_test_setup(test, set_up_all)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ALL(test_json_top),
        ALL(test_json_realms),
        ALL(test_json_kdcs),
        ALL(test_json_twin_is_unique),
        ALL(test_json_sources),
        ALL(test_json_alerts),
        HEALTHY(test_json_without_numbers),
        HEALTHY(test_json_dead_daemon),
        HEALTHY(test_json_empty),
        HEALTHY(test_json_hostile_names),
        BROKEN(test_json_trust),
        BROKEN(test_json_trust_lost),
        BROKEN(test_json_authenticated),
        BROKEN(test_json_no_keytab),
        BROKEN(test_json_steps),
        ALL(test_json_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

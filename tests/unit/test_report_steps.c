/*
 * Which step fails, and what a KDC's word is worth, as people read it: a
 * broken host, and all that has to stay calm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/report.h"

#include "report_fixture.h"
#include "report_golden.h"

static struct sg_status_realm *const realm = &status.realms[0];

/* A laptop that was never given a key. */
static int
set_up_laptop(void **state)
{
    struct sg_model none = {.valid = false};
    struct sg_status_source *source;

    set_up_healthy(state);
    realm->auth = SG_AUTH_NO_KEYTAB;
    SET(realm->auth_reason, "/etc/krb5.keytab: No such file or directory");
    source = add_source("das-m", SG_KIND_KEYTAB, 0, SG_TALLY_UNUSABLE, none);
    source->outcome = SG_OUTCOME_KEYTAB;
    SET(source->reason, "/etc/krb5.keytab: No such file or directory");
    return 0;
}

static void
set_offset(double offset_s)
{
    realm->model = make_model(offset_s, 0.004, 0.004, 9);
    status.sources[0].model = realm->model;
}

typedef void report(const struct sg_status *, const struct sg_report_now *,
                    struct sg_buf *);

static void
write_status(const struct sg_status *of, const struct sg_report_now *at,
             struct sg_buf *ret)
{
    sg_report_status_text(of, at, false, ret);
}

static void
write_sources(const struct sg_status *of, const struct sg_report_now *at,
              struct sg_buf *ret)
{
    sg_report_sources_text(of, at, false, ret);
}

/* Lines may be broken anywhere: blanks are all alike. */
static void
assert_says(report *write, bool expected, const char *words)
{
    struct sg_buf text = SG_BUF_INIT, flat = SG_BUF_INIT;

    write(&status, &now, &text);
    assert_false(text.failed);
    assert_fits(text.text);
    for (const char *c = text.text; *c; c++) {
        bool is_blank = *c == ' ' || *c == '\n';

        if (!is_blank || (c[1] != ' ' && c[1] != '\n'))
            sg_buf_add(&flat, "%c", is_blank ? ' ' : *c);
    }
    if ((strstr(flat.text, words) != NULL) != expected)
        fail_msg("%s \"%s\" in:\n%s", expected ? "no" : "there is", words,
                 text.text);
    sg_buf_free(&text);
    sg_buf_free(&flat);
}

/* ---- a broken host, whole ---- */

static void
test_broken_host(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    sg_report_status_text(&status, &now, false, &text);
    assert_golden("broken-status", &text);
    sg_report_explain_text(&status, &now, &text);
    assert_golden("broken-explain", &text);
    sg_report_check_text(&status, &now, &text);
    assert_golden("broken-check", &text);
    sg_report_sources_text(&status, &now, true, &text);
    assert_golden("broken-sources", &text);
}

/* ---- what is refused, and what is not ---- */

#define SIGN_ON "signing on to this host with a ticket (ssh, GSSAPI)"
#define OLDER "tickets and FAST armor from before the clock went wrong"

static void
test_refused_by_limit(void **state)
{
    (void)state;
    set_offset(-310);
    assert_says(write_status, true,
                "refused now: " SIGN_ON ", " OLDER
                "; a password login still works");
    assert_says(write_status, true, "run kinit again");
    assert_says(write_status, false, "At stake");
    /* Between 60 s and 300 s: libkrb5 here, and this host as acceptor. */
    set_offset(-100);
    assert_says(write_status, true,
                "refused now: " SIGN_ON ", tickets from before the clock went "
                "wrong; a password login still works");
    set_offset(50);
    assert_says(write_status, false, "refused now");
    assert_says(write_status, false, "kinit");
    assert_says(write_status, true,
                "At stake beyond 60 s: " SIGN_ON ", " OLDER
                "; a password login works at any skew");
}

static void
test_larger_own_limit(void **state)
{
    (void)state;
    status.own_clockskew_s = 600;
    set_offset(400);
    assert_says(write_status, true,
                "refused now: " OLDER "; a password login still works");
    assert_says(write_status, false, SIGN_ON);
    set_offset(0);
    assert_says(write_status, true,
                "At stake beyond 300 s: " OLDER "; beyond 600 s: " SIGN_ON
                "; a password login works at any skew");
}

/* Nobody said what the KDC grants: perhaps what this host does. */
static void
test_kdc_limit_not_known(void **state)
{
    (void)state;
    realm->limit_overrides = false;
    set_offset(-100);
    assert_says(write_status, true,
                "refused now: " SIGN_ON ", tickets from before the clock went "
                "wrong; perhaps refused (its limit is close, or not known): ");
    assert_says(sg_report_explain_text, true,
                "cannot be asked for, 60 s to 300 s");
}

static void
test_edge(void **state)
{
    (void)state;
    status.own_clockskew_s = 300;
    set_offset(300.5);
    assert_says(
        write_status, true,
        "perhaps refused now (the limit is close, or not known): " SIGN_ON
        ", " OLDER "; a password login still works");
    assert_says(write_status, false, " refused now: ");
}

/* Only then do logins fail, and it says so. */
static void
test_without_timesync(void **state)
{
    (void)state;
    status.kdc_timesync = false;
    set_offset(400);
    assert_says(write_status, true,
                "refused now: logins with a password and kinit (kdc_timesync "
                "= 0), " SIGN_ON ", " OLDER);
    assert_says(write_status, false, "still works");
    assert_says(write_status, false, "kinit again");
    set_offset(0);
    assert_says(write_status, true,
                "At stake beyond 60 s: logins with a password and kinit");
    assert_says(write_status, false, "works at any skew");
    /* As long as no krb5.conf was read libkrb5's default is what holds. */
    status.own_clockskew_s = 0;
    assert_says(write_status, true, "a password login works at any skew");
}

static void
test_one_wrong_kdc(void **state)
{
    (void)state;
    realm->blame = SG_BLAME_KDC;
    assert_says(write_status, true,
                "refused now, where KDC das-m is asked: " SIGN_ON);
    SET(status.sources[0].name, "das\033m");
    assert_says(sg_report_explain_text, true, "where KDC das?m is asked");
}

/* After a step of our own: no skew is left, and old tickets are no good. */
static void
test_after_own_step(void **state)
{
    (void)state;
    set_offset(0);
    realm->state = SG_STATE_OK;
    status.clock.last_step_s = 3600;
    status.clock.last_step_at.ns = (RAW_S - 100) * NS;
    assert_says(sg_report_explain_text, true,
                "refused limit 60 s new service ticket after a correction");
    assert_says(write_status, true, "run kinit again");
    assert_says(write_status, false, "refused now");
    /* A day later nobody has such a ticket any more. */
    status.clock.last_step_at.ns = (RAW_S - 90000) * NS;
    assert_says(sg_report_explain_text, true,
                "works limit 60 s new service ticket after a correction");
    /* Neither does anybody whose step was undone at once. */
    status.clock.last_step_at.ns = (RAW_S - 100) * NS;
    status.clock.last_foreign_s = -3600;
    status.clock.last_foreign_at.ns = (RAW_S - 101) * NS;
    assert_says(sg_report_explain_text, true,
                "works limit 60 s new service ticket after a correction");
}

static void
test_nothing_measured(void **state)
{
    (void)state;
    realm->model.valid = false;
    realm->state = SG_STATE_UNKNOWN;
    assert_says(write_status, false, "refused now");
    assert_says(write_status, true, "At stake beyond 60 s");
    assert_says(sg_report_explain_text, true, "at stake beyond 60 s");
    assert_says(sg_report_explain_text, false, "works no limit");
}

/* ---- time zones ---- */

static void
assert_zone(double offset_s, const char *expected)
{
    char words[80] = " almost exactly: is the RTC in local time";

    set_offset(offset_s);
    if (expected)
        snprintf(words, sizeof words, "%s almost exactly: is the RTC",
                 expected);
    assert_says(write_status, expected != NULL, words);
    assert_says(sg_report_explain_text, expected != NULL, words);
    assert_says(sg_report_check_text, expected != NULL, words);
}

static void
test_time_zones(void **state)
{
    (void)state;
    assert_zone(3600.4, "1 h");
    assert_zone(-3600.4, "1 h");
    assert_zone(1745, "30 min");
    assert_zone(-1859, "30 min");
    assert_zone(19800 + 55, "5 h 30 min");
    assert_zone(14 * 3600, "14 h");
    assert_zone(-26 * 3600, "26 h");
    assert_zone(1735, NULL);
    assert_zone(1865, NULL);
    assert_zone(3600 + 65, NULL);
    assert_zone(0.01, NULL);
    assert_zone(59, NULL);
    assert_zone(27 * 3600, NULL);
    assert_zone(2e9, NULL);
    /* Too vague to look like anything. */
    realm->model = make_model(3600, 80, 80, 9);
    assert_says(sg_report_check_text, false, "almost exactly");
}

static void
test_time_zone_where(void **state)
{
    (void)state;
    assert_says(sg_report_check_text, true, "\"timedatectl\" on this host");
    realm->blame = SG_BLAME_KDC;
    assert_says(sg_report_check_text, true, "\"timedatectl\" on that KDC");
    realm->blame = SG_BLAME_REALM;
    assert_says(sg_report_check_text, true, "\"timedatectl\" on its KDCs");
}

/* ---- the keytab ---- */

static void
test_laptop_is_calm(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    sg_report_status_text(&status, &now, false, &text);
    /* not a word: the same file as of a host without any of this */
    assert_golden("status-healthy", &text);
    assert_says(write_sources, true,
                "EXAMPLE.ORG: /etc/krb5.keytab: No such file or directory: "
                "plain answers only");
    assert_says(write_sources, false, "? keytab");
    assert_says(sg_report_explain_text, false, "cannot be used");
    assert_says(sg_report_explain_text, true,
                "keytab /etc/krb5.keytab: No such file or directory: plain "
                "answers only");
    assert_says(sg_report_check_text, true,
                "/etc/krb5.keytab: No such file or directory: plain answers "
                "only");
    assert_says(sg_report_check_text, false, "this host's key");
    realm->auth_reason[0] = '\0';
    assert_says(sg_report_check_text, true, "no keytab: plain answers only");
    realm->auth = SG_AUTH_OFF;
    assert_says(sg_report_check_text, false, "plain answers only");
    assert_says(sg_report_explain_text, false, "reason - keytab");
}

static void
test_keytab_fails(void **state)
{
    (void)state;
    realm->auth = SG_AUTH_FAILS;
    SET(realm->auth_reason, "das-m: rejected, stale keytab?");
    assert_says(write_status, true,
                "authenticated time fails: das-m: rejected, stale keytab?");
    assert_says(sg_report_check_text, true, "authenticated time fails: das-m");
    realm->auth = SG_AUTH_PENDING;
    realm->auth_reason[0] = '\0';
    assert_says(write_status, false, "no authenticated answer");
    assert_says(sg_report_check_text, true, "no authenticated answer yet");
    realm->auth = SG_AUTH_WORKS;
    assert_says(sg_report_explain_text, true,
                "keytab gives authenticated time");
}

/* ---- the matrix ---- */

/* What is shown as certain is, after rounding. */
static void
test_bounds_are_rounded_outwards(void **state)
{
    (void)state;
    realm->model = make_model(-400, 0.00014, 0.00288, 9);
    status.sources[0].model = realm->model;
    assert_says(sg_report_check_text, true, "-400.0002 .. -399.9971");
    status.sources[0].model = make_model(-0.5, 0.00012345, 0.00012345, 9);
    assert_says(sg_report_check_text, true, "-0.500124 .. -0.499876");
    status.sources[0].model = make_model(-0.5, 0.3001, 0.3001, 9);
    assert_says(sg_report_check_text, true, "-0.801 .. -0.199");
    status.sources[0].model = make_model(1.5e9, 0.25, 0.25, 9);
    assert_says(sg_report_check_text, true, "+1499999999 .. +1500000001");
}

/* A step that outdates tickets by this host's limit, if not by the KDC's. */
static void
test_step_reminder(void **state)
{
    (void)state;
    set_offset(0);
    realm->state = SG_STATE_OK;
    status.clock.last_step_s = 100;
    status.clock.last_step_at.ns = (RAW_S - 100) * NS;
    assert_says(write_status, true, "run kinit again");
    status.own_clockskew_s = 300;
    assert_says(write_status, false, "run kinit again");
    status.clock.last_step_s = 400;
    assert_says(write_status, true, "run kinit again");
    status.kdc_timesync = false;
    assert_says(write_status, false, "run kinit again");
}

/* A keytab that went away leaves what it gave until that is too old. */
static void
test_keytab_gone(void **state)
{
    (void)state;
    assert_says(write_sources, true, "+ keytab das-m");
    status.sources[2].outcome = SG_OUTCOME_KEYTAB;
    assert_says(write_sources, true, "+ keytab das-m");
    status.sources[2].model.valid = false;
    assert_says(write_sources, false, "+ keytab das-m");
}

#define BROKEN(test) cmocka_unit_test_setup(test, set_up_broken)
#define LAPTOP(test) cmocka_unit_test_setup(test, set_up_laptop)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BROKEN(test_broken_host),
        BROKEN(test_refused_by_limit),
        BROKEN(test_larger_own_limit),
        BROKEN(test_kdc_limit_not_known),
        BROKEN(test_edge),
        BROKEN(test_without_timesync),
        BROKEN(test_one_wrong_kdc),
        BROKEN(test_after_own_step),
        BROKEN(test_nothing_measured),
        BROKEN(test_time_zones),
        BROKEN(test_time_zone_where),
        LAPTOP(test_laptop_is_calm),
        BROKEN(test_bounds_are_rounded_outwards),
        BROKEN(test_step_reminder),
        BROKEN(test_keytab_fails),
        BROKEN(test_keytab_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

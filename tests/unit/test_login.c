/*
 * The word at login: every case, for users and for root, in full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/login.h"
#include "report/report.h"

#include "report_fixture.h"
#include "report_golden.h"

static struct sg_status_realm *const realm = &status.realms[0];
static struct sg_buf golden;

static const char *const kinds[] = {
    [SG_LOGIN_NOTHING] = "nothing",
    [SG_LOGIN_WARNING] = "warning",
    [SG_LOGIN_REFUSED] = "refused",
};

static enum sg_login_kind
say(struct sg_buf *ret, double warn_frac, bool for_root)
{
    struct sg_login_options options = {warn_frac, for_root};
    struct sg_present present;

    sg_present_make(&status, &now, &present);
    return sg_login_add(ret, &status, &present, &options);
}

/* Both texts into the golden file, and what must be true of any of them. */
static void
tell(const char *title)
{
    enum sg_login_kind to_user = SG_LOGIN_NOTHING;

    sg_buf_add(&golden, "%s\n", title);
    for (int root = 0; root <= 1; root++) {
        struct sg_buf text = SG_BUF_INIT;
        enum sg_login_kind kind = say(&text, -1, root != 0);

        sg_buf_add(&golden, "  %s, %s:\n", root ? "root" : "user", kinds[kind]);
        assert_int_equal(kind == SG_LOGIN_NOTHING, text.len == 0);
        assert_in_range(text.len, 0, 700);
        for (size_t i = 0; i < text.len; i++)
            assert_in_range(text.text[i], ' ', '~');
        if (text.len > 0) {
            assert_int_equal(text.text[text.len - 1], '.');
            sg_buf_add(&golden, "    ");
            sg_words_wrap(&golden, 4, 4, text.text);
        }
        sg_buf_free(&text);
        if (root)
            assert_true(to_user == SG_LOGIN_NOTHING || to_user == kind);
        to_user = kind;
    }
}

static void
set_offset(double offset_s, double bound_s)
{
    realm->model = make_model(offset_s, bound_s, bound_s, 9);
    realm->state = SG_STATE_OK;
}

static void
blame(enum sg_blame whose, const char *reason)
{
    realm->blame = whose;
    SET(realm->reason, reason);
}

static void
age(double since_s)
{
    now.host.raw.ns += (int64_t)(since_s * 1e9);
    now.host.wall.ns += (int64_t)(since_s * 1e9);
}

/* ---- what is said ---- */

static void
test_skew(void **state)
{
    (void)state;
    tell("healthy");
    set_offset(0.0032, 1);
    status.clock.slew_ppm = 50;
    tell("steered, within limits");
    set_offset(74.2, 0.02);
    tell("warn, just stepped by somebody: nothing is known of why");
    blame(SG_BLAME_OURS, "das-m and two NTP servers agree against our clock");
    realm->time_to_limit_s = 7300;
    tell("warn, by us, steered");
    status.clock.disciplined = false;
    status.mode = SG_MODE_GUARD;
    set_offset(-214, 0.02);
    realm->time_to_limit_s = 8e5;
    tell("critical, ahead, guarded, limit far away");
    set_offset(1, 80);
    blame(SG_BLAME_NONE, "");
    realm->time_to_limit_s = -1;
    tell("warn, for want of measurements");
    realm->worst = 1;
    realm->model = make_model(74.2, 0.4, 0.5, 9);
    tell("warn, KDC alone, between bounds");
    status.clock.simulated = true;
    status.clock.sim_raw = now.host.raw;
    status.clock.sim_wall = now.host.wall;
    tell("warn, simulated");
    assert_golden("login-skew", &golden);
}

static void
test_refused(void **state)
{
    (void)state;
    status.clock.disciplined = false;
    status.mode = SG_MODE_GUARD;
    set_offset(400, 0.004);
    tell("refused: behind, cause unknown");
    blame(SG_BLAME_OURS, "this host's clock: authenticated time of 2 KDCs");
    set_offset(-400, 0.004);
    tell("refused: ahead, by us");
    status.kdc_timesync = false;
    tell("refused: without kdc_timesync");
    status.kdc_timesync = true;
    blame(SG_BLAME_REALM, "all 2 KDCs were set by -400 s");
    tell("refused: the realm's clock");
    blame(SG_BLAME_UNCLEAR, "one KDC and this host, and nobody to ask");
    tell("refused: whose clock is not known");
    blame(SG_BLAME_NTP, "ntp.example.net contradicts all");
    tell("refused, and an NTP server is wrong, too");
    blame(SG_BLAME_KDC, "das-m is 400 s from two NTP servers");
    tell("refused: by the only KDC");
    add_source("das-s", SG_KIND_KDC, 0, SG_TALLY_AGREES,
               make_model(0, 0.4, 0.4, 9));
    tell("one of two KDCs is wrong");
    blame(SG_BLAME_NONE, "");
    set_offset(300.4, 0.2);
    tell("the edge");
    set_offset(100, 0.2);
    status.own_clockskew_s = 60;
    tell("refused by this host's own limit");
    set_offset(7200.5, 0.2);
    tell("refused: hours");
    assert_golden("login-refused", &golden);
}

static void
test_daemon(void **state)
{
    (void)state;
    now.daemon = SG_REPORT_DAEMON_DEAD;
    tell("just dead, all well");
    age(10800);
    tell("long dead, all well");
    set_offset(74.2, 0.02);
    age(0);
    now.host.wall.ns = (WALL_S + 10800) * NS;
    blame(SG_BLAME_OURS, "stale evidence");
    tell("long dead, warn");
    set_offset(400, 0.02);
    tell("long dead, refused");
    realm->state = SG_STATE_UNKNOWN;
    tell("long dead, unknown, and yet certainly refused");
    realm->model.valid = false;
    tell("long dead, nothing known");
    now.daemon = SG_REPORT_DAEMON_ALIVE;
    set_offset(0.0032, 0.02);
    tell("overdue, all well");
    set_offset(400, 0.02);
    tell("overdue, refused");
    now.daemon = SG_REPORT_DAEMON_UNCERTAIN;
    tell("overdue, nobody can say if it lives");
    assert_golden("login-daemon", &golden);
}

static void
test_unknown(void **state)
{
    (void)state;
    realm->state = SG_STATE_UNKNOWN;
    tell("silence, with a model that has grown old");
    realm->model = make_model(1, 400, 400, 9);
    tell("silence, the bounds wider than the limit");
    realm->model.valid = false;
    tell("never measured");
    set_offset(400, 0.02);
    now.suspended_s += 60;
    tell("resumed");
    age(600);
    tell("resumed, overdue");
    now.daemon = SG_REPORT_DAEMON_DEAD;
    tell("resumed, dead");
    now.suspended_s -= 60;
    SET(now.boot_id, "boot-2");
    tell("other boot, dead");
    now.daemon = SG_REPORT_DAEMON_ALIVE;
    tell("other boot");
    SET(now.boot_id, "boot-1");
    now.host.raw.ns = (RAW_S - 100) * NS;
    tell("from the future");
    sg_status_init(&status);
    tell("nothing at all");
    begin();
    SET(status.notice, "no realm found");
    tell("no realm");
    assert_golden("login-unknown", &golden);
}

static void
test_tickets(void **state)
{
    (void)state;
    status.clock.last_step_s = 600.2;
    status.clock.last_step_at.ns = (RAW_S - 200) * NS;
    tell("our step, beyond the limit");
    status.kdc_timesync = false;
    tell("our step, without kdc_timesync");
    status.kdc_timesync = true;
    status.clock.last_step_s = 200;
    tell("our step, within the limit");
    status.clock.last_step_s = -3600;
    status.clock.last_step_at.ns = (RAW_S - 80000) * NS;
    tell("our step, nearly a day ago");
    status.clock.last_step_at.ns = (RAW_S - 90000) * NS;
    tell("our step, more than a day ago");
    status.clock.last_foreign_s = 3600;
    status.clock.last_foreign_at.ns = (RAW_S - 7200) * NS;
    tell("somebody else's step");
    status.clock.last_step_at.ns = (RAW_S - 7199) * NS;
    tell("somebody else's step, undone at once");
    status.clock.last_foreign_s = 0;
    now.daemon = SG_REPORT_DAEMON_DEAD;
    tell("our step, and dead: root has worse to do");
    now.daemon = SG_REPORT_DAEMON_ALIVE;
    set_offset(400, 0.004);
    tell("our step, and refused again");
    set_offset(0.0032, 1);
    now.host.raw.ns = 100 * NS;
    status.published.ns = 99 * NS;
    status.realms[0].model.at.ns = 90 * NS;
    status.clock.last_step_at.ns = 30 * NS;
    tell("the clock was set at boot");
    assert_golden("login-tickets", &golden);
}

/* All of it as large and as foreign as can be. */
static void
test_hostile(void **state)
{
    (void)state;
    SET(realm->name, "EVIL\033[2J\n\xc3\xa4 %s%n");
    SET(realm->reason, "\033]0;red\007 \r%n");
    realm->blame = SG_BLAME_OURS;
    set_offset(-9e9, 0.004);
    tell("foreign names, a clock that is far ahead");
    realm->blame = SG_BLAME_KDC;
    realm->worst = 0;
    SET(status.sources[0].name, "\001\002\177kdc");
    tell("foreign names, a KDC");
    assert_golden("login-hostile", &golden);
    fill(realm->name, sizeof realm->name, 'R');
    fill(realm->reason, sizeof realm->reason, '\033');
    fill(status.sources[0].name, sizeof status.sources[0].name, 'K');
    set_offset(-1e6, 0.004);
    for (int root = 0; root <= 1; root++) {
        struct sg_buf text = SG_BUF_INIT;

        assert_int_equal(say(&text, -1, root != 0), SG_LOGIN_WARNING);
        assert_in_range(text.len, 100, 1300);
        sg_buf_free(&text);
    }
}

/* ---- which realm, and from when on ---- */

static void
assert_said(double warn_frac, enum sg_login_kind kind, const char *words)
{
    struct sg_buf text = SG_BUF_INIT;

    assert_int_equal(say(&text, warn_frac, false), kind);
    if (words)
        assert_non_null(strstr(text.text, words));
    sg_buf_free(&text);
}

static void
test_threshold(void **state)
{
    (void)state;
    set_offset(90, 0);
    assert_said(-1, SG_LOGIN_WARNING, "90 s behind EXAMPLE.ORG");
    assert_said(0.30, SG_LOGIN_WARNING, "90 s behind EXAMPLE.ORG");
    assert_said(0.31, SG_LOGIN_NOTHING, NULL);
    set_offset(30, 0);
    assert_said(-1, SG_LOGIN_NOTHING, NULL);
    assert_said(0.10, SG_LOGIN_WARNING, "30 s behind EXAMPLE.ORG");
    /* The daemon waits until it is sure. */
    realm->state = SG_STATE_WARN;
    assert_said(-1, SG_LOGIN_WARNING, "30 s behind EXAMPLE.ORG");
    assert_said(0.20, SG_LOGIN_NOTHING, NULL);
    set_offset(400, 0);
    assert_said(1, SG_LOGIN_REFUSED, "Refused now: ");
}

static void
test_worst_realm(void **state)
{
    (void)state;
    /* The first is worse, the other is refused: it has a smaller limit. */
    set_offset(290, 0);
    add_realm("OTHER.EXAMPLE", SG_STATE_OK, make_model(310, 0, 0, 9), -1);
    assert_said(-1, SG_LOGIN_REFUSED, "310 s behind OTHER.EXAMPLE");
    status.realms[1].clockskew_s = 2000;
    assert_said(-1, SG_LOGIN_REFUSED, "310 s behind OTHER.EXAMPLE");
    status.realms[1].model = make_model(0, 0, 0, 9);
    assert_said(-1, SG_LOGIN_WARNING, "290 s behind EXAMPLE.ORG");
}

#define HEALTHY(test) cmocka_unit_test_setup(test, set_up_healthy)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        HEALTHY(test_skew),      HEALTHY(test_refused),
        HEALTHY(test_daemon),    HEALTHY(test_unknown),
        HEALTHY(test_tickets),   HEALTHY(test_hostile),
        HEALTHY(test_threshold), HEALTHY(test_worst_realm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

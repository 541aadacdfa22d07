/*
 * The words of alerts.  What people read in the common cases is kept in
 * golden/alerts.txt; whatever a status holds, nobody can forge a line with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/record.h"
#include "report/alert.h"
#include "report/words.h"

#include "chance.h"
#include "report_fixture.h"
#include "report_golden.h"

#define HOUR_S 3600.0
#define DAY_S 86400.0

static struct sg_status_realm *
set_up_realm(enum sg_state state, double offset_s, enum sg_blame blame,
             const char *reason)
{
    struct sg_status_realm *realm;

    begin();
    status.state = state;
    status.clock.model = make_model(offset_s, 0.02, 0.02, 3);
    realm =
        add_realm("EXAMPLE.ORG", state, make_model(offset_s, 0.06, 0.06, 3), 0);
    realm->measured = true;
    realm->blame = blame;
    SET(realm->reason, reason);
    SET(realm->forecast, "no drift to be seen: +0.01 ppm, known to 0.09 ppm");
    add_source("das-m", SG_KIND_KDC, 0, SG_TALLY_AGREES,
               make_model(offset_s, 0.06, 0.06, 3));
    add_source("das-s", SG_KIND_KDC, 0, SG_TALLY_AGREES,
               make_model(offset_s, 0.5, 0.4, 40));
    add_source("das-m", SG_KIND_NTP, 0, SG_TALLY_STEERS,
               make_model(offset_s, 0.02, 0.02, 7));
    status.sources[0].has_guess = true;
    return realm;
}

static void
guard_only(void)
{
    status.mode = SG_MODE_GUARD;
    SET(status.mode_reason, "chronyd (pid 711, chrony.service) steers this "
                            "host's clock already");
    status.clock.disciplined = false;
    SET(status.decision, "hold: guard mode");
}

static void
put_kdc_wrong(double offset_s, enum sg_state state)
{
    char reason[SG_REASON_MAX];

    snprintf(reason, sizeof reason,
             "KDC das-m: its clock was set by %+.1f s; this host's was not",
             offset_s);
    set_up_realm(state, offset_s, SG_BLAME_KDC, reason);
    status.sources[0].tally = SG_TALLY_FALSETICKER;
    status.sources[1].model = make_model(0.2, 0.5, 0.4, 40);
    status.sources[2].model = make_model(0.0031, 0.02, 0.02, 7);
    SET(status.sources[2].name, "das-s");
}

static void
kdc_warn(void)
{
    put_kdc_wrong(70, SG_STATE_WARN);
}

static void
kdc_critical(void)
{
    put_kdc_wrong(200, SG_STATE_CRITICAL);
}

static void
kdc_exceeded(void)
{
    put_kdc_wrong(-310, SG_STATE_EXCEEDED);
}

static void
ours_stepped(void)
{
    set_up_realm(SG_STATE_EXCEEDED, 400, SG_BLAME_OURS,
                 "this host's clock: somebody here stepped it by -400.0 s");
    status.clock.last_foreign_s = -400;
    status.clock.last_foreign_at.ns = (RAW_S - 3) * NS;
    status.clock.foreign_steps = 1;
    SET(status.decision, "hold: +400.000 s wanted; a KDC is asked with the "
                         "host's key first");
}

static void
ours_guarded(void)
{
    struct sg_status_realm *realm;

    set_up_realm(SG_STATE_CRITICAL, -210.4, SG_BLAME_OURS,
                 "this host's clock: 2 hosts agree with each other and not "
                 "with it");
    guard_only();
    status.sources[0].has_guess = false;
    realm = add_realm("OTHER.EXAMPLE", SG_STATE_WARN,
                      make_model(-210.4, 0.06, 0.06, 20), -1);
    realm->blame = SG_BLAME_OURS;
    realm->clockskew_s = 600;
    realm->limit_overrides = true;
    status.clock.last_foreign_s = 2;
    status.clock.last_foreign_at.ns = (RAW_S - 7200) * NS;
}

static void
ours_zone(void)
{
    set_up_realm(SG_STATE_EXCEEDED, -3600.2, SG_BLAME_OURS,
                 "this host's clock: 2 hosts agree with each other and not "
                 "with it");
    guard_only();
}

static void
ours_refused(void)
{
    set_up_realm(SG_STATE_EXCEEDED, 7000, SG_BLAME_OURS,
                 "this host's clock: 2 hosts agree with each other and not "
                 "with it");
    status.clock.refused = true;
    SET(status.decision, "a step of +7000.000 s while running is refused: at "
                         "most 3600 s");
}

static void
realm_wrong(void)
{
    struct sg_status_source *source;

    set_up_realm(SG_STATE_EXCEEDED, 400, SG_BLAME_REALM,
                 "the realm: the clocks of its 2 KDCs were set by +400.0 s; "
                 "this host's was not");
    source = add_source("ntp.example.net", SG_KIND_NTP, -1, SG_TALLY_ASIDE,
                        make_model(-0.002, 0.03, 0.03, 61));
    source->stratum = 1;
}

static void
unclear(void)
{
    set_up_realm(SG_STATE_WARN, -90, SG_BLAME_UNCLEAR,
                 "KDC das-m and this host differ, and no two other hosts "
                 "agree");
    status.n_sources = 1;
}

static void
forecast(void)
{
    struct sg_status_realm *realm =
        set_up_realm(SG_STATE_OK, 54, SG_BLAME_NONE, "2 hosts agree");

    guard_only();
    realm->rate_ppm = 22000;
    realm->time_to_limit_s = 11180;
    SET(realm->forecast, "limit reached in about 3 h at +22000.00 ppm");
}

static void
silent(void)
{
    struct sg_status_realm *realm =
        set_up_realm(SG_STATE_UNKNOWN, 0.0032, SG_BLAME_NONE,
                     "no KDC answers; das-m: no reply in 1.0 s (12th time), "
                     "next try in 64 s");

    realm->measured = false;
    realm->model = make_model(0.0032, 0.06, 0.06, 1200);
    realm->model.growth_ppm = 15;
    realm->rate_ppm = 300;
    SET(realm->forecast, "none: nothing is measured");
    for (int i = 0; i < status.n_sources; i++) {
        status.sources[i].tally = SG_TALLY_UNUSABLE;
        status.sources[i].outcome = SG_OUTCOME_NO_REPLY;
        status.sources[i].model.valid = false;
        SET(status.sources[i].reason,
            "no reply in 1.0 s (12th time), next try in 64 s");
    }
    SET(status.decision, "hold: no sources that agree");
}

static void
never_measured(void)
{
    silent();
    status.realms[0].model.valid = false;
    status.realms[0].worst = -1;
    SET(status.realms[0].reason, "no KDC is known for this realm");
    status.n_sources = 0;
}

static void
unproven(void)
{
    struct sg_status_realm *realm = set_up_realm(
        SG_STATE_UNKNOWN, 400, SG_BLAME_NONE,
        "KDC das-m says +400.000 s, and nothing proves it: das-m refuses the "
        "key of host/ws1.example.org");

    realm->auth = SG_AUTH_FAILS;
    SET(realm->auth_reason, "das-m refuses the key of host/ws1.example.org");
    SET(status.decision, "hold: no sources that agree");
}

static void
out_of_sight(void)
{
    silent();
    status.realms[0].model = make_model(74, 0.06, 0.06, 1200);
    status.realms[0].model.growth_ppm = 15;
}

static void
well(void)
{
    set_up_realm(SG_STATE_OK, 0.0032, SG_BLAME_NONE, "2 hosts agree");
}

static void
stepped_back(void)
{
    well();
    status.clock.last_foreign_s = 400;
    status.clock.last_foreign_at.ns = (RAW_S - 5) * NS;
    status.clock.last_step_s = -400.0002;
    status.clock.last_step_at.ns = (RAW_S - 5) * NS + 2000000;
    SET(status.decision,
        "step by -400.000200 s: somebody else moved the clock");
}

static void
stepped(void)
{
    well();
    guard_only();
    status.clock.last_foreign_s = -61;
    status.clock.last_foreign_at.ns = (RAW_S - 5) * NS;
}

static void
guarded_well(void)
{
    well();
    guard_only();
}

static void
liar(void)
{
    well();
    status.realms[0].blame = SG_BLAME_NTP;
    SET(status.realms[0].reason,
        "NTP server ntp.example.net contradicts the other hosts and is "
        "ignored");
    SET(add_source("ntp.example.net", SG_KIND_NTP, -1, SG_TALLY_FALSETICKER,
                   make_model(-400.2, 0.03, 0.03, 61))
            ->reason,
        "-400.2 s, outside of -10 ms to +16 ms on which 3 sources agree");
}

#define REALM .topic = SG_ALERT_REALM
#define RAISED(l) .phase = SG_ALERT_RAISED, .level = (l), .since_s = 3

static const struct scene {
    const char *name;
    void (*set_up)(void);
    struct sg_alert alert;
} scenes[] = {
    {"warn-kdc",
     kdc_warn,
     {REALM, RAISED(SG_ALERT_WARN), .is_member = true, .blame = SG_BLAME_KDC}},
    {"critical-kdc",
     kdc_critical,
     {REALM, .phase = SG_ALERT_WORSE, .level = SG_ALERT_CRITICAL,
      .before = SG_ALERT_WARN, .since_s = 7300, .is_member = true,
      .blame = SG_BLAME_KDC}},
    {"exceeded-kdc",
     kdc_exceeded,
     {REALM, RAISED(SG_ALERT_EXCEEDED), .is_member = true,
      .blame = SG_BLAME_KDC}},
    {"exceeded-ours",
     ours_stepped,
     {REALM, .phase = SG_ALERT_WORSE, .level = SG_ALERT_EXCEEDED,
      .before = SG_ALERT_WARN, .since_s = 700, .blame = SG_BLAME_OURS}},
    {"critical-guarded",
     ours_guarded,
     {REALM, RAISED(SG_ALERT_CRITICAL), .blame = SG_BLAME_OURS}},
    {"reminder-zone",
     ours_zone,
     {REALM, .phase = SG_ALERT_REMINDER, .level = SG_ALERT_EXCEEDED,
      .before = SG_ALERT_EXCEEDED, .since_s = 2 * DAY_S + 100,
      .blame = SG_BLAME_OURS}},
    {"exceeded-refused",
     ours_refused,
     {REALM, RAISED(SG_ALERT_EXCEEDED), .blame = SG_BLAME_OURS}},
    {"exceeded-realm",
     realm_wrong,
     {REALM, RAISED(SG_ALERT_EXCEEDED), .is_member = true,
      .blame = SG_BLAME_REALM}},
    {"warn-unclear",
     unclear,
     {REALM, RAISED(SG_ALERT_WARN), .blame = SG_BLAME_UNCLEAR}},
    {"forecast", forecast, {REALM, RAISED(SG_ALERT_FORECAST)}},
    {"unknown-silent", silent, {REALM, RAISED(SG_ALERT_UNKNOWN)}},
    {"unknown-never", never_measured, {REALM, RAISED(SG_ALERT_UNKNOWN)}},
    {"unknown-unproven", unproven, {REALM, RAISED(SG_ALERT_UNKNOWN)}},
    {"changed-silent",
     out_of_sight,
     {REALM, .phase = SG_ALERT_CHANGED, .level = SG_ALERT_WARN,
      .before = SG_ALERT_WARN, .since_s = 9000, .blame = SG_BLAME_OURS}},
    {"flapping",
     kdc_warn,
     {REALM, RAISED(SG_ALERT_WARN), .returns = 3, .calm_s = 21600,
      .is_member = true, .blame = SG_BLAME_KDC}},
    {"recovered",
     well,
     {REALM, .phase = SG_ALERT_RECOVERED, .level = SG_ALERT_EXCEEDED,
      .before = SG_ALERT_WARN, .since_s = 7500, .blame = SG_BLAME_OURS}},
    {"recovered-flapping",
     well,
     {REALM, .phase = SG_ALERT_RECOVERED, .level = SG_ALERT_WARN,
      .before = SG_ALERT_WARN, .since_s = 30000, .returns = 3,
      .is_member = true, .blame = SG_BLAME_KDC}},
    {"recovered-unwatched",
     well,
     {REALM, .phase = SG_ALERT_RECOVERED, .level = SG_ALERT_WARN, .realm = -1,
      .text = "OLD.EXAMPLE", .since_s = 7500}},
    {"server",
     liar,
     {.topic = SG_ALERT_SERVER,
      RAISED(SG_ALERT_NOTICE),
      .calm_s = 300,
      .blame = SG_BLAME_NTP}},
    {"server-recovered",
     well,
     {.topic = SG_ALERT_SERVER,
      .phase = SG_ALERT_RECOVERED,
      .level = SG_ALERT_NOTICE,
      .realm = -1,
      .since_s = 5 * HOUR_S,
      .blame = SG_BLAME_NTP}},
    {"step-undone",
     stepped_back,
     {.topic = SG_ALERT_STEP,
      RAISED(SG_ALERT_NOTICE),
      .realm = -1,
      .text = "clock: somebody else stepped it by +400.000000 s",
      .returns = 1}},
    {"step-guarded",
     stepped,
     {.topic = SG_ALERT_STEP,
      .phase = SG_ALERT_REMINDER,
      .level = SG_ALERT_NOTICE,
      .realm = -1,
      .repeats = 3,
      .returns = 5,
      .text = "clock: somebody else stepped it by -61.000000 s; guard mode "
              "leaves it there"}},
    {"rival",
     guarded_well,
     {.topic = SG_ALERT_RIVAL,
      RAISED(SG_ALERT_NOTICE),
      .realm = -1,
      .text = "clock: chronyd (pid 711, chrony.service) was started to steer "
              "this host's clock; only guarding it until SIGHUP or a restart",
      .returns = 1}},
    {"refused",
     ours_refused,
     {.topic = SG_ALERT_REFUSED,
      RAISED(SG_ALERT_NOTICE),
      .realm = -1,
      .calm_s = 300,
      .blame = SG_BLAME_OURS,
      .text = "a step of +7000.000 s while running is refused: at most "
              "3600 s"}},
    {"refused-recovered",
     well,
     {.topic = SG_ALERT_REFUSED,
      .phase = SG_ALERT_RECOVERED,
      .level = SG_ALERT_NOTICE,
      .realm = -1,
      .since_s = 4000}},
    {"test",
     well,
     {.topic = SG_ALERT_TEST, RAISED(SG_ALERT_NOTICE), .realm = -1}},
};

static void
add_scene(const struct scene *scene, struct sg_buf *ret)
{
    struct sg_buf subject = SG_BUF_INIT;
    struct sg_alert alert = scene->alert;
    struct sg_present present;

    if (alert.calm_s == 0)
        alert.calm_s = 300;
    scene->set_up();
    sg_present_make(&status, &now, &present);
    sg_alert_add_subject(&subject, &alert, &status, &present);
    sg_buf_add(ret, "=== %s, severity %d\nSubject: ", scene->name,
               sg_alert_severity(&alert));
    sg_words_flush(ret, 9, 4, &subject);
    sg_buf_add(ret, "\n");
    sg_alert_add_body(ret, &alert, &status, &present);
    sg_buf_add(ret, "\n");
}

static void
alerts_read_as_kept(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        add_scene(&scenes[i], &text);
    assert_golden("alerts", &text);
}

/* ---- whatever a status holds ---- */

static const struct sg_alert warn_alert = {
    .topic = SG_ALERT_REALM,
    RAISED(SG_ALERT_WARN),
    .calm_s = 300,
};

static char *
subject_of(const struct sg_alert *alert, struct sg_buf *ret)
{
    struct sg_present present;

    sg_present_make(&status, &now, &present);
    sg_buf_clear(ret);
    sg_alert_add_subject(ret, alert, &status, &present);
    assert_false(ret->failed);
    return ret->text;
}

/* Somebody sets the clock between the last status and the alert. */
static void
numbers_are_of_this_moment(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    kdc_warn();
    assert_non_null(strstr(subject_of(&warn_alert, &text),
                           "KDC das-m is 70 s ahead of this host, 23 % of"));
    now.host.wall.ns += 100 * NS;
    assert_non_null(strstr(subject_of(&warn_alert, &text),
                           "KDC das-m is 30 s behind this host, 10 % of"));
    now.suspended_s += 60;
    assert_non_null(
        strstr(subject_of(&warn_alert, &text), "not measured since resume"));
    sg_buf_free(&text);
}

/* What matters is not pushed out by a long name. */
static void
long_names_leave_room(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    kdc_warn();
    fill(status.realms[0].name, sizeof status.realms[0].name, 'R');
    fill(status.realms[0].reason, sizeof status.realms[0].reason, 'Y');
    fill(status.sources[0].name, sizeof status.sources[0].name, 'K');
    subject_of(&warn_alert, &text);
    assert_int_equal(text.len, SG_RECORD_SUBJECT_MAX - 1);
    assert_non_null(strstr(text.text, "K is 70 s ahead of this host, 23 % of"));
    assert_string_equal(text.text + text.len - 3, "...");
    sg_buf_free(&text);
}

static double
holdover(double growth_ppm, double rate_ppm, double offset_s)
{
    struct sg_present present;

    silent();
    status.realms[0].model = make_model(offset_s, 1, 1, 0);
    status.realms[0].model.growth_ppm = growth_ppm;
    status.realms[0].rate_ppm = rate_ppm;
    sg_present_make(&status, &now, &present);
    return sg_present_holdover_s(&status, &present, 0);
}

static void
holdover_is_what_bounds_and_rate_leave(void **state)
{
    (void)state;
    assert_float_equal(holdover(100, 0, 0), 299 / 100e-6, 1);
    assert_float_equal(holdover(100, 0, -99), 200 / 100e-6, 1);
    assert_float_equal(holdover(100, 100, 0), 299 / 200e-6, 1);
    assert_float_equal(holdover(100, -400, 0), 299 / 500e-6, 1);
    assert_float_equal(holdover(100, 400, -99), 398 / 500e-6, 1);
    /* nobody knows that it goes on to move away from its nearer end */
    assert_float_equal(holdover(100, 50, -99), 200 / 100e-6, 1);
    assert_true(isinf(holdover(0, 0, 99)));
    assert_true(holdover(15, 0, 299.5) == 0);
    assert_true(holdover(NAN, 0, 0) < 0);
}

/* Controls, line ends, other alphabets; with blanks or without, short or as
 * long as can be. */
static void
spoil_text(char *field, size_t size)
{
    static const char bytes[] = "\n\r\t\033\001\177\200\303\251%s:;=\" aB9.";
    int n = chance_below(3) ? chance_below((int)size) : (int)size - 1;

    for (int i = 0; i < n; i++)
        field[i] =
            chance_below(4) ? 'x' : bytes[chance_below(sizeof bytes - 1)];
    field[n] = '\0';
}

static double
spoilt_number(void)
{
    static const double bad[] = {NAN,  INFINITY, -INFINITY, 1e300, -1e300,
                                 -1e9, 1e-300,   -0.0,      0,     9.2e9};

    if (chance_below(3) == 0)
        return bad[chance_below(sizeof bad / sizeof *bad)];
    return chance_between(-1, 1) * pow(10, chance_below(8));
}

static int64_t
spoilt_ns(int64_t near_ns)
{
    switch (chance_below(4)) {
    case 0:
        return (int64_t)chance_bits();
    case 1:
        return chance_below(2) ? INT64_MAX : INT64_MIN;
    default:
        return near_ns + (int64_t)chance_below(1000000000) * 1000;
    }
}

#define SPOIL(field) spoil_text(field, sizeof(field))
#define PICK(count) chance_below(count)

static void
spoil_model(struct sg_model *model)
{
    model->valid = PICK(4);
    model->at.ns = spoilt_ns(RAW_S * NS);
    model->ref.ns = spoilt_ns(WALL_S * NS);
    model->lower_s = spoilt_number();
    model->upper_s = spoilt_number();
    model->error_s = spoilt_number();
    model->rate_ppm = spoilt_number();
    model->growth_ppm = spoilt_number();
    model->wander_ppm = spoilt_number();
    model->walk_ppm = spoilt_number();
}

static void
spoil_realm(struct sg_status_realm *realm)
{
    SPOIL(realm->name);
    realm->state = (enum sg_state)PICK(SG_STATE_COUNT);
    realm->measured = PICK(2);
    realm->clockskew_s = spoilt_number();
    realm->limit_overrides = PICK(2);
    spoil_model(&realm->model);
    realm->worst = PICK(SG_MAX_SOURCES + 1) - 1;
    realm->rate_ppm = spoilt_number();
    realm->time_to_limit_s = spoilt_number();
    SPOIL(realm->forecast);
    realm->blame = (enum sg_blame)PICK(SG_BLAME_COUNT);
    SPOIL(realm->reason);
    realm->auth = (enum sg_auth)PICK(SG_AUTH_COUNT);
    SPOIL(realm->auth_reason);
}

static void
spoil_source(struct sg_status_source *source)
{
    SPOIL(source->name);
    SPOIL(source->address);
    source->port = PICK(65536);
    source->kind = (enum sg_kind)PICK(SG_KIND_COUNT);
    source->realm = PICK(SG_MAX_REALMS + 1) - 1;
    source->tally = (enum sg_tally)PICK(SG_TALLY_COUNT);
    source->outcome = (enum sg_outcome_code)PICK(2);
    SPOIL(source->reason);
    spoil_model(&source->model);
    source->has_guess = PICK(2);
    source->last.ns = spoilt_ns(RAW_S * NS);
}

static void
spoil_clock(struct sg_status_clock *clock)
{
    SPOIL(clock->driver);
    clock->disciplined = PICK(2);
    clock->frequency_ppm = spoilt_number();
    clock->slew_ppm = spoilt_number();
    spoil_model(&clock->model);
    clock->synced = PICK(2);
    clock->refused = PICK(2);
    clock->last_step_s = spoilt_number();
    clock->last_step_at.ns = spoilt_ns(RAW_S * NS);
    clock->last_foreign_s = spoilt_number();
    clock->last_foreign_at.ns = spoilt_ns(RAW_S * NS);
    clock->simulated = PICK(2);
    clock->sim_raw.ns = spoilt_ns(RAW_S * NS);
    clock->sim_wall.ns = spoilt_ns(WALL_S * NS);
    clock->sim_rate_ppm = spoilt_number();
}

static void
spoil_status(void)
{
    begin();
    status.mode = PICK(2) ? SG_MODE_GUARD : SG_MODE_DISCIPLINE;
    SPOIL(status.mode_reason);
    SPOIL(status.decision);
    SPOIL(status.notice);
    status.warn_frac = spoilt_number();
    status.critical_frac = spoilt_number();
    status.own_clockskew_s = spoilt_number();
    status.kdc_timesync = PICK(2);
    status.publish_within_s = PICK(2) ? 64 : spoilt_number();
    spoil_clock(&status.clock);
    status.n_realms = PICK(SG_MAX_REALMS + 1);
    for (int i = 0; i < status.n_realms; i++)
        spoil_realm(&status.realms[i]);
    status.n_sources = PICK(2) ? PICK(12) : PICK(SG_MAX_SOURCES + 1);
    for (int i = 0; i < status.n_sources; i++)
        spoil_source(&status.sources[i]);
    now.host.wall.ns = spoilt_ns(WALL_S * NS);
    now.suspended_s = PICK(8) ? 100 : spoilt_number();
    now.daemon = (enum sg_report_daemon)PICK(3);
}

static void
spoil_alert(struct sg_alert *ret)
{
    *ret = (struct sg_alert){
        .topic = (enum sg_alert_topic)PICK(SG_ALERT_TOPIC_COUNT),
        .phase = (enum sg_alert_phase)PICK(SG_ALERT_PHASE_COUNT),
        .level = (enum sg_alert_level)PICK(SG_ALERT_LEVEL_COUNT),
        .before = (enum sg_alert_level)PICK(SG_ALERT_LEVEL_COUNT),
        .realm = PICK(SG_MAX_REALMS + 2) - 1,
        .blame = (enum sg_blame)PICK(SG_BLAME_COUNT),
        .is_member = PICK(2),
        .returns = PICK(2) ? 1 : (unsigned)chance_bits(),
        .calm_s = spoilt_number(),
        .since_s = spoilt_number(),
        .repeats = PICK(2) ? 0 : (unsigned)chance_bits(),
    };
    if (PICK(2))
        SPOIL(ret->text);
}

static void
assert_is_subject(const struct sg_buf *text)
{
    assert_false(text->failed);
    assert_in_range(text->len, 1, SG_RECORD_SUBJECT_MAX - 1);
    for (size_t i = 0; i < text->len; i++)
        assert_in_range(text->text[i], ' ', '~');
}

static void
assert_is_body(const struct sg_buf *text)
{
    assert_false(text->failed);
    assert_in_range(text->len, 1, SG_RECORD_BODY_MAX - 1);
    assert_int_equal(strlen(text->text), text->len);
    assert_int_equal(text->text[text->len - 1], '\n');
    assert_fits(text->text);
}

static void
nobody_can_forge_a_line(void **state)
{
    struct sg_buf subject = SG_BUF_INIT, body = SG_BUF_INIT;
    struct sg_present present;
    struct sg_alert alert;

    (void)state;
    chance_begin();
    for (int i = chance_rounds(5000); i > 0; i--) {
        spoil_status();
        spoil_alert(&alert);
        sg_present_make(&status, &now, &present);
        sg_buf_clear(&subject);
        sg_alert_add_subject(&subject, &alert, &status, &present);
        assert_is_subject(&subject);
        sg_buf_clear(&body);
        sg_alert_add_body(&body, &alert, &status, &present);
        assert_is_body(&body);
    }
    sg_buf_free(&subject);
    sg_buf_free(&body);
}

/* Each combination says something, and "recovered" where it is that. */
static void
every_kind_has_words(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    for (int kind = 0; kind < SG_ALERT_TOPIC_COUNT * SG_ALERT_PHASE_COUNT *
                                  SG_ALERT_LEVEL_COUNT;
         kind++) {
        struct sg_alert alert = {
            .topic = kind % SG_ALERT_TOPIC_COUNT,
            .phase = kind / SG_ALERT_TOPIC_COUNT % SG_ALERT_PHASE_COUNT,
            .level = kind / SG_ALERT_TOPIC_COUNT / SG_ALERT_PHASE_COUNT,
            .calm_s = 300,
        };

        kdc_warn();
        subject_of(&alert, &text);
        assert_is_subject(&text);
        assert_int_equal(!!strstr(text.text, "recovered after "),
                         alert.phase == SG_ALERT_RECOVERED);
        if (alert.topic == SG_ALERT_REALM)
            assert_non_null(
                strstr(text.text, sg_alert_level_names[alert.level]));
    }
    sg_buf_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alerts_read_as_kept),
        cmocka_unit_test(numbers_are_of_this_moment),
        cmocka_unit_test(long_names_leave_room),
        cmocka_unit_test(holdover_is_what_bounds_and_rate_leave),
        cmocka_unit_test(nobody_can_forge_a_line),
        cmocka_unit_test(every_kind_has_words),
    };

    return cmocka_run_group_tests_name("alert_text", tests, NULL, NULL);
}

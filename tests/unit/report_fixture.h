/*
 * One fixed status and one fixed moment for the tests of reports: healthy,
 * with a realm in every state and a source of every tally, or of a host whose
 * clock is an hour behind.
 */
#ifndef SG_TESTS_REPORT_FIXTURE_H
#define SG_TESTS_REPORT_FIXTURE_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "report/report.h"

#define RAW_S INT64_C(1000000)
#define WALL_S INT64_C(1767225600)
#define NS INT64_C(1000000000)

static struct sg_status status;
static struct sg_report_now now;

/* Age_s ago, and now exactly offset_s. */
static struct sg_model
make_model(double offset_s, double below_s, double above_s, int age_s)
{
    return (struct sg_model){
        .valid = true,
        .at = {(RAW_S - age_s) * NS},
        .ref = {sg_ns_add((WALL_S - age_s) * NS, offset_s)},
        .lower_s = -below_s,
        .upper_s = above_s,
        .error_s = fmin(below_s, above_s) / 4,
    };
}

static struct sg_status_realm *
add_realm(const char *name, enum sg_state state, struct sg_model model,
          int worst)
{
    struct sg_status_realm *realm = &status.realms[status.n_realms++];

    snprintf(realm->name, sizeof realm->name, "%s", name);
    realm->state = state;
    realm->clockskew_s = 300;
    realm->model = model;
    realm->worst = worst;
    realm->time_to_limit_s = -1;
    return realm;
}

static struct sg_status_source *
add_source(const char *name, enum sg_kind kind, int realm, enum sg_tally tally,
           struct sg_model model)
{
    struct sg_status_source *source = &status.sources[status.n_sources++];

    snprintf(source->name, sizeof source->name, "%s", name);
    source->kind = kind;
    source->realm = realm;
    source->tally = tally;
    source->model = model;
    source->port = kind == SG_KIND_NTP ? 123 : 88;
    source->has_guess = kind == SG_KIND_NTP;
    source->poll_s = 64;
    if (!model.valid)
        return source;
    source->delay_s = 310e-6;
    source->root_s = 12e-3;
    source->stratum = kind == SG_KIND_NTP ? 2 : 0;
    source->reach = 0377;
    source->last = model.at;
    source->asked = 120;
    source->answered = 118;
    return source;
}

static void
set_text(char *field, size_t size, const char *text)
{
    snprintf(field, size, "%s", text);
}

#define SET(field, text) set_text(field, sizeof(field), text)

static void
begin(void)
{
    sg_status_init(&status);
    status.pid = 4711;
    status.published.ns = (RAW_S - 3) * NS;
    status.publish_within_s = 64;
    status.suspended_s = 100;
    SET(status.boot_id, "boot-1");
    status.mode = SG_MODE_DISCIPLINE;
    SET(status.mode_reason, "auto: no other time daemon steers the clock");
    status.warn_frac = 0.2;
    status.critical_frac = 0.6;
    status.own_clockskew_s = 300;
    status.kdc_timesync = true;
    SET(status.decision, "slew: +3.2 ms at +50 ppm, two hosts agree");
    SET(status.clock.driver, "kernel");
    status.clock.disciplined = true;
    status.clock.synced = true;
    status.clock.frequency_ppm = 12.345;
    now = (struct sg_report_now){
        .host = {{RAW_S * NS}, {WALL_S * NS}, 0},
        .suspended_s = 100,
        .boot_id = "boot-1",
        .daemon = SG_REPORT_DAEMON_ALIVE,
    };
}

static inline int
set_up_healthy(void **state)
{
    struct sg_status_realm *realm;

    (void)state;
    begin();
    status.state = SG_STATE_OK;
    status.clock.model = make_model(0.0032, 0.02, 0.02, 12);
    realm = add_realm("EXAMPLE.ORG", SG_STATE_OK,
                      make_model(0.0032, 1.0968, 1.0968, 12), 0);
    SET(realm->forecast, "at +0.1 ppm the limit is reached in over a year");
    realm->time_to_limit_s = 4e7;
    SET(add_source("das-m", SG_KIND_NTP, 0, SG_TALLY_STEERS,
                   make_model(0.0032, 0.02, 0.02, 12))
            ->address,
        "192.0.2.1");
    SET(add_source("das-m", SG_KIND_KDC, 0, SG_TALLY_AGREES,
                   make_model(0.1, 0.4, 0.5, 700))
            ->address,
        "192.0.2.1");
    return 0;
}

/* A realm in every state, a source of every tally. */
static inline void
add_all_realms(void)
{
    struct sg_model none = {.valid = false};
    struct sg_status_realm *realm;

    realm = add_realm("EXAMPLE.ORG", SG_STATE_OK,
                      make_model(0.0032, 0.0968, 0.0968, 12), 0);
    SET(realm->forecast, "no limit in sight");
    realm = add_realm("WARN.EXAMPLE", SG_STATE_WARN,
                      make_model(74.2, 1.1, 1.1, 12), 3);
    SET(realm->forecast, "at +0.9 s/h the limit is reached in about 10 d");
    SET(realm->reason, "das-w and two NTP servers agree against our clock");
    realm->time_to_limit_s = 864003;
    realm->rate_ppm = 250;
    realm->blame = SG_BLAME_OURS;
    realm->limit_overrides = true;
    realm = add_realm("CRITICAL.EXAMPLE", SG_STATE_CRITICAL,
                      make_model(-210, 0.25, 0.75, 200), 4);
    realm->blame = SG_BLAME_KDC;
    SET(realm->reason, "das-c is 210 s behind das-d and UTC");
    realm = add_realm("EXCEEDED.EXAMPLE", SG_STATE_EXCEEDED,
                      make_model(412.03, 0.5, 0.5, 70), 6);
    realm->blame = SG_BLAME_UNCLEAR;
    realm->clockskew_s = 60;
    realm->limit_overrides = true;
    realm = add_realm("SILENT.EXAMPLE", SG_STATE_UNKNOWN, none, -1);
    SET(realm->reason, "none of its 1 KDCs has answered for 3 h");
    add_realm("BOUNDS.EXAMPLE", SG_STATE_OK, make_model(0.1, 0.4, 0.5, 5), 7);
}

static inline void
add_all_sources(void)
{
    struct sg_model none = {.valid = false};
    struct sg_status_source *source;

    add_source("das-m", SG_KIND_NTP, 0, SG_TALLY_STEERS,
               make_model(0.0032, 0.0968, 0.0968, 12));
    SET(status.sources[0].address, "192.0.2.1");
    source = add_source("das-m", SG_KIND_KDC, 0, SG_TALLY_AGREES,
                        make_model(0.0030, 0.0005, 0.0007, 700));
    SET(source->address, "192.0.2.1");
    source->tcp = true;
    source = add_source("ntp.example.net", SG_KIND_NTP, -1, SG_TALLY_ASIDE,
                        make_model(-0.000045, 0.03, 0.03, 61));
    SET(source->address, "2001:db8::123");
    SET(source->reason, "group utc is not followed");
    add_source("das-w", SG_KIND_KDC, 1, SG_TALLY_AGREES,
               make_model(74.2, 1.1, 1.1, 12));
    source = add_source("das-c", SG_KIND_KDC, 2, SG_TALLY_FALSETICKER,
                        make_model(-210, 0.25, 0.75, 200));
    SET(source->address, "192.0.2.3");
    SET(source->reason,
        "-210 s, outside of -10 ms to +16 ms on which 3 sources agree");
    source = add_source("192.0.2.3", SG_KIND_NTP, 2, SG_TALLY_FALSETICKER,
                        make_model(-209.9, 0.01, 0.01, 20));
    SET(source->address, "192.0.2.3");
    add_source("das-x", SG_KIND_KDC, 3, SG_TALLY_AGREES,
               make_model(412.03, 0.5, 0.5, 70));
    add_source("das-b", SG_KIND_KDC, 5, SG_TALLY_AGREES,
               make_model(0.1, 0.4, 0.5, 5));
    source = add_source("das-s", SG_KIND_KDC, 4, SG_TALLY_UNUSABLE, none);
    source->outcome = SG_OUTCOME_NO_REPLY;
    source->asked = 9;
    SET(source->reason, "no reply in 1.0 s (9th time), next try in 64 s");
}

static inline int
set_up_all(void **state)
{
    (void)state;
    begin();
    status.state = SG_STATE_EXCEEDED;
    status.clock.model = make_model(0.0032, 0.0968, 0.0968, 12);
    status.clock.slew_ppm = 50;
    status.clock.last_step_s = 600.012;
    status.clock.last_step_at.ns = (RAW_S - 200) * NS;
    status.clock.last_foreign_s = -2;
    status.clock.last_foreign_at.ns = (RAW_S - 7500) * NS;
    status.clock.steps = 1;
    status.clock.foreign_steps = 3;
    status.clock.leap = SG_LEAP_INSERT;
    status.clock.leap_at.ns = 1798761600 * NS;
    SET(status.notice,
        "krb5.conf: clockskew = \"5m\" is ignored by libkrb5, 300 s holds");
    add_all_realms();
    add_all_sources();
    return 0;
}

static inline struct sg_status_source *
add_asked_with_key(const char *name, enum sg_tally tally, struct sg_model model)
{
    struct sg_status_source *source =
        add_source(name, SG_KIND_KEYTAB, 0, tally, model);

    source->poll_s = 3600;
    return source;
}

/*
 * An hour behind, as if the RTC were in local time; this host's own limit is
 * smaller than the KDC's; one of two KDCs lies to whoever has no key.
 */
static inline int
set_up_broken(void **state)
{
    const struct sg_model hour = make_model(3600.4, 0.004, 0.004, 9);

    struct sg_status_realm *realm;

    (void)state;
    begin();
    status.mode = SG_MODE_GUARD;
    SET(status.mode_reason, "auto: chronyd steers the clock");
    SET(status.decision, "hold: guard mode");
    status.clock.disciplined = false;
    status.own_clockskew_s = 60;
    status.clock.model = hour;
    status.state = SG_STATE_EXCEEDED;
    realm = add_realm("EXAMPLE.ORG", SG_STATE_EXCEEDED, hour, 0);
    realm->limit_overrides = true;
    realm->blame = SG_BLAME_OURS;
    realm->auth = SG_AUTH_WORKS;
    SET(realm->reason, "this host's clock: authenticated time of 2 KDCs");
    add_source("das-m", SG_KIND_KDC, 0, SG_TALLY_AGREES, hour);
    add_source("das-s", SG_KIND_KDC, 0, SG_TALLY_AGREES,
               make_model(100.2, 0.1, 0.1, 9));
    add_asked_with_key("das-m", SG_TALLY_AGREES,
                       make_model(3600.4, 0.003, 0.002, 600));
    SET(add_asked_with_key("das-s", SG_TALLY_AGREES,
                           make_model(3600.4, 0.03, 0.02, 700))
            ->reason,
        "the last attempt failed: no reply in 1.0 s");
    status.sources[3].outcome = SG_OUTCOME_NO_REPLY;
    add_source("das-m", SG_KIND_NTP, 0, SG_TALLY_STEERS,
               make_model(3600.4001, 0.001, 0.001, 20));
    return 0;
}

/* The longest text that a field can hold. */
static inline void
fill(char *field, size_t size, char c)
{
    memset(field, c, size - 1);
    field[size - 1] = '\0';
}

#endif

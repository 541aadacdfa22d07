#include "core/alert.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A status that is turned by hand, looked at once a second or when asked. */
struct world {
    struct sg_alerts *alerts;
    struct sg_status status;
    double t_s;
    uint64_t id;
    double random;
    int n_mails, n_logs, probes;
    struct sg_alert mails[64], logs[64];
};

static const struct sg_alerts_config plain = {SG_REMIND_ONCE, 300, 0, false};

static struct sg_raw
raw(double t_s)
{
    return sg_raw_add((struct sg_raw){1}, 1000 + t_s);
}

static void
add_realm(struct world *w, const char *name)
{
    struct sg_status_realm *realm = &w->status.realms[w->status.n_realms];
    struct sg_status_source *source = &w->status.sources[w->status.n_sources++];

    snprintf(realm->name, sizeof realm->name, "%s", name);
    realm->state = SG_STATE_OK;
    realm->clockskew_s = 300;
    realm->time_to_limit_s = -1;
    source->realm = w->status.n_realms++;
    source->kind = SG_KIND_KDC;
}

static struct world *
begin(const struct sg_alerts_config *config)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    sg_status_init(&w->status);
    w->status.warn_frac = 0.2;
    w->status.critical_frac = 0.6;
    w->status.clock.model.valid = true;
    w->alerts = sg_alerts_new(config, raw(0));
    assert_non_null(w->alerts);
    w->id = 0xabcd000000000000;
    add_realm(w, "EXAMPLE.ORG");
    return w;
}

static void
end(struct world *w)
{
    sg_alerts_free(w->alerts);
    free(w);
}

static double
look(struct world *w)
{
    struct sg_alerts_told told;

    w->id += 256;
    sg_alerts_look(w->alerts, &w->status, raw(w->t_s), w->random, w->id, &told);
    w->probes += told.wants_evidence;
    assert_true(told.look_s > 0);
    for (int i = 0; i < told.n; i++) {
        const struct sg_alert *alert = &told.alerts[i];

        assert_true(told.save);
        assert_true(alert->to_log || alert->to_mail);
        assert_int_equal(alert->number > 0, alert->to_mail);
        assert_true(w->n_mails < 64 && w->n_logs < 64);
        if (alert->to_mail)
            w->mails[w->n_mails++] = *alert;
        if (alert->to_log)
            w->logs[w->n_logs++] = *alert;
    }
    return told.look_s;
}

/* Sources answer every answer_s; 0: never. */
static void
pass(struct world *w, double span_s, double answer_s)
{
    double end_s = w->t_s + span_s, next_s = w->t_s + answer_s;

    while (w->t_s < end_s) {
        double wait_s = fmin(fmin(look(w), 60), end_s - w->t_s);

        w->t_s += wait_s;
        while (answer_s > 0 && next_s <= w->t_s) {
            for (int i = 0; i < w->status.n_sources; i++) {
                w->status.sources[i].answered++;
                w->status.sources[i].last = raw(next_s);
            }
            next_s += answer_s;
        }
    }
    look(w);
}

static void
set(struct world *w, int realm, enum sg_state state, enum sg_blame blame)
{
    w->status.realms[realm].state = state;
    w->status.realms[realm].blame = blame;
}

static void
check(const struct sg_alert *alert, enum sg_alert_phase phase,
      enum sg_alert_level level, unsigned number)
{
    assert_string_equal(sg_alert_phase_names[alert->phase],
                        sg_alert_phase_names[phase]);
    assert_string_equal(sg_alert_level_names[alert->level],
                        sg_alert_level_names[level]);
    assert_int_equal(alert->number, number);
}

static void
test_all_well(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    pass(w, 86400, 64);
    assert_int_equal(w->n_mails + w->n_logs + w->probes, 0);
    end(w);
}

/* Warn, critical, exceeded, back: four mails of one cause. */
static void
test_day(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    pass(w, 100, 1);
    set(w, 0, SG_STATE_WARN, SG_BLAME_UNCLEAR);
    pass(w, 600, 1);
    set(w, 0, SG_STATE_CRITICAL, SG_BLAME_UNCLEAR);
    pass(w, 600, 1);
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_UNCLEAR);
    pass(w, 600, 1);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 299, 1);
    assert_int_equal(w->n_mails, 3);
    pass(w, 20, 1);
    assert_int_equal(w->n_mails, 4);
    assert_int_equal(w->n_logs, 4);
    check(&w->mails[0], SG_ALERT_RAISED, SG_ALERT_WARN, 1);
    check(&w->mails[1], SG_ALERT_WORSE, SG_ALERT_CRITICAL, 2);
    check(&w->mails[2], SG_ALERT_WORSE, SG_ALERT_EXCEEDED, 3);
    check(&w->mails[3], SG_ALERT_RECOVERED, SG_ALERT_EXCEEDED, 4);
    assert_int_equal(w->mails[1].before, SG_ALERT_WARN);
    assert_true(w->mails[3].since_s > 1800 && w->mails[3].since_s < 2200);
    for (int i = 1; i < 4; i++)
        assert_string_equal(w->mails[i].id, w->mails[0].id);
    end(w);
}

/* Further answers confirm it in seconds; without any it takes half a minute. */
static void
test_confirmation(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    pass(w, 100, 1);
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_OURS);
    look(w);
    assert_int_equal(w->probes, 1);
    assert_int_equal(w->n_mails, 0);
    pass(w, 2.5, 0.5);
    assert_int_equal(w->n_mails, 1);
    end(w);

    w = begin(&plain);
    pass(w, 100, 1);
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_OURS);
    pass(w, 29, 0);
    assert_int_equal(w->n_mails, 0);
    pass(w, 2, 0);
    assert_int_equal(w->n_mails, 1);
    assert_int_equal(w->mails[0].blame, SG_BLAME_OURS);
    end(w);
}

/* Other hosts' answers confirm nothing of this one's; nor do older ones. */
static void
test_confirmed_by_its_own_host(void **state)
{
    struct world *w = begin(&plain);
    struct sg_status_source *sources = w->status.sources;

    (void)state;
    add_realm(w, "OTHER.ORG");
    w->status.n_sources = 4;
    sources[2].realm = sources[3].realm = 0;
    snprintf(sources[0].address, SG_ADDRESS_MAX, "192.0.2.1");
    snprintf(sources[2].address, SG_ADDRESS_MAX, "192.0.2.2");
    snprintf(sources[3].address, SG_ADDRESS_MAX, "192.0.2.1");
    for (int by = 0; by < 4; by++) {
        bool is_own = by == 0 || by == 3;

        pass(w, 100, 1);
        w->n_mails = 0;
        set(w, 0, SG_STATE_CRITICAL, SG_BLAME_KDC);
        pass(w, 1, 0);
        sources[by].answered++;
        sources[by].last = raw(w->t_s);
        pass(w, 5, 0);
        assert_int_equal(w->n_mails, is_own ? 1 : 0);
        set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
        pass(w, 4 * 86400, 64);
    }
    /* is it our clock, each of the realm's hosts can tell */
    set(w, 0, SG_STATE_CRITICAL, SG_BLAME_OURS);
    pass(w, 1, 0);
    w->n_mails = 0;
    sources[2].answered++;
    sources[2].last = raw(w->t_s);
    pass(w, 5, 0);
    assert_int_equal(w->n_mails, 1);
    end(w);
}

/* One wrong answer that the next ones contradict is nobody's business. */
static void
test_blip(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    for (int i = 0; i < 50; i++) {
        set(w, 0, SG_STATE_CRITICAL, SG_BLAME_UNCLEAR);
        pass(w, 0.4, 0);
        set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
        pass(w, 600, 64);
    }
    assert_int_equal(w->n_mails + w->n_logs, 0);
    end(w);
}

static void
test_flapping(void **state)
{
    struct world *w = begin(&plain);
    int recovered = 0;

    (void)state;
    for (int i = 0; i < 72; i++) { /* a day, 20 min each */
        set(w, 0, SG_STATE_WARN, SG_BLAME_UNCLEAR);
        pass(w, 600, 16);
        set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
        pass(w, 600, 16);
    }
    assert_int_equal(w->n_mails, 3);
    check(&w->mails[2], SG_ALERT_RAISED, SG_ALERT_WARN, 3);
    assert_int_equal(w->mails[2].returns, 2);
    assert_true(w->mails[2].calm_s == 6 * 3600);
    /* now it is calm */
    pass(w, 6.1 * 3600, 16);
    for (int i = 0; i < w->n_mails; i++)
        recovered += w->mails[i].phase == SG_ALERT_RECOVERED;
    assert_int_equal(recovered, 2);
    assert_int_equal(w->n_mails, 4);
    /* a day later it is another cause */
    pass(w, 90000, 64);
    set(w, 0, SG_STATE_WARN, SG_BLAME_UNCLEAR);
    pass(w, 60, 16);
    check(&w->mails[4], SG_ALERT_RAISED, SG_ALERT_WARN, 1);
    assert_string_not_equal(w->mails[4].id, w->mails[0].id);
    end(w);
}

/* Between two thresholds: told once each. */
static void
test_levels_flap(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    for (int i = 0; i < 72; i++) {
        set(w, 0, SG_STATE_WARN, SG_BLAME_UNCLEAR);
        pass(w, 600, 16);
        set(w, 0, SG_STATE_CRITICAL, SG_BLAME_UNCLEAR);
        pass(w, 600, 16);
    }
    assert_int_equal(w->n_mails, 2);
    /* but after hours at the lower one it is news again */
    set(w, 0, SG_STATE_WARN, SG_BLAME_UNCLEAR);
    pass(w, 3700, 16);
    assert_int_equal(w->n_mails, 2);
    set(w, 0, SG_STATE_CRITICAL, SG_BLAME_UNCLEAR);
    pass(w, 60, 16);
    assert_int_equal(w->n_mails, 3);
    check(&w->mails[2], SG_ALERT_WORSE, SG_ALERT_CRITICAL, 3);
    /* that once; then it takes a day */
    for (int i = 0; i < 10; i++) {
        set(w, 0, SG_STATE_WARN, SG_BLAME_UNCLEAR);
        pass(w, 2 * 3600, 16);
        set(w, 0, SG_STATE_CRITICAL, SG_BLAME_UNCLEAR);
        pass(w, 600, 16);
    }
    assert_int_equal(w->n_mails, 3);
    set(w, 0, SG_STATE_WARN, SG_BLAME_UNCLEAR);
    pass(w, 86500, 16);
    set(w, 0, SG_STATE_CRITICAL, SG_BLAME_UNCLEAR);
    pass(w, 60, 16);
    assert_int_equal(w->n_mails, 4);
    end(w);
}

static void
test_reminders(void **state)
{
    const struct sg_alerts_config daily = {SG_REMIND_DAILY, 300, 0, false};
    const struct sg_alerts_config fewer = {SG_REMIND_DIMINISHING, 300, 0,
                                           false};
    const struct sg_alerts_config *const configs[] = {&plain, &daily, &fewer};
    static const int expected[] = {1, 1 + 10, 1 + 3}; /* after 1, 3, 7 days */

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct world *w = begin(configs[i]);

        set(w, 0, SG_STATE_CRITICAL, SG_BLAME_OURS);
        pass(w, 10.5 * 86400, 64);
        assert_int_equal(w->n_mails, expected[i]);
        for (int j = 1; j < w->n_mails; j++)
            check(&w->mails[j], SG_ALERT_REMINDER, SG_ALERT_CRITICAL,
                  (unsigned)j + 1);
        end(w);
    }
}

/* Silence: told after 15 min without a measurement, as its own state. */
static void
test_unknown(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    pass(w, 3600, 64);
    pass(w, 880, 0);
    set(w, 0, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    look(w);
    assert_int_equal(w->n_mails, 0);
    pass(w, 40, 0);
    assert_int_equal(w->n_mails, 1);
    check(&w->mails[0], SG_ALERT_RAISED, SG_ALERT_UNKNOWN, 1);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 400, 64);
    assert_int_equal(w->n_mails, 2);
    check(&w->mails[1], SG_ALERT_RECOVERED, SG_ALERT_UNKNOWN, 2);
    end(w);
}

/* At start nothing is known, for a moment; and so it is after a resume. */
static void
test_start_and_resume(void **state)
{
    const struct sg_event resume = {.kind = SG_EVENT_RESUME};
    struct world *w = begin(&plain);

    (void)state;
    set(w, 0, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    pass(w, 60, 0);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 36000, 64);
    w->status.sources[0].answered = 0; /* as after a reload */
    sg_alerts_note(w->alerts, &resume, raw(w->t_s));
    set(w, 0, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    pass(w, 200, 0);
    assert_int_equal(w->n_mails, 0);
    pass(w, 200, 0);
    assert_int_equal(w->n_mails, 1);
    end(w);
}

/* What was wrong and cannot be seen any more is not well. */
static void
test_out_of_sight(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    set(w, 0, SG_STATE_CRITICAL, SG_BLAME_OURS);
    pass(w, 600, 64);
    set(w, 0, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    pass(w, 86400, 0);
    assert_int_equal(w->n_mails, 2);
    check(&w->mails[1], SG_ALERT_CHANGED, SG_ALERT_CRITICAL, 2);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 400, 64);
    check(&w->mails[2], SG_ALERT_RECOVERED, SG_ALERT_CRITICAL, 3);
    end(w);
}

static void
test_forecast(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    w->status.realms[0].time_to_limit_s = 20 * 3600;
    pass(w, 590, 64);
    assert_int_equal(w->n_mails, 0);
    pass(w, 100, 64);
    check(&w->mails[0], SG_ALERT_RAISED, SG_ALERT_FORECAST, 1);
    w->status.realms[0].time_to_limit_s = 2 * 3600;
    pass(w, 700, 64);
    check(&w->mails[1], SG_ALERT_CHANGED, SG_ALERT_FORECAST, 2);
    set(w, 0, SG_STATE_WARN, SG_BLAME_OURS);
    pass(w, 700, 64);
    check(&w->mails[2], SG_ALERT_WORSE, SG_ALERT_WARN, 3);
    assert_int_equal(w->n_mails, 3);
    end(w);
}

static void
test_other_blame(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    set(w, 0, SG_STATE_WARN, SG_BLAME_UNCLEAR);
    pass(w, 600, 16);
    set(w, 0, SG_STATE_WARN, SG_BLAME_OURS);
    pass(w, 30, 16);
    set(w, 0, SG_STATE_WARN, SG_BLAME_UNCLEAR);
    pass(w, 30, 16);
    assert_int_equal(w->n_mails, 1);
    set(w, 0, SG_STATE_WARN, SG_BLAME_OURS);
    pass(w, 70, 16);
    assert_int_equal(w->n_mails, 2);
    check(&w->mails[1], SG_ALERT_CHANGED, SG_ALERT_WARN, 2);
    /* two that take turns are told once each, a server that is ignored never */
    for (int i = 0; i < 40; i++) {
        set(w, 0, SG_STATE_WARN, i % 2 ? SG_BLAME_OURS : SG_BLAME_KDC);
        pass(w, 100, 16);
        set(w, 0, SG_STATE_WARN, SG_BLAME_NTP);
        pass(w, 100, 16);
    }
    assert_int_equal(w->n_mails, 3);
    check(&w->mails[2], SG_ALERT_CHANGED, SG_ALERT_WARN, 3);
    assert_int_equal(w->mails[2].blame, SG_BLAME_KDC);
    /* nor are those who come and go */
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 400, 16);
    set(w, 0, SG_STATE_WARN, SG_BLAME_OURS);
    pass(w, 100, 16);
    assert_int_equal(w->n_mails, 5);
    set(w, 0, SG_STATE_WARN, SG_BLAME_REALM);
    pass(w, 100, 16);
    assert_int_equal(w->n_mails, 5);
    end(w);
}

/* Our own clock is wrong for all realms alike, and a dead network dead. */
static void
test_realms_share_a_cause(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    add_realm(w, "OTHER.ORG");
    set(w, 0, SG_STATE_WARN, SG_BLAME_OURS);
    set(w, 1, SG_STATE_EXCEEDED, SG_BLAME_OURS);
    pass(w, 600, 16);
    assert_int_equal(w->n_mails, 1);
    check(&w->mails[0], SG_ALERT_RAISED, SG_ALERT_EXCEEDED, 1);
    assert_int_equal(w->mails[0].realm, 1);
    set(w, 1, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 600, 16);
    assert_int_equal(w->n_mails, 1);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 600, 16);
    assert_int_equal(w->n_mails, 2);
    end(w);

    w = begin(&plain);
    add_realm(w, "OTHER.ORG");
    set(w, 0, SG_STATE_WARN, SG_BLAME_KDC);
    set(w, 1, SG_STATE_EXCEEDED, SG_BLAME_KDC);
    pass(w, 600, 16);
    assert_int_equal(w->n_mails, 2);
    assert_string_not_equal(w->mails[0].id, w->mails[1].id);
    end(w);
}

/* Many hosts tell of a KDC: each at its own moment, and at lower urgency. */
static void
test_spread(void **state)
{
    const struct sg_alerts_config spread = {SG_REMIND_ONCE, 300, 600, false};
    struct world *w = begin(&spread);

    (void)state;
    w->random = 0.5;
    set(w, 0, SG_STATE_WARN, SG_BLAME_KDC);
    pass(w, 100, 1);
    assert_int_equal(w->n_mails, 0);
    assert_int_equal(w->n_logs, 1);
    assert_true(w->logs[0].is_member);
    assert_int_equal(sg_alert_severity(&w->logs[0]), 5);
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_KDC);
    pass(w, 250, 1);
    assert_int_equal(w->n_mails, 1);
    assert_int_equal(w->n_logs, 2);
    check(&w->mails[0], SG_ALERT_RAISED, SG_ALERT_EXCEEDED, 1);
    assert_int_equal(sg_alert_severity(&w->mails[0]), 3);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 310, 1);
    assert_int_equal(w->n_logs, 3);
    assert_int_equal(w->n_mails, 1);
    pass(w, 310, 1);
    check(&w->mails[1], SG_ALERT_RECOVERED, SG_ALERT_EXCEEDED, 2);
    assert_int_equal(w->mails[1].blame, SG_BLAME_KDC);
    end(w);

    /* over before it was mailed: then nobody hears of it by mail */
    w = begin(&spread);
    w->random = 0.99;
    set(w, 0, SG_STATE_WARN, SG_BLAME_KDC);
    pass(w, 100, 1);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 4000, 1);
    assert_int_equal(w->n_mails, 0);
    assert_int_equal(w->n_logs, 2);
    end(w);

    /* our own fault waits for nobody */
    w = begin(&spread);
    w->random = 0.99;
    set(w, 0, SG_STATE_WARN, SG_BLAME_OURS);
    pass(w, 10, 1);
    assert_int_equal(w->n_mails, 1);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 310, 1);
    assert_int_equal(w->n_mails, 2);
    end(w);
}

static void
test_step(void **state)
{
    struct sg_event event = {.kind = SG_EVENT_FOREIGN, .text = "stepped"};
    struct world *w = begin(&plain);

    (void)state;
    w->status.clock.last_foreign_s = 400;
    for (int i = 0; i < 10; i++) { /* and undone */
        sg_alerts_note(w->alerts, &event, raw(w->t_s));
        pass(w, 3600, 64);
    }
    assert_int_equal(w->n_mails, 1);
    check(&w->mails[0], SG_ALERT_RAISED, SG_ALERT_NOTICE, 1);
    assert_int_equal(w->mails[0].topic, SG_ALERT_STEP);
    assert_string_equal(w->mails[0].text, "stepped");
    pass(w, 16 * 3600, 64);
    sg_alerts_note(w->alerts, &event, raw(w->t_s));
    pass(w, 10, 64);
    check(&w->mails[1], SG_ALERT_REMINDER, SG_ALERT_NOTICE, 2);
    assert_int_equal(w->mails[1].repeats, 9);
    end(w);

    /* a small one, and one that the budget tells of */
    w = begin(&plain);
    w->status.clock.last_foreign_s = 20;
    sg_alerts_note(w->alerts, &event, raw(w->t_s));
    pass(w, 600, 64);
    assert_int_equal(w->n_mails, 0);
    w->status.clock.last_foreign_s = 400;
    sg_alerts_note(w->alerts, &event, raw(w->t_s));
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_OURS);
    pass(w, 600, 64);
    assert_int_equal(w->n_mails, 1);
    assert_int_equal(w->mails[0].topic, SG_ALERT_REALM);
    end(w);
}

static void
test_refused_and_server(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    snprintf(w->status.decision, sizeof w->status.decision, "refused: why");
    w->status.clock.refused = true;
    pass(w, 59, 1);
    assert_int_equal(w->n_mails, 0);
    pass(w, 2, 1);
    assert_int_equal(w->n_mails, 1);
    assert_int_equal(w->mails[0].topic, SG_ALERT_REFUSED);
    assert_string_equal(w->mails[0].text, "refused: why");
    assert_int_equal(sg_alert_severity(&w->mails[0]), 3);
    w->status.clock.refused = false;
    pass(w, 310, 1);
    check(&w->mails[1], SG_ALERT_RECOVERED, SG_ALERT_NOTICE, 2);
    set(w, 0, SG_STATE_OK, SG_BLAME_NTP);
    snprintf(w->status.realms[0].reason, SG_REASON_MAX,
             "NTP server x contradicts");
    pass(w, 610, 1);
    assert_int_equal(w->n_mails, 3);
    assert_int_equal(w->mails[2].topic, SG_ALERT_SERVER);
    assert_int_equal(w->mails[2].realm, 0);
    assert_string_equal(w->mails[2].text, "NTP server x contradicts");
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    snprintf(w->status.realms[0].reason, SG_REASON_MAX, "all is well");
    pass(w, 400, 1);
    check(&w->mails[3], SG_ALERT_RECOVERED, SG_ALERT_NOTICE, 2);
    assert_string_equal(w->mails[3].text, "NTP server x contradicts");
    end(w);
}

/* A realm that is not watched any more ends its cause. */
static void
test_realm_leaves(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    set(w, 0, SG_STATE_CRITICAL, SG_BLAME_UNCLEAR);
    pass(w, 60, 1);
    snprintf(w->status.realms[0].name, SG_NAME_MAX, "NEW.ORG");
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 310, 1);
    assert_int_equal(w->n_mails, 2);
    check(&w->mails[1], SG_ALERT_RECOVERED, SG_ALERT_CRITICAL, 2);
    assert_int_equal(w->mails[1].realm, -1);
    assert_string_equal(w->mails[1].text, "EXAMPLE.ORG");
    end(w);
}

static void
restart(struct world *w, double gap_s, double raw_shift_s)
{
    struct sg_buf buf = SG_BUF_INIT, again = SG_BUF_INIT;
    struct sg_reading now = {.raw = raw(w->t_s), .wall = {(int64_t)1e18}};
    struct sg_err err;

    sg_alerts_encode(w->alerts, &now, &buf);
    sg_alerts_free(w->alerts);
    w->t_s += raw_shift_s;
    now.raw = raw(w->t_s);
    w->alerts = sg_alerts_new(&plain, now.raw);
    assert_int_equal(sg_alerts_decode(w->alerts, buf.text, buf.len, &now, &err),
                     0);
    sg_alerts_encode(w->alerts, &now, &again);
    assert_string_equal(buf.text, again.text);
    now.wall = sg_wall_add(now.wall, gap_s);
    assert_int_equal(sg_alerts_decode(w->alerts, buf.text, buf.len, &now, &err),
                     0);
    sg_buf_free(&buf);
    sg_buf_free(&again);
}

/* An outage that two realms shared does not make them one for ever. */
static void
test_realms_part(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    add_realm(w, "OTHER.ORG");
    set(w, 0, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    set(w, 1, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    pass(w, 400, 0);
    assert_int_equal(w->n_mails, 1);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    set(w, 1, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 400, 16);
    assert_int_equal(w->n_mails, 2);
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_KDC);
    pass(w, 100, 1);
    set(w, 1, SG_STATE_EXCEEDED, SG_BLAME_KDC);
    pass(w, 100, 1);
    assert_int_equal(w->n_mails, 4);
    assert_int_equal(w->mails[3].realm, 1);
    assert_string_not_equal(w->mails[3].id, w->mails[2].id);
    end(w);

    /* nor does one while one of them is told */
    w = begin(&plain);
    add_realm(w, "OTHER.ORG");
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_KDC);
    pass(w, 100, 1);
    set(w, 0, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    set(w, 1, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    pass(w, 2000, 0);
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_KDC);
    set(w, 1, SG_STATE_EXCEEDED, SG_BLAME_KDC);
    w->n_mails = 0;
    pass(w, 100, 1);
    assert_int_equal(w->n_mails, 1);
    check(&w->mails[0], SG_ALERT_RAISED, SG_ALERT_EXCEEDED, 1);
    assert_int_equal(w->mails[0].realm, 1);
    end(w);
}

/* New sources of an old program have not been silent for as long as it runs. */
static void
test_reload(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    pass(w, 7200, 64);
    w->status.sources[0].answered = 0;
    set(w, 0, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    pass(w, 10, 0);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 7200, 64);
    assert_int_equal(w->n_mails + w->n_logs, 0);
    end(w);
}

/* A krb5.conf that cannot be read is no recovery. */
static void
test_no_realms(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_OURS);
    pass(w, 100, 1);
    w->status.n_realms = w->status.n_sources = 0;
    pass(w, 7200, 0);
    assert_int_equal(w->n_mails, 1);
    w->status.n_realms = w->status.n_sources = 1;
    pass(w, 100, 1);
    assert_int_equal(w->n_mails, 1);
    end(w);
}

/* Nobody can see that a server is right again while all else is wrong. */
static void
test_server_out_of_sight(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    set(w, 0, SG_STATE_OK, SG_BLAME_NTP);
    pass(w, 700, 16);
    assert_int_equal(w->n_mails, 1);
    set(w, 0, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    pass(w, 4000, 0);
    for (int i = 0; i < w->n_mails; i++)
        assert_int_not_equal(w->mails[i].phase, SG_ALERT_RECOVERED);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 400, 16);
    assert_int_equal(w->mails[w->n_mails - 1].phase, SG_ALERT_RECOVERED);
    end(w);
}

/* A KDC's fault does not hide what is done to our own clock. */
static void
test_step_beside_kdc(void **state)
{
    struct sg_event event = {.kind = SG_EVENT_FOREIGN, .text = "stepped"};
    struct world *w = begin(&plain);

    (void)state;
    set(w, 0, SG_STATE_WARN, SG_BLAME_KDC);
    pass(w, 100, 1);
    w->status.clock.last_foreign_s = 400;
    sg_alerts_note(w->alerts, &event, raw(w->t_s));
    w->status.clock.refused = true;
    pass(w, 100, 1);
    assert_int_equal(w->n_mails, 3);
    assert_int_equal(w->mails[1].topic, SG_ALERT_STEP);
    assert_int_equal(w->mails[2].topic, SG_ALERT_REFUSED);
    end(w);
}

/* What confirmed that nothing is known does not confirm what is. */
static void
test_confirmed_for_itself(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    set(w, 0, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    pass(w, 100, 0);
    w->status.sources[0].answered = 1;
    w->status.sources[0].last = raw(w->t_s);
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_UNCLEAR);
    pass(w, 5, 0);
    assert_int_equal(w->n_mails, 0);
    assert_int_equal(w->probes, 1);
    pass(w, 5, 1);
    assert_int_equal(w->n_mails, 1);
    end(w);
}

static void
test_no_reminder_while_calm(void **state)
{
    const struct sg_alerts_config daily = {SG_REMIND_DAILY, 300, 0, false};
    struct world *w = begin(&daily);

    (void)state;
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_OURS);
    pass(w, 100, 16);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 400, 16);
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_OURS);
    pass(w, 23 * 3600, 64);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 7 * 3600, 64);
    assert_int_equal(w->n_mails, 4);
    check(&w->mails[3], SG_ALERT_RECOVERED, SG_ALERT_EXCEEDED, 4);
    /* a limit that is near in time does not keep it open */
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_OURS);
    pass(w, 100, 16);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    for (int i = 0; i < 30; i++) {
        w->status.realms[0].time_to_limit_s = i % 2 ? 80000 : 90000;
        pass(w, 3600, 64);
    }
    check(&w->mails[5], SG_ALERT_RECOVERED, SG_ALERT_EXCEEDED, 6);
    end(w);
}

/* Who wants mail later is told what is open then. */
static void
test_mute(void **state)
{
    const struct sg_alerts_config mute = {SG_REMIND_DAILY, 300, 0, true};
    struct world *w = begin(&mute);

    (void)state;
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_OURS);
    pass(w, 3 * 86400, 64);
    assert_int_equal(w->n_mails, 0);
    assert_int_equal(w->n_logs, 1);
    sg_alerts_configure(w->alerts, &plain);
    pass(w, 100, 64);
    assert_int_equal(w->n_mails, 1);
    check(&w->mails[0], SG_ALERT_RAISED, SG_ALERT_EXCEEDED, 1);
    assert_int_equal(w->n_logs, 1);
    end(w);
}

/* Realms that came and went within a day leave room for others. */
static void
test_many_realms(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    for (int i = 0; i < 3 * SG_ALERTS_MAX; i++) {
        snprintf(w->status.realms[0].name, SG_NAME_MAX, "R%d.ORG", i);
        set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_OURS);
        w->n_mails = w->n_logs = 0;
        pass(w, 100, 1);
        assert_int_equal(w->n_mails, 1);
        set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
        pass(w, 310, 1);
        assert_int_equal(w->n_mails, 2);
    }
    end(w);
}

/* Killed or rebooted: nothing is told twice, nothing forgotten. */
static void
test_restart(void **state)
{
    struct world *w = begin(&plain);

    (void)state;
    pass(w, 50, 1);
    set(w, 0, SG_STATE_CRITICAL, SG_BLAME_UNCLEAR);
    pass(w, 60, 1);
    restart(w, 20, -100); /* another boot: the raw clock begins anew */
    set(w, 0, SG_STATE_UNKNOWN, SG_BLAME_NONE);
    pass(w, 10, 0);
    set(w, 0, SG_STATE_CRITICAL, SG_BLAME_UNCLEAR);
    pass(w, 600, 1);
    assert_int_equal(w->n_mails, 1);
    set(w, 0, SG_STATE_EXCEEDED, SG_BLAME_UNCLEAR);
    pass(w, 60, 1);
    restart(w, 5, 5);
    set(w, 0, SG_STATE_OK, SG_BLAME_NONE);
    pass(w, 310, 1);
    assert_int_equal(w->n_mails, 3);
    check(&w->mails[1], SG_ALERT_WORSE, SG_ALERT_EXCEEDED, 2);
    check(&w->mails[2], SG_ALERT_RECOVERED, SG_ALERT_EXCEEDED, 3);
    assert_string_equal(w->mails[2].id, w->mails[0].id);
    assert_true(w->mails[2].since_s > 980 && w->mails[2].since_s < 1080);
    end(w);
}

/* What was told of a step is kept beside the rest, and makes none of it
 * doubtful. */
static void
test_restart_after_step(void **state)
{
    struct sg_event event = {.kind = SG_EVENT_FOREIGN, .text = "stepped"};
    struct world *w = begin(&plain);

    (void)state;
    pass(w, 50, 1);
    set(w, 0, SG_STATE_CRITICAL, SG_BLAME_KDC);
    pass(w, 60, 1);
    w->status.clock.last_foreign_s = 400;
    sg_alerts_note(w->alerts, &event, raw(w->t_s));
    pass(w, 60, 1);
    assert_int_equal(w->n_mails, 2);
    assert_int_equal(w->mails[1].topic, SG_ALERT_STEP);
    restart(w, 5, 5);
    sg_alerts_note(w->alerts, &event, raw(w->t_s));
    pass(w, 60, 1);
    assert_int_equal(w->n_mails, 2);
    end(w);
}

static void
refuse(const char *text, const char *why)
{
    struct world *w = begin(&plain);
    struct sg_reading now = {.raw = raw(0)};
    struct sg_err err;

    assert_int_equal(
        sg_alerts_decode(w->alerts, text, strlen(text), &now, &err), -22);
    assert_string_equal(err.text, why);
    end(w);
}

static void
test_damaged(void **state)
{
    (void)state;
    refuse("", "alerts: does not begin with \"skewguard-alerts=1\"");
    refuse("skewguard-alerts=2\n",
           "alerts: does not begin with \"skewguard-alerts=1\"");
    refuse("skewguard-alerts=1\nsaved_ns=1", "alerts: cut short at byte 29");
    refuse("skewguard-alerts=1\ncause.99.level=warn\n",
           "alerts: bad line \"cause.99.level=warn\"");
    refuse("skewguard-alerts=1\ncause.0.level=wrong\n",
           "alerts: bad line \"cause.0.level=wrong\"");
    refuse("skewguard-alerts=1\ncause.0.id=00000000000000zz\n",
           "alerts: cause 0 contradicts itself");
    refuse("skewguard-alerts=1\ncause.0.id=0000000000000000\n"
           "cause.0.n_realms=1\n",
           "alerts: cause 0 contradicts itself");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_well),
        cmocka_unit_test(test_day),
        cmocka_unit_test(test_confirmation),
        cmocka_unit_test(test_confirmed_by_its_own_host),
        cmocka_unit_test(test_blip),
        cmocka_unit_test(test_flapping),
        cmocka_unit_test(test_levels_flap),
        cmocka_unit_test(test_reminders),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_start_and_resume),
        cmocka_unit_test(test_out_of_sight),
        cmocka_unit_test(test_forecast),
        cmocka_unit_test(test_other_blame),
        cmocka_unit_test(test_realms_share_a_cause),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_refused_and_server),
        cmocka_unit_test(test_realm_leaves),
        cmocka_unit_test(test_realms_part),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_no_realms),
        cmocka_unit_test(test_server_out_of_sight),
        cmocka_unit_test(test_step_beside_kdc),
        cmocka_unit_test(test_confirmed_for_itself),
        cmocka_unit_test(test_no_reminder_while_calm),
        cmocka_unit_test(test_mute),
        cmocka_unit_test(test_many_realms),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_restart_after_step),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

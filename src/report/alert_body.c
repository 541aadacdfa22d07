#include <math.h>
#include <string.h>

#include "report/alert.h"
#include "report/alert_facts.h"
#include "report/evidence.h"
#include "report/headline.h"
#include "report/refusals.h"
#include "report/remedy.h"
#include "report/words.h"

#define LABEL_COLUMNS 12

/* Takes over text; nothing if there is none. */
static void
add_item(struct sg_buf *buf, const char *label, struct sg_buf *text)
{
    if (text->len == 0) {
        sg_buf_free_part(text, buf);
        return;
    }
    sg_buf_add(buf, "%-*s", LABEL_COLUMNS, label);
    sg_words_flush(buf, LABEL_COLUMNS, LABEL_COLUMNS, text);
}

static void
add_text_item(struct sg_buf *buf, const char *label, const char *words)
{
    struct sg_buf text = SG_BUF_INIT;

    if (words[0])
        sg_buf_add(&text, "%s", words);
    add_item(buf, label, &text);
}

/* "+400.012 s", while that can be read. */
static void
add_exact(struct sg_buf *buf, double span_s)
{
    if (fabs(span_s) < 1e6)
        sg_buf_add(buf, "%+.3f s", span_s);
    else
        sg_buf_add(buf, "%s", sg_words_signed(span_s).text);
}

static void
add_measurement(struct sg_buf *buf, const struct sg_status *status,
                const struct sg_present *present, int realm)
{
    const struct sg_present_realm *now = &present->realms[realm];
    struct sg_buf text = SG_BUF_INIT;

    sg_alert_add_fact(&text, status, present, realm);
    add_item(buf, "Skew", &text);
    if (!now->has_skew)
        return;
    sg_alert_add_reference(&text, status, realm);
    sg_buf_add(&text, " minus %s: ", sg_headline_host(status));
    if (now->has_guess) {
        add_exact(&text, now->skew.offset_s);
        sg_buf_add(&text, ", ");
    }
    sg_buf_add(&text, "certainly from ");
    add_exact(&text, now->skew.lower_s);
    sg_buf_add(&text, " to ");
    add_exact(&text, now->skew.upper_s);
    sg_buf_add(&text, "; measured %s ago",
               sg_words_duration(fmax(0, now->skew.age_s)).text);
    add_item(buf, "In numbers", &text);
}

/* What fails now, or what would. */
static void
add_impact(struct sg_buf *buf, const struct sg_status *status,
           const struct sg_present *present, int realm)
{
    struct sg_buf now = SG_BUF_INIT, text = SG_BUF_INIT;

    sg_refusals_add_now(&now, status, present, realm);
    if (now.len == 0) {
        sg_buf_add(&text, "nothing is known to be refused now; ");
        sg_refusals_add_stake(&text, status, present, realm);
    } else if (present->realms[realm].state == SG_STATE_UNKNOWN)
        sg_buf_add(&text, "if that is so: %s", now.text);
    else
        sg_buf_add(&text, "%s", now.text);
    sg_buf_free_part(&now, &text);
    add_item(buf, "Impact", &text);
}

static void
add_future(struct sg_buf *buf, const struct sg_status *status,
           const struct sg_present *present, int realm)
{
    const struct sg_present_realm *now = &present->realms[realm];
    double left_s = sg_present_time_to_limit(status, present, realm);
    struct sg_buf text = SG_BUF_INIT;

    if (now->state != SG_STATE_UNKNOWN && now->has_skew && now->used_frac < 1)
        sg_buf_add(&text, "%s", status->realms[realm].forecast);
    if (text.len > 0 && left_s > 0)
        sg_buf_add(&text, " (%s)",
                   sg_words_time(sg_wall_add(present->wall, left_s)).text);
    add_item(buf, "Forecast", &text);
    sg_alert_add_holdover(&text, status, present, realm);
    if (text.len > 0)
        sg_buf_add(&text, ", unless somebody moves a clock");
    add_item(buf, "Holdover", &text);
}

static void
add_thresholds(struct sg_buf *buf, const struct sg_status *status, int realm)
{
    double limit_s = status->realms[realm].clockskew_s;
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(&text,
               "warn from %s (%s), critical from %s (%s), exceeded "
               "from %s",
               sg_words_limit(status->warn_frac * limit_s).text,
               sg_words_share(status->warn_frac).text,
               sg_words_limit(status->critical_frac * limit_s).text,
               sg_words_share(status->critical_frac).text,
               sg_words_limit(limit_s).text);
    add_item(buf, "Thresholds", &text);
}

/* The two clocks, since that of this host dates the mail. */
static void
add_clocks(struct sg_buf *buf, const struct sg_status *status,
           const struct sg_present *present, int realm)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(&text, "%s %s", sg_headline_host(status),
               sg_words_time(present->wall).text);
    if (realm >= 0 && present->realms[realm].has_skew) {
        double offset_s = present->realms[realm].skew.offset_s;

        sg_buf_add(&text, ", ");
        sg_alert_add_reference(&text, status, realm);
        sg_buf_add(&text, " %s",
                   sg_words_time(sg_wall_add(present->wall, offset_s)).text);
    }
    add_item(buf, "Clocks", &text);
}

/* All realms, or those besides this one that are not well either. */
static void
add_realms(struct sg_buf *buf, const struct sg_status *status,
           const struct sg_present *present, int but)
{
    struct sg_buf text = SG_BUF_INIT;

    for (int i = 0; i < status->n_realms; i++) {
        enum sg_state state = present->realms[i].state;

        if (i == but || (but >= 0 && state == SG_STATE_OK))
            continue;
        sg_buf_add(&text, "%.*s: %s: ", SG_ALERT_NAME_COLUMNS,
                   status->realms[i].name, sg_state_name(state));
        sg_alert_add_fact(&text, status, present, i);
        add_item(buf, but >= 0 ? "Also" : "Realm", &text);
    }
}

/* Whose clock was wrong, now that none is. */
static const char *
culprit(enum sg_blame blame)
{
    static const char *const words[SG_BLAME_COUNT] = {
        [SG_BLAME_NONE] = "",
        [SG_BLAME_OURS] = "it was this host's clock",
        [SG_BLAME_KDC] = "it was a KDC's clock",
        [SG_BLAME_REALM] = "it was the realm's clock",
        [SG_BLAME_NTP] = "it was an NTP server",
        [SG_BLAME_UNCLEAR] = "whose clock it was did not come out",
    };

    return words[blame];
}

static void
add_realm(struct sg_buf *buf, const struct sg_alert *alert,
          const struct sg_status *status, const struct sg_present *present,
          int realm)
{
    const struct sg_status_realm *of = &status->realms[realm];
    struct sg_buf text = SG_BUF_INIT;

    add_measurement(buf, status, present, realm);
    add_text_item(buf, "Cause",
                  alert->phase == SG_ALERT_RECOVERED ? culprit(alert->blame)
                                                     : of->reason);
    if (of->auth == SG_AUTH_FAILS)
        sg_headline_add_auth(&text, of);
    add_item(buf, "Keytab", &text);
    if (alert->phase != SG_ALERT_RECOVERED) {
        add_impact(buf, status, present, realm);
        add_future(buf, status, present, realm);
    }
    add_realms(buf, status, present, realm);
}

/* ---- the sentences that close every alert ---- */

static void
add_policy(struct sg_buf *buf, const struct sg_alert *alert)
{
    struct sg_buf text = SG_BUF_INIT;
    struct sg_word calm = sg_words_duration(alert->calm_s);

    if (!sg_alert_lasts(alert)) {
        add_text_item(buf, "Alerts",
                      alert->topic == SG_ALERT_TEST
                          ? "this one has no sequel"
                          : "each such event is logged, and mailed once a day "
                            "at most");
        return;
    }
    if (alert->phase == SG_ALERT_REMINDER)
        sg_buf_add(&text, "a reminder, nothing is new; ");
    if (alert->returns > 1)
        sg_buf_add(&text, "raised for the %s time within a day; ",
                   sg_words_ordinal(alert->returns).text);
    if (alert->is_member && alert->phase != SG_ALERT_RECOVERED)
        sg_buf_add(&text, "every host that asks this realm tells of it, at "
                          "random moments and one severity lower; ");
    if (alert->phase == SG_ALERT_RECOVERED)
        sg_buf_add(&text, "closed; what comes back within a day is told in the "
                          "same thread");
    else
        sg_buf_add(&text,
                   "recovery is told after %s without it, reminders as "
                   "\"remind\" in skewguard.conf says",
                   calm.text);
    add_item(buf, "Alerts", &text);
}

static void
add_daemon(struct sg_buf *buf, const struct sg_status *status,
           const struct sg_present *present)
{
    struct sg_buf text = SG_BUF_INIT;

    add_text_item(buf, "Decision", status->decision);
    sg_headline_add_clock(&text, status, present);
    add_item(buf, "Clock", &text);
    add_text_item(buf, "Notice", status->notice);
}

/* Takes over text; nothing if there is none. */
static void
add_block(struct sg_buf *buf, const char *title, struct sg_buf *text)
{
    if (text->len > 0)
        sg_buf_add(buf, "\n%s\n%s", title, text->text);
    sg_buf_free_part(text, buf);
}

static void
add_all(struct sg_buf *buf, const struct sg_alert *alert,
        const struct sg_status *status, const struct sg_present *present)
{
    int realm = sg_alert_realm(alert, status);
    bool is_realms = alert->topic == SG_ALERT_REALM;
    struct sg_buf text = SG_BUF_INIT;

    if (is_realms) {
        sg_alert_add_name(&text, alert, status);
        sg_buf_add(&text, ": ");
        sg_alert_add_level(&text, alert);
    } else
        sg_alert_add_event(&text, alert, status, present);
    sg_words_flush(buf, 0, 0, &text);
    if (status->n_realms > 0)
        sg_buf_add(buf, "\n");
    if (realm >= 0)
        add_realm(buf, alert, status, present, realm);
    else
        add_realms(buf, status, present, -1);
    sg_remedy_add(&text, alert, status, present);
    add_block(buf, "What to do", &text);
    sg_evidence_add(&text, status, present, realm);
    add_block(buf, "Evidence", &text);
    sg_buf_add(buf, "\n");
    add_daemon(buf, status, present);
    if (realm >= 0)
        add_thresholds(buf, status, realm);
    add_clocks(buf, status, present, realm);
    add_policy(buf, alert);
    add_text_item(buf, "See also",
                  "skewguard status, skewguard explain; each alert is "
                  "explained in ALERTS.md");
}

/* Names without a blank may be longer than a line. */
static void
add_folded(struct sg_buf *buf, const char *text)
{
    int column = 0;

    for (; *text; text++) {
        if (*text != '\n' && column == SG_WORDS_COLUMNS - 1) {
            sg_buf_add_bytes(buf, "\n", 1);
            column = 0;
        }
        sg_buf_add_bytes(buf, text, 1);
        column = *text == '\n' ? 0 : column + 1;
    }
}

void
sg_alert_add_body(struct sg_buf *buf, const struct sg_alert *alert,
                  const struct sg_status *status,
                  const struct sg_present *present)
{
    struct sg_buf text = SG_BUF_INIT;

    add_all(&text, alert, status, present);
    if (!text.failed)
        add_folded(buf, text.text);
    sg_buf_free_part(&text, buf);
}

#include "report/report.h"

#include <math.h>
#include <string.h>

#include "report/headline.h"
#include "report/present.h"
#include "report/refusals.h"
#include "report/rows.h"
#include "report/words.h"

#define LABEL_COLUMNS 14

static void
add_item(struct sg_buf *buf, const char *label, struct sg_buf *text)
{
    sg_buf_add(buf, "%-*s", LABEL_COLUMNS, label);
    sg_words_flush(buf, LABEL_COLUMNS, LABEL_COLUMNS, text);
}

static void
add_text_item(struct sg_buf *buf, const char *label, const char *words)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(&text, "%s", words[0] ? words : "-");
    add_item(buf, label, &text);
}

/* "-1 ms to +8 ms", in full where short numbers would not differ. */
static void
add_ends(struct sg_buf *buf, double lower_s, double upper_s)
{
    struct sg_word lower = sg_words_signed(lower_s);
    struct sg_word upper = sg_words_signed(upper_s);

    if (strcmp(lower.text, upper.text) != 0)
        sg_buf_add(buf, "%s to %s", lower.text, upper.text);
    else
        sg_buf_add(buf, "%+.6f s to %+.6f s", lower_s, upper_s);
}

/* "offset +3.21 ms, certainly from -1 ms to +8 ms, error 90 us" */
static void
add_skew(struct sg_buf *buf, const struct sg_skew *skew, bool has_guess)
{
    if (has_guess)
        sg_buf_add(buf, "%s, certainly from ",
                   sg_words_signed(skew->offset_s).text);
    else
        sg_buf_add(buf, "somewhere from ");
    add_ends(buf, skew->lower_s, skew->upper_s);
    if (has_guess)
        sg_buf_add(buf, ", error %s", sg_words_span(skew->error_s).text);
}

static void
add_decision(struct sg_buf *buf, const struct sg_status *status,
             const struct sg_present *present)
{
    struct sg_buf text = SG_BUF_INIT;
    struct sg_skew skew;

    add_text_item(buf, "decision", status->decision);
    sg_headline_add_clock(&text, status, present);
    add_item(buf, "clock", &text);
    sg_headline_add_leap(&text, status, present);
    if (text.len > 0)
        add_item(buf, "leap second", &text);
    if (sg_present_skew(present, &status->clock.model, &skew)) {
        add_skew(&text, &skew, true);
        sg_buf_add(&text, ", age %s",
                   sg_words_duration(fmax(0, skew.age_s)).text);
        add_item(buf, "it follows", &text);
    } else
        add_text_item(buf, "it follows", "nothing");
    sg_buf_add(&text, "%u by skewguardd, %u by others, since the start",
               status->clock.steps, status->clock.foreign_steps);
    add_item(buf, "steps", &text);
    sg_buf_add(&text, "warn from %s, critical from %s, exceeded from 100 %%",
               sg_words_share(status->warn_frac).text,
               sg_words_share(status->critical_frac).text);
    add_item(buf, "thresholds", &text);
    if (status->notice[0])
        add_text_item(buf, "notice", status->notice);
}

static void
add_measurement(struct sg_buf *buf, const struct sg_status *status,
                const struct sg_present *present, int i)
{
    const struct sg_status_realm *realm = &status->realms[i];
    const struct sg_present_realm *now = &present->realms[i];
    struct sg_buf text = SG_BUF_INIT;

    if (!now->has_skew) {
        sg_headline_add_realm(&text, status, present, i);
        add_item(buf, "  offset", &text);
        return;
    }
    add_skew(&text, &now->skew, now->has_guess);
    sg_buf_add(&text, ", by %s, the worst KDC that answers, %s ago",
               sg_present_worst_name(status, i),
               sg_words_duration(fmax(0, now->skew.age_s)).text);
    add_item(buf, "  offset", &text);
    sg_headline_add_realm(&text, status, present, i);
    add_item(buf, "  that is", &text);
    sg_buf_add(
        &text, "%s: the far end is off by %s, the limit is %s",
        sg_words_share(now->used_frac).text,
        sg_words_span(fmax(fabs(now->skew.lower_s), fabs(now->skew.upper_s)))
            .text,
        sg_words_limit(realm->clockskew_s).text);
    add_item(buf, "  used", &text);
    sg_buf_add(&text, "the offset moves by %+.3f ppm", realm->rate_ppm);
    add_item(buf, "  rate", &text);
}

static void
add_steps(struct sg_buf *buf, const struct sg_status *status,
          const struct sg_present *present, int i)
{
    struct sg_buf text = SG_BUF_INIT;

    if (status->realms[i].auth != SG_AUTH_OFF) {
        sg_headline_add_auth(&text, &status->realms[i]);
        if (status->realms[i].auth == SG_AUTH_WORKS)
            sg_buf_add(&text, "gives authenticated time");
        add_item(buf, "  keytab", &text);
    }
    sg_refusals_add_limits(&text, status, present, i);
    add_item(buf, "  Kerberos", &text);
    if (present->realms[i].has_skew) {
        sg_refusals_add_table(buf, status, present, i);
        return;
    }
    sg_refusals_add_stake(&text, status, present, i);
    add_item(buf, "  at stake", &text);
}

static void
add_realm(struct sg_buf *buf, const struct sg_status *status,
          const struct sg_present *present, int i)
{
    const struct sg_status_realm *realm = &status->realms[i];
    double left_s = sg_present_time_to_limit(status, present, i);
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(buf, "\nrealm %s: %s\n", sg_words_clean(realm->name).text,
               sg_state_name(present->realms[i].state));
    sg_buf_add(&text, "%s, %s", sg_words_limit(realm->clockskew_s).text,
               realm->limit_overrides ? "from skewguard.conf"
                                      : "the smaller of krb5.conf's and 300 s");
    add_item(buf, "  limit", &text);
    add_measurement(buf, status, present, i);
    add_text_item(buf, "  forecast", realm->forecast);
    if (left_s >= 0)
        sg_buf_add(&text, "%s", sg_words_duration(left_s).text);
    else
        sg_buf_add(&text, "not foreseen");
    add_item(buf, "  limit in", &text);
    sg_buf_add(&text, "%s", sg_blame_name(realm->blame));
    add_item(buf, "  blame", &text);
    add_text_item(buf, "  reason", realm->reason);
    add_steps(buf, status, present, i);
}

/* First what a user complains of, and what to do. */
static void
add_complaint(struct sg_buf *buf, const struct sg_status *status,
              const struct sg_present *present, int i)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_refusals_add_now(&text, status, present, i);
    if (text.len == 0) {
        sg_buf_free_part(&text, buf);
        return;
    }
    sg_buf_add(buf, "\n%s\n", sg_words_clean(status->realms[i].name).text);
    add_item(buf, "  fails", &text);
    sg_refusals_add_todo(&text, status, present, i);
    if (text.len > 0)
        add_item(buf, "  to do", &text);
    sg_buf_free_part(&text, buf);
}

static void
add_source(struct sg_buf *buf, const struct sg_present *present,
           const struct sg_status_source *source)
{
    struct sg_buf text = SG_BUF_INIT;
    struct sg_skew skew;

    sg_buf_add(&text, "%s %s: ", sg_kind_name(source->kind), source->name);
    if (sg_present_skew(present, &source->model, &skew)) {
        add_skew(&text, &skew, source->has_guess);
        sg_buf_add(
            &text, ", age %s",
            sg_words_duration(sg_present_age_s(present, source->last)).text);
    } else
        sg_buf_add(&text, "no measurement");
    if (source->outcome != SG_OUTCOME_OK)
        sg_buf_add(&text, "; last attempt: %s",
                   sg_outcome_name(source->outcome));
    if (source->reason[0])
        sg_buf_add(&text, "; %s", source->reason);
    sg_buf_add(buf, "  ");
    sg_words_flush(buf, 2, 4, &text);
}

static void
add_tally(struct sg_buf *buf, const struct sg_status *status,
          const struct sg_present *present, enum sg_tally tally)
{
    static const char *const titles[SG_TALLY_COUNT] = {
        [SG_TALLY_STEERS] = "sources that agree, and steer the clock",
        [SG_TALLY_AGREES] = "sources that agree, and confirm",
        [SG_TALLY_ASIDE] = "good sources of a group that is not followed",
        [SG_TALLY_FALSETICKER] =
            "sources rejected, since they contradict the majority",
        [SG_TALLY_UNUSABLE] = "sources that cannot be used",
    };
    bool has_title = false;

    for (int i = 0; i < status->n_sources; i++) {
        if (status->sources[i].tally != tally ||
            !sg_row_is_listed(&status->sources[i]))
            continue;
        if (!has_title)
            sg_buf_add(buf, "\n%s\n", titles[tally]);
        has_title = true;
        add_source(buf, present, &status->sources[i]);
    }
}

void
sg_report_explain_text(const struct sg_status *status,
                       const struct sg_report_now *now, struct sg_buf *ret)
{
    struct sg_present present;

    sg_present_make(status, now, &present);
    sg_headline_add(ret, status, &present, false);
    for (int i = 0; i < status->n_realms; i++)
        add_complaint(ret, status, &present, present.order[i]);
    sg_buf_add(ret, "\n");
    add_decision(ret, status, &present);
    for (int i = 0; i < status->n_realms; i++)
        add_realm(ret, status, &present, present.order[i]);
    if (status->n_realms > 0) {
        sg_buf_add(ret, "\nwhat is read where a step is refused (fresh: taken "
                        "under the present skew,\nolder: before the clock went "
                        "wrong, or before its correction)\n");
        sg_refusals_add_messages(ret, status, &present, present.order[0]);
    }
    for (int i = 0; i < SG_TALLY_COUNT; i++)
        add_tally(ret, status, &present, (enum sg_tally)i);
}

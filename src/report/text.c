#include "report/report.h"

#include <math.h>
#include <string.h>

#include "report/headline.h"
#include "report/present.h"
#include "report/refusals.h"
#include "report/rows.h"
#include "report/words.h"

#define NAME_COLUMNS 24
#define STATE_COLUMNS 8 /* "exceeded" */
#define LABEL_COLUMNS 10
#define BLOCK_INDENT 4

static int
name_columns(const struct sg_status *status)
{
    size_t columns = 0;

    for (int i = 0; i < status->n_realms; i++) {
        size_t len = strlen(status->realms[i].name);

        if (len > columns && len <= NAME_COLUMNS)
            columns = len;
    }
    return (int)columns;
}

/* "EXAMPLE.ORG  ok        3.2 ms behind das-m (0.4 % of 300 s)" */
static void
add_realm_line(struct sg_buf *buf, const struct sg_status *status,
               const struct sg_present *present, int i, bool colour)
{
    int columns = name_columns(status);
    int indent = columns + 2 + STATE_COLUMNS + 2;
    enum sg_state state = present->realms[i].state;
    struct sg_clean_name name = sg_words_clean(status->realms[i].name);
    struct sg_buf text = SG_BUF_INIT;

    if ((int)strlen(name.text) > columns)
        sg_buf_add(buf, "%s\n%*s", name.text, columns, "");
    else
        sg_buf_add(buf, "%-*s", columns, name.text);
    sg_buf_add(buf, "  ");
    sg_headline_add_state(buf, state, sg_state_name(state), STATE_COLUMNS,
                          colour);
    sg_buf_add(buf, "  ");
    sg_headline_add_realm(&text, status, present, i);
    sg_words_flush(buf, indent, indent, &text);
}

static void
add_certainty(struct sg_buf *buf, const struct sg_skew *skew)
{
    sg_buf_add(buf, "%*s", BLOCK_INDENT, "");
    sg_buf_add(buf, "measured %s ago, certain to within %s\n",
               sg_words_duration(fmax(0, skew->age_s)).text,
               sg_words_span(sg_present_bound_s(skew)).text);
}

/* The daemon's words for the future, which grow old with the status. */
static void
add_forecast(struct sg_buf *buf, const struct sg_status_realm *realm,
             const struct sg_present_realm *now,
             const struct sg_present *present)
{
    struct sg_buf text = SG_BUF_INIT;

    if (!realm->forecast[0] || now->used_frac >= 1)
        return;
    sg_buf_add(&text, "forecast: %s", realm->forecast);
    if (present->age == SG_PRESENT_LATE)
        sg_buf_add(&text, " (as of %s ago)",
                   sg_words_duration(present->since_s).text);
    sg_buf_add(buf, "%*s", BLOCK_INDENT, "");
    sg_words_flush(buf, BLOCK_INDENT, BLOCK_INDENT + 2, &text);
}

/* Takes over text; nothing if there is none. */
static void
add_note(struct sg_buf *buf, struct sg_buf *text)
{
    if (text->len == 0) {
        sg_buf_free_part(text, buf);
        return;
    }
    sg_buf_add(buf, "%*s", BLOCK_INDENT, "");
    sg_words_flush(buf, BLOCK_INDENT, BLOCK_INDENT + 2, text);
}

static void
add_realm(struct sg_buf *buf, const struct sg_status *status,
          const struct sg_present *present, int i, bool colour)
{
    const struct sg_status_realm *realm = &status->realms[i];
    const struct sg_present_realm *now = &present->realms[i];
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(buf, "\n");
    add_realm_line(buf, status, present, i, colour);
    if (now->has_skew) {
        sg_buf_add(buf, "%*s", BLOCK_INDENT, "");
        sg_words_bar(buf, now->used_frac, status->warn_frac,
                     status->critical_frac);
        sg_buf_add(buf, "\n");
        add_certainty(buf, &now->skew);
    }
    if (!present->has_numbers)
        return;
    sg_refusals_add_now(&text, status, present, i);
    add_note(buf, &text);
    sg_refusals_add_remedy(&text, status, present, i);
    add_note(buf, &text);
    add_forecast(buf, realm, now, present);
    sg_buf_add(&text, "%s", realm->reason);
    add_note(buf, &text);
    if (realm->auth == SG_AUTH_FAILS)
        sg_headline_add_auth(&text, realm);
    add_note(buf, &text);
}

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

    if (!words[0])
        return;
    sg_buf_add(&text, "%s", words);
    add_item(buf, label, &text);
}

/* "1 steers", "2 steer": the tallies' names are made for one source. */
static const char *
tally_word(enum sg_tally tally, int n)
{
    static const char *const many[SG_TALLY_COUNT] = {
        [SG_TALLY_STEERS] = "steer",
        [SG_TALLY_AGREES] = "agree",
        [SG_TALLY_FALSETICKER] = "falsetickers",
    };

    return n > 1 && many[tally] ? many[tally] : sg_tally_name(tally);
}

static void
add_sources(struct sg_buf *buf, const struct sg_status *status)
{
    int n[SG_TALLY_COUNT] = {0}, n_all = 0;
    bool is_first = true;
    struct sg_buf text = SG_BUF_INIT;

    for (int i = 0; i < status->n_sources; i++) {
        if (!sg_row_is_listed(&status->sources[i]))
            continue;
        n[status->sources[i].tally]++;
        n_all++;
    }
    sg_buf_add(&text, "%d", n_all);
    for (int i = 0; i < SG_TALLY_COUNT; i++) {
        if (n[i] == 0)
            continue;
        sg_buf_add(&text, "%s %d %s", is_first ? ":" : ",", n[i],
                   tally_word((enum sg_tally)i, n[i]));
        is_first = false;
    }
    if (n[SG_TALLY_FALSETICKER] + n[SG_TALLY_UNUSABLE] > 0)
        sg_buf_add(&text, "; for why see \"skewguard sources -v\"");
    add_item(buf, "Sources", &text);
}

/* What a skew would cost; where it costs something already, the realm says. */
static void
add_stake(struct sg_buf *buf, const struct sg_status *status,
          const struct sg_present *present)
{
    struct sg_buf text = SG_BUF_INIT;
    int worst = present->order[0];

    if (status->n_realms == 0)
        return;
    sg_refusals_add_now(&text, status, present, worst);
    if (text.len == 0) {
        if (status->n_realms > 1)
            sg_buf_add(&text, "in %s ",
                       sg_words_clean(status->realms[worst].name).text);
        sg_refusals_add_stake(&text, status, present, worst);
        add_item(buf, "At stake", &text);
    }
    sg_buf_free_part(&text, buf);
}

static void
add_daemon(struct sg_buf *buf, const struct sg_status *status,
           const struct sg_present *present)
{
    struct sg_buf text = SG_BUF_INIT;

    if (!present->is_alive)
        return;
    sg_buf_add(&text, "skewguardd, process %d, %s mode, published %s ago",
               status->pid, sg_mode_name(status->mode),
               sg_words_duration(fmax(0, present->since_s)).text);
    add_item(buf, "Daemon", &text);
}

/* What does not belong to one realm. */
static void
add_rest(struct sg_buf *buf, const struct sg_status *status,
         const struct sg_present *present)
{
    struct sg_buf clock = SG_BUF_INIT, leap = SG_BUF_INIT;

    add_stake(buf, status, present);
    sg_headline_add_clock(&clock, status, present);
    add_item(buf, "Clock", &clock);
    sg_headline_add_leap(&leap, status, present);
    if (leap.len > 0)
        add_item(buf, "Leap", &leap);
    sg_buf_free_part(&leap, buf);
    add_sources(buf, status);
    add_text_item(buf, "Decision", status->decision);
    add_daemon(buf, status, present);
}

void
sg_report_status_text(const struct sg_status *status,
                      const struct sg_report_now *now, bool colour,
                      struct sg_buf *ret)
{
    struct sg_present present;
    bool has_rest;

    sg_present_make(status, now, &present);
    /* It would be about nothing, or about a clock that is gone. */
    has_rest =
        present.age != SG_PRESENT_NEVER && present.age != SG_PRESENT_OTHER_BOOT;
    sg_headline_add(ret, status, &present, colour);
    for (int i = 0; i < status->n_realms; i++)
        add_realm(ret, status, &present, present.order[i], colour);
    if (status->notice[0] || has_rest)
        sg_buf_add(ret, "\n");
    add_text_item(ret, "Notice", status->notice);
    if (has_rest)
        add_rest(ret, status, &present);
}

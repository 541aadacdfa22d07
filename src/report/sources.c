#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "report/headline.h"
#include "report/present.h"
#include "report/rows.h"
#include "report/words.h"

#define KIND_COLUMNS 6 /* "keytab" */
#define NAME_COLUMNS 17
#define GROUP_COLUMNS 12
#define DETAIL_INDENT 6

static const char tally_marks[SG_TALLY_COUNT + 1] = "*+-x?";

static const char legend[] =
    "first column  * steers the clock        + agrees\n"
    "              - good, but its group is not followed\n"
    "              x contradicts the majority  ? no answer, or no good one\n"
    "group         the realm whose clock it shows, or utc\n"
    "st            NTP stratum\n"
    "poll          seconds between requests\n"
    "rch           reach: the last 8 requests in octal, newest last, 1: "
    "answered\n"
    "age           of the last good answer\n"
    "offset        source - this host: + this host is behind, - ahead\n"
    "+/-           the offset is certain to this\n\n";

/* Cut to a column, with '>' to tell that something is missing. */
static void
add_cut(struct sg_buf *buf, const char *text, int columns)
{
    struct sg_clean_name name = sg_words_clean(text);

    if ((int)strlen(name.text) > columns)
        sg_buf_add(buf, "%.*s>", columns - 1, name.text);
    else
        sg_buf_add(buf, "%-*s", columns, name.text);
}

static const char *
group_name(const struct sg_status *status, int realm)
{
    return realm >= 0 && realm < status->n_realms ? status->realms[realm].name
                                                  : "utc";
}

static void
add_row(struct sg_buf *buf, const struct sg_status *status,
        const struct sg_present *present, const struct sg_status_source *source)
{
    struct sg_skew skew;
    char stratum[12] = "-";
    struct sg_word age = {"-"};
    bool has_skew = sg_present_skew(present, &source->model, &skew);

    if (source->stratum > 0)
        snprintf(stratum, sizeof stratum, "%d", source->stratum);
    if (has_skew)
        age = sg_words_short(sg_present_age_s(present, source->last));
    sg_buf_add(buf, "%c %-*s ", tally_marks[source->tally], KIND_COLUMNS,
               sg_kind_name(source->kind));
    add_cut(buf, source->name, NAME_COLUMNS);
    sg_buf_add(buf, " ");
    add_cut(buf, group_name(status, source->realm), GROUP_COLUMNS);
    sg_buf_add(buf, " %2s %4.0f %3o %4s %12s %9s\n", stratum, source->poll_s,
               source->reach & 0xff, age.text,
               has_skew ? sg_words_signed(skew.offset_s).text : "-",
               has_skew ? sg_words_span(sg_present_bound_s(&skew)).text : "-");
}

static void
add_details(struct sg_buf *buf, const struct sg_status_source *source)
{
    struct sg_buf text = SG_BUF_INIT;

    if (source->address[0])
        sg_buf_add(&text, "%s port %d/%s", source->address, source->port,
                   source->tcp ? "tcp" : "udp");
    else
        sg_buf_add(&text, "no address, port %d", source->port);
    if (source->model.valid)
        sg_buf_add(&text, ", delay %s", sg_words_span(source->delay_s).text);
    if (source->model.valid && source->kind == SG_KIND_NTP)
        sg_buf_add(&text, ", root distance %s",
                   sg_words_span(source->root_s).text);
    sg_buf_add(&text, ", %u of %u answered, last: %s", source->answered,
               source->asked, sg_outcome_name(source->outcome));
    sg_buf_add(buf, "%*s", DETAIL_INDENT, "");
    sg_words_flush(buf, DETAIL_INDENT, DETAIL_INDENT + 2, &text);
    if (!source->reason[0])
        return;
    sg_buf_add(buf, "%*s", DETAIL_INDENT, "");
    sg_words_wrap(buf, DETAIL_INDENT, DETAIL_INDENT + 2, source->reason);
}

static void
add_keytab_line(struct sg_buf *buf, const struct sg_status_realm *realm)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_headline_add_auth(&text, realm);
    if (text.len > 0) {
        sg_buf_add(buf, "%s: ", sg_words_clean(realm->name).text);
        sg_words_wrap(buf, (int)strlen(realm->name) + 2, 4, text.text);
    }
    sg_buf_free_part(&text, buf);
}

void
sg_report_sources_text(const struct sg_status *status,
                       const struct sg_report_now *now, bool verbose,
                       struct sg_buf *ret)
{
    struct sg_present present;

    sg_present_make(status, now, &present);
    /* A healthy table speaks for itself. */
    if (!present.is_alive || present.age != SG_PRESENT_FRESH) {
        sg_headline_add(ret, status, &present, false);
        sg_buf_add(ret, "\n");
    }
    if (verbose)
        sg_buf_add_bytes(ret, legend, sizeof legend - 1);
    sg_buf_add(ret, "  %-*s %-*s %-*s %2s %4s %3s %4s %12s %9s\n", KIND_COLUMNS,
               "", NAME_COLUMNS, "source", GROUP_COLUMNS, "group", "st", "poll",
               "rch", "age", "offset", "+/-");
    for (int i = 0; i < status->n_sources; i++) {
        if (!sg_row_is_listed(&status->sources[i]))
            continue;
        add_row(ret, status, &present, &status->sources[i]);
        if (verbose)
            add_details(ret, &status->sources[i]);
    }
    if (status->n_sources == 0)
        sg_buf_add(ret, "no sources\n");
    for (int i = 0; i < status->n_realms; i++)
        add_keytab_line(ret, &status->realms[i]);
}

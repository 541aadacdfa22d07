#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/headline.h"
#include "report/present.h"
#include "report/refusals.h"
#include "report/rows.h"
#include "report/words.h"

#define HOST_COLUMNS 23
#define BOUNDS_COLUMNS 27
#define NTP_COLUMNS 12
#define ERROR_INDENT 6

/* How a bound is rounded: so that it stays one. */
enum end { END_LOWER, END_NONE, END_UPPER };

/* Plain seconds, with no more digits than are known, or fit. */
static struct sg_word
seconds(double value_s, double width_s, enum end end)
{
    struct sg_word word;
    int digits = width_s < 0.1 ? 4 : 3;
    double unit_s;

    if (width_s < 0.0005 && fabs(value_s) < 1000)
        digits = 6;
    if (!(fabs(value_s) < 1e6))
        digits = 0;
    unit_s = pow(10, -digits);
    /* 3600.396 is 36003960.000000004 units. */
    if (end == END_LOWER)
        value_s = floor(value_s / unit_s + 1e-6) * unit_s;
    if (end == END_UPPER)
        value_s = ceil(value_s / unit_s - 1e-6) * unit_s;
    snprintf(word.text, sizeof word.text, "%+.*f", digits, value_s);
    return word;
}

/* "das-m:88/udp"; a name that is too long is cut, and ends in '>'. */
static void
add_host(struct sg_buf *buf, const struct sg_status_source *kdc)
{
    struct sg_clean_name name = sg_words_clean(kdc->name);
    char port[24];
    int room;

    snprintf(port, sizeof port, ":%d/%s", kdc->port, kdc->tcp ? "tcp" : "udp");
    room = HOST_COLUMNS - (int)strlen(port);
    if ((int)strlen(name.text) > room)
        snprintf(name.text + room - 1, 2, ">");
    sg_buf_add(buf, "  %s%-*s", name.text,
               HOST_COLUMNS - (int)strlen(name.text), port);
}

/* "-400.000224 .. -399.994617" */
static void
make_bounds(bool has_skew, const struct sg_skew *skew, char *ret, size_t size)
{
    double width_s = skew->upper_s - skew->lower_s;

    if (has_skew)
        snprintf(ret, size, "%s .. %s",
                 seconds(skew->lower_s, width_s, END_LOWER).text,
                 seconds(skew->upper_s, width_s, END_UPPER).text);
    else
        snprintf(ret, size, "-");
}

static void
add_error(struct sg_buf *buf, const char *error)
{
    if (!error)
        return;
    sg_buf_add(buf, "%*s", ERROR_INDENT, "");
    sg_words_wrap(buf, ERROR_INDENT, ERROR_INDENT, error);
}

static void
add_row(struct sg_buf *buf, const struct sg_row *row)
{
    char bounds[96], ntp[48] = "-";

    if (row->has_ntp)
        snprintf(ntp, sizeof ntp, "%s",
                 seconds(row->ntp.offset_s, row->ntp.error_s, END_NONE).text);
    make_bounds(row->has_skew, &row->skew, bounds, sizeof bounds);
    add_host(buf, row->kdc);
    sg_buf_add(buf, " %-*s %-*s %s\n", BOUNDS_COLUMNS, bounds, NTP_COLUMNS, ntp,
               sg_row_trust_name(row->trust));
    add_error(buf, row->error);
    if (!row->has_auth && !row->auth_error)
        return;
    make_bounds(row->has_auth, &row->auth, bounds, sizeof bounds);
    sg_buf_add(buf, "  %-*s %s\n", HOST_COLUMNS, "  with this host's key",
               bounds);
    add_error(buf, row->auth_error);
}

static void
add_matrix(struct sg_buf *buf, const struct sg_status *status,
           const struct sg_present *present, int i)
{
    struct sg_row row;
    int n = 0;

    sg_buf_add(buf, "  %-*s %-*s %-*s %s\n", HOST_COLUMNS, "KDC",
               BOUNDS_COLUMNS, "KDC - this host, seconds", NTP_COLUMNS,
               "its NTP", "trust");
    for (int j = 0; j < status->n_sources; j++) {
        if (!sg_row_make(status, present, i, j, &row))
            continue;
        add_row(buf, &row);
        n++;
    }
    if (n == 0)
        sg_buf_add(buf, "  no KDC is known\n");
}

/* Takes over text; nothing if there is none. */
static void
add_note(struct sg_buf *buf, struct sg_buf *text)
{
    if (text->len == 0) {
        sg_buf_free_part(text, buf);
        return;
    }
    sg_buf_add(buf, "  ");
    sg_words_flush(buf, 2, 4, text);
}

static void
add_verdict(struct sg_buf *buf, const struct sg_status *status,
            const struct sg_present *present, int i)
{
    const struct sg_status_realm *realm = &status->realms[i];
    struct sg_clean_name name = sg_words_clean(realm->name);
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(buf, "%s: ", name.text);
    sg_buf_add(&text, "%s: ", sg_state_name(present->realms[i].state));
    if (present->realms[i].has_skew)
        sg_buf_add(&text, "this host is ");
    sg_headline_add_realm(&text, status, present, i);
    if (realm->reason[0])
        sg_buf_add(&text, "; %s", realm->reason);
    sg_words_flush(buf, (int)strlen(name.text) + 2, 4, &text);
}

/* First what is wrong, then what fails of it, what to do, and the figures. */
static void
add_realm(struct sg_buf *buf, const struct sg_status *status,
          const struct sg_present *present, int i)
{
    struct sg_buf text = SG_BUF_INIT;

    add_verdict(buf, status, present, i);
    if (present->realms[i].state >= SG_STATE_WARN)
        sg_headline_add_zone(&text, status, present, i);
    add_note(buf, &text);
    sg_refusals_add_now(&text, status, present, i);
    add_note(buf, &text);
    if (present->realms[i].state >= SG_STATE_WARN)
        sg_buf_add(&text, "to do: ");
    sg_refusals_add_todo(&text, status, present, i);
    add_note(buf, &text);
    add_matrix(buf, status, present, i);
    sg_headline_add_auth(&text, &status->realms[i]);
    add_note(buf, &text);
}

void
sg_report_check_text(const struct sg_status *status,
                     const struct sg_report_now *now, struct sg_buf *ret)
{
    struct sg_present present;

    sg_present_make_own(status, now, &present);
    for (int i = 0; i < status->n_realms; i++) {
        if (i > 0)
            sg_buf_add(ret, "\n");
        add_realm(ret, status, &present, present.order[i]);
    }
    if (status->n_realms == 0)
        sg_buf_add(ret, "%s: no Kerberos realm to check\n",
                   sg_state_name(present.state));
    if (status->notice[0])
        sg_words_wrap(ret, 0, 4, status->notice);
}

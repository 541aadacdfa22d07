#include "alert/mail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

/* RFC 5322, 2.1.1: a line should have 78 characters, and must have no more than
 * 998. */
#define COLUMNS 78
#define LINE_MOST 998
/* So that a Message-ID fits a line; it is the alert's id that is unique. */
#define ID_HOST_MOST 35
#define SAME_S 0.0005

/* ---- time; no strftime, whose words are those of a language ---- */

struct host_name {
    char text[SG_NAME_MAX];
};

struct moment {
    char date[64]; /* "Thu, 26 Nov 2026 03:18:45 +0000" */
    char text[64]; /* "2026-11-26 03:18:45 UTC" */
};

static struct moment
moment_of(struct sg_wall wall)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t s = wall.ns / NS_PER_S - (wall.ns % NS_PER_S < 0);
    struct moment ret = {"", ""};
    struct tm tm = {.tm_mday = 1};

    gmtime_r(&s, &tm);
    snprintf(ret.date, sizeof ret.date,
             "%.3s, %02d %.3s %04d %02d:%02d:%02d +0000", days + 3 * tm.tm_wday,
             tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
             tm.tm_min, tm.tm_sec);
    snprintf(ret.text, sizeof ret.text, "%04d-%02d-%02d %02d:%02d:%02d UTC",
             tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
             tm.tm_min, tm.tm_sec);
    return ret;
}

static struct sg_wall
best_time(const struct sg_record *record)
{
    return record->has_true_time ? record->true_time : record->host_time;
}

/* "6 min 40 s": whole units, but for small ones. */
static void
add_span(struct sg_buf *ret, double span_s)
{
    long long ms = llround(span_s * 1e3), s = llround(span_s);

    if (ms < 1000)
        sg_buf_add(ret, "%lld ms", ms);
    else if (s < 60)
        sg_buf_add(ret, "%lld.%lld s", ms / 1000, ms % 1000 / 100);
    else if (s < 3600)
        sg_buf_add(ret, "%lld min %lld s", s / 60, s % 60);
    else if (s < 86400)
        sg_buf_add(ret, "%lld h %lld min", s / 3600, s % 3600 / 60);
    else
        sg_buf_add(ret, "%lld d %lld h", s / 86400, s % 86400 / 3600);
}

/* ---- text from outside ---- */

static bool
is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

static bool
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

/* The right side of an address: a dot-atom (RFC 5322, 3.2.3). */
static struct host_name
domain_of(const char *host, size_t max)
{
    struct host_name ret = {""};
    size_t n = 0;

    for (; *host && n < max && n < sizeof ret.text - 1; host++)
        if (*host != '.')
            ret.text[n++] = is_alnum(*host) || *host == '_' ? *host : '-';
        else if (n > 0 && ret.text[n - 1] != '.')
            ret.text[n++] = '.';
    if (n > 0 && ret.text[n - 1] == '.')
        n--;
    ret.text[n] = '\0';
    if (n == 0)
        strcpy(ret.text, "localhost");
    return ret;
}

void
sg_mail_sender(const char *mailfrom, const char *host,
               char ret[SG_MAIL_ADDRESS_MAX])
{
    if (mailfrom[0])
        snprintf(ret, SG_MAIL_ADDRESS_MAX, "%s", mailfrom);
    else
        snprintf(ret, SG_MAIL_ADDRESS_MAX, "skewguard@%s",
                 domain_of(host, SG_NAME_MAX).text);
}

/* ---- headers ---- */

/*
 * A line, folded at blanks (RFC 5322, 2.2.3); a word longer than a line is left
 * whole.  What would be decoded (RFC 2047) could say anything.
 */
static void
add_header(struct sg_buf *ret, const char *name, const char *text)
{
    size_t column = strlen(name) + 1;

    sg_buf_add(ret, "%s:", name);
    while (*(text += strspn(text, " "))) {
        size_t len = strcspn(text, " ");

        if (column + 1 + len > COLUMNS && column > strlen(name) + 1) {
            sg_buf_add(ret, "\n");
            column = 0;
        }
        sg_buf_add(ret, " ");
        for (size_t i = 0; i < len; i++) {
            bool is_code = text[i] == '?' && i > 0 && text[i - 1] == '=';
            char c = is_code || !is_printable(text[i]) ? '_' : text[i];

            sg_buf_add_bytes(ret, &c, 1);
        }
        column += 1 + len;
        text += len;
    }
    sg_buf_add(ret, "\n");
}

/* An address that needs no quoting; configurations hold no other. */
static void
add_address(struct sg_buf *ret, const char *name, const char *address)
{
    char text[SG_MAIL_ADDRESS_MAX];

    snprintf(text, sizeof text, "%s", address);
    for (char *c = text; *c; c++)
        if (!is_printable(*c) || strchr(" <>()[],;:\\\"", *c))
            *c = '_';
    add_header(ret, name, text);
}

static void
add_subject(struct sg_buf *ret, const struct sg_mail *mail)
{
    const struct sg_record *last = &mail->records[mail->n - 1];
    char text[SG_RECORD_SUBJECT_MAX + SG_NAME_MAX + 64];

    if (mail->n == 1)
        snprintf(text, sizeof text, "[%s] %s", last->host, last->subject);
    else
        snprintf(text, sizeof text, "[%s] %d alerts, latest: %s", last->host,
                 mail->n, last->subject);
    add_header(ret, "Subject", text);
}

static void
add_thread(struct sg_buf *ret, const struct sg_record *last)
{
    struct host_name host = domain_of(last->host, ID_HOST_MOST);

    sg_buf_add(ret, "Message-ID: <%s.%u@%s>\n", last->id, last->number,
               host.text);
    if (last->number > 1)
        sg_buf_add(ret,
                   "In-Reply-To: <%s.1@%s>\n"
                   "References: <%s.1@%s>\n",
                   last->id, host.text, last->id, host.text);
}

/* For filters. */
static void
add_facts(struct sg_buf *ret, const struct sg_record *record)
{
    bool has_offset = record->has_offset && fabs(record->offset_s) < 9.2e9;
    long long us = has_offset ? llround(record->offset_s * 1e6) : 0;

    sg_buf_add(ret, "X-Skewguard-Topic: %s\n",
               sg_alert_topic_names[record->topic]);
    sg_buf_add(ret, "X-Skewguard-Phase: %s\n",
               sg_alert_phase_names[record->phase]);
    sg_buf_add(ret, "X-Skewguard-Level: %s\n",
               sg_alert_level_names[record->level]);
    if (record->realm[0])
        add_header(ret, "X-Skewguard-Realm", record->realm);
    if (has_offset)
        sg_buf_add(ret, "X-Skewguard-Offset: %c%lld.%06lld\n",
                   us < 0 ? '-' : '+', llabs(us) / 1000000,
                   llabs(us) % 1000000);
}

static void
add_headers(struct sg_buf *ret, const struct sg_mail *mail)
{
    const struct sg_record *last = &mail->records[mail->n - 1];

    add_address(ret, "From", mail->from);
    add_address(ret, "To", mail->to);
    add_subject(ret, mail);
    sg_buf_add(ret, "Date: %s\n", moment_of(best_time(last)).date);
    add_thread(ret, last);
    sg_buf_add(ret, "Auto-Submitted: auto-generated\n"); /* RFC 3834 */
    add_facts(ret, last);
    sg_buf_add(ret, "MIME-Version: 1.0\n"
                    "Content-Type: text/plain; charset=us-ascii\n"
                    "Content-Transfer-Encoding: 7bit\n\n");
}

/* ---- the body ---- */

static void
add_lines(struct sg_buf *ret, const char *body)
{
    size_t column = 0;
    char last = '\n';

    for (; *body; body++) {
        char c = is_printable(*body) || *body == '\n' ? *body : '?';

        if (c != '\n' && column == LINE_MOST) {
            sg_buf_add(ret, "\n");
            column = 0;
        }
        sg_buf_add_bytes(ret, &c, 1);
        column = c == '\n' ? 0 : column + 1;
        last = c;
    }
    if (last != '\n')
        sg_buf_add(ret, "\n");
}

/* Whoever compares this mail with other logs needs both clocks. */
static void
add_clocks(struct sg_buf *ret, const struct sg_record *record)
{
    double late_s = sg_wall_diff(record->true_time, record->host_time);

    sg_buf_add(ret, "\nThis host's clock read %s;\n",
               moment_of(record->host_time).text);
    if (!record->has_true_time) {
        sg_buf_add(ret, "what the time was is not known.\n");
        return;
    }
    sg_buf_add(ret, "the time was %s (", moment_of(record->true_time).text);
    if (fabs(late_s) < SAME_S) {
        sg_buf_add(ret, "the same");
    } else {
        add_span(ret, fabs(late_s));
        sg_buf_add(ret, " %s", late_s > 0 ? "later" : "earlier");
    }
    sg_buf_add(ret, ").\n");
}

void
sg_mail_compose(const struct sg_mail *mail, struct sg_buf *ret)
{
    add_headers(ret, mail);
    for (int i = 0; i < mail->n; i++) {
        const struct sg_record *record = &mail->records[i];

        if (mail->n > 1)
            sg_buf_add(ret, "%s[%d of %d] %s\n\n", i ? "\n" : "", i + 1,
                       mail->n, moment_of(best_time(record)).text);
        add_lines(ret, record->body);
        add_clocks(ret, record);
    }
}

/* Alerts as mails. */
#include "alert/mail.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert_record.h"
#include "chance.h"
#include "report_golden.h"

#define ID "0123456789abcdef"
#define S INT64_C(1000000000)

/* 2026-11-26 03:12:05 */
static const struct sg_wall host_time = {INT64_C(1795662725) * S};

static struct sg_record
record_at(unsigned number, enum sg_alert_phase phase, int64_t after_s)
{
    struct sg_record ret = record_make(ID, number, phase);

    ret.host_time.ns = host_time.ns + after_s * S;
    ret.true_time.ns = ret.host_time.ns + 400 * S;
    return ret;
}

static struct sg_buf
compose(const struct sg_record *records, int n)
{
    struct sg_mail mail = {"skewguard@web1.example.com", "root", n, records};
    struct sg_buf ret = SG_BUF_INIT;

    sg_mail_compose(&mail, &ret);
    assert_false(ret.failed);
    return ret;
}

static void
assert_has_line(const struct sg_record *record, const char *line)
{
    struct sg_buf text = compose(record, 1);
    char expected[1200];

    snprintf(expected, sizeof expected, "\n%s\n", line);
    if (!strstr(text.text, expected))
        fail_msg("no line \"%s\" in:\n%s", line, text.text);
    sg_buf_free(&text);
}

static void
first_of_a_cause(void **state)
{
    struct sg_record record = record_at(1, SG_ALERT_RAISED, 0);
    struct sg_buf text = compose(&record, 1);

    (void)state;
    assert_golden("mail-first", &text);
}

/* Without a reference there is no offset, no realm and no true time. */
static void
later_one_without_numbers(void **state)
{
    struct sg_record record = record_at(4, SG_ALERT_CHANGED, 0);
    struct sg_buf text;

    (void)state;
    record.topic = SG_ALERT_STEP;
    record.level = SG_ALERT_NOTICE;
    record.has_offset = record.has_true_time = false;
    record.realm[0] = '\0';
    strcpy(record.subject, "somebody stepped the clock");
    strcpy(record.body, "somebody stepped the clock by +400 s.\n");
    text = compose(&record, 1);
    assert_golden("mail-later", &text);
}

/* The relay was down for a while. */
static void
several_of_a_cause(void **state)
{
    struct sg_record records[] = {
        record_at(1, SG_ALERT_RAISED, 0),
        record_at(2, SG_ALERT_REMINDER, 86400),
        record_at(3, SG_ALERT_RECOVERED, 90000),
    };
    struct sg_buf text;

    (void)state;
    records[2].true_time = records[2].host_time;
    records[2].offset_s = -0.0000004;
    strcpy(records[2].subject, "EXAMPLE.COM: ok again after 1 d 1 h");
    strcpy(records[2].body, "All is well.\n");
    text = compose(records, 3);
    assert_golden("mail-merged", &text);
}

static void
dates_of_all_years(void **state)
{
    static const struct {
        int64_t ns;
        const char *line;
    } cases[] = {
        {0, "Date: Thu, 01 Jan 1970 00:00:00 +0000"},
        {-1, "Date: Wed, 31 Dec 1969 23:59:59 +0000"},
        {951782399 * S + 999999999, "Date: Mon, 28 Feb 2000 23:59:59 +0000"},
        {951782400 * S, "Date: Tue, 29 Feb 2000 00:00:00 +0000"},
        {INT64_C(4107542400) * S, "Date: Mon, 01 Mar 2100 00:00:00 +0000"},
        {INT64_MAX, "Date: Fri, 11 Apr 2262 23:47:16 +0000"},
        {INT64_MIN, "Date: Tue, 21 Sep 1677 00:12:43 +0000"},
    };

    (void)state;
    /* words and zone of this program's user are of no interest */
    setenv("TZ", "Asia/Kathmandu", 1);
    setenv("LC_ALL", "de_DE.UTF-8", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sg_record record = record_at(1, SG_ALERT_RAISED, 0);

        record.true_time.ns = cases[i].ns;
        assert_has_line(&record, cases[i].line);
        record.has_true_time = false;
        record.host_time.ns = cases[i].ns;
        assert_has_line(&record, cases[i].line);
    }
}

static void
both_clocks_are_compared(void **state)
{
    static const struct {
        int64_t late_ns;
        const char *line;
    } cases[] = {
        {0, "the time was 2026-11-26 03:12:05 UTC (the same)."},
        {-400000, "the time was 2026-11-26 03:12:04 UTC (the same)."},
        {250000000, "the time was 2026-11-26 03:12:05 UTC (250 ms later)."},
        {-2 * S, "the time was 2026-11-26 03:12:03 UTC (2.0 s earlier)."},
        {999999999, "the time was 2026-11-26 03:12:05 UTC (1.0 s later)."},
        {59999999999,
         "the time was 2026-11-26 03:13:04 UTC (1 min 0 s later)."},
        {400 * S, "the time was 2026-11-26 03:18:45 UTC (6 min 40 s later)."},
        {-7260 * S,
         "the time was 2026-11-26 01:11:05 UTC (2 h 1 min earlier)."},
        {90000 * S, "the time was 2026-11-27 04:12:05 UTC (1 d 1 h later)."},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sg_record record = record_at(1, SG_ALERT_RAISED, 0);

        record.true_time.ns = host_time.ns + cases[i].late_ns;
        assert_has_line(&record, cases[i].line);
    }
}

static void
offsets_are_numbers(void **state)
{
    static const struct {
        double offset_s;
        const char *line;
    } cases[] = {
        {400.125, "X-Skewguard-Offset: +400.125000"},
        {-0.25, "X-Skewguard-Offset: -0.250000"},
        {-9.1e9, "X-Skewguard-Offset: -9100000000.000000"},
        {NAN, "X-Skewguard-Realm: EXAMPLE.COM\nMIME-Version: 1.0"},
        {-INFINITY, "X-Skewguard-Realm: EXAMPLE.COM\nMIME-Version: 1.0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sg_record record = record_at(1, SG_ALERT_RAISED, 0);

        record.offset_s = cases[i].offset_s;
        assert_has_line(&record, cases[i].line);
    }
}

static void
hosts_in_addresses(void **state)
{
    static const struct {
        const char *host, *domain;
    } cases[] = {
        {"web1", "web1"},
        {"web1.example.com.", "web1.example.com"},
        {"..a..b_c..", "a.b_c"},
        {"x> <y@z\r\n", "x---y-z--"},
        {"", "localhost"},
        {"...", "localhost"},
        {"a-host-name.of-an-unusual-length.example.com",
         "a-host-name.of-an-unusual-length.ex"},
    };
    char line[256], sender[SG_MAIL_ADDRESS_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sg_record record = record_at(2, SG_ALERT_WORSE, 0);

        strcpy(record.host, cases[i].host);
        snprintf(line, sizeof line,
                 "Message-ID: <" ID ".2@%s>\nIn-Reply-To: <" ID
                 ".1@%s>\nReferences: <" ID ".1@%s>",
                 cases[i].domain, cases[i].domain, cases[i].domain);
        assert_has_line(&record, line);
    }
    sg_mail_sender("", "web1.example.com.", sender);
    assert_string_equal(sender, "skewguard@web1.example.com");
    sg_mail_sender("a@b", "web1", sender);
    assert_string_equal(sender, "a@b");
}

static void
subjects_are_folded(void **state)
{
    struct sg_record record = record_at(1, SG_ALERT_RAISED, 0);
    char line[600] = "Subject: [web1.example.com]\n ";

    (void)state;
    /* the first line has 78 columns */
    strcpy(record.subject,
           "aa a a a a a a a a a a a a a a a a a a a a a a a a b c d  e   f ");
    assert_has_line(&record,
                    "Subject: [web1.example.com] aa a a a a a a a a a a a a a "
                    "a a a a a a a a a a a\n b c d e f");
    /* nowhere to fold it */
    memset(record.subject, 'x', sizeof record.subject - 1);
    strcat(line, record.subject);
    assert_has_line(&record, line);
    /* what a mail program would decode */
    strcpy(record.subject, "=?utf-8?q?all=20is=20well?= =?");
    assert_has_line(&record, "Subject: [web1.example.com] "
                             "=_utf-8?q?all=20is=20well?= =_");
}

static void
long_lines_are_broken(void **state)
{
    struct sg_record record = record_at(1, SG_ALERT_RAISED, 0);
    struct sg_buf text;
    const char *line;
    size_t total = 0;

    (void)state;
    memset(record.body, 'x', 3000);
    record.body[3000] = '\0';
    text = compose(&record, 1);
    line = strstr(text.text, "\n\nx") + 2;
    for (; *line == 'x'; line = strchr(line, '\n') + 1) {
        size_t len = strspn(line, "x");

        assert_in_range(len, 1, 998);
        total += len;
    }
    assert_int_equal(total, 3000);
    assert_int_equal(*line, '\n');
    sg_buf_free(&text);
}

static void
fill(char *field, const char *bytes)
{
    int len = 1 + chance_below(98);

    for (int i = 0; i < len; i++)
        field[i] = bytes[chance_below((int)strlen(bytes))];
    field[len] = '\0';
}

/* Everything may be hostile at once: the same headers, each once, and printable
 * ASCII in lines that are not too long. */
static void
hostile_text_stays_where_it_is(void **state)
{
    static const char *const names[] = {
        "From:",
        "To:",
        "Subject:",
        "Date:",
        "Message-ID:",
        "In-Reply-To:",
        "References:",
        "Auto-Submitted: auto-generated\n",
        "X-Skewguard-Topic:",
        "X-Skewguard-Phase:",
        "X-Skewguard-Level:",
        "X-Skewguard-Realm:",
        "X-Skewguard-Offset:",
        "MIME-Version: 1.0\n",
        "Content-Type: text/plain; charset=us-ascii\n",
        "Content-Transfer-Encoding: 7bit\n"};
    static const char bytes[] = "\r\n\t\x1b\x01\x7f\x80\xff a:<>.@\"\\,=?B";

    (void)state;
    chance_begin();
    for (int left = chance_rounds(2000); left > 0; left--) {
        struct sg_record record = record_at(2, SG_ALERT_WORSE, 0);
        char address[100] = "";
        struct sg_mail mail = {address, address, 1, &record};
        char *fields[] = {address, record.host, record.realm, record.subject,
                          record.body};
        struct sg_buf text = SG_BUF_INIT;
        const char *at;

        for (int i = 0; i < 5; i++)
            fill(fields[i], bytes);
        sg_mail_compose(&mail, &text);
        at = text.text;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (strncmp(at, names[i], strlen(names[i])) != 0)
                fail_msg("not \"%s\" but: %s", names[i], at);
            do
                at = strchr(at, '\n') + 1;
            while (*at == ' ');
        }
        assert_int_equal(*at, '\n');
        for (at = text.text; *at; at++)
            assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
        sg_buf_free(&text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_of_a_cause),
        cmocka_unit_test(later_one_without_numbers),
        cmocka_unit_test(several_of_a_cause),
        cmocka_unit_test(dates_of_all_years),
        cmocka_unit_test(both_clocks_are_compared),
        cmocka_unit_test(offsets_are_numbers),
        cmocka_unit_test(hosts_in_addresses),
        cmocka_unit_test(subjects_are_folded),
        cmocka_unit_test(long_lines_are_broken),
        cmocka_unit_test(hostile_text_stays_where_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

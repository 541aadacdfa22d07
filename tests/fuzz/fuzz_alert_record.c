/*
 * An alert in the spool: what is accepted holds nothing that a mail or a log
 * line must not hold, is written so that it reads the same again, and makes a
 * mail.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alert/mail.h"
#include "alert/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sg_record record, again;

static void
require(bool holds)
{
    if (!holds)
        abort();
}

static void
check_text(const char *text, size_t size, bool has_lines)
{
    require(strnlen(text, size) < size);
    for (; *text; text++)
        require((*text >= ' ' && *text <= '~') || (has_lines && *text == '\n'));
}

static void
check_record(const struct sg_record *of)
{
    size_t len = strnlen(of->body, sizeof of->body);

    require(sg_record_is_id(of->id));
    require(of->number >= 1);
    require((unsigned)of->topic < SG_ALERT_TOPIC_COUNT);
    require((unsigned)of->phase < SG_ALERT_PHASE_COUNT);
    require((unsigned)of->level < SG_ALERT_LEVEL_COUNT);
    require((unsigned)of->blame < SG_BLAME_COUNT);
    require(of->severity >= 0 && of->severity <= 7);
    require(isfinite(of->offset_s) && of->limit_s >= 0);
    check_text(of->host, sizeof of->host, false);
    check_text(of->realm, sizeof of->realm, false);
    check_text(of->subject, sizeof of->subject, false);
    check_text(of->body, sizeof of->body, true);
    require(len == 0 || of->body[len - 1] == '\n');
}

static void
check_again(void)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_record_encode(&record, &text);
    require(sg_record_decode(text.text, text.len, &again, NULL) == 0);
    require(again.number == record.number && again.phase == record.phase);
    require(again.has_offset == record.has_offset);
    /* written as nanoseconds in 64 bits */
    require(!record.has_offset ||
            fabs(again.offset_s - fmax(-9.2e9, fmin(9.2e9, record.offset_s))) <
                1e-5);
    require(again.host_time.ns == record.host_time.ns);
    require(strcmp(again.host, record.host) == 0);
    require(strcmp(again.subject, record.subject) == 0);
    require(strcmp(again.body, record.body) == 0);
    sg_buf_free(&text);
}

/* A mail of it is one: its lines are ASCII and not too long (RFC 5322, 2.1.1),
 * and there is one of each header. */
static void
check_mail(void)
{
    struct sg_mail mail = {record.host, record.realm, 1, &record};
    struct sg_buf text = SG_BUF_INIT;
    const char *line, *eol;
    int n = 0;

    sg_mail_compose(&mail, &text);
    for (line = text.text; *line != '\n'; line = eol + 1) {
        eol = strchr(line, '\n');
        n += *line != ' ';
    }
    require(n == 12 + 2 * (record.number > 1) + (record.realm[0] != '\0') +
                     (record.has_offset && fabs(record.offset_s) < 9.2e9));
    for (line = text.text; *line; line = eol + 1) {
        eol = strchr(line, '\n');
        require(eol - line <= 998);
        for (; line < eol; line++)
            require(*line >= ' ' && *line <= '~');
    }
    sg_buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_err err = {""};

    if (sg_record_decode((const char *)data, size, &record, &err) == 0) {
        check_record(&record);
        check_again();
        check_mail();
    } else if (strncmp(err.text, "alert: ", 7) != 0) {
        abort();
    }
    return 0;
}

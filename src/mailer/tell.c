/*
 * What the mailer says of its work: in the log, and to those who test it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "mailer/mailer_private.h"

/* ---- the log ---- */

/* "40 s", "2 h" */
static void
span_text(double span_s, char *ret, size_t size)
{
    static const struct {
        double below_s, unit_s;
        const char *name;
    } units[] = {{90, 1, "s"}, {90 * 60, 60, "min"}, {36 * 3600, 3600, "h"}};
    size_t i = 0;

    while (i < 3 && span_s >= units[i].below_s)
        i++;
    if (i < 3)
        snprintf(ret, size, "%.0f %s", span_s / units[i].unit_s, units[i].name);
    else
        snprintf(ret, size, "%.0f days", span_s / 86400);
}

/* "mail to root: alert 0123456789abcdef-1", or "-1 to -4" for several: its
 * first n. */
static void
name_batch(const struct sg_batch *batch, int n, char *ret, size_t size)
{
    const struct sg_spool_entry *last = &batch->alerts[n - 1];
    char to[32] = "";

    if (n > 1)
        snprintf(to, sizeof to, " to -%u", last->number);
    snprintf(ret, size, "%s%s: alert%s %s-%u%s",
             batch->channel.kind == SG_CHANNEL_MAIL ? "mail to " : "",
             batch->channel.label, n > 1 ? "s" : "", batch->alerts[0].id,
             batch->alerts[0].number, to);
}

static void
tell_success(const char *name, const struct sg_batch *batch,
             const struct sg_result *result, const struct sg_settled *settled)
{
    bool is_mail = batch->channel.kind == SG_CHANNEL_MAIL;
    char span[32];

    sg_log(LOG_NOTICE, "%s %s", name, result->words);
    span_text(settled->failed_s, span, sizeof span);
    if (settled->is_recovery)
        sg_log(LOG_NOTICE, "%s%s: %s again after %s", is_mail ? "mail to " : "",
               batch->channel.label, is_mail ? "sent" : "works", span);
}

void
sg_mailer_tell(const struct sg_batch *batch, const struct sg_result *result,
               const struct sg_settled *settled)
{
    char name[SG_CHANNEL_LABEL_MAX + 96], span[32];

    name_batch(batch, batch->n, name, sizeof name);
    if (result->kind == SG_RESULT_DONE) {
        tell_success(name, batch, result, settled);
        return;
    }
    span_text(settled->retry_s, span, sizeof span);
    if (settled->n_given_up > 0) { /* the first ones have waited longest */
        name_batch(batch, settled->n_given_up, name, sizeof name);
        sg_log(LOG_ERR, "%s given up: %s", name, result->words);
    } else if (settled->is_news)
        sg_log(LOG_WARNING, "%s %s; next try in %s", name, result->words, span);
}

/* ---- receipts ---- */

static struct sg_test *
find_test(struct sg_mailer *mailer, const char *id)
{
    for (int i = 0; i < SG_TESTS_MAX; i++)
        if (strcmp(mailer->tests[i].id, id) == 0)
            return &mailer->tests[i];
    return NULL;
}

static struct sg_receipt_row *
find_row(struct sg_test *test, const char *channel)
{
    struct sg_receipt *receipt = &test->receipt;
    struct sg_receipt_row *row;

    for (int i = 0; i < receipt->n; i++)
        if (strcmp(receipt->rows[i].channel, channel) == 0)
            return &receipt->rows[i];
    if (receipt->n == SG_RECEIPT_ROWS_MAX)
        return NULL;
    row = &receipt->rows[receipt->n++];
    memset(row, 0, sizeof *row);
    snprintf(row->channel, sizeof row->channel, "%s", channel);
    return row;
}

/* Whoever waits for one that cannot be written waits in vain, and says so. */
static void
write_receipt(struct sg_mailer *mailer, const struct sg_test *test)
{
    char path[SG_SPOOL_PATH_MAX + SG_ALERT_ID_MAX + sizeof SG_RECEIPT_SUFFIX];
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err = {"no memory"};

    sg_receipt_path(mailer->folder, test->id, path, sizeof path);
    sg_receipt_encode(&test->receipt, &text);
    if (text.failed ||
        sg_file_replace(path, text.text, text.len, 0644, false, &err) < 0)
        sg_log(LOG_WARNING, "no receipt: %s", err.text);
    sg_buf_free(&text);
}

static bool
is_read(struct sg_mailer *mailer, const struct sg_test *test)
{
    char path[SG_SPOOL_PATH_MAX + SG_ALERT_ID_MAX + sizeof SG_RECEIPT_SUFFIX];

    sg_receipt_path(mailer->folder, test->id, path, sizeof path);
    return access(path, F_OK) < 0;
}

static void
remove_receipt(struct sg_mailer *mailer, const struct sg_test *test)
{
    char path[SG_SPOOL_PATH_MAX + SG_ALERT_ID_MAX + sizeof SG_RECEIPT_SUFFIX];

    sg_receipt_path(mailer->folder, test->id, path, sizeof path);
    unlink(path);
}

void
sg_mailer_begin_receipt(struct sg_mailer *mailer,
                        const struct sg_spool_entry *alert,
                        const struct sg_progress *progress)
{
    static const enum sg_receipt_state states[SG_PROGRESS_STATE_COUNT] = {
        [SG_PROGRESS_TRIED] = SG_RECEIPT_WAITING,
        [SG_PROGRESS_DONE] = SG_RECEIPT_DELIVERED,
        [SG_PROGRESS_GIVEN_UP] = SG_RECEIPT_GIVEN_UP,
    };
    static struct sg_channel channels[SG_CHANNELS_MAX];
    struct sg_test *test = &mailer->tests[mailer->n_tests++ % SG_TESTS_MAX];
    int n = sg_channels_make(mailer->config, channels);

    if (test->id[0])
        remove_receipt(mailer, test);
    memcpy(test->id, alert->id, sizeof test->id);
    test->receipt.n = 0;
    for (int i = 0; i < n; i++)
        find_row(test, channels[i].label)->state = states[progress[i].state];
    write_receipt(mailer, test);
}

void
sg_mailer_keep_receipt(struct sg_mailer *mailer, const struct sg_batch *batch,
                       const struct sg_result *result,
                       const struct sg_settled *settled)
{
    struct sg_test *test = find_test(mailer, batch->alerts[0].id);
    struct sg_receipt_row *row =
        test ? find_row(test, batch->channel.label) : NULL;

    if (!row)
        return;
    row->state = result->kind == SG_RESULT_DONE ? SG_RECEIPT_DELIVERED
                 : settled->n_given_up > 0      ? SG_RECEIPT_GIVEN_UP
                                                : SG_RECEIPT_LATER;
    snprintf(row->words, sizeof row->words, "%s", result->words);
    /* whoever waited for it removes it */
    if (!is_read(mailer, test))
        write_receipt(mailer, test);
}

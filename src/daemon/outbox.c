#include "daemon/outbox.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/spool.h"
#include "base/file.h"
#include "base/log.h"
#include "setup/config.h"

/* The policy's text ends, and so many records follow, each behind its length.
 */
#define OUTBOX "outbox="

/* More than that, and the disk has been full for very long. */
#define RECORDS_MAX 200

/* 12 causes of a few KiB, and the records. */
#define FILE_MAX_BYTES (65536 + RECORDS_MAX * (SG_RECORD_MAX + 16))

struct item {
    struct item *next;
    struct sg_record record;
};

struct sg_outbox {
    char state_directory[SG_PATH_MAX];
    char path[SG_PATH_MAX + 16];
    char spool[SG_PATH_MAX + 16];
    struct item *first, **last;
    struct item *spare; /* for when there is no memory */
    int n;
    bool is_unsaved;
    char save_error[SG_ERR_TEXT_MAX]; /* the last one, said once */
    char put_error[SG_ERR_TEXT_MAX];
};

struct sg_outbox *
sg_outbox_new(const char *state_directory)
{
    struct sg_outbox *outbox = calloc(1, sizeof *outbox);

    if (outbox)
        outbox->spare = malloc(sizeof *outbox->spare);
    if (!outbox || !outbox->spare) {
        free(outbox);
        return NULL;
    }
    snprintf(outbox->state_directory, sizeof outbox->state_directory, "%s",
             state_directory);
    snprintf(outbox->path, sizeof outbox->path, "%s/alerts", state_directory);
    snprintf(outbox->spool, sizeof outbox->spool, "%s/" SG_SPOOL_FOLDER,
             state_directory);
    outbox->last = &outbox->first;
    return outbox;
}

/* Comes in useful when there is no memory. */
static void
free_item(struct sg_outbox *outbox, struct item *item)
{
    free(outbox->spare);
    outbox->spare = item;
}

static void
drop_first(struct sg_outbox *outbox)
{
    struct item *item = outbox->first;

    outbox->first = item->next;
    if (!outbox->first)
        outbox->last = &outbox->first;
    outbox->n--;
    free_item(outbox, item);
}

void
sg_outbox_free(struct sg_outbox *outbox)
{
    if (!outbox)
        return;
    while (outbox->first)
        drop_first(outbox);
    free(outbox->spare);
    free(outbox);
}

/* What has to go first, if something must: as in the spool. */
static int
weigh(const struct sg_record *record)
{
    if (record->phase == SG_ALERT_REMINDER)
        return 0;
    return record->phase == SG_ALERT_WORSE || record->phase == SG_ALERT_CHANGED
               ? 1
               : 2;
}

/* The oldest of the least weight makes room; false: all weigh too much. */
static bool
make_room(struct sg_outbox *outbox)
{
    struct item **at = &outbox->first, *item;

    for (struct item **i = &outbox->first; *i; i = &(*i)->next)
        if (weigh(&(*i)->record) < weigh(&(*at)->record))
            at = i;
    item = *at;
    assert(item); /* who asks for room has filled it */
    if (weigh(&item->record) == 2)
        return false;
    sg_log(LOG_ERR, "alert not mailed: too many wait for the spool: %s",
           item->record.subject);
    *at = item->next;
    if (!item->next)
        outbox->last = at;
    outbox->n--;
    free_item(outbox, item);
    return true;
}

static struct item *
take_item(struct sg_outbox *outbox)
{
    struct item *item = malloc(sizeof *item);

    if (!item) {
        item = outbox->spare;
        outbox->spare = NULL;
    }
    return item;
}

void
sg_outbox_add(struct sg_outbox *outbox, const struct sg_record *record)
{
    bool has_room = outbox->n < RECORDS_MAX || make_room(outbox);
    struct item *item = has_room ? take_item(outbox) : NULL;

    if (!item) {
        sg_log(LOG_ERR, "alert not mailed: %s: %s",
               has_room ? "no memory" : "too many wait for the spool",
               record->subject);
        return;
    }
    item->next = NULL;
    item->record = *record;
    *outbox->last = item;
    outbox->last = &item->next;
    outbox->n++;
}

/* The same reason is not news. */
static void
complain(char *before, const struct sg_err *err, const char *what)
{
    if (strcmp(before, err->text) != 0)
        sg_log(LOG_ERR, "%s: %s", what, err->text);
    memcpy(before, err->text, SG_ERR_TEXT_MAX);
}

void
sg_outbox_save(struct sg_outbox *outbox, const struct sg_buf *text)
{
    struct sg_buf file = SG_BUF_INIT;
    struct sg_err err = {"no memory"};
    int code;

    sg_buf_add_bytes(&file, text->text, text->len);
    sg_buf_add(&file, OUTBOX "%d\n", outbox->n);
    for (const struct item *item = outbox->first; item; item = item->next) {
        struct sg_buf record = SG_BUF_INIT;

        sg_record_encode(&item->record, &record);
        sg_buf_add(&file, "%zu\n", record.len);
        sg_buf_add_bytes(&file, record.text, record.len);
        sg_buf_free_part(&record, &file);
    }
    code = text->failed || file.failed ? -ENOMEM : 0;
    if (code == 0)
        code = sg_file_make_folder(outbox->state_directory, &err);
    if (code == 0)
        code = sg_file_replace(outbox->path, file.text, file.len, 0600, true,
                               &err);
    outbox->is_unsaved = code < 0;
    if (code < 0)
        complain(outbox->save_error, &err, "what was told is not kept");
    else
        outbox->save_error[0] = '\0';
    sg_buf_free(&file);
}

/* A decimal number and its newline. */
static bool
take_number(const char **text, const char *end, size_t max, size_t *ret)
{
    const char *c = *text;
    size_t n = 0;

    for (; c < end && *c >= '0' && *c <= '9' && n <= max; c++)
        n = n * 10 + (size_t)(*c - '0');
    if (c == *text || c == end || *c != '\n' || n > max)
        return false;
    *text = c + 1;
    *ret = n;
    return true;
}

static int
take_records(struct sg_outbox *outbox, const char *text, const char *end,
             struct sg_record *scratch, struct sg_err *err)
{
    size_t n, len;

    if (!take_number(&text, end, RECORDS_MAX, &n))
        return -EINVAL;
    for (; n > 0; n--) {
        int before = outbox->n;

        if (!take_number(&text, end, SG_RECORD_MAX, &len) ||
            len > (size_t)(end - text) ||
            sg_record_decode(text, len, scratch, err) < 0)
            return -EINVAL;
        sg_outbox_add(outbox, scratch);
        if (outbox->n == before)
            return -ENOMEM;
        text += len;
    }
    return text == end ? 0 : -EINVAL;
}

static const char *
find_outbox(const struct sg_buf *file)
{
    const char *found = file->text ? strstr(file->text, "\n" OUTBOX) : NULL;

    return found ? found + 1 : NULL;
}

int
sg_outbox_load(struct sg_outbox *outbox, struct sg_buf *ret, struct sg_err *err)
{
    struct sg_record *scratch = malloc(sizeof *scratch);
    struct sg_buf file = SG_BUF_INIT;
    const char *records;
    int code = scratch ? sg_file_read(outbox->path, FILE_MAX_BYTES, &file, err)
                       : sg_err_set(err, -ENOMEM, "no memory");

    if (code < 0)
        goto out;
    records = find_outbox(&file);
    code = records ? take_records(outbox, records + strlen(OUTBOX),
                                  file.text + file.len, scratch, err)
                   : -EINVAL;
    if (code == 0)
        sg_buf_add_bytes(ret, file.text, (size_t)(records - file.text));
    if (ret->failed)
        code = -ENOMEM;
    if (code < 0) {
        sg_err_set(err, code, "%s: %s", outbox->path,
                   code == -ENOMEM ? "no memory" : "damaged");
        while (outbox->first)
            drop_first(outbox);
    }
out:
    sg_buf_free(&file);
    free(scratch);
    return code;
}

void
sg_outbox_set_aside(const struct sg_outbox *outbox, char ret[16])
{
    char bad[sizeof outbox->path + sizeof ".bad"];

    snprintf(bad, sizeof bad, "%s.bad", outbox->path);
    snprintf(ret, 16, "%s",
             rename(outbox->path, bad) == 0 ? strrchr(bad, '/') + 1 : "");
}

/* False: not now, and so none of those behind it, which must not overtake it.
 */
static bool
put_first(struct sg_outbox *outbox)
{
    const struct sg_record *record = &outbox->first->record;
    struct sg_err err;
    int dropped = 0;
    int code = sg_spool_put(outbox->spool, record, &dropped, &err);

    if (code < 0) {
        complain(outbox->put_error, &err, "alert not mailed yet");
        /* there is no room for it, and another one may make its own */
        return code == -ENOSPC && weigh(record) == 0;
    }
    if (dropped > 0)
        sg_log(LOG_WARNING,
               "%s: full, dropped %d old reminder%s or interim alert%s",
               outbox->spool, dropped, dropped > 1 ? "s" : "",
               dropped > 1 ? "s" : "");
    outbox->put_error[0] = '\0';
    return true;
}

void
sg_outbox_flush(struct sg_outbox *outbox)
{
    while (outbox->first && put_first(outbox))
        drop_first(outbox);
}

bool
sg_outbox_is_behind(const struct sg_outbox *outbox)
{
    return outbox->is_unsaved || outbox->first;
}

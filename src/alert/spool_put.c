#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/spool.h"
#include "alert/spool_private.h"
#include "base/file.h"
#include "core/fields.h"

/* The largest ORDER that was ever given out: the mailer may have taken away
 * whatever had it. */
#define LAST "order"
#define LAST_BYTES 32

/* What has to go first, if something must. */
enum weight {
    WEIGHT_REMINDER,
    WEIGHT_NEWS,
    WEIGHT_KEEP, /* how it began and how it ended; and what we cannot read */
};

static enum weight
weigh(const struct sg_record *record)
{
    switch (record->phase) {
    case SG_ALERT_REMINDER:
        return WEIGHT_REMINDER;
    case SG_ALERT_WORSE:
    case SG_ALERT_CHANGED:
        return WEIGHT_NEWS;
    default:
        return WEIGHT_KEEP;
    }
}

static bool
has_weight(int fd, const char *folder, const struct sg_spool_entry *entry,
           enum weight weight)
{
    struct sg_record record;

    return sg_spool_read_at(fd, folder, entry, &record, NULL) == 0 &&
           weigh(&record) == weight;
}

/*
 * Find so many entries that may go, the least first, of one weight the oldest
 * first.  A reminder makes only reminders go.
 */
static int
choose_victims(int fd, const char *folder, const struct sg_spool_list *list,
               const struct sg_record *record, int wanted,
               struct sg_spool_entry *ret)
{
    enum weight most =
        weigh(record) == WEIGHT_REMINDER ? WEIGHT_REMINDER : WEIGHT_NEWS;
    int n = 0;

    for (enum weight weight = WEIGHT_REMINDER; weight <= most; weight++)
        for (int i = 0; i < list->n && n < wanted; i++)
            if (has_weight(fd, folder, &list->entries[i], weight))
                ret[n++] = list->entries[i];
    return n;
}

/* Who has to go for record: so many, or a negative errno. */
static int
make_room(int fd, const char *folder, const struct sg_spool_list *list,
          const struct sg_record *record, struct sg_spool_entry **ret,
          struct sg_err *err)
{
    int wanted = list->n - SG_SPOOL_MAX + 1;

    if (wanted <= 0)
        return 0;
    *ret = calloc((size_t)wanted, sizeof **ret);
    if (!*ret)
        return sg_err_set(err, -ENOMEM, "%s: %s", folder, strerror(ENOMEM));
    if (choose_victims(fd, folder, list, record, wanted, *ret) == wanted)
        return wanted;
    return sg_err_set(err, -ENOSPC,
                      "%s: %d alerts, allowed %d, and too few that may be "
                      "dropped for a %s one",
                      folder, list->n + 1, SG_SPOOL_MAX,
                      sg_alert_phase_names[record->phase]);
}

/* 0 as well if the file says nothing of use: it will be replaced. */
static int
read_last(int fd, const char *folder, uint64_t *ret, struct sg_err *err)
{
    struct sg_buf text = SG_BUF_INIT;
    int file = sg_spool_open_file(fd, LAST), code;
    const char *at;
    int64_t last;

    *ret = 0;
    if (file < 0)
        return errno == ENOENT || errno == ELOOP || errno == ENXIO
                   ? 0
                   : sg_spool_refuse(folder, LAST, err);
    code = sg_file_read_open(file, folder, LAST_BYTES, &text, err);
    close(file);
    at = text.text;
    if (code == 0 && at &&
        sg_fields_take_digits(&at, text.text + text.len, &last) &&
        strcmp(at, "\n") == 0)
        *ret = (uint64_t)last;
    sg_buf_free(&text);
    return code == -EINVAL || code == -EFBIG ? 0 : code;
}

/* What has its name from nobody has to be on disk in its own folder first. */
static int
sync_parent(int fd, const char *folder, struct sg_err *err)
{
    int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), code = 0;

    if (parent < 0 || fsync(parent) < 0)
        code = sg_spool_refuse(folder, "..", err);
    if (parent >= 0)
        close(parent);
    return code;
}

/* In the folder that was checked, whatever lies at its path by now. */
static int
replace(int fd, const char *folder, const char *name, const char *text,
        size_t len, struct sg_err *err)
{
    int code = sg_file_replace_at(fd, name, text, len, 0600, true);

    if (code == 0)
        return 0;
    return sg_err_set(err, code, "%s/%s: %s", folder, name, strerror(-code));
}

/*
 * A number larger than any before it, also than those that are gone: on disk
 * as given out before it is used.
 */
static int
take_order(int fd, const char *folder, const struct sg_spool_list *list,
           uint64_t *ret, struct sg_err *err)
{
    char text[LAST_BYTES];
    uint64_t last;
    int code = read_last(fd, folder, &last, err), len;

    if (code == 0 && last == 0)
        code = sync_parent(fd, folder, err); /* it may be quite new */
    if (code < 0)
        return code;
    if (list->n > 0 && list->entries[list->n - 1].order > last)
        last = list->entries[list->n - 1].order;
    if (last >= SG_SPOOL_ORDER_MAX)
        return sg_err_set(err, -ERANGE,
                          "%s: the last alert has number %" PRIu64
                          ", allowed less than %" PRIu64,
                          folder, last, SG_SPOOL_ORDER_MAX);
    *ret = last + 1;
    len = snprintf(text, sizeof text, "%" PRIu64 "\n", *ret);
    return replace(fd, folder, LAST, text, (size_t)len, err);
}

/* All of it under its own name and on disk, or nothing. */
static int
write_entry(int fd, const char *folder, const struct sg_record *record,
            uint64_t order, const struct sg_buf *text, struct sg_err *err)
{
    char name[SG_SPOOL_NAME_MAX];
    int code;

    snprintf(name, sizeof name, "%010" PRIu64 "-%s-%u.alert", order, record->id,
             record->number);
    code = replace(fd, folder, name, text->text, text->len, err);
    if (code < 0)
        unlinkat(fd, name, 0); /* there already, but perhaps not for long */
    return code;
}

static bool
is_there(const struct sg_spool_list *list, const struct sg_record *record)
{
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->entries[i].id, record->id) == 0 &&
            list->entries[i].number == record->number)
            return true;
    return false;
}

static int
put(int fd, const char *folder, const struct sg_spool_list *list,
    const struct sg_record *record, const struct sg_buf *text, int *dropped,
    struct sg_err *err)
{
    struct sg_spool_entry *victims = NULL;
    uint64_t order = 0;
    int n = make_room(fd, folder, list, record, &victims, err);
    int code = n < 0 ? n : take_order(fd, folder, list, &order, err);

    if (code == 0)
        code = write_entry(fd, folder, record, order, text, err);
    /* Only now that it is there.  One that stays is tried again next time. */
    for (int i = 0; code == 0 && i < n; i++)
        if (unlinkat(fd, victims[i].name, 0) == 0 && dropped)
            ++*dropped;
    free(victims);
    return code;
}

/* The folder, made if that is allowed, and nobody else puts something there. */
static int
open_to_put(const char *folder, bool may_make, struct sg_err *err)
{
    int fd;

    if (strlen(folder) + SG_SPOOL_NAME_MAX > 1000)
        return sg_err_set(err, -ENAMETOOLONG, "%s: name too long", folder);
    if (may_make && mkdir(folder, 0700) < 0 && errno != EEXIST)
        return sg_spool_refuse(folder, "", err);
    fd = sg_spool_open(folder, err);
    /* A file system without locks will do: it is the daemon alone that writes,
     * but for somebody who tries out whether alerts arrive. */
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
        close(fd);
        return sg_err_set(err, -EAGAIN,
                          "%s: another process writes to it just now", folder);
    }
    return fd;
}

/* Its text, which can be read again. */
static int
encode(const struct sg_record *record, struct sg_buf *ret, struct sg_err *err)
{
    struct sg_record again;

    sg_record_encode(record, ret);
    if (ret->failed)
        return sg_err_set(err, -ENOMEM, "alert: %s", strerror(ENOMEM));
    return sg_record_decode(ret->text, ret->len, &again, err);
}

static int
put_into(const char *folder, bool may_make, const struct sg_record *record,
         int *dropped, struct sg_err *err)
{
    struct sg_spool_list list = {0, NULL};
    struct sg_buf text = SG_BUF_INIT;
    int fd = -1, code = encode(record, &text, err);

    if (dropped)
        *dropped = 0;
    if (code < 0)
        goto out;
    fd = code = open_to_put(folder, may_make, err);
    if (fd < 0)
        goto out;
    code = sg_spool_scan(fd, folder, true, &list, err);
    if (code < 0)
        goto out;
    if (!is_there(&list, record))
        code = put(fd, folder, &list, record, &text, dropped, err);
    else if (fsync(fd) < 0) /* who put it there may not have come so far */
        code = sg_spool_refuse(folder, "", err);
out:
    if (fd >= 0)
        close(fd);
    sg_spool_list_free(&list);
    sg_buf_free(&text);
    return code;
}

int
sg_spool_put(const char *folder, const struct sg_record *record, int *dropped,
             struct sg_err *err)
{
    return put_into(folder, true, record, dropped, err);
}

int
sg_spool_put_there(const char *folder, const struct sg_record *record,
                   struct sg_err *err)
{
    return put_into(folder, false, record, NULL, err);
}

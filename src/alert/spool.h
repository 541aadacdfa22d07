/*
 * The spool: one file per alert in a folder of the state directory.  The
 * daemon puts files there, the mailer takes them away once they are delivered
 * or given up; both may be killed at any moment.
 *
 * A file's name is "ORDER-ID-NUMBER.alert"; ORDER is a decimal number that
 * grows with each alert, and the last one is kept in the file "order", so that
 * it grows on after all were taken away.  Names that do not look like that are
 * nobody's business.  A name is used once: what was delivered and is put again
 * under the same ID and NUMBER is recognised by the mailer's journal.
 *
 * The folder is ours alone.  Where it is a link, belongs to somebody else but
 * root or may be written by others, all of this refuses with -ENOTDIR or
 * -EPERM.
 */
#ifndef SG_ALERT_SPOOL_H
#define SG_ALERT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/record.h"
#include "base/err.h"

/* So many files: beyond it the oldest reminders are dropped, then, unless for a
 * reminder, the oldest of what is neither the first alert of a cause nor its
 * recovery. */
#define SG_SPOOL_MAX 500

/* Below the state directory. */
#define SG_SPOOL_FOLDER "spool"

#define SG_SPOOL_NAME_MAX 64

struct sg_spool_entry {
    char name[SG_SPOOL_NAME_MAX];
    uint64_t order;
    char id[SG_ALERT_ID_MAX];
    unsigned number;
};

struct sg_spool_list {
    int n;
    struct sg_spool_entry *entries; /* in order; to be freed */
};

/*
 * Write a record, on disk before this returns; the folder is made if need be,
 * not its parents.  An entry of the same ID and NUMBER that is there already is
 * left as it is, and that is success.  dropped (may be NULL) is told how many
 * had to go for it.  A negative errno with a reason, and nothing is there then:
 * -ENOSPC also if the spool is full of what may not be dropped, -EAGAIN if
 * another process puts something there at this moment, -EINVAL for a record
 * that could not be read again.
 */
int sg_spool_put(const char *folder, const struct sg_record *record,
                 int *dropped, struct sg_err *err);

/* The same, but no folder is made: -ENOENT. */
int sg_spool_put_there(const char *folder, const struct sg_record *record,
                       struct sg_err *err);

/* What is there; ret->entries is NULL if nothing is, or no folder. */
int sg_spool_list(const char *folder, struct sg_spool_list *ret,
                  struct sg_err *err);
void sg_spool_list_free(struct sg_spool_list *list);

/* -EINVAL for what is no alert, -ENOENT if it is gone. */
int sg_spool_read(const char *folder, const struct sg_spool_entry *entry,
                  struct sg_record *ret, struct sg_err *err);

/* Take it away.  One that is gone is no error. */
int sg_spool_remove(const char *folder, const struct sg_spool_entry *entry,
                    struct sg_err *err);

/* It cannot be read: keep it, for a person, out of everybody's way, as
 * "NAME.bad".  -EEXIST if there is one of that name. */
int sg_spool_set_aside(const char *folder, const struct sg_spool_entry *entry,
                       struct sg_err *err);

#endif

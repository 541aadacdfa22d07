/*
 * What the two halves of the spool share: one only looks and takes away, the
 * other one puts there.
 */
#ifndef SG_ALERT_SPOOL_PRIVATE_H
#define SG_ALERT_SPOOL_PRIVATE_H

#include <stdbool.h>

#include "alert/record.h"
#include "alert/spool.h"
#include "base/err.h"

/* sg_file_replace writes "NAME.new" first; a crash leaves it behind. */
#define SG_SPOOL_FRESH ".new"

/* 18 decimal digits. */
#define SG_SPOOL_ORDER_MAX UINT64_C(999999999999999999)

/* "FOLDER/NAME: " and why, from errno; returns -errno. */
int sg_spool_refuse(const char *folder, const char *name, struct sg_err *err);

/* An open folder, which is ours alone; or a negative errno with a reason. */
int sg_spool_open(const char *folder, struct sg_err *err);

/* Its entries, in order.  tidy: remove what a crash has left. */
int sg_spool_scan(int fd, const char *folder, bool tidy,
                  struct sg_spool_list *ret, struct sg_err *err);

/* As openat(2), to be read, without waiting and without following anything. */
int sg_spool_open_file(int fd, const char *name);

int sg_spool_read_at(int fd, const char *folder,
                     const struct sg_spool_entry *entry, struct sg_record *ret,
                     struct sg_err *err);

#endif

/*
 * Reading what the daemon published, and finding out whether it lives.  The
 * files belong to another user: their content is data from outside.
 */
#ifndef SG_READER_PUBLISHED_H
#define SG_READER_PUBLISHED_H

#include "base/err.h"
#include "core/status.h"
#include "report/report.h"

/* The largest status has some 120 KiB. */
#define SG_PUBLISHED_MAX (512 * 1024)

/* The daemon's lock in its runtime_directory, where the status lies unless
 * status_file is set. */
#define SG_PUBLISHED_LOCK "skewguardd.lock"

/*
 * Read and decode path, without waiting for anything: only a regular file
 * will do, and the last component of path may not be a symbolic link, so that
 * nobody who owns the directory can make us quote another file.  On failure a
 * negative errno with a reason that names path, and *ret is as sg_status_init
 * left it.
 */
int sg_published_read(const char *path, struct sg_status *ret,
                      struct sg_err *err);

/*
 * The same for a reader who tells others what it read: only root and the owner
 * of path's folder may be able to write there, else -EPERM.  Who owns the
 * folder was decided by root, who made it or named it.
 */
int sg_published_read_trusted(const char *path, struct sg_status *ret,
                              struct sg_err *err);

/*
 * Whether a daemon holds its lock on path, as it does for its whole life.  No
 * such file: dead.
 */
enum sg_report_daemon sg_published_ask_lock(const char *path);

/* The reader's side of a report: the clocks, the boot, the daemon's lock. */
void sg_published_look(const char *lock_path, struct sg_report_now *ret);

#endif

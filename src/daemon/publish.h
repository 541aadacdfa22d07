/*
 * Publishing the status: the file that everybody reads, and systemd's line.
 */
#ifndef SG_DAEMON_PUBLISH_H
#define SG_DAEMON_PUBLISH_H

#include "base/err.h"
#include "core/status.h"

/* Replace the status file.  0 or a negative errno with a reason. */
int sg_publish_file(const char *path, const struct sg_status *status,
                    struct sg_err *err);

/* READY=1 the first time, and STATUS= with one line for people. */
void sg_publish_notify(const struct sg_status *status);

/* This boot's id, as the kernel gives it; empty where it gives none. */
void sg_publish_boot_id(char *ret, size_t size);

/*
 * Make sure that no other skewguardd runs here: a write lock on
 * DIRECTORY/skewguardd.lock, held until the process ends.  Readers see by it
 * whether the daemon lives.  Makes the directory if it is missing.
 */
int sg_publish_lock(const char *directory, struct sg_err *err);

#endif

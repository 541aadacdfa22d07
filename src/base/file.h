/*
 * Small files, replaced whole or not at all.
 */
#ifndef SG_BASE_FILE_H
#define SG_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Put len bytes into path: a new file beside it is written and renamed over
 * it, so that a reader sees the old text or the new one.  durable: on disk
 * before this returns.  0 or a negative errno with a reason; the old file
 * then stands.
 */
int sg_file_replace(const char *path, const char *bytes, size_t len,
                    mode_t mode, bool durable, struct sg_err *err);

/* The same for a name in a folder that is open, wherever that has been moved
 * to, or what lies at its old place.  0 or a negative errno. */
int sg_file_replace_at(int folder, const char *name, const char *bytes,
                       size_t len, mode_t mode, bool durable);

/* Make a folder, for all to read whatever the umask, unless it is there; not
 * its parents. */
int sg_file_make_folder(const char *path, struct sg_err *err);

/*
 * Append a regular file's bytes to ret.  -EFBIG above max bytes, -EINVAL if
 * it is no regular file, or the errno of open and read, with a reason.
 */
int sg_file_read(const char *path, size_t max, struct sg_buf *ret,
                 struct sg_err *err);

/* The same of a file that is open; path is for the reason. */
int sg_file_read_open(int fd, const char *path, size_t max, struct sg_buf *ret,
                      struct sg_err *err);

#endif

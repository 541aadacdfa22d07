/*
 * Configuration files on disk: reading one, and finding those that a pattern
 * means.
 */
#ifndef SG_SETUP_CONFIG_FILE_H
#define SG_SETUP_CONFIG_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define SG_CONFIG_FILE_MAX (1 << 20) /* bytes */

struct sg_config_file {
    char *text; /* NUL-terminated */
    size_t len;
    dev_t dev; /* both 0: never was a file */
    ino_t ino;
};

/*
 * Read a whole regular file.  Refused with a negative errno and a reason
 * (without the path): anything else than a regular file, more than
 * SG_CONFIG_FILE_MAX, and a file that everybody may write to.
 */
int sg_config_file_read(const char *path, struct sg_config_file *ret,
                        struct sg_err *err);

/* Release the text. */
void sg_config_file_free(struct sg_config_file *file);

struct sg_config_paths {
    size_t n;
    char **paths; /* sorted bytewise */
};

/*
 * The files that pattern means inside the file base: relative ones start at
 * base's folder.  Without *, ? or [ it is one path, there or not; a pattern
 * may match nothing.  A folder that cannot be searched is a failure.
 */
int sg_config_file_find(const char *pattern, const char *base,
                        struct sg_config_paths *ret, struct sg_err *err);

void sg_config_paths_free(struct sg_config_paths *paths);

#endif

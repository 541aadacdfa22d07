/*
 * What outlives a restart: the clock's frequency, and the time it was.
 */
#ifndef SG_DAEMON_MEMORY_H
#define SG_DAEMON_MEMORY_H

#include "base/err.h"
#include "base/instant.h"

struct sg_memory {
    double frequency_ppm;
    double frequency_sd_ppm;
    struct sg_wall saved; /* by the wall clock it belongs to */
};

/*
 * -ENOENT: there is none yet.  Any other failure: damaged or unreadable, with
 * a reason; *ret is then left alone.
 */
int sg_memory_load(const char *path, struct sg_memory *ret, struct sg_err *err);

/* Replaced atomically and on disk before this returns. */
int sg_memory_save(const char *path, const struct sg_memory *memory,
                   struct sg_err *err);

#endif

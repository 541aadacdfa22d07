/*
 * What the drivers of the host's own clock share: looking at it.
 *
 * A driver embeds struct sg_clock_host first and takes the functions below
 * into its table of operations.
 */
#ifndef SG_CLOCK_HOST_H
#define SG_CLOCK_HOST_H

#include <stddef.h>
#include <sys/timex.h>

#include "base/err.h"
#include "base/instant.h"
#include "clock/clock.h"

struct sg_clock_host {
    struct sg_clock clock;
    int watch_fd; /* -1 until somebody asks for it */
};

/* A clock that cannot be moved, in a struct of size bytes, all else of it zero.
 * NULL with a reason if memory runs out. */
void *sg_clock_host_new(size_t size, const struct sg_clock_ops *ops,
                        struct sg_err *err);
void sg_clock_host_free(struct sg_clock *clock);

int sg_clock_host_read(struct sg_clock *clock, struct sg_reading *ret);
int sg_clock_host_frequency(struct sg_clock *clock, double *ret_ppm);
int sg_clock_host_watch(struct sg_clock *clock);
void sg_clock_host_rearm(struct sg_clock *clock);

/* The kernel's present settings; changes none.  0 or a negative errno. */
int sg_clock_host_timex(struct timex *ret);

#endif

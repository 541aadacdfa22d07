/*
 * The marker: a file that says which slew is under way, for the next start.
 *
 * It belongs into the runtime directory: that is memory, so that a slew every
 * minute wakes no disk, and it is gone after a reboot just as what the kernel
 * was told is.
 */
#ifndef SG_CLOCK_MARKER_H
#define SG_CLOCK_MARKER_H

#include "base/err.h"
#include "clock/slew.h"

/* A descriptor to write it with, or a negative errno with a reason. */
int sg_marker_open(const char *path, struct sg_err *err);

/* One write of fixed length, which no crash can cut.  end_ns = 0: no slew.
 * 0 or a negative errno. */
int sg_marker_write(int fd, const struct sg_slew *slew);

/* 1: an earlier run was in this slew; 0: in none, or there is no file; or a
 * negative errno with a reason.  *ret has no end then. */
int sg_marker_read(const char *path, struct sg_slew *ret, struct sg_err *err);

#endif

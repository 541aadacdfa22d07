/*
 * The daemon: set-up, the event loop, what is published and remembered.
 */
#ifndef SG_DAEMON_DAEMON_H
#define SG_DAEMON_DAEMON_H

#include <stdbool.h>

#include "base/err.h"

struct sg_daemon;

/* What the command line said. */
struct sg_daemon_options {
    const char *config;   /* NULL: the usual place */
    bool guard;           /* never touch the clock */
    const char *simulate; /* a software clock instead of the host's; or NULL */
    bool minimal;         /* poll(2), UDP over IPv4 and the clock, no more */
    bool once;            /* put the clock right once, and end */
};

/* Set everything up.  NULL with a reason; nothing was changed then. */
struct sg_daemon *sg_daemon_new(const struct sg_daemon_options *options,
                                struct sg_err *err);

/*
 * Run until SIGTERM or SIGINT, or until the clock was corrected once.  The
 * program's exit status; a failure is in the log.
 */
int sg_daemon_run(struct sg_daemon *daemon);

/* Ends slews, saves the frequency.  Accepts NULL. */
void sg_daemon_free(struct sg_daemon *daemon);

#endif

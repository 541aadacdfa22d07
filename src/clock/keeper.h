/*
 * The keeper: a small process that ends a slew if this one cannot any more.
 *
 * It sleeps at the other end of a socket.  If that closes, however this
 * process came to its end, it puts the base frequency back at once: nobody is
 * left who would know when to.  If a slew is a second overdue, as when this
 * process hangs, it does the same.
 */
#ifndef SG_CLOCK_KEEPER_H
#define SG_CLOCK_KEEPER_H

#include "base/err.h"
#include "clock/slew.h"

/*
 * To be called before the process has threads.  A descriptor, closing which
 * ends the keeper; or a negative errno with a reason.
 */
int sg_keeper_start(struct sg_err *err);

/* What it is to end from now on; end_ns = 0: nothing.  0, or a negative errno
 * if the keeper is gone. */
int sg_keeper_tell(int fd, const struct sg_slew *slew);

#endif

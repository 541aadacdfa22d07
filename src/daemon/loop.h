/*
 * The event loop and the signals it hears.
 *
 * The full loop waits with the best that libevent has.  The minimal one waits
 * with poll(2) for sockets and for nothing else, so that it also runs where
 * there is no more: in narrow containers and in simulators of network and
 * clock.  libevent hears signals through a pipe, which is a descriptor too
 * many there; the minimal loop has handlers that set a flag.
 */
#ifndef SG_DAEMON_LOOP_H
#define SG_DAEMON_LOOP_H

#include <stdbool.h>

#include "base/err.h"

struct event_base;
struct sg_loop;

/* Called from the loop, not from inside the signal's handler. */
typedef void sg_loop_on_signal(void *arg, int number);

/* NULL with a reason.  A program may have one minimal loop. */
struct sg_loop *sg_loop_new(bool minimal, struct sg_err *err);

/* Events on the base must be gone by then.  Accepts NULL. */
void sg_loop_free(struct sg_loop *loop);

/* For events; the loop's own. */
struct event_base *sg_loop_base(struct sg_loop *loop);

/* At most SG_LOOP_SIGNALS of them.  0 or a negative errno. */
#define SG_LOOP_SIGNALS 3
int sg_loop_hear(struct sg_loop *loop, int number, sg_loop_on_signal *call,
                 void *arg);

/* Until somebody ends it: 0.  -1: waiting failed. */
int sg_loop_run(struct sg_loop *loop);

/* No callback is made after the one that runs. */
void sg_loop_end(struct sg_loop *loop);

#endif

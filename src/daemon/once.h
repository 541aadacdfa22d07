/*
 * Putting the clock right once ("-q"): the watch goes on until the first
 * correction is done, or for some seconds in vain.
 */
#ifndef SG_DAEMON_ONCE_H
#define SG_DAEMON_ONCE_H

struct sg_daemon;

/* Before the loop runs.  What cannot succeed fails here. */
void sg_once_begin(struct sg_daemon *daemon);

/* Something changed: was the clock corrected? */
void sg_once_look(struct sg_daemon *daemon);

/* The time is over; a libevent callback whose arg is the daemon. */
void sg_once_over(int fd, short what, void *arg);

#endif

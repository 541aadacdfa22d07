/*
 * A span as libevent's timers want it.
 */
#ifndef SG_BASE_TIMEVAL_H
#define SG_BASE_TIMEVAL_H

#include <sys/time.h>

/* span_s from 0 to some years, rounded down to microseconds. */
static inline struct timeval
sg_timeval(double span_s)
{
    struct timeval ret = {.tv_sec = (time_t)span_s};

    ret.tv_usec = (suseconds_t)((span_s - (double)ret.tv_sec) * 1e6);
    return ret;
}

#endif

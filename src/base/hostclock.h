/*
 * Reading the clocks of this host.  Nothing here moves a clock.
 */
#ifndef SG_BASE_HOSTCLOCK_H
#define SG_BASE_HOSTCLOCK_H

#include "base/instant.h"

/*
 * The raw clock now: CLOCK_MONOTONIC_RAW, or CLOCK_MONOTONIC where a platform
 * lacks it (decided once, so that a program never mixes the two).
 */
struct sg_raw sg_host_raw(void);

/*
 * Raw and wall clock together.  The narrowest of a few raw-wall-raw brackets
 * is taken: an interrupt between two reads would otherwise look like an
 * offset.
 */
struct sg_reading sg_host_reading(void);

/*
 * Carry an instant of the host's wall clock, as in a kernel packet time
 * stamp of a moment ago, over to the raw clock.  If the wall clock was
 * stepped in between the result is off by the step; callers bound it by the
 * raw instants around the exchange.
 */
struct sg_raw sg_host_wall_to_raw(struct sg_wall at);

/*
 * CLOCK_BOOTTIME - CLOCK_MONOTONIC: how long the host has been suspended
 * since boot, in seconds; it grows over each suspend.  0 where the platform
 * lacks CLOCK_BOOTTIME.
 */
double sg_host_suspended_s(void);

#endif

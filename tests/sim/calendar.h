/*
 * What clocks of the world read in UTC, and what a leap second does to them.
 *
 * True time and each server's clock count seconds; UTC leaves one out, or
 * counts one twice, at the end of a year where a scenario wants it.
 */
#ifndef SG_SIM_CALENDAR_H
#define SG_SIM_CALENDAR_H

#include "nature.h"
#include "world.h"

/* UTC at true time 0 is this, and an odd fraction of a second. */
#define SIM_ODD_S 0.371
int64_t sim_epoch_s(const struct sim_setup *setup);

/* What a clock that counts seconds like this reads in UTC. */
double sim_utc_s(const struct sim_setup *setup, double clock_s);

/* What a server shows at true time t_s. */
double sim_server_s(const struct sim_setup *setup,
                    const struct sim_source *source, double t_s);

/* The leap second that it announces then. */
enum sg_leap sim_announced(const struct sim_setup *setup,
                           const struct sim_source *source, double t_s,
                           struct sim_random *random);

/* Told of a leap second, a kernel makes it when its clock, which reads wall_s
 * now, reads this: at the end of its UTC day, once. */
double sim_kernel_leap_s(const struct sim_setup *setup, int leap_s,
                         double wall_s);

#endif

/*
 * Which clock, and may we move it?
 */
#ifndef SG_DAEMON_CHOOSE_H
#define SG_DAEMON_CHOOSE_H

#include <stdbool.h>

#include "base/err.h"
#include "clock/clock.h"
#include "core/status.h"
#include "daemon/daemon.h"
#include "setup/config.h"

struct sg_choice {
    struct sg_clock *clock; /* the caller's to free */
    enum sg_mode mode;      /* guard or discipline */
    char reason[SG_REASON_MAX];
};

/*
 * Mode and driver from command line, configuration and what this host allows.
 * -1 with a reason if the simulation's text is wrong or memory runs out.
 */
int sg_choose(const struct sg_daemon_options *options,
              const struct sg_config *config, struct sg_choice *ret,
              struct sg_err *err);

/*
 * Again, on the same clock, after somebody else had his way with it: may we
 * steer?  Mode and reason are new.
 */
void sg_choose_again(const struct sg_daemon_options *options,
                     const struct sg_config *config, struct sg_choice *choice);

/* Is the clock moved by the clock service? */
bool sg_choice_is_service(const struct sg_choice *choice);

/* Would another choice be made when that service comes or goes? */
bool sg_choice_may_change(const struct sg_daemon_options *options,
                          const struct sg_config *config);

#endif

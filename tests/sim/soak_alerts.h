/*
 * Is each cause told once, and told to be over?  By the log and by mail, each.
 */
#ifndef SG_SIM_SOAK_ALERTS_H
#define SG_SIM_SOAK_ALERTS_H

#include <stdbool.h>

#include "core/alert.h"

#define SOAK_MAX_THREADS 1024

struct soak_thread {
    char id[SG_ALERT_ID_MAX];
    enum sg_alert_topic topic;
    bool is_logged, is_mailed; /* it is open, for those who read that */
    enum sg_alert_level level; /* as logged */
    unsigned number;           /* of its last mail */
};

struct soak_alerts {
    int n_threads;
    struct soak_thread threads[SOAK_MAX_THREADS];
    unsigned logs, mails;
};

/* What is wrong about telling this now; NULL: nothing. */
const char *soak_alerts_hear(struct soak_alerts *alerts,
                             const struct sg_alert *alert);

/* Is a realm said to be that bad, or worse? */
bool soak_alerts_is_told(const struct soak_alerts *alerts,
                         enum sg_alert_level level);

/* How many have not been told to be over. */
int soak_alerts_open(const struct soak_alerts *alerts);

#endif

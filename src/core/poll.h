/*
 * When to ask a source again.
 *
 * Gentle in the steady state, quick where it counts: a burst at start and on
 * surprise, back-off for what does not answer, silence for what does not want
 * to be asked.  The random number is an argument.
 */
#ifndef SG_CORE_POLL_H
#define SG_CORE_POLL_H

#include <stdbool.h>

#include "core/sample.h"
#include "core/status.h"

struct sg_poll_config {
    double max_poll_s; /* NTP in the steady state */
    double kdc_poll_s; /* a KDC while KDCs are the only evidence */
};

struct sg_poll {
    enum sg_kind kind;
    bool is_try;    /* may be silent for good without fault */
    int burst;      /* quick requests left */
    double burst_s; /* their spacing */
    double ramp_s;  /* after a burst: doubles up to the short interval */
    int quick;      /* requests left at the short interval */
    int failures;   /* in a row */
    bool has_answered;
    enum sg_outcome_code code; /* of the last request */
    double kiss_s;             /* a RATE kiss asked for at least this much */
    bool denied;               /* asked not to ask again */
    double interval_s;         /* the present one, for people */
    double share_s; /* > 0: n_kdcs take turns, each so long after another */
};

/* What the rest of the world means for this source's interval. */
struct sg_poll_world {
    bool ntp_answers; /* some NTP source steers ... */
    bool is_shown;    /* ... and another one shows this KDC's clock */
    bool is_near;     /* that clock is near a threshold */
    int n_kdcs;    /* of its realm and kind, which share an hourly allowance */
    bool has_key;  /* a keytab source of that realm has its share of it, too */
    bool is_alone; /* keytab: it is believed, and no plain answer is */
};

void sg_poll_init(struct sg_poll *poll, enum sg_kind kind, bool is_try);

/* The outcome of the last request. */
void sg_poll_outcome(struct sg_poll *poll, enum sg_outcome_code code);

/* Something unexpected: n quick requests 2 s apart, then a while at 16 s. */
void sg_poll_surprise(struct sg_poll *poll, int n);

/*
 * Seconds until the next request; < 0: never (it asked not to be asked).
 * random in [0, 1) spreads requests: up to 10 % later.  With poll->share_s
 * the caller has siblings take turns, see there.
 */
double sg_poll_next(struct sg_poll *poll, const struct sg_poll_config *config,
                    const struct sg_poll_world *world, double random);

#endif

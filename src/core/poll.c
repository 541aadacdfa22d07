#include "core/poll.h"

#include <math.h>

#define START_SPACING_S 0.25
#define START_REQUESTS 4

/* So many attempts in a row without an answer leave nothing of a source. */
#define REACH 8
#define SURPRISE_SPACING_S 2.0
#define RAMP_S 1.0
#define QUICK_POLL_S 16.0
#define QUICK_REQUESTS 10
#define HOUR_S 3600.0

/* KDCs may have 7 requests an hour in all.  6 leave room for one that is
 * authenticated; 5 for the hour in which that needs a new ticket first. */
#define KDC_HOURLY 6
#define KDC_HOURLY_BESIDE_KEY 5

/* A keytab is looked at so often again; whoever replaces it is noticed at
 * once where inotify works. */
#define KEYTAB_S 600.0
/* Authenticated answers that failed to come: from this, doubling, to an hour.
 */
#define RETRY_S 64.0
#define RETRY_DOUBLINGS 6

#define KISS_MAX_S 1024.0

/* A KDC whose clock nothing else shows: what it costs to have its being set
 * told within 2 kdc_poll, with spread and confirmation. */
#define UNSHOWN_POLLS 1.75

/* Near a threshold: what it costs to have its being crossed told within 60 s.
 */
#define NEAR_POLLS 0.625
#define NEAR_S 40.0

/* Requests are spread by so much, and never sooner than was asked for. */
#define SPREAD 0.1

void
sg_poll_init(struct sg_poll *poll, enum sg_kind kind, bool is_try)
{
    *poll = (struct sg_poll){
        .kind = kind,
        .is_try = is_try,
        .burst = START_REQUESTS - 1,
        .burst_s = START_SPACING_S,
        .ramp_s = RAMP_S,
        .quick = kind == SG_KIND_NTP ? QUICK_REQUESTS : 0,
    };
}

void
sg_poll_outcome(struct sg_poll *poll, enum sg_outcome_code code)
{
    poll->code = code;
    if (code == SG_OUTCOME_OK) {
        poll->failures = 0;
        poll->has_answered = true;
        return;
    }
    poll->failures++;
    if (code == SG_OUTCOME_KISS_DENY)
        poll->denied = true;
    /* a wrong key, offered again and again, locks an account */
    if (code == SG_OUTCOME_KEYTAB || code == SG_OUTCOME_REJECTED)
        poll->burst = 0;
    if (code == SG_OUTCOME_KISS_RATE) {
        poll->burst = poll->quick = 0;
        poll->kiss_s = fmin(fmax(poll->interval_s, 32) * 2, KISS_MAX_S);
    }
}

void
sg_poll_surprise(struct sg_poll *poll, int n)
{
    if (poll->kiss_s > 0)
        return;
    poll->burst = n;
    poll->burst_s = SURPRISE_SPACING_S;
    poll->ramp_s = QUICK_POLL_S;
    poll->quick = poll->kind == SG_KIND_NTP ? QUICK_REQUESTS : 0;
}

/* Siblings take turns. */
static double
share(struct sg_poll *poll, const struct sg_poll_world *world, double share_s)
{
    poll->share_s = share_s;
    return world->n_kdcs * share_s;
}

/* One authenticated check an hour, of each KDC in turn. */
static double
keytab_s(struct sg_poll *poll, const struct sg_poll_config *config,
         const struct sg_poll_world *world)
{
    int doublings = poll->failures - START_REQUESTS;

    if (poll->code == SG_OUTCOME_KEYTAB)
        return share(poll, world, KEYTAB_S);
    if (poll->failures == 0 && world->is_alone)
        return config->kdc_poll_s;
    if (poll->failures == 0 || poll->code == SG_OUTCOME_REJECTED)
        return share(poll, world, HOUR_S);
    doublings = doublings < 0 ? 0 : doublings;
    return doublings < RETRY_DOUBLINGS ? RETRY_S * (1 << doublings)
                                       : share(poll, world, HOUR_S);
}

static double
kdc_s(struct sg_poll *poll, const struct sg_poll_config *config,
      const struct sg_poll_world *world)
{
    double share_s =
        HOUR_S / (world->has_key ? KDC_HOURLY_BESIDE_KEY : KDC_HOURLY);

    if (world->is_near)
        return NEAR_POLLS * config->kdc_poll_s;
    if (!world->ntp_answers || world->n_kdcs * share_s < config->kdc_poll_s)
        return config->kdc_poll_s;
    if (!world->is_shown)
        return UNSHOWN_POLLS * config->kdc_poll_s;
    return share(poll, world, share_s);
}

/* Silence is no fault of such a source; but who has answered has to be silent
 * for as long as any other before nothing is expected of it. */
static bool
is_silent_for_good(const struct sg_poll *poll)
{
    return poll->is_try &&
           poll->failures >= (poll->has_answered ? REACH : START_REQUESTS);
}

/* The interval where nothing special is going on. */
static double
steady_s(struct sg_poll *poll, const struct sg_poll_config *config,
         const struct sg_poll_world *world)
{
    poll->share_s = 0;
    if (poll->kind == SG_KIND_KEYTAB)
        return keytab_s(poll, config, world);
    if (poll->kind == SG_KIND_KDC)
        return kdc_s(poll, config, world);
    if (is_silent_for_good(poll))
        return HOUR_S;
    return world->is_near ? fmin(config->max_poll_s, NEAR_S)
                          : config->max_poll_s;
}

double
sg_poll_next(struct sg_poll *poll, const struct sg_poll_config *config,
             const struct sg_poll_world *world, double random)
{
    double interval_s = steady_s(poll, config, world);

    if (poll->denied)
        return -1;
    if (poll->burst > 0 && poll->failures < START_REQUESTS) {
        poll->burst--;
        poll->share_s = 0;
        poll->interval_s = poll->burst_s;
        return poll->burst_s;
    }
    if (poll->quick > 0 && interval_s < HOUR_S) {
        poll->quick--;
        poll->ramp_s = fmin(poll->ramp_s * 2, QUICK_POLL_S);
        interval_s = fmin(interval_s, poll->ramp_s);
    }
    poll->interval_s = fmax(interval_s, poll->kiss_s);
    return poll->interval_s * (1 + SPREAD * random);
}

/*
 * A status brought to the present: how old it is, whether its numbers may be
 * used at all, and the skew of each realm and source at this moment.
 */
#ifndef SG_REPORT_PRESENT_H
#define SG_REPORT_PRESENT_H

#include <stdbool.h>

#include "base/instant.h"
#include "core/status.h"
#include "report/report.h"

enum sg_present_age {
    SG_PRESENT_FRESH,
    SG_PRESENT_LATE,       /* overdue; its models are still good */
    SG_PRESENT_SUSPENDED,  /* the host slept since: no number is good */
    SG_PRESENT_OTHER_BOOT, /* another raw clock: no number is good */
    SG_PRESENT_NEVER,      /* nothing was ever published */
};

struct sg_present_realm {
    enum sg_state state;
    bool has_skew; /* false: the two below mean nothing */
    struct sg_skew skew;
    double used_frac;
    bool has_guess; /* false: offset_s is only the middle of the bounds */
};

struct sg_present {
    enum sg_present_age age;
    bool has_numbers; /* false: no skew and no age may be shown */
    enum sg_report_daemon daemon;
    bool is_alive; /* the daemon is not known to be dead */
    struct sg_raw raw;
    struct sg_wall wall;
    double since_s; /* since publication, counting suspends; if published in
                       this boot */
    enum sg_state state;
    struct sg_present_realm realms[SG_MAX_REALMS];
    int order[SG_MAX_REALMS]; /* indices of realms, worst first */
};

void sg_present_make(const struct sg_status *status,
                     const struct sg_report_now *now, struct sg_present *ret);

/* The same of a status that the calling program made itself. */
void sg_present_make_own(const struct sg_status *status,
                         const struct sg_report_now *now,
                         struct sg_present *ret);

/* A model now; false, leaving *ret alone, if nothing may be said. */
bool sg_present_skew(const struct sg_present *present,
                     const struct sg_model *model, struct sg_skew *ret);

/* Seconds since a raw instant of the status; only if has_numbers. */
double sg_present_age_s(const struct sg_present *present, struct sg_raw at);

/* Time until the realm's budget is used up; negative: not foreseen. */
double sg_present_time_to_limit(const struct sg_status *status,
                                const struct sg_present *present, int realm);

/*
 * Seconds for which the realm's budget surely lasts although nothing is
 * measured, if nobody moves a clock; INFINITY: no end to be seen; negative:
 * nothing is known.
 */
double sg_present_holdover_s(const struct sg_status *status,
                             const struct sg_present *present, int realm);

/* What is left of a step of our clock, once its undoing is counted. */
double sg_present_lasting_s(const struct sg_status_clock *clock, double step_s);

/* Could there still be tickets in use that were taken that long ago? */
bool sg_present_has_tickets(double age_s);

/* The largest step since tickets were taken that can still be in use; 0: no
 * step, or nothing known. */
double sg_present_ticket_step_s(const struct sg_status *status,
                                const struct sg_present *present);

/* The same as the other one would tell it of us. */
struct sg_skew sg_present_seen_from_there(const struct sg_skew *skew);

/* How far offset_s may certainly be wrong. */
double sg_present_bound_s(const struct sg_skew *skew);

/* The worst KDC's name, or the realm's own where none is known. */
const char *sg_present_worst_name(const struct sg_status *status, int realm);

/*
 * The NTP source that shows the clock of this KDC source's host: by name, or
 * else by an address that no other candidate shares.  -1: none.
 */
int sg_present_ntp_twin(const struct sg_status *status, int kdc);

#endif

/*
 * The Kerberos budget of one realm: how much of its clockskew is used, and
 * when it will be used up.
 */
#ifndef SG_CORE_BUDGET_H
#define SG_CORE_BUDGET_H

#include "core/combine.h"
#include "core/status.h"

struct sg_budget_config {
    double warn_frac, critical_frac;
};

/* One KDC host's clock, from its KDC's answers and its NTP server's. */
struct sg_kdc_clock {
    bool valid;
    struct sg_model model;
    struct sg_skew skew;
    double rate_sd_ppm; /* of model.rate_ppm; < 0: unknown */
    bool split; /* its NTP server shows another time than its KDC: the KDC's is
                   given, since it is what Kerberos compares */
};

/* kdc or ntp may be NULL, or not usable. */
void sg_budget_kdc_clock(const struct sg_candidate *kdc,
                         const struct sg_candidate *ntp,
                         struct sg_kdc_clock *ret);

/*
 * The state for a share of the budget, with hysteresis: a state is left for a
 * better one only below 80 % of where it is entered.
 */
enum sg_state sg_budget_state(enum sg_state before, double used_frac,
                              const struct sg_budget_config *config);

/* Could a threshold be crossed soon, or was it just? */
bool sg_budget_is_near(double used_frac, const struct sg_budget_config *config);

/*
 * Seconds until the worse end of the skew reaches the limit, moving at
 * rate_ppm (of the offset) known to sd_ppm; < 0 if it does not get there
 * within what can be foreseen, or nothing is known, or no clock drifts like
 * that.  words says it for people, reasons included.
 */
double sg_budget_forecast(const struct sg_skew *skew, double limit_s,
                          double rate_ppm, double sd_ppm, char *words,
                          unsigned words_size);

/* A span in words: "40 s", "12 min", "3 h", "5 days". */
void sg_budget_say_span(double span_s, char *ret, unsigned size);

#endif

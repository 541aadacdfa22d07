/*
 * Verdict: whose clock is to blame for a realm's skew, as far as the
 * measurements can tell.
 */
#ifndef SG_CORE_VERDICT_H
#define SG_CORE_VERDICT_H

#include <stdbool.h>

#include "core/combine.h"
#include "core/status.h"

struct sg_verdict_case {
    double limit_s; /* what counts as disagreement: a share of it */
    double warn_frac;
    double offset_s;      /* of the realm's worst KDC */
    bool kdc_in_majority; /* that KDC agrees with the consensus */
    int kdcs;             /* hosts of the realm that answer */
    bool realm_agrees;    /* they agree with each other */
    int others;           /* NTP servers outside the realm that answer ... */
    double apart_s;       /* ... and how far the nearest is from that KDC */
    int hosts;            /* hosts in the consensus */
    const char *kdc;      /* the worst KDC's name */
    const char *liar;     /* an NTP server that contradicts all; NULL: none */
};

/* Blame, and one sentence with the evidence into words. */
enum sg_blame sg_verdict_blame(const struct sg_verdict_case *facts, char *words,
                               unsigned words_size);

#endif

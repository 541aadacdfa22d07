/*
 * Verdict: whose clock is to blame for a realm's skew, as far as the
 * measurements can tell.
 *
 * A table of rules, the first that applies decides.  A clock that was seen to
 * jump is the strongest evidence, since the raw clock, which nobody sets, has
 * measured the jump; then comes the number of hosts; then who is alone.
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
    bool authenticated;   /* that KDC has proven its time lately */
    int kdcs;             /* hosts of the realm that answer */
    bool realm_agrees;    /* they agree with each other */
    int others;           /* NTP servers outside the realm that answer ... */
    double apart_s;       /* ... and how far the nearest is from that KDC */
    int hosts;            /* hosts in the consensus */
    const char *kdc;      /* the worst KDC's name */
    const char *liar;     /* an NTP server that contradicts all; NULL: none */
    const char *forged;   /* a KDC whose plain word contradicts what it has
                             proven; NULL: none */
    double set_s;     /* the worst KDC's clock was seen to be set by so much */
    int kdcs_set;     /* so many KDCs were, by about as much */
    double ours_s;    /* our clock was stepped by somebody else by so much */
    const char *best; /* the KDC nearest to us, if it disagrees with the worst
                         one; NULL: none does */
    double best_s;    /* its offset */
};

/* Our own two clocks have shown that it is ours: nobody else has to prove it.
 */
bool sg_verdict_was_ours_set(const struct sg_verdict_case *facts);

/* Blame, and one sentence with the evidence into words. */
enum sg_blame sg_verdict_blame(const struct sg_verdict_case *facts, char *words,
                               unsigned words_size);

#endif

/*
 * Which step of Kerberos a skew makes fail.
 *
 * What is said here was measured with MIT, Heimdal and Samba KDCs and is
 * explained by the code of libkrb5.  Times are compared in whole seconds, as
 * |difference| <= clockskew, by
 *
 *  - the KDC, which looks at the time stamp of a request for tickets;
 *  - this host as acceptor, with its own clockskew;
 *  - libkrb5 here, with this host's clockskew as well: it looks at the start
 *    of a ticket that it got from the KDC, and of one that it is about to use.
 *
 * With kdc_timesync (the default) a client learns the KDC's time from its
 * first answer and stores it with the tickets, so that whatever began under
 * the present skew works; what began earlier does not.  Without it the first
 * request is refused.  Steps that need its ticket then count as refused, too:
 * "refused" means that the user does not get there, with the message of the
 * step that stopped him.
 *
 * An answer is true for a KDC and for services whose clocks are those the skew
 * was measured against, and for tickets that are much younger than a day: with
 * older ones it is "Ticket expired" that is read.
 */
#ifndef SG_CORE_STEPS_H
#define SG_CORE_STEPS_H

#include <stdbool.h>

/* libkrb5's clockskew where krb5.conf names none. */
#define SG_STEPS_DEFAULT_LIMIT_S 300.0

enum sg_step {
    SG_STEP_PASSWORD_LOGIN, /* or with a keytab, and verified by one */
    SG_STEP_NO_PREAUTH_LOGIN,
    SG_STEP_FAST_FRESH, /* armor taken under the present skew */
    SG_STEP_FAST_OLDER, /* armor from before the clock went wrong */
    SG_STEP_TGS_FRESH,  /* a service ticket with a TGT taken like that */
    SG_STEP_TGS_OLDER,
    SG_STEP_GSSAPI_OUT_FRESH, /* from this host to others */
    SG_STEP_GSSAPI_OUT_OLDER,
    SG_STEP_GSSAPI_IN, /* to a service on this host */
    SG_STEP_SSH_IN,
    SG_STEP_TGS_AFTER_CORRECTION, /* TGT taken under the present skew, or
                                     before our clock was stepped lately; used
                                     with the clock put right */
    SG_STEP_COUNT
};

enum sg_step_now {
    SG_STEP_WORKS,
    SG_STEP_REFUSED,
    SG_STEP_EDGE,    /* cannot be told: the skew is at the limit, or the limit
                        is not known well enough */
    SG_STEP_UNKNOWN, /* nothing was measured */
    SG_STEP_NOW_COUNT
};

struct sg_steps_case {
    bool has_skew;
    double lower_s, upper_s; /* KDC - this host; positive: we are behind */
    double own_limit_s;      /* this host's clockskew */
    double kdc_limit_min_s;  /* the KDC's, and that of services elsewhere, is */
    double kdc_limit_max_s;  /* in here: nobody can be asked for it */
    bool kdc_timesync;
    double step_s; /* by which our clock was stepped while tickets that are
                      still in use were taken; 0: not */
};

struct sg_step_answer {
    enum sg_step_now now;
    double limit_s;      /* refusals can begin beyond this skew; INFINITY: at
                            none */
    const char *message; /* what the user reads; NULL unless refused */
};

void sg_steps_judge(const struct sg_steps_case *facts, enum sg_step step,
                    struct sg_step_answer *ret);

/*
 * What the user would read if this host were behind, or ahead, by more than
 * every limit; NULL if the step works at any skew.
 */
const char *sg_steps_message(const struct sg_steps_case *facts,
                             enum sg_step step, bool is_behind);

/* Stable words for machines, such as "gssapi-in", and "refused". */
const char *sg_step_name(enum sg_step step);
const char *sg_step_now_name(enum sg_step_now now);

/* For people: "kinit with FAST, older armor".  Fresh is what was taken under
 * the present skew, older what is from before the clock went wrong, or, after a
 * correction, from before that. */
const char *sg_step_words(enum sg_step step);

#endif

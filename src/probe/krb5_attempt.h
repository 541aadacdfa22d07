/*
 * One attempt to get a KDC's time with the host's key: a context of libkrb5
 * and what belongs to it.  Which attempt follows which, and what an answer
 * means, is probe/krb5_login's business.
 */
#ifndef SG_PROBE_KRB5_ATTEMPT_H
#define SG_PROBE_KRB5_ATTEMPT_H

#include <krb5.h>
#include <stdbool.h>

struct sg_krb5_host;

/*
 * What is tried, one after the other.
 *
 * The time in an encrypted timestamp has to be the KDC's within its limit.  A
 * KDC says its time in an error in clear, which anybody can forge: who adds
 * 1000 s to it would have us send a timestamp that the KDC refuses.  So our
 * own clock comes first, before the KDC has said anything (its one request
 * also is all there is while the clock is right), then the time that is
 * claimed, and at last our own clock again, now with the encryption type that
 * the KDC asks for.
 */
enum sg_krb5_attempt_kind {
    SG_KRB5_ATTEMPT_FAST,       /* with the armor; no pre-authentication */
    SG_KRB5_ATTEMPT_OPTIMISTIC, /* own clock, before the KDC has said a word */
    SG_KRB5_ATTEMPT_FOLLOW,     /* asks first, takes the time that is claimed */
    SG_KRB5_ATTEMPT_OWN_TIME,   /* asks first, and stays with our own clock */
    SG_KRB5_ATTEMPT_COUNT
};

struct sg_krb5_attempt {
    enum sg_krb5_attempt_kind kind;
    unsigned reads;       /* of the keytab, when it began */
    krb5_context context; /* NULL: not begun */
    krb5_init_creds_context creds;
    krb5_data request; /* the one to send */

    /* what they need, or hold in memory */
    krb5_principal client;
    krb5_keytab keytab;
    krb5_ccache ccache;
    krb5_enctype *enctypes;
    krb5_get_init_creds_opt *options;
};

/* Begin, up to the first request.  To be ended in any case. */
krb5_error_code sg_krb5_attempt_begin(struct sg_krb5_attempt *attempt,
                                      enum sg_krb5_attempt_kind kind,
                                      const struct sg_krb5_host *host);

/* Take the answer, and keep the request that is to be sent then, if any; see
 * krb5_init_creds_step.  Not *ret_goes_on: there is a ticket, or nothing. */
krb5_error_code sg_krb5_attempt_step(struct sg_krb5_attempt *attempt,
                                     krb5_data *answer, bool *ret_goes_on);

/* Release all it has, begun or not; a ticket stays in the host's ccache. */
void sg_krb5_attempt_end(struct sg_krb5_attempt *attempt);

#endif

/*
 * What every dialogue with a KDC has in common: the verdicts on an answer, and
 * how an answer becomes a sample.
 */
#ifndef SG_PROBE_KRB5_ANSWER_H
#define SG_PROBE_KRB5_ANSWER_H

#include <krb5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "core/sample.h"

/* KRB-ERRORs have 100 to 1500 bytes; a ticket full of an AD user's groups up
 * to 48000 (MaxTokenSize). */
#define SG_KRB5_REPLY_MAX 65535

#define SG_KRB5_ERROR_TOO_BIG                                                  \
    52 /* KRB_ERR_RESPONSE_TOO_BIG, RFC 4120 7.5.9                             \
        */

enum sg_krb5_verdict {
    SG_KRB5_ANSWERED, /* it is over: a time, or the reason why there is none */
    SG_KRB5_DOUBTFUL, /* may be anybody's: wait for a better one if possible */
    SG_KRB5_ASK,      /* no time, but the next question may get one: ask */
    SG_KRB5_ASK_TCP,  /* the same question again, by TCP */
};

/* What an answer seems to be, by its first byte. */
enum sg_krb5_message {
    SG_KRB5_MESSAGE_NONE, /* none of Kerberos */
    SG_KRB5_MESSAGE_AS_REP,
    SG_KRB5_MESSAGE_ERROR,
};

/* With SG_KRB5_MESSAGE_NONE ret says why. */
enum sg_krb5_message sg_krb5_message(const uint8_t *bytes, size_t len,
                                     struct sg_outcome *ret);

/* Decode a KRB-ERROR, to be freed by krb5_free_error.  False if it is none;
 * ret then says why. */
bool sg_krb5_read_error(krb5_context context, const uint8_t *bytes, size_t len,
                        krb5_error **ret_error, struct sg_outcome *ret);

/* Fill in a failure.  What is not printable becomes '?'. */
void sg_krb5_failed(struct sg_outcome *ret, enum sg_outcome_code code,
                    const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The sample of a KRB-ERROR's stime and susec (0 to 999999). */
void sg_krb5_take_error_time(uint32_t stime, int susec, struct sg_raw sent,
                             struct sg_raw received, struct sg_outcome *ret);

/* The sample of a ticket's authtime. */
void sg_krb5_take_authtime(uint32_t authtime, struct sg_raw sent,
                           struct sg_raw received, struct sg_outcome *ret);

/* "libkrb5 cannot WHAT: why"; a negative errno. */
int sg_krb5_refuse(krb5_context context, krb5_error_code code, const char *what,
                   struct sg_err *err);

#endif

/*
 * A dialogue with a KDC that proves whose clock it is, as bytes: it uses the
 * host's key, and what comes back can have been made by nobody but a KDC of
 * the realm, for this very question.  All cryptography and ASN.1 is
 * libkrb5's; nothing here opens a socket, asks DNS or waits.
 *
 * With an armor (probe/krb5_host.h): one AS-REQ inside FAST (RFC 6113 5.4)
 * without pre-authentication.  It is refused by a KRB-ERROR inside FAST, with
 * the KDC's clock in it, as sharp as a plain answer.
 *
 * Without: an AS exchange with the key.  The ticket tells when the KDC made
 * it, to the second, and becomes the armor of later questions.
 *
 * Who forges answers can only take our time: an answer that proves nothing
 * leads to the next attempt, and at last to an outcome without a time.
 */
#ifndef SG_PROBE_KRB5_LOGIN_H
#define SG_PROBE_KRB5_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "core/sample.h"
#include "probe/krb5_answer.h"

struct sg_krb5_host;
struct sg_krb5_login;

/*
 * NULL with the outcome to report: no keytab, a key that rests after a
 * refusal, or no memory.  host is lent for
 * the dialogue's life.  SG_KRB5_ASK_TCP is said only if may_use_tcp.
 */
struct sg_krb5_login *sg_krb5_login_new(struct sg_krb5_host *host,
                                        bool may_use_tcp,
                                        struct sg_outcome *ret);

/* Accepts NULL. */
void sg_krb5_login_free(struct sg_krb5_login *login);

/*
 * The next question, without any framing.  The bytes belong to the login and
 * live until the next call.  0 or a negative errno with a reason.
 */
int sg_krb5_login_ask(struct sg_krb5_login *login, const uint8_t **ret_bytes,
                      size_t *ret_len, struct sg_err *err);

/*
 * Judge an answer to the last question, sent and received at these instants.
 * Fills in *ret always; its code is SG_OUTCOME_OK only with SG_KRB5_ANSWERED.
 */
enum sg_krb5_verdict sg_krb5_login_judge(struct sg_krb5_login *login,
                                         const uint8_t *bytes, size_t len,
                                         struct sg_raw sent,
                                         struct sg_raw received,
                                         struct sg_outcome *ret);

#endif

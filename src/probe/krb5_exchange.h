/*
 * One question to a KDC about its clock, as bytes, and what the answer says.
 *
 * The question is an AS-REQ without pre-authentication.  A KDC refuses it with
 * a KRB-ERROR (RFC 4120 section 5.9.1), and that carries the KDC's clock.  All
 * ASN.1 is libkrb5's; nothing here opens a socket, asks DNS or waits.
 *
 * Each exchange has a context of its own that does not know krb5.conf
 * (probe/krb5_profile.h).  In whose name it is asked: probe/krb5_client.h.
 *
 * A principal that needs no pre-authentication gets a ticket, whose time
 * nobody but its owner can read.  The next question then asks for a service
 * that does not exist; that is refused, with the time.
 */
#ifndef SG_PROBE_KRB5_EXCHANGE_H
#define SG_PROBE_KRB5_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "core/sample.h"
#include "probe/krb5_answer.h"

struct sg_krb5_exchange;
struct sg_krb5_host;

/* NULL with a reason if memory runs out or libkrb5 refuses the realm.  host,
 * lent for the call, may be NULL: it gives a name to ask in. */
struct sg_krb5_exchange *sg_krb5_exchange_new(const char *realm,
                                              struct sg_krb5_host *host,
                                              struct sg_err *err);

/* Accepts NULL. */
void sg_krb5_exchange_free(struct sg_krb5_exchange *exchange);

/*
 * The next question, an AS-REQ without any framing.  The bytes belong to the
 * exchange and live until the next call.  0 or a negative errno with a reason.
 */
int sg_krb5_exchange_ask(struct sg_krb5_exchange *exchange,
                         const uint8_t **ret_bytes, size_t *ret_len,
                         struct sg_err *err);

/*
 * Judge an answer to the last question, sent and received at these instants.
 * Fills in *ret always; its code is SG_OUTCOME_OK only with SG_KRB5_ANSWERED.
 */
enum sg_krb5_verdict sg_krb5_exchange_judge(struct sg_krb5_exchange *exchange,
                                            const uint8_t *bytes, size_t len,
                                            struct sg_raw sent,
                                            struct sg_raw received,
                                            struct sg_outcome *ret);

/* Who asks, as text "host/a.example@EXAMPLE"; cut if size is too small. */
void sg_krb5_exchange_client(const struct sg_krb5_exchange *exchange, char *ret,
                             size_t size);

#endif

/*
 * One exchange with a KDC over UDP or TCP (RFC 4120 section 7.2): what is said
 * is a dialogue's business, the sockets are probe/net's.
 *
 * A KRB-ERROR in clear carries no nonce, so nothing in it ties it to the
 * question.  All there is: a connected socket with a random port of its own
 * for each question.  Hence over UDP a datagram that a dialogue finds doubtful
 * never ends the exchange, or anybody off the path could silence a KDC by
 * guessing; it only becomes the reason that is reported if nothing better came
 * in time.
 */
#ifndef SG_PROBE_KDC_EXCHANGE_H
#define SG_PROBE_KDC_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "core/sample.h"
#include "probe/krb5_answer.h"
#include "probe/source.h"

struct sg_kdc_dialogue_ops {
    /* The next question, without framing; its bytes live until the next call.
     * 0 or a negative errno with a reason. */
    int (*ask)(void *state, const uint8_t **ret_bytes, size_t *ret_len,
               struct sg_err *err);
    /* Judge an answer to it; fills in *ret always. */
    enum sg_krb5_verdict (*judge)(void *state, const uint8_t *bytes, size_t len,
                                  struct sg_raw sent, struct sg_raw received,
                                  struct sg_outcome *ret);
    void (*free)(void *state);
};

struct sg_kdc_dialogue {
    const struct sg_kdc_dialogue_ops *ops;
    void *state;
};

/* The arguments of sg_exchange_ops.start. */
struct sg_kdc_setup {
    const struct sg_probe_env *env;
    const struct sg_target *target;
    const struct sg_address *address;
    bool tcp;
    sg_exchange_done *done;
    void *arg;
};

/*
 * Start, as sg_exchange_ops.start says.  The dialogue's state becomes the
 * exchange's in any case; where it is NULL *why_not is the outcome.
 */
struct sg_exchange *
sg_kdc_exchange_start(const struct sg_kdc_setup *setup,
                      const struct sg_kdc_dialogue *dialogue,
                      const struct sg_outcome *why_not);

/* As sg_exchange_ops.free says. */
void sg_kdc_exchange_free(struct sg_exchange *exchange);

#endif

/*
 * What became of a test alert: the mailer keeps it in a small file beside the
 * spool's, for "skewguard test-alert" to read.
 *
 * Text form: the line "skewguard-receipt=1", then for each channel
 * "STATE<tab>CHANNEL<tab>WORDS".  Whoever reads it trusts none of it.
 */
#ifndef SG_ALERT_RECEIPT_H
#define SG_ALERT_RECEIPT_H

#include "alert/record.h"
#include "base/buf.h"
#include "base/err.h"

#define SG_RECEIPT_ROWS_MAX 32
#define SG_RECEIPT_CHANNEL_MAX 1040
#define SG_RECEIPT_WORDS_MAX 400
#define SG_RECEIPT_MAX (64 * 1024) /* bytes of a file */

/* Below the spool, with the alert's ID in front. */
#define SG_RECEIPT_SUFFIX ".receipt"

enum sg_receipt_state {
    SG_RECEIPT_WAITING, /* not tried yet, or being tried */
    SG_RECEIPT_DELIVERED,
    SG_RECEIPT_LATER, /* it will be tried again */
    SG_RECEIPT_GIVEN_UP,
    SG_RECEIPT_STATE_COUNT
};

struct sg_receipt_row {
    enum sg_receipt_state state;
    char channel[SG_RECEIPT_CHANNEL_MAX]; /* "root", "hook /path" */
    char words[SG_RECEIPT_WORDS_MAX];     /* of the other side; may be empty */
};

struct sg_receipt {
    int n;
    struct sg_receipt_row rows[SG_RECEIPT_ROWS_MAX];
};

/* The file of the alert with this id; ret has room for size bytes. */
void sg_receipt_path(const char *folder, const char *id, char *ret,
                     size_t size);

/* What is not printable becomes '?'. */
void sg_receipt_encode(const struct sg_receipt *receipt, struct sg_buf *ret);

/* -EINVAL with a reason; *ret is then undefined. */
int sg_receipt_decode(const char *text, size_t len, struct sg_receipt *ret,
                      struct sg_err *err);

#endif

/*
 * An alert as it lies in the spool: what is to be said, in finished words, and
 * the facts behind it for those who do not read.
 *
 * Text form: "key=value" lines, the first one "skewguard-alert=1", an empty
 * line, the body.  Whoever reads it trusts none of it: the spool is a folder,
 * and files get truncated, copied and edited.
 */
#ifndef SG_ALERT_RECORD_H
#define SG_ALERT_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "core/alert.h"
#include "core/status.h"

#define SG_RECORD_SUBJECT_MAX 400
#define SG_RECORD_BODY_MAX 16384
#define SG_RECORD_MAX (SG_RECORD_BODY_MAX + 4096) /* bytes of a file */

struct sg_record {
    char id[SG_ALERT_ID_MAX];
    unsigned number;
    enum sg_alert_topic topic;
    enum sg_alert_phase phase;
    enum sg_alert_level level;
    int severity;            /* of syslog */
    char host[SG_NAME_MAX];  /* whose alert it is */
    char realm[SG_NAME_MAX]; /* empty: of none */
    enum sg_blame blame;
    bool has_offset; /* else the next two mean nothing */
    double offset_s;
    double limit_s;
    struct sg_wall host_time; /* what this host's clock read */
    bool has_true_time;
    struct sg_wall true_time; /* what it should have read, as far as we know */
    char subject[SG_RECORD_SUBJECT_MAX]; /* one line, printable ASCII */
    char body[SG_RECORD_BODY_MAX]; /* lines of printable ASCII, the last one
                                      ended */
};

/* 16 hex digits, in lower case. */
bool sg_record_is_id(const char *id);

/* What is not printable becomes '?', in the body except for newlines. */
void sg_record_encode(const struct sg_record *record, struct sg_buf *ret);

/*
 * -EINVAL with a reason if any field is missing, twice there, out of range or
 * not printable; keys it does not know are ignored.  *ret is then undefined.
 */
int sg_record_decode(const char *text, size_t len, struct sg_record *ret,
                     struct sg_err *err);

#endif

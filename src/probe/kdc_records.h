/*
 * What DNS says of a realm's KDCs: SRV records (RFC 4120 section 7.2.3.2) and
 * URI records as libkrb5 defines them, gathered, ordered and cut.  Pure.
 */
#ifndef SG_PROBE_KDC_RECORDS_H
#define SG_PROBE_KDC_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/source.h"

/* Of one answer, or of the two for UDP and TCP; an answer can hold thousands.
 */
#define SG_MAX_RECORDS 512

/* Somebody's text, fit to be shown: '?' for what is not visible ASCII. */
#define SG_RECORD_TEXT_MAX 80

struct sg_kdc_record {
    uint16_t priority, weight;
    struct sg_target target;
};

struct sg_kdc_records {
    size_t n;
    struct sg_kdc_record record[SG_MAX_RECORDS];
    int n_dropped; /* there were SG_MAX_RECORDS already */
    int n_proxies; /* behind HTTPS, which is not spoken here */
    int n_bad;     /* no KDC can be made of them */
    bool has_none; /* target ".": there is no such service, RFC 2782 */
    char proxy[SG_RECORD_TEXT_MAX], bad[SG_RECORD_TEXT_MAX]; /* the first */
};

/* Best first. */
struct sg_kdc_list {
    int n_kdcs;
    struct sg_target kdcs[SG_MAX_KDCS]; /* realm is left empty */
    int n_left_out;                     /* beyond SG_MAX_KDCS */
};

/* host: the target without its final dot; it becomes absolute by one. */
void sg_kdc_records_add_srv(struct sg_kdc_records *records, const char *host,
                            uint16_t port, uint16_t priority, uint16_t weight,
                            enum sg_transport transport);

/* krb5srv:FLAGS:udp|tcp:HOST[:PORT], krb5srv:FLAGS:kkdcp:https://... */
void sg_kdc_records_add_uri(struct sg_kdc_records *records, const char *uri,
                            uint16_t priority, uint16_t weight);

/* Add those of another answer. */
void sg_kdc_records_append(struct sg_kdc_records *records,
                           const struct sg_kdc_records *more);

/*
 * By priority, then weight, then name, so that the order of an answer, which
 * servers rotate, plays no part.  One host and port over UDP and TCP is one
 * KDC with transport auto.  Reorders the records.
 */
void sg_kdc_records_list(struct sg_kdc_records *records,
                         struct sg_kdc_list *ret);

#endif

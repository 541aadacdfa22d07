/*
 * A DNS message to the records of KDCs in it.  Pure.
 */
#ifndef SG_PROBE_KDC_ANSWER_H
#define SG_PROBE_KDC_ANSWER_H

#include "probe/kdc_records.h"

/* <arpa/nameser.h> has no name for URI (RFC 7553) everywhere. */
#define SG_DNS_SRV 33
#define SG_DNS_URI 256

/*
 * Add the SRV records of an answer, for that transport; its URI records if it
 * is auto.  ARES_SUCCESS if there is any, ARES_ENODATA if not, or why the bytes
 * are no answer: then records are left alone.
 */
int sg_kdc_answer_read(const unsigned char *bytes, int len,
                       enum sg_transport transport,
                       struct sg_kdc_records *records);

#endif

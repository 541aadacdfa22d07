/*
 * Who says so: what the sources of a realm read at this moment, in short.
 */
#ifndef SG_REPORT_EVIDENCE_H
#define SG_REPORT_EVIDENCE_H

#include "base/buf.h"
#include "core/status.h"
#include "report/present.h"

/*
 * A few lines, one source each, worst first: those of the realm and those of
 * none; of all realms if realm is -1.
 */
void sg_evidence_add(struct sg_buf *buf, const struct sg_status *status,
                     const struct sg_present *present, int realm);

#endif

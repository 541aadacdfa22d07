/*
 * What to do, step by step, with the commands to type.
 */
#ifndef SG_REPORT_REMEDY_H
#define SG_REPORT_REMEDY_H

#include "base/buf.h"
#include "core/alert.h"
#include "core/status.h"
#include "report/present.h"

/* Numbered steps, whole lines; nothing if there is nothing to do. */
void sg_remedy_add(struct sg_buf *buf, const struct sg_alert *alert,
                   const struct sg_status *status,
                   const struct sg_present *present);

#endif

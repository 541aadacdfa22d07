/*
 * Alerts in words: generated from the thresholds and measurements in force,
 * with seconds, direction, limit, cause, evidence and remedy, so that nobody
 * has to look anything up at three in the morning.
 */
#ifndef SG_REPORT_ALERT_H
#define SG_REPORT_ALERT_H

#include "base/buf.h"
#include "core/alert.h"
#include "core/status.h"
#include "report/present.h"

/*
 * One line, printable ASCII, for the log and as a mail's subject (which gets
 * "[host] " in front): "EXAMPLE.ORG: exceeded: this host is 400.0 s behind,
 * limit 300 s; its own clock is wrong".  No newline at its end.
 */
void sg_alert_add_subject(struct sg_buf *buf, const struct sg_alert *alert,
                          const struct sg_status *status,
                          const struct sg_present *present);

/* Whole lines of less than 80 columns, printable ASCII. */
void sg_alert_add_body(struct sg_buf *buf, const struct sg_alert *alert,
                       const struct sg_status *status,
                       const struct sg_present *present);

#endif

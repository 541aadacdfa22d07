/*
 * What subject and body of an alert both say: whom it is about, how bad it is,
 * and the one sentence with seconds, direction and limit.
 */
#ifndef SG_REPORT_ALERT_FACTS_H
#define SG_REPORT_ALERT_FACTS_H

#include <stdbool.h>

#include "base/buf.h"
#include "core/alert.h"
#include "core/status.h"
#include "report/present.h"

/* Names from outside are cut there, so that the rest finds its place. */
#define SG_ALERT_NAME_COLUMNS 80

/* The realm that it is about, of those that are watched; -1: none. */
int sg_alert_realm(const struct sg_alert *alert,
                   const struct sg_status *status);

/* Is it about something that lasts, and of which a recovery is told?  Else it
 * is an event, and over. */
bool sg_alert_lasts(const struct sg_alert *alert);

/* The NTP server that is furthest off among those that are not believed, as an
 * index in sources; -1: none is. */
int sg_alert_liar(const struct sg_status *status,
                  const struct sg_present *present);

/* "KDC das-m", or the realm's name where none is known. */
void sg_alert_add_reference(struct sg_buf *buf, const struct sg_status *status,
                            int realm);

/* "EXAMPLE.ORG", "EXAMPLE.ORG and 2 more realms" */
void sg_alert_add_name(struct sg_buf *buf, const struct sg_alert *alert,
                       const struct sg_status *status);

/* "exceeded (was warn)", "still warn after 2 d", "recovered after 2 h, at worst
 * exceeded" */
void sg_alert_add_level(struct sg_buf *buf, const struct sg_alert *alert);

/*
 * "this host is 400 s behind KDC das-m, 133 % of the limit of 300 s"; where the
 * others are wrong it is told of them: "KDC das-m is 400 s ahead of this host,
 * ..."; and how far that is known, where nothing is measured or proven.
 */
void sg_alert_add_fact(struct sg_buf *buf, const struct sg_status *status,
                       const struct sg_present *present, int realm);

/* "the limit of 300 s cannot be reached before 2026-01-03T14:00:00Z"; nothing
 * if that is not known, or the skew is. */
void sg_alert_add_holdover(struct sg_buf *buf, const struct sg_status *status,
                           const struct sg_present *present, int realm);

/* What happened, of the topics that are no realm's. */
void sg_alert_add_event(struct sg_buf *buf, const struct sg_alert *alert,
                        const struct sg_status *status,
                        const struct sg_present *present);

#endif

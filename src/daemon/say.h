/*
 * Saying what happened, with the facts as fields for the journal.
 * docs/ALERTS.md has the table of severities and message ids, and
 * systemd/skewguard.catalog what "journalctl -x" tells of each.
 */
#ifndef SG_DAEMON_SAY_H
#define SG_DAEMON_SAY_H

#include "alert/record.h"
#include "core/alert.h"
#include "core/engine.h"

void sg_say_event(const struct sg_event *event);

/* The words are those of the record. */
void sg_say_alert(const struct sg_alert *alert, const struct sg_record *record);

#endif

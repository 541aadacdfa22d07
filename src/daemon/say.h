/*
 * Saying what happened, with the facts: to the journal as fields where the
 * journal is our log, else as a line like all others.  docs/ALERTS.md has the
 * table of severities and message ids.
 */
#ifndef SG_DAEMON_SAY_H
#define SG_DAEMON_SAY_H

#include <stdbool.h>

#include "alert/record.h"
#include "core/alert.h"
#include "core/engine.h"

/* has_journal: stderr is the journal, so what is logged ends there. */
void sg_say_init(bool has_journal);

void sg_say_event(const struct sg_event *event);

/* The words are those of the record. */
void sg_say_alert(const struct sg_alert *alert, const struct sg_record *record);

#endif

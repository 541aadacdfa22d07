/*
 * A line of the journal, as journal.h describes it, in memory and as text.
 */
#ifndef SG_MAILER_JOURNAL_LINE_H
#define SG_MAILER_JOURNAL_LINE_H

#include <stdbool.h>

#include "alert/record.h"
#include "base/buf.h"
#include "mailer/journal.h"

struct sg_journal_line {
    char id[SG_ALERT_ID_MAX];
    unsigned number;
    struct sg_progress progress;
    char *channel; /* its own; NULL: the alert is finished */
};

/* With its end. */
void sg_journal_line_add(const struct sg_journal_line *line,
                         struct sg_buf *ret);

/* Text without its end; false: it is no such line.  *channel, NULL if the alert
 * is finished, points into text, and ret has none of its own. */
bool sg_journal_line_read(const char *text, struct sg_journal_line *ret,
                          const char **channel);

#endif

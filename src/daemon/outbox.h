/*
 * Alerts on their way into the spool, and the file that remembers them: what
 * the policy has told (its text is not ours to read), and the records that may
 * not have arrived yet.
 *
 * The file is written first.  Whoever is killed after that puts them into the
 * spool at his next start, where one that arrived before is recognised.
 */
#ifndef SG_DAEMON_OUTBOX_H
#define SG_DAEMON_OUTBOX_H

#include <stdbool.h>

#include "alert/record.h"
#include "base/buf.h"
#include "base/err.h"

struct sg_outbox;

/* NULL if memory runs out. */
struct sg_outbox *sg_outbox_new(const char *state_directory);

/* Accepts NULL. */
void sg_outbox_free(struct sg_outbox *outbox);

/* Copies the record; there is memory for one at least. */
void sg_outbox_add(struct sg_outbox *outbox, const struct sg_record *record);

/*
 * The policy's text, appended to ret, and the records of an earlier run.
 * -ENOENT if there was none; another negative errno with a reason if the file
 * is damaged or cannot be read, which then counts for nothing; -ENOMEM says
 * nothing about the file.
 */
int sg_outbox_load(struct sg_outbox *outbox, struct sg_buf *ret,
                   struct sg_err *err);

/* Before the file of an earlier run, which counts for nothing, is replaced:
 * give it another name, which ret gets the last part of; "" if that cannot be.
 */
void sg_outbox_set_aside(const struct sg_outbox *outbox, char ret[16]);

/* Keep text and records, on disk before this returns.  Failing is logged once,
 * and tried again. */
void sg_outbox_save(struct sg_outbox *outbox, const struct sg_buf *text);

/* Put into the spool what can be put there; what cannot is logged once. */
void sg_outbox_flush(struct sg_outbox *outbox);

/* Is there something that could not be saved or put into the spool? */
bool sg_outbox_is_behind(const struct sg_outbox *outbox);

#endif

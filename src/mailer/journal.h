/*
 * What is delivered already, on disk, so that neither a restart nor a kill at
 * any moment loses an alert or tells it twice.
 *
 * Memory is what counts while the program runs.  Where the disk is full or may
 * not be written, everything goes on, and the file is brought up to date as
 * soon as it can be.
 *
 * Text form: the line "skewguard-journal=1", then one line for each change, the
 * later one counts: "done|given-up|tried ID NUMBER FAILED REFUSED_S/WAITED_S
 * CHANNEL", and "finished ID NUMBER" for what is over on all channels.  Lines
 * that are nothing of that are ignored: any may be half written, so that what
 * is added begins with a line end of its own.
 */
#ifndef SG_MAILER_JOURNAL_H
#define SG_MAILER_JOURNAL_H

#include <stdbool.h>

#include "alert/spool.h"
#include "base/err.h"

/* Below the spool. */
#define SG_JOURNAL_NAME "journal"

/* So many alerts are remembered after they are finished. */
#define SG_JOURNAL_FINISHED_MAX 2000

enum sg_progress_state {
    SG_PROGRESS_TRIED, /* or not even that */
    SG_PROGRESS_DONE,
    SG_PROGRESS_GIVEN_UP,
    SG_PROGRESS_STATE_COUNT
};

/* Of one alert on one channel. */
struct sg_progress {
    enum sg_progress_state state;
    unsigned failed;  /* so often a hook failed */
    double refused_s; /* so long it has been refused, while we were running */
    double waited_s;  /* the same for whatever did not get through */
};

struct sg_journal;

/* NULL if memory runs out. */
struct sg_journal *sg_journal_new(void);

/* Accepts NULL. */
void sg_journal_free(struct sg_journal *journal);

/*
 * Take over what the folder's journal holds, and go on writing there.  One that
 * is no journal is set aside as "journal.bad", which *set_aside is told.  A
 * negative errno with a reason if it cannot be read.
 */
int sg_journal_open(struct sg_journal *journal, const char *folder,
                    bool *set_aside, struct sg_err *err);

/* All zero if nothing is known. */
struct sg_progress sg_journal_get(const struct sg_journal *journal,
                                  const struct sg_spool_entry *alert,
                                  const char *channel);

/*
 * Remember it.  A negative errno with a reason if it is not on disk when this
 * returns.
 */
int sg_journal_put(struct sg_journal *journal,
                   const struct sg_spool_entry *alert, const char *channel,
                   const struct sg_progress *progress, struct sg_err *err);

/*
 * For the process that delivers: write at once that these are done, whether or
 * not somebody is left to put it.  What cannot be written is left to that.
 */
void sg_journal_note_done(const char *folder,
                          const struct sg_spool_entry *alerts, int n,
                          const char *channel);

/* The alert is over on all channels; the same as for put. */
int sg_journal_finish(struct sg_journal *journal,
                      const struct sg_spool_entry *alert, struct sg_err *err);

bool sg_journal_is_finished(const struct sg_journal *journal,
                            const struct sg_spool_entry *alert);

/* Forget what became of alerts that are not in the spool any more. */
void sg_journal_prune(struct sg_journal *journal,
                      const struct sg_spool_list *spool);

/* Bring the file up to date if it is not; the same as for put. */
int sg_journal_flush(struct sg_journal *journal, struct sg_err *err);

#endif

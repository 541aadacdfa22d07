/*
 * What is to be delivered next, and when again after a failure.  Pure: no
 * clock, no file; time and chance come in as arguments.
 *
 * The alerts of one cause on one channel are a lane: they go in order, and what
 * fails there waits there, while other causes and other channels go on.
 */
#ifndef SG_MAILER_QUEUE_H
#define SG_MAILER_QUEUE_H

#include <stdbool.h>

#include "alert/spool.h"
#include "base/instant.h"
#include "mailer/channel.h"
#include "mailer/journal.h"
#include "mailer/result.h"

/* So many alerts of one cause go out in one mail. */
#define SG_BATCH_MAX 20
/* So many attempts at a time on one channel: one that hangs does not hold up
 * the next cause. */
#define SG_ATTEMPTS_MAX 3

#define SG_RETRY_FIRST_S 30.0
#define SG_RETRY_MAX_S 3600.0
/* What is refused for so long is given up. */
#define SG_REFUSED_MAX_S (5 * 86400.0)
/* And so is, after so long, what did not get through for whatever reason: one
 * channel that is dead for ever must not fill the spool for the others. */
#define SG_WAITED_MAX_S (30 * 86400.0)
/* A hook that ends with a failure of its own is started at least so often, and
 * for so long. */
#define SG_FAILED_MAX 5
#define SG_FAILED_MAX_S 3600.0
/* A test that nobody waits for any more is given up with the first attempt
 * after so long, which is the 8th, about an hour after the first one. */
#define SG_TEST_WAITED_MAX_S 2700.0

/* Alerts of one cause to be delivered together through one channel. */
struct sg_batch {
    struct sg_channel channel;
    int n;
    struct sg_spool_entry alerts[SG_BATCH_MAX]; /* in order */
};

/* What came of a batch, for the log. */
struct sg_settled {
    bool is_news;     /* the first failure of the channel, or in other words
                         than the last one */
    double retry_s;   /* the next attempt, after a failure */
    int n_given_up;   /* alerts of the batch that are not tried any more */
    bool is_recovery; /* the channel works again ... */
    double failed_s;  /* ... after so long */
};

struct sg_queue;

/* NULL if memory runs out. */
struct sg_queue *sg_queue_new(void);

/* Accepts NULL. */
void sg_queue_free(struct sg_queue *queue);

/* What is remembered of an alert on a channel that comes, perhaps again. */
typedef struct sg_progress sg_queue_known(const void *arg,
                                          const struct sg_spool_entry *alert,
                                          const char *label);

/* What is known of channels that stay, and of what runs on them, is kept; for
 * the others known is asked. */
void sg_queue_set_channels(struct sg_queue *queue,
                           const struct sg_channel *channels, int n,
                           sg_queue_known *known, const void *arg,
                           struct sg_raw now);

/* After that: this batch is under way, and its channel may be back. */
void sg_queue_set_busy(struct sg_queue *queue, const struct sg_batch *batch);

/*
 * An alert to be delivered now.  progress has an element for each channel.
 * False if memory runs out.  One that is there already is left alone.
 */
bool sg_queue_add(struct sg_queue *queue, const struct sg_spool_entry *alert,
                  bool is_test, const struct sg_progress *progress,
                  struct sg_raw now);

bool sg_queue_has(const struct sg_queue *queue,
                  const struct sg_spool_entry *alert);

/* Forget the alerts that are not in the spool any more. */
void sg_queue_prune(struct sg_queue *queue, const struct sg_spool_list *spool);

/* The next batch that is due; false: there is none. */
bool sg_queue_next(struct sg_queue *queue, struct sg_raw now,
                   struct sg_batch *ret);

/* Seconds until something is due that is not yet; negative: nothing will be.
 * What waits only for a running attempt does not count. */
double sg_queue_wait_s(const struct sg_queue *queue, struct sg_raw now);

/*
 * A batch came to its end.  random is even in [0, 1).  progress is told what to
 * remember of each alert of the batch; false: the channel is none any more.
 */
bool sg_queue_settle(struct sg_queue *queue, const struct sg_batch *batch,
                     const struct sg_result *result, struct sg_raw now,
                     double random, struct sg_progress progress[SG_BATCH_MAX],
                     struct sg_settled *ret);

/* An alert that is over on all channels and is taken out of the queue with
 * this; false: none, or there is no channel. */
bool sg_queue_take_finished(struct sg_queue *queue, struct sg_spool_entry *ret);

/* Everything that waits for its next attempt is due now, and what is under way
 * once more should it fail. */
void sg_queue_hurry(struct sg_queue *queue, struct sg_raw now);

/* Alerts in it. */
int sg_queue_count(const struct sg_queue *queue);

#endif

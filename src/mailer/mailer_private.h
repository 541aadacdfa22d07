/*
 * What the parts of the mailer share: its set-up and signals in mailer.c, the
 * folder in spoolwatch.c and notice.c, attempts in deliver.c and what is said
 * of them in tell.c.
 */
#ifndef SG_MAILER_MAILER_PRIVATE_H
#define SG_MAILER_MAILER_PRIVATE_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "alert/receipt.h"
#include "alert/record.h"
#include "alert/spool.h"
#include "mailer/job.h"
#include "mailer/journal.h"
#include "mailer/mailer.h"
#include "mailer/queue.h"
#include "mailer/result.h"
#include "setup/config.h"

struct event;
struct event_base;

#define SG_SPOOL_PATH_MAX (SG_PATH_MAX + sizeof "/" SG_SPOOL_FOLDER)
/* Below the spool; its first byte is locked as long as the mailer lives, and
 * its second one is shared by those that deliver mail: they may outlive a
 * mailer, and the next one waits for them. */
#define SG_MAILER_LOCK "mailer.lock"
#define SG_MAILER_LOCK_PATH_MAX (SG_SPOOL_PATH_MAX + sizeof "/" SG_MAILER_LOCK)
/* The receipts of so many tests are kept. */
#define SG_TESTS_MAX 8

/* A batch on its way. */
struct sg_delivery {
    LIST_ENTRY(sg_delivery) link;
    struct sg_mailer *mailer;
    struct sg_batch batch;
    struct sg_record *records; /* batch.n of them, until the child has them */
    bool is_smtp;
    char program[SG_PATH_MAX]; /* sendmail's, or the hook's */
    struct sg_job *job;
};

struct sg_test {
    char id[SG_ALERT_ID_MAX]; /* empty: none */
    struct sg_receipt receipt;
};

struct sg_mailer {
    struct sg_mailer_options options;
    struct event_base *base;
    struct sg_config *config;
    struct sg_queue *queue;
    struct sg_journal *journal;
    LIST_HEAD(, sg_delivery) deliveries;

    char folder[SG_SPOOL_PATH_MAX];
    int lock;                      /* -1: the spool is not ours at the moment */
    int inotify;                   /* -1: there is none */
    char trouble[SG_ERR_TEXT_MAX]; /* what was last said about the spool */

    /* events, freed together */
    struct event *notice; /* inotify has something */
    struct event *look;   /* at the spool */
    struct event *pump;   /* start what is due */
    struct event *stop;   /* the patience with running attempts is over */
    struct event *signals[5];

    int n_tests; /* ever */
    struct sg_test tests[SG_TESTS_MAX];

    bool is_stopping;
    int exit_status;
};

/* ---- spoolwatch.c ---- */

/* Take the spool: 0, -EAGAIN if another mailer has it, or another negative
 * errno if it cannot be had now; with a reason. */
int sg_mailer_take_spool(struct sg_mailer *mailer, struct sg_err *err);
void sg_mailer_leave_spool(struct sg_mailer *mailer);

/* In a child: from now on the next mailer waits for it, and the mailer's end
 * does not end it.  False: it is killed with the mailer, as before. */
bool sg_mailer_share_lock(const struct sg_mailer *mailer);

/* Look at it now, and when to look again. */
void sg_mailer_look(struct sg_mailer *mailer);
void sg_mailer_on_look(int fd, short what, void *mailer);

/* Look in wait_s, but for trouble, which goes at its own pace. */
void sg_mailer_look_soon(struct sg_mailer *mailer, double wait_s);

/* What stands in the way of the spool is said when it begins, when it changes
 * and when it ends (NULL). */
void sg_mailer_say_trouble(struct sg_mailer *mailer, const char *trouble);

/* ---- notice.c ---- */

/* Look as soon as an alert comes or the folder goes.  Without inotify the slow
 * timer remains, and mailer->inotify is -1. */
void sg_mailer_watch(struct sg_mailer *mailer);
void sg_mailer_unwatch(struct sg_mailer *mailer);

/* ---- deliver.c ---- */

/* Start what is due, and clear away what is finished. */
void sg_mailer_pump(struct sg_mailer *mailer);
void sg_mailer_on_pump(int fd, short what, void *mailer);

/* Some child has ended. */
void sg_mailer_reap(struct sg_mailer *mailer);

/* What is under way counts as not delivered and is ended, but for what shares
 * the lock: it may have been taken already, and notes that itself. */
void sg_mailer_let_go(struct sg_mailer *mailer);

/* ---- tell.c ---- */

/* The log. */
void sg_mailer_tell(const struct sg_batch *batch,
                    const struct sg_result *result,
                    const struct sg_settled *settled);

/* A test alert's receipt: that it is there, and what came of an attempt. */
void sg_mailer_begin_receipt(struct sg_mailer *mailer,
                             const struct sg_spool_entry *alert,
                             const struct sg_progress *progress);
void sg_mailer_keep_receipt(struct sg_mailer *mailer,
                            const struct sg_batch *batch,
                            const struct sg_result *result,
                            const struct sg_settled *settled);

#endif

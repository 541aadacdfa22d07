/*
 * A child process that delivers.
 *
 * Each attempt is a process of its own, for SMTP as well: name look-ups, TLS
 * and somebody else's program may block, hang or crash there, and nothing of
 * that reaches the other channels.  What it is to read is whole before it
 * starts, so that a mailer that is killed never leaves half a message behind.
 * It is killed with the mailer, unless it arranges for something else.
 */
#ifndef SG_MAILER_JOB_H
#define SG_MAILER_JOB_H

#include <stdbool.h>

#include "base/err.h"

struct event_base;

#define SG_JOB_OUTPUT_MAX 2048
/* Between asking a process to end and ending it. */
#define SG_JOB_GRACE_S 5.0

struct sg_job;

/* Runs in the child, in the root folder, with the signals' default actions, and
 * its standard output and error read by the parent.  Returns the exit status.
 */
typedef int sg_job_child(const void *arg);

/* What became of it.  The job is freed after this returns. */
struct sg_job_end {
    bool is_timeout;
    int status;                     /* as of waitpid(2) */
    char output[SG_JOB_OUTPUT_MAX]; /* its beginning */
};
typedef void sg_job_on_end(void *arg, const struct sg_job_end *end);

/*
 * Start it in a process group of its own, which is asked to end after limit_s.
 * NULL with a reason.  child_arg is lent to the child.
 */
struct sg_job *sg_job_start(struct event_base *base, double limit_s,
                            sg_job_child *child, const void *child_arg,
                            sg_job_on_end *on_end, void *arg,
                            struct sg_err *err);

/* After a SIGCHLD: calls on_end and frees the job if it has ended.  Whether it
 * has. */
bool sg_job_reap(struct sg_job *job);

/* End it at once, without calling anybody, and free it. */
void sg_job_kill(struct sg_job *job);

/* Leave it to itself, and free what is known of it. */
void sg_job_leave(struct sg_job *job);

#endif

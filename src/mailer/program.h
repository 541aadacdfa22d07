/*
 * Other people's programs that deliver: sendmail(8) and hooks.  Each runs
 * without a shell, in an environment that holds what is said here and nothing
 * else, and reads a text that is complete before it starts.
 */
#ifndef SG_MAILER_PROGRAM_H
#define SG_MAILER_PROGRAM_H

#include "alert/record.h"
#include "base/buf.h"
#include "mailer/job.h"
#include "mailer/result.h"

/* When sendmail(8) and the process that waits for it are killed at the latest,
 * also if no mailer is left to do so. */
#define SG_SENDMAIL_WHOLE_S 75

/* It has taken the mail. */
typedef void sg_program_done(const void *arg);

/* In the child: start sendmail(8), wait for its end, call done if that is good,
 * and return its exit status or end by its signal.  Words are on standard
 * output.  It is not become, since it may be set-user-ID: such a program loses
 * what would tell it of the mailer's end. */
int sg_program_sendmail(const char *path, const char *from, const char *to,
                        const struct sg_buf *text, sg_program_done *done,
                        const void *arg);

/* In the child: become a hook, with the record's facts in its environment and
 * its body as standard input.  Returns, with
 * an exit status and words on standard output, only if it cannot be started. */
int sg_program_hook(const char *path, const struct sg_record *record);

/* What their end means. */
void sg_program_judge_sendmail(const char *path, const struct sg_job_end *end,
                               struct sg_result *ret);
void sg_program_judge_hook(const struct sg_job_end *end, struct sg_result *ret);

#endif

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

/* In the child: become sendmail(8).  Returns, with an exit status and words on
 * standard output, only if it cannot be started. */
int sg_program_sendmail(const char *path, const char *from, const char *to,
                        const struct sg_buf *text);

/* In the child: become a hook, with the record's facts in its environment and
 * its body as standard input.  The same. */
int sg_program_hook(const char *path, const struct sg_record *record);

/* What their end means. */
void sg_program_judge_sendmail(const char *path, const struct sg_job_end *end,
                               struct sg_result *ret);
void sg_program_judge_hook(const struct sg_job_end *end, struct sg_result *ret);

#endif

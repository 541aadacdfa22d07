/*
 * Log lines.  Only programs log (daemon, cli, clockd, mailer); layers below
 * return reasons.  The levels are those of syslog(3).
 *
 * A log that hangs holds nobody up, which syslog(3) would: see base/post.h.
 * Who has lost lines is told, once it listens again.
 */
#ifndef SG_BASE_LOG_H
#define SG_BASE_LOG_H

#include <syslog.h>

#include "base/buf.h"

enum sg_log_sink {
    SG_LOG_STDERR,  /* "skewguardd: text", one line each */
    SG_LOG_JOURNAL, /* systemd's, by its own protocol */
    SG_LOG_BOTH,    /* the system log, facility daemon, gets notices and worse;
                       stderr everything */
};

/*
 * program is kept, not copied.  Lines above max_level (LOG_DEBUG is the
 * largest) are dropped.
 */
void sg_log_init(const char *program, enum sg_log_sink sink, int max_level);

/* The same as suits a service: SG_LOG_BOTH, or SG_LOG_JOURNAL where standard
 * error is the journal, which would get everything twice. */
void sg_log_init_service(const char *program);

/* Names come from outside: of the text only what is printable in UTF-8 stays,
 * each other byte becomes '?'. */
void sg_log(int level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Add "KEY=value", made printable like a line, to what is told beside one. */
void sg_log_add_field(struct sg_buf *fields, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The text with its fields, which only the journal keeps. */
void sg_log_with(int level, const struct sg_buf *fields, const char *text);

/* Send what a log that hung did not take: to be called now and then. */
void sg_log_flush(void);

#endif

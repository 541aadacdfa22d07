/*
 * Log lines.  Only programs log (daemon, cli, clockd, mailer); layers below
 * return reasons.  The levels are those of syslog(3).
 */
#ifndef SG_BASE_LOG_H
#define SG_BASE_LOG_H

#include <syslog.h>

enum sg_log_sink {
    SG_LOG_STDERR, /* "skewguardd: text", one line each */
    SG_LOG_SYSLOG, /* syslog(3), facility daemon */
    SG_LOG_BOTH,   /* syslog gets notices and worse, stderr everything */
};

/*
 * program is kept, not copied.  Lines above max_level (LOG_DEBUG is the
 * largest) are dropped.
 */
void sg_log_init(const char *program, enum sg_log_sink sink, int max_level);

/* Control characters in the text are replaced by '?': names come from outside.
 */
void sg_log(int level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

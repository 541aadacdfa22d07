#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static const char *program_name = "skewguard";
static enum sg_log_sink log_sink = SG_LOG_STDERR;
static int log_max_level = LOG_INFO;

void
sg_log_init(const char *program, enum sg_log_sink sink, int max_level)
{
    program_name = program;
    log_sink = sink;
    log_max_level = max_level;
    if (sink != SG_LOG_STDERR)
        openlog(program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
sg_log(int level, const char *format, ...)
{
    char line[1024];
    va_list args;

    if (level > log_max_level)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    if (log_sink == SG_LOG_SYSLOG ||
        (log_sink == SG_LOG_BOTH && level <= LOG_NOTICE))
        syslog(level, "%s", line);
    if (log_sink != SG_LOG_SYSLOG)
        fprintf(stderr, "%s: %s\n", program_name, line);
}

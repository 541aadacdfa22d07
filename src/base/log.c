#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/post.h"
#include "base/printable.h"

#define LINE_MAX_BYTES 1024

static const char *program_name = "skewguard";
static enum sg_log_sink log_sink = SG_LOG_STDERR;
static int log_max_level = LOG_INFO;
static struct sg_post to_syslog = SG_POST_INIT("/dev/log");
static struct sg_post to_journal = SG_POST_INIT("/run/systemd/journal/socket");

void
sg_log_init(const char *program, enum sg_log_sink sink, int max_level)
{
    program_name = program;
    log_sink = sink;
    log_max_level = max_level;
}

/* JOURNAL_STREAM is inherited by programs that write elsewhere, too: see
 * systemd.exec(5). */
static bool
stderr_is_journal(void)
{
    const char *journal = getenv("JOURNAL_STREAM");
    char text[64];
    struct stat st;

    if (!journal || fstat(STDERR_FILENO, &st) < 0)
        return false;
    snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev,
             (uintmax_t)st.st_ino);
    return strcmp(text, journal) == 0;
}

void
sg_log_init_service(const char *program)
{
    /* a service in a folder of its own may reach stderr alone */
    bool has_journal = stderr_is_journal() && sg_post_is_open(&to_journal);

    sg_log_init(program, has_journal ? SG_LOG_JOURNAL : SG_LOG_BOTH, LOG_INFO);
}

/* ---- where it goes ---- */

static void
send_to_syslog(int level, const char *text)
{
    char line[LINE_MAX_BYTES + 128], date[32];
    time_t now = time(NULL);
    struct tm tm;
    int len;

    /* as syslog(3) has it: RFC 3164, 4.1 without the host */
    strftime(date, sizeof date, "%b %e %T", localtime_r(&now, &tm));
    len = snprintf(line, sizeof line, "<%d>%s %s[%d]: %s", LOG_DAEMON | level,
                   date, program_name, (int)getpid(), text);
    sg_post_send(&to_syslog, line, (size_t)len);
}

static void
send_to_journal(int level, const struct sg_buf *fields, const char *text)
{
    struct sg_buf entry = SG_BUF_INIT;

    sg_buf_add(&entry,
               "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_FACILITY=%d\n"
               "SYSLOG_IDENTIFIER=%s\n",
               text, level, LOG_DAEMON >> 3, program_name);
    if (fields && fields->len > 0)
        sg_buf_add_bytes(&entry, fields->text, fields->len);
    if (entry.failed)
        to_journal.lost++;
    else
        sg_post_send(&to_journal, entry.text, entry.len);
    sg_buf_free(&entry);
}

static void
write_line(int level, const struct sg_buf *fields, const char *text)
{
    if (log_sink == SG_LOG_JOURNAL) {
        send_to_journal(level, fields, text);
        return;
    }
    if (log_sink == SG_LOG_BOTH && level <= LOG_NOTICE)
        send_to_syslog(level, text);
    fprintf(stderr, "%s: %s\n", program_name, text);
}

/* A gap is told where it was: after what was kept, before what comes now. */
void
sg_log_flush(void)
{
    struct sg_post *posts[] = {&to_syslog, &to_journal};
    char text[128];

    for (int i = 0; i < 2; i++) {
        unsigned lost = posts[i]->lost;

        if (!sg_post_flush(posts[i]) || lost == 0)
            continue;
        posts[i]->lost = 0;
        snprintf(text, sizeof text,
                 "log: %u line%s lost: the system's log did not take %s", lost,
                 lost == 1 ? "" : "s", lost == 1 ? "it" : "them");
        write_line(LOG_WARNING, NULL, text);
    }
}

/* ---- lines ---- */

void
sg_log_with(int level, const struct sg_buf *fields, const char *text)
{
    char line[LINE_MAX_BYTES];

    if (level > log_max_level)
        return;
    snprintf(line, sizeof line, "%s", text);
    sg_printable(line);
    sg_log_flush();
    write_line(level, fields, line);
}

void
sg_log(int level, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sg_log_with(level, NULL, line);
}

void
sg_log_add_field(struct sg_buf *fields, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sg_printable(line);
    sg_buf_add(fields, "%s\n", line);
}

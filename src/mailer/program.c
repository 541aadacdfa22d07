#include "mailer/program.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define PATH_SETTING                                                           \
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
/* As a shell says of what it cannot start. */
#define EXIT_CANNOT_START 127
#define SETTINGS_MAX 20

/* ---- in the child ---- */

static int
tell_errno(const char *what, int status)
{
    printf("%s: %s\n", what, strerror(errno));
    fflush(stdout);
    return status;
}

/*
 * In memory rather than through a pipe: the reader finds an end of file only
 * where the text ends, whatever happens to us.
 */
static bool
be_input(const char *text, size_t len)
{
    int fd = memfd_create("skewguard-alert", 0);

    while (fd >= 0 && len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return fd >= 0 && lseek(fd, 0, SEEK_SET) == 0 &&
           dup2(fd, STDIN_FILENO) >= 0 && close(fd) == 0;
}

static int
become(char *const argv[], char *const environment[], const char *text,
       size_t len)
{
    if (!be_input(text, len))
        return tell_errno("no memory for the text", EX_TEMPFAIL);
    execve(argv[0], argv, environment);
    return tell_errno(argv[0], EXIT_CANNOT_START);
}

static int
become_sendmail(const char *path, const char *from, const char *to,
                const struct sg_buf *text)
{
    static char i[] = "-i", f[] = "-f", end[] = "--", settings[] = PATH_SETTING;
    char *words[] = {strdup(path), strdup(from), strdup(to)};
    char *argv[] = {words[0], i, f, words[1], end, words[2], NULL};
    char *environment[] = {settings, NULL};

    if (!words[0] || !words[1] || !words[2])
        return tell_errno("sendmail", EX_TEMPFAIL);
    return become(argv, environment, text->text, text->len);
}

/* Nobody else may be left to end it. */
static void
on_alarm(int number)
{
    (void)number;
    kill(0, SIGKILL);
}

/* End as it did: with its status, or by its signal. */
static int
end_like(int status)
{
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return EX_TEMPFAIL;
}

int
sg_program_sendmail(const char *path, const char *from, const char *to,
                    const struct sg_buf *text, sg_program_done *done,
                    const void *arg)
{
    pid_t pid = fork();
    int status;

    if (pid < 0)
        return tell_errno("no process", EX_TEMPFAIL);
    if (pid == 0) {
        signal(SIGTERM, SIG_DFL);
        signal(SIGPIPE, SIG_DFL);
        _exit(become_sendmail(path, from, to, text));
    }
    signal(SIGALRM, on_alarm);
    alarm(SG_SENDMAIL_WHOLE_S);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return tell_errno("sendmail", EX_TEMPFAIL);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        done(arg);
    return end_like(status);
}

struct settings {
    int n;
    bool failed;
    char *lines[SETTINGS_MAX + 1]; /* the last one is NULL */
};

static void __attribute__((format(printf, 2, 3)))
add(struct settings *settings, const char *format, ...)
{
    char *line = NULL;
    va_list args;

    va_start(args, format);
    if (settings->n >= SETTINGS_MAX || vasprintf(&line, format, args) < 0)
        settings->failed = true;
    else
        settings->lines[settings->n++] = line;
    va_end(args);
}

/* "2026-11-22T14:00:00.123Z" */
static void
add_time(struct settings *settings, const char *name, struct sg_wall at)
{
    time_t seconds = (time_t)(at.ns / 1000000000);
    int ms = (int)(at.ns / 1000000 % 1000);
    char text[40];
    struct tm parts;

    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    add(settings, "%s=%s.%03dZ", name, text, ms);
}

static void
add_facts(struct settings *settings, const struct sg_record *record)
{
    add(settings, PATH_SETTING);
    add(settings, "SKEWGUARD_ID=%s", record->id);
    add(settings, "SKEWGUARD_NUMBER=%u", record->number);
    add(settings, "SKEWGUARD_TOPIC=%s", sg_alert_topic_names[record->topic]);
    add(settings, "SKEWGUARD_PHASE=%s", sg_alert_phase_names[record->phase]);
    add(settings, "SKEWGUARD_LEVEL=%s", sg_alert_level_names[record->level]);
    add(settings, "SKEWGUARD_SEVERITY=%d", record->severity);
    add(settings, "SKEWGUARD_HOST=%s", record->host);
    add(settings, "SKEWGUARD_REALM=%s", record->realm);
    add(settings, "SKEWGUARD_BLAME=%s", sg_blame_name(record->blame));
    add(settings, "SKEWGUARD_SUBJECT=%s", record->subject);
    if (record->has_offset) {
        add(settings, "SKEWGUARD_OFFSET_S=%.6f", record->offset_s);
        add(settings, "SKEWGUARD_LIMIT_S=%.6f", record->limit_s);
    }
    add_time(settings, "SKEWGUARD_HOST_TIME", record->host_time);
    if (record->has_true_time)
        add_time(settings, "SKEWGUARD_TRUE_TIME", record->true_time);
}

int
sg_program_hook(const char *path, const struct sg_record *record)
{
    struct settings settings = {0};
    char *argv[] = {strdup(path), NULL};

    add_facts(&settings, record);
    if (settings.failed || !argv[0])
        /* this process ends
         * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        return tell_errno("hook", EX_TEMPFAIL);
    return become(argv, settings.lines, record->body, strlen(record->body));
}

/* ---- what their end means ---- */

/* ": what it said", or nothing. */
static const char *
said(const struct sg_job_end *end, char text[SG_WORDS_MAX])
{
    strcpy(text, ": ");
    sg_result_clean(end->output, text + 2, SG_WORDS_MAX - 2);
    return text[2] ? text : "";
}

/* It is no program, or cannot be one now: our own child says so, with words, in
 * place of it. */
static bool
cannot_start(const struct sg_job_end *end, char text[SG_WORDS_MAX])
{
    sg_result_clean(end->output, text, SG_WORDS_MAX);
    return WEXITSTATUS(end->status) == EXIT_CANNOT_START && text[0];
}

/* False: it ended by itself, with an exit status. */
static bool
judge_violence(const struct sg_job_end *end, const char *what,
               struct sg_result *ret)
{
    char text[SG_WORDS_MAX];

    if (WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0)
        return false; /* well, and be it at the last moment */
    if (end->is_timeout)
        sg_result_set(ret, SG_RESULT_LATER,
                      "%sended after 60 s without an "
                      "end of its own%s",
                      what, said(end, text));
    else if (WIFSIGNALED(end->status))
        sg_result_set(ret, SG_RESULT_LATER, "%sended by signal %d (%s)%s", what,
                      WTERMSIG(end->status), strsignal(WTERMSIG(end->status)),
                      said(end, text));
    else
        return false;
    return true;
}

/* sysexits.h: what will be the same the next time. */
static bool
is_refusal(int status)
{
    return status == EX_USAGE || status == EX_DATAERR || status == EX_NOUSER ||
           status == EX_NOHOST || status == EX_NOPERM || status == EX_CONFIG;
}

void
sg_program_judge_sendmail(const char *path, const struct sg_job_end *end,
                          struct sg_result *ret)
{
    char text[SG_WORDS_MAX], what[SG_WORDS_MAX];
    int status = WEXITSTATUS(end->status);

    snprintf(what, sizeof what, "%.300s: ", path);
    if (judge_violence(end, what, ret))
        return;
    if (status == 0)
        sg_result_set(ret, SG_RESULT_DONE, "accepted by %s", path);
    else if (cannot_start(end, text))
        sg_result_set(ret, SG_RESULT_UNREACHABLE, "cannot be started: %s",
                      text);
    else
        sg_result_set(ret,
                      is_refusal(status) ? SG_RESULT_REFUSED : SG_RESULT_LATER,
                      "%s by %s: exit status %d%s",
                      is_refusal(status) ? "refused" : "not taken", path,
                      status, said(end, text));
}

void
sg_program_judge_hook(const struct sg_job_end *end, struct sg_result *ret)
{
    char text[SG_WORDS_MAX];
    int status = WEXITSTATUS(end->status);

    if (judge_violence(end, "", ret))
        return;
    if (status == 0)
        sg_result_set(ret, SG_RESULT_DONE, "done");
    else if (cannot_start(end, text))
        sg_result_set(ret, SG_RESULT_FAILED, "cannot be started: %s", text);
    else
        sg_result_set(
            ret, status == EX_TEMPFAIL ? SG_RESULT_LATER : SG_RESULT_FAILED,
            "exit status %d%s", status, said(end, text));
}

#include "mailer/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "mailer/channel.h"
#include "mailer/journal_line.h"

#define FIRST_LINE "skewguard-journal=1\n"
#define BYTES_MAX (8 << 20)
#define ENTRIES_MAX (2 * SG_SPOOL_MAX * SG_CHANNELS_MAX)
/* Lines beyond those that count, before the file is written anew. */
#define SLACK_LINES 1000
#define LINE_MAX_LEN (SG_CHANNEL_LABEL_MAX + 128)
/* A FIFO without a reader cannot be opened like that. */
#define APPEND_FLAGS (O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

struct sg_journal {
    char path[SG_PATH_MAX + sizeof "/spool/" SG_JOURNAL_NAME];
    int fd;     /* to append; -1: there is none, or it is not up to date */
    int n_file; /* lines in the file */
    int n_lines, size;
    struct sg_journal_line
        *lines; /* those of finished alerts in the order of their end */
    int n_finished;
};

struct sg_journal *
sg_journal_new(void)
{
    struct sg_journal *journal = calloc(1, sizeof *journal);

    if (journal)
        journal->fd = -1;
    return journal;
}

static void
stop_appending(struct sg_journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
}

void
sg_journal_free(struct sg_journal *journal)
{
    if (!journal)
        return;
    stop_appending(journal);
    for (int i = 0; i < journal->n_lines; i++)
        free(journal->lines[i].channel);
    free(journal->lines);
    free(journal);
}

/* ---- in memory ---- */

/* channel NULL: that it is finished. */
static int
find(const struct sg_journal *journal, const char *id, unsigned number,
     const char *channel)
{
    for (int i = 0; i < journal->n_lines; i++) {
        const struct sg_journal_line *line = &journal->lines[i];

        if (line->number == number && strcmp(line->id, id) == 0 &&
            (channel ? line->channel && strcmp(line->channel, channel) == 0
                     : !line->channel))
            return i;
    }
    return -1;
}

static void
drop_line(struct sg_journal *journal, int i)
{
    if (!journal->lines[i].channel)
        journal->n_finished--;
    free(journal->lines[i].channel);
    journal->n_lines--;
    memmove(&journal->lines[i], &journal->lines[i + 1],
            (size_t)(journal->n_lines - i) * sizeof *journal->lines);
}

/* Far more than there can be use for. */
static bool
is_full(const struct sg_journal *journal)
{
    return journal->n_lines == journal->size &&
           journal->size > ENTRIES_MAX + SG_JOURNAL_FINISHED_MAX;
}

/* NULL if memory runs out or it is full. */
static struct sg_journal_line *
add_line(struct sg_journal *journal, const char *id, unsigned number,
         const char *channel)
{
    struct sg_journal_line *line;

    if (journal->n_lines == journal->size) {
        int size = journal->size ? 2 * journal->size : 64;
        struct sg_journal_line *lines =
            is_full(journal)
                ? NULL
                : realloc(journal->lines, (size_t)size * sizeof *lines);

        if (!lines)
            return NULL;
        journal->lines = lines;
        journal->size = size;
    }
    line = &journal->lines[journal->n_lines];
    *line = (struct sg_journal_line){.number = number};
    snprintf(line->id, sizeof line->id, "%s", id);
    line->channel = channel ? strdup(channel) : NULL;
    if (channel && !line->channel)
        return NULL;
    journal->n_lines++;
    journal->n_finished += !channel;
    return line;
}

static bool
remember(struct sg_journal *journal, const char *id, unsigned number,
         const char *channel, const struct sg_progress *progress)
{
    int i = find(journal, id, number, channel);
    struct sg_journal_line *line =
        i < 0 ? add_line(journal, id, number, channel) : &journal->lines[i];

    if (line)
        line->progress = *progress;
    return line;
}

static bool
remember_finished(struct sg_journal *journal, const char *id, unsigned number)
{
    for (int i = journal->n_lines - 1; i >= 0; i--)
        if (journal->lines[i].number == number &&
            strcmp(journal->lines[i].id, id) == 0)
            drop_line(journal, i);
    for (int i = 0; journal->n_finished >= SG_JOURNAL_FINISHED_MAX; i++)
        if (!journal->lines[i].channel)
            drop_line(journal, i--);
    return add_line(journal, id, number, NULL);
}

/* ---- as text ---- */

/* A line without its end; what is none, or too much, is passed over.  False:
 * memory ran out. */
static bool
take_line(struct sg_journal *journal, const char *text)
{
    struct sg_journal_line line;
    const char *channel;
    bool is_kept;

    if (!sg_journal_line_read(text, &line, &channel))
        return true;
    is_kept = channel ? remember(journal, line.id, line.number, channel,
                                 &line.progress)
                      : remember_finished(journal, line.id, line.number);
    return is_kept || is_full(journal);
}

/* -EINVAL: it is no journal at all. */
static int
take_text(struct sg_journal *journal, const char *text, size_t len)
{
    char line[LINE_MAX_LEN];
    const char *end;

    if (len < strlen(FIRST_LINE) ||
        memcmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
        return len == 0 ? 0 : -EINVAL;
    for (; (end = memchr(text, '\n', len)); text = end + 1) {
        size_t line_len = (size_t)(end - text);

        journal->n_file += line_len > 0;
        len -= line_len + 1;
        if (line_len >= sizeof line)
            continue;
        memcpy(line, text, line_len);
        line[line_len] = '\0';
        if (!take_line(journal, line))
            return -ENOMEM;
    }
    return 0;
}

/* ---- on disk ---- */

static int
write_anew(struct sg_journal *journal, struct sg_err *err)
{
    struct sg_buf text = SG_BUF_INIT;
    int code;

    stop_appending(journal);
    sg_buf_add(&text, FIRST_LINE);
    for (int i = 0; i < journal->n_lines; i++)
        sg_journal_line_add(&journal->lines[i], &text);
    code = text.failed
               ? sg_err_set(err, -ENOMEM, "%s: no memory", journal->path)
               : sg_file_replace(journal->path, text.text, text.len, 0644, true,
                                 err);
    sg_buf_free(&text);
    if (code < 0)
        return code;
    journal->n_file = journal->n_lines + 1;
    journal->fd = open(journal->path, APPEND_FLAGS);
    return 0;
}

/* What is half written makes the file unfit to go on with.  Others may have
 * left half a line there, too, which ends where ours begins. */
static int
append(struct sg_journal *journal, const struct sg_journal_line *line,
       struct sg_err *err)
{
    struct sg_buf text = SG_BUF_INIT;
    bool good;

    if (journal->fd < 0 || journal->n_file > journal->n_lines + SLACK_LINES)
        return write_anew(journal, err);
    sg_buf_add(&text, "\n");
    sg_journal_line_add(line, &text);
    good = !text.failed &&
           write(journal->fd, text.text, text.len) == (ssize_t)text.len &&
           fdatasync(journal->fd) == 0;
    sg_buf_free(&text);
    journal->n_file++;
    return good ? 0 : write_anew(journal, err);
}

static int
read_file(struct sg_journal *journal, struct sg_err *err)
{
    struct sg_buf text = SG_BUF_INIT;
    int code = sg_file_read(journal->path, BYTES_MAX, &text, err);

    if (code == 0) {
        code = take_text(journal, text.text, text.len);
        /* what was delivered would be delivered again */
        if (code == -ENOMEM)
            sg_err_set(err, code, "%s: no memory", journal->path);
    }
    sg_buf_free(&text);
    return code;
}

int
sg_journal_open(struct sg_journal *journal, const char *folder, bool *set_aside,
                struct sg_err *err)
{
    char bad[sizeof journal->path + sizeof ".bad"];
    int code;

    stop_appending(journal);
    *set_aside = false;
    journal->n_file = 0;
    snprintf(journal->path, sizeof journal->path, "%s/" SG_JOURNAL_NAME,
             folder);
    code = read_file(journal, err);
    if (code == -ENOENT)
        return write_anew(journal, err);
    if (code != -EFBIG && code != -EINVAL)
        return code;
    snprintf(bad, sizeof bad, "%s.bad", journal->path);
    if (rename(journal->path, bad) < 0) {
        code = -errno;
        return sg_err_set(err, code,
                          "%s: is no journal, and cannot be set "
                          "aside: %s",
                          journal->path, strerror(-code));
    }
    *set_aside = true;
    return write_anew(journal, err);
}

void
sg_journal_note_done(const char *folder, const struct sg_spool_entry *alerts,
                     int n, const char *channel)
{
    char path[sizeof((struct sg_journal *)NULL)->path];
    struct sg_buf text = SG_BUF_INIT;
    int fd;

    snprintf(path, sizeof path, "%s/" SG_JOURNAL_NAME, folder);
    sg_buf_add(&text, "\n");
    for (int i = 0; i < n; i++)
        sg_buf_add(&text, "done %s %u 0 0 %s\n", alerts[i].id, alerts[i].number,
                   channel);
    fd = open(path, APPEND_FLAGS);
    if (fd >= 0 && !text.failed &&
        write(fd, text.text, text.len) == (ssize_t)text.len)
        fdatasync(fd);
    if (fd >= 0)
        close(fd);
    sg_buf_free(&text);
}

struct sg_progress
sg_journal_get(const struct sg_journal *journal,
               const struct sg_spool_entry *alert, const char *channel)
{
    int i = find(journal, alert->id, alert->number, channel);

    return i < 0 ? (struct sg_progress){0} : journal->lines[i].progress;
}

int
sg_journal_put(struct sg_journal *journal, const struct sg_spool_entry *alert,
               const char *channel, const struct sg_progress *progress,
               struct sg_err *err)
{
    if (!remember(journal, alert->id, alert->number, channel, progress))
        return sg_err_set(err, -ENOMEM, "%s: no memory", journal->path);
    return append(
        journal,
        &journal->lines[find(journal, alert->id, alert->number, channel)], err);
}

int
sg_journal_finish(struct sg_journal *journal,
                  const struct sg_spool_entry *alert, struct sg_err *err)
{
    if (!remember_finished(journal, alert->id, alert->number))
        return sg_err_set(err, -ENOMEM, "%s: no memory", journal->path);
    return append(journal, &journal->lines[journal->n_lines - 1], err);
}

bool
sg_journal_is_finished(const struct sg_journal *journal,
                       const struct sg_spool_entry *alert)
{
    return find(journal, alert->id, alert->number, NULL) >= 0;
}

static bool
is_in(const struct sg_spool_list *spool, const struct sg_journal_line *line)
{
    for (int i = 0; i < spool->n; i++)
        if (spool->entries[i].number == line->number &&
            strcmp(spool->entries[i].id, line->id) == 0)
            return true;
    return false;
}

void
sg_journal_prune(struct sg_journal *journal, const struct sg_spool_list *spool)
{
    for (int i = journal->n_lines - 1; i >= 0; i--)
        if (journal->lines[i].channel && !is_in(spool, &journal->lines[i]))
            drop_line(journal, i);
}

int
sg_journal_flush(struct sg_journal *journal, struct sg_err *err)
{
    return journal->fd < 0 && journal->n_lines > 0 ? write_anew(journal, err)
                                                   : 0;
}

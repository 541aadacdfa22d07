#include "mailer/journal_line.h"

#include <stdio.h>
#include <string.h>

#include "mailer/channel.h"

/* Much more than anything is kept for. */
#define SPAN_MAX_S 1e8

static const char *const state_names[SG_PROGRESS_STATE_COUNT] = {
    [SG_PROGRESS_TRIED] = "tried",
    [SG_PROGRESS_DONE] = "done",
    [SG_PROGRESS_GIVEN_UP] = "given-up",
};

void
sg_journal_line_add(const struct sg_journal_line *line, struct sg_buf *ret)
{
    const struct sg_progress *progress = &line->progress;

    if (!line->channel)
        sg_buf_add(ret, "finished %s %u\n", line->id, line->number);
    else
        sg_buf_add(ret, "%s %s %u %u %.0f/%.0f %s\n",
                   state_names[progress->state], line->id, line->number,
                   progress->failed, progress->refused_s, progress->waited_s,
                   line->channel);
}

static int
state_of(const char *word)
{
    for (int i = 0; i < SG_PROGRESS_STATE_COUNT; i++)
        if (strcmp(state_names[i], word) == 0)
            return i;
    return -1;
}

static bool
is_span(double span_s)
{
    return span_s >= 0 && span_s <= SPAN_MAX_S;
}

/* "REFUSED_S", as of those who deliver, or "REFUSED_S/WAITED_S", and what comes
 * after the blank; NULL: it is none. */
static const char *
read_spans(const char *text, struct sg_progress *ret)
{
    int at = 0, more = 0;

    if (sscanf(text, "%lf%n", &ret->refused_s, &at) != 1)
        return NULL;
    if (sscanf(text + at, "/%lf%n", &ret->waited_s, &more) == 1)
        at += more;
    if (!is_span(ret->refused_s) || !is_span(ret->waited_s) || text[at] != ' ')
        return NULL;
    return text + at + strspn(text + at, " ");
}

static bool
read_finished(const char *text, char id[32], unsigned *number)
{
    int at = 0;

    return sscanf(text, "finished %31s %u%n", id, number, &at) == 2 && at > 0 &&
           text[at] == '\0';
}

/* A longer one would not be read again as it is written. */
static bool
is_label(const char *text)
{
    return text[0] && strlen(text) < SG_CHANNEL_LABEL_MAX;
}

bool
sg_journal_line_read(const char *text, struct sg_journal_line *ret,
                     const char **channel)
{
    struct sg_progress *progress = &ret->progress;
    char word[16], id[32];
    int state, at = 0;

    memset(ret, 0, sizeof *ret);
    *channel = NULL;
    if (!read_finished(text, id, &ret->number)) {
        if (sscanf(text, "%15s %31s %u %u %n", word, id, &ret->number,
                   &progress->failed, &at) != 4 ||
            at == 0)
            return false;
        *channel = read_spans(text + at, progress);
        state = state_of(word);
        if (!*channel || !is_label(*channel) || state < 0)
            return false;
        progress->state = (enum sg_progress_state)state;
    }
    if (!sg_record_is_id(id))
        return false;
    memcpy(ret->id, id, sizeof ret->id);
    return true;
}

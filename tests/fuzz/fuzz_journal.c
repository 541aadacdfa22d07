/*
 * The mailer's journal: whatever the file holds, what is taken from it is
 * within bounds and is written as it is read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* a program is no library */
#include "../../src/mailer/journal.c"
#include "../../src/mailer/journal_line.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct sg_journal *journal)
{
    struct sg_journal *again = sg_journal_new();
    struct sg_buf text = SG_BUF_INIT, anew = SG_BUF_INIT;

    sg_buf_add(&text, FIRST_LINE);
    for (int i = 0; i < journal->n_lines; i++) {
        const struct sg_journal_line *line = &journal->lines[i];

        if (!sg_record_is_id(line->id) ||
            (line->channel && !line->channel[0]) ||
            !(line->progress.refused_s >= 0 &&
              line->progress.refused_s <= SPAN_MAX_S))
            abort();
        sg_journal_line_add(line, &text);
    }
    if (!again || take_text(again, text.text, text.len) != 0 ||
        again->n_lines != journal->n_lines)
        abort();
    sg_buf_add(&anew, FIRST_LINE);
    for (int i = 0; i < again->n_lines; i++)
        sg_journal_line_add(&again->lines[i], &anew);
    if (anew.len != text.len || memcmp(anew.text, text.text, text.len) != 0)
        abort();
    sg_buf_free(&text);
    sg_buf_free(&anew);
    sg_journal_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_journal *journal = sg_journal_new();

    if (!journal)
        abort();
    if (take_text(journal, (const char *)data, size) == 0)
        check(journal);
    sg_journal_free(journal);
    return 0;
}

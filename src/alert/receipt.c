#include "alert/receipt.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define FIRST_LINE "skewguard-receipt=1\n"

static const char *const state_names[SG_RECEIPT_STATE_COUNT] = {
    [SG_RECEIPT_WAITING] = "waiting",
    [SG_RECEIPT_DELIVERED] = "delivered",
    [SG_RECEIPT_LATER] = "later",
    [SG_RECEIPT_GIVEN_UP] = "given-up",
};

void
sg_receipt_path(const char *folder, const char *id, char *ret, size_t size)
{
    snprintf(ret, size, "%s/%s" SG_RECEIPT_SUFFIX, folder, id);
}

static bool
is_printable(char c)
{
    return c >= ' ' && c < 0x7f;
}

static void
add_clean(struct sg_buf *buf, const char *text)
{
    for (; *text; text++)
        sg_buf_add_bytes(buf, is_printable(*text) ? text : "?", 1);
}

void
sg_receipt_encode(const struct sg_receipt *receipt, struct sg_buf *ret)
{
    sg_buf_add(ret, FIRST_LINE);
    for (int i = 0; i < receipt->n; i++) {
        sg_buf_add(ret, "%s\t", state_names[receipt->rows[i].state]);
        add_clean(ret, receipt->rows[i].channel);
        sg_buf_add(ret, "\t");
        add_clean(ret, receipt->rows[i].words);
        sg_buf_add(ret, "\n");
    }
}

/* One field of a line up to the byte end; NULL: it is not good. */
static const char *
take_field(const char *text, const char *line_end, char end, char *ret,
           size_t size)
{
    size_t len = 0;

    for (; text < line_end && *text != end; text++) {
        if (!is_printable(*text) || len + 1 >= size)
            return NULL;
        ret[len++] = *text;
    }
    ret[len] = '\0';
    return end != '\n' && text == line_end ? NULL : text + 1;
}

static bool
take_row(const char *line, const char *line_end, struct sg_receipt_row *ret)
{
    char state[16];
    int i = 0;

    line = take_field(line, line_end, '\t', state, sizeof state);
    if (!line)
        return false;
    line = take_field(line, line_end, '\t', ret->channel, sizeof ret->channel);
    if (line)
        line = take_field(line, line_end, '\n', ret->words, sizeof ret->words);
    while (i < SG_RECEIPT_STATE_COUNT && strcmp(state_names[i], state) != 0)
        i++;
    ret->state = (enum sg_receipt_state)i;
    return line && i < SG_RECEIPT_STATE_COUNT && ret->channel[0];
}

int
sg_receipt_decode(const char *text, size_t len, struct sg_receipt *ret,
                  struct sg_err *err)
{
    const char *end = text + len;

    ret->n = 0;
    if (len < strlen(FIRST_LINE) ||
        memcmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
        return sg_err_set(err, -EINVAL, "no receipt");
    for (text += strlen(FIRST_LINE); text < end;) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));

        if (!line_end || ret->n == SG_RECEIPT_ROWS_MAX ||
            !take_row(text, line_end, &ret->rows[ret->n]))
            return sg_err_set(err, -EINVAL, "line %d is no channel's",
                              ret->n + 2);
        ret->n++;
        text = line_end + 1;
    }
    return 0;
}

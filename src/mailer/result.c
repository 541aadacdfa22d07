#include "mailer/result.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static bool
is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void
sg_result_clean(const char *text, char *ret, size_t size)
{
    size_t len = 0;
    bool blank = false;

    for (; *text && len + 2 < size; text++) {
        unsigned char c = (unsigned char)*text;

        if (is_blank(c)) {
            blank = len > 0;
            continue;
        }
        if (blank)
            ret[len++] = ' ';
        blank = false;
        ret[len++] = c > ' ' && c < 0x7f ? (char)c : '?';
    }
    ret[len] = '\0';
}

void
sg_result_set(struct sg_result *ret, enum sg_result_kind kind,
              const char *format, ...)
{
    char text[4 * SG_WORDS_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ret->kind = kind;
    sg_result_clean(text, ret->words, sizeof ret->words);
}

#include "setup/config_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What ends an unquoted word in libconfuse, and what it must not hold. */
#define NO_WORD " \t\r\n#\"'{}()+,*=|"

#define VARIABLE                                                               \
    "environment variables are not expanded, allowed is the value itself"

struct scan {
    char *at;  /* here */
    char *end; /* the NUL behind the text */
    int line;
    int depth;     /* of braces */
    int open_line; /* of the outermost brace that is open */
    const char *file;
    struct sg_err *err;
};

/* The scanning functions return false after a complaint. */
static bool complain(struct scan *scan, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool
complain(struct scan *scan, int line, const char *format, ...)
{
    char text[SG_ERR_TEXT_MAX / 2];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sg_err_set(scan->err, -EINVAL, "%s:%d: %s", scan->file, line, text);
    return false;
}

/* Refuses NUL and other control characters wherever they stand. */
static bool
check_bytes(struct scan *scan)
{
    int line = 1;

    for (const char *c = scan->at; c < scan->end; c++) {
        unsigned char byte = (unsigned char)*c;

        if (byte == '\n')
            line++;
        else if ((byte < ' ' && byte != '\t' && byte != '\r') || byte == 0x7f)
            return complain(scan, line,
                            "control character 0x%02x, allowed is plain text",
                            byte);
    }
    return true;
}

static bool
starts_with(const struct scan *scan, const char *prefix)
{
    return strncmp(scan->at, prefix, strlen(prefix)) == 0;
}

static void
blank_line_comment(struct scan *scan)
{
    while (scan->at < scan->end && *scan->at != '\n')
        *scan->at++ = ' ';
}

static bool
blank_block_comment(struct scan *scan)
{
    char *close = strstr(scan->at + 2, "*/");
    int line = scan->line;

    if (!close)
        return complain(scan, line, "comment begins here and never ends");
    for (; scan->at < close + 2; scan->at++) {
        if (*scan->at == '\n')
            scan->line++;
        else
            *scan->at = ' ';
    }
    return true;
}

/* To the next token, or the end. */
static bool
skip_blanks(struct scan *scan)
{
    for (; scan->at < scan->end;) {
        if (*scan->at == '#' || starts_with(scan, "//")) {
            blank_line_comment(scan);
        } else if (starts_with(scan, "/*")) {
            if (!blank_block_comment(scan))
                return false;
        } else if (strchr(" \t\r\n", *scan->at)) {
            if (*scan->at == '\n')
                scan->line++;
            else
                *scan->at = ' ';
            scan->at++;
        } else {
            break;
        }
    }
    return true;
}

/* A backslash protects quotes, itself and "$"; libconfuse's other escapes
 * could put a NUL or a line end into a value. */
static bool
skip_escape(struct scan *scan, char quote)
{
    char next = scan->at[1];

    if (quote == '\'' && next != '\\' && next != quote)
        return true;
    if (next == '\0' || !strchr("\\\"'$", next))
        return complain(scan, scan->line,
                        "\"\\\" in a quoted value, allowed are \\\\ \\\" and "
                        "\\$");
    scan->at++;
    return true;
}

static bool
skip_string(struct scan *scan)
{
    char quote = *scan->at++;

    for (; *scan->at != quote; scan->at++) {
        if (scan->at >= scan->end || *scan->at == '\n')
            return complain(scan, scan->line,
                            "quoted value has no closing %c on its line",
                            quote);
        if (quote == '"' && starts_with(scan, "${"))
            return complain(scan, scan->line, VARIABLE);
        if (*scan->at == '\\' && !skip_escape(scan, quote))
            return false;
    }
    scan->at++;
    return true;
}

static bool
skip_word(struct scan *scan)
{
    size_t len = strcspn(scan->at, NO_WORD);

    if (starts_with(scan, "${") ||
        (len > 0 && scan->at[len - 1] == '$' && scan->at[len] == '{'))
        return complain(scan, scan->line, VARIABLE);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)scan->at[i] >= 0x80)
            return complain(scan, scan->line,
                            "byte 0x%02x outside of quotes, allowed is ASCII",
                            (unsigned char)scan->at[i]);
    if (len == 0)
        return complain(scan, scan->line,
                        "\"%c\" is not allowed here outside of quotes",
                        *scan->at);
    scan->at += len;
    return true;
}

/* Behind the word "include".  libconfuse leaks a call that is broken. */
static bool
skip_include(struct scan *scan)
{
    if (!skip_blanks(scan) || *scan->at != '(')
        return true;
    scan->at++;
    if (!skip_blanks(scan))
        return false;
    if (*scan->at == '"' || *scan->at == '\'') {
        if (!skip_string(scan))
            return false;
    } else if (!skip_word(scan)) {
        return false;
    }
    if (!skip_blanks(scan))
        return false;
    if (*scan->at != ')')
        return complain(scan, scan->line,
                        "include takes one file or pattern, allowed is "
                        "include(\"conf.d/*.conf\")");
    scan->at++;
    return true;
}

static bool
skip_brace(struct scan *scan)
{
    if (*scan->at++ == '}') {
        scan->depth--;
        return scan->depth >= 0 ||
               complain(scan, scan->line, "\"}\" closes nothing");
    }
    if (scan->depth++ == 0)
        scan->open_line = scan->line;
    return true;
}

static bool
skip_token(struct scan *scan)
{
    const char *start = scan->at;

    switch (*scan->at) {
    case '"':
    case '\'':
        return skip_string(scan);
    case '{':
    case '}':
        return skip_brace(scan);
    case '+':
        if (scan->at[1] != '=')
            return skip_word(scan);
        scan->at += 2;
        return true;
    case '=':
    case ',':
        scan->at++;
        return true;
    default:
        if (!skip_word(scan))
            return false;
        return scan->at - start != 7 || strncmp(start, "include", 7) != 0 ||
               skip_include(scan);
    }
}

int
sg_config_text_clean(char *text, size_t len, const char *file,
                     struct sg_err *err)
{
    struct scan scan = {text, text + len, 1, 0, 0, file, err};

    if (!check_bytes(&scan))
        return -EINVAL;
    while (scan.at < scan.end) {
        if (!skip_blanks(&scan))
            return -EINVAL;
        if (scan.at < scan.end && !skip_token(&scan))
            return -EINVAL;
    }
    if (scan.depth > 0) {
        complain(&scan, scan.open_line, "\"{\" has no closing \"}\"");
        return -EINVAL;
    }
    return 0;
}

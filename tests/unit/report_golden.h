/*
 * What people read is kept in golden/NAME.txt and compared exactly: it is part
 * of the product.  To renew the files after a change of words, run the test
 * with SG_GOLDEN_WRITE=1 and read the difference.
 */
#ifndef SG_TESTS_REPORT_GOLDEN_H
#define SG_TESTS_REPORT_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "report/words.h"

static inline void
golden_path(const char *name, char *ret, size_t size)
{
    const char *slash = strrchr(__FILE__, '/');

    snprintf(ret, size, "%.*s/golden/%s.txt", (int)(slash - __FILE__), __FILE__,
             name);
}

static inline void
write_golden(const char *path, const struct sg_buf *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text->text, 1, text->len, file), text->len);
    assert_int_equal(fclose(file), 0);
}

/* Lines fit a terminal, and nothing in them can command it. */
static inline void
assert_fits(const char *text)
{
    int column = 0;

    for (; *text; text++) {
        assert_true(*text == '\n' || (*text >= ' ' && *text <= '~'));
        column = *text == '\n' ? 0 : column + 1;
        assert_in_range(column, 0, SG_WORDS_COLUMNS);
    }
}

static inline void
assert_golden(const char *name, struct sg_buf *text)
{
    static char expected[65536];
    char path[1024];
    size_t len;
    FILE *file;

    assert_false(text->failed);
    assert_fits(text->text);
    golden_path(name, path, sizeof path);
    if (getenv("SG_GOLDEN_WRITE"))
        write_golden(path, text);
    file = fopen(path, "r");
    assert_non_null(file);
    len = fread(expected, 1, sizeof expected - 1, file);
    fclose(file);
    expected[len] = '\0';
    assert_string_equal(text->text, expected);
    sg_buf_free(text);
}

#endif

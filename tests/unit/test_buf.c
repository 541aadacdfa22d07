#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/hostclock.h"

static void
text_is_appended(void **state)
{
    struct sg_buf buf = SG_BUF_INIT;

    (void)state;
    assert_null(buf.text);
    sg_buf_add(&buf, "%s=%d", "skew", -3);
    sg_buf_add_bytes(&buf, "\0x", 2);
    assert_int_equal(buf.len, 9);
    assert_memory_equal(buf.text, "skew=-3\0x", 10);
    sg_buf_clear(&buf);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf.text, "");
    sg_buf_add(&buf, "%s", "");
    assert_string_equal(buf.text, "");
    sg_buf_free(&buf);
    assert_null(buf.text);
    assert_int_equal(buf.size, 0);
    sg_buf_free(&buf);
}

static void
clearing_nothing_is_allowed(void **state)
{
    struct sg_buf buf = SG_BUF_INIT;

    (void)state;
    sg_buf_clear(&buf);
    assert_null(buf.text);
}

/* Every length, so that each border of the growing is met. */
static void
it_grows_at_every_length(void **state)
{
    (void)state;
    for (size_t len = 0; len < 2000; len++) {
        struct sg_buf buf = SG_BUF_INIT;
        char *text = calloc(1, len + 1);

        assert_non_null(text);
        memset(text, 'a', len);
        sg_buf_add(&buf, "%s", text);
        assert_int_equal(buf.len, len);
        assert_string_equal(buf.text, text);
        assert_true(buf.size > len);
        sg_buf_free(&buf);
        free(text);
    }
}

static void
pieces_add_up(void **state)
{
    static char expected[200000];
    struct sg_buf buf = SG_BUF_INIT;
    unsigned seed = (unsigned)sg_host_raw().ns;
    size_t len = 0;

    (void)state;
    print_message("seed %u\n", seed);
    srandom(seed);
    while (len < sizeof expected - 1000) {
        char piece[1000];
        size_t n = (size_t)(random() % 999);

        memset(piece, 'a' + (int)(random() % 26), n);
        piece[n] = '\0';
        memcpy(expected + len, piece, n);
        len += n;
        if (random() % 2)
            sg_buf_add(&buf, "%s", piece);
        else
            sg_buf_add_bytes(&buf, piece, n);
    }
    assert_int_equal(buf.len, len);
    assert_memory_equal(buf.text, expected, len + 1);
    assert_false(buf.failed);
    sg_buf_free(&buf);
}

static void
failure_is_remembered(void **state)
{
    static const size_t absurd[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 5,
                                    SIZE_MAX / 2};

    (void)state;
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        struct sg_buf buf = SG_BUF_INIT;

        sg_buf_add(&buf, "kept");
        sg_buf_add_bytes(&buf, "", absurd[i]);
        assert_true(buf.failed);
        sg_buf_add(&buf, "not added");
        sg_buf_add_bytes(&buf, "nor this", 8);
        assert_string_equal(buf.text, "kept");
        sg_buf_clear(&buf);
        assert_false(buf.failed);
        sg_buf_add(&buf, "again");
        assert_string_equal(buf.text, "again");
        sg_buf_free(&buf);
    }
}

static void
error_text_is_cut(void **state)
{
    struct sg_err err;
    char text[2 * SG_ERR_TEXT_MAX];

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_int_equal(sg_err_set(&err, -22, "%s", text), -22);
    assert_int_equal(strlen(err.text), SG_ERR_TEXT_MAX - 1);
    assert_int_equal(sg_err_set(&err, -5, "%d of %d", 1, 2), -5);
    assert_string_equal(err.text, "1 of 2");
    assert_int_equal(sg_err_set(NULL, -1, "%s", "nobody asks"), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_appended),
        cmocka_unit_test(clearing_nothing_is_allowed),
        cmocka_unit_test(it_grows_at_every_length),
        cmocka_unit_test(pieces_add_up),
        cmocka_unit_test(failure_is_remembered),
        cmocka_unit_test(error_text_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

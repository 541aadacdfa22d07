#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/receipt.h"

static struct sg_receipt receipt, again;

static int
decode(const char *text)
{
    struct sg_err err = {""};
    int code = sg_receipt_decode(text, strlen(text), &again, &err);

    assert_int_equal(code < 0, err.text[0] != '\0');
    return code;
}

static void
test_there_and_back(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    receipt.n = 2;
    receipt.rows[0].state = SG_RECEIPT_DELIVERED;
    strcpy(receipt.rows[0].channel, "root");
    strcpy(receipt.rows[0].words, "accepted by mail: 250 ok");
    receipt.rows[1].state = SG_RECEIPT_WAITING;
    strcpy(receipt.rows[1].channel, "hook /a b");
    sg_receipt_encode(&receipt, &text);
    assert_string_equal(text.text, "skewguard-receipt=1\n"
                                   "delivered\troot\taccepted by mail: 250 ok\n"
                                   "waiting\thook /a b\t\n");
    assert_int_equal(decode(text.text), 0);
    assert_memory_equal(&again, &receipt, sizeof receipt);
    sg_buf_free(&text);
}

static void
test_no_line_can_be_forged(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    receipt.n = 1;
    strcpy(receipt.rows[0].channel, "root");
    strcpy(receipt.rows[0].words, "a\ndelivered\tops\t\033[31m\xff");
    sg_receipt_encode(&receipt, &text);
    assert_int_equal(decode(text.text), 0);
    assert_int_equal(again.n, 1);
    assert_string_equal(again.rows[0].words, "a?delivered?ops??[31m?");
    sg_buf_free(&text);
}

static void
test_mistakes(void **state)
{
    static const char *const texts[] = {
        "",
        "skewguard-receipt=2\n",
        "skewguard-receipt=1\nwaiting\troot\t", /* cut */
        "skewguard-receipt=1\nwaiting\troot\n",
        "skewguard-receipt=1\nwaiting\t\tx\n",
        "skewguard-receipt=1\nperhaps\troot\tx\n",
        "skewguard-receipt=1\nwaitingwaitingwaiting\troot\tx\n",
        "skewguard-receipt=1\nwaiting\troot\tx\ty\n",
        "skewguard-receipt=1\n\n",
    };
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (decode(texts[i]) == 0)
            fail_msg("taken: %s", texts[i]);
    sg_buf_add(&text, "skewguard-receipt=1\n");
    for (int i = 0; i <= SG_RECEIPT_ROWS_MAX; i++)
        sg_buf_add(&text, "waiting\tc%d\tx\n", i);
    assert_true(decode(text.text) < 0);
    sg_buf_clear(&text);
    sg_buf_add(&text, "skewguard-receipt=1\nwaiting\troot\t%*d\n",
               SG_RECEIPT_WORDS_MAX, 1);
    assert_true(decode(text.text) < 0);
    sg_buf_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_no_line_can_be_forged),
        cmocka_unit_test(test_mistakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

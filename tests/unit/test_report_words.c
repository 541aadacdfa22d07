/*
 * Numbers in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "report/words.h"

static void
test_spans(void **state)
{
    static const struct {
        double span_s;
        const char *text;
    } cases[] = {
        {0, "0 us"},
        {4e-8, "0 us"},
        {8.32e-8, "0.0832 us"},
        {45e-6, "45 us"},
        {999.4e-6, "999 us"},
        {999.6e-6, "1 ms"},
        {-0.00321, "3.21 ms"},
        {0.9996, "1 s"},
        {74.2, "74.2 s"},
        {412.03, "412 s"},
        {999.96, "16 min 39 s"},
        {3600, "60 min"},
        {7200, "2 h"},
        {7501, "2 h 5 min"},
        {3 * 86400, "3 d"},
        {1767225600, "56.0 years"},
        {INFINITY, "?"},
        {NAN, "?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(sg_words_span(cases[i].span_s).text, cases[i].text);
    assert_string_equal(sg_words_signed(-0.00321).text, "-3.21 ms");
    assert_string_equal(sg_words_signed(0.00321).text, "+3.21 ms");
    assert_string_equal(sg_words_duration(119.9).text, "119 s");
    assert_string_equal(sg_words_duration(120).text, "2 min");
    assert_string_equal(sg_words_duration(-1).text, "?");
    assert_string_equal(sg_words_short(119).text, "119s");
    assert_string_equal(sg_words_short(7199).text, "119m");
    assert_string_equal(sg_words_short(40 * 86400).text, "40d");
    assert_string_equal(sg_words_short(1e30).text, "?");
}

static void
test_ordinals(void **state)
{
    (void)state;
    assert_string_equal(sg_words_ordinal(1).text, "1st");
    assert_string_equal(sg_words_ordinal(2).text, "2nd");
    assert_string_equal(sg_words_ordinal(3).text, "3rd");
    assert_string_equal(sg_words_ordinal(4).text, "4th");
    assert_string_equal(sg_words_ordinal(11).text, "11th");
    assert_string_equal(sg_words_ordinal(112).text, "112th");
    assert_string_equal(sg_words_ordinal(121).text, "121st");
}

/* In UTC, wherever that is read, and for every instant there is. */
static void
test_times(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {INT64_C(1709164799999999999), "2024-02-28T23:59:59Z"},
        {INT64_C(1709164800000000000), "2024-02-29T00:00:00Z"},
        {INT64_C(1767268801000000000), "2026-01-01T12:00:01Z"},
        {INT64_MAX, "2262-04-09T23:47:16Z"},
        {INT64_MIN, "1677-09-23T00:12:43Z"},
    };

    (void)state;
    setenv("TZ", "Asia/Kathmandu", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(sg_words_time((struct sg_wall){cases[i].ns}).text,
                            cases[i].text);
}

/* A share is never rounded up to a limit. */
static void
test_hours(void **state)
{
    (void)state;
    assert_string_equal(sg_words_hours(1800).text, "30 min");
    assert_string_equal(sg_words_hours(3600).text, "1 h");
    assert_string_equal(sg_words_hours(19800).text, "5 h 30 min");
    assert_string_equal(sg_words_hours(93600).text, "26 h");
}

static void
test_shares(void **state)
{
    (void)state;
    assert_string_equal(sg_words_share(0.0004).text, "under 0.1 %");
    assert_string_equal(sg_words_share(0.0043).text, "0.4 %");
    assert_string_equal(sg_words_share(0.29).text, "29 %");
    assert_string_equal(sg_words_share(0.19999).text, "19 %");
    assert_string_equal(sg_words_share(0.99999).text, "99 %");
    assert_string_equal(sg_words_share(1).text, "100 %");
    assert_string_equal(sg_words_share(1e9).text, "over 9999 %");
    assert_string_equal(sg_words_share(NAN).text, "?");
}

static void
assert_skew(double lower_s, double offset_s, double upper_s, bool has_guess,
            const char *expected)
{
    struct sg_skew skew = {offset_s, lower_s, upper_s, 0, 0};
    struct sg_buf text = SG_BUF_INIT;

    sg_words_skew(&text, &skew, has_guess, "k");
    assert_string_equal(text.text, expected);
    sg_buf_free(&text);
}

static void
test_skews(void **state)
{
    (void)state;
    assert_skew(-1, 0.0032, 1, true, "3.2 ms behind k");
    assert_skew(-1, -0.0032, 1, true, "3.2 ms ahead of k");
    assert_skew(-0.4, 0.1, 0.62, false, "within 620 ms of k");
    assert_skew(73.9, 74.2, 74.5, false, "73.9 s to 74.5 s behind k");
    assert_skew(-74.5, -74.2, -73.9, false, "73.9 s to 74.5 s ahead of k");
    assert_skew(99.9998, 100, 100.0002, false, "100 s behind k");
}

static void
test_bars(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    sg_words_bar(&text, 0, 0.2, 0.6);
    sg_buf_add(&text, "\n");
    sg_words_bar(&text, 0.004, 0.2, 0.6);
    sg_buf_add(&text, "\n");
    sg_words_bar(&text, 0.5, 0.2, 0.6);
    sg_buf_add(&text, "\n");
    sg_words_bar(&text, 7, 0.2, 0.6);
    assert_string_equal(text.text,
                        "[.........|...................|....................]\n"
                        "[#........|...................|....................]\n"
                        "[#########################....|....................]\n"
                        "[##################################################>");
    sg_buf_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),  cmocka_unit_test(test_ordinals),
        cmocka_unit_test(test_times),  cmocka_unit_test(test_hours),
        cmocka_unit_test(test_shares), cmocka_unit_test(test_skews),
        cmocka_unit_test(test_bars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

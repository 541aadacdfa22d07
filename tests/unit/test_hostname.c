#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probe/hostname.h"

static void
test_hostnames(void **state)
{
    static const char *const good[] = {"a",   "das-m.example.com", "das-m.",
                                       "a_b", "1.example",         "127.0.0.1",
                                       "::1", "fe80::1%eth0",      "3com"};
    static const char *const bad[] = {
        "",      ".",    "a..b",         "-a",          "a-",
        "a b",   "a:1",  "127.0.0.1.",   "1.2.3",       "1",
        "[::1]", "::1%", "127.0.0.1%lo", "h\303\266st", "a/b",
        "a|b"};
    char longest[260];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(sg_host_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(sg_host_is_valid(bad[i]));
    memset(longest, 'a', sizeof longest);
    for (int i = 63; i < 253; i += 64)
        longest[i] = '.';
    longest[254] = '\0';
    assert_false(sg_host_is_valid(longest));
    longest[253] = '\0';
    assert_true(sg_host_is_valid(longest));
    longest[63] = 'a';
    assert_false(sg_host_is_valid(longest));

    assert_true(sg_host_is_same("DAS-m.", "das-M"));
    assert_true(sg_host_is_same("::1", "0:0:0::1"));
    assert_true(sg_host_is_same("fe80::1%a", "FE80::1%a"));
    assert_false(sg_host_is_same("fe80::1%a", "fe80::1%b"));
    assert_false(sg_host_is_same("das-m", "das-m.example.com"));
    assert_false(sg_host_is_same("127.0.0.1", "127.0.0.2"));
    assert_false(sg_host_is_same("127.0.0.1", "::1"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostnames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

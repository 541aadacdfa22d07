/* What the clock service remembers: there and back, of this boot and another,
 * and damaged in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* a program is no library */
#include "../../src/clockd/account.c"
#include "../../src/clockd/warden.c"

#include "chance.h"

#define NS INT64_C(1000000000)
#define HOUR_S 3600.0

static const char example[] = "skewguard-account 1\n"
                              "boot=1f0e\n"
                              "start_left=1\n"
                              "slept_s=2.500000000\n"
                              "at_ns=7000000000\n"
                              "synced_ns=1800000000000000000\n"
                              "step=5000000000 3600000000000\n"
                              "step=0 1\n"
                              "slew=0 800000000\n"
                              "slew=24 1\n"
                              "end\n";

static int
decode(const char *text, size_t len, struct sg_account *ret)
{
    struct sg_err err = {""};
    int code = sg_account_decode(text, len, ret, &err);

    assert_true(code == 0 || (code == -EINVAL && err.text[0]));
    return code;
}

static bool
comes_back(const struct sg_account *account, const char *text, size_t len)
{
    struct sg_buf again = SG_BUF_INIT;
    bool ret;

    sg_account_encode(account, &again);
    ret = again.len == len && memcmp(again.text, text, len) == 0;
    sg_buf_free(&again);
    return ret;
}

static void
the_example_is_read_and_written(void **state)
{
    struct sg_account account;

    (void)state;
    assert_int_equal(decode(example, sizeof example - 1, &account), 0);
    assert_string_equal(account.boot, "1f0e");
    assert_true(account.start_left);
    assert_float_equal(account.slept_s, 2.5, 0);
    assert_int_equal(account.at.ns, 7 * NS);
    assert_int_equal(account.n, 2);
    assert_int_equal(account.steps[0].age_ns, 5 * NS);
    assert_int_equal(account.slewed_ns[24], 1);
    assert_true(comes_back(&account, example, sizeof example - 1));
}

/* Whatever is taken is what it would be written as, so that no second meaning
 * hides in it. */
static void
damage_is_refused_or_changes_a_number(void **state)
{
    char text[sizeof example + 1];
    size_t len = sizeof example - 1;
    struct sg_account account;
    int taken = 0;

    (void)state;
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(decode(example, cut, &account), -EINVAL);
    for (size_t i = 0; i < len; i++)
        for (int c = 0; c < 256; c++) {
            memcpy(text, example, len);
            text[i] = (char)c;
            if (c == (unsigned char)example[i] ||
                decode(text, len, &account) != 0)
                continue;
            taken++;
            /* digits, and the name of the boot */
            assert_true((example[i] >= '0' && example[i] <= '9') ||
                        (i >= 25 && i < 30));
        }
    print_message("%d of %zu single bytes were taken\n", taken, len * 255);
    memcpy(text, example, len);
    strcpy(text + len, "\n");
    assert_int_equal(decode(text, len + 1, &account), -EINVAL);
}

static void
assert_damaged(const char *from, const char *to)
{
    struct sg_account account;
    char text[2048];
    const char *at = strstr(example, from);

    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - example), example, to,
             at + strlen(from));
    assert_int_equal(decode(text, strlen(text), &account), -EINVAL);
}

static void
what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    assert_damaged("account 1", "account 2");
    assert_damaged("start_left=1", "start_left=2");
    assert_damaged("slept_s=2", "slept_s=-2");
    assert_damaged("at_ns=7", "at_ns=-7");
    assert_damaged("synced_ns=1", "synced_ns=-1");
    assert_damaged("synced_ns=1", "synced_ns=99");
    assert_damaged("step=0 1\n", "step=0 -1\n");
    assert_damaged("step=0 1\n", "step=0\n");
    assert_damaged("step=0 1\n", "step= 1\n");
    assert_damaged("step=0 1\n", "step=0 1 \n");
    assert_damaged("step=0 1\n", "step=0 1\r\n");
    assert_damaged("slew=24", "slew=25");
    assert_damaged("slew=24", "slew=0"); /* twice */
    assert_damaged("slew=24 1", "slew=24 0");
    assert_damaged("slew=0 800000000\nslew=24 1\n",
                   "slew=24 1\nslew=0 800000000\n");
    assert_damaged("step=0 1\n",
                   "step=0 1\nstep=0 1\nstep=0 1\nstep=0 1\nstep=0 1\n"
                   "step=0 1\nstep=0 1\nstep=0 1\nstep=0 1\nstep=0 1\n"
                   "step=0 1\nstep=0 1\nstep=0 1\nstep=0 1\nstep=0 1\n"
                   "step=0 1\n");
    assert_damaged("boot=1f0e",
                   "boot=0123456789012345678901234567890123456789");
    assert_damaged("end\n", "end");
    assert_damaged("end\n", "end\nend\n");
    assert_damaged("boot=1f0e\n", "");
}

static struct sg_account
random_account(void)
{
    struct sg_account ret = {.start_left = chance_below(2),
                             .slept_s = chance_below(1000),
                             .at = {(int64_t)(chance_bits() >> 8)},
                             .synced = {(int64_t)(chance_bits() >> 2)},
                             .n = chance_below(SG_GUARD_STEPS + 1)};

    snprintf(ret.boot, sizeof ret.boot, "%016llx",
             (unsigned long long)chance_bits());
    for (int i = 0; i < ret.n; i++) {
        ret.steps[i].age_ns = (int64_t)(chance_bits() >> 17);
        ret.steps[i].size_ns = (int64_t)(chance_bits() >> 17);
    }
    for (int i = 0; i < SG_GUARD_HOURS; i++)
        ret.slewed_ns[i] = chance_below(2) ? (int64_t)(chance_bits() >> 17) : 0;
    return ret;
}

static void
random_ones_come_back(void **state)
{
    (void)state;
    chance_begin();
    for (int i = 0; i < 1000; i++) {
        const struct sg_account account = random_account();
        struct sg_buf text = SG_BUF_INIT;
        struct sg_account again;

        sg_account_encode(&account, &text);
        assert_true(text.len < SG_ACCOUNT_MAX);
        assert_int_equal(decode(text.text, text.len, &again), 0);
        assert_memory_equal(&again, &account, sizeof again);
        sg_buf_free(&text);
    }
}

/* ---- into a warden ---- */

static struct sg_warden
used_warden(struct sg_raw now)
{
    const struct sg_guard_request step = {.offset_s = 100};
    struct sg_warden ret;

    sg_warden_init(&ret, &sg_guard_defaults, (struct sg_wall){0});
    ret.start_left = false;
    ret.slept_s = 7;
    sg_guard_note(&ret.guard, sg_raw_add(now, -20 * HOUR_S), &step);
    sg_guard_note(&ret.guard, sg_raw_add(now, -HOUR_S), &step);
    sg_guard_note_slew(&ret.guard, sg_raw_add(now, -HOUR_S), 50);
    return ret;
}

static void
within_a_boot_all_keeps_its_age(void **state)
{
    struct sg_raw now = {100 * 3600 * NS},
                  later = sg_raw_add(now, 4.5 * HOUR_S);
    struct sg_warden before = used_warden(now), after;
    struct sg_account account;

    (void)state;
    sg_account_of(&before, now, (struct sg_wall){0}, &account);
    sg_warden_init(&after, &sg_guard_defaults, (struct sg_wall){0});
    sg_account_use(&account, later, true, &after);
    assert_false(after.start_left);
    assert_float_equal(after.slept_s, 7, 0);
    assert_float_equal(sg_guard_moved_s(&after.guard, now), 250, 0);
    assert_float_equal(sg_guard_moved_s(&after.guard, later), 150, 0);
    assert_float_equal(
        sg_guard_moved_s(&after.guard, sg_raw_add(now, 23.1 * HOUR_S)), 50, 0);
    assert_float_equal(
        sg_guard_moved_s(&after.guard, sg_raw_add(now, 24.1 * HOUR_S)), 0, 0);
}

/* Nothing has happened while it was off, as far as is known. */
static void
after_a_boot_nothing_is_younger_and_the_first_correction_is_back(void **state)
{
    struct sg_raw now = {100 * 3600 * NS}, boot = {30 * NS};
    struct sg_warden before = used_warden(now), after;
    struct sg_account account;

    (void)state;
    sg_account_of(&before, now, (struct sg_wall){0}, &account);
    sg_warden_init(&after, &sg_guard_defaults, (struct sg_wall){0});
    sg_account_use(&account, boot, false, &after);
    assert_true(after.start_left);
    assert_float_equal(after.slept_s, 0, 0);
    assert_float_equal(sg_guard_moved_s(&after.guard, boot), 250, 0);
    assert_float_equal(
        sg_guard_moved_s(&after.guard, sg_raw_add(boot, 3.9 * HOUR_S)), 250, 0);
    assert_float_equal(
        sg_guard_moved_s(&after.guard, sg_raw_add(boot, 4.1 * HOUR_S)), 150, 0);
    assert_float_equal(
        sg_guard_moved_s(&after.guard, sg_raw_add(boot, 25 * HOUR_S)), 0, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_read_and_written),
        cmocka_unit_test(damage_is_refused_or_changes_a_number),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(random_ones_come_back),
        cmocka_unit_test(within_a_boot_all_keeps_its_age),
        cmocka_unit_test(
            after_a_boot_nothing_is_younger_and_the_first_correction_is_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

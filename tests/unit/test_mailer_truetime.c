#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* a program is no library */
#include "../../src/mailer/truetime.c"

#define DAY_S INT64_C(86400)
#define TRUE_S INT64_C(1795663125)

static struct sg_wall
at(int64_t s)
{
    return (struct sg_wall){s * 1000000000};
}

/* By a record of a clock that was so far ahead, when it is so much later by a
 * clock that is so far ahead: what is found, from the record's true time on, or
 * -1 for nothing. */
static int64_t
find(int64_t ahead_s, int64_t later_s, int64_t ahead_now_s)
{
    static struct sg_record record;
    struct sg_wall ret = at(0);

    record.has_true_time = true;
    record.true_time = at(TRUE_S);
    record.host_time = at(TRUE_S + ahead_s);
    if (!sg_truetime_find(&record, 1, at(TRUE_S + later_s + ahead_now_s), &ret))
        return -1;
    return ret.ns / 1000000000 - TRUE_S;
}

static void
follows_a_clock_that_stays_wrong(void **state)
{
    const int64_t wrong[] = {2 * DAY_S, 90 * DAY_S, 3650 * DAY_S};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(find(wrong[i], 0, wrong[i]), 0);
        assert_int_equal(find(wrong[i], 3600, wrong[i]), 3600);
        assert_int_equal(find(-wrong[i], 3600, -wrong[i]), 3600);
    }
}

static void
leaves_a_clock_that_will_do(void **state)
{
    (void)state;
    assert_int_equal(find(0, 10, 0), -1);
    assert_int_equal(find(DAY_S, 10, DAY_S), -1);
    assert_int_equal(find(-DAY_S, 10, -DAY_S), -1);
}

static void
leaves_a_clock_that_was_put_right(void **state)
{
    (void)state;
    assert_int_equal(find(90 * DAY_S, 60, 0), -1);
    assert_int_equal(find(-90 * DAY_S, 60, 0), -1);
    assert_int_equal(find(-90 * DAY_S, 5 * DAY_S, 0), -1);
}

/* Half the way, or too far: no earlier than the record, nor much later. */
static void
is_not_misled_by_steps(void **state)
{
    (void)state;
    assert_int_equal(find(-90 * DAY_S, 60, -40 * DAY_S), 0);
    assert_int_equal(find(90 * DAY_S, 60, 180 * DAY_S), 0);
    assert_int_equal(find(90 * DAY_S, 60, -DAY_S), 0);
}

static void
the_newest_that_knows_counts(void **state)
{
    static struct sg_record records[3];
    struct sg_wall ret = at(0), now = at(TRUE_S - 90 * DAY_S);

    (void)state;
    for (int i = 0; i < 3; i++) {
        records[i].host_time = now;
        records[i].true_time = at(TRUE_S + i);
    }
    assert_false(sg_truetime_find(records, 3, now, &ret));
    assert_int_equal(ret.ns, 0);
    records[0].has_true_time = records[1].has_true_time = true;
    assert_true(sg_truetime_find(records, 3, now, &ret));
    assert_int_equal(ret.ns, at(TRUE_S + 1).ns);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_a_clock_that_stays_wrong),
        cmocka_unit_test(leaves_a_clock_that_will_do),
        cmocka_unit_test(leaves_a_clock_that_was_put_right),
        cmocka_unit_test(is_not_misled_by_steps),
        cmocka_unit_test(the_newest_that_knows_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

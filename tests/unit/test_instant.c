#include "base/instant.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hostclock.h"

static void
spans_round_and_are_cut(void **state)
{
    (void)state;
    assert_int_equal(sg_span_to_ns(0), 0);
    assert_int_equal(sg_span_to_ns(1.5e-9), 2);
    assert_int_equal(sg_span_to_ns(-1.5e-9), -2);
    assert_int_equal(sg_span_to_ns(0.4e-9), 0);
    assert_int_equal(sg_span_to_ns(-300), INT64_C(-300000000000));
    assert_int_equal(sg_span_to_ns(1e300), INT64_C(6300000000000000000));
    assert_int_equal(sg_span_to_ns(-INFINITY), INT64_C(-6300000000000000000));
    assert_int_equal(sg_span_to_ns((double)NAN), INT64_C(6300000000000000000));
}

static void
differences_keep_the_nanosecond(void **state)
{
    struct sg_wall now = {INT64_C(1790000000123456789)};
    struct sg_wall then = {INT64_C(1789999700123456788)};

    (void)state;
    assert_float_equal(sg_wall_diff(now, then), 300.000000001, 1e-12);
    assert_float_equal(sg_wall_diff(then, now), -300.000000001, 1e-12);
    assert_int_equal(sg_wall_add(then, sg_wall_diff(now, then)).ns, now.ns);
}

/* Outside bytes may hold any 64 bits: the result is wrong, but defined. */
static void
absurd_instants_wrap(void **state)
{
    struct sg_raw first = {INT64_MIN}, last = {INT64_MAX};

    (void)state;
    assert_float_equal(sg_raw_diff(last, first), -1e-9, 1e-18);
    assert_int_equal(sg_raw_add(last, 1e-9).ns, INT64_MIN);
    assert_int_equal(sg_raw_add(first, -1e-9).ns, INT64_MAX);
}

static void
adding_a_difference_leads_back(void **state)
{
    unsigned seed = (unsigned)sg_host_raw().ns;

    (void)state;
    print_message("seed %u\n", seed);
    srandom(seed);
    for (int i = 0; i < 100000; i++) {
        struct sg_raw a = {(int64_t)random() * 1000003};
        struct sg_raw b = {a.ns + (int64_t)random() * 1000 - random()};

        /* Spans below 50 days are exact in a double of seconds. */
        assert_int_equal(sg_raw_add(a, sg_raw_diff(b, a)).ns, b.ns);
    }
}

static void
host_clocks_agree_with_themselves(void **state)
{
    struct sg_reading first = sg_host_reading(), second = sg_host_reading();

    (void)state;
    assert_true(first.raw.ns > 0 && second.raw.ns >= first.raw.ns);
    assert_true(first.width_s >= 0 && first.width_s < 1);
    assert_true(
        fabs(sg_raw_diff(sg_host_wall_to_raw(second.wall), second.raw)) < 0.1);
    assert_true(sg_host_suspended_s() > -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_round_and_are_cut),
        cmocka_unit_test(differences_keep_the_nanosecond),
        cmocka_unit_test(absurd_instants_wrap),
        cmocka_unit_test(adding_a_difference_leads_back),
        cmocka_unit_test(host_clocks_agree_with_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

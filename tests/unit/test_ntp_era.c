/* Which of the eras an NTP time stamp belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/ntp_packet.h"

#define NTP_TO_UNIX_S 2208988800ULL
#define NOW_S 1790000000ULL /* 2026-09-21 */

static const struct sg_wall now = {(int64_t)NOW_S * 1000000000};

/* Seconds of Unix time and nanoseconds as an NTP time stamp. */
static uint64_t
stamp(uint64_t unix_s, uint32_t ns)
{
    uint64_t fraction = (((uint64_t)ns << 32) + 500000000) / 1000000000;

    return ((unix_s + NTP_TO_UNIX_S) << 32) + fraction;
}

static void
expect_wall(uint64_t ntp, int64_t pivot_s, int64_t wanted_s)
{
    struct sg_wall pivot = {pivot_s * 1000000000};

    assert_int_equal(sg_ntp_to_wall(ntp, pivot).ns, wanted_s * 1000000000);
}

static void
eras(void **state)
{
    const int64_t turn_s = 2085978496; /* 2036-02-07T06:28:16Z */

    (void)state;
    expect_wall(0, turn_s - 1, turn_s);
    expect_wall(0, turn_s + 1, turn_s);
    expect_wall(0xffffffffULL << 32, turn_s, turn_s - 1);
    expect_wall(0xffffffffULL << 32, turn_s + 100, turn_s - 1);
    expect_wall(stamp(NOW_S, 0), (int64_t)NOW_S, (int64_t)NOW_S);
    expect_wall(stamp(NOW_S, 0), 0, (int64_t)NOW_S);
    expect_wall(stamp(0, 0), (int64_t)NOW_S, 0);
    expect_wall(stamp(4000000000, 0), (int64_t)NOW_S + 600000000, 4000000000);
    /* No pivot overflows. */
    (void)sg_ntp_to_wall(0, (struct sg_wall){INT64_MAX});
    (void)sg_ntp_to_wall(~0ULL, (struct sg_wall){INT64_MAX});
    (void)sg_ntp_to_wall(0, (struct sg_wall){INT64_MIN});
    assert_int_equal(sg_ntp_to_wall(stamp(NOW_S, 123456789), now).ns,
                     now.ns + 123456789);
}

static void
pivots(void **state)
{
    const struct sg_wall built = now;
    const struct sg_wall later = {now.ns + 100000000000};
    const struct sg_wall limit = {now.ns + (1LL << 31) * 1000000000};
    const struct sg_wall y2150 = {5680281600LL * 1000000000};

    (void)state;
    assert_int_equal(sg_ntp_pivot((struct sg_wall){0}, built).ns, built.ns);
    assert_int_equal(sg_ntp_pivot((struct sg_wall){INT64_MIN}, built).ns,
                     built.ns);
    assert_int_equal(sg_ntp_pivot(later, built).ns, later.ns);
    assert_int_equal(sg_ntp_pivot(y2150, built).ns, limit.ns);
    assert_int_equal(sg_ntp_pivot((struct sg_wall){INT64_MAX}, built).ns,
                     limit.ns);
    /* So a clock that says 2150 still understands a server's 2027. */
    expect_wall(stamp(1800000000, 0),
                sg_ntp_pivot(y2150, built).ns / 1000000000, 1800000000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eras),
        cmocka_unit_test(pivots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

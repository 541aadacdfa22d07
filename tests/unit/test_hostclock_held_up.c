/* A look at the clocks in the middle of which we are held up (clock_gettime is
 * linked with --wrap): that is no suspend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "base/hostclock.h"

int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

static double now_s, slept_s;
static double held_up_s[8]; /* at the next calls */
static int n_calls;

int
__wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
    double s;

    if (n_calls < 8)
        now_s += held_up_s[n_calls++];
    s = now_s + (id == CLOCK_BOOTTIME ? slept_s : 0);
    *ret = (struct timespec){(time_t)s, 0};
    return 0;
}

static void
hold_up(int at_call, double span_s)
{
    for (int i = 0; i < 8; i++)
        held_up_s[i] = 0;
    held_up_s[at_call] = span_s;
    n_calls = 0;
}

static void
who_is_held_up_has_not_slept(void **state)
{
    (void)state;
    for (int call = 0; call < 8; call++) {
        hold_up(call, 30);
        assert_float_equal(sg_host_suspended_s(), 0, 0);
        hold_up(call, 30);
        slept_s = 7200;
        assert_float_equal(sg_host_suspended_s(), 7200, 0);
        slept_s = 0;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_held_up_has_not_slept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

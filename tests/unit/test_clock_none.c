#include "clock/clock.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hostclock.h"

static void
looks_and_refuses(void **state)
{
    struct sg_clock_course course = {.base_ppm = 1, .slew_ppm = 0.5};
    struct sg_err err = {""};
    struct sg_clock *clock = sg_clock_none_new(&err);
    struct sg_reading now;
    double ppm;

    (void)state;
    assert_non_null(clock);
    assert_string_equal(clock->ops->name, "none");
    assert_false(clock->can_move);
    assert_int_equal(clock->ops->read(clock, &now), 0);
    assert_true(sg_wall_diff(sg_host_reading().wall, now.wall) < 1);
    assert_int_equal(clock->ops->steer(clock, &course, &err), -EPERM);
    assert_string_equal(err.text, "none clock: rate +1.500 ppm refused, this "
                                  "driver only looks at the clock");
    assert_int_equal(sg_clock_step_by(clock, -600, &err), -EPERM);
    assert_string_equal(err.text, "none clock: step -600.000 s refused, this "
                                  "driver only looks at the clock");
    if (clock->ops->frequency(clock, &ppm) == 0) /* filtered in containers */
        assert_true(ppm >= -100000 && ppm <= 100000);
    assert_false(sg_clock_simulated_model(clock, &now, &ppm));
    sg_clock_free(clock);
}

static void
watches_too(void **state)
{
    struct sg_clock *clock = sg_clock_none_new(NULL);
    struct pollfd poll_fd = {.events = POLLIN};

    (void)state;
    assert_non_null(clock);
    poll_fd.fd = clock->ops->watch(clock);
    assert_true(poll_fd.fd >= 0);
    assert_int_equal(poll(&poll_fd, 1, 10), 0);
    clock->ops->rearm(clock);
    assert_int_equal(poll(&poll_fd, 1, 10), 0);
    sg_clock_free(clock);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_and_refuses),
        cmocka_unit_test(watches_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "clock/clock.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hostclock.h"
#include "clock/simulated.h"

#define START_NS INT64_C(1790000000000000000)

static struct sg_raw raw_now;

static struct sg_raw
test_raw(void *arg)
{
    (void)arg;
    return raw_now;
}

static struct sg_clock *
new_clock(const char *text, uint64_t seed)
{
    struct sg_simulated_world world = {test_raw, NULL, {START_NS}, seed};
    struct sg_simulated_spec spec;
    struct sg_err err = {""};
    struct sg_clock *clock;

    raw_now.ns = INT64_C(5000000000);
    assert_int_equal(sg_simulated_spec_parse(text, &spec, &err), 0);
    clock = sg_clock_simulated_make(&spec, &world, &err);
    assert_non_null(clock);
    return clock;
}

/* Nanoseconds that the clock shows more than a right clock does. */
static int64_t
error_ns(struct sg_clock *clock)
{
    struct sg_reading now;

    assert_int_equal(clock->ops->read(clock, &now), 0);
    assert_int_equal(now.raw.ns, raw_now.ns);
    assert_float_equal(now.width_s, 0, 0);
    return now.wall.ns - START_NS - (raw_now.ns - INT64_C(5000000000));
}

static void
pass(double span_s)
{
    raw_now = sg_raw_add(raw_now, span_s);
}

static double
rate_of(struct sg_clock *clock)
{
    struct sg_reading now;
    double ppm = 0;

    assert_true(sg_clock_simulated_model(clock, &now, &ppm));
    return ppm;
}

static void
spec_is_read(void **state)
{
    struct sg_simulated_spec spec;

    (void)state;
    assert_int_equal(
        sg_simulated_spec_parse("offset=+600s,drift=40ppm,wander=1e-9,"
                                "step=+200s@30s,step=-1.5min@250ms",
                                &spec, NULL),
        0);
    assert_float_equal(spec.offset_s, 600, 0);
    assert_float_equal(spec.drift_ppm, 40, 0);
    assert_float_equal(spec.wander, 1e-9, 0);
    assert_int_equal(spec.n_steps, 2);
    assert_float_equal(spec.steps[0].offset_s, -90, 0);
    assert_float_equal(spec.steps[0].at_s, 0.25, 1e-12);
    assert_float_equal(spec.steps[1].offset_s, 200, 0);
    assert_float_equal(spec.steps[1].at_s, 30, 0);

    assert_int_equal(sg_simulated_spec_parse("drift=-1500ppb", &spec, NULL), 0);
    assert_float_equal(spec.offset_s, 0, 0);
    assert_float_equal(spec.drift_ppm, -1.5, 1e-12);
    assert_int_equal(spec.n_steps, 0);
}

#define SPAN_UNITS "(ns, us, ms, s, min, h, d)"

static void
wrong_specs_are_explained(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"",
         "simulate: empty entry (offset, drift, wander, step, rival, refuse)"},
        {"drift=1ppm,",
         "simulate: empty entry (offset, drift, wander, step, rival, refuse)"},
        {"drift", "simulate: \"drift\" lacks its value, as in offset=+600s"},
        {"Drift=1ppm", "simulate: unknown key \"Drift\" (offset, drift, "
                       "wander, step, rival, refuse)"},
        {" drift=1ppm", "simulate: unknown key \" drift\" (offset, drift, "
                        "wander, step, rival, refuse)"},
        {"drift=40", "simulate: drift \"40\" lacks its unit (ppm, ppb)"},
        {"drift=40s",
         "simulate: drift \"40s\" has the unknown unit \"s\" (ppm, ppb)"},
        {"drift=fast", "simulate: drift \"fast\" is not a number"},
        {"drift=", "simulate: drift \"\" is not a number"},
        {"drift=nanppm", "simulate: drift \"nanppm\" is not a number"},
        {"drift=1.2.3ppm", "simulate: drift \"1.2.3ppm\" is not a number"},
        {"drift=0x10ppm", "simulate: drift \"0x10ppm\" has the unknown unit "
                          "\"x10ppm\" (ppm, ppb)"},
        {"drift=1000.1ppm", "simulate: drift \"1000.1ppm\" is outside -1000 "
                            "to +1000 ppm"},
        {"drift=-1e999ppm", "simulate: drift \"-1e999ppm\" is outside -1000 "
                            "to +1000 ppm"},
        {"drift=1ppm,drift=1ppm", "simulate: drift is given twice"},
        {"offset=1s,offset=1s", "simulate: offset is given twice"},
        {"wander=0,wander=0", "simulate: wander is given twice"},
        {"offset=600", "simulate: offset \"600\" lacks its unit " SPAN_UNITS},
        {"offset=36526d", "simulate: offset \"36526d\" is outside -36525 to "
                          "+36525 d (100 years)"},
        {"wander=1e-9ppm", "simulate: wander \"1e-9ppm\" has the unknown unit "
                           "\"ppm\" (none)"},
        {"wander=2e-6", "simulate: wander \"2e-6\" is outside 0 to 1e-6"},
        {"wander=-1e-9", "simulate: wander \"-1e-9\" is outside 0 to 1e-6"},
        {"step=+200s", "simulate: step \"+200s\" lacks its time, as in "
                       "+200s@30s"},
        {"step=+200@30s", "simulate: step \"+200\" lacks its unit " SPAN_UNITS},
        {"step=+200s@30",
         "simulate: time of step \"30\" lacks its unit " SPAN_UNITS},
        {"step=+200s@-1s", "simulate: time of step \"-1s\" is outside 0 to "
                           "36525 d (100 years)"},
        {"step=1s@1s,step=1s@1s,step=1s@1s,step=1s@1s,step=1s@1s,step=1s@1s,"
         "step=1s@1s,step=1s@1s,step=1s@1s",
         "simulate: more than 8 steps"},
        {"rival=+50ppm",
         "simulate: rival \"+50ppm\" lacks its time, as in +50ppm@30s"},
        {"rival=2000ppm@1s", "simulate: rival \"2000ppm\" is outside -1000 "
                             "to +1000 ppm"},
        {"rival=1ppm@1s,rival=1ppm@1s", "simulate: rival is given twice"},
        {"refuse=1s@1s,refuse=1s@1s", "simulate: refuse is given twice"},
        {"refuse=-1s@1s", "simulate: refuse \"-1s\" is outside 0 to 36525 d "
                          "(100 years)"},
        {"drift=0000000000000000000000000000000000000000000000000000000001ppm",
         "simulate: \"drift=00000000000000...\" has 67 characters, at most "
         "63"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_simulated_spec spec;
        struct sg_err err = {""};

        assert_int_equal(sg_simulated_spec_parse(cases[i].text, &spec, &err),
                         -EINVAL);
        assert_string_equal(err.text, cases[i].message);
        err.text[0] = '\0';
        assert_null(sg_clock_simulated_new(cases[i].text, &err));
        assert_string_equal(err.text, cases[i].message);
    }
}

static void
offset_is_reference_minus_local(void **state)
{
    struct sg_clock *clock = new_clock("offset=+600s", 1);
    struct sg_err err;

    (void)state;
    assert_int_equal(error_ns(clock), INT64_C(-600000000000));
    assert_int_equal(sg_clock_step_by(clock, 600, &err), 0);
    assert_int_equal(error_ns(clock), 0);
    assert_int_equal(sg_clock_step_by(clock, -0.25, &err), 0);
    assert_int_equal(error_ns(clock), -250000000);
    sg_clock_free(clock);
}

/* A thousand odd looks must give what one look gives: nothing is lost below
 * the nanosecond. */
static void
drift_does_not_depend_on_looking(void **state)
{
    struct sg_clock *seldom = new_clock("drift=-37.123ppm", 1);
    struct sg_clock *often = new_clock("drift=-37.123ppm", 1);

    (void)state;
    for (int i = 0; i < 100003; i++) {
        raw_now.ns += 997 * 1001;
        error_ns(often);
    }
    /* 100003 * 997 * 1001 ns * -37.123e-6 = -3704975.4 ns */
    assert_int_equal(error_ns(often), -3704976);
    assert_true(llabs(error_ns(seldom) - error_ns(often)) <= 1);
    sg_clock_free(seldom);
    sg_clock_free(often);
}

static void
steering_adds_up_and_slews_end(void **state)
{
    struct sg_clock *clock = new_clock("drift=40ppm", 1);
    struct sg_clock_course course = {
        .base_ppm = -40, .slew_ppm = 100, .duration_s = 10};
    double ppm;

    (void)state;
    pass(100);
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    assert_int_equal(clock->ops->frequency(clock, &ppm), 0);
    assert_float_equal(ppm, -40, 0);
    assert_float_equal(rate_of(clock), 100, 1e-9);
    assert_true(llabs(error_ns(clock) - 4000000) <= 1);
    pass(4);
    assert_true(llabs(error_ns(clock) - 4400000) <= 1);
    pass(1000); /* the slew ended 6 s into this */
    assert_true(llabs(error_ns(clock) - 5000000) <= 2);
    assert_float_equal(rate_of(clock), 0, 1e-9);

    course = (struct sg_clock_course){.base_ppm = -41};
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    pass(1e6);
    assert_true(llabs(error_ns(clock) - (5000000 - 1000000000)) <= 2);
    sg_clock_free(clock);
}

static void
a_new_course_replaces_the_slew(void **state)
{
    struct sg_clock *clock = new_clock("offset=0s", 1);
    struct sg_clock_course course = {.slew_ppm = -500, .duration_s = 100};

    (void)state;
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    pass(2);
    course = (struct sg_clock_course){.slew_ppm = 250, .duration_s = 2};
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    pass(1000);
    assert_true(llabs(error_ns(clock) - (-1000000 + 500000)) <= 2);
    sg_clock_free(clock);
}

static void
limits_are_told(void **state)
{
    struct sg_clock *clock = new_clock("offset=0s", 1);
    struct sg_clock_course course = {.base_ppm = 400, .slew_ppm = 100.5};
    struct sg_err err = {""};

    (void)state;
    assert_string_equal(clock->ops->name, "simulated");
    assert_true(clock->can_move);
    assert_true(clock->ends_slews);
    assert_int_equal(clock->ops->steer(clock, &course, &err), -ERANGE);
    assert_string_equal(err.text,
                        "simulated clock: rate +500.500 ppm for 0.000 s: "
                        "beyond +-500 ppm a slew may last 10 s");
    course = (struct sg_clock_course){
        .base_ppm = 500, .slew_ppm = 82834, .duration_s = 10};
    assert_int_equal(clock->ops->steer(clock, &course, &err), -ERANGE);
    assert_string_equal(err.text, "simulated clock: rate +83334.000 ppm is "
                                  "beyond +-83333 ppm");
    assert_int_equal(sg_clock_step_by(clock, 4e9, &err), -ERANGE);
    assert_string_equal(err.text, "simulated clock: step +4000000000.000 s is "
                                  "beyond +-3155760000 s (100 years)");
    pass(1000);
    assert_int_equal(error_ns(clock), 0);
    sg_clock_free(clock);
}

static void
fast_slews_end_too(void **state)
{
    struct sg_clock *clock = new_clock("drift=40ppm", 1);
    struct sg_clock_course course = {
        .base_ppm = -40, .slew_ppm = -80000, .duration_s = 10};

    (void)state;
    assert_float_equal(clock->fast_ppm, 83333, 0);
    assert_float_equal(clock->fast_s, 10, 0);
    assert_int_equal(clock->ops->steer(clock, &course, NULL), 0);
    pass(1000);
    assert_true(llabs(error_ns(clock) + 800000000) <= 2);
    sg_clock_free(clock);
}

static void
a_rival_comes_at_his_time(void **state)
{
    struct sg_clock *clock = new_clock("rival=+50ppm@30s", 1);
    struct sg_clock_course course = {
        .base_ppm = -10, .slew_ppm = 100, .duration_s = 60};
    struct sg_err err = {""};
    double ppm;

    (void)state;
    pass(20);
    assert_int_equal(clock->ops->steer(clock, &course, &err), 0);
    pass(5);
    assert_int_equal(clock->ops->check(clock, &err), 0);
    assert_string_equal(err.text, "");
    pass(10);
    assert_int_equal(clock->ops->check(clock, &err), -EBUSY);
    assert_string_equal(err.text, "changed the clock's frequency from +90.000 "
                                  "to +140.000 ppm");
    assert_int_equal(clock->ops->steer(clock, &course, &err), -EBUSY);
    assert_int_equal(sg_clock_step_by(clock, 1, &err), -EBUSY);
    assert_int_equal(clock->ops->frequency(clock, &ppm), 0);
    assert_float_equal(ppm, 140, 1e-9);
    assert_true(llabs(error_ns(clock) - (900000 + 700000)) <= 2);
    clock->ops->forgive(clock);
    assert_int_equal(clock->ops->check(clock, &err), 0);
    assert_int_equal(clock->ops->steer(clock, &course, &err), 0);
    pass(1000);
    assert_int_equal(clock->ops->check(clock, &err), 0);
    sg_clock_free(clock);
}

static void
it_refuses_for_a_while(void **state)
{
    struct sg_clock *clock = new_clock("refuse=20s@30s", 1);
    struct sg_clock_course course = {.base_ppm = 10};
    struct sg_err err = {""};

    (void)state;
    assert_int_equal(clock->ops->steer(clock, &course, &err), 0);
    pass(35);
    assert_int_equal(clock->ops->steer(clock, &course, &err), -EPERM);
    assert_string_equal(err.text,
                        "simulated clock: may not be set for another 15 s");
    assert_int_equal(sg_clock_step_by(clock, 1, &err), -EPERM);
    assert_int_equal(clock->ops->check(clock, &err), 0);
    pass(16);
    assert_int_equal(sg_clock_step_by(clock, 1, &err), 0);
    sg_clock_free(clock);
}

static void
steps_happen_at_their_time(void **state)
{
    struct sg_clock *clock =
        new_clock("step=-50s@60s,step=+200s@30s,step=1s@0s,step=2s@60s", 1);

    (void)state;
    assert_int_equal(error_ns(clock), INT64_C(1000000000));
    pass(29.999999999);
    assert_int_equal(error_ns(clock), INT64_C(1000000000));
    pass(1e-9);
    assert_int_equal(error_ns(clock), INT64_C(201000000000));
    pass(3600);
    assert_int_equal(error_ns(clock), INT64_C(153000000000));
    sg_clock_free(clock);
}

/* Eight centuries do not fit; the clock stays at its end. */
static void
absurd_steps_do_not_overflow(void **state)
{
    struct sg_clock *clock = new_clock("step=36525d@1s,step=36525d@1s,"
                                       "step=36525d@1s,step=36525d@1s",
                                       1);
    struct sg_reading now;

    (void)state;
    pass(2);
    assert_int_equal(clock->ops->read(clock, &now), 0);
    assert_int_equal(now.wall.ns, INT64_MAX);
    sg_clock_free(clock);
}

/*
 * A frequency that walks randomly by w per square root of a second has the
 * variance w^2 T after T; the clock's error has w^2 T^3 / 3.  Of 600 clocks
 * the sample variance has a deviation of 5.8 %: five of them are allowed.
 */
static void
wander_has_its_variance(void **state)
{
    const double wander = 1e-8, span_s = 900;
    const int n = 600;
    uint64_t seed = (uint64_t)sg_host_raw().ns;
    double rates = 0, errors = 0;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < n; i++) {
        struct sg_clock *clock = new_clock("wander=1e-8", seed + (uint64_t)i);
        double error_s, rate;

        for (int part = 0; part < i % 7; part++) { /* looking is no influence */
            pass(span_s / 10);
            error_ns(clock);
        }
        pass(span_s - span_s / 10 * (i % 7));
        error_s = (double)error_ns(clock) * 1e-9;
        rate = rate_of(clock) * 1e-6;
        rates += rate * rate / n;
        errors += error_s * error_s / n;
        sg_clock_free(clock);
    }
    rates /= wander * wander * span_s;
    errors /= wander * wander * span_s * span_s * span_s / 3;
    print_message("variance of frequency %.3f, of time %.3f of expected\n",
                  rates, errors);
    assert_float_equal(rates, 1, 0.29);
    assert_float_equal(errors, 1, 0.29);
}

static void
the_same_seed_wanders_the_same(void **state)
{
    int64_t first[2] = {0, 0};

    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++)
        for (int i = 0; i < 2; i++) {
            struct sg_clock *clock = new_clock("wander=1e-6", seed);

            pass(1e5);
            if (i == 0)
                first[seed - 1] = error_ns(clock);
            else
                assert_int_equal(error_ns(clock), first[seed - 1]);
            sg_clock_free(clock);
        }
    assert_int_not_equal(first[0], first[1]);
}

/* On the host's own raw clock, in real time. */
static void
watch_fires_at_the_step(void **state)
{
    struct sg_err err = {""};
    struct sg_clock *clock =
        sg_clock_simulated_new("offset=-10s,step=+5s@50ms", &err);
    struct pollfd poll_fd = {.events = POLLIN};
    struct sg_reading now;
    int turns = 0;

    (void)state;
    assert_non_null(clock);
    clock->ops->rearm(clock); /* before there is one: nothing */
    poll_fd.fd = clock->ops->watch(clock);
    assert_true(poll_fd.fd >= 0);
    do { /* it may be up to 500 ppm early */
        assert_int_equal(poll(&poll_fd, 1, 2000), 1);
        clock->ops->rearm(clock);
        clock->ops->read(clock, &now);
        assert_in_range(++turns, 1, 20);
    } while (sg_wall_diff(now.wall, sg_host_reading().wall) < 12);
    assert_float_equal(sg_wall_diff(now.wall, sg_host_reading().wall), 15, 1);
    assert_int_equal(poll(&poll_fd, 1, 20), 0);
    sg_clock_free(clock);
}

static void
model_is_the_present_line(void **state)
{
    struct sg_clock *clock = new_clock("offset=2s,drift=40ppm", 1);
    struct sg_reading now;
    double ppm;

    (void)state;
    pass(10);
    assert_true(sg_clock_simulated_model(clock, &now, &ppm));
    assert_int_equal(now.raw.ns, raw_now.ns);
    assert_int_equal(now.wall.ns - START_NS, INT64_C(8000400000));
    assert_float_equal(ppm, 40, 1e-12);
    sg_clock_free(clock);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spec_is_read),
        cmocka_unit_test(wrong_specs_are_explained),
        cmocka_unit_test(offset_is_reference_minus_local),
        cmocka_unit_test(drift_does_not_depend_on_looking),
        cmocka_unit_test(steering_adds_up_and_slews_end),
        cmocka_unit_test(a_new_course_replaces_the_slew),
        cmocka_unit_test(limits_are_told),
        cmocka_unit_test(fast_slews_end_too),
        cmocka_unit_test(a_rival_comes_at_his_time),
        cmocka_unit_test(it_refuses_for_a_while),
        cmocka_unit_test(steps_happen_at_their_time),
        cmocka_unit_test(absurd_steps_do_not_overflow),
        cmocka_unit_test(wander_has_its_variance),
        cmocka_unit_test(the_same_seed_wanders_the_same),
        cmocka_unit_test(watch_fires_at_the_step),
        cmocka_unit_test(model_is_the_present_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

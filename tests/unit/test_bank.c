/*
 * A bank beside a small world: an oscillator whose rate walks, a path whose
 * packets wait, and the truth to compare with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/bank.h"

#include "chance.h"

struct world {
    double t_s, offset_s, rate, wander;
    double least_s[2], wait_s[2]; /* there and back */
    struct sg_bank bank;
};

static struct world
campus(void)
{
    return (struct world){
        .rate = 1e-5,
        .wander = 1e-9,
        .least_s = {1e-3, 1e-3},
        .wait_s = {2e-4, 2e-4},
    };
}

static void
pass(struct world *w, double span_s)
{
    double left_s = span_s;

    while (left_s > 0) {
        double step_s = fmin(left_s, 1);

        w->rate += w->wander * sqrt(step_s) * chance_normal();
        w->offset_s += w->rate * step_s;
        left_s -= step_s;
    }
    w->t_s += span_s;
}

static bool
ask(struct world *w)
{
    double took_s[2];
    struct sg_trip trip = {.t_s = w->t_s};

    for (int i = 0; i < 2; i++)
        took_s[i] =
            w->least_s[i] - w->wait_s[i] * log(1 - chance_between(0, 1));
    trip.delay_s = took_s[0] + took_s[1];
    trip.offset_s = w->offset_s + (took_s[0] - took_s[1]) / 2;
    if (w->bank.trips > 0)
        return sg_bank_add(&w->bank, &trip);
    sg_bank_start(&w->bank, &trip, 0, 1e-4);
    return false;
}

static double
error_s(const struct world *w)
{
    struct sg_bank_view view;

    sg_bank_look(&w->bank, w->t_s, &view);
    return view.offset_s - w->offset_s;
}

/* Root of the mean square error over n questions. */
static double
follow(struct world *w, int n, double poll_s)
{
    double sum = 0;

    for (int i = 0; i < n; i++) {
        pass(w, poll_s);
        ask(w);
        sum += error_s(w) * error_s(w);
    }
    return sqrt(sum / n);
}

static void
assert_below(const char *what, double is, double limit)
{
    if (!(is <= limit))
        fail_msg("%s is %.3g, more than %.3g", what, is, limit);
}

/* One packet may have had the longest wait of a hundred; half of many not. */
static void
assert_median_below(const char *what, double *are, int n, double limit)
{
    int beyond = 0;

    for (int i = 0; i < n; i++)
        beyond += !(are[i] <= limit);
    if (2 * beyond > n)
        fail_msg("%s is more than %.3g in %d of %d runs", what, limit, beyond,
                 n);
}

/* A particle filter that knows path and oscillator comes to 6.8 us. */
static void
it_uses_what_the_delays_tell(void **state)
{
    double sum = 0;

    (void)state;
    chance_begin();
    for (int run = 0; run < 10; run++) {
        struct world w = campus();

        follow(&w, 200, 16);
        sum += follow(&w, 1000, 16) / 10;
    }
    assert_below("the error", sum, 8.5e-6);
}

/* One would do to see that nothing breaks; the mean of many is a figure. */
#define LEARNERS 15

static void
it_learns_how_the_oscillator_wanders(void **state)
{
    static const double wanders[] = {1e-10, 1e-9, 1e-8};

    int runs = chance_rounds(LEARNERS) > 0 ? LEARNERS : 1;
    double slack = runs > 1 ? 1 : 100;

    (void)state;
    chance_begin();
    for (int i = 0; i < 3; i++) {
        double sum = 0;

        for (int run = 0; run < runs; run++) {
            struct world w = campus();
            struct sg_bank_view view;

            w.wander = wanders[i];
            follow(&w, 2000, 16);
            sg_bank_look(&w.bank, w.t_s, &view);
            sum += log(view.wander / w.wander) / runs;
        }
        /* 1e-10 is the least that is assumed */
        assert_below("learned wander / the truth", exp(sum), 6 * slack);
        assert_below("the truth / learned wander", exp(-sum), 2.5 * slack);
    }
}

/* Errors beyond 5 deviations are one in a thousand or two, and the deviation is
 * no waste. */
static void
it_knows_how_good_it_is(void **state)
{
    double squares = 0, variances = 0;
    int outside = 0, all = 0;

    (void)state;
    chance_begin();
    for (int run = 0; run < 20; run++) {
        struct world w = campus();

        w.wander = pow(10, chance_between(-9.5, -8));
        w.wait_s[1] = pow(10, chance_between(-5, -3));
        follow(&w, 50, 32);
        for (int i = 0; i < 1000; i++) {
            struct sg_bank_view view;

            pass(&w, 32);
            ask(&w);
            sg_bank_look(&w.bank, w.t_s, &view);
            all++;
            outside += fabs(error_s(&w)) > 5 * view.offset_sd_s;
            squares += error_s(&w) * error_s(&w);
            variances += view.offset_sd_s * view.offset_sd_s;
        }
    }
    assert_below("share outside", (double)outside / all, 0.003);
    assert_below("deviation / error", sqrt(variances / squares), 1.5);
}

#define STEPS 15

static void
a_frequency_step_is_followed_at_once(void **state)
{
    double first_s[STEPS], later_s[STEPS], surprised[STEPS];

    (void)state;
    chance_begin();
    for (int run = 0; run < STEPS; run++) {
        struct world w = campus();
        bool is_surprised;

        follow(&w, 300, 64);
        w.rate += 5e-5;
        pass(&w, 64);
        is_surprised = ask(&w);
        assert_true(is_surprised);
        first_s[run] = fabs(error_s(&w));
        for (int i = 0; i < 5; i++) {
            pass(&w, 16);
            is_surprised = ask(&w);
        }
        later_s[run] = fabs(error_s(&w));
        surprised[run] = is_surprised;
    }
    assert_median_below("error at the first packet", first_s, STEPS, 5e-4);
    assert_median_below("error after 80 s", later_s, STEPS, 3e-4);
    assert_median_below("surprise after 80 s", surprised, STEPS, 0);
}

#define STARTS 20

/* Without a word from anybody that its memory is of another machine. */
static void
a_wrong_rate_beforehand_is_forgotten(void **state)
{
    double errors[STARTS];

    (void)state;
    chance_begin();
    for (int run = 0; run < STARTS; run++) {
        struct world w = campus();
        struct sg_bank_view view;
        struct sg_trip first = {.delay_s = 0.0022};

        w.rate = 8e-5;
        sg_bank_start(&w.bank, &first, 0, 1e-6);
        for (int i = 0; i < 3; i++) {
            pass(&w, 0.25);
            ask(&w);
        }
        for (int i = 0; i < 12; i++) {
            pass(&w, 16);
            ask(&w);
        }
        sg_bank_look(&w.bank, w.t_s, &view);
        errors[run] = fabs(view.rate - w.rate);
        assert_below("rate's error", errors[run], 2e-5);
    }
    assert_median_below("rate's error", errors, STARTS, 1e-6);
}

/* A longer way both ways is a longer path; for one way it may be a queue, and
 * an offset that comes and goes with it would be none. */
static void
a_change_of_path_is_no_change_of_time(void **state)
{
    static const double longer_s[][2] = {
        {2e-3, 2e-3}, {0, 2e-3}, {2e-3, 0}, {-5e-4, -5e-4}};

    (void)state;
    chance_begin();
    for (int i = 0; i < 4; i++) {
        struct world w = campus();

        follow(&w, 300, 64);
        w.least_s[0] += longer_s[i][0];
        w.least_s[1] += longer_s[i][1];
        assert_below("error after a change", follow(&w, 100, 64), 1e-4);
    }
}

static void
packets_from_nowhere_break_nothing(void **state)
{
    (void)state;
    chance_begin();
    for (int run = 0; run < 100; run++) {
        struct sg_bank bank;
        struct sg_trip trip = {.delay_s = pow(10, chance_between(-7, 1))};
        struct sg_bank_view view;
        double sum = 0;

        sg_bank_start(&bank, &trip, chance_between(-1, 1),
                      pow(10, chance_between(-9, -2)));
        for (int i = 0; i < 100; i++) {
            trip.t_s += pow(10, chance_between(-3, 6));
            trip.offset_s =
                chance_between(-1, 1) * pow(10, chance_between(-9, 8));
            trip.delay_s = pow(10, chance_between(-7, 3));
            sg_bank_add(&bank, &trip);
        }
        sg_bank_look(&bank, trip.t_s + 100, &view);
        assert_true(isfinite(view.offset_s) && isfinite(view.rate));
        assert_true(view.offset_sd_s > 0 && view.rate_sd > 0);
        for (int i = 0; i < SG_BANK_TRACKS; i++)
            sum += bank.weights[i];
        assert_true(fabs(sum - 1) < 1e-9);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_uses_what_the_delays_tell),
        cmocka_unit_test(it_learns_how_the_oscillator_wanders),
        cmocka_unit_test(it_knows_how_good_it_is),
        cmocka_unit_test(a_frequency_step_is_followed_at_once),
        cmocka_unit_test(a_wrong_rate_beforehand_is_forgotten),
        cmocka_unit_test(a_change_of_path_is_no_change_of_time),
        cmocka_unit_test(packets_from_nowhere_break_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

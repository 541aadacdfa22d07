/* The line fit against closed forms, known noise and bent histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "core/regress.h"

#include "chance.h"

#define MAX 64
#define VAGUE 1.0 /* a prior that says nothing: a second per second */

static void
assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.12g is not %.12g within %g", a, b, tolerance);
}

/* Evenly spaced points of one deviation: slope and value as in textbooks. */
static void
equal_weights_give_the_textbook_line(void **state)
{
    struct sg_point points[5];
    struct sg_line line;
    double mean_x = 0, sxy = 0;
    const double x[] = {1, 2.5, 2, 4, 5.5};

    (void)state;
    for (int i = 0; i < 5; i++) {
        points[i] = (struct sg_point){i - 4, x[i], 0.5};
        mean_x += x[i] / 5;
        sxy += (i - 2) * x[i];
    }
    sg_regress(points, 5, 0, 1e9, &line);
    assert_near(line.slope, sxy / 10, 1e-9);
    assert_near(line.x_s, mean_x + 2 * sxy / 10, 1e-9);
    assert_near(line.slope_sd, 0.5 / sqrt(10), 1e-9);
    assert_near(line.sd_s, 0.5 * sqrt(1 / 5.0 + 4 / 10.0), 1e-9);
    assert_int_equal(line.used, 5);
}

static void
one_point_takes_its_slope_from_the_prior(void **state)
{
    struct sg_point point = {-10, 3, 0.25};
    struct sg_line line;

    (void)state;
    sg_regress(&point, 1, 0.125, 0.01, &line);
    assert_near(line.slope, 0.125, 1e-12);
    assert_near(line.x_s, 3 + 10 * 0.125, 1e-9);
    assert_near(line.slope_sd, 0.01, 1e-12);
    assert_near(line.sd_s, hypot(0.25, 10 * 0.01), 1e-9);
}

static void
a_strong_prior_outweighs_two_points(void **state)
{
    struct sg_point points[] = {{-1, 0, 1}, {0, 1, 1}};
    struct sg_line line;

    (void)state;
    sg_regress(points, 2, 0, 1e-6, &line);
    assert_near(line.slope, 0, 1e-9);
    assert_near(line.x_s, 0.5, 1e-6);
    sg_regress(points, 2, 0, 1e6, &line);
    assert_near(line.slope, 1, 1e-6);
    assert_near(line.x_s, 1, 1e-6);
}

static void
a_doubtful_point_hardly_counts(void **state)
{
    struct sg_point points[] = {{-2, 0, 1e-3}, {-1, 99, 1e3}, {0, 0, 1e-3}};
    struct sg_line line;

    (void)state;
    sg_regress(points, 3, 0, VAGUE, &line);
    assert_near(line.x_s, 0, 1e-6);
    assert_near(line.slope, 0, 1e-6);
}

static int
make_line(struct sg_point *points, double slope, double x_s, double sd_s,
          double spacing_s)
{
    for (int i = 0; i < MAX; i++) {
        double t_s = (i - MAX + 1) * spacing_s;

        points[i] = (struct sg_point){
            t_s, x_s + slope * t_s + sd_s * chance_normal(), sd_s};
    }
    return MAX;
}

/* The error it claims is the error it makes, whatever the noise. */
static void
claimed_deviation_is_the_real_one(void **state)
{
    struct sg_point points[MAX];
    double sum = 0, slope_sum = 0;
    const int runs = 2000;

    (void)state;
    chance_begin();
    for (int i = 0; i < runs; i++) {
        double sd_s = pow(10, chance_between(-7, -1));
        double slope = chance_between(-1e-4, 1e-4);
        struct sg_line line;

        make_line(points, slope, 5, sd_s, 16);
        sg_regress(points, MAX, 0, VAGUE, &line);
        sum += pow((line.x_s - 5) / line.sd_s, 2);
        slope_sum += pow((line.slope - slope) / line.slope_sd, 2);
        assert_true(line.used >= 6 && line.used <= MAX);
    }
    /* the cut at the runs test costs some points but no honesty */
    assert_near(sqrt(sum / runs), 1, 0.2);
    assert_near(sqrt(slope_sum / runs), 1, 0.2);
}

/* Stated deviations that are wrong are corrected, within a factor of ten. */
static void
many_points_know_their_noise_better(void **state)
{
    struct sg_point points[MAX];
    double ratio_sum = 0;

    (void)state;
    chance_begin();
    for (int i = 0; i < 200; i++) {
        struct sg_line honest, boastful;

        make_line(points, 0, 0, 1e-4, 16);
        sg_regress(points, MAX, 0, VAGUE, &honest);
        for (int j = 0; j < MAX; j++)
            points[j].sd_s = 2e-5;
        sg_regress(points, MAX, 0, VAGUE, &boastful);
        ratio_sum += boastful.sd_s / honest.sd_s / 200;
    }
    assert_near(ratio_sum, 1, 0.05);
}

/* White noise loses its older points about one time in twenty. */
static void
straight_history_is_kept(void **state)
{
    struct sg_point points[MAX];
    int whole = 0;

    (void)state;
    chance_begin();
    for (int i = 0; i < 1000; i++) {
        struct sg_line line;

        make_line(points, 2e-5, 0, 1e-4, 16);
        sg_regress(points, MAX, 0, VAGUE, &line);
        whole += line.used == MAX;
    }
    assert_true(whole > 900 && whole < 990);
}

/* The oscillator changed its rate 16 points ago: what was before misleads. */
static void
bent_history_is_cut(void **state)
{
    struct sg_point points[MAX];
    struct sg_line line;

    (void)state;
    chance_begin();
    for (int i = 0; i < 200; i++) {
        make_line(points, 0, 0, 1e-6, 16);
        for (int j = MAX - 16; j < MAX; j++)
            points[j].x_s += 1e-5 * (points[j].t_s - points[MAX - 17].t_s);
        sg_regress(points, MAX, 0, VAGUE, &line);
        assert_true(line.used >= 6 && line.used <= 24);
        assert_near(line.slope, 1e-5, 3e-7 + 6 * line.slope_sd);
    }
}

static void
never_cut_below_six(void **state)
{
    struct sg_point points[MAX];
    struct sg_line line;

    (void)state;
    for (int i = 0; i < MAX; i++) /* a parabola has hardly any runs */
        points[i] = (struct sg_point){i - MAX + 1, i * i * 1.0, 1e-6};
    for (int n = 1; n <= MAX; n++) {
        sg_regress(points + MAX - n, n, 0, VAGUE, &line);
        assert_true(line.used >= (n < 6 ? n : 6) && line.used <= n);
        assert_true(isfinite(line.x_s) && isfinite(line.slope));
        assert_true(line.sd_s > 0 && line.slope_sd > 0);
    }
}

/* Without noise residuals are zero; nothing becomes NaN or zero. */
static void
perfect_points_leave_finite_errors(void **state)
{
    struct sg_point points[MAX];
    struct sg_line line;

    (void)state;
    for (int i = 0; i < MAX; i++)
        points[i] = (struct sg_point){(i - MAX + 1) * 64, 0, 2e-6};
    for (int n = 1; n <= MAX; n++) {
        sg_regress(points + MAX - n, n, 0, 100e-6, &line);
        assert_near(line.x_s, 0, 1e-12);
        assert_true(line.sd_s > 0 && line.sd_s <= 2e-6 * (1 + 1e-9));
        assert_true(line.slope_sd > 0 && isfinite(line.slope_sd));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_weights_give_the_textbook_line),
        cmocka_unit_test(one_point_takes_its_slope_from_the_prior),
        cmocka_unit_test(a_strong_prior_outweighs_two_points),
        cmocka_unit_test(a_doubtful_point_hardly_counts),
        cmocka_unit_test(claimed_deviation_is_the_real_one),
        cmocka_unit_test(many_points_know_their_noise_better),
        cmocka_unit_test(straight_history_is_kept),
        cmocka_unit_test(bent_history_is_cut),
        cmocka_unit_test(never_cut_below_six),
        cmocka_unit_test(perfect_points_leave_finite_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

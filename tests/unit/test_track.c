/*
 * One track against what the same measurement tells by plain integration.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "core/track.h"

#include "chance.h"

#define OFFSET SG_TRACK_OFFSET_S
#define RATE SG_TRACK_RATE
#define LEAST SG_TRACK_LEAST_S

static void
assert_near(const char *what, double is, double should, double tolerance)
{
    if (!(fabs(is - should) <= tolerance))
        fail_msg("%s is %.9g, not %.9g within %.2g", what, is, should,
                 tolerance);
}

static struct sg_track
track_of(double offset_s, double offset_sd_s, double least_s, double least_sd_s)
{
    struct sg_track track = {.mean = {offset_s, 0, least_s}};

    track.cov[OFFSET][OFFSET] = offset_sd_s * offset_sd_s;
    track.cov[RATE][RATE] = 1e-12;
    track.cov[LEAST][LEAST] = least_sd_s * least_sd_s;
    return track;
}

/* Mean, deviation and total of normal(mean, sd) times the density of the wait
 * of a packet that took measured, by summing up. */
struct integral {
    double mean, sd, total;
};

static struct integral
integrate(double mean, double sd, double measured, double wait)
{
    struct integral ret = {0, 0, 0};
    double step = sd / 2000, square = 0;

    for (double y = mean - 8 * sd; y < fmin(mean + 8 * sd, measured);
         y += step) {
        double w = exp(-pow((y - mean) / sd, 2) / 2) / (sd * sqrt(2 * M_PI)) *
                   pow(1 + (measured - y) / (6 * wait), -7) / wait * step;

        ret.total += w;
        ret.mean += w * y;
        square += w * y * y;
    }
    ret.mean /= ret.total;
    ret.sd = sqrt(square / ret.total - ret.mean * ret.mean);
    return ret;
}

/* From far below the edge to far beyond it. */
static void
an_edge_leaves_what_integration_leaves(void **state)
{
    (void)state;
    for (double measured = -0.3; measured <= 0.6; measured += 0.05) {
        struct sg_track track = track_of(0, 0.08, 0, 0.06);
        struct sg_track_edge edge = {SG_TRACK_THERE, measured, 1, 1e-4};
        struct integral all = integrate(0, 0.1, measured, 1);
        double likely = sg_track_add(&track, &edge);

        assert_near("the sum's mean", track.mean[OFFSET] + track.mean[LEAST],
                    all.mean, 0.003);
        assert_near("the sum's deviation",
                    sqrt(track.cov[OFFSET][OFFSET] + track.cov[LEAST][LEAST] +
                         2 * track.cov[OFFSET][LEAST]),
                    all.sd, 0.003);
        assert_near("how likely it was", likely, log(all.total), 0.05);
        /* shared out by how uncertain each is */
        assert_near("the share", track.mean[OFFSET] * 36,
                    track.mean[LEAST] * 64, 1e-9);
    }
}

static void
ways_back_count_the_other_way_round(void **state)
{
    struct sg_track there = track_of(0, 0.1, 0, 0.1);
    struct sg_track back = there;
    struct sg_track_edge edge = {SG_TRACK_THERE, -0.05, 1, 1e-4};

    (void)state;
    assert_near("the wait", sg_track_wait_s(&there, &edge), -0.05, 1e-12);
    sg_track_add(&there, &edge);
    edge.way = SG_TRACK_BACK;
    sg_track_add(&back, &edge);
    assert_near("offset", there.mean[OFFSET], -back.mean[OFFSET], 1e-12);
    assert_near("least", there.mean[LEAST], back.mean[LEAST], 1e-12);
    assert_true(there.mean[OFFSET] < -0.01);
}

/* Whatever waited long says next to nothing. */
static void
a_late_packet_pulls_at_nothing(void **state)
{
    struct sg_track track = track_of(0, 1e-5, 1e-3, 1e-6);
    struct sg_track_edge edge = {SG_TRACK_BACK, 0.5, 1e-4, 1e-7};

    (void)state;
    sg_track_add(&track, &edge);
    assert_near("offset", track.mean[OFFSET], 0, 2e-9);
    assert_near("its deviation", sqrt(track.cov[OFFSET][OFFSET]), 1e-5, 1e-9);
}

/* Time passes: the integrals of a random walk of the rate. */
static void
time_adds_what_the_rate_walks(void **state)
{
    struct sg_track track = {.mean = {1, 2e-6, 0}};

    (void)state;
    track.cov[RATE][RATE] = 4e-12;
    sg_track_pass(&track, 100, 3e-8);
    assert_near("offset", track.mean[OFFSET], 1.0002, 1e-12);
    assert_near("offset's variance", track.cov[OFFSET][OFFSET],
                4e-12 * 1e4 + 9e-16 * 1e6 / 3, 1e-18);
    assert_near("covariance", track.cov[OFFSET][RATE],
                4e-12 * 100 + 9e-16 * 1e4 / 2, 1e-20);
    assert_near("rate's variance", track.cov[RATE][RATE], 4e-12 + 9e-14, 1e-22);
}

static void
a_mixture_knows_how_far_apart_its_parts_are(void **state)
{
    struct sg_track a = track_of(0, 1, 5, 1), b = track_of(10, 2, 5, 1);

    (void)state;
    sg_track_mix(&a, &b, 0.25);
    assert_near("mean", a.mean[OFFSET], 2.5, 1e-12);
    assert_near("variance", a.cov[OFFSET][OFFSET],
                0.75 * 1 + 0.25 * 4 + 0.75 * 0.25 * 100, 1e-12);
    assert_near("what both agree on", a.cov[LEAST][LEAST], 1, 1e-12);
}

/* Measurements without sense or measure: a covariance stays one. */
static void
nonsense_leaves_it_whole(void **state)
{
    (void)state;
    chance_begin();
    for (int run = 0; run < 200; run++) {
        struct sg_track track = track_of(0, 1e-3, 1e-3, 1e-3);

        for (int i = 0; i < 200; i++) {
            struct sg_track_edge edge = {
                chance_between(0, 1) < 0.5 ? SG_TRACK_THERE : SG_TRACK_BACK,
                chance_between(-1, 1) * pow(10, chance_between(-9, 6)),
                pow(10, chance_between(-7, 1)), pow(10, chance_between(-7, 0))};

            sg_track_pass(&track, pow(10, chance_between(-3, 5)),
                          pow(10, chance_between(-10, -5)));
            assert_true(isfinite(sg_track_add(&track, &edge)));
            for (int j = 0; j < SG_TRACK_STATES; j++) {
                assert_true(isfinite(track.mean[j]));
                assert_true(track.cov[j][j] > 0);
                for (int k = 0; k < j; k++)
                    assert_true(pow(track.cov[j][k], 2) <=
                                track.cov[j][j] * track.cov[k][k] * 1.000001);
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edge_leaves_what_integration_leaves),
        cmocka_unit_test(ways_back_count_the_other_way_round),
        cmocka_unit_test(a_late_packet_pulls_at_nothing),
        cmocka_unit_test(time_adds_what_the_rate_walks),
        cmocka_unit_test(a_mixture_knows_how_far_apart_its_parts_are),
        cmocka_unit_test(nonsense_leaves_it_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

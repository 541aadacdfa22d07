/* When sources are asked: bursts, ramps, back-off, kisses, allowances. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "core/poll.h"

#include "chance.h"

static const struct sg_poll_config config = {.max_poll_s = 64,
                                             .kdc_poll_s = 64};
static const struct sg_poll_world alone = {.ntp_answers = false, .n_kdcs = 2};
static const struct sg_poll_world with_ntp = {
    .ntp_answers = true, .is_shown = true, .n_kdcs = 2};

static void
assert_next(struct sg_poll *poll, const struct sg_poll_world *world,
            double expected_s)
{
    double s = sg_poll_next(poll, &config, world, 0);

    if (!(fabs(s - expected_s) < 1e-9))
        fail_msg("%g s, not %g s", s, expected_s);
}

static void
ntp_begins_with_a_burst_then_ramps_up(void **state)
{
    static const double waits_s[] = {0.25, 0.25, 0.25, 2,  4,  8,  16, 16,
                                     16,   16,   16,   16, 16, 64, 64};
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_NTP, false);
    for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        assert_next(&poll, &with_ntp, waits_s[i]);
        assert_true(poll.interval_s == waits_s[i]);
        sg_poll_outcome(&poll, SG_OUTCOME_OK);
    }
}

static void
a_kdc_alone_is_asked_at_kdc_poll(void **state)
{
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_KDC, false);
    for (int i = 0; i < 3; i++)
        assert_next(&poll, &alone, 0.25);
    for (int i = 0; i < 5; i++)
        assert_next(&poll, &alone, 64);
}

/* At most 7 requests an hour in all while NTP answers. */
static void
kdcs_beside_ntp_share_an_allowance(void **state)
{
    (void)state;
    for (int n = 1; n <= 16; n++)
        for (int key = 0; key <= 1; key++) {
            struct sg_poll_world world = {.ntp_answers = true,
                                          .is_shown = true,
                                          .n_kdcs = n,
                                          .has_key = key};
            struct sg_poll kdc, keytab;
            double hourly;

            sg_poll_init(&kdc, SG_KIND_KDC, false);
            sg_poll_init(&keytab, SG_KIND_KEYTAB, true);
            kdc.burst = keytab.burst = 0;
            sg_poll_next(&kdc, &config, &world, 0);
            sg_poll_next(&keytab, &config, &world, 0);
            assert_true(keytab.share_s == 3600);
            assert_true(keytab.interval_s == n * 3600);
            hourly = 3600 / kdc.share_s;
            /* room for a ticket that is renewed: two requests */
            assert_true(key ? hourly + 2 <= 7 : hourly <= 7);
        }
}

/* Asked so seldom it may have been wrong for long: set, it is to be told within
 * 2 kdc_poll, and where a threshold is near within 60 s. */
static void
a_kdc_that_no_server_shows_is_asked_itself(void **state)
{
    struct sg_poll_world world = {.ntp_answers = true, .n_kdcs = 3};
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_KDC, false);
    poll.burst = 0;
    assert_next(&poll, &world, 112);
    assert_true(poll.share_s == 0);
    assert_true(sg_poll_next(&poll, &config, &world, 1) < 2 * 64 - 3);
    world.is_near = true;
    assert_next(&poll, &world, 0.625 * 64);
    assert_true(sg_poll_next(&poll, &config, &world, 1) < 50);
    world.ntp_answers = false;
    assert_next(&poll, &world, 0.625 * 64);
}

/* NTP on a KDC's host need not be there; but one that was there and falls
 * silent is asked until nothing is left of it. */
static void
who_may_be_silent_is_asked_hourly_once_he_is(void **state)
{
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_NTP, true);
    poll.burst = poll.quick = 0;
    for (int i = 0; i < 4; i++)
        sg_poll_outcome(&poll, SG_OUTCOME_NO_REPLY);
    assert_next(&poll, &with_ntp, 3600);
    sg_poll_outcome(&poll, SG_OUTCOME_OK);
    for (int i = 0; i < 7; i++) {
        sg_poll_outcome(&poll, SG_OUTCOME_NO_REPLY);
        assert_next(&poll, &with_ntp, 64);
    }
    sg_poll_outcome(&poll, SG_OUTCOME_NO_REPLY);
    assert_next(&poll, &with_ntp, 3600);
}

static void
ntp_near_a_threshold_is_asked_often(void **state)
{
    static const struct sg_poll_world world = {.ntp_answers = true,
                                               .is_near = true};
    static const struct sg_poll_config often = {.max_poll_s = 16,
                                                .kdc_poll_s = 64};
    static const struct sg_poll_config seldom = {.max_poll_s = 1024,
                                                 .kdc_poll_s = 64};
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_NTP, false);
    poll.burst = poll.quick = 0;
    assert_true(sg_poll_next(&poll, &often, &world, 0) == 16);
    assert_true(sg_poll_next(&poll, &seldom, &world, 0) == 40);
    /* but who is silent for good is not */
    poll.is_try = true;
    poll.failures = 10;
    assert_true(sg_poll_next(&poll, &seldom, &world, 0) == 3600);
}

static void
a_key_that_fails_is_tried_less_and_less_and_a_wrong_one_hourly(void **state)
{
    static const struct sg_poll_world world = {
        .ntp_answers = true, .n_kdcs = 2, .has_key = true};
    static const double waits_s[] = {64, 128, 256, 512, 1024, 2048, 7200, 7200};
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_KEYTAB, true);
    for (int i = 0; i < 4; i++) {
        sg_poll_outcome(&poll, SG_OUTCOME_UNPROVEN);
        if (i < 3)
            assert_next(&poll, &world, 0.25);
    }
    for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        assert_next(&poll, &world, waits_s[i]);
        sg_poll_outcome(&poll, SG_OUTCOME_NO_REPLY);
    }
    /* in turn, as those that answer */
    assert_true(poll.share_s == 3600);
    sg_poll_init(&poll, SG_KIND_KEYTAB, true);
    sg_poll_outcome(&poll, SG_OUTCOME_REJECTED);
    assert_next(&poll, &world, 7200);
    assert_true(poll.share_s == 3600);
    sg_poll_outcome(&poll, SG_OUTCOME_KEYTAB);
    assert_next(&poll, &world, 1200);
    sg_poll_outcome(&poll, SG_OUTCOME_OK);
    assert_next(&poll, &world, 7200);
}

static void
a_key_whose_word_is_the_only_one_is_asked_at_kdc_poll(void **state)
{
    static const struct sg_poll_world world = {
        .n_kdcs = 2, .has_key = true, .is_alone = true};
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_KEYTAB, true);
    poll.burst = 0;
    assert_next(&poll, &world, 64);
    assert_true(poll.share_s == 0);
}

static void
requests_are_spread_over_a_tenth(void **state)
{
    struct sg_poll poll;
    double least_s = INFINITY, most_s = 0;

    (void)state;
    chance_begin();
    sg_poll_init(&poll, SG_KIND_NTP, false);
    poll.burst = poll.quick = 0;
    for (int i = 0; i < 10000; i++) {
        double s =
            sg_poll_next(&poll, &config, &with_ntp, chance_between(0, 1));

        least_s = fmin(least_s, s);
        most_s = fmax(most_s, s);
    }
    assert_true(least_s >= 64 && least_s < 64 * 1.005);
    assert_true(most_s <= 64 * 1.1 && most_s > 64 * 1.095);
    assert_true(poll.interval_s == 64);
}

static void
a_surprise_asks_quickly_again(void **state)
{
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_NTP, false);
    poll.burst = poll.quick = 0;
    assert_next(&poll, &with_ntp, 64);
    sg_poll_surprise(&poll, 2);
    assert_next(&poll, &with_ntp, 2);
    assert_next(&poll, &with_ntp, 2);
    for (int i = 0; i < 10; i++)
        assert_next(&poll, &with_ntp, 16);
    assert_next(&poll, &with_ntp, 64);
}

/* A host that is down must not be asked four times a second for good. */
static void
a_silent_source_loses_its_burst(void **state)
{
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_KDC, false);
    for (int i = 0; i < 4; i++)
        sg_poll_outcome(&poll, SG_OUTCOME_NO_REPLY);
    assert_next(&poll, &alone, 64);
    sg_poll_surprise(&poll, 9);
    assert_next(&poll, &alone, 64);
    sg_poll_outcome(&poll, SG_OUTCOME_OK);
    assert_next(&poll, &alone, 2);
}

/* NTP that is silent on a KDC's host is asked hourly (design section 5). */
static void
a_try_that_fails_is_left_alone_for_an_hour(void **state)
{
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_NTP, true);
    for (int i = 0; i < 3; i++) {
        assert_next(&poll, &with_ntp, 0.25);
        sg_poll_outcome(&poll, SG_OUTCOME_NO_REPLY);
    }
    assert_next(&poll, &with_ntp, 2);
    sg_poll_outcome(&poll, SG_OUTCOME_REFUSED);
    assert_next(&poll, &with_ntp, 3600);
    sg_poll_outcome(&poll, SG_OUTCOME_OK);
    assert_next(&poll, &with_ntp, 4);
}

static void
deny_means_never(void **state)
{
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_NTP, false);
    sg_poll_outcome(&poll, SG_OUTCOME_KISS_DENY);
    assert_true(sg_poll_next(&poll, &config, &with_ntp, 0.5) < 0);
    sg_poll_surprise(&poll, 5);
    assert_true(sg_poll_next(&poll, &config, &with_ntp, 0.5) < 0);
}

/* Each RATE doubles the interval, up to 1024 s; no surprise shortens it. */
static void
rate_kisses_slow_down_for_good(void **state)
{
    static const double waits_s[] = {64, 128, 256, 512, 1024, 1024};
    struct sg_poll poll;

    (void)state;
    sg_poll_init(&poll, SG_KIND_NTP, false);
    for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        sg_poll_outcome(&poll, SG_OUTCOME_KISS_RATE);
        sg_poll_surprise(&poll, 5);
        assert_next(&poll, &with_ntp, waits_s[i]);
    }
    sg_poll_outcome(&poll, SG_OUTCOME_OK);
    assert_next(&poll, &with_ntp, 1024);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ntp_begins_with_a_burst_then_ramps_up),
        cmocka_unit_test(a_kdc_alone_is_asked_at_kdc_poll),
        cmocka_unit_test(kdcs_beside_ntp_share_an_allowance),
        cmocka_unit_test(a_kdc_that_no_server_shows_is_asked_itself),
        cmocka_unit_test(ntp_near_a_threshold_is_asked_often),
        cmocka_unit_test(who_may_be_silent_is_asked_hourly_once_he_is),
        cmocka_unit_test(
            a_key_that_fails_is_tried_less_and_less_and_a_wrong_one_hourly),
        cmocka_unit_test(a_key_whose_word_is_the_only_one_is_asked_at_kdc_poll),
        cmocka_unit_test(requests_are_spread_over_a_tenth),
        cmocka_unit_test(a_surprise_asks_quickly_again),
        cmocka_unit_test(a_silent_source_loses_its_burst),
        cmocka_unit_test(a_try_that_fails_is_left_alone_for_an_hour),
        cmocka_unit_test(deny_means_never),
        cmocka_unit_test(rate_kisses_slow_down_for_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* From what every source says to what the clock should follow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/combine.h"

#include "chance.h"

#define REALM 0

static void
assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.12g is not %.12g within %g", a, b, tolerance);
}

/* An NTP server: offset and half the width of its interval. */
static struct sg_candidate
ntp(int host, int realm, double offset_s, double half_s)
{
    struct sg_candidate c = {
        .usable = true,
        .kind = SG_KIND_NTP,
        .realm = realm,
        .host = host,
        .skew = {.offset_s = offset_s,
                 .lower_s = offset_s - half_s,
                 .upper_s = offset_s + half_s,
                 .error_s = half_s / 5},
        .estimate = {.has_guess = true, .samples = 8, .rate_sd_ppm = 0.1},
        .tally = SG_TALLY_COUNT,
    };

    return c;
}

/* A KDC knows an interval and nothing inside. */
static struct sg_candidate
kdc(int host, double lo_s, double hi_s)
{
    struct sg_candidate c = ntp(host, REALM, (lo_s + hi_s) / 2, 0);

    c.kind = SG_KIND_KDC;
    c.skew.lower_s = lo_s;
    c.skew.upper_s = hi_s;
    c.estimate.has_guess = false;
    return c;
}

#define COMBINE(list, follow, ret)                                             \
    sg_combine(list, (int)(sizeof(list) / sizeof *(list)), follow, ret)

static void
votes_are_widened_by_kind_and_root(void **state)
{
    struct sg_candidate c = ntp(3, REALM, 10, 1);
    struct sg_vote vote;

    (void)state;
    c.root_s = 0.5;
    vote = sg_candidate_vote(&c);
    assert_int_equal(vote.host, 3);
    assert_near(vote.lo_s, 8.499, 1e-9);
    assert_near(vote.hi_s, 11.501, 1e-9);
    c = kdc(4, -1, 1);
    vote = sg_candidate_vote(&c);
    assert_near(vote.lo_s, -1.05, 1e-9);
    assert_near(vote.hi_s, 1.05, 1e-9);
}

static void
nobody_is_no_consensus(void **state)
{
    struct sg_candidate all[] = {ntp(0, REALM, 0, 1)};
    struct sg_consensus c;

    (void)state;
    all[0].usable = false;
    COMBINE(all, REALM, &c);
    assert_false(c.valid);
    assert_int_equal(c.result, SG_SELECT_NOBODY);
    assert_int_equal(all[0].tally, SG_TALLY_UNUSABLE);
    sg_combine(NULL, 0, SG_GROUP_UTC, &c);
    assert_false(c.valid);
}

static void
two_hosts_are_averaged_by_their_errors(void **state)
{
    struct sg_candidate all[] = {ntp(0, REALM, 0.010, 0.01),
                                 ntp(1, REALM, 0.014, 0.02)};
    struct sg_consensus c;

    (void)state;
    all[0].estimate.model.rate_ppm = 10;
    all[1].estimate.model.rate_ppm = 13;
    all[1].estimate.rate_sd_ppm = 0.2;
    COMBINE(all, REALM, &c);
    assert_true(c.valid && c.has_guess);
    assert_int_equal(c.result, SG_SELECT_MAJORITY);
    assert_int_equal(c.group, REALM);
    assert_int_equal(c.hosts, 2);
    assert_int_equal(c.sources_steering, 2);
    assert_near(c.offset_s, (4 * 0.010 + 0.014) / 5, 1e-12);
    assert_near(c.rate_ppm, (4 * 10 + 13) / 5.0, 1e-9);
    assert_near(c.error_s, 0.002, 1e-12);
    assert_near(c.lo_s, -0.001, 1e-9);
    assert_near(c.hi_s, 0.021, 1e-9);
    assert_int_equal(all[0].tally, SG_TALLY_STEERS);
    assert_int_equal(all[1].tally, SG_TALLY_STEERS);
    assert_false(c.contradicted || c.disputed);
}

/* Without the hosts' difference a KDC would vouch for its own NTP server. */
static void
ntp_and_kdc_of_one_host_are_one(void **state)
{
    struct sg_candidate all[] = {ntp(0, REALM, 5, 0.01), kdc(0, 4.5, 5.5)};
    struct sg_consensus c;

    (void)state;
    COMBINE(all, REALM, &c);
    assert_int_equal(c.result, SG_SELECT_LONE);
    assert_int_equal(c.hosts, 1);
    assert_int_equal(all[0].tally, SG_TALLY_STEERS);
    assert_int_equal(all[1].tally, SG_TALLY_AGREES);
}

static void
a_liar_among_three_is_named(void **state)
{
    struct sg_candidate all[] = {ntp(0, REALM, 0, 0.01),
                                 ntp(1, REALM, 400, 0.01),
                                 ntp(2, REALM, 0.001, 0.01)};
    struct sg_consensus c;

    (void)state;
    COMBINE(all, REALM, &c);
    assert_true(c.valid);
    assert_int_equal(c.hosts, 2);
    assert_near(c.offset_s, 0.0005, 1e-9);
    assert_int_equal(all[1].tally, SG_TALLY_FALSETICKER);
    assert_int_equal(c.sources_steering, 2);
}

static void
two_that_contradict_steer_nothing(void **state)
{
    struct sg_candidate all[] = {ntp(0, REALM, 0, 0.01),
                                 ntp(1, REALM, 400, 0.01)};
    struct sg_consensus c;

    (void)state;
    COMBINE(all, REALM, &c);
    assert_false(c.valid);
    assert_int_equal(c.result, SG_SELECT_SPLIT);
    assert_int_equal(all[0].tally, SG_TALLY_ASIDE);
    assert_int_equal(all[1].tally, SG_TALLY_ASIDE);
    assert_true(c.rate_sd_ppm < 0);
}

static void
a_server_outside_settles_a_split_realm(void **state)
{
    struct sg_candidate all[] = {ntp(0, REALM, 0, 0.01),
                                 ntp(1, REALM, 400, 0.01),
                                 ntp(2, SG_GROUP_UTC, 0, 0.01)};
    struct sg_consensus c;

    (void)state;
    COMBINE(all, REALM, &c);
    assert_true(c.valid);
    assert_int_equal(c.group, REALM);
    assert_int_equal(c.hosts, 2);
    assert_int_equal(all[0].tally, SG_TALLY_STEERS);
    assert_int_equal(all[1].tally, SG_TALLY_FALSETICKER);
    assert_int_equal(all[2].tally, SG_TALLY_AGREES);
}

/* Rule 5: Kerberos has to work. */
static void
rule_5_the_realm_is_followed_against_utc(void **state)
{
    struct sg_candidate all[] = {
        ntp(0, REALM, 100, 0.01), ntp(1, REALM, 100, 0.01),
        ntp(2, SG_GROUP_UTC, 0, 0.01), ntp(3, SG_GROUP_UTC, 0, 0.01),
        ntp(4, SG_GROUP_UTC, 0, 0.01)};
    struct sg_consensus c;

    (void)state;
    COMBINE(all, REALM, &c);
    assert_int_equal(c.group, REALM);
    assert_int_equal(c.hosts, 2);
    assert_near(c.offset_s, 100, 1e-9);
    assert_true(c.contradicted);
    assert_int_equal(all[2].tally, SG_TALLY_FALSETICKER);
    COMBINE(all, SG_GROUP_UTC, &c);
    assert_int_equal(c.group, SG_GROUP_UTC);
    assert_int_equal(c.hosts, 3);
    assert_near(c.offset_s, 0, 1e-9);
}

/* Where the KDCs alone are known UTC steers, as long as they agree. */
static void
rule_5_utc_steers_inside_the_kdcs_interval(void **state)
{
    struct sg_candidate all[] = {kdc(0, -0.4, 0.4), kdc(1, -0.3, 0.6),
                                 ntp(2, SG_GROUP_UTC, 0.1, 0.01)};
    struct sg_consensus c;

    (void)state;
    COMBINE(all, REALM, &c);
    assert_int_equal(c.group, SG_GROUP_UTC);
    assert_near(c.offset_s, 0.1, 1e-9);
    assert_int_equal(c.hosts, 3);
    assert_int_equal(all[2].tally, SG_TALLY_STEERS);
    all[2] = ntp(2, SG_GROUP_UTC, 50, 0.01);
    COMBINE(all, REALM, &c);
    assert_int_equal(c.group, REALM);
    assert_false(c.has_guess);
    assert_int_equal(c.hosts, 2);
    assert_near(c.lo_s, -0.35, 1e-9);
    assert_near(c.hi_s, 0.45, 1e-9);
    assert_near(c.offset_s, 0.05, 1e-9);
    assert_near(c.error_s, 0.4, 1e-9);
    assert_int_equal(all[2].tally, SG_TALLY_FALSETICKER);
}

static void
assert_denial(double realm_s, double utc_s, int utc_hosts, bool contradicted,
              bool disputed)
{
    struct sg_candidate all[3] = {ntp(0, REALM, realm_s, 0.01),
                                  ntp(1, SG_GROUP_UTC, utc_s, 0.01),
                                  ntp(2, SG_GROUP_UTC, utc_s, 0.01)};
    struct sg_consensus c;

    sg_combine(all, 1 + utc_hosts, REALM, &c);
    assert_int_equal(c.contradicted, contradicted);
    assert_int_equal(c.disputed, disputed);
}

/* What halves the distance to the other group is no contradiction of it. */
static void
groups_deny_what_leads_away_from_them(void **state)
{
    static const struct {
        double realm_s, utc_s;
        bool denied;
    } cases[] = {{600, 600, false},   {600, 599.98, false}, {600, 400.5, false},
                 {600, 399.5, true},  {600, 0, true},       {600, -600, true},
                 {600, 1199, false},  {600, 1201, true},    {-600, -599, false},
                 {-600, -300, true},  {0, 600, true},       {0.001, 0.1, true},
                 {0.001, 0.02, false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_denial(cases[i].realm_s, cases[i].utc_s, 2, cases[i].denied,
                      false);
        assert_denial(cases[i].realm_s, cases[i].utc_s, 1, false,
                      cases[i].denied);
        assert_denial(cases[i].realm_s, cases[i].utc_s, 0, false, false);
    }
}

/* Errors of nothing and unknown rates stay numbers. */
static void
extremes_stay_finite(void **state)
{
    struct sg_candidate all[] = {ntp(0, REALM, 1, 0), ntp(1, REALM, 1, 1e9)};
    struct sg_consensus c;

    (void)state;
    all[0].estimate.rate_sd_ppm = 0;
    all[1].estimate.rate_sd_ppm = 1e9;
    COMBINE(all, REALM, &c);
    assert_near(c.offset_s, 1, 1e-9);
    assert_true(isfinite(c.rate_ppm) && c.rate_sd_ppm > 0);
    assert_true(c.error_s > 0);
}

/* Honest hosts of one group: the truth is inside, whatever one liar says. */
static void
one_liar_among_three_never_moves_the_truth_out(void **state)
{
    (void)state;
    chance_begin();
    for (int i = 0; i < 20000; i++) {
        struct sg_candidate all[4];
        struct sg_consensus c;
        double truth_s = chance_between(-600, 600);

        for (int j = 0; j < 4; j++) {
            double half_s = pow(10, chance_between(-5, 0));

            all[j] =
                ntp(j, REALM, truth_s + half_s * chance_between(-0.999, 0.999),
                    half_s);
        }
        all[3].skew.offset_s += chance_normal();
        all[3].skew.lower_s = all[3].skew.offset_s - chance_between(0, 1);
        all[3].skew.upper_s = all[3].skew.offset_s + chance_between(0, 1);
        COMBINE(all, REALM, &c);
        if (!c.valid)
            continue;
        /* a liar that overlaps an honest interval narrows it at worst */
        assert_true(c.hosts >= 3);
        assert_true(c.offset_s >= c.lo_s && c.offset_s <= c.hi_s);
        for (int j = 0; j < 3; j++)
            assert_true(all[j].tally == SG_TALLY_STEERS);
        for (int j = 0; j < 3; j++) {
            struct sg_vote vote = sg_candidate_vote(&all[j]);

            assert_true(vote.lo_s <= c.hi_s && vote.hi_s >= c.lo_s);
        }
    }
}

static struct sg_candidate
keytab(int host, double lo_s, double hi_s)
{
    struct sg_candidate c = kdc(host, lo_s, hi_s);

    c.kind = SG_KIND_KEYTAB;
    return c;
}

static void
what_is_proven_outranks_any_number(void **state)
{
    struct sg_candidate list[] = {
        keytab(0, -0.5, 0.5),
        kdc(0, 999.9, 1000.1),
        ntp(0, REALM, 0.1, 0.01),
        ntp(1, SG_GROUP_UTC, 100, 0.01),
        ntp(2, SG_GROUP_UTC, 100, 0.01),
        ntp(3, SG_GROUP_UTC, 0.1, 0.01),
    };
    struct sg_consensus c;

    (void)state;
    COMBINE(list, REALM, &c);
    assert_true(c.valid && c.authenticated);
    assert_near(c.offset_s, 0.1, 0.01);
    assert_int_equal(c.hosts, 2);
    assert_int_equal(list[0].tally, SG_TALLY_AGREES);
    assert_int_equal(list[1].tally, SG_TALLY_FALSETICKER);
    assert_int_equal(list[2].tally, SG_TALLY_STEERS);
    assert_int_equal(list[3].tally, SG_TALLY_FALSETICKER);
    assert_int_equal(list[4].tally, SG_TALLY_FALSETICKER);
    assert_int_equal(list[5].tally, SG_TALLY_AGREES);
    assert_false(c.contradicted || c.disputed);
}

/* Who follows UTC has decided that the realm does not outrank it. */
static void
what_a_realm_proves_binds_only_the_realm_where_utc_is_followed(void **state)
{
    struct sg_candidate list[] = {keytab(0, -0.5, 0.5), kdc(0, 999.9, 1000.1),
                                  ntp(1, SG_GROUP_UTC, 100, 0.01),
                                  ntp(2, SG_GROUP_UTC, 100, 0.01)};
    struct sg_consensus c;

    (void)state;
    COMBINE(list, SG_GROUP_UTC, &c);
    assert_true(c.valid);
    assert_false(c.authenticated);
    assert_near(c.offset_s, 100, 0.1);
    assert_int_equal(list[1].tally, SG_TALLY_FALSETICKER);
    assert_int_equal(list[2].tally, SG_TALLY_STEERS);
    assert_true(list[1].is_outranked);
    assert_false(list[2].is_outranked);
}

static void
proofs_that_contradict_each_other_bind_their_own_hosts_alone(void **state)
{
    struct sg_candidate list[] = {
        keytab(0, -0.1, 0.1), kdc(0, -0.1, 0.1),  keytab(1, 89.9, 90.1),
        kdc(1, 89.9, 90.1),   kdc(2, 49.9, 50.1), ntp(1, REALM, 0, 0.01)};
    struct sg_selection proof;
    struct sg_consensus c;

    (void)state;
    assert_false(sg_combine_proof(list, 6, REALM, &proof));
    COMBINE(list, REALM, &c);
    assert_false(c.authenticated);
    assert_false(list[1].is_outranked || list[3].is_outranked ||
                 list[4].is_outranked);
    assert_true(list[5].is_outranked);
}

static void
another_realms_proof_is_none_here(void **state)
{
    struct sg_candidate list[] = {keytab(0, 99, 101), ntp(1, REALM, 0, 0.01),
                                  ntp(2, REALM, 0, 0.01)};
    struct sg_consensus c;

    (void)state;
    list[0].realm = REALM + 1;
    COMBINE(list, REALM, &c);
    assert_true(c.valid);
    assert_false(c.authenticated);
    assert_int_equal(list[1].tally, SG_TALLY_STEERS);
}

static void
who_is_unproven_has_no_vote(void **state)
{
    struct sg_candidate list[] = {kdc(0, 999, 1001), kdc(1, 999, 1001),
                                  ntp(2, REALM, 0, 0.01)};
    struct sg_consensus c;

    (void)state;
    list[0].is_unproven = list[1].is_unproven = true;
    COMBINE(list, REALM, &c);
    assert_true(c.valid);
    assert_int_equal(c.hosts, 1);
    assert_near(c.offset_s, 0, 0.01);
    assert_int_equal(list[0].tally, SG_TALLY_ASIDE);
    assert_int_equal(list[1].tally, SG_TALLY_ASIDE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(votes_are_widened_by_kind_and_root),
        cmocka_unit_test(nobody_is_no_consensus),
        cmocka_unit_test(two_hosts_are_averaged_by_their_errors),
        cmocka_unit_test(ntp_and_kdc_of_one_host_are_one),
        cmocka_unit_test(a_liar_among_three_is_named),
        cmocka_unit_test(two_that_contradict_steer_nothing),
        cmocka_unit_test(a_server_outside_settles_a_split_realm),
        cmocka_unit_test(rule_5_the_realm_is_followed_against_utc),
        cmocka_unit_test(rule_5_utc_steers_inside_the_kdcs_interval),
        cmocka_unit_test(groups_deny_what_leads_away_from_them),
        cmocka_unit_test(extremes_stay_finite),
        cmocka_unit_test(one_liar_among_three_never_moves_the_truth_out),
        cmocka_unit_test(what_is_proven_outranks_any_number),
        cmocka_unit_test(
            what_a_realm_proves_binds_only_the_realm_where_utc_is_followed),
        cmocka_unit_test(
            proofs_that_contradict_each_other_bind_their_own_hosts_alone),
        cmocka_unit_test(another_realms_proof_is_none_here),
        cmocka_unit_test(who_is_unproven_has_no_vote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

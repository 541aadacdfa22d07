/*
 * What fails at which skew: the tables that were measured with three KDCs, at
 * the offsets at which they were, and what lies between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

#include "core/steps.h"

#include "chance.h"

/* One letter a step, in their order: works, refused, edge, unknown. */
static const char letters[SG_STEP_NOW_COUNT + 1] = "wre?";

#define NONE_FAILS "wwwwwwwwwww"
#define BEYOND_SYNC "wwwrwrwrrrr"
#define BEYOND_NO_SYNC "rrrrrrrrrrw"
#define EDGE_SYNC "wwweweweeee"
#define NOTHING_KNOWN "???????????"

static struct sg_steps_case
make_case(bool kdc_timesync, double lower_s, double upper_s)
{
    return (struct sg_steps_case){.has_skew = true,
                                  .lower_s = lower_s,
                                  .upper_s = upper_s,
                                  .own_limit_s = 300,
                                  .kdc_limit_min_s = 300,
                                  .kdc_limit_max_s = 300,
                                  .kdc_timesync = kdc_timesync};
}

static void
assert_all(const struct sg_steps_case *facts, const char *expected)
{
    char found[SG_STEP_COUNT + 1] = "";

    for (int i = 0; i < SG_STEP_COUNT; i++) {
        struct sg_step_answer answer;

        sg_steps_judge(facts, (enum sg_step)i, &answer);
        assert_in_range(answer.now, 0, SG_STEP_NOW_COUNT - 1);
        assert_int_equal(answer.message != NULL, answer.now == SG_STEP_REFUSED);
        found[i] = letters[answer.now];
    }
    assert_string_equal(found, expected);
}

static void
assert_at(bool kdc_timesync, double offset_s, const char *expected)
{
    struct sg_steps_case facts =
        make_case(kdc_timesync, offset_s - 0.002, offset_s + 0.002);

    assert_all(&facts, expected);
}

static enum sg_step_now
judge(const struct sg_steps_case *facts, enum sg_step step)
{
    struct sg_step_answer answer;

    sg_steps_judge(facts, step, &answer);
    return answer.now;
}

/* ---- the measured tables ---- */

static void
test_measured_tables(void **state)
{
    static const double inside_s[] = {0, 10, 200, 290};
    static const double outside_s[] = {310, 400, 3600};

    (void)state;
    for (int sign = -1; sign <= 1; sign += 2)
        for (int i = 0; i < 4; i++) {
            assert_at(true, sign * inside_s[i], NONE_FAILS);
            assert_at(false, sign * inside_s[i], NONE_FAILS);
        }
    for (int sign = -1; sign <= 1; sign += 2)
        for (int i = 0; i < 3; i++) {
            assert_at(true, sign * outside_s[i], BEYOND_SYNC);
            assert_at(false, sign * outside_s[i], BEYOND_NO_SYNC);
        }
}

static const char kinit_skew[] =
    "kinit: Clock skew too great while getting initial credentials";
static const char kinit_reply[] = "kinit: Clock skew too great in KDC reply "
                                  "while getting initial credentials";
static const char armor_young[] =
    "kinit: Error constructing AP-REQ armor: Ticket not yet valid while "
    "getting initial credentials";
static const char kvno_skew[] =
    "kvno: Clock skew too great while getting credentials";
static const char kvno_reply[] =
    "kvno: Clock skew too great in KDC reply while getting credentials";
static const char gss_skew[] = "Clock skew too great";
static const char gss_young[] = "Ticket not yet valid";

static void
assert_message(bool kdc_timesync, enum sg_step step, const char *behind,
               const char *ahead)
{
    for (int is_behind = 0; is_behind <= 1; is_behind++) {
        double offset_s = is_behind ? 400 : -400;
        const char *expected = is_behind ? behind : ahead;
        struct sg_steps_case facts =
            make_case(kdc_timesync, offset_s, offset_s);
        struct sg_step_answer answer;
        const char *foreseen = sg_steps_message(&facts, step, is_behind);

        sg_steps_judge(&facts, step, &answer);
        if (!expected) {
            assert_null(answer.message);
            assert_null(foreseen);
            assert_true(isinf(answer.limit_s));
            continue;
        }
        assert_string_equal(answer.message, expected);
        assert_string_equal(foreseen, expected);
        assert_float_equal(answer.limit_s, 300, 0);
    }
}

static void
test_messages(void **state)
{
    (void)state;
    for (int sync = 0; sync <= 1; sync++) {
        assert_message(sync, SG_STEP_FAST_OLDER, armor_young, kinit_skew);
        assert_message(sync, SG_STEP_TGS_OLDER, kvno_skew, kvno_skew);
        assert_message(sync, SG_STEP_GSSAPI_OUT_OLDER, gss_young, gss_skew);
        assert_message(sync, SG_STEP_GSSAPI_IN, gss_young, gss_skew);
        assert_message(
            sync, SG_STEP_SSH_IN,
            "Permission denied (gssapi-keyex,gssapi-with-mic); with -v also: "
            "Ticket not yet valid",
            "Permission denied (gssapi-keyex,gssapi-with-mic); with -v also: "
            "Clock skew too great");
    }
    assert_message(true, SG_STEP_TGS_AFTER_CORRECTION, kvno_skew, kvno_skew);
    assert_message(false, SG_STEP_TGS_AFTER_CORRECTION, NULL, NULL);
    assert_message(true, SG_STEP_PASSWORD_LOGIN, NULL, NULL);
    assert_message(true, SG_STEP_NO_PREAUTH_LOGIN, NULL, NULL);
    assert_message(true, SG_STEP_FAST_FRESH, NULL, NULL);
    assert_message(true, SG_STEP_TGS_FRESH, NULL, NULL);
    assert_message(true, SG_STEP_GSSAPI_OUT_FRESH, NULL, NULL);
    assert_message(false, SG_STEP_PASSWORD_LOGIN, kinit_skew, kinit_skew);
    assert_message(false, SG_STEP_NO_PREAUTH_LOGIN, kinit_reply, kinit_reply);
    assert_message(false, SG_STEP_FAST_FRESH, kinit_skew, kinit_skew);
    assert_message(false, SG_STEP_TGS_FRESH, kinit_skew, kinit_skew);
    assert_message(false, SG_STEP_GSSAPI_OUT_FRESH, kinit_skew, kinit_skew);
}

/* ---- the boundary ---- */

static void
test_boundary(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        assert_at(true, sign * 298.7, NONE_FAILS);
        /* What the client learned was rounded, too. */
        assert_at(true, sign * 299.0, "wwwwwwwwwwe");
        assert_at(false, sign * 299.0, NONE_FAILS);
        assert_at(true, sign * 300.5, EDGE_SYNC);
        assert_at(false, sign * 300.5, "eeeeeeeeeew");
        assert_at(true, sign * 302.3, BEYOND_SYNC);
    }
    /* The request is compared a little later than it is stamped, which brings
     * a receiver's clock that is ahead further ahead. */
    assert_at(false, 299.74, NONE_FAILS);
    assert_at(false, 299.76, "eeeeeeeewww");
    assert_at(false, 301.0, "eeeeeeeeeew");
    assert_at(false, 301.02, "rrrrrrrreew");
    assert_at(false, 301.26, BEYOND_NO_SYNC);
    assert_at(false, -299.98, "wwwwwwwweew");
    assert_at(false, -300.02, "eeeeeeeeeew");
    assert_at(false, -301.02, "eeeeeeeerrw");
    assert_at(false, -301.26, BEYOND_NO_SYNC);
}

/* Every phase and every delay, with the arithmetic of libkrb5. */
static void
test_boundary_by_trial(void **state)
{
    int rounds = chance_rounds(200000), refused = 0, works = 0;

    (void)state;
    chance_begin();
    for (int i = 0; i < rounds; i++) {
        double offset_s = (chance_below(2) ? 1 : -1) * chance_between(298, 303);
        double sent_s = chance_between(1000, 1001);
        double moment_s = chance_between(-0.01, 0.25);
        double apart_s = floor(sent_s + offset_s + moment_s) - floor(sent_s);
        struct sg_steps_case facts = make_case(true, offset_s, offset_s);
        enum sg_step_now now = judge(&facts, SG_STEP_TGS_OLDER);

        assert_int_not_equal(now, fabs(apart_s) <= 300 ? SG_STEP_REFUSED
                                                       : SG_STEP_WORKS);
        refused += now == SG_STEP_REFUSED;
        works += now == SG_STEP_WORKS;
    }
    assert_true(refused > rounds / 4);
    assert_true(works > rounds / 4);
}

/* Wide bounds say less. */
static void
test_wide_bounds(void **state)
{
    struct sg_steps_case facts = make_case(true, -1, 298.7);

    (void)state;
    assert_all(&facts, NONE_FAILS);
    facts = make_case(true, 200, 400);
    assert_all(&facts, EDGE_SYNC);
    facts = make_case(true, 310, 400);
    assert_all(&facts, BEYOND_SYNC);
    facts = make_case(true, -4000, 4000);
    assert_all(&facts, EDGE_SYNC);
}

/* ---- limits that differ; tried with a KDC of 300 s ---- */

static void
assert_own(double own_s, double offset_s, bool kdc_timesync,
           const char *expected)
{
    struct sg_steps_case facts = make_case(kdc_timesync, offset_s, offset_s);

    facts.own_limit_s = own_s;
    assert_all(&facts, expected);
}

static void
test_own_limit(void **state)
{
    (void)state;
    /* libkrb5 compares what the KDC sends with this host's limit. */
    assert_own(60, -100, true, "wwwwwrwerrr");
    assert_own(60, 100, true, "wwwewrwerrr");
    assert_own(60, 400, true, BEYOND_SYNC);
    assert_own(60, 100, false, "rrrrrrrerrw");
    assert_own(60, 50, true, NONE_FAILS);
    /* A larger one is of use as acceptor only. */
    assert_own(600, 400, true, "wwwrwrwrwwr");
    assert_own(600, -400, true, "wwwrwrwrwwr");
    assert_own(600, 400, false, "rerrrrrrwww");
    assert_own(600, 610, true, BEYOND_SYNC);
    /* Unknown, or nonsense: libkrb5's own. */
    assert_own(0, 290, true, NONE_FAILS);
    assert_own(0, 310, true, BEYOND_SYNC);
    assert_own(NAN, 310, true, BEYOND_SYNC);
    assert_own(-5, 290, true, NONE_FAILS);
}

static void
test_own_limit_messages(void **state)
{
    struct sg_steps_case facts = make_case(true, -100, -100);
    struct sg_step_answer answer;

    (void)state;
    facts.own_limit_s = 60;
    sg_steps_judge(&facts, SG_STEP_TGS_OLDER, &answer);
    assert_string_equal(answer.message, kvno_reply);
    assert_float_equal(answer.limit_s, 60, 0);
    sg_steps_judge(&facts, SG_STEP_GSSAPI_IN, &answer);
    assert_float_equal(answer.limit_s, 60, 0);
    /* The armor passes libkrb5 here, so the KDC is the one to refuse it. */
    facts = make_case(true, 400, 400);
    facts.own_limit_s = 600;
    sg_steps_judge(&facts, SG_STEP_FAST_OLDER, &answer);
    assert_string_equal(answer.message, kinit_skew);
    assert_float_equal(answer.limit_s, 300, 0);
}

/* Between what the KDC's limit may be nothing is said. */
static void
test_kdc_limit_unknown(void **state)
{
    struct sg_steps_case facts = make_case(true, -100, -100);

    (void)state;
    facts.own_limit_s = 60;
    facts.kdc_limit_min_s = 60;
    assert_all(&facts, "wwwewrwerrr");
    facts.lower_s = facts.upper_s = -400;
    assert_all(&facts, BEYOND_SYNC);
    facts = make_case(true, 400, 400);
    facts.own_limit_s = 600;
    facts.kdc_limit_max_s = 600;
    assert_all(&facts, "wwwewewewwe");
    facts.kdc_limit_min_s = NAN;
    facts.kdc_limit_max_s = NAN;
    assert_int_equal(judge(&facts, SG_STEP_TGS_OLDER), SG_STEP_EDGE);
}

/* A limit so small that the correction's own rounding is too much. */
static void
test_tiny_limit(void **state)
{
    struct sg_steps_case facts = make_case(true, 0, 0);

    (void)state;
    facts.own_limit_s = 1;
    facts.kdc_limit_min_s = 1;
    assert_int_equal(judge(&facts, SG_STEP_PASSWORD_LOGIN), SG_STEP_EDGE);
    assert_int_equal(judge(&facts, SG_STEP_GSSAPI_IN), SG_STEP_WORKS);
    facts.own_limit_s = 2.9;
    facts.kdc_limit_min_s = 2.9;
    assert_int_equal(judge(&facts, SG_STEP_PASSWORD_LOGIN), SG_STEP_WORKS);
    facts.lower_s = facts.upper_s = 2.8;
    assert_int_equal(judge(&facts, SG_STEP_TGS_OLDER), SG_STEP_EDGE);
}

/* ---- after a step of our own ---- */

static void
test_after_step(void **state)
{
    struct sg_steps_case facts = make_case(true, 0, 0.01);
    struct sg_step_answer answer;

    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        facts.step_s = sign * 400;
        assert_all(&facts, "wwwwwwwwwwr");
        sg_steps_judge(&facts, SG_STEP_TGS_AFTER_CORRECTION, &answer);
        assert_string_equal(answer.message, kvno_skew);
        facts.step_s = sign * 290;
        assert_all(&facts, NONE_FAILS);
        /* Known even if nothing can be measured any more. */
        facts.step_s = sign * 400;
        facts.has_skew = false;
        assert_all(&facts, "??????????r");
        facts.has_skew = true;
    }
    facts.kdc_timesync = false;
    assert_all(&facts, NONE_FAILS);
}

/* ---- bad input ---- */

static void
test_nothing_measured(void **state)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};

    (void)state;
    for (int sync = 0; sync <= 1; sync++) {
        struct sg_steps_case facts = make_case(sync, 0, 0);

        facts.has_skew = false;
        assert_all(&facts, NOTHING_KNOWN);
        for (int i = 0; i < 3; i++) {
            facts = make_case(sync, bad[i], 0);
            assert_all(&facts, NOTHING_KNOWN);
            facts = make_case(sync, 0, bad[i]);
            assert_all(&facts, NOTHING_KNOWN);
            facts = make_case(sync, bad[i], bad[i]);
            facts.step_s = bad[i];
            assert_all(&facts, NOTHING_KNOWN);
        }
        facts = make_case(sync, 1, -1);
        assert_all(&facts, NOTHING_KNOWN);
    }
}

/* Times that do not fit libkrb5's 32 bits: nothing is promised. */
static void
test_huge(void **state)
{
    static const double huge_s[] = {4e7, 2e9, 4294967296.0, 1e15, 1e300};

    (void)state;
    for (int sign = -1; sign <= 1; sign += 2)
        for (int sync = 0; sync <= 1; sync++)
            for (size_t i = 0; i < sizeof huge_s / sizeof *huge_s; i++)
                for (int step = 0; step < SG_STEP_COUNT; step++) {
                    struct sg_steps_case facts =
                        make_case(sync, sign * huge_s[i], sign * huge_s[i]);

                    assert_int_not_equal(judge(&facts, (enum sg_step)step),
                                         SG_STEP_WORKS);
                }
}

/* Without pre-authentication the request asks by the wrong clock. */
static void
test_long_behind(void **state)
{
    (void)state;
    assert_at(true, 12 * 3600, "wewrwrwrrrr");
    assert_at(true, -12 * 3600, BEYOND_SYNC);
    assert_at(true, 300 * 86400, "wewrwrwrrrr");
}

/* ---- words ---- */

static void
test_names(void **state)
{
    static const char *const names[SG_STEP_COUNT] = {
        "password-login",   "no-preauth-login",    "fast-fresh",
        "fast-older",       "tgs-fresh",           "tgs-older",
        "gssapi-out-fresh", "gssapi-out-older",    "gssapi-in",
        "ssh-in",           "tgs-after-correction"};

    (void)state;
    for (int i = 0; i < SG_STEP_COUNT; i++) {
        assert_string_equal(sg_step_name((enum sg_step)i), names[i]);
        assert_non_null(sg_step_words((enum sg_step)i));
    }
    assert_string_equal(sg_step_now_name(SG_STEP_WORKS), "works");
    assert_string_equal(sg_step_now_name(SG_STEP_REFUSED), "refused");
    assert_string_equal(sg_step_now_name(SG_STEP_EDGE), "edge");
    assert_string_equal(sg_step_now_name(SG_STEP_UNKNOWN), "unknown");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measured_tables),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_boundary),
        cmocka_unit_test(test_boundary_by_trial),
        cmocka_unit_test(test_wide_bounds),
        cmocka_unit_test(test_own_limit),
        cmocka_unit_test(test_own_limit_messages),
        cmocka_unit_test(test_kdc_limit_unknown),
        cmocka_unit_test(test_tiny_limit),
        cmocka_unit_test(test_after_step),
        cmocka_unit_test(test_nothing_measured),
        cmocka_unit_test(test_huge),
        cmocka_unit_test(test_long_behind),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

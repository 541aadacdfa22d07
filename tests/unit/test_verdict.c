/* Whose clock is to blame, and the sentence that says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/verdict.h"

#include "chance.h"

struct known_case {
    const char *name;
    struct sg_verdict_case facts;
    enum sg_blame blame;
    const char *words;
};

static const struct known_case known[] = {
    {"all is well",
     {.offset_s = 1, .kdc_in_majority = true, .kdcs = 2, .hosts = 3},
     SG_BLAME_NONE,
     "3 hosts agree"},
    {"alone",
     {.offset_s = 1, .kdc_in_majority = true, .kdcs = 1, .hosts = 1},
     SG_BLAME_NONE,
     "one host answers, nobody to compare it with"},
    {"two that differ by a second",
     {.offset_s = 1, .kdcs = 2, .hosts = 0},
     SG_BLAME_NONE,
     "the hosts that answer do not agree, but differ by little"},
    {"at the limit of what matters",
     {.offset_s = -60, .kdc_in_majority = true, .kdcs = 2, .hosts = 2},
     SG_BLAME_NONE,
     "2 hosts agree"},
    {"our clock",
     {.offset_s = -60.1, .kdc_in_majority = true, .kdcs = 2, .hosts = 2},
     SG_BLAME_OURS,
     "this host's clock: 2 hosts agree with each other and not with it"},
    {"one KDC",
     {.offset_s = 90, .kdcs = 3, .hosts = 2},
     SG_BLAME_KDC,
     "KDC das-s: 2 hosts agree with each other and not with it"},
    {"us or it",
     {.offset_s = 90, .kdc_in_majority = true, .kdcs = 1, .hosts = 1},
     SG_BLAME_UNCLEAR,
     "cannot tell whose clock is wrong: KDC das-s and this host differ, and no "
     "two other hosts agree"},
    {"an NTP server in the realm's group",
     {.offset_s = 1,
      .kdc_in_majority = true,
      .kdcs = 2,
      .hosts = 2,
      .liar = "ntp-a"},
     SG_BLAME_NTP,
     "NTP server ntp-a contradicts the other hosts and is ignored"},
    {"the only NTP server outside against two KDCs",
     {.offset_s = 1,
      .kdc_in_majority = true,
      .kdcs = 2,
      .realm_agrees = true,
      .others = 1,
      .apart_s = 100,
      .hosts = 2,
      .liar = "ntp-a"},
     SG_BLAME_NTP,
     "NTP server ntp-a contradicts the other hosts and is ignored"},
    {"our clock, and the only NTP server outside",
     {.offset_s = 200,
      .kdc_in_majority = true,
      .kdcs = 2,
      .realm_agrees = true,
      .others = 1,
      .apart_s = 100,
      .hosts = 2,
      .liar = "ntp-a"},
     SG_BLAME_OURS,
     "this host's clock: 2 hosts agree with each other and not with it"},
    {"the realm",
     {.offset_s = 0,
      .kdc_in_majority = true,
      .kdcs = 2,
      .realm_agrees = true,
      .others = 2,
      .apart_s = 100,
      .hosts = 2},
     SG_BLAME_REALM,
     "the realm: its 2 KDCs agree with each other and are 100.0 s from the NTP "
     "servers outside it"},
    {"the only KDC against two NTP servers",
     {.offset_s = 100,
      .kdcs = 1,
      .realm_agrees = true,
      .others = 2,
      .apart_s = 100,
      .hosts = 2},
     SG_BLAME_KDC,
     "KDC das-s: 100.0 s from the 2 NTP servers outside the realm"},
    {"the only KDC against the only NTP server",
     {.offset_s = 0,
      .kdc_in_majority = true,
      .kdcs = 1,
      .realm_agrees = true,
      .others = 1,
      .apart_s = 100,
      .hosts = 1},
     SG_BLAME_UNCLEAR,
     "KDC das-s: 100.0 s from the 1 NTP server outside the realm"},
    {"a server nearby and one far away",
     {.offset_s = 0,
      .kdc_in_majority = true,
      .kdcs = 2,
      .realm_agrees = true,
      .others = 2,
      .apart_s = 0.1,
      .hosts = 3,
      .liar = "ntp-b"},
     SG_BLAME_NTP,
     "NTP server ntp-b contradicts the other hosts and is ignored"},
    {"alone, but proven",
     {.offset_s = 1,
      .kdc_in_majority = true,
      .authenticated = true,
      .kdcs = 1,
      .hosts = 1},
     SG_BLAME_NONE,
     "one host answers, authenticated, nobody to compare it with"},
    {"somebody forges",
     {.offset_s = 1,
      .kdc_in_majority = true,
      .authenticated = true,
      .kdcs = 1,
      .hosts = 1,
      .forged = "das-s"},
     SG_BLAME_NONE,
     "KDC das-s: its plain answers contradict its authenticated time and are "
     "ignored: somebody forges them"},
    {"our clock was stepped, and nobody else is there to say so",
     {.offset_s = -400, .kdcs = 1, .hosts = 1, .ours_s = 399},
     SG_BLAME_OURS,
     "this host's clock: somebody here stepped it by +399.0 s"},
    {"our clock was stepped, but by something else",
     {.offset_s = 400, .kdcs = 1, .hosts = 1, .ours_s = 399},
     SG_BLAME_UNCLEAR,
     "cannot tell whose clock is wrong: KDC das-s and this host differ, and no "
     "two other hosts agree"},
    {"a KDC was set",
     {.offset_s = 90.2,
      .kdcs = 2,
      .authenticated = true,
      .set_s = 90,
      .kdcs_set = 1,
      .best = "das-m"},
     SG_BLAME_KDC,
     "KDC das-s (authenticated): its clock was set by +90.0 s; this host's was "
     "not"},
    {"the whole realm was set, though its hosts are in the majority",
     {.offset_s = 90,
      .kdc_in_majority = true,
      .realm_agrees = true,
      .kdcs = 3,
      .hosts = 3,
      .set_s = 90,
      .kdcs_set = 3},
     SG_BLAME_REALM,
     "the realm: the clocks of its 3 KDCs were set by +90.0 s; this host's was "
     "not"},
    {"a KDC was put right, as the world outside knows",
     {.offset_s = 90,
      .kdc_in_majority = true,
      .kdcs = 2,
      .hosts = 2,
      .others = 1,
      .apart_s = 0.1,
      .set_s = 90,
      .kdcs_set = 1,
      .best = "das-m",
      .best_s = 0.1},
     SG_BLAME_OURS,
     "this host's clock: 2 hosts agree with each other and not with it"},
    {"two KDCs, and this host agrees with one",
     {.offset_s = 90, .kdcs = 2, .best = "das-m", .best_s = 0.5},
     SG_BLAME_KDC,
     "KDC das-s: 89.5 s from KDC das-m, which agrees with this host"},
    {"two KDCs, and this host agrees with none",
     {.offset_s = 190, .kdcs = 2, .best = "das-m", .best_s = -90},
     SG_BLAME_UNCLEAR,
     "cannot tell whose clock is wrong: KDCs das-s and das-m are 280.0 s "
     "apart, and this host agrees with neither"},
};

static void
known_cases_and_their_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct sg_verdict_case facts = known[i].facts;
        char words[SG_REASON_MAX];
        enum sg_blame blame;

        facts.limit_s = 300;
        facts.warn_frac = 0.2;
        facts.kdc = "das-s";
        blame = sg_verdict_blame(&facts, words, sizeof words);
        if (blame != known[i].blame || strcmp(words, known[i].words) != 0)
            fail_msg("%s: %s, \"%s\"", known[i].name, sg_blame_name(blame),
                     words);
    }
}

/* Whatever is found, there is a whole sentence, however long the names. */
static void
every_case_has_a_sentence(void **state)
{
    char name[SG_NAME_MAX], words[SG_REASON_MAX];

    (void)state;
    chance_begin();
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 100000; i++) {
        struct sg_verdict_case facts = {
            .limit_s = 300,
            .warn_frac = 0.2,
            .offset_s = chance_between(-400, 400),
            .kdc_in_majority = chance_below(2),
            .kdcs = 1 + chance_below(3),
            .realm_agrees = chance_below(2),
            .others = chance_below(3),
            .apart_s = chance_between(0, 200),
            .hosts = chance_below(4),
            .kdc = name,
            .liar = chance_below(2) ? name : NULL,
            .forged = chance_below(2) ? name : NULL,
            .authenticated = chance_below(2),
            .set_s = chance_between(-400, 400),
            .kdcs_set = chance_below(3),
            .ours_s = chance_between(-400, 400),
            .best = chance_below(2) ? name : NULL,
            .best_s = chance_between(-400, 400),
        };
        enum sg_blame blame = sg_verdict_blame(&facts, words, sizeof words);

        assert_true(blame >= SG_BLAME_NONE && blame < SG_BLAME_COUNT);
        assert_true(words[0] && strlen(words) < sizeof words - 1);
        /* nobody is blamed on one host's word */
        if (blame == SG_BLAME_OURS)
            assert_true(facts.hosts >= 2 ||
                        fabs(facts.offset_s + facts.ours_s) <= 30);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_cases_and_their_words),
        cmocka_unit_test(every_case_has_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

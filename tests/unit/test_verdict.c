/* Whose clock is to blame, and the sentence that says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
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
        };
        enum sg_blame blame = sg_verdict_blame(&facts, words, sizeof words);

        assert_true(blame >= SG_BLAME_NONE && blame < SG_BLAME_COUNT);
        assert_true(words[0] && strlen(words) < sizeof words - 1);
        /* nobody else is blamed on one host's word */
        if (blame == SG_BLAME_OURS)
            assert_true(facts.hosts >= 2);
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

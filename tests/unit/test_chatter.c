/* Which lines a thing that flaps gets in the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "core/chatter.h"

#include "chance.h"

#define DAY_S 86400.0

static struct sg_chatter *chatter;
static struct sg_event lines[SG_CHATTER_LINES];

static int
begin(void **state)
{
    (void)state;
    chatter = sg_chatter_new();
    return chatter ? 0 : -1;
}

static int
end(void **state)
{
    (void)state;
    sg_chatter_free(chatter);
    return 0;
}

static struct sg_raw
at(double t_s)
{
    return (struct sg_raw){(int64_t)(t_s * 1e9)};
}

static int
hear(double t_s, enum sg_event_kind kind, enum sg_state state, const char *text)
{
    struct sg_event event = {.kind = kind, .state = state};

    snprintf(event.text, sizeof event.text, "%s", text);
    return sg_chatter_hear(chatter, &event, at(t_s), lines);
}

static int
hear_source(double t_s, const char *text)
{
    return hear(t_s, SG_EVENT_SOURCE, 0, text);
}

/* Nothing calmed down. */
static void
assert_silence(double t_s)
{
    assert_false(sg_chatter_calm(chatter, at(t_s), lines));
}

static void
assert_calm(double t_s, const char *text)
{
    assert_true(sg_chatter_calm(chatter, at(t_s), lines));
    assert_string_equal(lines[0].text, text);
    assert_silence(t_s);
}

/* Changes of x until it is said that they are many: at from_s, and from there
 * on every pause_s. */
static void
make_restless(double from_s, double pause_s, const char *text)
{
    for (int i = 0; i < 5; i++) {
        assert_int_equal(hear_source(from_s + i * pause_s, "x: a"), 1);
        assert_string_equal(lines[0].text, "x: a");
    }
    assert_int_equal(hear_source(from_s + 5 * pause_s, "x: b"), 2);
    assert_string_equal(lines[0].text, "x: b");
    assert_string_equal(lines[1].text, text);
}

static void
it_is_said_once_that_there_are_many(void **state)
{
    (void)state;
    make_restless(0, 100,
                  "x: changes often (6 times in 8 min); further changes are "
                  "not logged until it was calm for 10 min");
    for (int i = 6; i < 41; i++) {
        assert_int_equal(hear_source(i * 100, "x: c"), 0);
        assert_silence(i * 100 + 99);
    }
    assert_silence(4000 + 599);
    assert_calm(4000 + 600, "x: calm again: 41 changes in 67 min, the last "
                            "one: c");
    assert_int_equal(hear_source(4700, "x: d"), 1);
    assert_string_equal(lines[0].text, "x: d");
}

/* Without anybody who looked in between. */
static void
what_calmed_down_is_said_with_the_next_change(void **state)
{
    (void)state;
    make_restless(0, 1,
                  "x: changes often (6 times in 5 s); further changes are "
                  "not logged until it was calm for 10 min");
    assert_int_equal(hear_source(605, "x: c"), 2);
    assert_string_equal(lines[0].text,
                        "x: calm again: 6 changes in 5 s, the last one: b");
    assert_string_equal(lines[1].text, "x: c");
    assert_silence(10000);
}

/* Who changes every half hour is calm after 1 h; every 2 h is not often. */
static void
calm_depends_on_the_pace(void **state)
{
    (void)state;
    make_restless(0, 1800,
                  "x: changes often (6 times in 2 h); further changes are not "
                  "logged until it was calm for 60 min");
    assert_silence(9000 + 3599);
    assert_calm(9000 + 3600,
                "x: calm again: 6 changes in 2 h, the last one: b");
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(hear_source(20000 + i * 7200, "y: a"), 1);
        assert_silence(20000 + i * 7200);
    }
}

static void
what_returns_has_to_be_calm_for_longer(void **state)
{
    static const struct {
        double from_s;
        const char *calm;
        double calm_s;
    } rounds[] = {
        {0, "10 min", 600},      {700, "20 min", 1200},
        {2000, "40 min", 2400},  {5000, "80 min", 4800},
        {10000, "3 h", 9600},    {20000, "5 h", 19200},
        {40000, "11 h", 38400},  {80000, "21 h", 76800},
        {160000, "24 h", 86400}, {250000, "24 h", 86400},
        {500000, "10 min", 600},
    };
    char text[160];

    (void)state;
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++) {
        snprintf(text, sizeof text,
                 "x: changes often (6 times in 5 s); further changes are not "
                 "logged until it was calm for %s",
                 rounds[i].calm);
        make_restless(rounds[i].from_s, 1, text);
        assert_silence(rounds[i].from_s + 5 + rounds[i].calm_s - 1);
        assert_calm(rounds[i].from_s + 5 + rounds[i].calm_s,
                    "x: calm again: 6 changes in 5 s, the last one: b");
    }
}

static void
what_never_calms_down_is_mentioned_daily(void **state)
{
    int n = 0;

    (void)state;
    make_restless(0, 60,
                  "x: changes often (6 times in 5 min); further changes are "
                  "not logged until it was calm for 10 min");
    for (int i = 6; i * 60 <= 300 + 3 * DAY_S; i++) {
        int told = hear_source(i * 60, "x: c");

        n += told;
        if (told && n == 1)
            assert_string_equal(lines[0].text,
                                "x: still changes often: 1446 changes in 24 h, "
                                "the last one: c");
    }
    assert_int_equal(n, 3);
}

static void
each_thing_has_its_own_budget(void **state)
{
    (void)state;
    make_restless(0, 1,
                  "x: changes often (6 times in 5 s); further changes are "
                  "not logged until it was calm for 10 min");
    assert_int_equal(hear_source(6, "x: c"), 0);
    assert_int_equal(hear_source(6, "xy: c"), 1);
    assert_int_equal(hear_source(6, "x (ntp): c"), 1);
    assert_int_equal(hear_source(6, "x"), 0);
    assert_int_equal(hear(6, SG_EVENT_STATE, SG_STATE_OK, "x: c"), 1);
    assert_int_equal(hear(6, SG_EVENT_SYNC, 0, "x: c"), 1);
    assert_calm(606, "x: calm again: 8 changes in 6 s, the last one");
}

/* 256 sources and 8 realms all flap; nobody pushes another one out. */
static void
all_of_them_may_flap(void **state)
{
    int n = 0;

    (void)state;
    for (int turn = 0; turn < 100; turn++)
        for (int i = 0; i < SG_MAX_SOURCES + SG_MAX_REALMS; i++) {
            char text[32];

            snprintf(text, sizeof text, "source %d (ntp): %d", i, turn);
            n += hear_source(turn, text);
        }
    assert_int_equal(n, 7 * (SG_MAX_SOURCES + SG_MAX_REALMS));
    n = 0;
    while (sg_chatter_calm(chatter, at(10000), lines))
        n++;
    assert_int_equal(n, SG_MAX_SOURCES + SG_MAX_REALMS);
}

/* Names come and go with the configuration: the oldest ones are forgotten. */
static void
names_without_end_are_no_problem(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        char text[32];

        snprintf(text, sizeof text, "source %d: a", i);
        assert_int_equal(hear_source(i, text), 1);
    }
    for (int i = 1; i < 5; i++)
        assert_int_equal(hear_source(10000, "source 9999: a"), 1);
    assert_int_equal(hear_source(10000, "source 9999: a"), 2);
}

static void
what_happens_to_the_clock_is_always_told(void **state)
{
    static const enum sg_event_kind kinds[] = {
        SG_EVENT_STEP,    SG_EVENT_FOREIGN, SG_EVENT_RESUME,
        SG_EVENT_REFUSED, SG_EVENT_RIVAL,   SG_EVENT_LEAP,
    };

    (void)state;
    for (int i = 0; i < 1000; i++)
        for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++) {
            assert_int_equal(hear(i, kinds[j], 0, "clock: that"), 1);
            assert_string_equal(lines[0].text, "clock: that");
            assert_int_equal(lines[0].kind, kinds[j]);
        }
}

/* Flapping between ok and warn hides no "critical", but its repetition. */
static void
a_realm_that_is_worse_than_ever_is_told(void **state)
{
    static const struct {
        enum sg_state state;
        int n;
    } later[] = {
        {SG_STATE_OK, 0},       {SG_STATE_UNKNOWN, 0},  {SG_STATE_WARN, 0},
        {SG_STATE_CRITICAL, 1}, {SG_STATE_WARN, 0},     {SG_STATE_CRITICAL, 0},
        {SG_STATE_EXCEEDED, 1}, {SG_STATE_CRITICAL, 0}, {SG_STATE_EXCEEDED, 0},
    };

    (void)state;
    for (int i = 0; i < 6; i++)
        assert_int_equal(hear(i, SG_EVENT_STATE,
                              i % 2 ? SG_STATE_OK : SG_STATE_WARN, "R: said"),
                         i < 5 ? 1 : 2);
    assert_int_equal(lines[1].kind, SG_EVENT_STATE);
    assert_int_equal(lines[1].state, SG_STATE_OK);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        assert_int_equal(
            hear(6 + (double)i, SG_EVENT_STATE, later[i].state, "R: said"),
            later[i].n);
    assert_calm(1000, "R: calm again: 15 changes in 14 s, the last one: said");
    assert_int_equal(lines[0].state, SG_STATE_EXCEEDED);
}

static void
long_texts_are_cut(void **state)
{
    struct sg_event event = {.kind = SG_EVENT_SOURCE};

    (void)state;
    memset(event.text, 'x', sizeof event.text - 1);
    for (int i = 0; i < 6; i++)
        sg_chatter_hear(chatter, &event, at(i), lines);
    assert_string_equal(lines[1].text, event.text);
    event.text[300] = ':';
    event.text[301] = ' ';
    for (int i = 0; i < 6; i++)
        sg_chatter_hear(chatter, &event, at(i), lines);
    assert_memory_equal(lines[1].text + 300, ": changes often (6 times", 24);
    while (sg_chatter_calm(chatter, at(1000), lines))
        assert_true(strnlen(lines[0].text, sizeof lines[0].text) <
                    sizeof lines[0].text);
}

/* Whatever the pace, at most 20 lines a day. */
static void
random_paces_stay_within_the_budget(void **state)
{
    (void)state;
    chance_begin();
    for (int run = 0; run < chance_rounds(200); run++) {
        double mean_s = pow(10, chance_between(1, 4)), t_s = 0;
        int n = 0;

        assert_int_equal(end(NULL), 0);
        assert_int_equal(begin(NULL), 0);
        while (t_s < 10 * DAY_S) {
            t_s += mean_s * -log(1 - chance_between(0, 1));
            while (sg_chatter_calm(chatter, at(t_s), lines))
                n++;
            n += hear_source(t_s, "x: a");
        }
        if (n > 200)
            fail_msg("%d lines in 10 days, a change every %.0f s", n, mean_s);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_said_once_that_there_are_many),
        TEST(what_calmed_down_is_said_with_the_next_change),
        TEST(calm_depends_on_the_pace),
        TEST(what_returns_has_to_be_calm_for_longer),
        TEST(what_never_calms_down_is_mentioned_daily),
        TEST(each_thing_has_its_own_budget),
        TEST(all_of_them_may_flap),
        TEST(names_without_end_are_no_problem),
        TEST(what_happens_to_the_clock_is_always_told),
        TEST(a_realm_that_is_worse_than_ever_is_told),
        TEST(long_texts_are_cut),
        TEST(random_paces_stay_within_the_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

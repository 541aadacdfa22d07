/*
 * The published text: what is written is read back, in any language; what
 * anybody else may have written is survived, and refused in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/status.h"

#include "chance.h"

/* ---- random statuses ---- */

/* Numbers that a double holds to the last place of the text form. */
static double
any_number(void)
{
    switch (chance_below(4)) {
    case 0:
        return 0;
    case 1:
        return trunc(chance_between(-9.2e9, 9.2e9));
    default:
        return trunc(chance_between(-1e14, 1e14)) / 1e9;
    }
}

static int64_t
any_ns(void)
{
    switch (chance_below(8)) {
    case 0:
        return 0;
    case 1:
        return INT64_MAX;
    case 2:
        return INT64_MIN;
    default:
        return (int64_t)chance_bits() >> chance_below(60);
    }
}

static void
any_text(char *ret, size_t size)
{
    size_t len = (size_t)chance_below((int)size);

    for (size_t i = 0; i < len; i++)
        do
            ret[i] = (char)chance_below(256);
        while ((unsigned char)ret[i] < ' ' || ret[i] == 0x7f);
    ret[len] = '\0';
}

static void
any_model(struct sg_model *ret)
{
    *ret = (struct sg_model){
        .valid = chance_below(2),
        .at = {any_ns()},
        .ref = {any_ns()},
        .lower_s = any_number(),
        .upper_s = any_number(),
        .error_s = any_number(),
        .rate_ppm = any_number(),
        .growth_ppm = any_number(),
        .wander_ppm = any_number(),
    };
}

static void
any_clock(struct sg_status_clock *ret)
{
    any_text(ret->driver, sizeof ret->driver);
    ret->disciplined = chance_below(2);
    ret->frequency_ppm = any_number();
    ret->slew_ppm = any_number();
    any_model(&ret->model);
    ret->synced = chance_below(2);
    ret->last_step_s = any_number();
    ret->last_step_at.ns = any_ns();
    ret->last_foreign_s = any_number();
    ret->last_foreign_at.ns = any_ns();
    ret->steps = (unsigned)chance_below(INT32_MAX);
    ret->foreign_steps = (unsigned)chance_below(INT32_MAX);
    ret->leap = (enum sg_leap)chance_below(SG_LEAP_COUNT);
    ret->leap_at.ns = (int64_t)chance_below(INT32_MAX) * 1000000007;
    ret->simulated = chance_below(2);
    ret->sim_raw.ns = any_ns();
    ret->sim_wall.ns = any_ns();
    ret->sim_rate_ppm = any_number();
}

static void
any_realm(struct sg_status_realm *ret, int n_sources)
{
    any_text(ret->name, sizeof ret->name);
    ret->state = (enum sg_state)chance_below(SG_STATE_COUNT);
    ret->clockskew_s = any_number();
    ret->limit_overrides = chance_below(2);
    any_model(&ret->model);
    ret->worst = chance_below(n_sources + 1) - 1;
    ret->rate_ppm = any_number();
    ret->time_to_limit_s = any_number();
    any_text(ret->forecast, sizeof ret->forecast);
    ret->blame = (enum sg_blame)chance_below(SG_BLAME_COUNT);
    any_text(ret->reason, sizeof ret->reason);
    ret->auth = (enum sg_auth)chance_below(SG_AUTH_COUNT);
    any_text(ret->auth_reason, sizeof ret->auth_reason);
}

static void
any_source(struct sg_status_source *ret, int n_realms)
{
    any_text(ret->name, sizeof ret->name);
    any_text(ret->address, sizeof ret->address);
    ret->port = chance_below(65536);
    ret->kind = (enum sg_kind)chance_below(SG_KIND_COUNT);
    ret->tcp = chance_below(2);
    ret->realm = chance_below(n_realms + 1) - 1;
    ret->tally = (enum sg_tally)chance_below(SG_TALLY_COUNT);
    ret->outcome = (enum sg_outcome_code)chance_below(SG_OUTCOME_COUNT);
    any_text(ret->reason, sizeof ret->reason);
    any_model(&ret->model);
    ret->has_guess = chance_below(2);
    ret->delay_s = any_number();
    ret->root_s = any_number();
    ret->stratum = chance_below(256);
    ret->poll_s = any_number();
    ret->reach = (unsigned)chance_below(256);
    ret->last.ns = any_ns();
    ret->asked = (unsigned)chance_below(INT32_MAX);
    ret->answered = (unsigned)chance_below(INT32_MAX);
}

static void
any_status(struct sg_status *ret, int n_realms, int n_sources)
{
    sg_status_init(ret);
    ret->pid = chance_below(INT32_MAX);
    ret->published.ns = any_ns();
    ret->publish_within_s = any_number();
    ret->suspended_s = any_number();
    any_text(ret->boot_id, sizeof ret->boot_id);
    ret->started.ns = any_ns();
    ret->mode = (enum sg_mode)chance_below(SG_MODE_COUNT);
    any_text(ret->mode_reason, sizeof ret->mode_reason);
    ret->state = (enum sg_state)chance_below(SG_STATE_COUNT);
    ret->warn_frac = any_number();
    ret->own_clockskew_s = any_number();
    ret->kdc_timesync = chance_below(2);
    ret->critical_frac = any_number();
    any_text(ret->decision, sizeof ret->decision);
    any_text(ret->notice, sizeof ret->notice);
    any_clock(&ret->clock);
    ret->n_realms = n_realms;
    for (int i = 0; i < n_realms; i++)
        any_realm(&ret->realms[i], n_sources);
    ret->n_sources = n_sources;
    for (int i = 0; i < n_sources; i++)
        any_source(&ret->sources[i], n_realms);
}

static struct sg_status before, after;

/* Encoded, decoded and encoded again it is the same text. */
static void
assert_round_trip(void)
{
    struct sg_buf text = SG_BUF_INIT, again = SG_BUF_INIT;
    struct sg_err err = {""};

    sg_status_encode(&before, &text);
    assert_false(text.failed);
    if (sg_status_decode(text.text, text.len, &after, &err) < 0)
        fail_msg("%s", err.text);
    sg_status_encode(&after, &again);
    assert_int_equal(text.len, again.len);
    assert_memory_equal(text.text, again.text, text.len);
    sg_buf_free(&text);
    sg_buf_free(&again);
}

static void
random_statuses_come_back(void **state)
{
    (void)state;
    chance_begin();
    for (int i = 0; i < 150; i++) {
        any_status(&before, chance_below(SG_MAX_REALMS + 1),
                   chance_below(i % 10 ? 8 : SG_MAX_SOURCES + 1));
        assert_round_trip();
        assert_int_equal(after.n_sources, before.n_sources);
        assert_string_equal(after.notice, before.notice);
        assert_true(after.clock.model.ref.ns == before.clock.model.ref.ns);
        assert_true(fabs(after.warn_frac - before.warn_frac) <= 1e-6);
        for (int j = 0; j < before.n_sources; j++) {
            assert_string_equal(after.sources[j].reason,
                                before.sources[j].reason);
            assert_int_equal(after.sources[j].realm, before.sources[j].realm);
            assert_int_equal(after.sources[j].outcome,
                             before.sources[j].outcome);
        }
    }
}

static void
the_largest_status_comes_back(void **state)
{
    (void)state;
    chance_begin();
    any_status(&before, SG_MAX_REALMS, SG_MAX_SOURCES);
    for (int i = 0; i < SG_MAX_SOURCES; i++) {
        memset(before.sources[i].name, 'n', SG_NAME_MAX - 1);
        memset(before.sources[i].reason, 'r', SG_REASON_MAX - 1);
        before.sources[i].name[SG_NAME_MAX - 1] = '\0';
        before.sources[i].reason[SG_REASON_MAX - 1] = '\0';
    }
    assert_round_trip();
}

/* ---- single values ---- */

static const char *
line_of(const struct sg_status *status, const char *key, char *ret, size_t size)
{
    struct sg_buf text = SG_BUF_INIT;
    char wanted[64];
    const char *at;

    snprintf(wanted, sizeof wanted, "\n%s=", key);
    sg_status_encode(status, &text);
    at = strstr(text.text, wanted);
    assert_non_null(at);
    at += strlen(wanted);
    snprintf(ret, size, "%.*s", (int)strcspn(at, "\n"), at);
    sg_buf_free(&text);
    return ret;
}

static void
numbers_are_written_in_decimals(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0.000000000"},
                 {-0.0, "0.000000000"},
                 {1.5, "1.500000000"},
                 {-1.5, "-1.500000000"},
                 {-0.000000001, "-0.000000001"},
                 {4e-10, "0.000000000"},
                 {-4e-10, "0.000000000"},
                 {123456.123456789, "123456.123456789"},
                 {9.3e9, "9200000000.000000000"},
                 {-INFINITY, "-9200000000.000000000"},
                 {NAN, "9200000000.000000000"}};
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sg_status_init(&before);
        before.suspended_s = cases[i].value;
        assert_string_equal(line_of(&before, "suspended_s", text, sizeof text),
                            cases[i].text);
        assert_round_trip();
    }
}

static int
decode(const char *lines, struct sg_err *err)
{
    char text[2000];
    int len = snprintf(text, sizeof text, "version=1\n%s", lines);

    return sg_status_decode(text, (size_t)len, &after, err);
}

static void
numbers_are_read_as_written_by_hand(void **state)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"0", 0},
                 {"-0", 0},
                 {"7", 7},
                 {"007", 7},
                 {"-2.5", -2.5},
                 {"0.1", 0.1},
                 {"9200000000", 9.2e9},
                 {"0.123456789012345678", 0.123456789}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[100];

        snprintf(line, sizeof line, "warn_frac=%s\n", cases[i].text);
        assert_int_equal(decode(line, NULL), 0);
        assert_true(fabs(after.warn_frac - cases[i].value) < 1e-9);
    }
}

static void
instants_are_read_to_the_last_nanosecond(void **state)
{
    static const int64_t cases[] = {0,
                                    -1,
                                    INT64_MAX,
                                    INT64_MAX - 7,
                                    INT64_MIN,
                                    INT64_MIN + 1,
                                    INT64_C(999999999999999999),
                                    INT64_C(1000000000000000000)};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sg_status_init(&before);
        before.started.ns = cases[i];
        assert_round_trip();
        assert_true(after.started.ns == cases[i]);
    }
}

static void
unknown_keys_are_ignored(void **state)
{
    struct sg_err err = {""};

    (void)state;
    if (decode("colour=blue\nn_realms=1\nrealm.0.mood=9\n"
               "realm.0.name=EXAMPLE.ORG\nclock.colour=\n"
               "=\nsource.x=1\nrealm.=1\nclock.=1\n",
               &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(after.realms[0].name, "EXAMPLE.ORG");
}

static void
missing_keys_are_unknown(void **state)
{
    (void)state;
    assert_int_equal(decode("n_realms=1\nn_sources=1\n", NULL), 0);
    assert_int_equal(after.state, SG_STATE_UNKNOWN);
    assert_int_equal(after.realms[0].worst, -1);
    assert_int_equal(after.realms[0].state, SG_STATE_UNKNOWN);
    assert_true(after.realms[0].time_to_limit_s < 0);
    assert_int_equal(after.sources[0].realm, -1);
    assert_int_equal(after.sources[0].tally, SG_TALLY_UNUSABLE);
    assert_false(after.sources[0].model.valid);
}

/* ---- the words of a refusal ---- */

static void
what_is_wrong_is_refused_in_words(void **state)
{
    static const struct {
        const char *lines, *words;
    } cases[] = {
        {"n_sources=257\n", "status: n_sources: bad value \"257\""},
        {"n_sources=-1\n", "status: n_sources: bad value \"-1\""},
        {"n_realms=9\n", "status: n_realms: bad value \"9\""},
        {"n_realms=\n", "status: n_realms: bad value \"\""},
        {"n_realms=1 \n", "status: n_realms: bad value \"1 \""},
        {"n_realms=+1\n", "status: n_realms: bad value \"+1\""},
        {"n_realms=0x1\n", "status: n_realms: bad value \"0x1\""},
        {"pid=2147483648\n", "status: pid: bad value \"2147483648\""},
        {"pid=99999999999999999999999999\n",
         "status: pid: bad value \"99999999999999999999999999\""},
        {"mode=\n", "status: mode: bad value \"\""},
        {"mode=guardian\n", "status: mode: bad value \"guardian\""},
        {"state=OK\n", "status: state: bad value \"OK\""},
        {"clock.synced=2\n", "status: clock.synced: bad value \"2\""},
        {"clock.synced=true\n", "status: clock.synced: bad value \"true\""},
        {"warn_frac=nan\n", "status: warn_frac: bad value \"nan\""},
        {"warn_frac=inf\n", "status: warn_frac: bad value \"inf\""},
        {"warn_frac=1e3\n", "status: warn_frac: bad value \"1e3\""},
        {"warn_frac=0,2\n", "status: warn_frac: bad value \"0,2\""},
        {"warn_frac=.5\n", "status: warn_frac: bad value \".5\""},
        {"warn_frac=5.\n", "status: warn_frac: bad value \"5.\""},
        {"warn_frac=--5\n", "status: warn_frac: bad value \"--5\""},
        {"warn_frac=9200000001\n",
         "status: warn_frac: bad value \"9200000001\""},
        {"started_ns=9223372036854775808\n",
         "status: started_ns: bad value \"9223372036854775808\""},
        {"started_ns=-9223372036854775809\n",
         "status: started_ns: bad value \"-9223372036854775809\""},
        {"started_ns=92233720368547758070\n",
         "status: started_ns: bad value \"92233720368547758070\""},
        {"started_ns=-\n", "status: started_ns: bad value \"-\""},
        {"realm.0.name=A\n", "status: realm 0 of 0"},
        {"n_realms=2\nrealm.2.name=A\n", "status: realm 2 of 2"},
        {"n_sources=1\nsource.1.port=1\n", "status: source 1 of 1"},
        {"n_sources=1\nsource.0.port=65536\n",
         "status: source.0.port: bad value \"65536\""},
        {"n_sources=1\nsource.0.reach=256\n",
         "status: source.0.reach: bad value \"256\""},
        {"n_sources=1\nsource.0.realm=-2\n",
         "status: source.0.realm: bad value \"-2\""},
        {"n_sources=1\nsource.0.realm=0\n", "status: source.0.realm=0 of 0"},
        {"n_realms=1\nrealm.0.worst=0\n", "status: realm.0.worst=0 of 0"},
        {"n_realms=1\nn_sources=3\nrealm.0.worst=2\nn_sources=2\n",
         "status: realm.0.worst=2 of 2"},
        {"no equals sign\n", "status: a line without \"=\""},
        {"\n", "status: a line without \"=\""},
        {"mode=guard", "status: cut short at byte 20"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sg_err err = {""};

        assert_int_equal(decode(cases[i].lines, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].words);
        assert_int_equal(decode(cases[i].lines, NULL), -EINVAL);
    }
}

static void
other_versions_are_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "v",
                                        "version=1",
                                        "version=2\n",
                                        "version=\n",
                                        "version=10\n",
                                        "\nversion=1\n",
                                        "VERSION=1\n",
                                        "version=1 \n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sg_err err = {""};

        assert_int_equal(
            sg_status_decode(texts[i], strlen(texts[i]), &after, &err),
            -EINVAL);
        assert_string_equal(err.text,
                            "status: does not begin with \"version=1\"");
    }
}

static void
texts_too_long_or_with_nul_are_refused(void **state)
{
    char line[600], whole[] = "version=1\nnotice=a\0b\n";
    struct sg_err err = {""};

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "notice=", 7);
    memcpy(line + 7 + SG_REASON_MAX - 1, "\n", 2);
    assert_int_equal(decode(line, NULL), 0);
    assert_int_equal(strlen(after.notice), SG_REASON_MAX - 1);
    memcpy(line + 7 + SG_REASON_MAX - 1, "x\n", 3);
    assert_int_equal(decode(line, &err), -EINVAL);
    assert_non_null(strstr(err.text, "status: notice: bad value \"xxxx"));
    assert_int_equal(sg_status_decode(whole, sizeof whole - 1, &after, &err),
                     -EINVAL);
}

/* A terminal obeys control characters, whoever put them there. */
static void
control_characters_become_question_marks(void **state)
{
    char text[64];

    (void)state;
    sg_status_init(&before);
    strcpy(before.notice, "a\x1b[2J\nb\tc\x7f\xc3\xa4");
    assert_string_equal(line_of(&before, "notice", text, sizeof text),
                        "a?[2J?b?c?\xc3\xa4");
    assert_int_equal(decode("notice=a\x1b[2J\rb\tc\x7f\xc3\xa4\n", NULL), 0);
    assert_string_equal(after.notice, "a?[2J?b?c?\xc3\xa4");
}

/* ---- hostile bytes ---- */

static void
every_truncation_is_survived(void **state)
{
    struct sg_buf text = SG_BUF_INIT;
    size_t good = 0;

    (void)state;
    chance_begin();
    any_status(&before, 2, 3);
    sg_status_encode(&before, &text);
    for (size_t len = 0; len < text.len; len++) {
        /* a copy of its own: a byte too far is seen by the sanitizer */
        char *part = malloc(len + 1);
        int code;

        assert_non_null(part);
        memcpy(part, text.text, len);
        part = realloc(part, len ? len : 1);
        code = sg_status_decode(part, len, &after, NULL);
        assert_true(code == 0 || code == -EINVAL);
        if (len && text.text[len - 1] != '\n')
            assert_int_equal(code, -EINVAL);
        good += code == 0;
        free(part);
    }
    assert_true(good > 10);
    sg_buf_free(&text);
}

static void
damaged_bytes_are_survived(void **state)
{
    struct sg_buf text = SG_BUF_INIT, again = SG_BUF_INIT;
    static const char odd[] = "\0\n=.-0129\xff version=clock.source.realm.";

    (void)state;
    chance_begin();
    any_status(&before, 2, 3);
    sg_status_encode(&before, &text);
    for (int i = 0; i < chance_rounds(20000); i++) {
        char *damaged = malloc(text.len);

        assert_non_null(damaged);
        memcpy(damaged, text.text, text.len);
        for (int j = 0; j <= i % 4; j++)
            damaged[10 + chance_below((int)text.len - 10)] =
                odd[chance_below((int)sizeof odd)];
        if (sg_status_decode(damaged, text.len, &after, NULL) == 0) {
            sg_buf_clear(&again);
            sg_status_encode(&after, &again);
            assert_int_equal(
                sg_status_decode(again.text, again.len, &after, NULL), 0);
        }
        free(damaged);
    }
    sg_buf_free(&text);
    sg_buf_free(&again);
}

/* ---- languages ---- */

/* True in a locale whose decimal point is a comma, made if need be. */
static bool
enter_comma_country(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE",
                                        "fr_FR.UTF-8", "sv_SE.UTF-8"};
    char folder[] = "/tmp/sg-locale-XXXXXX", command[200];
    bool found;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_ALL, names[i]))
            return strcmp(localeconv()->decimal_point, ",") == 0;
    if (!mkdtemp(folder))
        return false;
    snprintf(command, sizeof command,
             "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 2>/dev/null", folder);
    found = system(command) == 0 && setenv("LOCPATH", folder, 1) == 0 &&
            setlocale(LC_ALL, "de_DE.UTF-8") &&
            strcmp(localeconv()->decimal_point, ",") == 0;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0)
        print_message("%s: not removed\n", folder);
    return found;
}

static void
the_text_is_the_same_in_any_language(void **state)
{
    char text[64];

    (void)state;
    chance_begin();
    if (!enter_comma_country()) {
        print_message("no locale with a decimal comma, and none to be made\n");
        skip();
    }
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5");
    sg_status_init(&before);
    before.warn_frac = 0.25;
    assert_string_equal(line_of(&before, "warn_frac", text, sizeof text),
                        "0.250000000");
    any_status(&before, 3, 8);
    assert_round_trip();
    assert_int_equal(decode("warn_frac=0.5\n", NULL), 0);
    assert_true(after.warn_frac == 0.5);
    assert_int_equal(decode("warn_frac=0,5\n", NULL), -EINVAL);
    setlocale(LC_ALL, "C");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_statuses_come_back),
        cmocka_unit_test(the_largest_status_comes_back),
        cmocka_unit_test(numbers_are_written_in_decimals),
        cmocka_unit_test(numbers_are_read_as_written_by_hand),
        cmocka_unit_test(instants_are_read_to_the_last_nanosecond),
        cmocka_unit_test(unknown_keys_are_ignored),
        cmocka_unit_test(missing_keys_are_unknown),
        cmocka_unit_test(what_is_wrong_is_refused_in_words),
        cmocka_unit_test(other_versions_are_refused),
        cmocka_unit_test(texts_too_long_or_with_nul_are_refused),
        cmocka_unit_test(control_characters_become_question_marks),
        cmocka_unit_test(every_truncation_is_survived),
        cmocka_unit_test(damaged_bytes_are_survived),
        cmocka_unit_test(the_text_is_the_same_in_any_language),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

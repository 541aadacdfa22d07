#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* a program is no library */
#include "../../src/mailer/channel.c"
#include "../../src/mailer/queue.c"
#include "../../src/mailer/queue_settle.c"
#undef JITTER_FRAC

static struct sg_queue *queue;
static struct sg_raw now;
static struct sg_batch batch;
static struct sg_progress progress[SG_BATCH_MAX];
static struct sg_settled settled;

static const struct sg_channel two[] = {
    {SG_CHANNEL_MAIL, "a@x", "a@x"},
    {SG_CHANNEL_MAIL, "b@x", "b@x"},
};
static const struct sg_channel mixed[] = {
    {SG_CHANNEL_HOOK, "/h", "hook /h"},
    {SG_CHANNEL_MAIL, "a@x", "a@x"},
};

static struct sg_spool_entry
entry_of(uint64_t order, const char *id, unsigned number)
{
    struct sg_spool_entry ret = {.order = order, .number = number};

    snprintf(ret.id, sizeof ret.id, "%s", id);
    snprintf(ret.name, sizeof ret.name, "%d-%s-%u.alert", (int)order, id,
             number);
    return ret;
}

static void
add_as(uint64_t order, const char *id, unsigned number, bool is_test)
{
    static const struct sg_progress none[SG_CHANNELS_MAX];
    struct sg_spool_entry entry = entry_of(order, id, number);

    assert_true(sg_queue_add(queue, &entry, is_test, none, now));
}

static void
add(uint64_t order, const char *id, unsigned number)
{
    add_as(order, id, number, false);
}

/* The next batch is of that channel and these numbers: "1 2". */
static void
expect_next(const char *label, const char *id, const char *numbers)
{
    char text[256] = "";

    assert_true(sg_queue_next(queue, now, &batch));
    assert_string_equal(batch.channel.label, label);
    for (int i = 0; i < batch.n; i++) {
        assert_string_equal(batch.alerts[i].id, id);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u",
                 i ? " " : "", batch.alerts[i].number);
    }
    assert_string_equal(text, numbers);
}

static void
expect_none(void)
{
    struct sg_batch none;

    assert_false(sg_queue_next(queue, now, &none));
}

static void
settle(enum sg_result_kind kind, const char *words)
{
    struct sg_result result = {.kind = kind};

    strcpy(result.words, words);
    assert_true(
        sg_queue_settle(queue, &batch, &result, now, 0.5, progress, &settled));
}

static void
pass(double span_s)
{
    now = sg_raw_add(now, span_s);
}

static struct sg_progress
known(const void *label, const struct sg_spool_entry *alert, const char *of)
{
    struct sg_progress ret = {0};

    (void)alert;
    if (label && strcmp(label, of) == 0)
        ret.state = SG_PROGRESS_DONE;
    return ret;
}

static void
set_channels(const struct sg_channel *channels, int n)
{
    sg_queue_set_channels(queue, channels, n, known, NULL, now);
}

static int
set_up_with(const struct sg_channel *channels, int n)
{
    now = (struct sg_raw){1000};
    queue = sg_queue_new();
    assert_non_null(queue);
    set_channels(channels, n);
    return 0;
}

static int
set_up(void **state)
{
    (void)state;
    return set_up_with(two, 2);
}

static int
set_up_mixed(void **state)
{
    (void)state;
    return set_up_with(mixed, 2);
}

static int
tear_down(void **state)
{
    (void)state;
    sg_queue_free(queue);
    return 0;
}

static void
test_each_channel_gets_its_own(void **state)
{
    struct sg_spool_entry entry;

    (void)state;
    add(1, "1", 1);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_DONE, "yes");
    assert_int_equal(progress[0].state, SG_PROGRESS_DONE);
    assert_false(settled.is_news || settled.is_recovery);
    assert_false(sg_queue_take_finished(queue, &entry));
    expect_next("b@x", "1", "1");
    expect_none();
    settle(SG_RESULT_DONE, "yes");
    assert_true(sg_queue_take_finished(queue, &entry));
    assert_int_equal(entry.number, 1);
    assert_int_equal(sg_queue_count(queue), 0);
    expect_none();
    assert_true(sg_queue_wait_s(queue, now) < 0);
}

static void
test_waits_grow_to_an_hour(void **state)
{
    static const double waits_s[] = {30,  60,   120,  240,  480,
                                     960, 1920, 3600, 3600, 3600};

    (void)state;
    set_channels(two, 1);
    add(1, "1", 1);
    for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        expect_next("a@x", "1", "1");
        settle(SG_RESULT_UNREACHABLE, "nobody there");
        assert_float_equal(settled.retry_s, waits_s[i], 1e-6);
        assert_int_equal(settled.is_news, i == 0);
        expect_none();
        assert_float_equal(sg_queue_wait_s(queue, now), waits_s[i], 1e-6);
        pass(waits_s[i]);
    }
    /* not given up yet */
    assert_int_equal(progress[0].state, SG_PROGRESS_TRIED);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_DONE, "yes");
    assert_true(settled.is_recovery);
    assert_float_equal(settled.failed_s, 30 * 127 + 3 * 3600, 1e-3);
}

static void
test_jitter_stays_within_a_fifth(void **state)
{
    struct sg_result result = {.kind = SG_RESULT_LATER, .words = "no"};
    unsigned seed = 7;

    (void)state;
    set_channels(two, 1);
    print_message("seed %u\n", seed);
    srand(seed);
    for (unsigned i = 1; i < 200; i++) {
        char id[16];

        snprintf(id, sizeof id, "%u", i);
        add(i, id, 1);
        expect_next("a@x", id, "1");
        sg_queue_settle(queue, &batch, &result, now, rand() / (RAND_MAX + 1.0),
                        progress, &settled);
        assert_in_range((int)(settled.retry_s * 10), 240, 360);
    }
}

static void
test_words_are_news_once(void **state)
{
    (void)state;
    set_channels(two, 1);
    add(1, "1", 1);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_LATER, "451 wait 287 s (id 12)");
    assert_true(settled.is_news);
    pass(100);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_LATER, "451 wait 1 s (id 4711)");
    assert_false(settled.is_news);
    pass(100);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_LATER, "451 the disk is full");
    assert_true(settled.is_news);
}

static void
test_causes_do_not_wait_for_each_other(void **state)
{
    (void)state;
    set_channels(two, 1);
    add(1, "1", 1);
    add(2, "1", 2);
    expect_next("a@x", "1", "1 2");
    add(3, "1", 3); /* waits for the two before it */
    add(4, "2", 1);
    expect_next("a@x", "2", "1");
    expect_none();
}

static void
test_only_so_many_at_a_time(void **state)
{
    struct sg_batch first;

    (void)state;
    set_channels(two, 1);
    for (unsigned i = 1; i <= SG_ATTEMPTS_MAX + 1; i++) {
        char id[16];

        snprintf(id, sizeof id, "%u", i);
        add(i, id, 1);
    }
    expect_next("a@x", "1", "1");
    first = batch;
    for (int i = 1; i < SG_ATTEMPTS_MAX; i++)
        assert_true(sg_queue_next(queue, now, &batch));
    expect_none();
    /* nor is it worth waking up for */
    assert_true(sg_queue_wait_s(queue, now) < 0);
    batch = first;
    settle(SG_RESULT_DONE, "yes");
    expect_next("a@x", "4", "1");
}

static void
test_order_is_that_of_the_spool(void **state)
{
    (void)state;
    set_channels(two, 1);
    add(7, "1", 3);
    add(5, "1", 1);
    add(6, "1", 2);
    expect_next("a@x", "1", "1 2 3");
}

static void
test_hooks_take_one_at_a_time(void **state)
{
    (void)state;
    add(1, "1", 1);
    add(2, "1", 2);
    expect_next("hook /h", "1", "1");
    settle(SG_RESULT_DONE, "done");
    expect_next("hook /h", "1", "2");
    expect_next("a@x", "1", "1 2");
}

static void
test_hook_failures_are_counted(void **state)
{
    (void)state;
    set_channels(mixed, 1);
    add(1, "1", 1);
    add(2, "1", 2);
    for (int i = 1; i <= SG_FAILED_MAX; i++) {
        expect_next("hook /h", "1", "1");
        settle(SG_RESULT_FAILED, "exit status 3");
        assert_int_equal(settled.n_given_up, i == SG_FAILED_MAX);
        pass(3600);
        if (i < SG_FAILED_MAX) { /* "not now" does not count */
            expect_next("hook /h", "1", "1");
            settle(SG_RESULT_LATER, "exit status 75");
            pass(3600);
        }
    }
    assert_int_equal(progress[0].state, SG_PROGRESS_GIVEN_UP);
    expect_next("hook /h", "1", "2");
}

/* Neither a success elsewhere, nor news, nor a person who hurries uses up the
 * attempts of a hook that fails for a while. */
static void
test_hook_failures_take_an_hour(void **state)
{
    double waited_s = 0;
    int n = 0;

    (void)state;
    set_channels(mixed, 1);
    add(1, "1", 1);
    expect_next("hook /h", "1", "1");
    settle(SG_RESULT_FAILED, "exit status 3");
    add(2, "1", 2);
    expect_none();
    add(3, "2", 1);
    expect_next("hook /h", "2", "1");
    settle(SG_RESULT_DONE, "done");
    expect_none();
    for (int i = 0; i < 2 * SG_FAILED_MAX; i++) {
        pass(1);
        sg_queue_hurry(queue, now);
        expect_next("hook /h", "1", "1");
        settle(SG_RESULT_FAILED, "exit status 3");
        assert_int_equal(settled.n_given_up, 0);
        assert_int_equal(progress[0].failed, 1);
        assert_float_equal(settled.retry_s, (float)(29 - i), 1e-6);
        waited_s++;
    }
    while (settled.n_given_up == 0 && n++ < 100) {
        waited_s += settled.retry_s;
        pass(settled.retry_s);
        expect_next("hook /h", "1", "1");
        settle(SG_RESULT_FAILED, "exit status 3");
    }
    assert_in_range((int)waited_s, 3600, 2 * 3600);
    assert_int_equal(n, 7);
    expect_next("hook /h", "1", "2");
}

static void
test_refusals_end_after_five_days(void **state)
{
    int n = 0;

    (void)state;
    set_channels(two, 1);
    add(1, "1", 1);
    do {
        expect_next("a@x", "1", "1");
        settle(SG_RESULT_REFUSED, "550 no");
        if (settled.n_given_up == 0)
            assert_float_equal(settled.retry_s, 3600, 1e-6);
        pass(3600);
        n++;
    } while (settled.n_given_up == 0 && n < 1000);
    assert_int_equal(n, 5 * 24 + 1);
    assert_int_equal(progress[0].state, SG_PROGRESS_GIVEN_UP);
    expect_none();
}

/* Whoever cannot be reached, or never says yes, does not keep alerts for ever;
 * a restart does not begin anew, and what came later waits as long. */
static void
test_waiting_ends_after_thirty_days(void **state)
{
    static const enum sg_result_kind kinds[] = {SG_RESULT_UNREACHABLE,
                                                SG_RESULT_LATER};
    struct sg_progress before[SG_CHANNELS_MAX] = {{.waited_s = 10 * 86400}};
    struct sg_spool_entry first = entry_of(1, "1", 1);
    struct sg_raw begin = now;
    int n = 0;

    (void)state;
    settled.n_given_up = 0;
    set_channels(two, 1);
    assert_true(sg_queue_add(queue, &first, false, before, now));
    for (; settled.n_given_up == 0 && n < 1000; n++) {
        expect_next("a@x", "1", n < 240 ? "1" : "1 2");
        settle(kinds[n % 2], "no");
        if (n == 239)
            add(2, "1", 2);
        else if (settled.n_given_up == 0)
            pass(settled.retry_s);
    }
    assert_in_range((int)sg_raw_diff(now, begin), 20 * 86400,
                    20 * 86400 + 3600);
    assert_int_equal(settled.n_given_up, 1);
    assert_int_equal(progress[0].state, SG_PROGRESS_GIVEN_UP);
    assert_int_equal(progress[1].state, SG_PROGRESS_TRIED);
    pass(settled.retry_s);
    expect_next("a@x", "1", "2");
}

/* What was refused before a restart counts; the outage between does not. */
static void
test_refusals_go_on_after_a_restart(void **state)
{
    struct sg_progress before[SG_CHANNELS_MAX] = {
        {.refused_s = SG_REFUSED_MAX_S - 1000}};
    struct sg_spool_entry entry = entry_of(1, "1", 1);

    (void)state;
    set_channels(two, 1);
    assert_true(sg_queue_add(queue, &entry, false, before, now));
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_REFUSED, "550 no");
    assert_int_equal(settled.n_given_up, 0);
    pass(3600);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_LATER, "451 wait");
    pass(3600);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_REFUSED, "550 no");
    assert_int_equal(settled.n_given_up, 0);
    pass(3600);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_REFUSED, "550 no");
    assert_int_equal(settled.n_given_up, 1);
}

static void
test_refused_together_go_one_by_one(void **state)
{
    (void)state;
    set_channels(two, 1);
    add(1, "1", 1);
    add(2, "1", 2);
    expect_next("a@x", "1", "1 2");
    settle(SG_RESULT_REFUSED, "552 too large");
    assert_false(settled.is_news);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_DONE, "yes");
    expect_next("a@x", "1", "2");
}

static void
test_tests_end_early(void **state)
{
    int n = 0;

    (void)state;
    set_channels(two, 1);
    add_as(1, "1", 1, true);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_REFUSED, "550 no");
    assert_int_equal(settled.n_given_up, 1);
    add_as(2, "2", 1, true);
    do {
        expect_next("a@x", "2", "1");
        settle(SG_RESULT_LATER, "451 wait");
        pass(settled.retry_s);
        n++;
    } while (settled.n_given_up == 0 && n < 100);
    assert_int_equal(n, 8);
}

/* However often somebody hurries it. */
static void
test_tests_are_not_hurried_to_death(void **state)
{
    (void)state;
    set_channels(two, 1);
    add_as(1, "1", 1, true);
    for (int i = 0; i < 20; i++) {
        expect_next("a@x", "1", "1");
        settle(SG_RESULT_UNREACHABLE, "nobody there");
        assert_int_equal(settled.n_given_up, 0);
        pass(10);
        sg_queue_hurry(queue, now);
    }
}

static void
test_success_wakes_others(void **state)
{
    (void)state;
    add(1, "1", 1);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_UNREACHABLE, "nobody there");
    expect_next("b@x", "1", "1");
    settle(SG_RESULT_REFUSED, "550 no");
    add(2, "2", 1);
    expect_next("a@x", "2", "1");
    settle(SG_RESULT_DONE, "yes");
    /* there is still one that failed */
    assert_false(settled.is_recovery);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_DONE, "yes");
    assert_true(settled.is_recovery);
    expect_next("b@x", "2", "1");
    settle(SG_RESULT_DONE, "yes");
    /* a refusal is not for want of somebody to talk to */
    expect_none();
}

static void
test_hurry(void **state)
{
    (void)state;
    add(1, "1", 1);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_REFUSED, "550 no");
    expect_next("b@x", "1", "1");
    settle(SG_RESULT_LATER, "451 wait");
    expect_none();
    sg_queue_hurry(queue, now);
    expect_next("a@x", "1", "1");
    expect_next("b@x", "1", "1");
}

/* Once more, since it may have begun before somebody put things right. */
static void
test_hurry_while_under_way(void **state)
{
    (void)state;
    add(1, "1", 1);
    expect_next("a@x", "1", "1");
    sg_queue_hurry(queue, now);
    settle(SG_RESULT_UNREACHABLE, "refused");
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_UNREACHABLE, "refused");
    expect_next("b@x", "1", "1");
    settle(SG_RESULT_DONE, "yes");
    expect_next("a@x", "1", "1"); /* woken by that */
    settle(SG_RESULT_UNREACHABLE, "refused");
    expect_none();
}

static void
test_channels_come_and_go(void **state)
{
    struct sg_spool_entry entry;
    struct sg_batch running;
    struct sg_result result = {.kind = SG_RESULT_DONE, .words = "yes"};

    (void)state;
    add(1, "1", 1);
    expect_next("a@x", "1", "1");
    settle(SG_RESULT_DONE, "yes");
    expect_next("b@x", "1", "1");
    running = batch;
    /* a@x stays and has it already, b@x goes while it is under way */
    set_channels(mixed, 2);
    expect_next("hook /h", "1", "1");
    expect_none();
    assert_false(
        sg_queue_settle(queue, &running, &result, now, 0, progress, &settled));
    settle(SG_RESULT_DONE, "done");
    assert_true(sg_queue_take_finished(queue, &entry));
    /* nobody is told at all: it waits for somebody */
    set_channels(NULL, 0);
    add(2, "2", 1);
    expect_none();
    assert_false(sg_queue_take_finished(queue, &entry));
    set_channels(mixed, 1);
    expect_next("hook /h", "2", "1");
}

static void
test_channels_come_back(void **state)
{
    struct sg_batch running;

    (void)state;
    add(1, "1", 1);
    expect_next("a@x", "1", "1");
    running = batch;
    expect_next("b@x", "1", "1");
    settle(SG_RESULT_DONE, "yes");
    set_channels(NULL, 0);
    /* b@x has it, as is remembered, and a@x is about to */
    sg_queue_set_channels(queue, two, 2, known, "b@x", now);
    sg_queue_set_busy(queue, &running);
    expect_none();
    batch = running;
    settle(SG_RESULT_LATER, "451 wait");
    pass(30);
    expect_next("a@x", "1", "1");
    expect_none();
}

static void
test_what_vanished_is_forgotten(void **state)
{
    struct sg_spool_list empty = {0, NULL};

    (void)state;
    add(1, "1", 1);
    expect_next("a@x", "1", "1");
    sg_queue_prune(queue, &empty);
    assert_int_equal(sg_queue_count(queue), 0);
    settle(SG_RESULT_DONE, "yes");
    assert_int_equal(progress[0].state, SG_PROGRESS_DONE);
    expect_none();
}

/* Whatever happens, each alert ends once on each channel, and in order. */
static void
test_random_weather(void **state)
{
    enum { CAUSES = 4, NUMBERS = 30 };
    unsigned got[2][CAUSES] = {{0}}, put[CAUSES] = {0}, seed = 4711;
    struct sg_spool_entry entry;
    int finished = 0, turns = 0;
    uint64_t order = 0;

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    while (finished < CAUSES * NUMBERS && turns++ < 100000) {
        int cause = rand() % CAUSES;
        char id[2] = {(char)('0' + cause), '\0'};

        if (put[cause] < NUMBERS && rand() % 3 == 0)
            add(++order, id, ++put[cause]);
        while (sg_queue_next(queue, now, &batch)) {
            int channel = batch.channel.label[0] - 'a';
            unsigned *had = &got[channel][batch.alerts[0].id[0] - '0'];
            enum sg_result_kind kind = (enum sg_result_kind)(rand() % 4);

            settle(kind, "words");
            for (int i = 0; i < batch.n; i++) {
                assert_int_equal(batch.alerts[i].number,
                                 *had + 1 + (unsigned)i);
                assert_int_not_equal(progress[i].state, SG_PROGRESS_GIVEN_UP);
            }
            if (kind == SG_RESULT_DONE)
                *had += (unsigned)batch.n;
        }
        while (sg_queue_take_finished(queue, &entry))
            finished++;
        pass(rand() % 4000);
    }
    assert_int_equal(finished, CAUSES * NUMBERS);
    assert_int_equal(sg_queue_count(queue), 0);
}

static void
test_channels_of_a_configuration(void **state)
{
    static struct sg_channel channels[SG_CHANNELS_MAX];
    static struct sg_config config = {
        .alert = {.n_mailto = 3,
                  .mailto = {"root", "a@x", "root"},
                  .n_hooks = 2,
                  .hooks = {"/a b", "/a b"}}};

    (void)state;
    assert_int_equal(sg_channels_make(&config, channels), 3);
    assert_string_equal(channels[0].label, "root");
    assert_string_equal(channels[1].label, "a@x");
    assert_string_equal(channels[2].label, "hook /a b");
    assert_string_equal(channels[2].name, "/a b");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define MIXED(name)                                                            \
    cmocka_unit_test_setup_teardown(name, set_up_mixed, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_channel_gets_its_own),
        TEST(test_waits_grow_to_an_hour),
        TEST(test_jitter_stays_within_a_fifth),
        TEST(test_words_are_news_once),
        TEST(test_causes_do_not_wait_for_each_other),
        TEST(test_only_so_many_at_a_time),
        TEST(test_order_is_that_of_the_spool),
        MIXED(test_hooks_take_one_at_a_time),
        MIXED(test_hook_failures_are_counted),
        MIXED(test_hook_failures_take_an_hour),
        TEST(test_refusals_end_after_five_days),
        TEST(test_waiting_ends_after_thirty_days),
        TEST(test_refusals_go_on_after_a_restart),
        TEST(test_refused_together_go_one_by_one),
        TEST(test_tests_end_early),
        TEST(test_tests_are_not_hurried_to_death),
        TEST(test_success_wakes_others),
        TEST(test_hurry),
        TEST(test_hurry_while_under_way),
        TEST(test_channels_come_and_go),
        TEST(test_channels_come_back),
        TEST(test_what_vanished_is_forgotten),
        TEST(test_random_weather),
        cmocka_unit_test(test_channels_of_a_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

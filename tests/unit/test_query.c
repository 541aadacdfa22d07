/*
 * "skewguard query" against sources that say what this test wants.  A program
 * is no library: its file is taken in whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/query.c"

/* ---- stand-ins for the sources, the resolver and the output ---- */

struct sg_source {
    struct sg_target target;
    sg_source_done *done;
    void *arg;
    struct event *answer;
    int asked;
};

struct sg_resolver {
    int unused;
};

static struct sg_resolver resolver;
static struct sg_buf printed;
static int n_sources;
static int n_asked[8]; /* by source */

/* Each server's delays; the offset is 100 times the delay. */
static const double delays_s[EXCHANGES] = {0.3, 0.1, 0.2, 0.4};

static void
answer_ok(struct sg_outcome *outcome, int n)
{
    struct sg_reading now = sg_host_reading();

    outcome->code = SG_OUTCOME_OK;
    outcome->sample.at = now.raw;
    outcome->sample.delay_s = delays_s[n];
    outcome->sample.guess = sg_wall_add(now.wall, -100 * delays_s[n]);
    outcome->sample.has_guess = true;
    outcome->sample.stratum = 3;
}

static void
answer(evutil_socket_t fd, short what, void *arg)
{
    struct sg_outcome outcome = {.text = "says no\n"};
    struct sg_source *source = arg;
    int n = source->asked - 1;

    (void)fd;
    (void)what;
    if (strcmp(source->target.host, "refused") == 0)
        outcome.code = SG_OUTCOME_REFUSED;
    else if (strcmp(source->target.host, "denied") == 0)
        outcome.code = SG_OUTCOME_KISS_DENY;
    else if (strcmp(source->target.host, "silent") == 0 ||
             (strcmp(source->target.host, "late") == 0 && n < 2))
        outcome.code = SG_OUTCOME_NO_REPLY;
    else
        answer_ok(&outcome, n);
    source->done(source->arg, source, &outcome);
}

struct sg_source *
sg_source_new(const struct sg_probe_env *env, const struct sg_target *target,
              sg_source_done *done, void *arg, struct sg_err *err)
{
    struct sg_source *source = calloc(1, sizeof *source);

    (void)err;
    assert_non_null(source);
    assert_ptr_equal(env->resolver, &resolver);
    source->target = *target;
    source->done = done;
    source->arg = arg;
    source->answer = evtimer_new(env->base, answer, source);
    n_sources++;
    return source;
}

void
sg_source_free(struct sg_source *source)
{
    if (!source)
        return;
    n_asked[--n_sources] = source->asked;
    event_free(source->answer);
    free(source);
}

bool
sg_source_ask(struct sg_source *source)
{
    const struct timeval soon = {0, 1000};

    source->asked++;
    return strcmp(source->target.host, "busy") != 0 &&
           event_add(source->answer, &soon) == 0;
}

bool
sg_source_address(const struct sg_source *source, char *ret, size_t size)
{
    snprintf(ret, size, "192.0.2.1");
    return strcmp(source->target.host, "refused") != 0;
}

struct sg_resolver *
sg_resolver_new(struct event_base *base, const char *servers,
                struct sg_err *err)
{
    (void)base;
    (void)servers;
    (void)err;
    return &resolver;
}

void
sg_resolver_free(struct sg_resolver *what)
{
    assert_true(!what || what == &resolver);
}

int
sg_command_print(struct sg_buf *text, int code)
{
    printed = *text;
    return code;
}

/* ---- tests ---- */

static int
run(int n, ...)
{
    char *words[8];
    struct sg_invocation invocation = {.n_words = n, .words = words};
    va_list args;

    va_start(args, n);
    for (int i = 0; i < n; i++)
        words[i] = va_arg(args, char *);
    va_end(args);
    printed = (struct sg_buf)SG_BUF_INIT;
    n_sources = 0;
    return sg_query_run(&invocation);
}

static void
test_least_delay_wins(void **state)
{
    double offset_s, delay_s;
    char *end = NULL;

    (void)state;
    assert_int_equal(run(1, "good"), 0);
    assert_int_equal(n_asked[0], EXCHANGES);
    assert_int_equal(sscanf(printed.text,
                            "server 192.0.2.1, stratum 3, offset %lf, delay "
                            "%lf",
                            &offset_s, &delay_s),
                     2);
    assert_float_equal(offset_s, -10, 0.01);
    assert_float_equal(delay_s, 0.1, 1e-9);
    end = strstr(printed.text, ": this host is ");
    assert_non_null(end);
    assert_string_equal(end, ": this host is 10 s ahead of good\n");
    sg_buf_free(&printed);
}

static void
test_failures(void **state)
{
    (void)state;
    assert_int_equal(run(4, "silent", "refused", "denied", "busy"), 1);
    assert_string_equal(printed.text,
                        "server 192.0.2.1, no time: says no?\n"
                        "server refused, no time: says no?\n"
                        "server 192.0.2.1, no time: says no?\n"
                        "server 192.0.2.1, no time: could not be asked\n");
    /* Freed in the order of the words, counted down. */
    assert_int_equal(n_asked[3], EXCHANGES);
    assert_int_equal(n_asked[2], 1);
    assert_int_equal(n_asked[1], 1);
    assert_int_equal(n_asked[0], 1);
    sg_buf_free(&printed);
}

static void
test_one_answer_suffices(void **state)
{
    (void)state;
    assert_int_equal(run(2, "refused", "late"), 0);
    assert_non_null(strstr(printed.text, "server refused, no time: says no?\n"
                                         "server 192.0.2.1, stratum 3, "));
    assert_non_null(strstr(printed.text, ", delay 0.20000: "));
    sg_buf_free(&printed);
}

static void
test_words(void **state)
{
    static const struct {
        const char *word, *host;
        int port;
        const char *refusal;
    } cases[] = {
        {"das-m", "das-m", 0, NULL},
        {"das-m:123", "das-m", 123, NULL},
        {"192.0.2.1:65535", "192.0.2.1", 65535, NULL},
        {"2001:db8::1", "2001:db8::1", 0, NULL},
        {"[2001:db8::1]", "2001:db8::1", 0, NULL},
        {"[2001:db8::1]:1123", "2001:db8::1", 1123, NULL},
        {"", NULL, 0, "\"\": a name of 0 characters, allowed 1 to 255"},
        {":123", NULL, 0, "\":123\": a name of 0 characters, allowed 1 to 255"},
        {"[]:1", NULL, 0, "\"[]:1\": a name of 0 characters, allowed 1 to 255"},
        {"a:", NULL, 0, "a:: port \"\", allowed 1 to 65535"},
        {"a:0", NULL, 0, "a:0: port \"0\", allowed 1 to 65535"},
        {"a:65536", NULL, 0, "a:65536: port \"65536\", allowed 1 to 65535"},
        {"a:-1", NULL, 0, "a:-1: port \"-1\", allowed 1 to 65535"},
        {"a:1x", NULL, 0, "a:1x: port \"1x\", allowed 1 to 65535"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sg_target target;
        struct sg_err err = {""};
        int r = parse_host(cases[i].word, &target, &err);

        if (cases[i].refusal) {
            assert_int_equal(r, -EINVAL);
            assert_string_equal(err.text, cases[i].refusal);
            continue;
        }
        assert_int_equal(r, 0);
        assert_int_equal(target.kind, SG_KIND_NTP);
        assert_string_equal(target.host, cases[i].host);
        assert_int_equal(target.port, cases[i].port);
    }
}

static void
test_longest_word(void **state)
{
    struct sg_target target;
    struct sg_err err;
    char word[SG_NAME_MAX + 1];

    (void)state;
    memset(word, 'a', sizeof word);
    word[SG_NAME_MAX - 1] = '\0';
    assert_int_equal(parse_host(word, &target, &err), 0);
    assert_string_equal(target.host, word);
    word[SG_NAME_MAX - 1] = 'a';
    word[SG_NAME_MAX] = '\0';
    assert_int_equal(parse_host(word, &target, &err), -EINVAL);
    assert_non_null(strstr(err.text, "256 characters, allowed 1 to 255"));
}

static void
test_wrong_word_is_usage(void **state)
{
    (void)state;
    assert_int_equal(run(2, "good", "a:b"), SG_EXIT_USAGE);
    assert_null(printed.text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_delay_wins),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_one_answer_suffices),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_longest_word),
        cmocka_unit_test(test_wrong_word_is_usage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

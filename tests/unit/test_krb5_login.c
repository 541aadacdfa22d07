/* What can be told without a KDC: whoever speaks in its name proves nothing.
 * The rest is in tests/interop/test_keytab.sh and test_forged_probe.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "armor.h"
#include "base/hostclock.h"
#include "kdc_reply.h"
#include "keytab.h"
#include "probe/krb5_host.h"
#include "probe/krb5_login.h"

#define REALM "SKEW.TEST"
#define NOW 1790000000u

static const struct sg_raw SENT = {7000000000};
static const struct sg_raw RECEIVED = {7002000000};

struct world {
    char path[64], name[72];
    struct sg_krb5_hosts *hosts;
    struct sg_krb5_host *host;
    struct sg_krb5_login *login;
};

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    int fd;

    strcpy(w->path, "/tmp/test_krb5_login.XXXXXX");
    fd = mkstemp(w->path);
    if (fd < 0 || close(fd) != 0 || unlink(w->path) != 0)
        return -1;
    setenv("KRB5_CONFIG", "/nonexistent/krb5.conf", 1);
    snprintf(w->name, sizeof w->name, "FILE:%s", w->path);
    add_to_keytab(w->name, "host/a.test@" REALM);
    w->hosts = sg_krb5_hosts_new();
    w->host = sg_krb5_hosts_get(w->hosts, REALM, w->path);
    *state = w;
    return w->host ? 0 : -1;
}

static int
tear_down(void **state)
{
    struct world *w = *state;

    sg_krb5_login_free(w->login);
    sg_krb5_hosts_free(w->hosts);
    unlink(w->path);
    free(w);
    return 0;
}

static void
begin(struct world *w, bool may_use_tcp)
{
    struct sg_outcome outcome = {.text = ""};

    sg_krb5_login_free(w->login);
    w->login = sg_krb5_login_new(w->host, may_use_tcp, &outcome);
    if (!w->login)
        fail_msg("%s", outcome.text);
}

/* The next question, an AS-REQ; its length. */
static size_t
ask(struct world *w, uint8_t *ret)
{
    const uint8_t *bytes;
    struct sg_err err = {""};
    size_t len = 0;

    assert_int_equal(sg_krb5_login_ask(w->login, &bytes, &len, &err), 0);
    assert_string_equal(err.text, "");
    assert_in_range(len, 100, 1000);
    assert_int_equal(bytes[0], 0x6a);
    memcpy(ret, bytes, len);
    return len;
}

static enum sg_krb5_verdict
judge(struct world *w, const uint8_t *bytes, size_t len, struct sg_outcome *ret)
{
    /* Exactly as long as the message, so that sanitizers see an overrun. */
    uint8_t *copy = malloc(len ? len : 1);
    enum sg_krb5_verdict verdict;

    memcpy(copy, bytes, len);
    memset(ret, 0x55, sizeof *ret);
    verdict = sg_krb5_login_judge(w->login, copy, len, SENT, RECEIVED, ret);
    free(copy);
    assert_true(ret->code > SG_OUTCOME_OK && ret->code < SG_OUTCOME_COUNT);
    assert_true(ret->text[0] != '\0');
    return verdict;
}

static enum sg_krb5_verdict
refuse(struct world *w, unsigned error, struct sg_outcome *ret)
{
    uint8_t question[1000], answer[KDC_REPLY_MAX];

    ask(w, question);
    return judge(w, answer,
                 kdc_reply_error(REALM, error, NOW + 1000, 7, answer), ret);
}

/* Ask and be refused until it is over; how often. */
static int
refuse_all(struct world *w, unsigned error, struct sg_outcome *ret)
{
    int n = 1;

    begin(w, true);
    while (refuse(w, error, ret) != SG_KRB5_ANSWERED)
        assert_true(n++ < 10);
    return n;
}

#define DOUBT                                                                  \
    " in clear to the host's key: forged, or the KDC takes no encrypted "      \
    "timestamp"

static void
forged_errors_never_give_a_time(void **state)
{
    static const struct {
        unsigned error;
        int questions;
        enum sg_outcome_code code;
        const char *text;
    } cases[] = {
        {25, 3, SG_OUTCOME_UNPROVEN, "KRB-ERROR 25" DOUBT},
        {90, 5, SG_OUTCOME_UNPROVEN, "KRB-ERROR 90" DOUBT},
        {68, 3, SG_OUTCOME_UNPROVEN, "KRB-ERROR 68" DOUBT},
        {37, 3, SG_OUTCOME_UNPROVEN, "KRB-ERROR 37" DOUBT},
        {60, 3, SG_OUTCOME_UNPROVEN, "KRB-ERROR 60" DOUBT},
        {52, 6, SG_OUTCOME_UNPROVEN, "KRB-ERROR 52" DOUBT},
        {6, 1, SG_OUTCOME_REJECTED, "Client not found in Kerberos database"},
        {18, 1, SG_OUTCOME_REJECTED, "Client's credentials have been revoked"},
        {14, 2, SG_OUTCOME_REJECTED, "KDC has no support for encryption type"},
        {24, 3, SG_OUTCOME_REJECTED, "Preauthentication failed"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = *state;
        struct sg_outcome outcome;
        char text[300];

        assert_int_equal(refuse_all(w, cases[i].error, &outcome),
                         cases[i].questions);
        assert_string_equal(sg_outcome_name(outcome.code),
                            sg_outcome_name(cases[i].code));
        snprintf(text, sizeof text, "%s", cases[i].text);
        if (cases[i].code == SG_OUTCOME_REJECTED)
            snprintf(text, sizeof text,
                     "KRB-ERROR %u to host/a.test@" REALM
                     " with the key in %s: %s",
                     cases[i].error, w->path, cases[i].text);
        assert_string_equal(outcome.text, text);
    }
}

/* padata-type [1] INTEGER 136, PA-FX-FAST */
static bool
is_fast(const uint8_t *question, size_t len)
{
    static const char type[] = "\xa1\x04\x02\x02\x00\x88";

    return memmem(question, len, type, sizeof type - 1) != NULL;
}

/* A question inside FAST, and the verdict on this answer to it. */
static enum sg_krb5_verdict
answer_fast(struct world *w, const uint8_t *bytes, size_t len,
            struct sg_outcome *ret)
{
    const uint8_t *question;
    size_t question_len = 0;

    assert_true(armor_make(w->host));
    begin(w, true);
    assert_int_equal(
        sg_krb5_login_ask(w->login, &question, &question_len, NULL), 0);
    assert_true(is_fast(question, question_len));
    return judge(w, bytes, len, ret);
}

/* What comes in clear, or as if it were inside, proves nothing, and the key
 * itself has to do. */
static void
forged_answers_to_fast_never_give_a_time(void **state)
{
    /* SEQUENCE OF PA-DATA: PA-FX-FAST, AES128 that decrypts to nothing */
    static const char fast[] = "\x30\x1f\x30\x1d\xa1\x04\x02\x02\x00\x88"
                               "\xa2\x15\x04\x13\xa0\x11\x30\x0f\xa0\x0d"
                               "\x30\x0b\xa0\x03\x02\x01\x11\xa2\x04\x04"
                               "\x02up";
    static const unsigned errors[] = {25, 24, 90, 91, 6, 68, 37};
    struct world *w = *state;
    struct sg_outcome outcome;
    uint8_t question[1000], answer[KDC_REPLY_MAX];

    begin(w, true);
    for (size_t i = 0; i < 2 * (sizeof errors / sizeof *errors); i++) {
        size_t len = kdc_reply_error_with(REALM, errors[i / 2], NOW, 0, fast,
                                          i % 2 ? sizeof fast - 1 : 0, answer);

        assert_true(len > 0);
        assert_int_equal(answer_fast(w, answer, len, &outcome), SG_KRB5_ASK);
        assert_false(is_fast(question, ask(w, question)));
    }
    assert_int_equal(
        answer_fast(w, (const uint8_t *)"\x6b\x05rubbi", 7, &outcome),
        SG_KRB5_ASK);
    assert_false(is_fast(question, ask(w, question)));
    assert_int_equal(answer_fast(w, (const uint8_t *)"\x01", 1, &outcome),
                     SG_KRB5_DOUBTFUL);
    assert_int_equal(
        judge(w, answer, kdc_reply_error(REALM, 52, NOW, 0, answer), &outcome),
        SG_KRB5_ASK_TCP);
}

/* A key that rests is not tried in place of FAST either. */
static void
forged_answer_to_fast_does_not_wake_the_key(void **state)
{
    struct world *w = *state;
    struct sg_outcome refused, outcome;
    uint8_t answer[KDC_REPLY_MAX];

    refuse_all(w, 24, &refused);
    assert_int_equal(answer_fast(w, answer,
                                 kdc_reply_error(REALM, 25, NOW, 0, answer),
                                 &outcome),
                     SG_KRB5_ANSWERED);
    assert_string_equal(outcome.text, refused.text);
}

static void
refused_key_is_not_tried_at_once(void **state)
{
    struct world *w = *state;
    struct sg_outcome first, again;

    refuse_all(w, 24, &first);
    assert_null(sg_krb5_login_new(w->host, true, &again));
    assert_int_equal(again.code, SG_OUTCOME_REJECTED);
    assert_string_equal(again.text, first.text);
    add_to_keytab(w->name, "host/b.test@" REALM);
    begin(w, true);
}

static void
garbage_is_waited_out(void **state)
{
    static const uint8_t *const parts[] = {
        (const uint8_t *)"",
        (const uint8_t *)"\x01garbage",
        (const uint8_t *)"\x7e\x05rubbi",
        (const uint8_t *)"\x6b\x05rubbi",
    };
    struct world *w = *state;
    struct sg_outcome outcome;
    uint8_t first[1000], question[1000];
    size_t len;

    begin(w, true);
    len = ask(w, first);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_int_equal(
            judge(w, parts[i], strlen((const char *)parts[i]), &outcome),
            SG_KRB5_DOUBTFUL);
    assert_string_equal(sg_outcome_name(outcome.code), "unproven");

    /* what comes then is judged as if nothing had been */
    assert_int_equal(judge(w, question,
                           kdc_reply_error(REALM, 6, NOW, 0, question),
                           &outcome),
                     SG_KRB5_ANSWERED);
    assert_string_equal(sg_outcome_name(outcome.code), "rejected");
    assert_true(len > 0);
}

static void
too_big_repeats_the_question_over_tcp(void **state)
{
    struct world *w = *state;
    struct sg_outcome outcome;
    uint8_t first[1000], again[1000], answer[KDC_REPLY_MAX];
    size_t len, error;

    begin(w, true);
    len = ask(w, first);
    error = kdc_reply_error(REALM, 52, NOW, 0, answer);
    assert_int_equal(judge(w, answer, error, &outcome), SG_KRB5_ASK_TCP);
    assert_int_equal(ask(w, again), len);
    assert_memory_equal(first, again, len);
    assert_int_equal(judge(w, answer, error, &outcome), SG_KRB5_ASK);

    /* ... unless that is forbidden */
    begin(w, false);
    ask(w, first);
    assert_int_equal(judge(w, answer, error, &outcome), SG_KRB5_ANSWERED);
    assert_string_equal(sg_outcome_name(outcome.code), "too-big");
    assert_string_equal(
        outcome.text, "KDC says its answer is too big to send (KRB-ERROR 52)");
}

static void
first_question_already_has_a_timestamp(void **state)
{
    /* padata-type [1] INTEGER 2, PA-ENC-TIMESTAMP */
    static const char type[] = "\xa1\x03\x02\x01\x02";
    struct world *w = *state;
    struct sg_outcome outcome;
    uint8_t question[1000];
    size_t len;

    begin(w, true);
    len = ask(w, question);
    assert_non_null(memmem(question, len, type, sizeof type - 1));
    assert_int_equal(refuse(w, 37, &outcome), SG_KRB5_ASK);
    len = ask(w, question);
    assert_null(memmem(question, len, type, sizeof type - 1));
}

static void
without_a_key_nothing_is_asked(void **state)
{
    struct world *w = *state;
    struct sg_outcome outcome;
    char text[128];

    unlink(w->path);
    assert_null(sg_krb5_login_new(w->host, true, &outcome));
    assert_string_equal(sg_outcome_name(outcome.code), "keytab");
    snprintf(text, sizeof text, "%s: No such file or directory", w->path);
    assert_string_equal(outcome.text, text);
    sg_krb5_login_free(NULL);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(forged_errors_never_give_a_time),
        TEST(forged_answers_to_fast_never_give_a_time),
        TEST(forged_answer_to_fast_does_not_wake_the_key),
        TEST(refused_key_is_not_tried_at_once),
        TEST(garbage_is_waited_out),
        TEST(too_big_repeats_the_question_over_tcp),
        TEST(first_question_already_has_a_timestamp),
        TEST(without_a_key_nothing_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

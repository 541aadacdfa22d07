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

#include "kdc_reply.h"
#include "keytab.h"
#include "probe/krb5_exchange.h"
#include "probe/krb5_host.h"

#define REALM "SKEW.TEST"
#define SECOND_NS INT64_C(1000000000)

static const struct sg_raw SENT = {7 * SECOND_NS};
static const struct sg_raw RECEIVED = {7 * SECOND_NS + 2000000}; /* 2 ms */

static char folder[] = "/tmp/test_krb5_exchange.XXXXXX";

static void
path_in_folder(const char *name, char *ret, size_t size)
{
    snprintf(ret, size, "%s/%s", folder, name);
}

static void
write_file(const char *name, const char *text)
{
    char path[128];
    FILE *file;

    path_in_folder(name, path, sizeof path);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void
use_krb5_conf(const char *text)
{
    char path[128];

    write_file("krb5.conf", text);
    path_in_folder("krb5.conf", path, sizeof path);
    setenv("KRB5_CONFIG", path, 1);
}

static int
setup(void **state)
{
    struct sg_err err;

    setenv("KRB5_CONFIG", "/nonexistent/krb5.conf", 1);
    setenv("KRB5_KTNAME", "FILE:/nonexistent/keytab", 1);
    *state = sg_krb5_exchange_new(REALM, NULL, &err);
    return *state ? 0 : -1;
}

static int
teardown(void **state)
{
    sg_krb5_exchange_free(*state);
    return 0;
}

static enum sg_krb5_verdict
judge(struct sg_krb5_exchange *exchange, const uint8_t *bytes, size_t len,
      struct sg_outcome *ret)
{
    /* Exactly as long as the message, so that sanitizers see an overrun. */
    uint8_t *copy = malloc(len ? len : 1);
    enum sg_krb5_verdict verdict;

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    memset(ret, 0xa5, sizeof *ret);
    verdict = sg_krb5_exchange_judge(exchange, copy, len, SENT, RECEIVED, ret);
    free(copy);
    assert_in_range(ret->code, 0, SG_OUTCOME_COUNT - 1);
    if (ret->code != SG_OUTCOME_OK)
        assert_true(ret->text[0]);
    else
        assert_int_equal(verdict, SG_KRB5_ANSWERED);
    return verdict;
}

/* The question for a service that does not exist names it in clear. */
static bool
asks_nosuch(struct sg_krb5_exchange *exchange)
{
    const uint8_t *bytes;
    size_t len;
    struct sg_err err;

    assert_int_equal(sg_krb5_exchange_ask(exchange, &bytes, &len, &err), 0);
    assert_int_equal(bytes[0], 0x6a); /* AS-REQ */
    assert_in_range(len, 100, 1000);
    assert_non_null(memmem(bytes, len, REALM, strlen(REALM)));
    return memmem(bytes, len, "nosuch", 6);
}

static void
every_error_with_a_time_is_an_answer(void **state)
{
    const unsigned codes[] = {0, 6, 7, 11, 14, 18, 24, 25, 37, 60, 90, 127};
    uint8_t bytes[KDC_REPLY_MAX];
    struct sg_outcome outcome;

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        size_t len =
            kdc_reply_error(REALM, codes[i], 1790000000, 123456, bytes);

        assert_int_equal(judge(*state, bytes, len, &outcome), SG_KRB5_ANSWERED);
        assert_int_equal(outcome.code, SG_OUTCOME_OK);
    }
}

static void
sample_is_an_interval_at_the_receiving(void **state)
{
    uint8_t bytes[KDC_REPLY_MAX];
    struct sg_outcome outcome;
    struct sg_sample *sample = &outcome.sample;

    judge(*state, bytes, kdc_reply_error(REALM, 25, 1790000000, 999999, bytes),
          &outcome);
    assert_int_equal(sample->at.ns, RECEIVED.ns);
    assert_int_equal(sample->lower.ns, 1790000000 * SECOND_NS + 999999000);
    assert_int_equal(sample->upper.ns, 1790000001 * SECOND_NS + 2000000);
    assert_false(sample->has_guess);
    assert_true(sample->delay_s == 0.002);
    assert_true(sample->root_s == 0);
    assert_int_equal(sample->stratum, 0);
    assert_int_equal(sample->leap, SG_LEAP_NONE);
}

static void
times_are_unsigned(void **state)
{
    const uint32_t times[] = {
        1,          /* 1970 */
        2147483647, /* the last second of 31 bits, 2038 */
        2147483648, /* and the next */
        2177452800, /* 2039-01-01 */
        4260211200, /* 2105-01-01 */
        4294967295, /* the last second of 32 bits, 2106 */
    };
    uint8_t bytes[KDC_REPLY_MAX];
    struct sg_outcome outcome;

    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        size_t len = kdc_reply_error(REALM, 25, times[i], 0, bytes);

        judge(*state, bytes, len, &outcome);
        assert_int_equal(outcome.code, SG_OUTCOME_OK);
        assert_int_equal(outcome.sample.lower.ns, times[i] * SECOND_NS);
        assert_int_equal(outcome.sample.upper.ns,
                         (times[i] + INT64_C(1)) * SECOND_NS + 2000000);
    }
}

static void
date_outside_of_32_bits_is_survived(void **state)
{
    const char *const dates[] = {"19691231235959Z", "21070101000000Z",
                                 "99991231235959Z", "00000000000000Z",
                                 "20391399999999Z", "2039010100000xZ"};
    uint8_t bytes[KDC_REPLY_MAX];
    size_t len = kdc_reply_error(REALM, 25, 2177452800, 0, bytes);
    uint8_t *date = memmem(bytes, len, "20390101000000Z", 15);
    struct sg_outcome outcome;

    assert_non_null(date);
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        memcpy(date, dates[i], 15);
        judge(*state, bytes, len, &outcome);
        printf("%s: %s %s\n", dates[i], sg_outcome_name(outcome.code),
               outcome.code == SG_OUTCOME_OK ? "" : outcome.text);
        if (outcome.code == SG_OUTCOME_OK)
            assert_in_range(outcome.sample.lower.ns, 0, 4294967295 * SECOND_NS);
    }
}

static void
answer_without_a_time_says_so(void **state)
{
    uint8_t bytes[KDC_REPLY_MAX];
    struct sg_outcome outcome;
    size_t len = kdc_reply_error(REALM, 60, 0, 5, bytes);

    assert_int_equal(judge(*state, bytes, len, &outcome), SG_KRB5_ANSWERED);
    assert_int_equal(outcome.code, SG_OUTCOME_NO_TIME);
    assert_string_equal(outcome.text, "KRB-ERROR 60 without a time in it");
}

static void
other_realm_is_doubtful(void **state)
{
    uint8_t bytes[KDC_REPLY_MAX];
    struct sg_outcome outcome;
    size_t len = kdc_reply_error("OTHER\n.TEST", 25, 1790000000, 5, bytes);

    assert_int_equal(judge(*state, bytes, len, &outcome), SG_KRB5_DOUBTFUL);
    assert_int_equal(outcome.code, SG_OUTCOME_REALM);
    assert_string_equal(outcome.text, "answer (KRB-ERROR 25) of realm "
                                      "\"OTHER?.TEST\", asked was "
                                      "\"SKEW.TEST\"");

    len = kdc_reply_error("SKEW.TESTS", 25, 1790000000, 5, bytes);
    assert_int_equal(judge(*state, bytes, len, &outcome), SG_KRB5_DOUBTFUL);
    len = kdc_reply_error("", 25, 1790000000, 5, bytes);
    assert_int_equal(judge(*state, bytes, len, &outcome), SG_KRB5_DOUBTFUL);
    len = kdc_reply_error(REALM, 68, 1790000000, 5, bytes); /* WRONG_REALM */
    assert_int_equal(judge(*state, bytes, len, &outcome), SG_KRB5_DOUBTFUL);
    assert_int_equal(outcome.code, SG_OUTCOME_REALM);

    /* Active Directory may answer in capitals. */
    len = kdc_reply_error("skew.Test", 25, 1790000000, 5, bytes);
    assert_int_equal(judge(*state, bytes, len, &outcome), SG_KRB5_ANSWERED);
    assert_int_equal(outcome.code, SG_OUTCOME_OK);
}

static void
too_big_is_told_whatever_its_realm(void **state)
{
    uint8_t bytes[KDC_REPLY_MAX];
    struct sg_outcome outcome;
    size_t len =
        kdc_reply_error("<unspecified realm>", 52, 1790000000, 5, bytes);

    assert_int_equal(judge(*state, bytes, len, &outcome), SG_KRB5_ANSWERED);
    assert_int_equal(outcome.code, SG_OUTCOME_TOO_BIG);
    assert_string_equal(
        outcome.text, "KDC says its answer is too big to send (KRB-ERROR 52)");
}

static void
absurd_microseconds_are_garbage(void **state)
{
    const int values[] = {-1, 1000000, INT32_MAX, INT32_MIN};
    uint8_t bytes[KDC_REPLY_MAX];
    struct sg_outcome outcome;

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        size_t len = kdc_reply_error(REALM, 25, 1790000000, values[i], bytes);

        assert_int_equal(judge(*state, bytes, len, &outcome), SG_KRB5_DOUBTFUL);
        assert_int_equal(outcome.code, SG_OUTCOME_GARBAGE);
    }
    judge(*state, bytes, kdc_reply_error(REALM, 25, 9, 1000000, bytes),
          &outcome);
    assert_string_equal(outcome.text, "KRB-ERROR 25 with 1000000 microseconds, "
                                      "allowed are 0 to 999999");
}

static void
ticket_leads_to_a_second_question(void **state)
{
    const uint8_t ticket[] = {0x6b, 0x82, 0x02, 0x00};
    struct sg_outcome outcome;

    assert_false(asks_nosuch(*state));
    assert_int_equal(judge(*state, ticket, sizeof ticket, &outcome),
                     SG_KRB5_ASK);
    assert_true(asks_nosuch(*state));
    assert_int_equal(judge(*state, ticket, sizeof ticket, &outcome),
                     SG_KRB5_ANSWERED);
    assert_int_equal(outcome.code, SG_OUTCOME_NO_TIME);
    assert_string_equal(outcome.text,
                        "KDC gives a ticket without a readable time even for "
                        "the service skewguard/nosuch");
}

static void
truncated_at_every_length_never_tells_a_time(void **state)
{
    uint8_t bytes[KDC_REPLY_MAX];
    struct sg_outcome outcome;
    size_t len = kdc_reply_error(REALM, 25, 1790000000, 123456, bytes);

    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(judge(*state, bytes, cut, &outcome), SG_KRB5_DOUBTFUL);
        assert_true(outcome.code == SG_OUTCOME_TRUNCATED ||
                    outcome.code == SG_OUTCOME_GARBAGE);
    }
    judge(*state, bytes, len / 2, &outcome);
    assert_int_equal(outcome.code, SG_OUTCOME_TRUNCATED);
    assert_non_null(strstr(outcome.text, "KRB-ERROR is cut off after "));
    judge(*state, bytes, 0, &outcome);
    assert_string_equal(outcome.text,
                        "answer of 0 bytes, allowed are 1 to 65535");
}

static void
oversized_and_foreign_bytes_are_named(void **state)
{
    uint8_t *bytes = calloc(1, SG_KRB5_REPLY_MAX + 1);
    struct sg_outcome outcome;

    assert_non_null(bytes);
    judge(*state, bytes, SG_KRB5_REPLY_MAX + 1, &outcome);
    assert_int_equal(outcome.code, SG_OUTCOME_OVERSIZED);
    assert_string_equal(outcome.text,
                        "answer of 65536 bytes, allowed are 1 to 65535");
    bytes[0] = 0x17;
    assert_int_equal(judge(*state, bytes, 48, &outcome), SG_KRB5_DOUBTFUL);
    assert_int_equal(outcome.code, SG_OUTCOME_GARBAGE);
    assert_string_equal(outcome.text,
                        "answer of 48 bytes is not Kerberos: it begins with "
                        "0x17, not 0x7e or 0x6b");
    free(bytes);
}

static void
random_and_damaged_bytes_are_survived(void **state)
{
    uint8_t good[KDC_REPLY_MAX], bytes[KDC_REPLY_MAX] = {0};
    struct sg_outcome outcome;
    size_t len = kdc_reply_error(REALM, 25, 1790000000, 123456, good);

    for (int i = 0; i < 20000; i++) {
        size_t size = (size_t)(lrand48() % 300);

        for (size_t j = 0; j < size; j++)
            bytes[j] = (uint8_t)lrand48();
        if (i % 2 || bytes[0] == 0x6b)
            bytes[0] = 0x7e;
        assert_int_not_equal(judge(*state, bytes, size, &outcome),
                             SG_KRB5_ANSWERED);
        memcpy(bytes, good, len);
        for (int j = 0; j < 1 + i % 4; j++)
            bytes[(size_t)lrand48() % len] = (uint8_t)lrand48();
        /* A ticket would turn the exchange to its second question. */
        if (bytes[0] == 0x7e)
            judge(*state, bytes, len, &outcome);
    }
}

/* Who would ask, in an environment just prepared. */
static void
assert_client(struct sg_krb5_host *host, const char *expected)
{
    struct sg_err err;
    struct sg_krb5_exchange *exchange = sg_krb5_exchange_new(REALM, host, &err);
    char client[512];
    const uint8_t *bytes;
    size_t len;

    assert_non_null(exchange);
    sg_krb5_exchange_client(exchange, client, sizeof client);
    assert_string_equal(client, expected);
    assert_int_equal(sg_krb5_exchange_ask(exchange, &bytes, &len, &err), 0);
    sg_krb5_exchange_free(exchange);
}

static void
name_of_host(char *ret, size_t size)
{
    char host[256];

    assert_int_equal(gethostname(host, sizeof host), 0);
    snprintf(ret, size, "host/%s%s@" REALM, host,
             strchr(host, '.') ? "" : ".skew.test");
    for (char *c = ret; *c && *c != '@'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
}

/* Which name a keytab gives: test_krb5_host. */
static void
client_is_that_of_the_hosts_key(void **state)
{
    struct sg_krb5_hosts *hosts = sg_krb5_hosts_new();
    struct sg_krb5_host *host = sg_krb5_hosts_get(hosts, REALM, "");
    char keytab[160], name[512];

    (void)state;
    name_of_host(name, sizeof name);
    snprintf(keytab, sizeof keytab, "FILE:%s/keytab", folder);
    setenv("KRB5_KTNAME", keytab, 1);
    assert_client(NULL, name);
    assert_client(host, name); /* the file does not exist yet */
    add_to_keytab(keytab, "WEB1$@" REALM);
    assert_client(host, "WEB1$@" REALM);
    assert_client(NULL, name);
    write_file("keytab", "this is no keytab");
    assert_client(host, name);
    sg_krb5_hosts_free(hosts);
}

static void
broken_krb5_conf_does_not_stop_it(void **state)
{
    char host[512];
    krb5_context context;

    (void)state;
    name_of_host(host, sizeof host);
    use_krb5_conf("[libdefaults\n default_realm = }{\n");
    assert_int_not_equal(krb5_init_context(&context), 0);
    assert_client(NULL, host);
}

static void
impossible_realm_is_refused_in_words(void **state)
{
    struct sg_err err;
    char realm[300];

    (void)state;
    memset(realm, 'A', sizeof realm);
    realm[sizeof realm - 1] = '\0';
    assert_null(sg_krb5_exchange_new(realm, NULL, &err));
    assert_string_equal(err.text,
                        "realm name of 299 bytes, allowed are 1 to 255");
    assert_null(sg_krb5_exchange_new("", NULL, &err));
    assert_string_equal(err.text,
                        "realm name of 0 bytes, allowed are 1 to 255");
    sg_krb5_exchange_free(NULL);
}

static int
make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
    const char *const names[] = {"krb5.conf", "keytab", ""};
    char path[128];

    (void)state;
    for (int i = 0; i < 3; i++) {
        path_in_folder(names[i], path, sizeof path);
        remove(path);
    }
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(every_error_with_a_time_is_an_answer),
        TEST(sample_is_an_interval_at_the_receiving),
        TEST(times_are_unsigned),
        TEST(date_outside_of_32_bits_is_survived),
        TEST(answer_without_a_time_says_so),
        TEST(other_realm_is_doubtful),
        TEST(too_big_is_told_whatever_its_realm),
        TEST(absurd_microseconds_are_garbage),
        TEST(ticket_leads_to_a_second_question),
        TEST(truncated_at_every_length_never_tells_a_time),
        TEST(oversized_and_foreign_bytes_are_named),
        TEST(random_and_damaged_bytes_are_survived),
        TEST(client_is_that_of_the_hosts_key),
        TEST(broken_krb5_conf_does_not_stop_it),
        TEST(impossible_realm_is_refused_in_words),
    };
    long seed = argc > 1 ? atol(argv[1]) : 20250101;

    printf("seed %ld (give another as argument)\n", seed);
    srand48(seed);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* Alerts as they lie in the spool. */
#include "alert/record.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert_record.h"

static const char whole[] =
    "skewguard-alert=1\n"
    "id=0123456789abcdef\n"
    "number=3\n"
    "topic=realm\n"
    "phase=worse\n"
    "level=exceeded\n"
    "severity=2\n"
    "host=web1.example.com\n"
    "realm=EXAMPLE.COM\n"
    "blame=our-clock\n"
    "has_offset=1\n"
    "offset_s=400.125000000\n"
    "limit_s=300.000000000\n"
    "host_time_ns=1795662725000000001\n"
    "has_true_time=1\n"
    "true_time_ns=1795663125125000001\n"
    "subject=EXAMPLE.COM: exceeded: this host is 400.1 s behind, limit 300 s; "
    "its own clock is wrong\n"
    "body_bytes=49\n"
    "\n"
    "EXAMPLE.COM: exceeded.\n"
    "\n"
    "Set the clock = by hand.\n";

static struct sg_record record;

static int
set_up(void **state)
{
    (void)state;
    record = record_make("0123456789abcdef", 3, SG_ALERT_WORSE);
    return 0;
}

static void
assert_encodes(const char *expected)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_record_encode(&record, &text);
    assert_false(text.failed);
    assert_string_equal(text.text, expected);
    sg_buf_free(&text);
}

/* What is read from what was written. */
static struct sg_record
again(void)
{
    struct sg_buf text = SG_BUF_INIT;
    struct sg_record ret;
    struct sg_err err = {""};

    sg_record_encode(&record, &text);
    if (sg_record_decode(text.text, text.len, &ret, &err) != 0)
        fail_msg("%s", err.text);
    sg_buf_free(&text);
    return ret;
}

static void
written_as_it_says(void **state)
{
    (void)state;
    assert_encodes(whole);
}

static void
read_as_it_was_written(void **state)
{
    struct sg_record ret;

    (void)state;
    assert_int_equal(sg_record_decode(whole, sizeof whole - 1, &ret, NULL), 0);
    assert_string_equal(ret.id, record.id);
    assert_int_equal(ret.number, 3);
    assert_int_equal(ret.topic, SG_ALERT_REALM);
    assert_int_equal(ret.phase, SG_ALERT_WORSE);
    assert_int_equal(ret.level, SG_ALERT_EXCEEDED);
    assert_int_equal(ret.severity, 2);
    assert_string_equal(ret.host, record.host);
    assert_string_equal(ret.realm, record.realm);
    assert_int_equal(ret.blame, SG_BLAME_OURS);
    assert_true(ret.has_offset);
    assert_float_equal(ret.offset_s, 400.125, 0);
    assert_float_equal(ret.limit_s, 300, 0);
    assert_int_equal(ret.host_time.ns, record.host_time.ns);
    assert_true(ret.has_true_time);
    assert_int_equal(ret.true_time.ns, record.true_time.ns);
    assert_string_equal(ret.subject, record.subject);
    assert_string_equal(ret.body, record.body);
}

static void
what_means_nothing_is_nothing(void **state)
{
    struct sg_record ret;

    (void)state;
    record.has_offset = record.has_true_time = false;
    record.realm[0] = record.body[0] = '\0';
    ret = again();
    assert_false(ret.has_offset);
    assert_float_equal(ret.offset_s, 0, 0);
    assert_float_equal(ret.limit_s, 0, 0);
    assert_false(ret.has_true_time);
    assert_int_equal(ret.true_time.ns, 0);
    assert_string_equal(ret.realm, "");
    assert_string_equal(ret.body, "");
}

static void
extremes_survive(void **state)
{
    struct sg_record ret;

    (void)state;
    record.offset_s = -DBL_MAX;
    record.limit_s = INFINITY;
    record.host_time.ns = INT64_MIN;
    record.true_time.ns = INT64_MAX;
    record.number = INT32_MAX;
    memset(record.host, 'h', sizeof record.host - 1);
    memset(record.realm, 'r', sizeof record.realm - 1);
    memset(record.subject, '~', sizeof record.subject - 1);
    memset(record.body, 'b', sizeof record.body - 1);
    ret = again();
    assert_float_equal(ret.offset_s, -9.2e9, 0);
    assert_float_equal(ret.limit_s, 9.2e9, 0);
    assert_int_equal(ret.host_time.ns, INT64_MIN);
    assert_int_equal(ret.true_time.ns, INT64_MAX);
    assert_int_equal(ret.number, INT32_MAX);
    assert_string_equal(ret.host, record.host);
    assert_string_equal(ret.realm, record.realm);
    assert_string_equal(ret.subject, record.subject);
    /* the last line got its end, for which there was no room */
    assert_int_equal(strlen(ret.body), SG_RECORD_BODY_MAX - 1);
    assert_string_equal(ret.body + SG_RECORD_BODY_MAX - 4, "bb\n");
}

/* Names come from DNS, KDCs and users: none of them makes a line of its own,
 * or moves a terminal's cursor. */
static void
nothing_can_be_forged(void **state)
{
    struct sg_record ret;

    (void)state;
    strcpy(record.host, "a\nsubject=all is well\n\nb");
    strcpy(record.realm, "R\r\x1b[2J\x7f");
    strcpy(record.subject, "x\r\nBcc: all@example.com\t\xc3\xa9");
    strcpy(record.body, "one\r\ntwo\x1b]0;\a\x80\ntail");
    ret = again();
    assert_string_equal(ret.host, "a?subject=all is well??b");
    assert_string_equal(ret.realm, "R??[2J?");
    assert_string_equal(ret.subject, "x??Bcc: all@example.com???");
    assert_string_equal(ret.body, "one?\ntwo?]0;??\ntail\n");
}

static void
ids_are_hex_digits(void **state)
{
    (void)state;
    assert_true(sg_record_is_id("0123456789abcdef"));
    assert_false(sg_record_is_id(""));
    assert_false(sg_record_is_id("0123456789abcde"));
    assert_false(sg_record_is_id("0123456789abcdef0"));
    assert_false(sg_record_is_id("0123456789ABCDEF"));
    assert_false(sg_record_is_id("../../../etc/pas"));
}

/* whole with one piece of it replaced. */
static char *
edited(const char *from, const char *to)
{
    const char *at = strstr(whole, from);
    char *ret = malloc(sizeof whole + strlen(to));

    assert_non_null(at);
    assert_non_null(ret);
    sprintf(ret, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
    return ret;
}

static void
unknown_keys_are_ignored(void **state)
{
    char *text = edited("topic=", "colour=red\ntopic=");
    struct sg_record ret;

    (void)state;
    assert_int_equal(sg_record_decode(text, strlen(text), &ret, NULL), 0);
    assert_string_equal(ret.body, record.body);
    free(text);
}

static void
damage_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *from, *to, *text;
    } cases[] = {
        {"skewguard-alert=1", "skewguard-alert=2",
         "alert: does not begin with \"skewguard-alert=1\""},
        {"topic=realm\n", "", "alert: topic is missing"},
        {"body_bytes=49\n", "", "alert: body_bytes is missing"},
        {"severity=2\n", "severity=2\nseverity=3\n",
         "alert: severity is there twice"},
        {"severity=2", "severity=8", "alert: severity: bad value \"8\""},
        {"number=3", "number=0", "alert: number: bad value \"0\""},
        {"number=3", "number=2147483648",
         "alert: number: bad value \"2147483648\""},
        {"number=3", "number=99999999999999999999999999",
         "alert: number: bad value \"99999999999999999999999999\""},
        {"number=3", "number", "alert: a line without \"=\""},
        {"topic=realm", "topic=weather", "alert: topic: bad value \"weather\""},
        {"phase=worse", "phase=", "alert: phase: bad value \"\""},
        {"id=0123456789abcdef", "id=0123456789abcde/",
         "alert: id \"0123456789abcde/\", allowed 16 of 0-9a-f"},
        {"id=0123456789abcdef", "id=0123456789abcdef0",
         "alert: id: bad value \"0123456789abcdef0\""},
        {"host=web1.example.com", "host=", "alert: host is empty"},
        {"offset_s=400.125000000", "offset_s=nan",
         "alert: offset_s: bad value \"nan\""},
        {"limit_s=300.000000000", "limit_s=-0.5",
         "alert: limit_s -0.5, allowed 0 and more"},
        {"host_time_ns=1795662725000000001", "host_time_ns=9223372036854775808",
         "alert: host_time_ns: bad value \"9223372036854775808\""},
        {"web1", "web\x1b[1m",
         "alert: byte 105 is 0x1b, allowed printable ASCII"},
        {"web1", "web\r", "alert: byte 105 is 0x0d, allowed printable ASCII"},
        {"by hand", "by h\xc3\xa4nd",
         "alert: byte 448 is 0xc3, allowed printable ASCII"},
        {"by hand.\n", "", "alert: its body has 40 bytes, and should have 49"},
        {"by hand.\n", "by hand.\n\n",
         "alert: its body has 50 bytes, and should have 49"},
        {"by hand.\n", "by hand..", "alert: its last line has no end"},
        {"body_bytes=49", "body_bytes=16384",
         "alert: body_bytes: bad value \"16384\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = edited(cases[i].from, cases[i].to);
        struct sg_record ret;
        struct sg_err err = {""};

        assert_int_equal(sg_record_decode(text, strlen(text), &ret, &err),
                         -EINVAL);
        assert_string_equal(err.text, cases[i].text);
        assert_int_equal(sg_record_decode(text, strlen(text), &ret, NULL),
                         -EINVAL);
        free(text);
    }
}

/* Wherever a crash or a full disk has cut it. */
static void
every_cut_is_noticed(void **state)
{
    struct sg_record ret;

    (void)state;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        /* of just that size, so that a sanitizer sees who reads on */
        char *text = malloc(len + 1);
        struct sg_err err = {""};

        assert_non_null(text);
        memcpy(text, whole, len);
        assert_int_equal(sg_record_decode(text, len, &ret, &err), -EINVAL);
        assert_true(strncmp(err.text, "alert: ", 7) == 0);
        free(text);
    }
}

static void
sizes_are_bounded(void **state)
{
    static char text[SG_RECORD_MAX + 1];
    struct sg_record ret;
    struct sg_err err;

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, whole, strlen("skewguard-alert=1\n"));
    assert_int_equal(sg_record_decode(text, sizeof text, &ret, &err), -EINVAL);
    assert_string_equal(err.text, "alert: 20481 bytes, allowed 20480");
    assert_int_equal(sg_record_decode(text, sizeof text - 1, &ret, &err),
                     -EINVAL);
    assert_string_equal(err.text, "alert: cut short in its header");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(written_as_it_says, set_up),
        cmocka_unit_test_setup(read_as_it_was_written, set_up),
        cmocka_unit_test_setup(what_means_nothing_is_nothing, set_up),
        cmocka_unit_test_setup(extremes_survive, set_up),
        cmocka_unit_test_setup(nothing_can_be_forged, set_up),
        cmocka_unit_test(ids_are_hex_digits),
        cmocka_unit_test_setup(unknown_keys_are_ignored, set_up),
        cmocka_unit_test_setup(damage_is_refused_with_a_reason, set_up),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(sizes_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the clock service and its client take from each other, and with which
 * words they refuse the rest. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clock/wire.h"

#include "chance.h"

static const struct sg_raw now = {INT64_C(1000000000000)};

static struct sg_wire_request
good(void)
{
    return (struct sg_wire_request){.version = SG_WIRE_VERSION,
                                    .kind = SG_WIRE_SLEW,
                                    .sent_ns = now.ns - 1000};
}

static void
assert_refused(const struct sg_wire_request *request, size_t len, int code,
               const char *words)
{
    char bytes[sizeof *request + 1] = {0};
    struct sg_wire_request ret;
    struct sg_err err = {""};

    memcpy(bytes, request, sizeof *request);
    assert_int_equal(sg_wire_take_request(bytes, len, now, &ret, &err), code);
    assert_string_equal(err.text, words);
}

static void
requests_have_one_length(void **state)
{
    struct sg_wire_request request = good();

    (void)state;
    assert_refused(&request, 72, 0, "");
    assert_refused(&request, 71, -EPROTO,
                   "clock service: request of 71 bytes, expected 72");
    assert_refused(&request, 73, -EPROTO,
                   "clock service: request of 73 bytes, expected 72");
    assert_refused(&request, 0, -EPROTO,
                   "clock service: request of 0 bytes, expected 72");
}

static void
requests_are_of_this_version_and_known(void **state)
{
    struct sg_wire_request request = good();

    (void)state;
    request.version++;
    assert_refused(&request, sizeof request, -EPROTONOSUPPORT,
                   "clock service: message of version 53470002, expected "
                   "53470001: restart both after an upgrade");
    request = good();
    request.kind = 0;
    assert_refused(&request, sizeof request, -EPROTO,
                   "clock service: request 0, known are 1 to 3");
    request.kind = 4;
    assert_refused(&request, sizeof request, -EPROTO,
                   "clock service: request 4, known are 1 to 3");
    request = good();
    request.flags = 16;
    assert_refused(&request, sizeof request, -EPROTO,
                   "clock service: flags 10, known are f");
    request = good();
    request.leap_s = 2;
    assert_refused(&request, sizeof request, -EPROTO,
                   "clock service: leap of 2 s, allowed -1 to 1");
    request.leap_s = INT32_MIN;
    assert_refused(&request, sizeof request, -EPROTO,
                   "clock service: leap of -2147483648 s, allowed -1 to 1");
}

static void
numbers_are_numbers(void **state)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    const char *words = "clock service: not a number, or a slew of negative "
                        "length";

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t at = offsetof(struct sg_wire_request, offset_s);
             at < sizeof(struct sg_wire_request); at += sizeof(double)) {
            struct sg_wire_request request = good();

            memcpy((char *)&request + at, &bad[i], sizeof(double));
            assert_refused(&request, sizeof request, -EPROTO, words);
        }
    {
        struct sg_wire_request request = good();

        request.duration_s = -1e-300;
        assert_refused(&request, sizeof request, -EPROTO, words);
    }
}

/* Who sent it may have given up, and asked for something else. */
static void
old_requests_are_refused(void **state)
{
    struct sg_wire_request request = good();

    (void)state;
    request.sent_ns = now.ns - 400000000;
    assert_refused(&request, sizeof request, 0, "");
    request.sent_ns = now.ns - 410000000;
    assert_refused(&request, sizeof request, -ESTALE,
                   "clock service: request is 0.410 s old, at most 0.4 s");
    request.sent_ns = now.ns + 1000000;
    assert_refused(&request, sizeof request, -ESTALE,
                   "clock service: request is -0.001 s old, at most 0.4 s");
    for (int i = 0; i < 2; i++) {
        struct sg_wire_request ret;

        request.sent_ns = i == 0 ? INT64_MIN : INT64_MAX;
        assert_int_equal(
            sg_wire_take_request(&request, sizeof request, now, &ret, NULL),
            -ESTALE);
    }
}

static void
replies_make_sense(void **state)
{
    static const struct {
        struct sg_wire_reply reply;
        int code;
    } cases[] = {
        {{SG_WIRE_VERSION, 0, 500, 83333, 10, 0, ""}, 0},
        {{SG_WIRE_VERSION, -4095, 0, 0, 0, 0, ""}, 0},
        {{SG_WIRE_VERSION, 1, 500, 83333, 10, 0, ""}, -EPROTO},
        {{SG_WIRE_VERSION, -4096, 500, 83333, 10, 0, ""}, -EPROTO},
        {{SG_WIRE_VERSION, INT32_MIN, 500, 83333, 10, 0, ""}, -EPROTO},
        {{SG_WIRE_VERSION, 0, NAN, 83333, 10, 0, ""}, -EPROTO},
        {{SG_WIRE_VERSION, 0, 500, -1, 10, 0, ""}, -EPROTO},
        {{SG_WIRE_VERSION, 0, 500, 83333, NAN, 0, ""}, -EPROTO},
        {{SG_WIRE_VERSION, 0, 500, 83333, 10, NAN, ""}, -EPROTO},
        {{SG_WIRE_VERSION, 0, 500, 83333, 10, -INFINITY, ""}, -EPROTO},
        {{SG_WIRE_VERSION - 1, 0, 500, 83333, 10, 0, ""}, -EPROTONOSUPPORT},
    };
    struct sg_wire_reply endless = cases[0].reply, ret;
    struct sg_err err = {""};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        err.text[0] = '\0';
        assert_int_equal(
            sg_wire_take_reply(&cases[i].reply, sizeof ret, &ret, &err),
            cases[i].code);
        assert_true((err.text[0] != '\0') == (cases[i].code < 0));
    }
    memset(endless.text, 'x', sizeof endless.text);
    assert_int_equal(sg_wire_take_reply(&endless, sizeof ret, &ret, &err), 0);
    assert_int_equal(strlen(ret.text), sizeof ret.text - 1);
    assert_int_equal(sg_wire_take_reply(&endless, sizeof ret - 1, &ret, &err),
                     -EPROTO);
    assert_string_equal(err.text,
                        "clock service: reply of 551 bytes, expected 552");
}

static void
what_is_asked_arrives(void **state)
{
    (void)state;
    chance_begin();
    for (int i = 0; i < 1000; i++) {
        const struct sg_clock_course course = {
            .base_ppm = chance_normal(),
            .slew_ppm = chance_normal(),
            .duration_s = fabs(chance_normal()),
            .synced = chance_below(2),
            .error_s = chance_normal(),
            .bound_s = chance_normal(),
            .leap_s = chance_below(3) - 1,
        };
        struct sg_wire_request request = sg_wire_slew(&course), ret;
        struct sg_clock_course again;

        request.version = SG_WIRE_VERSION;
        request.sent_ns = now.ns;
        assert_int_equal(
            sg_wire_take_request(&request, sizeof request, now, &ret, NULL), 0);
        again = sg_wire_course(&ret);
        assert_float_equal(again.base_ppm, course.base_ppm, 0);
        assert_float_equal(again.slew_ppm, course.slew_ppm, 0);
        assert_float_equal(again.duration_s, course.duration_s, 0);
        assert_float_equal(again.error_s, course.error_s, 0);
        assert_float_equal(again.bound_s, course.bound_s, 0);
        assert_int_equal(again.synced, course.synced);
        assert_int_equal(again.leap_s, course.leap_s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_have_one_length),
        cmocka_unit_test(requests_are_of_this_version_and_known),
        cmocka_unit_test(numbers_are_numbers),
        cmocka_unit_test(old_requests_are_refused),
        cmocka_unit_test(replies_make_sense),
        cmocka_unit_test(what_is_asked_arrives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The NTP codec and its verdicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "probe/ntp_packet.h"

#define COOKIE 0x0123456789abcdefULL
#define NTP_TO_UNIX_S 2208988800ULL
#define NOW_S 1790000000ULL /* 2026-09-21 */

static const struct sg_wall now = {(int64_t)NOW_S * 1000000000};

/* Seconds of Unix time and nanoseconds as an NTP time stamp. */
static uint64_t
stamp(uint64_t unix_s, uint32_t ns)
{
    uint64_t fraction = (((uint64_t)ns << 32) + 500000000) / 1000000000;

    return ((unix_s + NTP_TO_UNIX_S) << 32) + fraction;
}

static void
put(uint8_t *bytes, uint64_t value, int n)
{
    for (int i = 0; i < n; i++)
        bytes[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
}

/* A good reply: received at NOW_S + 1 ms, sent 1 ms later. */
static void
good(uint8_t bytes[SG_NTP_REPLY_MAX + 1])
{
    memset(bytes, 0, SG_NTP_REPLY_MAX + 1);
    bytes[0] = 0 << 6 | 4 << 3 | 4;
    bytes[1] = 2;
    bytes[2] = 6;
    bytes[3] = (uint8_t)-23;
    put(bytes + 4, 0x8000, 4);  /* root delay 0.5 s */
    put(bytes + 8, 0x14000, 4); /* root dispersion 1.25 s */
    put(bytes + 12, 0x7f000001, 4);
    put(bytes + 16, stamp(NOW_S - 60, 0), 8);
    put(bytes + 24, COOKIE, 8);
    put(bytes + 32, stamp(NOW_S, 1000000), 8);
    put(bytes + 40, stamp(NOW_S, 2000000), 8);
}

/* A round trip of 5 ms. */
static struct sg_ntp_round
usual(void)
{
    return (struct sg_ntp_round){
        .cookie = COOKIE,
        .sent = {7000000000},
        .received = {7005000000},
        .pivot = now,
    };
}

static void
expect(const uint8_t *bytes, size_t len, enum sg_outcome_code code,
       const char *text)
{
    struct sg_ntp_round round = usual();
    struct sg_outcome outcome;

    sg_ntp_judge(&round, bytes, len, &outcome);
    assert_string_equal(outcome.text, text);
    assert_string_equal(sg_outcome_name(outcome.code), sg_outcome_name(code));
}

static void
request_has_cookie_and_nothing_else(void **state)
{
    uint8_t bytes[SG_NTP_HEADER_LEN], wanted[SG_NTP_HEADER_LEN] = {0x23, 0, 6};

    (void)state;
    put(wanted + 40, COOKIE, 8);
    memset(bytes, 0xff, sizeof bytes);
    sg_ntp_request(COOKIE, bytes);
    assert_memory_equal(bytes, wanted, sizeof bytes);
}

static void
good_reply_is_an_interval(void **state)
{
    struct sg_ntp_round round = usual();
    uint8_t bytes[SG_NTP_REPLY_MAX + 1];
    struct sg_outcome outcome;
    struct sg_sample *sample = &outcome.sample;

    (void)state;
    good(bytes);
    bytes[0] |= 1 << 6;
    sg_ntp_judge(&round, bytes, SG_NTP_HEADER_LEN, &outcome);
    assert_int_equal(outcome.code, SG_OUTCOME_OK);
    assert_string_equal(outcome.text, "");
    assert_int_equal(sample->at.ns, round.received.ns);
    assert_int_equal(sample->lower.ns, now.ns + 2000000);
    assert_int_equal(sample->upper.ns, now.ns + 6000000);
    assert_true(sample->has_guess);
    assert_int_equal(sample->guess.ns, now.ns + 4000000);
    assert_float_equal(sample->delay_s, 0.004, 1e-9);
    assert_float_equal(sample->root_s, 0.25 + 1.25 + 1.0 / (1 << 23), 1e-9);
    assert_int_equal(sample->stratum, 2);
    assert_int_equal(sample->leap, SG_LEAP_INSERT);
}

static void
lengths(void **state)
{
    uint8_t bytes[SG_NTP_REPLY_MAX + 1];

    (void)state;
    good(bytes);
    expect(bytes, 0, SG_OUTCOME_TRUNCATED, "reply of 0 bytes, at least 48");
    expect(bytes, 20, SG_OUTCOME_TRUNCATED, "reply of 20 bytes, at least 48");
    expect(bytes, 47, SG_OUTCOME_TRUNCATED, "reply of 47 bytes, at least 48");
    expect(bytes, 48, SG_OUTCOME_OK, "");
    expect(bytes, 68, SG_OUTCOME_OK, "");
    expect(bytes, 1280, SG_OUTCOME_OK, "");
    expect(bytes, 1281, SG_OUTCOME_OVERSIZED,
           "reply of 1281 bytes, at most 1280");
}

static void
modes_and_versions(void **state)
{
    static const char *const modes[] = {
        "reply of mode 0, expected 4 (server)",
        "reply of mode 1, expected 4 (server)",
        "reply of mode 2, expected 4 (server)",
        "reply of mode 3, expected 4 (server)",
        "",
        "reply of mode 5, expected 4 (server)",
        "reply of mode 6, expected 4 (server)",
        "reply of mode 7, expected 4 (server)",
    };
    uint8_t bytes[SG_NTP_REPLY_MAX + 1];

    (void)state;
    good(bytes);
    for (unsigned mode = 0; mode < 8; mode++) {
        bytes[0] = (uint8_t)(4 << 3 | mode);
        expect(bytes, 48, mode == 4 ? SG_OUTCOME_OK : SG_OUTCOME_GARBAGE,
               modes[mode]);
    }
    bytes[0] = 3 << 3 | 4;
    expect(bytes, 48, SG_OUTCOME_OK, "");
    bytes[0] = 2 << 3 | 4;
    expect(bytes, 48, SG_OUTCOME_GARBAGE,
           "reply of NTP version 2, allowed 3 to 4");
    bytes[0] = 5 << 3 | 4;
    expect(bytes, 48, SG_OUTCOME_GARBAGE,
           "reply of NTP version 5, allowed 3 to 4");
}

static void
origins(void **state)
{
    struct sg_ntp_round round = usual();
    uint8_t bytes[SG_NTP_REPLY_MAX + 1];
    struct sg_outcome outcome;

    (void)state;
    good(bytes);
    put(bytes + 24, COOKIE + 1, 8);
    expect(bytes, 48, SG_OUTCOME_NOT_OURS,
           "reply to another request: origin 0123456789abcdf0, expected "
           "0123456789abcdef (forged, replayed or late)");
    /* A kiss with a wrong origin would let anybody silence us. */
    bytes[1] = 0;
    memcpy(bytes + 12, "DENY", 4);
    expect(bytes, 48, SG_OUTCOME_NOT_OURS,
           "reply to another request: origin 0123456789abcdf0, expected "
           "0123456789abcdef (forged, replayed or late)");
    good(bytes);
    put(bytes + 24, 0, 8);
    round.cookie = 0;
    sg_ntp_judge(&round, bytes, 48, &outcome);
    assert_int_equal(outcome.code, SG_OUTCOME_NOT_OURS);
}

static void
kisses(void **state)
{
    uint8_t bytes[SG_NTP_REPLY_MAX + 1];

    (void)state;
    good(bytes);
    bytes[0] |= 3 << 6;
    bytes[1] = 0;
    memcpy(bytes + 12, "RATE", 4);
    expect(bytes, 48, SG_OUTCOME_KISS_RATE,
           "server says RATE: it wants fewer requests");
    memcpy(bytes + 12, "DENY", 4);
    expect(bytes, 48, SG_OUTCOME_KISS_DENY,
           "server says DENY: it does not serve this host");
    memcpy(bytes + 12, "RSTR", 4);
    expect(bytes, 48, SG_OUTCOME_KISS_DENY,
           "server says RSTR: it does not serve this host");
    memcpy(bytes + 12, "INIT", 4);
    expect(bytes, 48, SG_OUTCOME_UNSYNCED,
           "server says INIT: it has no time to give");
    /* The same letters are an ordinary reference above stratum 0. */
    good(bytes);
    memcpy(bytes + 12, "RATE", 4);
    expect(bytes, 48, SG_OUTCOME_OK, "");
}

static void
unsynchronised(void **state)
{
    uint8_t bytes[SG_NTP_REPLY_MAX + 1];

    (void)state;
    good(bytes);
    bytes[1] = 16;
    expect(bytes, 48, SG_OUTCOME_STRATUM, "stratum 16, allowed 1 to 15");
    bytes[1] = 255;
    expect(bytes, 48, SG_OUTCOME_STRATUM, "stratum 255, allowed 1 to 15");
    bytes[1] = 15;
    expect(bytes, 48, SG_OUTCOME_OK, "");
    bytes[1] = 0;
    put(bytes + 12, 0, 4);
    expect(bytes, 48, SG_OUTCOME_STRATUM, "stratum 0, allowed 1 to 15");
    put(bytes + 12, 0x41ff4141, 4);
    expect(bytes, 48, SG_OUTCOME_STRATUM, "stratum 0, allowed 1 to 15");
    good(bytes);
    bytes[0] |= 3 << 6;
    expect(bytes, 48, SG_OUTCOME_UNSYNCED,
           "server is not synchronised: leap indicator 3, allowed 0 to 2 "
           "(stratum 2)");
}

static void
root_distance_never_rejects(void **state)
{
    struct sg_ntp_round round = usual();
    uint8_t bytes[SG_NTP_REPLY_MAX + 1];
    struct sg_outcome outcome;

    (void)state;
    good(bytes);
    put(bytes + 4, 0xffffffff, 4);
    put(bytes + 8, 0xffffffff, 4);
    bytes[3] = 127;
    sg_ntp_judge(&round, bytes, 48, &outcome);
    assert_int_equal(outcome.code, SG_OUTCOME_OK);
    assert_true(outcome.sample.root_s > 65536 * 2.4);
    assert_true(outcome.sample.root_s < 65536 * 2.6);
}

static void
absurd(void **state)
{
    uint8_t bytes[SG_NTP_REPLY_MAX + 1];

    (void)state;
    good(bytes);
    put(bytes + 40, stamp(NOW_S - 3, 1000000), 8);
    expect(bytes, 48, SG_OUTCOME_ABSURD,
           "server sent 3.000000 s before it received, allowed 0.000001 s");
    put(bytes + 40, stamp(NOW_S + 5, 1000000), 8);
    expect(bytes, 48, SG_OUTCOME_ABSURD,
           "server kept the request for 5.000000 s, the round trip took "
           "0.005000 s in all");
    put(bytes + 40, stamp(NOW_S, 6001500), 8); /* 1.5 us too long */
    expect(bytes, 48, SG_OUTCOME_ABSURD,
           "server kept the request for 0.005002 s, the round trip took "
           "0.005000 s in all");
    put(bytes + 40, 0, 8);
    expect(bytes, 48, SG_OUTCOME_ABSURD,
           "server's transmit time stamp is empty");
    good(bytes);
    put(bytes + 32, 0, 8);
    expect(bytes, 48, SG_OUTCOME_ABSURD,
           "server's receive time stamp is empty");
    /* Announcing a coarse clock does not excuse everything. */
    good(bytes);
    bytes[3] = 3;
    put(bytes + 40, stamp(NOW_S, 70000000), 8);
    expect(bytes, 48, SG_OUTCOME_ABSURD,
           "server kept the request for 0.069000 s, the round trip took "
           "0.005000 s in all");
}

/* A delay of -0.5 us is rounding, and that of a clock of 1/64 s no less. */
static void
granular_clocks_are_excused(void **state)
{
    struct sg_ntp_round round = usual();
    uint8_t bytes[SG_NTP_REPLY_MAX + 1];
    struct sg_outcome outcome;

    (void)state;
    good(bytes);
    put(bytes + 40, stamp(NOW_S, 6000500), 8);
    sg_ntp_judge(&round, bytes, 48, &outcome);
    assert_int_equal(outcome.code, SG_OUTCOME_OK);
    assert_float_equal(outcome.sample.delay_s, 1e-6, 1e-12);
    assert_int_equal(outcome.sample.upper.ns - outcome.sample.lower.ns, 1000);

    put(bytes + 40, stamp(NOW_S, 1000000 + 15625000), 8);
    bytes[3] = (uint8_t)-6;
    sg_ntp_judge(&round, bytes, 48, &outcome);
    assert_int_equal(outcome.code, SG_OUTCOME_OK);
    assert_float_equal(outcome.sample.delay_s, 0.005, 1e-12);
}

/* The era may turn while the server holds the request. */
static void
era_turns_within_an_exchange(void **state)
{
    struct sg_ntp_round round = usual();
    uint8_t bytes[SG_NTP_REPLY_MAX + 1];
    struct sg_outcome outcome;

    (void)state;
    good(bytes);
    put(bytes + 32, 0ULL - (1ULL << 32) / 1000, 8); /* 1 ms before the turn */
    put(bytes + 40, (1ULL << 32) / 1000, 8);
    sg_ntp_judge(&round, bytes, 48, &outcome);
    assert_string_equal(outcome.text, "");
    assert_float_equal(outcome.sample.delay_s, 0.003, 1e-8);
    assert_in_range(outcome.sample.lower.ns / 1000,
                    2085978496ULL * 1000000 + 999,
                    2085978496ULL * 1000000 + 1000);
}

static double
uniform(void)
{
    return (double)random() / (double)RAND_MAX;
}

/* Whatever the path does the truth is inside, and half the delay from the
 * guess. */
static void
truth_is_inside(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    uint8_t bytes[SG_NTP_REPLY_MAX + 1];

    (void)state;
    print_message("seed %u\n", seed);
    srandom(seed);
    good(bytes);
    for (int i = 0; i < 10000; i++) {
        int64_t there_ns = (int64_t)(uniform() * 1e8) + 2000;
        int64_t held_ns = (int64_t)(uniform() * 1e6);
        int64_t back_ns = (int64_t)(uniform() * 1e8) + 2000;
        int64_t t1_ns = (int64_t)(uniform() * 3.9e9) * 1000000000;
        struct sg_ntp_round round = usual();
        struct sg_outcome outcome;
        int64_t true_ns;

        put(bytes + 32, stamp((uint64_t)t1_ns / 1000000000, (uint32_t)there_ns),
            8);
        put(bytes + 40,
            stamp((uint64_t)t1_ns / 1000000000, (uint32_t)(there_ns + held_ns)),
            8);
        round.received.ns = round.sent.ns + there_ns + held_ns + back_ns;
        sg_ntp_judge(&round, bytes, 48, &outcome);
        assert_string_equal(outcome.text, "");
        true_ns = t1_ns + there_ns + held_ns + back_ns;
        assert_true(outcome.sample.lower.ns <= true_ns + 1);
        assert_true(outcome.sample.upper.ns >= true_ns - 1);
        assert_true(llabs(outcome.sample.guess.ns - true_ns) <=
                    (there_ns + back_ns) / 2 + 2);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_has_cookie_and_nothing_else),
        cmocka_unit_test(good_reply_is_an_interval),
        cmocka_unit_test(lengths),
        cmocka_unit_test(modes_and_versions),
        cmocka_unit_test(origins),
        cmocka_unit_test(kisses),
        cmocka_unit_test(unsynchronised),
        cmocka_unit_test(root_distance_never_rejects),
        cmocka_unit_test(absurd),
        cmocka_unit_test(granular_clocks_are_excused),
        cmocka_unit_test(era_turns_within_an_exchange),
        cmocka_unit_test(truth_is_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

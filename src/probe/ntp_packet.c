#include "probe/ntp_packet.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* RFC 5905 section 7.3 */
#define VERSION_OURS 4
#define VERSION_MIN 3
#define MODE_CLIENT 3
#define MODE_SERVER 4
#define LEAP_UNSYNCED 3
#define STRATUM_MAX 15
#define POLL_USUAL 6 /* 2^6 = 64 s, what we ask at by default */

#define NTP_TO_UNIX_S 2208988800 /* 1900-01-01 to 1970-01-01 */
#define HALF_ERA_S ((int64_t)1 << 31)

/*
 * The coarsest clock whose steps we excuse in time stamps: Windows counts in
 * 1/64 s.  A server may announce worse, but would then be free to
 * contradict itself.
 */
#define GRANULARITY_MAX_S (1.0 / 16)

/* Converting and comparing stamps is good to this. */
#define GRANULARITY_MIN_S 1e-6

/* A packet, decoded. */
struct reply {
    unsigned leap, version, mode, stratum;
    double precision_s;
    double root_delay_s, root_dispersion_s;
    char reference[5]; /* of stratum 0: a kiss code */
    uint64_t origin, receive, transmit;
};

static uint32_t
get32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint64_t
get64(const uint8_t *bytes)
{
    return (uint64_t)get32(bytes) << 32 | get32(bytes + 4);
}

/* NTP short format: 16 bits of seconds, 16 of fraction. */
static double
get_short_s(const uint8_t *bytes)
{
    return get32(bytes) / 65536.0;
}

/*
 * Powers beyond the range of the other fields of the root distance carry no
 * meaning, but huge numbers to those who add them up.
 */
static double
get_precision_s(uint8_t byte)
{
    int exponent = byte < 128 ? byte : byte - 256;

    return ldexp(1, exponent > 16 ? 16 : exponent);
}

static void
decode(const uint8_t *bytes, struct reply *ret)
{
    ret->leap = bytes[0] >> 6;
    ret->version = bytes[0] >> 3 & 7;
    ret->mode = bytes[0] & 7;
    ret->stratum = bytes[1];
    ret->precision_s = get_precision_s(bytes[3]);
    ret->root_delay_s = get_short_s(bytes + 4);
    ret->root_dispersion_s = get_short_s(bytes + 8);
    memcpy(ret->reference, bytes + 12, 4);
    ret->reference[4] = '\0';
    ret->origin = get64(bytes + 24);
    ret->receive = get64(bytes + 32);
    ret->transmit = get64(bytes + 40);
}

void
sg_ntp_request(uint64_t cookie, uint8_t ret[SG_NTP_HEADER_LEN])
{
    memset(ret, 0, SG_NTP_HEADER_LEN);
    ret[0] = VERSION_OURS << 3 | MODE_CLIENT;
    ret[2] = POLL_USUAL;
    for (int i = 0; i < 8; i++)
        ret[40 + i] = (uint8_t)(cookie >> (56 - 8 * i));
}

/* Store a verdict; true, so that checks can end with it. */
static bool __attribute__((format(printf, 3, 4)))
reject(struct sg_outcome *ret, enum sg_outcome_code code, const char *format,
       ...)
{
    va_list args;

    ret->code = code;
    va_start(args, format);
    vsnprintf(ret->text, sizeof ret->text, format, args);
    va_end(args);
    return true;
}

static bool
has_wrong_length(size_t len, struct sg_outcome *ret)
{
    if (len < SG_NTP_HEADER_LEN)
        return reject(ret, SG_OUTCOME_TRUNCATED,
                      "reply of %zu bytes, at least %d", len,
                      SG_NTP_HEADER_LEN);
    if (len > SG_NTP_REPLY_MAX)
        return reject(ret, SG_OUTCOME_OVERSIZED,
                      "reply of %zu bytes, at most %d", len, SG_NTP_REPLY_MAX);
    return false;
}

static bool
is_not_ours(const struct reply *reply, uint64_t cookie, struct sg_outcome *ret)
{
    if (reply->mode != MODE_SERVER)
        return reject(ret, SG_OUTCOME_GARBAGE,
                      "reply of mode %u, expected %d (server)", reply->mode,
                      MODE_SERVER);
    if (reply->version < VERSION_MIN || reply->version > VERSION_OURS)
        return reject(ret, SG_OUTCOME_GARBAGE,
                      "reply of NTP version %u, allowed %d to %d",
                      reply->version, VERSION_MIN, VERSION_OURS);
    if (reply->origin == 0 || reply->origin != cookie)
        return reject(ret, SG_OUTCOME_NOT_OURS,
                      "reply to another request: origin %016llx, "
                      "expected %016llx (forged, replayed or late)",
                      (unsigned long long)reply->origin,
                      (unsigned long long)cookie);
    return false;
}

/* RFC 5905 section 7.4: four ASCII letters, padded with zeros. */
static bool
is_kiss_code(const char *code)
{
    size_t len = strlen(code);

    for (size_t i = 0; i < len; i++)
        if (!isupper((unsigned char)code[i]) &&
            !isdigit((unsigned char)code[i]))
            return false;
    return len >= 3;
}

static bool
is_kiss(const struct reply *reply, struct sg_outcome *ret)
{
    const char *code = reply->reference;

    if (reply->stratum != 0 || !is_kiss_code(code))
        return false;
    if (strcmp(code, "RATE") == 0)
        return reject(ret, SG_OUTCOME_KISS_RATE,
                      "server says RATE: it wants fewer requests");
    if (strcmp(code, "DENY") == 0 || strcmp(code, "RSTR") == 0)
        return reject(ret, SG_OUTCOME_KISS_DENY,
                      "server says %s: it does not serve this host", code);
    return reject(ret, SG_OUTCOME_UNSYNCED,
                  "server says %s: it has no time to give", code);
}

static bool
is_unsynced(const struct reply *reply, struct sg_outcome *ret)
{
    if (reply->leap == LEAP_UNSYNCED)
        return reject(ret, SG_OUTCOME_UNSYNCED,
                      "server is not synchronised: leap indicator 3, "
                      "allowed 0 to 2 (stratum %u)",
                      reply->stratum);
    if (reply->stratum < 1 || reply->stratum > STRATUM_MAX)
        return reject(ret, SG_OUTCOME_STRATUM, "stratum %u, allowed 1 to %d",
                      reply->stratum, STRATUM_MAX);
    return false;
}

static double
granularity_s(const struct reply *reply)
{
    return fmin(fmax(reply->precision_s, GRANULARITY_MIN_S), GRANULARITY_MAX_S);
}

/* How long the server says it kept the request: right across eras. */
static double
held_s(const struct reply *reply)
{
    return (double)(int64_t)(reply->transmit - reply->receive) * 0x1p-32;
}

static bool
is_absurd(const struct reply *reply, double round_s, struct sg_outcome *ret)
{
    double excuse_s = granularity_s(reply);

    if (reply->receive == 0 || reply->transmit == 0)
        return reject(ret, SG_OUTCOME_ABSURD, "server's %s time stamp is empty",
                      reply->receive == 0 ? "receive" : "transmit");
    if (held_s(reply) < -excuse_s)
        return reject(ret, SG_OUTCOME_ABSURD,
                      "server sent %.6f s before it received, allowed %.6f s",
                      -held_s(reply), excuse_s);
    if (held_s(reply) > round_s + excuse_s)
        return reject(ret, SG_OUTCOME_ABSURD,
                      "server kept the request for %.6f s, the round trip "
                      "took %.6f s in all",
                      held_s(reply), round_s);
    return false;
}

static enum sg_leap
to_leap(unsigned leap)
{
    return leap == 1   ? SG_LEAP_INSERT
           : leap == 2 ? SG_LEAP_DELETE
                       : SG_LEAP_NONE;
}

/*
 * The server's clock read T3 when the reply left, which was after the request
 * came there: at T4 it read between T3 and T3 + (T4 - T1) - (T3 - T2).
 *
 * No delay is known better than the clocks' granularity (RFC 5905 section 8
 * has the same floor), nor can it exceed the round trip.  Without the floor a
 * server that counts in 1/64 s would show delays of zero and win over every
 * good one.
 */
static void
make_sample(const struct sg_ntp_round *round, const struct reply *reply,
            double round_s, struct sg_sample *ret)
{
    struct sg_wall transmit = sg_ntp_to_wall(reply->transmit, round->pivot);
    double floor_s = fmin(granularity_s(reply), round_s);
    double delay_s = fmin(fmax(round_s - held_s(reply), floor_s), round_s);

    *ret = (struct sg_sample){
        .at = round->received,
        .lower = transmit,
        .upper = sg_wall_add(transmit, delay_s),
        .has_guess = true,
        .guess = sg_wall_add(transmit, delay_s / 2),
        .delay_s = delay_s,
        .root_s = reply->root_delay_s / 2 + reply->root_dispersion_s +
                  reply->precision_s,
        .stratum = (int)reply->stratum,
        .leap = to_leap(reply->leap),
    };
}

void
sg_ntp_judge(const struct sg_ntp_round *round, const uint8_t *bytes, size_t len,
             struct sg_outcome *ret)
{
    double round_s = fmax(sg_raw_diff(round->received, round->sent), 0);
    struct reply reply;

    *ret = (struct sg_outcome){.code = SG_OUTCOME_OK};
    if (has_wrong_length(len, ret))
        return;
    decode(bytes, &reply);
    if (is_not_ours(&reply, round->cookie, ret) || is_kiss(&reply, ret) ||
        is_unsynced(&reply, ret) || is_absurd(&reply, round_s, ret))
        return;
    make_sample(round, &reply, round_s, &ret->sample);
}

bool
sg_ntp_is_answer(enum sg_outcome_code code)
{
    return code != SG_OUTCOME_TRUNCATED && code != SG_OUTCOME_OVERSIZED &&
           code != SG_OUTCOME_GARBAGE && code != SG_OUTCOME_NOT_OURS;
}

struct sg_wall
sg_ntp_to_wall(uint64_t stamp, struct sg_wall pivot)
{
    const int64_t limit_s = 7000000000; /* an era less than 64 bits of ns */
    int64_t pivot_s = pivot.ns / 1000000000;
    uint64_t fraction_ns =
        ((stamp & 0xffffffff) * 1000000000 + (1u << 31)) >> 32;
    int64_t ahead_s;

    if (pivot_s > limit_s)
        pivot_s = limit_s;
    if (pivot_s < -limit_s)
        pivot_s = -limit_s;
    ahead_s = (int32_t)((uint32_t)(stamp >> 32) -
                        (uint32_t)(uint64_t)(pivot_s + NTP_TO_UNIX_S));
    return (struct sg_wall){(pivot_s + ahead_s) * 1000000000 +
                            (int64_t)fraction_ns};
}

struct sg_wall
sg_ntp_pivot(struct sg_wall local, struct sg_wall built)
{
    struct sg_wall latest = sg_wall_add(built, (double)HALF_ERA_S);

    if (local.ns < built.ns)
        return built;
    if (local.ns > latest.ns)
        return latest;
    return local;
}

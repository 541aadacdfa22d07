#include "probe/krb5_answer.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* First bytes of the DER of an AS-REP and a KRB-ERROR: [APPLICATION n]. */
#define TAG_AS_REP 0x6b
#define TAG_ERROR 0x7e

/* A KDC reads whole seconds by time(2), whose clock goes on once a timer tick:
 * 10 ms at 100 Hz. */
#define TICK_S 0.010

void
sg_krb5_failed(struct sg_outcome *ret, enum sg_outcome_code code,
               const char *format, ...)
{
    va_list args;

    memset(ret, 0, sizeof *ret);
    ret->code = code;
    va_start(args, format);
    vsnprintf(ret->text, sizeof ret->text, format, args);
    va_end(args);
    for (char *c = ret->text; *c; c++)
        if (!isprint((unsigned char)*c))
            *c = '?';
}

int
sg_krb5_refuse(krb5_context context, krb5_error_code code, const char *what,
               struct sg_err *err)
{
    const char *why = krb5_get_error_message(context, code);

    sg_err_set(err, 0, "libkrb5 cannot %s: %s", what, why);
    krb5_free_error_message(context, why);
    return code == ENOMEM ? -ENOMEM : -EINVAL;
}

enum sg_krb5_message
sg_krb5_message(const uint8_t *bytes, size_t len, struct sg_outcome *ret)
{
    if (len == 0 || len > SG_KRB5_REPLY_MAX) {
        sg_krb5_failed(ret, len ? SG_OUTCOME_OVERSIZED : SG_OUTCOME_TRUNCATED,
                       "answer of %zu bytes, allowed are 1 to %d", len,
                       SG_KRB5_REPLY_MAX);
        return SG_KRB5_MESSAGE_NONE;
    }
    if (bytes[0] == TAG_AS_REP)
        return SG_KRB5_MESSAGE_AS_REP;
    if (bytes[0] == TAG_ERROR)
        return SG_KRB5_MESSAGE_ERROR;
    sg_krb5_failed(ret, SG_OUTCOME_GARBAGE,
                   "answer of %zu bytes is not Kerberos: it begins with "
                   "0x%02x, not 0x%02x or 0x%02x",
                   len, bytes[0], TAG_ERROR, TAG_AS_REP);
    return SG_KRB5_MESSAGE_NONE;
}

bool
sg_krb5_read_error(krb5_context context, const uint8_t *bytes, size_t len,
                   krb5_error **ret_error, struct sg_outcome *ret)
{
    krb5_data data = {0};
    krb5_error_code code;

    data.data = (char *)bytes; /* only read, the library knows no const here */
    data.length = (unsigned)len;
    code = krb5_rd_error(context, &data, ret_error);
    if (code == ASN1_OVERRUN)
        sg_krb5_failed(ret, SG_OUTCOME_TRUNCATED,
                       "KRB-ERROR is cut off after %zu bytes", len);
    else if (code != 0)
        sg_krb5_failed(ret, SG_OUTCOME_GARBAGE,
                       "KRB-ERROR of %zu bytes cannot be decoded (libkrb5 "
                       "code %ld)",
                       len, (long)code);
    return code == 0;
}

/*
 * The KDC read its clock, C, at some instant s between the sending t1 and the
 * receiving t4, all of them on the raw clock, and said so in a message:
 *
 *     lower <= C(s) < floor(lower) + 1 + late
 *
 * C runs forward and keeps the raw clock's pace but for some 100 ppm, which
 * are left to the drift allowance of whoever combines samples.  At t4:
 *
 *     C(t4) >= C(s) >= lower
 *     C(t4) = C(s) + (t4 - s) < floor(lower) + 1 + late + (t4 - t1)
 *
 * krb5_timestamp is a signed 32-bit number that the library itself takes as
 * unsigned since 1.16: 1970 to 2106, and later dates wrap inside it.  64 bits
 * of nanoseconds hold all of it.
 */
static void
take_time(uint32_t second, int micros, double late_s, struct sg_raw sent,
          struct sg_raw received, struct sg_outcome *ret)
{
    struct sg_sample *sample = &ret->sample;
    const int64_t second_ns = 1000000000;
    double delay_s = sg_raw_diff(received, sent);

    memset(ret, 0, sizeof *ret);
    sample->at = received;
    sample->delay_s = delay_s > 0 ? delay_s : 0;
    sample->lower.ns = (int64_t)second * second_ns + (int64_t)micros * 1000;
    sample->upper.ns = ((int64_t)second + 1) * second_ns;
    sample->upper = sg_wall_add(sample->upper, late_s + sample->delay_s);
}

/*
 * MIT KDCs 1.16 to 1.21 repeat, within each second, the first time they were
 * asked for (plus 1 us each time).  So stime may lie up to a second behind,
 * but never ahead, and its whole second is right.
 */
void
sg_krb5_take_error_time(uint32_t stime, int susec, struct sg_raw sent,
                        struct sg_raw received, struct sg_outcome *ret)
{
    take_time(stime, susec, 0, sent, received, ret);
}

void
sg_krb5_take_authtime(uint32_t authtime, struct sg_raw sent,
                      struct sg_raw received, struct sg_outcome *ret)
{
    take_time(authtime, 0, TICK_S, sent, received, ret);
}

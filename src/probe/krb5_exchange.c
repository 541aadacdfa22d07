#include "probe/krb5_exchange.h"

#include <ctype.h>
#include <errno.h>
#include <profile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/status.h"
#include "probe/krb5_client.h"

/* First bytes of the DER of an AS-REP and a KRB-ERROR: [APPLICATION n]. */
#define TAG_AS_REP 0x6b
#define TAG_ERROR 0x7e

#define ERROR_TOO_BIG 52     /* KRB_ERR_RESPONSE_TOO_BIG, RFC 4120 7.5.9 */
#define ERROR_WRONG_REALM 68 /* KDC_ERR_WRONG_REALM */
#define MAX_SUSEC 999999     /* Microseconds, RFC 4120 5.2.4 */

/* Says in the KDC's log who asks for something that does not exist. */
#define NO_SUCH_SERVICE "skewguard/nosuch"

struct sg_krb5_exchange {
    krb5_context context;
    krb5_principal client;
    krb5_data request;
    bool asks_no_such_service;
};

/*
 * The built-in profile.  One relation: of the pre-authentication plugins only
 * one named "none" may be loaded, so none is.  Loading them costs 7 us of the
 * 17 for a question, and several MiB where pkinit brings OpenSSL.
 */
static long
profile_values(void *data, const char *const *names, char ***ret)
{
    static const char *const path[] = {"plugins", "clpreauth", "enable_only"};
    char **values;

    (void)data;
    for (int i = 0; i < 3; i++)
        if (!names[i] || strcmp(names[i], path[i]) != 0)
            return PROF_NO_RELATION;
    values = calloc(2, sizeof *values);
    if (values)
        values[0] = strdup("none");
    if (!values || !values[0]) {
        free(values);
        return ENOMEM;
    }
    *ret = values;
    return 0;
}

static void
profile_free_them(void *data, char **values)
{
    (void)data;
    for (char **value = values; value && *value; value++)
        free(*value);
    free(values);
}

static krb5_error_code
make_context(krb5_context *ret)
{
    struct profile_vtable vtable = {
        .minor_ver = 1,
        .get_values = profile_values,
        .free_values = profile_free_them,
    };
    profile_t profile;
    long code = profile_init_vtable(&vtable, NULL, &profile);

    if (code != 0)
        return (krb5_error_code)code;
    code = krb5_init_context_profile(profile, 0, ret);
    profile_release(profile); /* the context has its own copy */
    return (krb5_error_code)code;
}

static int
refuse(krb5_context context, krb5_error_code code, const char *what,
       struct sg_err *err)
{
    const char *why = krb5_get_error_message(context, code);

    sg_err_set(err, 0, "libkrb5 cannot %s: %s", what, why);
    krb5_free_error_message(context, why);
    return code == ENOMEM ? -ENOMEM : -EINVAL;
}

struct sg_krb5_exchange *
sg_krb5_exchange_new(const char *realm, struct sg_err *err)
{
    struct sg_krb5_exchange *exchange = calloc(1, sizeof *exchange);
    krb5_error_code code;

    if (!exchange) {
        sg_err_set(err, 0, "out of memory");
        return NULL;
    }
    if (!realm[0] || strlen(realm) >= SG_NAME_MAX) {
        sg_err_set(err, 0, "realm name of %zu bytes, allowed are 1 to %d",
                   strlen(realm), SG_NAME_MAX - 1);
        goto failed;
    }
    code = make_context(&exchange->context);
    if (code != 0) {
        refuse(NULL, code, "make a context", err);
        goto failed;
    }
    code = sg_krb5_client(exchange->context, realm, &exchange->client);
    if (code == 0)
        return exchange;
    refuse(exchange->context, code, "name this host", err);
failed:
    sg_krb5_exchange_free(exchange);
    return NULL;
}

void
sg_krb5_exchange_free(struct sg_krb5_exchange *exchange)
{
    if (!exchange)
        return;
    if (exchange->context) {
        krb5_free_data_contents(exchange->context, &exchange->request);
        krb5_free_principal(exchange->context, exchange->client);
        krb5_free_context(exchange->context);
    }
    free(exchange);
}

int
sg_krb5_exchange_ask(struct sg_krb5_exchange *exchange,
                     const uint8_t **ret_bytes, size_t *ret_len,
                     struct sg_err *err)
{
    krb5_context context = exchange->context;
    krb5_init_creds_context creds = NULL;
    krb5_data nothing = {0}, realm = {0};
    unsigned flags = 0;
    krb5_error_code code;

    krb5_free_data_contents(context, &exchange->request);
    code = krb5_init_creds_init(context, exchange->client, NULL, NULL, 0, NULL,
                                &creds);
    if (code == 0 && exchange->asks_no_such_service)
        code = krb5_init_creds_set_service(context, creds, NO_SUCH_SERVICE);
    if (code == 0)
        code = krb5_init_creds_step(context, creds, &nothing,
                                    &exchange->request, &realm, &flags);
    krb5_free_data_contents(context, &realm);
    if (creds)
        krb5_init_creds_free(context, creds);
    if (code != 0)
        return refuse(context, code, "make a request", err);
    *ret_bytes = (const uint8_t *)exchange->request.data;
    *ret_len = exchange->request.length;
    return 0;
}

static void __attribute__((format(printf, 3, 4)))
set_outcome(struct sg_outcome *ret, enum sg_outcome_code code,
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

/*
 * The KDC read stime from its clock at some instant s between the sending t1
 * and the receiving t4, all of them on the raw clock; C is the KDC's clock.
 *
 * MIT KDCs 1.16 to 1.21 repeat, within each second, the first time they were
 * asked for (plus 1 us each time).  So stime may lie up to a second behind,
 * but never ahead, and its whole second is right:
 *
 *     stime <= C(s) < floor(stime) + 1
 *
 * C runs forward and keeps the raw clock's pace but for some 100 ppm, which
 * are left to the drift allowance of whoever combines samples.  At t4:
 *
 *     C(t4) >= C(s) >= stime
 *     C(t4) = C(s) + (t4 - s) < floor(stime) + 1 + (t4 - t1)
 *
 * krb5_timestamp is a signed 32-bit number that the library itself takes as
 * unsigned since 1.16: 1970 to 2106, and later dates wrap inside it.  64 bits
 * of nanoseconds hold all of it.
 */
static void
take_time(uint32_t stime, int susec, struct sg_raw sent, struct sg_raw received,
          struct sg_outcome *ret)
{
    struct sg_sample *sample = &ret->sample;
    const int64_t second_ns = 1000000000;
    double delay_s = sg_raw_diff(received, sent);

    memset(ret, 0, sizeof *ret);
    sample->at = received;
    sample->delay_s = delay_s > 0 ? delay_s : 0;
    sample->lower.ns = (int64_t)stime * second_ns + (int64_t)susec * 1000;
    sample->upper.ns = ((int64_t)stime + 1) * second_ns;
    sample->upper = sg_wall_add(sample->upper, sample->delay_s);
}

static enum sg_krb5_verdict
judge_error(const struct sg_krb5_exchange *exchange, const krb5_error *error,
            struct sg_raw sent, struct sg_raw received, struct sg_outcome *ret)
{
    const krb5_data *asked = &exchange->client->realm;
    const krb5_data none = {.data = ""};
    const krb5_data *realm = error->server ? &error->server->realm : &none;

    /* Before the realm: Heimdal fills in "<unspecified realm>" here. */
    if (error->error == ERROR_TOO_BIG) {
        set_outcome(ret, SG_OUTCOME_TOO_BIG,
                    "KDC says its answer is too big to send (KRB-ERROR %d)",
                    ERROR_TOO_BIG);
        return SG_KRB5_ANSWERED;
    }
    /* Active Directory knows its realm in any case of letters. */
    if (realm->length != asked->length ||
        strncasecmp(realm->data, asked->data, asked->length) != 0 ||
        error->error == ERROR_WRONG_REALM) {
        set_outcome(ret, SG_OUTCOME_REALM,
                    "answer (KRB-ERROR %u) of realm \"%.*s\", asked was "
                    "\"%.*s\"",
                    error->error, (int)realm->length,
                    realm->length ? realm->data : "", (int)asked->length,
                    asked->data);
        return SG_KRB5_DOUBTFUL;
    }
    if (error->susec < 0 || error->susec > MAX_SUSEC) {
        set_outcome(ret, SG_OUTCOME_GARBAGE,
                    "KRB-ERROR %u with %d microseconds, allowed are 0 to %d",
                    error->error, error->susec, MAX_SUSEC);
        return SG_KRB5_DOUBTFUL;
    }
    if (error->stime == 0) {
        set_outcome(ret, SG_OUTCOME_NO_TIME,
                    "KRB-ERROR %u without a time in it", error->error);
        return SG_KRB5_ANSWERED;
    }
    take_time((uint32_t)error->stime, error->susec, sent, received, ret);
    return SG_KRB5_ANSWERED;
}

static enum sg_krb5_verdict
judge_ticket(struct sg_krb5_exchange *exchange, struct sg_outcome *ret)
{
    if (exchange->asks_no_such_service) {
        set_outcome(ret, SG_OUTCOME_NO_TIME,
                    "KDC gives a ticket without a readable time even for the "
                    "service " NO_SUCH_SERVICE);
        return SG_KRB5_ANSWERED;
    }
    exchange->asks_no_such_service = true;
    set_outcome(ret, SG_OUTCOME_NO_TIME,
                "KDC gives a ticket, which has no readable time");
    return SG_KRB5_TICKET;
}

enum sg_krb5_verdict
sg_krb5_exchange_judge(struct sg_krb5_exchange *exchange, const uint8_t *bytes,
                       size_t len, struct sg_raw sent, struct sg_raw received,
                       struct sg_outcome *ret)
{
    krb5_data data = {0};
    krb5_error *error = NULL;
    enum sg_krb5_verdict verdict = SG_KRB5_DOUBTFUL;
    krb5_error_code code;

    if (len == 0 || len > SG_KRB5_REPLY_MAX) {
        set_outcome(ret, len ? SG_OUTCOME_OVERSIZED : SG_OUTCOME_TRUNCATED,
                    "answer of %zu bytes, allowed are 1 to %d", len,
                    SG_KRB5_REPLY_MAX);
        return SG_KRB5_DOUBTFUL;
    }
    if (bytes[0] == TAG_AS_REP)
        return judge_ticket(exchange, ret);
    if (bytes[0] != TAG_ERROR) {
        set_outcome(ret, SG_OUTCOME_GARBAGE,
                    "answer of %zu bytes is not Kerberos: it begins with "
                    "0x%02x, not 0x%02x or 0x%02x",
                    len, bytes[0], TAG_ERROR, TAG_AS_REP);
        return SG_KRB5_DOUBTFUL;
    }
    data.data = (char *)bytes; /* only read, the library knows no const here */
    data.length = (unsigned)len;
    code = krb5_rd_error(exchange->context, &data, &error);
    if (code == 0)
        verdict = judge_error(exchange, error, sent, received, ret);
    else if (code == ASN1_OVERRUN)
        set_outcome(ret, SG_OUTCOME_TRUNCATED,
                    "KRB-ERROR is cut off after %zu bytes", len);
    else
        set_outcome(ret, SG_OUTCOME_GARBAGE,
                    "KRB-ERROR of %zu bytes cannot be decoded (libkrb5 code "
                    "%ld)",
                    len, (long)code);
    if (code == 0)
        krb5_free_error(exchange->context, error);
    return verdict;
}

void
sg_krb5_exchange_client(const struct sg_krb5_exchange *exchange, char *ret,
                        size_t size)
{
    char *text;

    snprintf(ret, size, "unknown");
    if (krb5_unparse_name(exchange->context, exchange->client, &text) == 0) {
        snprintf(ret, size, "%s", text);
        krb5_free_unparsed_name(exchange->context, text);
    }
}

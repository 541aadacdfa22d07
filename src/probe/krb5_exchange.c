#include "probe/krb5_exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/status.h"
#include "probe/krb5_client.h"
#include "probe/krb5_profile.h"

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

struct sg_krb5_exchange *
sg_krb5_exchange_new(const char *realm, struct sg_krb5_host *host,
                     struct sg_err *err)
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
    code = sg_krb5_context_new(SG_KRB5_PROFILE_PLAIN, &exchange->context);
    if (code != 0) {
        sg_krb5_refuse(NULL, code, "make a context", err);
        goto failed;
    }
    code = sg_krb5_client(exchange->context, host, realm, &exchange->client);
    if (code == 0)
        return exchange;
    sg_krb5_refuse(exchange->context, code, "name this host", err);
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
        return sg_krb5_refuse(context, code, "make a request", err);
    *ret_bytes = (const uint8_t *)exchange->request.data;
    *ret_len = exchange->request.length;
    return 0;
}

static enum sg_krb5_verdict
judge_error(const struct sg_krb5_exchange *exchange, const krb5_error *error,
            struct sg_raw sent, struct sg_raw received, struct sg_outcome *ret)
{
    const krb5_data *asked = &exchange->client->realm;
    const krb5_data none = {.data = ""};
    const krb5_data *realm = error->server ? &error->server->realm : &none;

    /* Before the realm: Heimdal fills in "<unspecified realm>" here. */
    if (error->error == SG_KRB5_ERROR_TOO_BIG) {
        sg_krb5_failed(ret, SG_OUTCOME_TOO_BIG,
                       "KDC says its answer is too big to send (KRB-ERROR %d)",
                       SG_KRB5_ERROR_TOO_BIG);
        return SG_KRB5_ANSWERED;
    }
    /* Active Directory knows its realm in any case of letters. */
    if (realm->length != asked->length ||
        strncasecmp(realm->data, asked->data, asked->length) != 0 ||
        error->error == ERROR_WRONG_REALM) {
        sg_krb5_failed(ret, SG_OUTCOME_REALM,
                       "answer (KRB-ERROR %u) of realm \"%.*s\", asked was "
                       "\"%.*s\"",
                       error->error, (int)realm->length,
                       realm->length ? realm->data : "", (int)asked->length,
                       asked->data);
        return SG_KRB5_DOUBTFUL;
    }
    if (error->susec < 0 || error->susec > MAX_SUSEC) {
        sg_krb5_failed(ret, SG_OUTCOME_GARBAGE,
                       "KRB-ERROR %u with %d microseconds, allowed are 0 to %d",
                       error->error, error->susec, MAX_SUSEC);
        return SG_KRB5_DOUBTFUL;
    }
    if (error->stime == 0) {
        sg_krb5_failed(ret, SG_OUTCOME_NO_TIME,
                       "KRB-ERROR %u without a time in it", error->error);
        return SG_KRB5_ANSWERED;
    }
    sg_krb5_take_error_time((uint32_t)error->stime, error->susec, sent,
                            received, ret);
    return SG_KRB5_ANSWERED;
}

static enum sg_krb5_verdict
judge_ticket(struct sg_krb5_exchange *exchange, struct sg_outcome *ret)
{
    if (exchange->asks_no_such_service) {
        sg_krb5_failed(
            ret, SG_OUTCOME_NO_TIME,
            "KDC gives a ticket without a readable time even for the "
            "service " NO_SUCH_SERVICE);
        return SG_KRB5_ANSWERED;
    }
    exchange->asks_no_such_service = true;
    sg_krb5_failed(ret, SG_OUTCOME_NO_TIME,
                   "KDC gives a ticket, which has no readable time");
    return SG_KRB5_ASK;
}

enum sg_krb5_verdict
sg_krb5_exchange_judge(struct sg_krb5_exchange *exchange, const uint8_t *bytes,
                       size_t len, struct sg_raw sent, struct sg_raw received,
                       struct sg_outcome *ret)
{
    enum sg_krb5_message message = sg_krb5_message(bytes, len, ret);
    enum sg_krb5_verdict verdict;
    krb5_error *error;

    if (message == SG_KRB5_MESSAGE_AS_REP)
        return judge_ticket(exchange, ret);
    if (message != SG_KRB5_MESSAGE_ERROR ||
        !sg_krb5_read_error(exchange->context, bytes, len, &error, ret))
        return SG_KRB5_DOUBTFUL;
    verdict = judge_error(exchange, error, sent, received, ret);
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

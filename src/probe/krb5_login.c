#include "probe/krb5_login.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hostclock.h"
#include "probe/krb5_host.h"
#include "probe/krb5_profile.h"

/* RFC 4120 7.5.9, RFC 6113 */
#define ERROR_PREAUTH_FAILED 24
#define ERROR_PREAUTH_REQUIRED 25
#define MAX_SUSEC 999999

/*
 * What is tried, one after the other.
 *
 * The time in an encrypted timestamp has to be the KDC's within its limit.  A
 * KDC says its time in an error in clear, which anybody can forge: who adds
 * 1000 s to it would have us send a timestamp that the KDC refuses.  So our
 * own clock comes first, before the KDC has said anything (its one request
 * also is all there is while the clock is right), then the time that is
 * claimed, and at last our own clock again, now with the encryption type that
 * the KDC asks for.
 */
enum attempt {
    ATTEMPT_FAST,
    ATTEMPT_OPTIMISTIC,
    ATTEMPT_FOLLOW,
    ATTEMPT_OWN_TIME,
    ATTEMPT_COUNT
};

static const struct {
    enum sg_krb5_profile profile;
    unsigned requests; /* more of them lead nowhere */
} attempts[ATTEMPT_COUNT] = {
    [ATTEMPT_FAST] = {SG_KRB5_PROFILE_LOGIN, 1},
    [ATTEMPT_OPTIMISTIC] = {SG_KRB5_PROFILE_LOGIN, 1},
    [ATTEMPT_FOLLOW] = {SG_KRB5_PROFILE_LOGIN, 2},
    [ATTEMPT_OWN_TIME] = {SG_KRB5_PROFILE_LOGIN_OWN_TIME, 2},
};

struct sg_krb5_login {
    struct sg_krb5_host *host;
    bool may_use_tcp;
    enum attempt attempt;
    unsigned fast_error; /* the KRB-ERROR in clear that FAST got; 0: none */

    /* The attempt under way. */
    unsigned reads; /* of the keytab, when it began */
    krb5_context context;
    krb5_principal client;
    krb5_keytab keytab;
    krb5_ccache ccache;
    krb5_enctype *enctypes;
    krb5_get_init_creds_opt *options;
    krb5_init_creds_context creds;
    krb5_data request; /* the one to send; empty: the attempt is to begin */
    unsigned requests; /* of the attempt */

    /*
     * The same request again, by TCP.  A KDC may answer it with what it had
     * made for the first one, so that one's instant counts.
     */
    bool is_again;
    struct sg_raw sent;
};

/* ---- one attempt ---- */

static void
end_attempt(struct sg_krb5_login *login)
{
    krb5_context context = login->context;

    if (!context)
        return;
    krb5_free_data_contents(context, &login->request);
    if (login->creds)
        krb5_init_creds_free(context, login->creds);
    krb5_get_init_creds_opt_free(context, login->options);
    krb5_free_enctypes(context, login->enctypes);
    if (login->ccache)
        krb5_cc_close(context, login->ccache);
    if (login->keytab)
        krb5_kt_close(context, login->keytab);
    krb5_free_principal(context, login->client);
    krb5_free_context(context);
    login->context = NULL;
    login->client = NULL;
    login->keytab = NULL;
    login->ccache = NULL;
    login->enctypes = NULL;
    login->options = NULL;
    login->creds = NULL;
    login->requests = 0;
    login->is_again = false;
}

static krb5_error_code
set_options(struct sg_krb5_login *login)
{
    static krb5_preauthtype timestamp[] = {KRB5_PADATA_ENC_TIMESTAMP};
    krb5_context context = login->context;
    krb5_error_code code;
    int n;

    code = krb5_get_init_creds_opt_alloc(context, &login->options);
    if (code == 0)
        code =
            sg_krb5_host_enctypes(login->host, context, &login->enctypes, &n);
    if (code != 0)
        return code;
    krb5_get_init_creds_opt_set_etype_list(login->options, login->enctypes, n);
    if (login->attempt == ATTEMPT_OPTIMISTIC)
        krb5_get_init_creds_opt_set_preauth_list(login->options, timestamp, 1);
    if (login->attempt != ATTEMPT_FAST)
        return krb5_get_init_creds_opt_set_out_ccache(context, login->options,
                                                      login->ccache);
    code = krb5_get_init_creds_opt_set_fast_flags(context, login->options,
                                                  KRB5_FAST_REQUIRED);
    if (code == 0)
        code = krb5_get_init_creds_opt_set_fast_ccache(context, login->options,
                                                       login->ccache);
    return code;
}

/* Take a step, and keep the request that it wants sent. */
static krb5_error_code
step(struct sg_krb5_login *login, krb5_data *answer, bool *ret_goes_on)
{
    krb5_data request = {0}, realm = {0};
    unsigned flags = 0;
    krb5_error_code code = krb5_init_creds_step(
        login->context, login->creds, answer, &request, &realm, &flags);

    krb5_free_data_contents(login->context, &realm);
    krb5_free_data_contents(login->context, &login->request);
    login->request = request;
    *ret_goes_on = flags & KRB5_INIT_CREDS_STEP_FLAG_CONTINUE;
    return code;
}

static krb5_error_code
begin_attempt(struct sg_krb5_login *login)
{
    struct sg_krb5_host *host = login->host;
    krb5_data nothing = {0};
    krb5_context context;
    krb5_error_code code;
    bool goes_on;

    end_attempt(login);
    code = sg_krb5_context_new(attempts[login->attempt].profile, &context);
    if (code != 0)
        return code;
    login->context = context;
    login->reads = sg_krb5_host_reads(host);
    code = krb5_parse_name(context, sg_krb5_host_client(host), &login->client);
    if (code == 0)
        code =
            krb5_kt_resolve(context, sg_krb5_host_keytab(host), &login->keytab);
    if (code == 0)
        code =
            krb5_cc_resolve(context, sg_krb5_host_ccache(host), &login->ccache);
    if (code == 0)
        code = set_options(login);
    if (code == 0)
        code = krb5_init_creds_init(context, login->client, NULL, NULL, 0,
                                    login->options, &login->creds);
    if (code == 0)
        code = krb5_init_creds_set_keytab(context, login->creds, login->keytab);
    return code ? code : step(login, &nothing, &goes_on);
}

int
sg_krb5_login_ask(struct sg_krb5_login *login, const uint8_t **ret_bytes,
                  size_t *ret_len, struct sg_err *err)
{
    krb5_error_code code = 0;

    if (login->request.length == 0)
        code = begin_attempt(login);
    if (code != 0 && login->attempt == ATTEMPT_FAST) {
        login->attempt = ATTEMPT_OPTIMISTIC; /* of no use any more */
        code = begin_attempt(login);
    }
    if (code != 0)
        return sg_krb5_refuse(login->context, code, "use the host's key", err);
    if (!login->is_again)
        login->requests++;
    *ret_bytes = (const uint8_t *)login->request.data;
    *ret_len = login->request.length;
    return 0;
}

/* ---- answers ---- */

/* Go on with another attempt. */
static enum sg_krb5_verdict
try_next(struct sg_krb5_login *login, enum attempt next)
{
    end_attempt(login);
    login->attempt = next;
    return SG_KRB5_ASK;
}

/* The client is unknown, expired, locked, or may not: no other attempt will
 * hear anything else. */
static bool
is_about_client(unsigned error)
{
    return error == 1 || error == 6 || error == 12 || error == 18 ||
           error == 23;
}

/* Our key is refused, or of no type that the KDC knows. */
static bool
is_about_key(unsigned error)
{
    return error == ERROR_PREAUTH_FAILED || error == 14;
}

static enum sg_krb5_verdict
reject(struct sg_krb5_login *login, unsigned error, struct sg_outcome *ret)
{
    krb5_error_code code = (krb5_error_code)(ERROR_TABLE_BASE_krb5 + error);
    /* the context's own words for it repeat the name */
    const char *why = krb5_get_error_message(NULL, code);

    sg_krb5_failed(ret, SG_OUTCOME_REJECTED,
                   "KRB-ERROR %u to %.50s with the key in %.40s: %.50s", error,
                   sg_krb5_host_client(login->host),
                   sg_krb5_host_path(login->host), why);
    krb5_free_error_message(NULL, why);
    return SG_KRB5_ANSWERED;
}

/* Nothing shows that the KDC said so. */
static enum sg_krb5_verdict
doubt(const struct sg_krb5_login *login, unsigned error, struct sg_outcome *ret)
{
    char before[48] = "";

    if (login->fast_error)
        snprintf(before, sizeof before, "KRB-ERROR %u in clear to FAST, then ",
                 login->fast_error);
    sg_krb5_failed(ret, SG_OUTCOME_UNPROVEN,
                   "%sKRB-ERROR %u in clear to the host's key: forged, or the "
                   "KDC takes no encrypted timestamp",
                   before, error);
    return SG_KRB5_ANSWERED;
}

/* A KRB-ERROR that is no step forward. */
static enum sg_krb5_verdict
judge_refusal(struct sg_krb5_login *login, unsigned error,
              struct sg_outcome *ret)
{
    sg_krb5_failed(ret, SG_OUTCOME_UNPROVEN,
                   "KRB-ERROR %u in clear although FAST was asked for: "
                   "forged, or FAST is not supported",
                   error);
    if (login->attempt == ATTEMPT_FAST) {
        login->fast_error = error;
        return try_next(login, ATTEMPT_OPTIMISTIC);
    }
    if (is_about_client(error))
        return reject(login, error, ret);
    if (login->attempt == ATTEMPT_OPTIMISTIC)
        return try_next(login, ATTEMPT_FOLLOW);
    if (is_about_key(error))
        return reject(login, error, ret);
    if (login->attempt == ATTEMPT_FOLLOW)
        return try_next(login, ATTEMPT_OWN_TIME);
    return doubt(login, error, ret);
}

/*
 * libkrb5 tells a KRB-ERROR that came inside FAST from one in clear only by
 * what it does then.  Inside, and saying that pre-authentication is required
 * (with hints and a cookie), it goes on; in clear it gives up, or, with the
 * codes 24 and 90, begins anew and has no error to show.
 */
static bool
take_fast_error(struct sg_krb5_login *login, struct sg_raw received,
                struct sg_outcome *ret)
{
    krb5_error *error = NULL;
    bool is_authentic =
        krb5_init_creds_get_error(login->context, login->creds, &error) == 0 &&
        error && error->error == ERROR_PREAUTH_REQUIRED && error->stime != 0 &&
        error->susec >= 0 && error->susec <= MAX_SUSEC;

    if (is_authentic)
        sg_krb5_take_error_time((uint32_t)error->stime, error->susec,
                                login->sent, received, ret);
    krb5_free_error(login->context, error);
    return is_authentic;
}

/* A ticket that libkrb5 has found to be ours and new. */
static enum sg_krb5_verdict
take_ticket(struct sg_krb5_login *login, struct sg_raw received,
            struct sg_outcome *ret)
{
    krb5_ticket_times times;
    struct sg_reading now = sg_host_reading();

    if (krb5_init_creds_get_times(login->context, login->creds, &times) != 0 ||
        times.authtime == 0) {
        sg_krb5_failed(ret, SG_OUTCOME_NO_TIME, "ticket without a time in it");
        return SG_KRB5_ANSWERED;
    }
    sg_krb5_take_authtime((uint32_t)times.authtime, login->sent, received, ret);
    if (login->attempt != ATTEMPT_FAST)
        sg_krb5_host_armed(
            login->host, login->reads, &now,
            (double)((uint32_t)times.endtime - (uint32_t)times.authtime));
    return SG_KRB5_ANSWERED;
}

/* For the first time; over TCP it is an error like any other. */
static enum sg_krb5_verdict
judge_too_big(struct sg_krb5_login *login, struct sg_outcome *ret)
{
    sg_krb5_failed(ret, SG_OUTCOME_TOO_BIG,
                   "KDC says its answer is too big to send (KRB-ERROR %d)",
                   SG_KRB5_ERROR_TOO_BIG);
    login->is_again = login->may_use_tcp;
    if (login->is_again)
        return SG_KRB5_ASK_TCP;
    if (login->attempt == ATTEMPT_FAST)
        return try_next(login, ATTEMPT_OPTIMISTIC);
    return SG_KRB5_ANSWERED;
}

static enum sg_krb5_verdict
judge_error(struct sg_krb5_login *login, krb5_data *answer, unsigned error,
            struct sg_raw received, struct sg_outcome *ret)
{
    bool goes_on;
    krb5_error_code code = step(login, answer, &goes_on);

    if (code == KRB5KRB_ERR_RESPONSE_TOO_BIG && !login->is_again)
        return judge_too_big(login, ret);
    login->is_again = false;
    if (code != 0 || !goes_on)
        return judge_refusal(login, error, ret);
    if (login->attempt == ATTEMPT_FAST && take_fast_error(login, received, ret))
        return SG_KRB5_ANSWERED;
    if (login->requests >= attempts[login->attempt].requests)
        return judge_refusal(login, error, ret);
    sg_krb5_failed(ret, SG_OUTCOME_NO_REPLY, "KDC asks for more");
    return SG_KRB5_ASK;
}

static enum sg_krb5_verdict
judge_reply(struct sg_krb5_login *login, krb5_data *answer,
            struct sg_raw received, struct sg_outcome *ret)
{
    krb5_context context = login->context;
    bool goes_on;
    krb5_error_code code = step(login, answer, &goes_on);
    const char *why;

    if (code == 0 && !goes_on)
        return take_ticket(login, received, ret);
    why = krb5_get_error_message(context, code);
    sg_krb5_failed(ret, SG_OUTCOME_UNPROVEN,
                   "ticket that is not made with the key in %.40s (forged, or "
                   "the keytab is outdated): %.50s",
                   sg_krb5_host_path(login->host), why);
    krb5_free_error_message(context, why);
    /* The KDC may have passed over FAST. */
    if (login->attempt == ATTEMPT_FAST)
        return try_next(login, ATTEMPT_OPTIMISTIC);
    return SG_KRB5_DOUBTFUL;
}

enum sg_krb5_verdict
sg_krb5_login_judge(struct sg_krb5_login *login, const uint8_t *bytes,
                    size_t len, struct sg_raw sent, struct sg_raw received,
                    struct sg_outcome *ret)
{
    enum sg_krb5_message message = sg_krb5_message(bytes, len, ret);
    krb5_data answer = {0};
    krb5_error *error;
    unsigned number;

    if (message == SG_KRB5_MESSAGE_NONE)
        return SG_KRB5_DOUBTFUL;
    if (!login->is_again)
        login->sent = sent;
    answer.data = (char *)bytes; /* only read, see sg_krb5_read_error */
    answer.length = (unsigned)len;
    if (message == SG_KRB5_MESSAGE_AS_REP)
        return judge_reply(login, &answer, received, ret);
    if (!sg_krb5_read_error(login->context, bytes, len, &error, ret))
        return SG_KRB5_DOUBTFUL;
    number = (unsigned)error->error;
    krb5_free_error(login->context, error);
    return judge_error(login, &answer, number, received, ret);
}

/* ---- the dialogue ---- */

struct sg_krb5_login *
sg_krb5_login_new(struct sg_krb5_host *host, bool may_use_tcp,
                  struct sg_outcome *ret)
{
    struct sg_reading now = sg_host_reading();
    struct sg_krb5_login *login;

    if (!sg_krb5_host_load(host, ret))
        return NULL;
    login = calloc(1, sizeof *login);
    if (!login) {
        sg_krb5_failed(ret, SG_OUTCOME_LOCAL, "out of memory");
        return NULL;
    }
    login->host = host;
    login->may_use_tcp = may_use_tcp;
    login->attempt =
        sg_krb5_host_has_armor(host, &now) ? ATTEMPT_FAST : ATTEMPT_OPTIMISTIC;
    return login;
}

void
sg_krb5_login_free(struct sg_krb5_login *login)
{
    if (!login)
        return;
    end_attempt(login);
    free(login);
}

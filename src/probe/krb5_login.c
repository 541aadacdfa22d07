#include "probe/krb5_login.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hostclock.h"
#include "probe/krb5_attempt.h"
#include "probe/krb5_host.h"

/* RFC 4120 7.5.9 */
#define ERROR_ETYPE_NOSUPP 14
#define ERROR_PREAUTH_FAILED 24
#define ERROR_PREAUTH_REQUIRED 25
#define MAX_SUSEC 999999

/* How many requests an attempt may take; more of them lead nowhere. */
static const unsigned requests_max[SG_KRB5_ATTEMPT_COUNT] = {
    [SG_KRB5_ATTEMPT_FAST] = 1,
    [SG_KRB5_ATTEMPT_OPTIMISTIC] = 1,
    [SG_KRB5_ATTEMPT_FOLLOW] = 2,
    [SG_KRB5_ATTEMPT_OWN_TIME] = 2,
};

struct sg_krb5_login {
    struct sg_krb5_host *host;
    bool may_use_tcp;
    enum sg_krb5_attempt_kind kind; /* of the attempt under way or to begin */
    struct sg_krb5_attempt attempt;
    unsigned requests;   /* of the attempt */
    unsigned fast_error; /* the KRB-ERROR in clear that FAST got; 0: none */

    /*
     * The same request again, by TCP.  A KDC may answer it with what it had
     * made for the first one, so that one's instant counts.
     */
    bool is_again;
    struct sg_raw sent;
};

/* ---- questions ---- */

static void
end_attempt(struct sg_krb5_login *login)
{
    sg_krb5_attempt_end(&login->attempt);
    login->requests = 0;
    login->is_again = false;
}

static krb5_error_code
begin_attempt(struct sg_krb5_login *login)
{
    end_attempt(login);
    return sg_krb5_attempt_begin(&login->attempt, login->kind, login->host);
}

int
sg_krb5_login_ask(struct sg_krb5_login *login, const uint8_t **ret_bytes,
                  size_t *ret_len, struct sg_err *err)
{
    krb5_error_code code = 0;

    if (login->attempt.request.length == 0)
        code = begin_attempt(login);
    if (code != 0 && login->kind == SG_KRB5_ATTEMPT_FAST) {
        login->kind = SG_KRB5_ATTEMPT_OPTIMISTIC; /* no armor any more */
        code = begin_attempt(login);
    }
    if (code != 0)
        return sg_krb5_refuse(login->attempt.context, code,
                              "use the host's key", err);
    if (!login->is_again)
        login->requests++;
    *ret_bytes = (const uint8_t *)login->attempt.request.data;
    *ret_len = login->attempt.request.length;
    return 0;
}

/* ---- answers ---- */

/* Go on with another attempt. */
static enum sg_krb5_verdict
try_next(struct sg_krb5_login *login, enum sg_krb5_attempt_kind next)
{
    end_attempt(login);
    login->kind = next;
    return SG_KRB5_ASK;
}

/* FAST has failed: the key itself has to do, if it may. */
static enum sg_krb5_verdict
try_key(struct sg_krb5_login *login, struct sg_outcome *ret)
{
    if (sg_krb5_host_rests(login->host, sg_host_raw(), ret))
        return SG_KRB5_ANSWERED;
    return try_next(login, SG_KRB5_ATTEMPT_OPTIMISTIC);
}

/* Of the client itself: no other attempt will hear anything else. */
static bool
is_about_client(unsigned error)
{
    static const unsigned errors[] = {
        1,  /* NAME_EXP */
        6,  /* C_PRINCIPAL_UNKNOWN */
        12, /* POLICY */
        18, /* CLIENT_REVOKED */
        23, /* KEY_EXPIRED */
    };

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (error == errors[i])
            return true;
    return false;
}

/* Our key is refused, or of no type that the KDC knows. */
static bool
is_about_key(unsigned error)
{
    return error == ERROR_PREAUTH_FAILED || error == ERROR_ETYPE_NOSUPP;
}

static enum sg_krb5_verdict
reject(struct sg_krb5_login *login, unsigned error, struct sg_outcome *ret)
{
    krb5_error_code code = (krb5_error_code)(ERROR_TABLE_BASE_krb5 + error);
    /* the context's own words for it repeat the name */
    const char *why = krb5_get_error_message(NULL, code);

    sg_krb5_failed(ret, SG_OUTCOME_REJECTED,
                   "KRB-ERROR %u to %.50s with the key in %.60s: %s", error,
                   sg_krb5_host_client(login->host),
                   sg_krb5_host_path(login->host), why);
    krb5_free_error_message(NULL, why);
    if (error == ERROR_PREAUTH_FAILED &&
        login->attempt.reads == sg_krb5_host_reads(login->host))
        sg_krb5_host_refused(login->host, sg_host_raw(), ret);
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
    if (login->kind == SG_KRB5_ATTEMPT_FAST) {
        login->fast_error = error;
        return try_key(login, ret);
    }
    if (is_about_client(error))
        return reject(login, error, ret);
    if (login->kind == SG_KRB5_ATTEMPT_OPTIMISTIC)
        return try_next(login, SG_KRB5_ATTEMPT_FOLLOW);
    if (is_about_key(error))
        return reject(login, error, ret);
    if (login->kind == SG_KRB5_ATTEMPT_FOLLOW)
        return try_next(login, SG_KRB5_ATTEMPT_OWN_TIME);
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
        krb5_init_creds_get_error(login->attempt.context, login->attempt.creds,
                                  &error) == 0 &&
        error && error->error == ERROR_PREAUTH_REQUIRED && error->stime != 0 &&
        error->susec >= 0 && error->susec <= MAX_SUSEC;

    if (is_authentic)
        sg_krb5_take_error_time((uint32_t)error->stime, error->susec,
                                login->sent, received, ret);
    krb5_free_error(login->attempt.context, error);
    return is_authentic;
}

/* A ticket that libkrb5 has found to be ours and new. */
static enum sg_krb5_verdict
take_ticket(struct sg_krb5_login *login, struct sg_raw received,
            struct sg_outcome *ret)
{
    krb5_ticket_times times;
    struct sg_reading now = sg_host_reading();

    if (krb5_init_creds_get_times(login->attempt.context, login->attempt.creds,
                                  &times) != 0 ||
        times.authtime == 0) {
        sg_krb5_failed(ret, SG_OUTCOME_NO_TIME, "ticket without a time in it");
        return SG_KRB5_ANSWERED;
    }
    sg_krb5_take_authtime((uint32_t)times.authtime, login->sent, received, ret);
    if (login->kind != SG_KRB5_ATTEMPT_FAST)
        sg_krb5_host_armed(
            login->host, login->attempt.reads, &now,
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
    if (login->kind == SG_KRB5_ATTEMPT_FAST)
        return try_key(login, ret);
    return SG_KRB5_ANSWERED;
}

static enum sg_krb5_verdict
judge_error(struct sg_krb5_login *login, krb5_data *answer, unsigned error,
            struct sg_raw received, struct sg_outcome *ret)
{
    bool goes_on;
    krb5_error_code code =
        sg_krb5_attempt_step(&login->attempt, answer, &goes_on);

    if (code == KRB5KRB_ERR_RESPONSE_TOO_BIG && !login->is_again)
        return judge_too_big(login, ret);
    login->is_again = false;
    if (code != 0 || !goes_on)
        return judge_refusal(login, error, ret);
    if (login->kind == SG_KRB5_ATTEMPT_FAST &&
        take_fast_error(login, received, ret))
        return SG_KRB5_ANSWERED;
    if (login->requests >= requests_max[login->kind])
        return judge_refusal(login, error, ret);
    sg_krb5_failed(ret, SG_OUTCOME_NO_REPLY, "KDC asks for more");
    return SG_KRB5_ASK;
}

static enum sg_krb5_verdict
judge_reply(struct sg_krb5_login *login, krb5_data *answer,
            struct sg_raw received, struct sg_outcome *ret)
{
    krb5_context context = login->attempt.context;
    bool goes_on;
    krb5_error_code code =
        sg_krb5_attempt_step(&login->attempt, answer, &goes_on);
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
    if (login->kind == SG_KRB5_ATTEMPT_FAST)
        return try_key(login, ret);
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
    if (!sg_krb5_read_error(login->attempt.context, bytes, len, &error, ret))
        return SG_KRB5_DOUBTFUL;
    number = (unsigned)error->error;
    krb5_free_error(login->attempt.context, error);
    return judge_error(login, &answer, number, received, ret);
}

/* ---- the dialogue ---- */

struct sg_krb5_login *
sg_krb5_login_new(struct sg_krb5_host *host, bool may_use_tcp,
                  struct sg_outcome *ret)
{
    struct sg_reading now = sg_host_reading();
    struct sg_krb5_login *login;
    bool has_armor;

    if (!sg_krb5_host_load(host, ret))
        return NULL;
    has_armor = sg_krb5_host_has_armor(host, &now);
    if (!has_armor && sg_krb5_host_rests(host, now.raw, ret))
        return NULL;
    login = calloc(1, sizeof *login);
    if (!login) {
        sg_krb5_failed(ret, SG_OUTCOME_LOCAL, "out of memory");
        return NULL;
    }
    login->host = host;
    login->may_use_tcp = may_use_tcp;
    login->kind = has_armor ? SG_KRB5_ATTEMPT_FAST : SG_KRB5_ATTEMPT_OPTIMISTIC;
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

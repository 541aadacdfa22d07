#include "mailer/smtp.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mailer/secret.h"

/* Waiting for the answer to QUIT; nothing depends on it any more. */
#define GOODBYE_S 2
/* "Service closing transmission channel" (RFC 5321, 4.2.3): the answer to QUIT,
 * which says nothing of the mail. */
#define CODE_GOODBYE 221

/* What the relay said last. */
struct reply {
    int code; /* 0: nothing yet */
    bool is_begun;
    struct sg_buf text;
};

struct source {
    const struct sg_buf *text;
    size_t at;
};

struct attempt {
    CURL *curl;
    CURLcode failed; /* the first of set()'s, CURLE_OK: none */
    struct curl_slist *to;
    struct sg_buf text;
    struct source source;
    struct reply reply;
    char error[CURL_ERROR_SIZE];
};

/* SMTP ends lines with CR LF; libcurl doubles the dots. */
static void
add_with_crlf(const struct sg_buf *text, struct sg_buf *ret)
{
    for (size_t i = 0; i < text->len; i++)
        if (text->text[i] == '\n')
            sg_buf_add_bytes(ret, "\r\n", 2);
        else
            sg_buf_add_bytes(ret, &text->text[i], 1);
}

static size_t
on_read(char *ret, size_t size, size_t n, void *arg)
{
    struct source *source = arg;
    size_t left = source->text->len - source->at;
    size_t len = size * n < left ? size * n : left;

    memcpy(ret, source->text->text + source->at, len);
    source->at += len;
    return len;
}

/* A letter with one of its options missing goes elsewhere, or unencrypted: with
 * no recipient libcurl asks for HELP and calls it a success. */
#define SET(attempt, option, value)                                            \
    set(attempt, curl_easy_setopt((attempt)->curl, option, value))

static void
set(struct attempt *attempt, CURLcode code)
{
    if (attempt->failed == CURLE_OK)
        attempt->failed = code;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A reply's lines, "550-5.1.1 no" and "550 5.1.1 such user", as one. */
static size_t
on_reply(char *line, size_t size, size_t n, void *arg)
{
    struct reply *reply = arg;
    size_t len = size * n;
    int code;

    if (len < 3 || !is_digit(line[0]) || !is_digit(line[1]) ||
        !is_digit(line[2]))
        return len;
    code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
    if (code == CODE_GOODBYE)
        return len;
    if (!reply->is_begun)
        sg_buf_clear(&reply->text);
    reply->is_begun = len > 3 && line[3] == '-';
    reply->code = code;
    if (len > 4 && reply->text.len < SG_WORDS_MAX)
        sg_buf_add_bytes(&reply->text, line + 4, len - 4);
    return len;
}

static void
set_address(struct attempt *attempt, const struct sg_config_smtp *smtp,
            const struct sg_smtp_letter *letter)
{
    const char *brackets = strchr(smtp->host, ':') ? "[]" : "\0";
    char text[3 * SG_NAME_MAX];

    snprintf(text, sizeof text, "%s://%.1s%s%s:%u/%s",
             smtp->tls == SG_TLS_IMPLICIT ? "smtps" : "smtp", brackets,
             smtp->host, brackets + 1, smtp->port, letter->hello);
    SET(attempt, CURLOPT_URL, text);
    snprintf(text, sizeof text, "<%s>", letter->from);
    SET(attempt, CURLOPT_MAIL_FROM, text);
    snprintf(text, sizeof text, "<%s>", letter->to);
    attempt->to = curl_slist_append(NULL, text);
    set(attempt, attempt->to ? CURLE_OK : CURLE_OUT_OF_MEMORY);
    SET(attempt, CURLOPT_MAIL_RCPT, attempt->to);
}

/* For libcurl, before the handshake. */
static CURLcode
on_tls_context(CURL *curl, void *context, void *arg)
{
    const struct sg_smtp_letter *letter = arg;

    (void)curl;
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context),
                               (time_t)(letter->time.ns / 1000000000));
    return CURLE_OK;
}

/* An alert of a clock that is wrong by months has to arrive all the same. */
static void
set_tls_time(struct attempt *attempt, const struct sg_smtp_letter *letter)
{
    if (!letter->has_time)
        return;
    SET(attempt, CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
    SET(attempt, CURLOPT_SSL_CTX_DATA, letter);
}

/* "try" encrypts for whoever listens, as MTAs do among each other. */
static void
set_tls(struct attempt *attempt, const struct sg_config_smtp *smtp)
{
    static const long how[] = {
        [SG_TLS_NONE] = CURLUSESSL_NONE,
        [SG_TLS_TRY] = CURLUSESSL_TRY,
        [SG_TLS_REQUIRED] = CURLUSESSL_ALL,
        [SG_TLS_IMPLICIT] = CURLUSESSL_ALL,
    };

    SET(attempt, CURLOPT_USE_SSL, how[smtp->tls]);
    if (smtp->tls == SG_TLS_TRY) {
        SET(attempt, CURLOPT_SSL_VERIFYPEER, 0L);
        SET(attempt, CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (smtp->ca_file[0]) {
        SET(attempt, CURLOPT_CAINFO, smtp->ca_file);
        SET(attempt, CURLOPT_CAPATH, NULL);
    }
}

static void
set_rest(struct attempt *attempt)
{
    SET(attempt, CURLOPT_UPLOAD, 1L);
    SET(attempt, CURLOPT_READFUNCTION, on_read);
    SET(attempt, CURLOPT_READDATA, &attempt->source);
    SET(attempt, CURLOPT_INFILESIZE_LARGE, (curl_off_t)attempt->text.len);
    SET(attempt, CURLOPT_HEADERFUNCTION, on_reply);
    SET(attempt, CURLOPT_HEADERDATA, &attempt->reply);
    SET(attempt, CURLOPT_ERRORBUFFER, attempt->error);
    SET(attempt, CURLOPT_CONNECTTIMEOUT, (long)SG_SMTP_CONNECT_S);
    SET(attempt, CURLOPT_TIMEOUT, (long)SG_SMTP_WHOLE_S);
    SET(attempt, CURLOPT_NOSIGNAL, 1L);
    SET(attempt, CURLOPT_NOPROGRESS, 1L);
    /* mail goes where the configuration says, whatever the environment */
    SET(attempt, CURLOPT_PROXY, "");
    SET(attempt, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
}

static int
set_login(struct attempt *attempt, const struct sg_config_smtp *smtp,
          struct sg_err *err)
{
    char password[SG_SECRET_MAX];
    int code;

    if (!smtp->user[0])
        return 0;
    code = sg_secret_read(smtp->password_file, password, err);
    if (code < 0)
        return code;
    SET(attempt, CURLOPT_USERNAME, smtp->user);
    SET(attempt, CURLOPT_PASSWORD, password);
    explicit_bzero(password, sizeof password);
    return 0;
}

/*
 * libcurl's code says that something was refused; why, the relay's does.  Only
 * a code that ended the matter counts: 502 for a missing EHLO does not.
 */
static void
judge(const struct attempt *attempt, CURLcode code, const char *host,
      struct sg_result *ret)
{
    const struct reply *reply = &attempt->reply;
    const char *words = reply->text.text ? reply->text.text : "";
    const char *error =
        attempt->error[0] ? attempt->error : curl_easy_strerror(code);
    bool is_answer = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
                     code == CURLE_LOGIN_DENIED ||
                     code == CURLE_WEIRD_SERVER_REPLY;

    if (code == CURLE_OK)
        sg_result_set(ret, SG_RESULT_DONE, "accepted by %s: %d %s", host,
                      reply->code, words);
    else if (is_answer && reply->code >= 500)
        sg_result_set(ret, SG_RESULT_REFUSED, "refused by %s: %d %s", host,
                      reply->code, words);
    else if (is_answer && reply->code >= 400)
        sg_result_set(ret, SG_RESULT_LATER, "put off by %s: %d %s", host,
                      reply->code, words);
    else
        sg_result_set(ret, SG_RESULT_UNREACHABLE, "not taken by %s: %s", host,
                      error);
}

/* Whether TLS that need not be failed, so that it may go without. */
static bool
may_go_without_tls(const struct sg_config_smtp *smtp, CURLcode code)
{
    return smtp->tls == SG_TLS_TRY &&
           (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CIPHER ||
            code == CURLE_USE_SSL_FAILED);
}

static CURLcode
perform(struct attempt *attempt, const struct sg_config_smtp *smtp)
{
    CURLcode ret = curl_easy_perform(attempt->curl);

    if (!may_go_without_tls(smtp, ret))
        return ret;
    SET(attempt, CURLOPT_USE_SSL, (long)CURLUSESSL_NONE);
    attempt->source.at = 0;
    attempt->reply.code = 0;
    return curl_easy_perform(attempt->curl);
}

static void
run(struct attempt *attempt, const struct sg_config_smtp *smtp,
    const struct sg_smtp_letter *letter, struct sg_result *ret)
{
    struct sg_err err;

    attempt->curl = curl_easy_init();
    add_with_crlf(letter->text, &attempt->text);
    attempt->source.text = &attempt->text;
    if (!attempt->curl || attempt->text.failed) {
        sg_result_set(ret, SG_RESULT_LATER, "no memory");
        return;
    }
    set_address(attempt, smtp, letter);
    set_tls(attempt, smtp);
    set_tls_time(attempt, letter);
    set_rest(attempt);
    if (set_login(attempt, smtp, &err) < 0)
        sg_result_set(ret, SG_RESULT_LATER, "no password: %s", err.text);
    else if (attempt->failed != CURLE_OK)
        sg_result_set(ret, SG_RESULT_LATER, "%s",
                      curl_easy_strerror(attempt->failed));
    else
        judge(attempt, perform(attempt, smtp), smtp->host, ret);
}

void
sg_smtp_send(const struct sg_config_smtp *smtp,
             const struct sg_smtp_letter *letter, sg_smtp_told *told,
             const void *arg)
{
    struct attempt attempt = {.text = SG_BUF_INIT,
                              .reply = {.text = SG_BUF_INIT}};
    struct sg_result result;

    run(&attempt, smtp, letter, &result);
    told(arg, &result);
    alarm(GOODBYE_S);
    curl_easy_cleanup(attempt.curl);
    curl_slist_free_all(attempt.to);
    sg_buf_free(&attempt.text);
    sg_buf_free(&attempt.reply.text);
}

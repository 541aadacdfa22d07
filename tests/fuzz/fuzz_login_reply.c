/*
 * Any bytes as a KDC's answers to questions with the host's key: whoever does
 * not have the key gives no time.
 */
#include <krb5.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/armor.h"
#include "probe/krb5_host.h"
#include "probe/krb5_login.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/fuzz_login_reply.XXXXXX";

static void
remove_keytab(void)
{
    unlink(path);
}

static void
make_keytab(void)
{
    krb5_keytab_entry entry = {.vno = 1};
    krb5_context context;
    krb5_keytab keytab;
    int fd = mkstemp(path);

    if (fd < 0 || close(fd) != 0 || unlink(path) != 0 ||
        krb5_init_context(&context) != 0 ||
        krb5_kt_resolve(context, path, &keytab) != 0 ||
        krb5_parse_name(context, "host/a@SKEW.TEST", &entry.principal) != 0 ||
        krb5_c_make_random_key(context, ENCTYPE_AES128_CTS_HMAC_SHA1_96,
                               &entry.key) != 0 ||
        krb5_kt_add_entry(context, keytab, &entry) != 0)
        abort();
    atexit(remove_keytab);
    krb5_free_keyblock_contents(context, &entry.key);
    krb5_free_principal(context, entry.principal);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
}

/* Answer each question so, until it is over. */
static void
answer(struct sg_krb5_login *login, const uint8_t *data, size_t size)
{
    const struct sg_raw sent = {1000000000}, received = {1002000000};
    enum sg_krb5_verdict verdict = SG_KRB5_ASK;

    for (int i = 0; i < 10 && verdict != SG_KRB5_ANSWERED; i++) {
        struct sg_outcome outcome;
        const uint8_t *question;
        size_t len;

        if (verdict != SG_KRB5_DOUBTFUL &&
            sg_krb5_login_ask(login, &question, &len, NULL) != 0)
            return;
        memset(&outcome, 0xa5, sizeof outcome);
        verdict =
            sg_krb5_login_judge(login, data, size, sent, received, &outcome);
        if (outcome.code == SG_OUTCOME_OK || !outcome.text[0])
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_krb5_hosts *hosts = sg_krb5_hosts_new();
    struct sg_krb5_host *host;
    struct sg_outcome outcome;

    setenv("KRB5_CONFIG", "/nonexistent/krb5.conf", 1);
    if (access(path, F_OK) != 0)
        make_keytab();
    host = sg_krb5_hosts_get(hosts, "SKEW.TEST", path);
    /* first with the key alone, then inside FAST; a key that was refused then
     * rests */
    for (int i = 0; i < 2; i++) {
        struct sg_krb5_login *login;

        if (i == 1 && !armor_make(host))
            abort();
        login = sg_krb5_login_new(host, true, &outcome);
        if (!login)
            abort();
        answer(login, data, size);
        sg_krb5_login_free(login);
    }
    sg_krb5_hosts_free(hosts);
    return 0;
}

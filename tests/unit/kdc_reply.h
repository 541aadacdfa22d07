/*
 * Answers of a KDC for tests, encoded by libkrb5.
 */
#ifndef SG_TESTS_KDC_REPLY_H
#define SG_TESTS_KDC_REPLY_H

#include <krb5.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KDC_REPLY_MAX 1024

/*
 * A KRB-ERROR of the realm's krbtgt, with e-data.  Returns its length in ret,
 * which has room for KDC_REPLY_MAX bytes; 0 if libkrb5 refuses.
 */
static inline size_t
kdc_reply_error_with(const char *realm, unsigned code, uint32_t stime,
                     int susec, const char *e_data, size_t e_len, uint8_t *ret)
{
    krb5_context context;
    krb5_error error = {.error = code, .susec = susec};
    krb5_data encoded = {0};
    size_t len = 0;

    if (krb5_init_context(&context) != 0)
        return 0;
    error.stime = (krb5_timestamp)stime;
    error.e_data.data = (char *)e_data;
    error.e_data.length = (unsigned)e_len;
    if (krb5_build_principal(context, &error.server, (unsigned)strlen(realm),
                             realm, "krbtgt", realm, (char *)NULL) == 0 &&
        krb5_mk_error(context, &error, &encoded) == 0 &&
        encoded.length <= KDC_REPLY_MAX) {
        len = encoded.length;
        memcpy(ret, encoded.data, len);
    }
    krb5_free_data_contents(context, &encoded);
    krb5_free_principal(context, error.server);
    krb5_free_context(context);
    return len;
}

static inline size_t
kdc_reply_error(const char *realm, unsigned code, uint32_t stime, int susec,
                uint8_t *ret)
{
    return kdc_reply_error_with(realm, code, stime, susec, NULL, 0, ret);
}

#endif

/*
 * Keytabs for tests.  Include after cmocka.h.
 */
#ifndef SG_TESTS_KEYTAB_H
#define SG_TESTS_KEYTAB_H

#include <krb5.h>

/* Append a random key of that version to a keytab such as "FILE:/path". */
static inline void
add_key(const char *keytab_name, const char *principal, krb5_kvno vno,
        krb5_enctype enctype)
{
    krb5_context context;
    krb5_keytab keytab;
    krb5_keytab_entry entry = {.vno = vno};

    assert_int_equal(krb5_init_context(&context), 0);
    assert_int_equal(krb5_kt_resolve(context, keytab_name, &keytab), 0);
    assert_int_equal(krb5_parse_name(context, principal, &entry.principal), 0);
    assert_int_equal(krb5_c_make_random_key(context, enctype, &entry.key), 0);
    assert_int_equal(krb5_kt_add_entry(context, keytab, &entry), 0);
    krb5_free_keyblock_contents(context, &entry.key);
    krb5_free_principal(context, entry.principal);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
}

static inline void
add_to_keytab(const char *keytab_name, const char *principal)
{
    add_key(keytab_name, principal, 1, ENCTYPE_AES128_CTS_HMAC_SHA1_96);
}

#endif

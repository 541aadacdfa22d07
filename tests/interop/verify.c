/*
 * verify USER PASSWORD KEYTAB: what a login does (pam_krb5, SSSD): get a TGT
 * with the password, then see with the host's keytab that a KDC that knows the
 * host's key gave it.  Exit status 0 if both succeed.
 */
#include <krb5.h>
#include <stdio.h>

static krb5_error_code
log_in(krb5_context context, char **argv, const char **step)
{
    krb5_verify_init_creds_opt options;
    krb5_principal user = NULL;
    krb5_keytab keytab = NULL;
    krb5_creds creds = {0};
    krb5_error_code code;

    krb5_verify_init_creds_opt_init(&options);
    krb5_verify_init_creds_opt_set_ap_req_nofail(&options, 1);
    *step = "krb5_get_init_creds_password";
    code = krb5_parse_name(context, argv[1], &user);
    if (code == 0)
        code = krb5_kt_resolve(context, argv[3], &keytab);
    if (code == 0)
        code = krb5_get_init_creds_password(context, &creds, user, argv[2],
                                            NULL, NULL, 0, NULL, NULL);
    if (code == 0) {
        *step = "krb5_verify_init_creds";
        code = krb5_verify_init_creds(context, &creds, NULL, keytab, NULL,
                                      &options);
    }
    krb5_free_cred_contents(context, &creds);
    if (keytab)
        krb5_kt_close(context, keytab);
    krb5_free_principal(context, user);
    return code;
}

int
main(int argc, char **argv)
{
    krb5_context context;
    krb5_error_code code;
    const char *step, *text;

    if (argc != 4 || krb5_init_context(&context) != 0) {
        fprintf(stderr, "usage: verify USER PASSWORD KEYTAB\n");
        return 2;
    }
    code = log_in(context, argv, &step);
    if (code != 0) {
        text = krb5_get_error_message(context, code);
        fprintf(stderr, "%s: %s\n", step, text);
        krb5_free_error_message(context, text);
    }
    krb5_free_context(context);
    return code != 0;
}

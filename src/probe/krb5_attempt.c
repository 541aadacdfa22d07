#include "probe/krb5_attempt.h"

#include <string.h>

#include "probe/krb5_host.h"
#include "probe/krb5_profile.h"

void
sg_krb5_attempt_end(struct sg_krb5_attempt *attempt)
{
    krb5_context context = attempt->context;

    if (!context)
        return;
    krb5_free_data_contents(context, &attempt->request);
    if (attempt->creds)
        krb5_init_creds_free(context, attempt->creds);
    krb5_get_init_creds_opt_free(context, attempt->options);
    krb5_free_enctypes(context, attempt->enctypes);
    if (attempt->ccache)
        krb5_cc_close(context, attempt->ccache);
    if (attempt->keytab)
        krb5_kt_close(context, attempt->keytab);
    krb5_free_principal(context, attempt->client);
    krb5_free_context(context);
    memset(attempt, 0, sizeof *attempt);
}

static krb5_error_code
set_options(struct sg_krb5_attempt *attempt, const struct sg_krb5_host *host)
{
    static krb5_preauthtype timestamp[] = {KRB5_PADATA_ENC_TIMESTAMP};
    krb5_context context = attempt->context;
    krb5_error_code code;
    int n;

    code = krb5_get_init_creds_opt_alloc(context, &attempt->options);
    if (code == 0)
        code = sg_krb5_host_enctypes(host, context, &attempt->enctypes, &n);
    if (code != 0)
        return code;
    krb5_get_init_creds_opt_set_etype_list(attempt->options, attempt->enctypes,
                                           n);
    if (attempt->kind == SG_KRB5_ATTEMPT_OPTIMISTIC)
        krb5_get_init_creds_opt_set_preauth_list(attempt->options, timestamp,
                                                 1);
    if (attempt->kind != SG_KRB5_ATTEMPT_FAST)
        return krb5_get_init_creds_opt_set_out_ccache(context, attempt->options,
                                                      attempt->ccache);
    code = krb5_get_init_creds_opt_set_fast_flags(context, attempt->options,
                                                  KRB5_FAST_REQUIRED);
    if (code == 0)
        code = krb5_get_init_creds_opt_set_fast_ccache(
            context, attempt->options, attempt->ccache);
    return code;
}

krb5_error_code
sg_krb5_attempt_step(struct sg_krb5_attempt *attempt, krb5_data *answer,
                     bool *ret_goes_on)
{
    krb5_data request = {0}, realm = {0};
    unsigned flags = 0;
    krb5_error_code code = krb5_init_creds_step(
        attempt->context, attempt->creds, answer, &request, &realm, &flags);

    krb5_free_data_contents(attempt->context, &realm);
    krb5_free_data_contents(attempt->context, &attempt->request);
    attempt->request = request;
    *ret_goes_on = flags & KRB5_INIT_CREDS_STEP_FLAG_CONTINUE;
    return code;
}

krb5_error_code
sg_krb5_attempt_begin(struct sg_krb5_attempt *attempt,
                      enum sg_krb5_attempt_kind kind,
                      const struct sg_krb5_host *host)
{
    enum sg_krb5_profile profile = kind == SG_KRB5_ATTEMPT_OWN_TIME
                                       ? SG_KRB5_PROFILE_LOGIN_OWN_TIME
                                       : SG_KRB5_PROFILE_LOGIN;
    krb5_data nothing = {0};
    krb5_context context;
    krb5_error_code code;
    bool goes_on;

    memset(attempt, 0, sizeof *attempt);
    code = sg_krb5_context_new(profile, &context);
    if (code != 0)
        return code;
    attempt->kind = kind;
    attempt->context = context;
    attempt->reads = sg_krb5_host_reads(host);
    code =
        krb5_parse_name(context, sg_krb5_host_client(host), &attempt->client);
    if (code == 0)
        code = krb5_kt_resolve(context, sg_krb5_host_keytab(host),
                               &attempt->keytab);
    if (code == 0)
        code = krb5_cc_resolve(context, sg_krb5_host_ccache(host),
                               &attempt->ccache);
    if (code == 0)
        code = set_options(attempt, host);
    if (code == 0)
        code = krb5_init_creds_init(context, attempt->client, NULL, NULL, 0,
                                    attempt->options, &attempt->creds);
    if (code == 0)
        code = krb5_init_creds_set_keytab(context, attempt->creds,
                                          attempt->keytab);
    return code ? code : sg_krb5_attempt_step(attempt, &nothing, &goes_on);
}

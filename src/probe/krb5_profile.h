/*
 * libkrb5 contexts that do not know the administrator's krb5.conf.
 *
 * Whatever is asked of a KDC is asked in a context with a built-in profile.  A
 * krb5.conf that is broken or missing therefore does not end the measuring,
 * no setting (canonicalize, enctypes, kdc_timesync) changes what is asked, no
 * name is looked up, and no plugin is loaded into the daemon: what
 * pre-authentication with a key needs is inside libkrb5.
 */
#ifndef SG_PROBE_KRB5_PROFILE_H
#define SG_PROBE_KRB5_PROFILE_H

#include <krb5.h>

enum sg_krb5_profile {
    SG_KRB5_PROFILE_PLAIN, /* no pre-authentication at all */
    SG_KRB5_PROFILE_LOGIN, /* with a key; the time is what the KDC says */
    SG_KRB5_PROFILE_LOGIN_OWN_TIME, /* ... what our own clock says */
    SG_KRB5_PROFILE_COUNT
};

/* To be freed by krb5_free_context. */
krb5_error_code sg_krb5_context_new(enum sg_krb5_profile profile,
                                    krb5_context *ret);

#endif

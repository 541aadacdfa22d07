/*
 * In whose name a KDC is asked.
 *
 * The host's own principal, because "needs pre-authentication" for a name that
 * exists is the most ordinary line in a KDC's log, while a name that does not
 * exist looks like somebody guessing names.
 *
 * It comes from the default keytab, entries of the realm only: NAME$ first
 * (Active Directory gives no ticket to host/NAME), then host/..., then the
 * first one.  Where there is no keytab that can be read, as for a daemon
 * without privilege: host/FQDN, which members of MIT, Heimdal and FreeIPA
 * realms have.  A host name without a domain gets the realm's name in lower
 * case for one, since DNS must not be asked here.
 */
#ifndef SG_PROBE_KRB5_CLIENT_H
#define SG_PROBE_KRB5_CLIENT_H

#include <krb5.h>

/*
 * Fills in *ret, to be freed by krb5_free_principal, or returns libkrb5's
 * code.  The name of the default keytab is looked up in krb5.conf; one that
 * is broken counts as no keytab.
 */
krb5_error_code sg_krb5_client(krb5_context context, const char *realm,
                               krb5_principal *ret);

#endif

/*
 * In whose name a KDC is asked without pre-authentication.
 *
 * The host's own principal, because "needs pre-authentication" for a name that
 * exists is the most ordinary line in a KDC's log, while a name that does not
 * exist looks like somebody guessing names.
 *
 * It is that of the host's key (probe/krb5_keytab.h).  Where there is no key
 * that can be read, as for a daemon without privilege: host/FQDN, which
 * members of MIT, Heimdal and FreeIPA realms have.  A host name without a
 * domain gets the realm's name in lower case for one, since DNS must not be
 * asked here.
 */
#ifndef SG_PROBE_KRB5_CLIENT_H
#define SG_PROBE_KRB5_CLIENT_H

#include <krb5.h>

struct sg_krb5_host;

/*
 * Fills in *ret, to be freed by krb5_free_principal, or returns libkrb5's
 * code.  host may be NULL: no key.
 */
krb5_error_code sg_krb5_client(krb5_context context, struct sg_krb5_host *host,
                               const char *realm, krb5_principal *ret);

#endif

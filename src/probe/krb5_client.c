#include "probe/krb5_client.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/status.h"
#include "probe/krb5_host.h"

static krb5_error_code
name_from_host(krb5_context context, const char *realm, krb5_principal *ret)
{
    char host[256] = "", fqdn[256 + SG_NAME_MAX];

    if (gethostname(host, sizeof host - 1) != 0 || !host[0])
        snprintf(host, sizeof host, "localhost");
    snprintf(fqdn, sizeof fqdn, "%s%s%s", host, strchr(host, '.') ? "" : ".",
             strchr(host, '.') ? "" : realm);
    for (char *c = fqdn; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return krb5_build_principal(context, ret, (unsigned)strlen(realm), realm,
                                "host", fqdn, (char *)NULL);
}

krb5_error_code
sg_krb5_client(krb5_context context, struct sg_krb5_host *host,
               const char *realm, krb5_principal *ret)
{
    struct sg_outcome why_not;

    if (host && sg_krb5_host_load(host, &why_not))
        return krb5_parse_name(context, sg_krb5_host_client(host), ret);
    return name_from_host(context, realm, ret);
}

#include "probe/krb5_client.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/status.h"

static bool
data_is(const krb5_data *data, const char *text)
{
    return data->length == strlen(text) &&
           memcmp(data->data, text, data->length) == 0;
}

/* How good an entry's name is to ask with; the lowest is best, -1: unusable. */
static int
rank_name(krb5_const_principal name, const char *realm)
{
    const krb5_data *first = name->data;

    if (!data_is(&name->realm, realm) || name->length < 1)
        return -1;
    if (name->length == 1 && first->length > 1 &&
        first->data[first->length - 1] == '$')
        return 0;
    return name->length == 2 && data_is(first, "host") ? 1 : 2;
}

static char *
best_of_keytab(krb5_context context, krb5_keytab keytab, const char *realm)
{
    krb5_kt_cursor cursor;
    krb5_keytab_entry entry;
    int best_rank = 3;
    char *best = NULL;

    if (krb5_kt_start_seq_get(context, keytab, &cursor) != 0)
        return NULL;
    while (krb5_kt_next_entry(context, keytab, &entry, &cursor) == 0) {
        int rank = rank_name(entry.principal, realm);
        char *text;

        if (rank >= 0 && rank < best_rank &&
            krb5_unparse_name(context, entry.principal, &text) == 0) {
            krb5_free_unparsed_name(context, best);
            best = text;
            best_rank = rank;
        }
        krb5_free_keytab_entry_contents(context, &entry);
    }
    krb5_kt_end_seq_get(context, keytab, &cursor);
    return best;
}

/*
 * The best name in the default keytab.  This is the one place that reads the
 * administrator's krb5.conf, for default_keytab_name.
 */
static bool
name_from_keytab(krb5_context ours, const char *realm, krb5_principal *ret)
{
    krb5_context theirs;
    krb5_keytab keytab;
    char *text = NULL;
    bool is_found;

    if (krb5_init_context(&theirs) != 0)
        return false;
    if (krb5_kt_default(theirs, &keytab) == 0) {
        text = best_of_keytab(theirs, keytab, realm);
        krb5_kt_close(theirs, keytab);
    }
    is_found = text && krb5_parse_name(ours, text, ret) == 0;
    krb5_free_unparsed_name(theirs, text);
    krb5_free_context(theirs);
    return is_found;
}

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
sg_krb5_client(krb5_context context, const char *realm, krb5_principal *ret)
{
    if (name_from_keytab(context, realm, ret))
        return 0;
    return name_from_host(context, realm, ret);
}

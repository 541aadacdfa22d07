#include "probe/krb5_keytab.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "probe/krb5_files.h"
#include "probe/krb5_profile.h"

#define WORST_RANK 3 /* of no name at all */

static bool
data_is(const krb5_data *data, const char *text)
{
    return data->length == strlen(text) &&
           memcmp(data->data, text, data->length) == 0;
}

/* How good an entry's name is to ask with; the lowest is best. */
static int
rank_name(krb5_const_principal name, const char *realm)
{
    const krb5_data *first = name->data;

    if (!data_is(&name->realm, realm) || name->length < 1)
        return WORST_RANK;
    if (name->length == 1 && first->length > 1 &&
        first->data[first->length - 1] == '$')
        return 0;
    return name->length == 2 && data_is(first, "host") ? 1 : 2;
}

bool
sg_krb5_is_passing(int code)
{
    static const int codes[] = {ENOMEM, EMFILE, ENFILE, EINTR, EIO, ESTALE};

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (code == -codes[i])
            return true;
    return false;
}

/* ---- which file ---- */

/* A krb5.conf that is broken leaves what is built into libkrb5. */
static krb5_error_code
default_name(char *ret, int size)
{
    krb5_context context;
    krb5_error_code code = EINVAL;

    if (sg_krb5_files_check(NULL) == 0)
        code = krb5_init_context(&context);
    if (code != 0 && !sg_krb5_is_passing(-code))
        code = sg_krb5_context_new(SG_KRB5_PROFILE_PLAIN, &context);
    if (code != 0)
        return code;
    code = krb5_kt_default_name(context, ret, size);
    krb5_free_context(context);
    return code;
}

int
sg_krb5_keytab_path(const char *name, char *ret, size_t size,
                    struct sg_err *err)
{
    static const char *const types[] = {"FILE:", "WRFILE:"};
    char theirs[SG_KEYTAB_PATH_MAX + 8];

    if (!name[0]) {
        krb5_error_code code = default_name(theirs, (int)sizeof theirs);

        if (sg_krb5_is_passing(-code))
            return sg_err_set(err, -code, "krb5.conf cannot be read: %s",
                              strerror(code));
        if (code != 0)
            return sg_err_set(err, -EINVAL,
                              "the default keytab's name is longer than %d "
                              "bytes",
                              SG_KEYTAB_PATH_MAX - 1);
        name = theirs;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncmp(name, types[i], strlen(types[i])) == 0) {
            name += strlen(types[i]);
            break;
        }
    if (name[0] != '/')
        return sg_err_set(err, -EINVAL,
                          "keytab %.60s: only files with a path from / are "
                          "read",
                          name);
    if (strlen(name) >= size)
        return sg_err_set(err, -EINVAL,
                          "keytab's path has %zu bytes, allowed are %zu",
                          strlen(name), size - 1);
    snprintf(ret, size, "%s", name);
    return 0;
}

/* ---- its keys ---- */

static void
drop_keys(krb5_context context, struct sg_krb5_keys *keys)
{
    for (int i = 0; i < keys->n; i++)
        krb5_free_keytab_entry_contents(context, &keys->entries[i]);
    keys->n = 0;
}

void
sg_krb5_keys_clear(krb5_context context, struct sg_krb5_keys *keys)
{
    drop_keys(context, keys);
    keys->client[0] = '\0';
}

/* Keep an entry, which then belongs to keys, or let it go. */
static void
take_entry(krb5_context context, const char *realm, krb5_keytab_entry *entry,
           int *best_rank, struct sg_krb5_keys *keys)
{
    int rank = rank_name(entry->principal, realm);
    const krb5_keytab_entry *best = &keys->entries[0];
    bool is_same =
        keys->n > 0 &&
        krb5_principal_compare(context, entry->principal, best->principal);

    if (!krb5_c_valid_enctype(entry->key.enctype) ||
        (is_same ? entry->vno < best->vno : rank >= *best_rank)) {
        krb5_free_keytab_entry_contents(context, entry);
        return;
    }
    if (!is_same || entry->vno > best->vno)
        drop_keys(context, keys);
    *best_rank = rank;
    if (keys->n < SG_KEYTAB_MAX_KEYS)
        keys->entries[keys->n++] = *entry;
    else
        krb5_free_keytab_entry_contents(context, entry);
}

static krb5_error_code
read_entries(krb5_context context, krb5_keytab keytab, const char *realm,
             struct sg_krb5_keys *ret)
{
    int best_rank = WORST_RANK;
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    krb5_error_code code = krb5_kt_start_seq_get(context, keytab, &cursor);

    if (code != 0)
        return code;
    while ((code = krb5_kt_next_entry(context, keytab, &entry, &cursor)) == 0)
        take_entry(context, realm, &entry, &best_rank, ret);
    krb5_kt_end_seq_get(context, keytab, &cursor);
    return code == KRB5_KT_END ? 0 : code;
}

static krb5_error_code
name_client(krb5_context context, struct sg_krb5_keys *keys)
{
    char *text;
    krb5_error_code code =
        krb5_unparse_name(context, keys->entries[0].principal, &text);

    if (code != 0)
        return code;
    if (strlen(text) >= sizeof keys->client)
        code = KRB5_CONFIG_NOTENUFSPACE;
    else
        snprintf(keys->client, sizeof keys->client, "%s", text);
    krb5_free_unparsed_name(context, text);
    return code;
}

int
sg_krb5_keytab_read(krb5_context context, const char *path, const char *realm,
                    struct sg_krb5_keys *ret, struct sg_err *err)
{
    char name[SG_KEYTAB_PATH_MAX + 8];
    krb5_keytab keytab;
    krb5_error_code code;
    const char *why;

    ret->n = 0;
    ret->client[0] = '\0';
    snprintf(name, sizeof name, "FILE:%s", path);
    code = krb5_kt_resolve(context, name, &keytab);
    if (code == 0) {
        code = read_entries(context, keytab, realm, ret);
        krb5_kt_close(context, keytab);
    }
    if (code == 0 && ret->n == 0)
        return sg_err_set(err, -ENOENT, "no key of realm %.60s", realm);
    if (code == 0)
        code = name_client(context, ret);
    if (code == 0)
        return 0;
    sg_krb5_keys_clear(context, ret);
    why = krb5_get_error_message(context, code);
    sg_err_set(err, 0, "%s", why);
    krb5_free_error_message(context, why);
    return sg_krb5_is_passing(-code) ? -code : -EINVAL;
}

/*
 * A host's keytab: which file, in whose name, and its keys.
 *
 * NAME$ comes first (Active Directory gives no ticket to host/NAME), then
 * host/..., then the first name of the realm.
 */
#ifndef SG_PROBE_KRB5_KEYTAB_H
#define SG_PROBE_KRB5_KEYTAB_H

#include <krb5.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "core/status.h"

#define SG_KEYTAB_PATH_MAX SG_NAME_MAX /* with its NUL */
#define SG_KEYTAB_MAX_KEYS 16          /* of one name, at its highest version */

/* Keys of one name. */
struct sg_krb5_keys {
    char client[SG_NAME_MAX + 128]; /* "host/a.example@EXAMPLE" */
    int n;
    krb5_keytab_entry entries[SG_KEYTAB_MAX_KEYS];
};

/*
 * An error (a negative errno) that says nothing of the file: the next try may
 * do.  Descriptors and memory come back, and so do file servers.
 */
bool sg_krb5_is_passing(int code);

/*
 * The path of the keytab called name: a path, perhaps with "FILE:" in front;
 * empty for libkrb5's default keytab, the one place where the administrator's
 * krb5.conf is read.  -EINVAL with a reason if that is no file or too long, or
 * what passes.
 */
int sg_krb5_keytab_path(const char *name, char *ret, size_t size,
                        struct sg_err *err);

/*
 * Read the keys of the realm's best name, those with the highest version.  To
 * be cleared by sg_krb5_keys_clear.  0, or a negative errno with a reason that
 * does not name the path: -ENOENT if there is no key of the realm, or what
 * passes.
 */
int sg_krb5_keytab_read(krb5_context context, const char *path,
                        const char *realm, struct sg_krb5_keys *ret,
                        struct sg_err *err);

/* Wipes and releases the keys. */
void sg_krb5_keys_clear(krb5_context context, struct sg_krb5_keys *keys);

#endif

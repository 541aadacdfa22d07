#include "setup/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/krb5_files.h"

void
sg_profile_describe(char *ret, size_t size)
{
    const char *at = sg_krb5_file_list();
    char file[256];
    size_t used = 0;

    while (used < size) {
        size_t len = strcspn(at, ":");

        snprintf(file, sizeof file, "%.*s", (int)len, at);
        used += (size_t)snprintf(ret + used, size - used, "%s", file);
        if (access(file, R_OK) < 0 && used < size)
            used += (size_t)snprintf(ret + used, size - used, " (%s)",
                                     strerror(errno));
        if (!at[len])
            break;
        at += len + 1;
        if (used < size)
            used += (size_t)snprintf(ret + used, size - used, ":");
    }
}

/* A failure in libkrb5's words.  Its codes begin where errno has ended. */
static int
refuse(krb5_error_code code, struct sg_err *err)
{
    const char *message = krb5_get_error_message(NULL, code);
    char files[256];

    sg_profile_describe(files, sizeof files);
    sg_err_set(err, 0, "%s: %s", files, message);
    krb5_free_error_message(NULL, message);
    return code > 0 && code < 200 ? -code : -EINVAL;
}

/* The context serves to find and merge them as every other program does. */
int
sg_profile_open_context(krb5_context *ret_context, profile_t *ret,
                        struct sg_err *err)
{
    krb5_error_code code;

    if (sg_krb5_files_check(err) < 0)
        return -EINVAL;
    code = krb5_init_context(ret_context);
    if (code != 0)
        return refuse(code, err);
    code = krb5_get_profile(*ret_context, ret);
    if (code == 0)
        return 0;
    krb5_free_context(*ret_context);
    return refuse(code, err);
}

int
sg_profile_open(profile_t *ret, struct sg_err *err)
{
    krb5_context context;
    int code = sg_profile_open_context(&context, ret, err);

    if (code == 0)
        krb5_free_context(context);
    return code;
}

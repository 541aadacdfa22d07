#include "probe/krb5_profile.h"

#include <errno.h>
#include <profile.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_NAMES 3
#define MAX_VALUES 2

/* The path's unused names and the unused values are NULL. */
struct relation {
    const char *path[PATH_MAX_NAMES];
    const char *values[MAX_VALUES + 1];
};

/*
 * Of the pre-authentication plugins only one named "none" may be loaded, so
 * none is.  Loading them costs 7 us of the 17 for a question, and several MiB
 * where pkinit brings OpenSSL.
 */
static const struct relation plain[] = {
    {{"plugins", "clpreauth", "enable_only"}, {"none"}},
    {{NULL}, {NULL}},
};

/* With a key: encrypted timestamps, and inside FAST encrypted challenges
 * (RFC 6113 5.4.6).  Nothing may ask DNS, which would block. */
static const struct relation login[] = {
    {{"plugins", "clpreauth", "enable_only"},
     {"encrypted_timestamp", "encrypted_challenge"}},
    {{"libdefaults", "dns_lookup_kdc"}, {"false"}},
    {{"libdefaults", "dns_uri_lookup"}, {"false"}},
    {{"libdefaults", "dns_lookup_realm"}, {"false"}},
    {{"libdefaults", "dns_canonicalize_hostname"}, {"false"}},
    {{"libdefaults", "kdc_timesync"}, {"1"}},
    {{NULL}, {NULL}},
};

/* A KDC may grant more skew than the 300 s that libkrb5 would without the
 * second one; the KDC is the judge of it. */
static const struct relation own_time[] = {
    {{"libdefaults", "kdc_timesync"}, {"0"}},
    {{"libdefaults", "clockskew"}, {"2147483"}},
    {{NULL}, {NULL}},
};

/* The first list that has a relation counts. */
struct list {
    const struct relation *relations;
    const struct list *next;
};

static const struct list lists[SG_KRB5_PROFILE_COUNT] = {
    [SG_KRB5_PROFILE_PLAIN] = {plain, NULL},
    [SG_KRB5_PROFILE_LOGIN] = {login, NULL},
    [SG_KRB5_PROFILE_LOGIN_OWN_TIME] = {own_time,
                                        &lists[SG_KRB5_PROFILE_LOGIN]},
};

static bool
is_path(const struct relation *relation, const char *const *names)
{
    for (int i = 0; i < PATH_MAX_NAMES; i++) {
        if (!relation->path[i] || !names[i])
            return relation->path[i] == names[i];
        if (strcmp(relation->path[i], names[i]) != 0)
            return false;
    }
    return !names[PATH_MAX_NAMES];
}

static const struct relation *
find(const struct list *list, const char *const *names)
{
    for (; list; list = list->next)
        for (const struct relation *r = list->relations; r->path[0]; r++)
            if (is_path(r, names))
                return r;
    return NULL;
}

static void
free_values(void *data, char **values)
{
    (void)data;
    for (char **value = values; value && *value; value++)
        free(*value);
    free(values);
}

static long
get_values(void *data, const char *const *names, char ***ret)
{
    const struct relation *relation = find(data, names);
    char **values;

    if (!relation)
        return PROF_NO_RELATION;
    values = calloc(MAX_VALUES + 1, sizeof *values);
    if (!values)
        return ENOMEM;
    for (int i = 0; relation->values[i]; i++) {
        values[i] = strdup(relation->values[i]);
        if (!values[i]) {
            free_values(NULL, values);
            return ENOMEM;
        }
    }
    *ret = values;
    return 0;
}

krb5_error_code
sg_krb5_context_new(enum sg_krb5_profile profile, krb5_context *ret)
{
    struct profile_vtable vtable = {
        .minor_ver = 1,
        .get_values = get_values,
        .free_values = free_values,
    };
    profile_t made;
    /* only read; the library knows no const here */
    long code = profile_init_vtable(&vtable, (void *)&lists[profile], &made);

    if (code != 0)
        return (krb5_error_code)code;
    code = krb5_init_context_profile(made, 0, ret);
    profile_release(made); /* the context has its own copy */
    return (krb5_error_code)code;
}

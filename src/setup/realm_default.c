/* The realm of this host, and the krb5.conf that says nothing of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "setup/config_units.h"
#include "setup/profile.h"
#include "setup/realm.h"

#define TEMPLATE_REALM "ATHENA.MIT.EDU"

struct setting {
    const char *key, *value;
};

/* All of [libdefaults] in the krb5.conf that Debian's krb5-config installs. */
static const struct setting template_defaults[] = {
    {"default_realm", TEMPLATE_REALM},
    {"kdc_timesync", "1"},
    {"ccache_type", "4"},
    {"forwardable", "true"},
    {"proxiable", "true"},
    {"rdns", "false"},
    {"fcc-mit-ticketflags", "true"},
};

/* ... the KDCs of its default realm, in their order ... */
static const char *const template_kdcs[] = {
    "kerberos.mit.edu", "kerberos-1.mit.edu", "kerberos-2.mit.edu:88"};

/* ... and all its [realms]. */
static const char *const template_realms[] = {
    TEMPLATE_REALM, "ZONE.MIT.EDU",   "CSAIL.MIT.EDU", "IHTFP.ORG",
    "1TS.ORG",      "ANDREW.CMU.EDU", "CS.CMU.EDU",    "DEMENTIA.ORG",
    "stanford.edu", "UTORONTO.CA"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool
is_one_of(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

static bool
has_template_defaults(profile_t profile)
{
    const char *names[] = {"libdefaults", NULL};
    char **keys = NULL;
    bool ret = profile_get_relation_names(profile, names, &keys) == 0;

    for (int i = 0; ret && keys[i]; i++) {
        char *value = NULL;
        const struct setting *stock = template_defaults;
        const struct setting *end = stock + COUNT(template_defaults);

        while (stock < end && strcmp(stock->key, keys[i]) != 0)
            stock++;
        ret = stock < end &&
              profile_get_string(profile, "libdefaults", keys[i], NULL, NULL,
                                 &value) == 0 &&
              value && strcmp(value, stock->value) == 0;
        profile_release_string(value);
    }
    profile_free_list(keys);
    return ret;
}

static bool
has_template_kdcs(profile_t profile)
{
    const char *names[] = {"realms", TEMPLATE_REALM, "kdc", NULL};
    char **kdcs = NULL;
    bool ret = profile_get_values(profile, names, &kdcs) == 0;
    size_t n = 0;

    for (; ret && kdcs[n]; n++)
        ret =
            n < COUNT(template_kdcs) && strcmp(kdcs[n], template_kdcs[n]) == 0;
    profile_free_list(kdcs);
    return ret && n == COUNT(template_kdcs);
}

/* Who removed the foreign realms has edited the file, too. */
static bool
has_template_realms(profile_t profile)
{
    const char *names[] = {"realms", NULL};
    char **realms = NULL;
    bool ret = profile_get_subsection_names(profile, names, &realms) == 0;
    size_t n = 0;

    for (; ret && realms[n]; n++)
        ret = is_one_of(realms[n], template_realms, COUNT(template_realms));
    profile_free_list(realms);
    return ret && n > COUNT(template_realms) / 2;
}

/*
 * Debian puts this file on every host with a Kerberos library, so it says
 * nothing about the host.  Half of its realms suffice: they have come and
 * gone with the package's versions.
 */
static bool
is_template(profile_t profile, const char *realm)
{
    return strcmp(realm, TEMPLATE_REALM) == 0 &&
           has_template_defaults(profile) && has_template_kdcs(profile) &&
           has_template_realms(profile);
}

static int
judge_default(profile_t profile, const char *realm, struct sg_err *err)
{
    struct sg_config_quoted quoted;
    char files[256];

    sg_profile_describe(files, sizeof files);
    if (!realm)
        return sg_err_set(err, -ENOENT, "%s: no default_realm", files);
    if (!sg_realm_name_is_valid(realm))
        return sg_err_set(err, -EINVAL,
                          "%s: default_realm \"%s\" is no realm, allowed are "
                          "up to 255 visible ASCII characters",
                          files, sg_config_quote(realm, &quoted));
    if (is_template(profile, realm))
        return sg_err_set(err, -ENOENT,
                          "%s: Debian's template, unedited: its default_realm "
                          "%s does not count",
                          files, realm);
    return 0;
}

/*
 * The realm that [domain_realm] has for this host, by the name that the host
 * has itself; NULL: none.  Given a name, krb5_get_host_realm asks no DNS, and
 * without a match it says "".
 */
static char *
find_host_realm(krb5_context context)
{
    char host[256], **realms, *ret = NULL;

    if (gethostname(host, sizeof host) < 0)
        return NULL;
    host[sizeof host - 1] = '\0';
    if (krb5_get_host_realm(context, host, &realms) != 0)
        return NULL;
    if (realms[0] && realms[0][0])
        ret = strdup(realms[0]);
    krb5_free_host_realm(context, realms);
    return ret;
}

/* To be freed; NULL: none. */
static char *
find_default(krb5_context context, profile_t profile)
{
    char *value = NULL, *ret = NULL;

    /* krb5_get_default_realm would go on to DNS where the file gives none: it
     * blocks, and it guesses. */
    profile_get_string(profile, "libdefaults", "default_realm", NULL, NULL,
                       &value);
    if (value)
        ret = strdup(value);
    profile_release_string(value);
    return ret ? ret : find_host_realm(context);
}

int
sg_realm_default(char *ret, size_t size, struct sg_err *err)
{
    krb5_context context;
    profile_t profile;
    char *realm;
    int code = sg_profile_open_context(&context, &profile, err);

    if (code < 0)
        return code;
    realm = find_default(context, profile);
    code = judge_default(profile, realm, err);
    if (code == 0 && strlen(realm) >= size)
        code =
            sg_err_set(err, -ENAMETOOLONG, "default_realm %s: too long", realm);
    if (code == 0)
        strcpy(ret, realm);
    free(realm);
    profile_release(profile);
    krb5_free_context(context);
    return code;
}

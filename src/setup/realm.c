#include "setup/realm.h"

#include <errno.h>
#include <krb5.h>
#include <profile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "setup/config_units.h"

#define DEFAULT_CLOCKSKEW_S 300
#define DAY_S 86400

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

static void add_notice(struct sg_realm_setup *setup, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add_notice(struct sg_realm_setup *setup, const char *format, ...)
{
    struct sg_notice *notice;
    va_list args;

    if (setup->n_notices >= SG_MAX_NOTICES)
        return;
    notice = &setup->notices[setup->n_notices++];
    va_start(args, format);
    vsnprintf(notice->text, sizeof notice->text, format, args);
    va_end(args);
}

/* ---- the files ---- */

/*
 * The files that libkrb5 reads, as a path list, each with what keeps us from
 * reading it: libkrb5 passes over most of that without a word.  Only for
 * messages: its public calls do not tell.
 */
static void
describe_files(char *ret, size_t size)
{
    const char *list = secure_getenv("KRB5_CONFIG");
    const char *at = list ? list : "/etc/krb5.conf";
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

    describe_files(files, sizeof files);
    sg_err_set(err, 0, "%s: %s", files, message);
    krb5_free_error_message(NULL, message);
    return code > 0 && code < 200 ? -code : -EINVAL;
}

/*
 * Opened anew for each call, so that a reload sees what the files say now.
 * The context serves to find and merge them as every other program does.
 */
static int
open_profile(profile_t *ret, struct sg_err *err)
{
    krb5_context context;
    krb5_error_code code = krb5_init_context(&context);

    if (code != 0)
        return refuse(code, err);
    code = krb5_get_profile(context, ret);
    krb5_free_context(context);
    return code != 0 ? refuse(code, err) : 0;
}

/* ---- the default realm ---- */

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

    describe_files(files, sizeof files);
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

int
sg_realm_default(char *ret, size_t size, struct sg_err *err)
{
    profile_t profile;
    char *realm = NULL;
    int code = open_profile(&profile, err);

    if (code < 0)
        return code;
    /* krb5_get_default_realm would go on to DNS and the host's name where the
     * file gives none: it blocks, and it guesses. */
    profile_get_string(profile, "libdefaults", "default_realm", NULL, NULL,
                       &realm);
    code = judge_default(profile, realm, err);
    if (code == 0 && strlen(realm) >= size)
        code =
            sg_err_set(err, -ENAMETOOLONG, "default_realm %s: too long", realm);
    if (code == 0)
        strcpy(ret, realm);
    profile_release_string(realm);
    profile_release(profile);
    return code;
}

/* ---- one realm ---- */

/* A limit of nothing or less cannot be kept. */
static void
judge_clockskew(int value, struct sg_realm_setup *ret)
{
    ret->clockskew_s = value > 0 ? value : DEFAULT_CLOCKSKEW_S;
    if (value > DAY_S)
        add_notice(ret,
                   "krb5.conf: clockskew = %d can hardly be meant (a day is "
                   "%d s)",
                   value, DAY_S);
    else if (value < 0)
        add_notice(ret,
                   "krb5.conf: clockskew = %d is negative, with which libkrb5 "
                   "refuses every ticket; %d s are assumed instead",
                   value, DEFAULT_CLOCKSKEW_S);
    else if (value == 0)
        add_notice(ret,
                   "krb5.conf: clockskew = 0 makes libkrb5 refuse what is one "
                   "second off; %d s are assumed instead",
                   DEFAULT_CLOCKSKEW_S);
}

static void
read_clockskew(profile_t profile, struct sg_realm_setup *ret)
{
    struct sg_config_quoted quoted;
    char *text = NULL;
    int value = DEFAULT_CLOCKSKEW_S;

    /* On failure it leaves the default in value, as in libkrb5 itself. */
    if (profile_get_integer(profile, "libdefaults", "clockskew", NULL,
                            DEFAULT_CLOCKSKEW_S, &value) == 0) {
        judge_clockskew(value, ret);
        return;
    }
    ret->clockskew_s = DEFAULT_CLOCKSKEW_S;
    if (profile_get_string(profile, "libdefaults", "clockskew", NULL, NULL,
                           &text) == 0 &&
        text)
        add_notice(ret,
                   "krb5.conf: clockskew = \"%s\" is no whole number of "
                   "seconds; libkrb5 ignores it silently, %d s are in force",
                   sg_config_quote(text, &quoted), DEFAULT_CLOCKSKEW_S);
    profile_release_string(text);
}

static void
add_kdc(const char *text, struct sg_realm_setup *ret)
{
    struct sg_target target;
    struct sg_err why;

    if (sg_realm_parse_kdc(text, &target, &why) < 0) {
        add_notice(ret, "krb5.conf: %s: kdc passed over: %s", ret->name,
                   why.text);
        return;
    }
    memcpy(target.realm, ret->name, sizeof target.realm);
    ret->kdcs[ret->n_kdcs++] = target;
}

static void
read_kdcs(profile_t profile, struct sg_realm_setup *ret)
{
    const char *names[] = {"realms", ret->name, "kdc", NULL};
    char **kdcs = NULL;

    if (profile_get_values(profile, names, &kdcs) != 0)
        return;
    for (int i = 0; kdcs[i]; i++) {
        if (ret->n_kdcs == SG_MAX_KDCS) {
            add_notice(ret,
                       "krb5.conf: %s: more than %d KDCs, the others are "
                       "passed over",
                       ret->name, SG_MAX_KDCS);
            break;
        }
        add_kdc(kdcs[i], ret);
    }
    profile_free_list(kdcs);
}

int
sg_realm_load(const char *name, struct sg_realm_setup *ret, struct sg_err *err)
{
    profile_t profile;
    int code;

    if (!sg_realm_name_is_valid(name))
        return sg_err_set(err, -EINVAL,
                          "realm \"%.64s\" is no realm, allowed are up to 255 "
                          "visible ASCII characters",
                          name);
    code = open_profile(&profile, err);
    if (code < 0)
        return code;
    memset(ret, 0, sizeof *ret);
    memcpy(ret->name, name, strlen(name));
    read_clockskew(profile, ret);
    read_kdcs(profile, ret);
    profile_release(profile);
    return 0;
}

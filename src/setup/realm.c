#include "setup/realm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "setup/config_units.h"
#include "setup/profile.h"

#define DEFAULT_CLOCKSKEW_S 300
#define DAY_S 86400

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

/* Any text but a yes is a no, as in libkrb5 (libdef_parse.c). */
static bool
is_yes(const char *text)
{
    static const char *const words[] = {"y", "yes", "true", "t", "1", "on"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

/* dns_lookup_kdc, or what came before it. */
static bool
read_dns_lookup_kdc(profile_t profile)
{
    static const char *const keys[] = {"dns_lookup_kdc", "dns_fallback"};
    char *text = NULL;
    bool ret;

    for (int i = 0; i < 2 && !text; i++)
        if (profile_get_string(profile, "libdefaults", keys[i], NULL, NULL,
                               &text) != 0)
            return true;
    ret = !text || is_yes(text);
    profile_release_string(text);
    return ret;
}

static void
read_sitename(profile_t profile, struct sg_realm_setup *ret)
{
    struct sg_config_quoted quoted;
    char *text = NULL;

    if (profile_get_string(profile, "realms", ret->name, "sitename", NULL,
                           &text) != 0 ||
        !text)
        return;
    if (strlen(text) < sizeof ret->sitename)
        strcpy(ret->sitename, text);
    else
        add_notice(ret, "krb5.conf: %s: sitename \"%s\" is too long", ret->name,
                   sg_config_quote(text, &quoted));
    profile_release_string(text);
}

/* As libkrb5 reads them: on failure the default is left in the value. */
static void
read_switches(profile_t profile, struct sg_realm_setup *ret)
{
    int timesync = 1, uri = 1;

    profile_get_integer(profile, "libdefaults", "kdc_timesync", NULL, 1,
                        &timesync);
    profile_get_boolean(profile, "libdefaults", "dns_uri_lookup", NULL, 1,
                        &uri);
    ret->kdc_timesync = timesync != 0;
    ret->uses_dns = read_dns_lookup_kdc(profile);
    ret->uses_uri = uri != 0;
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
    ret->names_kdcs = kdcs[0] != NULL;
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
    code = sg_profile_open(&profile, err);
    if (code < 0)
        return code;
    memset(ret, 0, sizeof *ret);
    memcpy(ret->name, name, strlen(name));
    read_clockskew(profile, ret);
    read_switches(profile, ret);
    read_sitename(profile, ret);
    read_kdcs(profile, ret);
    profile_release(profile);
    return 0;
}

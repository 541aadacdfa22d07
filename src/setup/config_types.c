/* What may stand behind a key of skewguard.conf, but for what alerts need. */
#include "setup/config_types.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/hostname.h"
#include "setup/config.h"
#include "setup/config_units.h"
#include "setup/realm.h"

/* Enumerations are stored as what their enum type is. */
static_assert(sizeof(enum sg_mode) == sizeof(unsigned) &&
                  sizeof(enum sg_follow) == sizeof(unsigned) &&
                  sizeof(enum sg_remind) == sizeof(unsigned) &&
                  sizeof(enum sg_tls) == sizeof(unsigned) &&
                  sizeof(enum sg_transport) == sizeof(unsigned),
              "an enumeration is not stored as an unsigned");

void
sg_config_print_quoted(const char *text, struct sg_buf *ret)
{
    sg_buf_add(ret, "\"");
    for (; *text; text++)
        sg_buf_add(ret, strchr("\"\\$", *text) ? "\\%c" : "%c", *text);
    sg_buf_add(ret, "\"");
}

int
sg_config_refuse(const char *text, const char *why, struct sg_err *err)
{
    struct sg_config_quoted quoted;

    return sg_err_set(err, -EINVAL, "value \"%s\" %s",
                      sg_config_quote(text, &quoted), why);
}

int
sg_config_refuse_more(const char *text, const char *what, int max,
                      struct sg_err *err)
{
    struct sg_config_quoted quoted;

    return sg_err_set(err, -EINVAL, "one %s too many: \"%s\", allowed are %d",
                      what, sg_config_quote(text, &quoted), max);
}

void
sg_config_print_list(const char *items, int n, size_t size, struct sg_buf *ret)
{
    sg_buf_add(ret, "{");
    for (int i = 0; i < n; i++) {
        sg_buf_add(ret, i ? ", " : " ");
        sg_config_print_quoted(items + (size_t)i * size, ret);
    }
    sg_buf_add(ret, " }");
}

void
sg_config_store_text(const char *text, void *field, size_t size)
{
    size_t len = strlen(text);

    assert(len < size);
    memcpy(field, text, len);
    memset((char *)field + len, 0, size - len);
}

/* ---- words ---- */

static int
find_word(const struct sg_config_key *key, const char *text, struct sg_err *err)
{
    struct sg_config_quoted quoted;
    char allowed[128] = "";

    for (int i = 0; key->words[i]; i++) {
        size_t len = strlen(allowed);

        if (strcmp(key->words[i], text) == 0)
            return i;
        snprintf(allowed + len, sizeof allowed - len, "%s%s", i ? ", " : "",
                 key->words[i]);
    }
    return sg_err_set(err, -EINVAL, "value \"%s\" is unknown, allowed are %s",
                      sg_config_quote(text, &quoted), allowed);
}

static int
read_word(const struct sg_config_key *key, const char *text, void *field,
          struct sg_err *err)
{
    int word = find_word(key, text, err);
    unsigned value = (unsigned)word;

    if (word < 0)
        return word;
    memcpy(field, &value, sizeof value);
    return 0;
}

static void
print_word(const struct sg_config_key *key, const void *field,
           struct sg_buf *ret)
{
    unsigned value;

    memcpy(&value, field, sizeof value);
    sg_buf_add(ret, "%s", key->words[value]);
}

/* A word that is kept as its text. */
static int
read_name(const struct sg_config_key *key, const char *text, void *field,
          struct sg_err *err)
{
    int word = find_word(key, text, err);

    if (word < 0)
        return word;
    sg_config_store_text(text, field, (size_t)key->max + 1);
    return 0;
}

static void
print_name(const struct sg_config_key *key, const void *field,
           struct sg_buf *ret)
{
    (void)key;
    sg_buf_add(ret, "%s", (const char *)field);
}

/* ---- numbers ---- */

static int
read_duration(const struct sg_config_key *key, const char *text, void *field,
              struct sg_err *err)
{
    return sg_parse_duration(text, key->min, key->max, field, err);
}

static void
print_duration(const struct sg_config_key *key, const void *field,
               struct sg_buf *ret)
{
    char text[32];
    double span_s = *(const double *)field;

    /* Zero is a value where something else is the default. */
    if (span_s <= 0 && !key->deflt)
        return;
    sg_config_format_duration(span_s, text, sizeof text);
    sg_buf_add(ret, "%s", text);
}

static int
read_percent(const struct sg_config_key *key, const char *text, void *field,
             struct sg_err *err)
{
    return sg_parse_percent(text, key->min, key->max, field, err);
}

static void
print_percent(const struct sg_config_key *key, const void *field,
              struct sg_buf *ret)
{
    char text[32];

    (void)key;
    sg_config_format_percent(*(const double *)field, text, sizeof text);
    sg_buf_add(ret, "%s", text);
}

static int
read_port(const struct sg_config_key *key, const char *text, void *field,
          struct sg_err *err)
{
    size_t digits = strspn(text, "0123456789");
    int value = digits < 6 ? (int)strtol(text, NULL, 10) : 0;

    if (text[digits] != '\0' || value < key->min || value > key->max)
        return sg_config_refuse(text, "is no port, allowed are 1 to 65535",
                                err);
    *(uint16_t *)field = (uint16_t)value;
    return 0;
}

static void
print_port(const struct sg_config_key *key, const void *field,
           struct sg_buf *ret)
{
    (void)key;
    sg_buf_add(ret, "%u", *(const uint16_t *)field);
}

/* ---- texts ---- */

void
sg_config_print_text(const struct sg_config_key *key, const void *field,
                     struct sg_buf *ret)
{
    (void)key;
    if (*(const char *)field)
        sg_config_print_quoted(field, ret);
}

static bool
is_printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

int
sg_config_read_path(const struct sg_config_key *key, const char *text,
                    void *field, struct sg_err *err)
{
    char why[64];

    snprintf(why, sizeof why, "is too long, allowed are %.0f characters",
             key->max);
    if (text[0] != '/' || !is_printable(text))
        return sg_config_refuse(
            text, "is no path, allowed is one that begins with \"/\"", err);
    if ((double)strlen(text) > key->max)
        return sg_config_refuse(text, why, err);
    sg_config_store_text(text, field, (size_t)key->max + 1);
    return 0;
}

/* libkrb5 writes a keytab's path as "FILE:/path"; that is taken, too. */
static int
read_keytab(const struct sg_config_key *key, const char *text, void *field,
            struct sg_err *err)
{
    static const char prefix[] = "FILE:";

    if (strcmp(text, SG_KEYTAB_NONE) == 0) {
        sg_config_store_text(text, field, (size_t)key->max + 1);
        return 0;
    }
    if (strncmp(text, prefix, strlen(prefix)) == 0)
        text += strlen(prefix);
    if (text[0] != '/')
        return sg_config_refuse(
            text,
            "is no keytab, allowed is a path that begins with \"/\", "
            "or " SG_KEYTAB_NONE,
            err);
    return sg_config_read_path(key, text, field, err);
}

static int
read_host(const struct sg_config_key *key, const char *text, void *field,
          struct sg_err *err)
{
    (void)key;
    if (!sg_host_is_valid(text))
        return sg_config_refuse(
            text,
            "is no host, allowed is a DNS name, an IPv4 address, or "
            "an IPv6 address without brackets",
            err);
    sg_config_store_text(text, field, SG_NAME_MAX);
    return 0;
}

static int
read_realm(const struct sg_config_key *key, const char *text, void *field,
           struct sg_err *err)
{
    (void)key;
    if (!sg_realm_name_is_valid(text))
        return sg_config_refuse(
            text,
            "is no realm, allowed are up to 255 visible ASCII "
            "characters",
            err);
    sg_config_store_text(text, field, SG_NAME_MAX);
    return 0;
}

/* ---- a realm's list of KDCs; the field is the whole record ---- */

static void
set_kdc_count(void *record, int n)
{
    ((struct sg_config_realm *)record)->n_kdcs = n;
}

static int
read_kdcs(const struct sg_config_key *key, const char *text, void *field,
          struct sg_err *err)
{
    struct sg_config_realm *realm = field;
    int ret;

    (void)key;
    realm->replaces_kdcs = true;
    if (realm->n_kdcs >= SG_MAX_KDCS)
        return sg_config_refuse_more(text, "KDC", SG_MAX_KDCS, err);
    ret = sg_realm_parse_kdc(text, &realm->kdcs[realm->n_kdcs], err);
    if (ret == 0)
        realm->n_kdcs++;
    return ret;
}

static void
print_kdcs(const struct sg_config_key *key, const void *field,
           struct sg_buf *ret)
{
    static const char *const prefixes[] = {"", "udp/", "tcp/"};
    const struct sg_config_realm *realm = field;

    (void)key;
    if (!realm->replaces_kdcs)
        return;
    sg_buf_add(ret, "{");
    for (int i = 0; i < realm->n_kdcs; i++) {
        const struct sg_target *kdc = &realm->kdcs[i];
        const char *brackets = strchr(kdc->host, ':') ? "[]" : "\0";

        sg_buf_add(ret, "%s\"%s%.1s%s%s:%u\"", i ? ", " : " ",
                   prefixes[kdc->transport], brackets, kdc->host, brackets + 1,
                   kdc->port);
    }
    sg_buf_add(ret, " }");
}

/* ---- the types ---- */

const struct sg_config_type sg_config_word = {read_word, print_word, NULL};
const struct sg_config_type sg_config_name = {read_name, print_name, NULL};
const struct sg_config_type sg_config_duration = {read_duration, print_duration,
                                                  NULL};
const struct sg_config_type sg_config_percent = {read_percent, print_percent,
                                                 NULL};
const struct sg_config_type sg_config_port = {read_port, print_port, NULL};
const struct sg_config_type sg_config_path = {sg_config_read_path,
                                              sg_config_print_text, NULL};
const struct sg_config_type sg_config_keytab = {read_keytab,
                                                sg_config_print_text, NULL};
const struct sg_config_type sg_config_host = {read_host, sg_config_print_text,
                                              NULL};
const struct sg_config_type sg_config_realm_name = {read_realm,
                                                    sg_config_print_text, NULL};
const struct sg_config_type sg_config_kdcs = {read_kdcs, print_kdcs,
                                              set_kdc_count};

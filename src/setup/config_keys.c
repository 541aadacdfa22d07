#include "setup/config_keys.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/hostname.h"
#include "setup/config.h"
#include "setup/config_units.h"
#include "setup/realm.h"

#define DAY_S 86400

/* Room for "/status" and the like behind a folder. */
#define FOLDER_LENGTH_MAX 1000

/* Enumerations are stored as what their enum type is. */
static_assert(sizeof(enum sg_mode) == sizeof(unsigned) &&
                  sizeof(enum sg_follow) == sizeof(unsigned) &&
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

static int
refuse(const char *text, const char *why, struct sg_err *err)
{
    struct sg_config_quoted quoted;

    return sg_err_set(err, -EINVAL, "value \"%s\" %s",
                      sg_config_quote(text, &quoted), why);
}

/* Fill the rest with zeros, so that configurations compare bytewise. */
static void
store_text(const char *text, void *field, size_t size)
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
    store_text(text, field, (size_t)key->max + 1);
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

    (void)key;
    if (span_s <= 0)
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
        return refuse(text, "is no port, allowed are 1 to 65535", err);
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

static void
print_text(const struct sg_config_key *key, const void *field,
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

static int
read_path(const struct sg_config_key *key, const char *text, void *field,
          struct sg_err *err)
{
    char why[64];

    snprintf(why, sizeof why, "is too long, allowed are %.0f characters",
             key->max);
    if (text[0] != '/' || !is_printable(text))
        return refuse(text, "is no path, allowed is one that begins with \"/\"",
                      err);
    if ((double)strlen(text) > key->max)
        return refuse(text, why, err);
    store_text(text, field, (size_t)key->max + 1);
    return 0;
}

/* libkrb5 writes a keytab's path as "FILE:/path"; that is taken, too. */
static int
read_keytab(const struct sg_config_key *key, const char *text, void *field,
            struct sg_err *err)
{
    static const char prefix[] = "FILE:";

    if (strcmp(text, SG_KEYTAB_NONE) == 0) {
        store_text(text, field, (size_t)key->max + 1);
        return 0;
    }
    if (strncmp(text, prefix, strlen(prefix)) == 0)
        text += strlen(prefix);
    if (text[0] != '/')
        return refuse(text,
                      "is no keytab, allowed is a path that begins with \"/\", "
                      "or " SG_KEYTAB_NONE,
                      err);
    return read_path(key, text, field, err);
}

static int
read_host(const struct sg_config_key *key, const char *text, void *field,
          struct sg_err *err)
{
    (void)key;
    if (!sg_host_is_valid(text))
        return refuse(text,
                      "is no host, allowed is a DNS name, an IPv4 address, or "
                      "an IPv6 address without brackets",
                      err);
    store_text(text, field, SG_NAME_MAX);
    return 0;
}

static int
read_realm(const struct sg_config_key *key, const char *text, void *field,
           struct sg_err *err)
{
    (void)key;
    if (!sg_realm_name_is_valid(text))
        return refuse(text,
                      "is no realm, allowed are up to 255 visible ASCII "
                      "characters",
                      err);
    store_text(text, field, SG_NAME_MAX);
    return 0;
}

/* ---- a realm's list of KDCs; the field is the whole record ---- */

static int
read_kdcs(const struct sg_config_key *key, const char *text, void *field,
          struct sg_err *err)
{
    struct sg_config_realm *realm = field;
    int ret;

    (void)key;
    realm->replaces_kdcs = true;
    if (realm->n_kdcs >= SG_MAX_KDCS)
        return sg_err_set(err, -EINVAL,
                          "one KDC too many: \"%s\", allowed are %d", text,
                          SG_MAX_KDCS);
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

/* ---- the table ---- */

static const struct sg_config_type word_type = {read_word, print_word, false};
static const struct sg_config_type name_type = {read_name, print_name, false};
static const struct sg_config_type duration_type = {read_duration,
                                                    print_duration, false};
static const struct sg_config_type percent_type = {read_percent, print_percent,
                                                   false};
static const struct sg_config_type port_type = {read_port, print_port, false};
static const struct sg_config_type path_type = {read_path, print_text, false};
static const struct sg_config_type keytab_type = {read_keytab, print_text,
                                                  false};
static const struct sg_config_type host_type = {read_host, print_text, false};
static const struct sg_config_type realm_type = {read_realm, print_text, false};
static const struct sg_config_type kdcs_type = {read_kdcs, print_kdcs, true};

static const char *const modes[] = {"auto", "guard", "discipline", NULL};
static const char *const clocks[] = {"auto", "kernel", "none", NULL};
static const char *const follows[] = {"realm", "utc", NULL};
static const char *const transports[] = {"auto", "udp", "tcp", NULL};

#define MAIN(field) offsetof(struct sg_config, field)
#define REALM(field) offsetof(struct sg_config_realm, field)
#define SERVER(field) offsetof(struct sg_config_server, field)

/* clang-format off */
const struct sg_config_key sg_config_keys[] = {
    {"", "mode", &word_type, MAIN(mode), 0, 0, modes, "auto"},
    {"", "clock", &name_type, MAIN(clock), 0, 15, clocks, "auto"},
    {"", "follow", &word_type, MAIN(follow), 0, 0, follows, "realm"},
    {"", "max_poll", &duration_type, MAIN(max_poll_s), 16, 1024, NULL, "64s"},
    {"", "kdc_poll", &duration_type, MAIN(kdc_poll_s), 4, 1024, NULL, "64s"},
    {"", "runtime_directory", &path_type, MAIN(runtime_directory),
        0, FOLDER_LENGTH_MAX, NULL, "/run/skewguard"},
    {"", "state_directory", &path_type, MAIN(state_directory),
        0, FOLDER_LENGTH_MAX, NULL, "/var/lib/skewguard"},
    {"", "status_file", &path_type, MAIN(status_file),
        0, SG_PATH_MAX - 1, NULL, NULL},
    {"alert", "warn", &percent_type, MAIN(warn_frac), 0.01, 1, NULL, "20%"},
    {"alert", "critical", &percent_type, MAIN(critical_frac),
        0.01, 1, NULL, "60%"},
    {"realm", "clockskew", &duration_type, REALM(clockskew_s),
        1, DAY_S, NULL, NULL},
    {"realm", "kdc", &kdcs_type, 0, 0, 0, NULL, NULL},
    {"realm", "keytab", &keytab_type, REALM(keytab),
        0, SG_NAME_MAX - 1, NULL, NULL},
    {"ntp", "address", &host_type, SERVER(target.host), 0, 0, NULL, NULL},
    {"ntp", "port", &port_type, SERVER(target.port), 1, 65535, NULL, "123"},
    {"kdc", "realm", &realm_type, SERVER(target.realm), 0, 0, NULL, NULL},
    {"kdc", "address", &host_type, SERVER(target.host), 0, 0, NULL, NULL},
    {"kdc", "port", &port_type, SERVER(target.port), 1, 65535, NULL, "88"},
    {"kdc", "transport", &word_type, SERVER(target.transport),
        0, 0, transports, "auto"},
};
/* clang-format on */

const size_t sg_config_n_keys = sizeof sg_config_keys / sizeof *sg_config_keys;

const struct sg_config_key *
sg_config_key_find(const char *section, const char *key_name)
{
    for (size_t i = 0; i < sg_config_n_keys; i++)
        if (strcmp(sg_config_keys[i].section, section) == 0 &&
            strcmp(sg_config_keys[i].name, key_name) == 0)
            return &sg_config_keys[i];
    return NULL;
}

int
sg_config_key_read(const struct sg_config_key *key, const char *text,
                   void *record, struct sg_err *err)
{
    return key->type->read(key, text, (char *)record + key->offset, err);
}

void
sg_config_keys_default(const char *section, void *record)
{
    for (size_t i = 0; i < sg_config_n_keys; i++) {
        const struct sg_config_key *key = &sg_config_keys[i];

        if (strcmp(key->section, section) == 0 && key->deflt)
            sg_config_key_read(key, key->deflt, record, NULL);
    }
}

/*
 * The option table of skewguard.conf: every key there is, how it is read,
 * its default and its limits.  A new setting is a new line in it.
 */
#ifndef SG_SETUP_CONFIG_KEYS_H
#define SG_SETUP_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct sg_config_key;

struct sg_config_type {
    /* Check text and store it; -EINVAL with a reason, "value "X" ...". */
    int (*read)(const struct sg_config_key *key, const char *text, void *field,
                struct sg_err *err);
    /* Append the value in the file's syntax; nothing if it is not set. */
    void (*print)(const struct sg_config_key *key, const void *field,
                  struct sg_buf *ret);
    bool is_list; /* read appends one element */
};

struct sg_config_key {
    const char *section; /* "": outside of any section */
    const char *name;
    const struct sg_config_type *type;
    size_t offset; /* of the field in the section's struct, see below */
    double min, max;
    const char *const *words; /* of an enumeration, by value, NULL at the end */
    const char *deflt;        /* as text; NULL: none, see the manual page */
};

/*
 * Sections "" and "alert" are stored in struct sg_config, "realm" in struct
 * sg_config_realm, "ntp" and "kdc" in struct sg_config_server.
 */
extern const struct sg_config_key sg_config_keys[];
extern const size_t sg_config_n_keys;

/* NULL if there is none. */
const struct sg_config_key *sg_config_key_find(const char *section,
                                               const char *name);

/* record is the section's struct. */
int sg_config_key_read(const struct sg_config_key *key, const char *text,
                       void *record, struct sg_err *err);

/* Set all keys of a section to their defaults. */
void sg_config_keys_default(const char *section, void *record);

/* Append text in quotes. */
void sg_config_print_quoted(const char *text, struct sg_buf *ret);

#endif

/*
 * What may stand behind a key of skewguard.conf: how one value is checked,
 * stored and printed.
 */
#ifndef SG_SETUP_CONFIG_TYPES_H
#define SG_SETUP_CONFIG_TYPES_H

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
    /* Of a list, to which read appends one element: how many there are.  The
     * field is the whole record.  NULL: no list. */
    void (*set_count)(void *record, int n);
};

struct sg_config_key {
    const char *section; /* "": outside of any section */
    const char *name;
    const struct sg_config_type *type;
    size_t offset; /* of the field in the section's struct */
    double min, max;
    const char *const *words; /* of an enumeration, by value, NULL at the end */
    const char *deflt;        /* as text; NULL: none, see the manual page */
};

/* min and max are the limits of a number, max that of a length. */
extern const struct sg_config_type sg_config_word, sg_config_name,
    sg_config_duration, sg_config_percent, sg_config_port, sg_config_path,
    sg_config_keytab, sg_config_host, sg_config_realm_name, sg_config_kdcs;

/* ---- for those who write further types ---- */

/* -EINVAL: value "TEXT" why. */
int sg_config_refuse(const char *text, const char *why, struct sg_err *err);

/* -EINVAL: "one WHAT too many: "TEXT", allowed are MAX". */
int sg_config_refuse_more(const char *text, const char *what, int max,
                          struct sg_err *err);

/* Into a char array; the rest is filled with zeros, so that configurations
 * compare bytewise. */
void sg_config_store_text(const char *text, void *field, size_t size);

/* A path within the key's length. */
int sg_config_read_path(const struct sg_config_key *key, const char *text,
                        void *field, struct sg_err *err);

/* A char array in quotes, unless it is empty. */
void sg_config_print_text(const struct sg_config_key *key, const void *field,
                          struct sg_buf *ret);

/* Append text in quotes. */
void sg_config_print_quoted(const char *text, struct sg_buf *ret);

/* n char arrays of that size, "{ "a", "b" }". */
void sg_config_print_list(const char *items, int n, size_t size,
                          struct sg_buf *ret);

#endif

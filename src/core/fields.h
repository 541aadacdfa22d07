/*
 * Structs without pointers as "key=value" lines: a table says what a struct
 * holds.  Encoding and decoding both follow it, so they cannot part.
 */
#ifndef SG_CORE_FIELDS_H
#define SG_CORE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum sg_field_type {
    SG_FIELD_INT,    /* int or unsigned */
    SG_FIELD_BOOL,   /* 0 or 1 */
    SG_FIELD_ENUM,   /* a word of names */
    SG_FIELD_DOUBLE, /* decimal, 9 places */
    SG_FIELD_NS,     /* int64_t nanoseconds: sg_raw, sg_wall */
    SG_FIELD_TEXT,   /* char array */
};

struct sg_field {
    const char *key;
    enum sg_field_type type;
    size_t offset;
    long long min;            /* INT: smallest */
    long long max;            /* INT: largest; ENUM: count; TEXT: array size */
    const char *const *names; /* ENUM */
};

struct sg_fields {
    const struct sg_field *fields;
    size_t n;
};

/* Append a line for each field, prefix in front of its key.  Control
 * characters in texts become '?'. */
void sg_fields_encode(const struct sg_fields *of, const char *prefix,
                      const void *from, struct sg_buf *ret);

/* NULL if there is none of that key. */
const struct sg_field *sg_fields_find(const struct sg_fields *of,
                                      const char *key, size_t len);

/* Read the value that ends at end into its place in to.  False if it is
 * malformed, out of range or too long; that place is then undefined. */
bool sg_field_decode(const struct sg_field *field, const char *value,
                     const char *end, void *to);

/* A decimal number without a sign, of at most 18 digits; moves *text behind
 * it. */
bool sg_fields_take_digits(const char **text, const char *end, int64_t *ret);

#endif

/*
 * What the text form of a status holds: one table for each kind of record.
 * Encoding and decoding both follow it, so they cannot part.
 */
#ifndef SG_CORE_STATUS_FIELDS_H
#define SG_CORE_STATUS_FIELDS_H

#include <stddef.h>

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

/* Of the status itself, its clock, one realm, one source. */
struct sg_fields {
    const struct sg_field *fields;
    size_t n;
};

extern const struct sg_fields sg_status_top, sg_status_of_clock,
    sg_status_of_realm, sg_status_of_source;

#endif

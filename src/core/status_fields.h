/*
 * What the text form of a status holds: one table for each kind of record.
 */
#ifndef SG_CORE_STATUS_FIELDS_H
#define SG_CORE_STATUS_FIELDS_H

#include "core/fields.h"

/* Of the status itself, its clock, one realm, one source. */
extern const struct sg_fields sg_status_top, sg_status_of_clock,
    sg_status_of_realm, sg_status_of_source;

#endif

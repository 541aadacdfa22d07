/* A record with something in every field, for tests. */
#ifndef SG_TESTS_ALERT_RECORD_H
#define SG_TESTS_ALERT_RECORD_H

#include <stdio.h>

#include "alert/record.h"

static inline struct sg_record
record_make(const char *id, unsigned number, enum sg_alert_phase phase)
{
    struct sg_record record = {
        .number = number,
        .topic = SG_ALERT_REALM,
        .phase = phase,
        .level = SG_ALERT_EXCEEDED,
        .severity = 2,
        .host = "web1.example.com",
        .realm = "EXAMPLE.COM",
        .blame = SG_BLAME_OURS,
        .has_offset = true,
        .offset_s = 400.125,
        .limit_s = 300,
        .host_time = {INT64_C(1795662725000000001)},
        .has_true_time = true,
        .true_time = {INT64_C(1795663125125000001)},
        .subject = "EXAMPLE.COM: exceeded: this host is 400.1 s behind, limit "
                   "300 s; its own clock is wrong",
        .body = "EXAMPLE.COM: exceeded.\n\nSet the clock = by hand.\n",
    };

    snprintf(record.id, sizeof record.id, "%s", id);
    return record;
}

#endif

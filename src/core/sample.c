#include "core/sample.h"

const char *const sg_leap_names[SG_LEAP_COUNT] = {
    [SG_LEAP_NONE] = "none",
    [SG_LEAP_INSERT] = "insert",
    [SG_LEAP_DELETE] = "delete",
};

const char *const sg_outcome_names[SG_OUTCOME_COUNT] = {
    [SG_OUTCOME_OK] = "ok",
    [SG_OUTCOME_NO_REPLY] = "no-reply",
    [SG_OUTCOME_REFUSED] = "refused",
    [SG_OUTCOME_UNREACHABLE] = "unreachable",
    [SG_OUTCOME_NAME] = "name",
    [SG_OUTCOME_TRUNCATED] = "truncated",
    [SG_OUTCOME_OVERSIZED] = "oversized",
    [SG_OUTCOME_GARBAGE] = "garbage",
    [SG_OUTCOME_LOCAL] = "local",
    [SG_OUTCOME_NOT_OURS] = "not-ours",
    [SG_OUTCOME_UNSYNCED] = "unsynchronised",
    [SG_OUTCOME_STRATUM] = "stratum",
    [SG_OUTCOME_ABSURD] = "absurd",
    [SG_OUTCOME_KISS_RATE] = "kiss-rate",
    [SG_OUTCOME_KISS_DENY] = "kiss-deny",
    [SG_OUTCOME_REALM] = "realm",
    [SG_OUTCOME_NO_TIME] = "no-time",
    [SG_OUTCOME_TOO_BIG] = "too-big",
    [SG_OUTCOME_KEYTAB] = "keytab",
    [SG_OUTCOME_REJECTED] = "rejected",
    [SG_OUTCOME_UNPROVEN] = "unproven",
};

const char *
sg_outcome_name(enum sg_outcome_code code)
{
    return (unsigned)code < SG_OUTCOME_COUNT ? sg_outcome_names[code]
                                             : "invalid";
}

#include "core/status_fields.h"

#include "core/status.h"

#define AT(s, m) offsetof(struct s, m)
#define INT(s, m, lo, hi)                                                      \
    {                                                                          \
#m, SG_FIELD_INT, AT(s, m), lo, hi, NULL                               \
    }
#define BOOL(s, m)                                                             \
    {                                                                          \
#m, SG_FIELD_BOOL, AT(s, m), 0, 1, NULL                                \
    }
#define ENUM(s, m, names)                                                      \
    {                                                                          \
#m, SG_FIELD_ENUM, AT(s, m), 0, sizeof(names) / sizeof *(names), names \
    }
#define DOUBLE(s, m)                                                           \
    {                                                                          \
#m, SG_FIELD_DOUBLE, AT(s, m), 0, 0, NULL                              \
    }
#define NS(s, m)                                                               \
    {                                                                          \
#m "_ns", SG_FIELD_NS, AT(s, m), 0, 0, NULL                            \
    }
#define TEXT(s, m)                                                             \
    {                                                                          \
#m, SG_FIELD_TEXT, AT(s, m), 0, sizeof(((struct s *)0)->m), NULL       \
    }
#define MODEL(s)                                                               \
    BOOL(s, model.valid), NS(s, model.at), NS(s, model.ref),                   \
        DOUBLE(s, model.lower_s), DOUBLE(s, model.upper_s),                    \
        DOUBLE(s, model.error_s), DOUBLE(s, model.rate_ppm),                   \
        DOUBLE(s, model.growth_ppm), DOUBLE(s, model.wander_ppm),              \
        DOUBLE(s, model.walk_ppm)

/* clang-format off */
static const struct sg_field top_fields[] = {
    INT(sg_status, n_realms, 0, SG_MAX_REALMS),
    INT(sg_status, n_sources, 0, SG_MAX_SOURCES),
    INT(sg_status, pid, 0, INT32_MAX),
    NS(sg_status, published), DOUBLE(sg_status, publish_within_s),
    DOUBLE(sg_status, suspended_s), TEXT(sg_status, boot_id),
    NS(sg_status, started), ENUM(sg_status, mode, sg_mode_names),
    TEXT(sg_status, mode_reason), ENUM(sg_status, state, sg_state_names),
    DOUBLE(sg_status, warn_frac), DOUBLE(sg_status, critical_frac),
    DOUBLE(sg_status, own_clockskew_s), BOOL(sg_status, kdc_timesync),
    TEXT(sg_status, decision), TEXT(sg_status, notice),
};
static const struct sg_field clock_fields[] = {
    TEXT(sg_status_clock, driver), BOOL(sg_status_clock, disciplined),
    DOUBLE(sg_status_clock, frequency_ppm), DOUBLE(sg_status_clock, slew_ppm),
    MODEL(sg_status_clock), BOOL(sg_status_clock, synced),
    BOOL(sg_status_clock, refused),
    DOUBLE(sg_status_clock, last_step_s), NS(sg_status_clock, last_step_at),
    DOUBLE(sg_status_clock, last_foreign_s),
    NS(sg_status_clock, last_foreign_at),
    INT(sg_status_clock, steps, 0, INT32_MAX),
    INT(sg_status_clock, foreign_steps, 0, INT32_MAX),
    ENUM(sg_status_clock, leap, sg_leap_names), NS(sg_status_clock, leap_at),
    BOOL(sg_status_clock, simulated), NS(sg_status_clock, sim_raw),
    NS(sg_status_clock, sim_wall), DOUBLE(sg_status_clock, sim_rate_ppm),
};
static const struct sg_field realm_fields[] = {
    TEXT(sg_status_realm, name), ENUM(sg_status_realm, state, sg_state_names),
    BOOL(sg_status_realm, measured), DOUBLE(sg_status_realm, clockskew_s),
    BOOL(sg_status_realm, limit_overrides), MODEL(sg_status_realm),
    INT(sg_status_realm, worst, -1, SG_MAX_SOURCES - 1),
    DOUBLE(sg_status_realm, rate_ppm),
    DOUBLE(sg_status_realm, time_to_limit_s), TEXT(sg_status_realm, forecast),
    ENUM(sg_status_realm, blame, sg_blame_names), TEXT(sg_status_realm, reason),
    ENUM(sg_status_realm, auth, sg_auth_names),
    TEXT(sg_status_realm, auth_reason),
};
static const struct sg_field source_fields[] = {
    TEXT(sg_status_source, name), TEXT(sg_status_source, address),
    INT(sg_status_source, port, 0, 65535),
    ENUM(sg_status_source, kind, sg_kind_names), BOOL(sg_status_source, tcp),
    INT(sg_status_source, realm, -1, SG_MAX_REALMS - 1),
    ENUM(sg_status_source, tally, sg_tally_names),
    ENUM(sg_status_source, outcome, sg_outcome_names),
    TEXT(sg_status_source, reason), MODEL(sg_status_source),
    BOOL(sg_status_source, has_guess), DOUBLE(sg_status_source, delay_s),
    DOUBLE(sg_status_source, root_s), INT(sg_status_source, stratum, 0, 255),
    DOUBLE(sg_status_source, poll_s), INT(sg_status_source, reach, 0, 255),
    NS(sg_status_source, last), INT(sg_status_source, asked, 0, INT32_MAX),
    INT(sg_status_source, answered, 0, INT32_MAX),
};
/* clang-format on */

#define COUNT(a) (sizeof(a) / sizeof *(a))

const struct sg_fields sg_status_top = {top_fields, COUNT(top_fields)};
const struct sg_fields sg_status_of_clock = {clock_fields, COUNT(clock_fields)};
const struct sg_fields sg_status_of_realm = {realm_fields, COUNT(realm_fields)};
const struct sg_fields sg_status_of_source = {source_fields,
                                              COUNT(source_fields)};

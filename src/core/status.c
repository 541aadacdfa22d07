#include "core/status.h"

#include <math.h>
#include <string.h>

const char *const sg_state_names[SG_STATE_COUNT] = {"ok", "unknown", "warn",
                                                    "critical", "exceeded"};
const char *const sg_mode_names[SG_MODE_COUNT] = {"auto", "guard",
                                                  "discipline"};
const char *const sg_kind_names[SG_KIND_COUNT] = {"ntp", "kdc", "keytab"};
const char *const sg_tally_names[SG_TALLY_COUNT] = {"steers", "agrees", "aside",
                                                    "falseticker", "unusable"};
const char *const sg_blame_names[SG_BLAME_COUNT] = {
    "none", "our-clock", "kdc", "realm", "ntp", "unclear"};
const char *const sg_auth_names[SG_AUTH_COUNT] = {"off", "no-keytab", "pending",
                                                  "works", "fails"};

const char *
sg_state_name(enum sg_state state)
{
    return sg_state_names[state];
}

const char *
sg_mode_name(enum sg_mode mode)
{
    return sg_mode_names[mode];
}

const char *
sg_kind_name(enum sg_kind kind)
{
    return sg_kind_names[kind];
}

const char *
sg_tally_name(enum sg_tally tally)
{
    return sg_tally_names[tally];
}

const char *
sg_blame_name(enum sg_blame blame)
{
    return sg_blame_names[blame];
}

bool
sg_tally_is_believed(enum sg_tally tally)
{
    return tally == SG_TALLY_STEERS || tally == SG_TALLY_AGREES;
}

void
sg_status_init(struct sg_status *status)
{
    memset(status, 0, sizeof *status);
    status->state = SG_STATE_UNKNOWN;
    status->mode = SG_MODE_GUARD;
}

struct sg_wall
sg_status_wall(const struct sg_status *status, const struct sg_reading *host)
{
    const struct sg_status_clock *clock = &status->clock;
    double age_s;

    if (!clock->simulated)
        return host->wall;
    age_s = sg_raw_diff(host->raw, clock->sim_raw);
    return sg_wall_add(clock->sim_wall,
                       age_s * (1 + clock->sim_rate_ppm * 1e-6));
}

struct sg_model
sg_model_at(const struct sg_model *model, struct sg_raw now)
{
    struct sg_model ret = *model;
    double age_s = sg_raw_diff(now, model->at);
    double walked_ppm = model->walk_ppm * sqrt(fabs(age_s) / 3);
    double growth_s = fabs(age_s) * model->growth_ppm * 1e-6;

    ret.at = now;
    ret.ref = sg_wall_add(model->ref, age_s * (1 + model->rate_ppm * 1e-6));
    ret.lower_s -= growth_s;
    ret.upper_s += growth_s;
    /* moving on in several steps gives no less than in one */
    ret.error_s += fabs(age_s) * (model->wander_ppm + walked_ppm) * 1e-6;
    ret.wander_ppm += 1.5 * walked_ppm;
    ret.error_s = fmin(ret.error_s, fmax(ret.upper_s, -ret.lower_s));
    return ret;
}

bool
sg_model_skew(const struct sg_model *model, struct sg_raw now,
              struct sg_wall wall, struct sg_skew *ret)
{
    struct sg_model here;

    if (!model->valid)
        return false;
    here = sg_model_at(model, now);
    ret->offset_s = sg_wall_diff(here.ref, wall);
    ret->lower_s = ret->offset_s + here.lower_s;
    ret->upper_s = ret->offset_s + here.upper_s;
    ret->error_s = here.error_s;
    ret->age_s = sg_raw_diff(now, model->at);
    return true;
}

double
sg_skew_used(const struct sg_skew *skew, double limit_s)
{
    return fmax(fabs(skew->lower_s), fabs(skew->upper_s)) / limit_s;
}

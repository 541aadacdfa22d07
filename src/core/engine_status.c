/*
 * What the engine shows of itself.
 */
#include <stdio.h>
#include <string.h>

#include "core/engine_private.h"

static void
fill_source(const struct sg_engine *engine, int index,
            struct sg_status_source *ret)
{
    const struct source *s = engine->sources[index];
    const struct sg_candidate *c = &engine->candidates[index];
    const struct sg_sample *newest = sg_filter_newest(s->filter);

    memset(ret, 0, sizeof *ret);
    memcpy(ret->name, s->about.name, sizeof ret->name);
    memcpy(ret->address, s->address, sizeof ret->address);
    ret->port = s->port;
    ret->kind = s->about.kind;
    ret->tcp = s->tcp;
    ret->realm = s->about.realm;
    ret->tally = s->tally;
    ret->outcome = s->last.code;
    memcpy(ret->reason, s->reason, sizeof ret->reason);
    if (s->tally <= SG_TALLY_ASIDE && s->last.code != SG_OUTCOME_OK)
        snprintf(ret->reason, sizeof ret->reason,
                 "%.60s; the last attempt failed: %.110s", s->reason,
                 s->last.text);
    if (c->usable) {
        ret->model = c->estimate.model;
        ret->has_guess = c->estimate.has_guess;
    }
    if (newest) {
        ret->delay_s = newest->delay_s;
        ret->root_s = newest->root_s;
        ret->stratum = newest->stratum;
    }
    ret->poll_s = s->poll.denied ? -1 : s->poll.interval_s;
    ret->reach = s->reach;
    ret->last = s->last_good;
    ret->asked = s->asked;
    ret->answered = s->answered;
}

static void
fill_realm(const struct realm *realm, struct sg_status_realm *ret)
{
    memset(ret, 0, sizeof *ret);
    memcpy(ret->name, realm->name, sizeof ret->name);
    ret->state = realm->state;
    ret->measured = realm->measured;
    ret->clockskew_s = realm->clockskew_s;
    ret->limit_overrides = realm->limit_overrides;
    if (realm->clock.valid)
        ret->model = realm->clock.model;
    ret->worst = realm->worst;
    ret->rate_ppm = realm->rate_ppm;
    ret->time_to_limit_s = realm->time_to_limit_s;
    memcpy(ret->forecast, realm->forecast, sizeof ret->forecast);
    ret->blame = realm->blame;
    memcpy(ret->reason, realm->reason, sizeof ret->reason);
    ret->auth = realm->auth;
    memcpy(ret->auth_reason, realm->auth_reason, sizeof ret->auth_reason);
}

static void
fill_clock(const struct sg_engine *engine, struct sg_raw now,
           struct sg_status_clock *ret)
{
    ret->disciplined = engine->config.mode == SG_MODE_DISCIPLINE;
    ret->frequency_ppm = engine->discipline.base_ppm;
    ret->slew_ppm = sg_local_slew_ppm(&engine->local, now);
    ret->model = engine->model;
    ret->synced = engine->synced;
    ret->refused = engine->discipline.refused || engine->driver_refuses;
    ret->last_step_s = engine->last_step_s;
    ret->last_step_at = engine->last_step_at;
    ret->last_foreign_s = engine->last_foreign_s;
    ret->last_foreign_at = engine->last_foreign_at;
    ret->steps = engine->steps;
    ret->foreign_steps = engine->foreign_steps;
    ret->leap = SG_LEAP_NONE;
    ret->leap_at.ns = 0;
    if (!sg_leap_is_expected(&engine->leap))
        return;
    ret->leap = engine->leap.leap;
    ret->leap_at = engine->leap.day_end;
}

void
sg_engine_status(const struct sg_engine *engine,
                 const struct sg_reading *reading, struct sg_status *status)
{
    status->mode = engine->config.mode;
    status->warn_frac = engine->config.budget.warn_frac;
    status->critical_frac = engine->config.budget.critical_frac;
    memcpy(status->decision, engine->decision, sizeof status->decision);
    fill_clock(engine, reading->raw, &status->clock);
    status->n_realms = engine->n_realms;
    status->state = engine->n_realms > 0 ? SG_STATE_OK : SG_STATE_UNKNOWN;
    for (int i = 0; i < engine->n_realms; i++) {
        fill_realm(&engine->realms[i], &status->realms[i]);
        if (engine->realms[i].state > status->state)
            status->state = engine->realms[i].state;
    }
    status->n_sources = engine->n_sources;
    for (int i = 0; i < engine->n_sources; i++)
        fill_source(engine, i, &status->sources[i]);
}

/*
 * From one configuration to the next without forgetting.
 */
#include <string.h>

#include "core/engine_private.h"

static bool
is_same_group(const struct sg_engine *engine, int realm,
              const struct sg_engine *before, int realm_before)
{
    if (realm < 0 || realm_before < 0)
        return realm == realm_before;
    return strcmp(engine->realms[realm].name,
                  before->realms[realm_before].name) == 0;
}

/* The same clock, in the same place? */
static bool
is_same(const struct sg_engine *engine, int index,
        const struct sg_engine *before, int index_before)
{
    const struct sg_engine_source *a = &engine->sources[index]->about;
    const struct sg_engine_source *b = &before->sources[index_before]->about;

    return a->kind == b->kind && a->port == b->port &&
           strcmp(a->name, b->name) == 0 && strcmp(a->host, b->host) == 0 &&
           is_same_group(engine, a->realm, before, b->realm);
}

/* For each source of before the same one of engine, or -1.  Of several that
 * look alike, as a KDC on two ports, the first one is the first. */
static void
find_same(const struct sg_engine *engine, const struct sg_engine *before,
          int ret[])
{
    bool taken[SG_MAX_SOURCES] = {false};

    for (int i = 0; i < before->n_sources; i++) {
        ret[i] = -1;
        for (int j = 0; j < engine->n_sources && ret[i] < 0; j++)
            if (!taken[j] && is_same(engine, j, before, i))
                ret[i] = j;
        if (ret[i] >= 0)
            taken[ret[i]] = true;
    }
}

static void
adopt_realm(struct realm *realm, const struct realm *before, const int same[])
{
    double clockskew_s = realm->clockskew_s;
    bool limit_overrides = realm->limit_overrides;

    *realm = *before;
    realm->clockskew_s = clockskew_s;
    realm->limit_overrides = limit_overrides;
    memset(realm->turns, 0, sizeof realm->turns);
    realm->worst = before->worst >= 0 ? same[before->worst] : -1;
    /* what a KDC said that is not asked any more does not count */
    realm->clock.valid &= realm->worst >= 0;
}

/* Swap, so that both engines stay whole. */
static void
adopt_source(struct source *source, struct source *before)
{
    struct source was = *source;

    *source = *before;
    source->about = was.about;
    source->is_planned = false; /* it may be another poll interval now */
    source->turn = (struct sg_raw){0};
    *before = was;
}

/* Somebody else begins to steer, or we do again, as at a start. */
static void
change_hands(struct sg_engine *engine)
{
    engine->undo_s = 0;
    /* from the next reading on: an interval with two rates in it tells of
     * neither */
    engine->local.known = false;
    engine->local.natural_known = false;
    engine->synced = false;
    sg_discipline_restart(&engine->discipline);
    if (engine->config.mode != SG_MODE_DISCIPLINE)
        return;
    engine->discipline.base_ppm = engine->config.frequency_ppm;
    engine->discipline.anchor_ppm = engine->config.frequency_ppm;
    sg_local_init(&engine->local, engine->config.frequency_ppm);
}

/* Own clock, own steps, own account: independent of what is asked. */
static void
adopt_clock(struct sg_engine *engine, const struct sg_engine *before)
{
    struct sg_rates rates = engine->discipline.rates;

    engine->discipline = before->discipline;
    engine->discipline.rates = rates;
    engine->discipline.guard.limits = engine->config.guard;
    engine->local = before->local;
    engine->model = before->model;
    engine->started = before->started;
    engine->start = before->start;
    engine->settling = before->settling;
    engine->ready = before->ready;
    engine->synced = before->synced;
    if (engine->config.mode == SG_MODE_DISCIPLINE)
        engine->undo_s = before->undo_s;
    if (engine->config.mode != before->config.mode)
        change_hands(engine);
    engine->leap = before->leap;
    engine->leap_told_s = before->leap_told_s;
    engine->rate_learned = before->rate_learned;
    engine->reference_ppm = before->reference_ppm;
    engine->reference_at = before->reference_at;
    if (engine->config.mode == before->config.mode)
        engine->frequency_sd_ppm = before->frequency_sd_ppm;
    memcpy(engine->decision, before->decision, sizeof engine->decision);
    engine->last_step_s = before->last_step_s;
    engine->last_step_at = before->last_step_at;
    engine->last_foreign_s = before->last_foreign_s;
    engine->last_foreign_at = before->last_foreign_at;
    engine->steps = before->steps;
    engine->foreign_steps = before->foreign_steps;
}

void
sg_engine_adopt(struct sg_engine *engine, struct sg_engine *before)
{
    int same[SG_MAX_SOURCES];

    find_same(engine, before, same);
    adopt_clock(engine, before);
    for (int i = 0; i < engine->n_realms; i++)
        for (int j = 0; j < before->n_realms; j++)
            if (strcmp(engine->realms[i].name, before->realms[j].name) == 0)
                adopt_realm(&engine->realms[i], &before->realms[j], same);
    for (int i = 0; i < before->n_sources; i++)
        if (same[i] >= 0)
            adopt_source(engine->sources[same[i]], before->sources[i]);
    sg_engine_find_hosts(engine);
}

/*
 * The engine's realms: budget, forecast, verdict of each.
 */
#include <math.h>
#include <stdio.h>

#include "core/engine_private.h"
#include "core/verdict.h"

/* Without an answer for so long a realm's state is unknown; where answers are
 * asked for less often, when two of them in a row are missing. */
#define UNKNOWN_AFTER_S 900.0
#define PATIENCE_POLLS 2.5

/* Two KDCs further apart than this do not agree (both are NTP's business). */
#define KDC_AGREE_S 1.0

static int
find_sibling(const struct sg_engine *engine, int index, enum sg_kind kind)
{
    const struct sg_candidate *all = engine->candidates;

    for (int i = 0; i < engine->n_sources; i++)
        if (all[i].kind == kind && all[i].realm == all[index].realm &&
            all[i].host == all[index].host)
            return i;
    return -1;
}

/*
 * A source's word on its clock, if it is recent: one that fell silent may be
 * extrapolated for eight polls, and those of a KDC beside NTP are long.
 */
static const struct sg_candidate *
find_current(const struct sg_engine *engine, int index, struct sg_raw now)
{
    const struct source *s;
    double patience_s;

    if (index < 0 || !engine->candidates[index].usable)
        return NULL;
    s = engine->sources[index];
    patience_s = fmax(UNKNOWN_AFTER_S, PATIENCE_POLLS * s->poll.interval_s);
    return sg_raw_diff(now, s->last_good) <= patience_s
               ? &engine->candidates[index]
               : NULL;
}

/* One host of a realm: its KDC, its NTP server, or both. */
struct host {
    const struct sg_candidate *kdc, *ntp; /* NULL: none that answers */
    struct sg_kdc_clock clock;
};

/* False if this source says nothing for its host. */
static bool
look_at_host(const struct sg_engine *engine, int index, struct sg_raw now,
             struct host *ret)
{
    bool is_kdc = engine->candidates[index].kind == SG_KIND_KDC;

    if (!is_kdc && find_sibling(engine, index, SG_KIND_KDC) >= 0)
        return false;
    ret->kdc = is_kdc ? find_current(engine, index, now) : NULL;
    ret->ntp = find_current(
        engine, is_kdc ? find_sibling(engine, index, SG_KIND_NTP) : index, now);
    sg_budget_kdc_clock(ret->kdc, ret->ntp, &ret->clock);
    return ret->clock.valid;
}

/* The worst answering KDC of a realm, and whether they agree. */
static bool
find_worst(struct sg_engine *engine, int index, struct sg_raw now,
           struct sg_verdict_case *facts)
{
    struct realm *realm = &engine->realms[index];
    double lo_s = INFINITY, hi_s = -INFINITY, worst_frac = -1;

    for (int i = 0; i < engine->n_sources; i++) {
        struct host host;
        double used_frac;

        if (engine->candidates[i].realm != index ||
            !look_at_host(engine, i, now, &host))
            continue;
        facts->kdcs++;
        lo_s = fmin(lo_s, host.clock.skew.offset_s);
        hi_s = fmax(hi_s, host.clock.skew.offset_s);
        used_frac = sg_skew_used(&host.clock.skew, realm->clockskew_s);
        if (used_frac <= worst_frac)
            continue;
        worst_frac = used_frac;
        realm->clock = host.clock;
        realm->worst = i;
        facts->kdc_in_majority =
            sg_tally_is_believed((host.kdc ? host.kdc : host.ntp)->tally);
    }
    facts->realm_agrees = hi_s - lo_s <= KDC_AGREE_S;
    return facts->kdcs > 0;
}

static void
note_last_good(struct sg_engine *engine, int index)
{
    struct realm *realm = &engine->realms[index];

    for (int i = 0; i < engine->n_sources; i++)
        if (engine->candidates[i].realm == index &&
            engine->candidates[i].usable &&
            sg_raw_diff(engine->sources[i]->last_good, realm->last_good) > 0)
            realm->last_good = engine->sources[i]->last_good;
}

static void
find_blame(struct sg_engine *engine, struct realm *realm,
           struct sg_verdict_case *facts)
{
    const struct sg_consensus *all = &engine->consensus;
    double at_s = realm->clock.skew.offset_s;

    facts->limit_s = realm->clockskew_s;
    facts->warn_frac = engine->config.budget.warn_frac;
    facts->offset_s = at_s;
    facts->hosts = all->valid ? all->hosts : 0;
    facts->kdc = engine->sources[realm->worst]->about.name;
    for (int i = 0; i < engine->n_sources; i++) {
        const struct sg_candidate *c = &engine->candidates[i];
        double apart_s;

        if (!c->usable || c->kind != SG_KIND_NTP)
            continue;
        if (c->tally == SG_TALLY_FALSETICKER && all->hosts >= 2)
            facts->liar = engine->sources[i]->about.name;
        if (c->realm != SG_GROUP_UTC)
            continue;
        facts->others++;
        apart_s = fabs(c->skew.offset_s - at_s);
        facts->apart_s =
            facts->others == 1 ? apart_s : fmin(facts->apart_s, apart_s);
    }
    realm->blame = sg_verdict_blame(facts, realm->reason, sizeof realm->reason);
}

static bool
has_answers(const struct sg_engine *engine)
{
    for (int i = 0; i < engine->n_sources; i++)
        if (engine->candidates[i].usable)
            return true;
    return false;
}

/* A KDC's failure says most; where no KDC is asked, that of a server. */
static void
say_why_unknown(const struct sg_engine *engine, int index, char *ret,
                size_t size)
{
    const struct source *silent = NULL;
    const char *why;

    if (!engine->ready && has_answers(engine)) {
        snprintf(ret, size, "measuring");
        return;
    }
    for (int i = 0; i < engine->n_sources; i++) {
        const struct source *s = engine->sources[i];

        if (s->about.realm == index &&
            (!silent || (s->about.kind == SG_KIND_KDC &&
                         silent->about.kind != SG_KIND_KDC)))
            silent = s;
    }
    if (!silent) {
        snprintf(ret, size, "no KDC is known for this realm");
        return;
    }
    why = silent->asked == 0                   ? "not asked yet"
          : silent->last.code == SG_OUTCOME_OK ? "to be measured again"
                                               : silent->last.text;
    snprintf(ret, size, "no %s answers; %.80s: %.90s",
             silent->about.kind == SG_KIND_KDC ? "KDC" : "NTP server",
             silent->about.name, why);
}

static enum sg_state
judge_realm(struct sg_engine *engine, int index,
            const struct sg_reading *reading)
{
    struct realm *realm = &engine->realms[index];
    struct sg_verdict_case facts = {.limit_s = 0};
    double rate_ppm, age_s;

    realm->measured =
        engine->ready && find_worst(engine, index, reading->raw, &facts);
    note_last_good(engine, index);
    if (realm->measured)
        find_blame(engine, realm, &facts);
    else if (realm->clock.valid)
        sg_model_skew(&realm->clock.model, reading->raw, reading->wall,
                      &realm->clock.skew);
    age_s = sg_raw_diff(reading->raw, realm->last_good);
    if (!realm->measured && (!realm->clock.valid || age_s > UNKNOWN_AFTER_S)) {
        realm->time_to_limit_s = -1;
        realm->blame = SG_BLAME_NONE;
        say_why_unknown(engine, index, realm->reason, sizeof realm->reason);
        snprintf(realm->forecast, sizeof realm->forecast,
                 "none: nothing is measured");
        return SG_STATE_UNKNOWN;
    }
    rate_ppm = realm->clock.model.rate_ppm - sg_local_rate_ppm(&engine->local);
    realm->rate_ppm = rate_ppm;
    realm->time_to_limit_s = sg_budget_forecast(
        &realm->clock.skew, realm->clockskew_s, rate_ppm,
        engine->local.natural_known ? realm->clock.rate_sd_ppm : -1,
        realm->forecast, sizeof realm->forecast);
    return sg_budget_state(realm->state,
                           sg_skew_used(&realm->clock.skew, realm->clockskew_s),
                           &engine->config.budget);
}

/* "3.200 s behind KDC x" */
static void
say_skew(double offset_s, const char *kdc, char *ret, size_t size)
{
    if (fabs(offset_s) < 0.001)
        snprintf(ret, size, "less than 1 ms from KDC %s", kdc);
    else
        snprintf(ret, size, "%.3f s %s KDC %s", fabs(offset_s),
                 offset_s > 0 ? "behind" : "ahead of", kdc);
}

static void
say_state(const struct sg_engine *engine, const struct realm *realm,
          enum sg_state before, struct sg_decision *ret)
{
    char skew[SG_NAME_MAX + 64];

    if (realm->state == SG_STATE_UNKNOWN) {
        sg_engine_event(ret, SG_EVENT_STATE, realm->state,
                        "%s: unknown (was %s): %s", realm->name,
                        sg_state_name(before), realm->reason);
        return;
    }
    say_skew(realm->clock.skew.offset_s,
             engine->sources[realm->worst]->about.name, skew, sizeof skew);
    sg_engine_event(ret, SG_EVENT_STATE, realm->state,
                    "%s: %s (was %s): this host is %s, %.1f %% of the limit "
                    "of %.0f s; %s; forecast: %s",
                    realm->name, sg_state_name(realm->state),
                    sg_state_name(before), skew,
                    100 * sg_skew_used(&realm->clock.skew, realm->clockskew_s),
                    realm->clockskew_s, realm->reason, realm->forecast);
}

void
sg_engine_judge_realms(struct sg_engine *engine,
                       const struct sg_reading *reading,
                       struct sg_decision *ret)
{
    for (int i = 0; i < engine->n_realms; i++) {
        struct realm *realm = &engine->realms[i];
        enum sg_state before = realm->state;

        realm->state = judge_realm(engine, i, reading);
        if (realm->state != before)
            say_state(engine, realm, before, ret);
    }
}

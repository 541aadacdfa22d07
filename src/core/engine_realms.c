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

/* Later nobody remembers that he stepped the clock. */
#define FOREIGN_MEMORY_S 86400.0

/* Two KDCs further apart than this do not agree (both are NTP's business). */
#define KDC_AGREE_S 1.0

/* Those of a KDC whose turn comes are long.  An NTP server that is asked once
 * an hour is one that fell silent. */
static double
patience_s(const struct sg_engine *engine, const struct source *source)
{
    double poll_s = source->poll.interval_s;

    if (source->about.kind == SG_KIND_NTP)
        poll_s = fmin(poll_s, engine->config.poll.max_poll_s);
    return fmax(UNKNOWN_AFTER_S, PATIENCE_POLLS * poll_s);
}

/* A source's word on its clock, if it is recent: one that fell silent may be
 * extrapolated for eight polls. */
static const struct sg_candidate *
find_current(const struct sg_engine *engine, int index, struct sg_raw now)
{
    const struct source *s;

    if (index < 0 || !engine->newest[index].usable)
        return NULL;
    s = engine->sources[index];
    return sg_raw_diff(now, s->last_good) <= patience_s(engine, s)
               ? &engine->newest[index]
               : NULL;
}

/* One host of a realm: its KDC, its NTP server, or both. */
struct host {
    const struct sg_candidate *kdc, *ntp; /* NULL: none that answers */
    struct sg_kdc_clock clock;
    bool is_unproven; /* a plain word alone, where that is not enough */
};

/* What the KDC on this host has proven, unless proof has been asked for in vain
 * for long. */
static const struct sg_candidate *
find_proof(const struct sg_engine *engine, int index, struct sg_raw now)
{
    int own = sg_engine_find_sibling(engine, index, SG_KIND_KEYTAB);
    const struct source *s = own >= 0 ? engine->sources[own] : NULL;

    return s && engine->candidates[own].usable &&
                   !(s->is_failing &&
                     sg_raw_diff(now, s->failing) > UNKNOWN_AFTER_S)
               ? &engine->candidates[own]
               : NULL;
}

/* A proof that is all there is must be as recent as any other word. */
static bool
is_proof_recent(const struct sg_engine *engine, int index, struct sg_raw now)
{
    int own = sg_engine_find_sibling(engine, index, SG_KIND_KEYTAB);

    return sg_raw_diff(now, engine->sources[own]->last_good) <= UNKNOWN_AFTER_S;
}

/*
 * What the host's KDC has proven stands in for its plain word where that
 * contradicts it or does not come, and outdoes that of its NTP server.
 */
static void
prefer_proof(const struct sg_engine *engine, int index, struct sg_raw now,
             struct host *host)
{
    const struct sg_candidate *proof = find_proof(engine, index, now);
    bool is_plain =
        host->kdc && !host->kdc->is_outranked && !host->kdc->is_unproven;

    if (!is_plain && proof &&
        (host->kdc || host->ntp || is_proof_recent(engine, index, now)))
        host->kdc = proof;
    else
        host->is_unproven = host->kdc && !is_plain;
    if (!host->ntp || !host->ntp->is_outranked)
        return;
    if (host->kdc)
        host->ntp = NULL;
    else
        host->is_unproven = true;
}

/* False if this source says nothing for its host. */
static bool
look_at_host(const struct sg_engine *engine, int index, struct sg_raw now,
             struct host *ret)
{
    bool is_kdc = engine->candidates[index].kind == SG_KIND_KDC;
    int ntp =
        is_kdc ? sg_engine_find_sibling(engine, index, SG_KIND_NTP) : index;

    *ret = (struct host){0};
    if (engine->candidates[index].kind == SG_KIND_KEYTAB ||
        (!is_kdc && sg_engine_find_sibling(engine, index, SG_KIND_KDC) >= 0))
        return false;
    ret->kdc = is_kdc ? find_current(engine, index, now) : NULL;
    ret->ntp = find_current(engine, ntp, now);
    if (ret->kdc && ret->ntp && sg_engine_is_overtaken(engine, index, ntp))
        ret->kdc = NULL;
    prefer_proof(engine, index, now, ret);
    sg_budget_kdc_clock(ret->kdc, ret->ntp, &ret->clock);
    return ret->clock.valid;
}

/* Where there is a key, and nothing was proven with it, no plain word is
 * enough. */
static bool
is_plain_enough(const struct sg_engine *engine, int realm)
{
    for (int i = 0; i < engine->n_sources; i++)
        if (engine->candidates[i].realm == realm &&
            engine->candidates[i].usable &&
            engine->candidates[i].kind == SG_KIND_KEYTAB)
            return true;
    return !sg_engine_has_key(engine, realm);
}

/* What the sources on a KDC's host have seen of its clock being set. */
static double
set_by_s(const struct sg_engine *engine, int index)
{
    const struct source *s = engine->sources[index];
    int ntp = sg_engine_find_sibling(engine, index, SG_KIND_NTP);

    if (s->moved_s == 0 && ntp >= 0)
        s = engine->sources[ntp];
    return s->moved_s;
}

/* How many KDCs were set as the worst one was. */
static int
count_set(const struct sg_engine *engine, int realm, double set_s,
          double slack_s)
{
    int n = 0;

    for (int i = 0; i < engine->n_sources; i++)
        n += engine->candidates[i].realm == realm &&
             engine->candidates[i].usable &&
             engine->candidates[i].kind == SG_KIND_KDC &&
             fabs(set_by_s(engine, i) - set_s) <= slack_s;
    return n;
}

/* The worst answering KDC of a realm, and whether they agree.  False, leaving
 * *ret alone, if none answers. */
static bool
find_worst(struct sg_engine *engine, int index, struct sg_raw now,
           struct sg_verdict_case *facts, struct host *ret,
           struct sg_decision *decision)
{
    struct realm *realm = &engine->realms[index];
    double lo_s = INFINITY, hi_s = -INFINITY, worst_frac = -1;
    bool is_enough = is_plain_enough(engine, index);
    int best = -1;

    for (int i = 0; i < engine->n_sources; i++) {
        struct host host;
        double used_frac, offset_s;

        if (engine->candidates[i].realm != index ||
            !look_at_host(engine, i, now, &host))
            continue;
        facts->kdcs++;
        offset_s = host.clock.skew.offset_s;
        lo_s = fmin(lo_s, offset_s);
        hi_s = fmax(hi_s, offset_s);
        if (best < 0 || fabs(offset_s) < fabs(facts->best_s)) {
            best = i;
            facts->best_s = offset_s;
        }
        used_frac = sg_skew_used(&host.clock.skew, realm->clockskew_s);
        sg_engine_note_near(
            engine, i, sg_budget_is_near(used_frac, &engine->config.budget),
            decision);
        if (used_frac <= worst_frac)
            continue;
        worst_frac = used_frac;
        realm->clock = host.clock;
        realm->worst = i;
        *ret = host;
        ret->is_unproven |= !is_enough;
        facts->kdc_in_majority =
            sg_tally_is_believed((host.kdc ? host.kdc : host.ntp)->tally);
    }
    facts->realm_agrees = hi_s - lo_s <= KDC_AGREE_S;
    if (!facts->realm_agrees && best >= 0)
        facts->best = engine->sources[best]->about.name;
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

/* Has this host's KDC shown with the key lately what its clock reads? */
static bool
is_proven(const struct sg_engine *engine, int index, struct sg_raw now)
{
    int own = sg_engine_find_sibling(engine, index, SG_KIND_KEYTAB);

    return own >= 0 && !engine->sources[own]->is_failing &&
           find_current(engine, own, now);
}

static void
find_blame(struct sg_engine *engine, struct realm *realm, struct sg_raw now,
           struct sg_verdict_case *facts)
{
    const struct sg_consensus *all = &engine->consensus;
    double at_s = realm->clock.skew.offset_s;

    facts->limit_s = realm->clockskew_s;
    facts->warn_frac = engine->config.budget.warn_frac;
    facts->offset_s = at_s;
    facts->hosts = all->valid ? all->hosts : 0;
    facts->kdc = engine->sources[realm->worst]->about.name;
    if (engine->foreign_steps > 0 &&
        sg_raw_diff(now, engine->last_foreign_at) < FOREIGN_MEMORY_S)
        facts->ours_s = engine->last_foreign_s;
    facts->set_s = set_by_s(engine, realm->worst);
    facts->kdcs_set =
        count_set(engine, engine->candidates[realm->worst].realm, facts->set_s,
                  facts->warn_frac * facts->limit_s / 2);
    facts->authenticated = is_proven(engine, realm->worst, now);
    for (int i = 0; i < engine->n_sources; i++) {
        const struct sg_candidate *c = &engine->candidates[i];
        double apart_s;

        if (c->kind == SG_KIND_KDC && c->is_outranked &&
            is_proven(engine, i, now))
            facts->forged = engine->sources[i]->about.name;
        if (!c->usable || c->kind != SG_KIND_NTP)
            continue;
        if (c->tally == SG_TALLY_FALSETICKER &&
            (all->hosts >= 2 || c->is_outranked))
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

/* Nobody but an authenticated answer can tell this from a forgery. */
static void
say_unproven(const struct sg_engine *engine, struct realm *realm,
             const char *kind)
{
    realm->blame = SG_BLAME_NONE;
    snprintf(
        realm->reason, sizeof realm->reason,
        "%s %.60s says %+.3f s, and nothing proves it: %.80s", kind,
        engine->sources[realm->worst]->about.name, realm->clock.skew.offset_s,
        realm->auth_reason[0] ? realm->auth_reason : "no authenticated answer");
}

static enum sg_state
judge_realm(struct sg_engine *engine, int index,
            const struct sg_reading *reading, struct sg_decision *decision)
{
    struct realm *realm = &engine->realms[index];
    struct sg_verdict_case facts = {.limit_s = 0};
    struct host worst = {.is_unproven = false};
    double rate_ppm, age_s;
    enum sg_state ret;

    realm->is_unproven = false;
    realm->measured = engine->ready && find_worst(engine, index, reading->raw,
                                                  &facts, &worst, decision);
    note_last_good(engine, index);
    if (realm->measured)
        find_blame(engine, realm, reading->raw, &facts);
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
    ret = sg_budget_state(realm->state,
                          sg_skew_used(&realm->clock.skew, realm->clockskew_s),
                          &engine->config.budget);
    if (!worst.is_unproven || ret == SG_STATE_OK ||
        sg_verdict_was_ours_set(&facts))
        return ret;
    say_unproven(engine, realm, worst.kdc ? "KDC" : "NTP server");
    /* who was not asked yet may still prove it */
    realm->is_unproven = !sg_engine_is_key_untried(engine, index);
    return SG_STATE_UNKNOWN;
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
        bool was_unproven = realm->is_unproven;
        enum sg_state after = judge_realm(engine, i, reading, ret);

        if (after != before &&
            !sg_engine_is_confirmed(engine, i, after, reading->raw, ret))
            continue;
        realm->is_pending = false;
        realm->state = after;
        /* that may be a breach, so it is no secret where nothing was known */
        if (after != before || (realm->is_unproven && !was_unproven))
            say_state(engine, realm, before, ret);
    }
}

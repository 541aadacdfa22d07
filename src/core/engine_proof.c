/*
 * What the host's key proves.
 */
#include <stdio.h>
#include <string.h>

#include "core/engine_private.h"

/* An authenticated answer so recent confirms a state ... */
#define FRESH_S 5.0
/* ... and a step. */
#define FRESH_FOR_STEP_S 60.0

/* Nobody waits longer for one. */
#define WAIT_S 10.0

/* So many KDCs are asked before a step. */
#define ASKED_FOR_STEP 2

/* Two KDCs on one host are told apart by their ports; NTP has another. */
static bool
are_kdcs(const struct source *a, const struct source *b)
{
    return a->about.kind != SG_KIND_NTP && b->about.kind != SG_KIND_NTP;
}

int
sg_engine_find_sibling(const struct sg_engine *engine, int index,
                       enum sg_kind kind)
{
    const struct source *of = engine->sources[index];

    for (int i = 0; i < engine->n_sources; i++) {
        const struct source *s = engine->sources[i];

        if (s->about.kind == kind && s->about.realm == of->about.realm &&
            s->host == of->host &&
            (s->about.port == of->about.port || !are_kdcs(s, of)))
            return i;
    }
    return -1;
}

static bool
is_key_of(const struct source *source, int realm)
{
    return source->about.kind == SG_KIND_KEYTAB && source->about.realm == realm;
}

bool
sg_engine_has_key(const struct sg_engine *engine, int realm)
{
    bool is_wanted = false;

    if (realm < 0)
        return false;
    for (int i = 0; i < engine->n_sources && !is_wanted; i++)
        is_wanted = is_key_of(engine->sources[i], realm);
    return is_wanted && (engine->realms[realm].has_key ||
                         !engine->realms[realm].is_key_known);
}

bool
sg_engine_is_key_untried(const struct sg_engine *engine, int realm)
{
    for (int i = 0; i < engine->n_sources; i++)
        if (is_key_of(engine->sources[i], realm) &&
            engine->sources[i]->asked > 0)
            return false;
    return sg_engine_has_key(engine, realm);
}

void
sg_engine_mark_unproven(struct sg_engine *engine)
{
    bool has_key[SG_MAX_REALMS] = {false}, has_proof[SG_MAX_REALMS] = {false};

    for (int i = 0; i < engine->n_realms; i++)
        has_key[i] = sg_engine_has_key(engine, i);
    for (int i = 0; i < engine->n_sources; i++)
        if (engine->candidates[i].usable &&
            engine->candidates[i].kind == SG_KIND_KEYTAB)
            has_proof[engine->candidates[i].realm] = true;
    for (int i = 0; i < engine->n_sources; i++) {
        struct sg_candidate *c = &engine->candidates[i];
        int own;

        if (!c->usable || c->kind != SG_KIND_KDC || !has_key[c->realm])
            continue;
        own = sg_engine_find_sibling(engine, i, SG_KIND_KEYTAB);
        c->is_unproven =
            own >= 0 ? !engine->candidates[own].usable : !has_proof[c->realm];
    }
}

/* ---- the state of a realm's key ---- */

/* The best that any of its KDCs said of it. */
static const struct source *
find_best_key(const struct sg_engine *engine, int realm)
{
    const struct source *best = NULL;

    for (int i = 0; i < engine->n_sources; i++) {
        const struct source *s = engine->sources[i];

        if (!is_key_of(s, realm))
            continue;
        if (!best || (s->asked > 0 && best->asked == 0) ||
            (s->answered > 0 && !s->is_failing))
            best = s;
        if (best->answered > 0 && !best->is_failing)
            break;
    }
    return best;
}

static enum sg_auth
judge_key(const struct realm *realm, const struct source *best)
{
    if (!best)
        return SG_AUTH_OFF;
    if (realm->is_key_known && !realm->has_key)
        return SG_AUTH_NO_KEYTAB;
    if (best->asked == 0)
        return SG_AUTH_PENDING;
    return best->last.code == SG_OUTCOME_OK ? SG_AUTH_WORKS : SG_AUTH_FAILS;
}

static void
note_realm_auth(struct realm *realm, const struct source *best,
                struct sg_decision *ret)
{
    enum sg_auth before = realm->auth;
    char reason[SG_REASON_MAX] = "";

    realm->auth = judge_key(realm, best);
    if (realm->auth == SG_AUTH_NO_KEYTAB)
        memcpy(reason, realm->no_key, sizeof reason);
    else if (realm->auth == SG_AUTH_FAILS)
        snprintf(reason, sizeof reason, "%s", best->last.text);
    if (realm->auth == before && strcmp(reason, realm->auth_reason) == 0)
        return;
    memcpy(realm->auth_reason, reason, sizeof reason);
    ret->publish = true;
    if (realm->auth == SG_AUTH_WORKS)
        sg_engine_event(ret, SG_EVENT_SOURCE, 0,
                        "%s: KDC time is authenticated with the host's key",
                        realm->name);
    else if (realm->auth == SG_AUTH_FAILS || realm->auth == SG_AUTH_NO_KEYTAB)
        sg_engine_event(ret, SG_EVENT_SOURCE, 0,
                        "%s: KDC time cannot be authenticated: %s", realm->name,
                        reason);
}

void
sg_engine_note_auth(struct sg_engine *engine, struct sg_decision *ret)
{
    for (int i = 0; i < engine->n_realms; i++)
        note_realm_auth(&engine->realms[i], find_best_key(engine, i), ret);
}

/* ---- asking for proof ---- */

static void
ask_key(struct sg_engine *engine, int index, struct sg_decision *ret)
{
    engine->sources[index]->is_wanted = true;
    ret->reschedule = true;
}

/* What was proven binds nobody for ever once nothing can be proven. */
static void
lose_key(struct sg_engine *engine, struct realm *realm, int index,
         const struct sg_outcome *why)
{
    realm->has_key = false;
    snprintf(realm->no_key, sizeof realm->no_key, "%s", why->text);
    for (int i = 0; i < engine->n_sources; i++) {
        struct source *s = engine->sources[i];

        if (!is_key_of(s, index))
            continue;
        sg_filter_reset(s->filter);
        s->estimate.model.valid = false;
    }
}

static void
find_key(struct sg_engine *engine, struct realm *realm, int index,
         struct sg_decision *ret)
{
    bool was_missed = realm->is_key_known && !realm->has_key;

    realm->has_key = true;
    for (int i = 0; was_missed && i < engine->n_sources; i++)
        if (is_key_of(engine->sources[i], index) &&
            engine->sources[i]->last.code == SG_OUTCOME_KEYTAB)
            ask_key(engine, i, ret);
}

void
sg_engine_note_key(struct sg_engine *engine, int index, struct sg_decision *ret)
{
    const struct source *told = engine->sources[index];
    int realm = told->about.realm;

    /* who got no further than this has not looked for the key */
    if (told->about.kind != SG_KIND_KEYTAB ||
        told->last.code == SG_OUTCOME_NAME ||
        told->last.code == SG_OUTCOME_LOCAL)
        return;
    if (told->last.code == SG_OUTCOME_KEYTAB)
        lose_key(engine, &engine->realms[realm], realm, &told->last);
    else
        find_key(engine, &engine->realms[realm], realm, ret);
    engine->realms[realm].is_key_known = true;
}

static bool
was_asked_since(const struct source *source, struct sg_raw since)
{
    return (source->answered > 0 &&
            sg_raw_diff(source->last_good, since) >= -FRESH_S) ||
           (source->is_failing && sg_raw_diff(source->last_failed, since) >= 0);
}

void
sg_engine_ask_for_proof(struct sg_engine *engine, int index, struct sg_raw now,
                        struct sg_decision *ret)
{
    int own = sg_engine_find_sibling(engine, index, SG_KIND_KEYTAB);

    if (own >= 0 && !was_asked_since(engine->sources[own], now))
        ask_key(engine, own, ret);
}

bool
sg_engine_is_confirmed(struct sg_engine *engine, int index, enum sg_state state,
                       struct sg_raw now, struct sg_decision *ret)
{
    struct realm *realm = &engine->realms[index];
    int own = -1;

    /* silence needs no proof */
    if (realm->worst >= 0 && state != SG_STATE_UNKNOWN &&
        sg_engine_has_key(engine, index))
        own = sg_engine_find_sibling(engine, realm->worst, SG_KIND_KEYTAB);
    if (own < 0)
        return true;
    if (!realm->is_pending || realm->pending != state) {
        realm->is_pending = true;
        realm->pending = state;
        realm->pending_since = now;
        if (!was_asked_since(engine->sources[own], now))
            ask_key(engine, own, ret);
    }
    return was_asked_since(engine->sources[own], realm->pending_since) ||
           sg_raw_diff(now, realm->pending_since) > WAIT_S;
}

bool
sg_engine_is_proof_due(const struct sg_engine *engine, struct sg_raw now)
{
    bool is_under_way = !engine->awaits_proof;

    if (engine->config.follow_utc || !sg_engine_has_key(engine, 0))
        return false;
    for (int i = 0; i < engine->n_sources; i++) {
        const struct source *s = engine->sources[i];

        if (!is_key_of(s, 0))
            continue;
        if (s->answered > 0 && !s->is_failing &&
            sg_raw_diff(now, s->last_good) <= FRESH_FOR_STEP_S)
            return false;
        is_under_way |=
            s->is_wanted && sg_raw_diff(now, engine->awaiting_proof) <= WAIT_S;
    }
    return is_under_way;
}

void
sg_engine_await_proof(struct sg_engine *engine, bool awaits, struct sg_raw now,
                      struct sg_decision *ret)
{
    int asked = 0;

    if (!awaits || engine->awaits_proof) {
        engine->awaits_proof = awaits;
        return;
    }
    engine->awaits_proof = true;
    engine->awaiting_proof = now;
    /* first those that answered last time */
    for (int failing = 0; failing <= 1; failing++)
        for (int i = 0; i < engine->n_sources; i++)
            if (is_key_of(engine->sources[i], 0) && asked < ASKED_FOR_STEP &&
                engine->sources[i]->is_failing == (failing != 0)) {
                ask_key(engine, i, ret);
                asked++;
            }
}

bool
sg_engine_is_waiting(const struct sg_engine *engine)
{
    for (int i = 0; i < engine->n_realms; i++)
        if (engine->realms[i].is_pending)
            return true;
    return engine->awaits_proof;
}

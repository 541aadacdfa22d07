/*
 * The engine's sources: which host each is on, and what its answers make of
 * it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/engine_private.h"

/* Surprises by one source that make anybody be asked out of turn: otherwise a
 * server whose clock stands still would keep us asking all of them for ever. */
#define SURPRISES_MAX 8
#define SURPRISES_S 3600.0

/* Moves of different hosts within so long have one cause. */
#define TOGETHER_S 300.0

/* A name with several addresses, IPv4 and IPv6 say, is one host all the same:
 * one liar must not pass for two. */
static bool
is_same_host(const struct source *a, const struct source *b)
{
    return (a->address[0] && strcmp(a->address, b->address) == 0) ||
           (a->about.host[0] &&
            strcasecmp(a->about.host, b->about.host) == 0) ||
           strcasecmp(a->about.name, b->about.name) == 0;
}

static void
join_hosts(struct sg_engine *engine, int a, int b)
{
    for (int i = 0; i < engine->n_sources; i++)
        if (engine->sources[i]->host == (a > b ? a : b))
            engine->sources[i]->host = a < b ? a : b;
}

void
sg_engine_find_hosts(struct sg_engine *engine)
{
    struct source **s = engine->sources;

    for (int i = 0; i < engine->n_sources; i++)
        s[i]->host = i;
    for (int i = 0; i < engine->n_sources; i++)
        for (int j = 0; j < i; j++)
            if (s[i]->host != s[j]->host && is_same_host(s[i], s[j]))
                join_hosts(engine, s[i]->host, s[j]->host);
}

int
sg_engine_add_source(struct sg_engine *engine,
                     const struct sg_engine_source *about)
{
    struct source *source;

    if (engine->n_sources == SG_MAX_SOURCES)
        return -1;
    source = calloc(1, sizeof *source);
    if (!source)
        return -1;
    source->filter = sg_filter_new();
    if (!source->filter) {
        free(source);
        return -1;
    }
    source->about = *about;
    source->tally = SG_TALLY_UNUSABLE;
    source->last.code = SG_OUTCOME_NO_REPLY;
    snprintf(source->reason, sizeof source->reason, "not asked yet");
    sg_poll_init(&source->poll, about->kind, about->is_try);
    if (about->kind != SG_KIND_NTP)
        source->poll.burst = SG_KDC_BURST;
    engine->sources[engine->n_sources++] = source;
    sg_engine_find_hosts(engine);
    return engine->n_sources - 1;
}

void
sg_engine_set_address(struct sg_engine *engine, int source, const char *address,
                      int port, bool tcp)
{
    struct source *s = engine->sources[source];

    s->port = port;
    s->tcp = tcp;
    /* a name that could not be looked up says nothing of where it is */
    if (!address[0] || strcmp(s->address, address) == 0)
        return;
    /* another address is another clock until it shows that it is not */
    if (s->address[0]) {
        sg_filter_reset(s->filter);
        s->estimate.model.valid = false;
        s->spikes = 0;
        s->was_unsteady = false;
        s->n_turns = s->plans = 0;
        s->has_moved = false;
        s->moved_s = 0;
    }
    snprintf(s->address, sizeof s->address, "%s", address);
    sg_engine_find_hosts(engine);
}

static bool
may_surprise(struct source *source, struct sg_raw now)
{
    if (source->surprises == 0 ||
        sg_raw_diff(now, source->surprised) > SURPRISES_S) {
        source->surprises = 0;
        source->surprised = now;
    }
    if (source->surprises == SURPRISES_MAX)
        return false;
    source->surprises++;
    return true;
}

/* Whose clock was set has to prove it, even if it has proven the old time a
 * moment ago. */
static void
want_proof(struct sg_engine *engine, int index)
{
    int own = sg_engine_find_sibling(engine, index, SG_KIND_KEYTAB);

    if (own >= 0 && own != index)
        engine->sources[own]->is_wanted = true;
}

/* Its samples contradict all it said before: ask again, and soon. */
static void
be_surprised(struct sg_engine *engine, int index, bool is_moved,
             struct sg_decision *ret)
{
    struct source *source = engine->sources[index];

    if (!may_surprise(source, source->last_good)) {
        /* near a threshold nobody wants to wait for its next turn */
        source->is_wanted = source->is_near && source->spikes == 1;
        return;
    }
    if (!is_moved) {
        /* true or not, it is not believed before it is repeated */
        sg_poll_surprise(&source->poll, 2);
        source->n_turns = source->plans = 0;
        source->is_wanted = true;
        return;
    }
    sg_engine_event(ret, SG_EVENT_SOURCE, 0,
                    "source %s (%s): its clock was moved, history forgotten",
                    source->about.name, sg_kind_name(source->about.kind));
    sg_engine_ask_all(engine, 2);
    want_proof(engine, index);
    if (source->about.kind != SG_KIND_NTP)
        source->poll.burst = SG_KDC_BURST;
    ret->reschedule = true;
}

/*
 * Where most hosts' clocks seem to have been moved within minutes, it was our
 * own oscillator that changed: what was learned of it would have every new
 * history contradicted again.
 */
static void
doubt_rate(struct sg_engine *engine, struct source *source,
           struct sg_decision *ret)
{
    bool seen[SG_MAX_SOURCES] = {false};
    int hosts = 0, moved = 0;

    source->moved = source->last_good;
    source->has_moved = true;
    for (int i = 0; i < engine->n_sources; i++) {
        const struct source *s = engine->sources[i];

        hosts += s->reach != 0 && s->host == i;
        if (!s->has_moved || seen[s->host] ||
            sg_raw_diff(source->moved, s->moved) > TOGETHER_S)
            continue;
        seen[s->host] = true;
        moved++;
    }
    if (!engine->rate_learned || 2 * moved <= hosts)
        return;
    engine->rate_learned = false;
    engine->settling = source->last_good;
    engine->frequency_sd_ppm = SG_UNKNOWN_SD_PPM;
    sg_engine_event(ret, SG_EVENT_SOURCE, 0,
                    "clock: its rate seems to have changed, learning it anew");
}

static void
note_fate(struct sg_engine *engine, int index, enum sg_filter_fate fate,
          struct sg_decision *ret)
{
    struct source *source = engine->sources[index];

    if (fate != SG_FILTER_KEPT && fate != SG_FILTER_STALE) {
        source->was_shaken = true;
        source->shaken = source->last_good;
    }
    if (fate == SG_FILTER_SPIKE)
        source->spikes++;
    else
        source->spikes = 0;
    sg_engine_note_steadiness(source);
    if (fate == SG_FILTER_JUMPED || source->spikes == SG_SPIKES_MAX)
        doubt_rate(engine, source, ret);
    if (fate == SG_FILTER_SPIKE || fate == SG_FILTER_JUMPED ||
        fate == SG_FILTER_SURPRISED)
        be_surprised(engine, index, fate == SG_FILTER_JUMPED, ret);
}

void
sg_engine_note_answer(struct sg_engine *engine, int index,
                      const struct sg_outcome *outcome, struct sg_decision *ret)
{
    struct source *source = engine->sources[index];
    double sd_ppm;
    struct sg_drift drift = sg_engine_drift(engine, &sd_ppm);
    bool was_silent = source->reach == 0;
    struct sg_model before = source->estimate.model;
    enum sg_filter_fate fate;

    source->reach = (source->reach << 1 | 1) & 0xff;
    source->is_failing = false;
    source->answered++;
    source->last_good = outcome->sample.at;
    if (was_silent && source->asked > 1)
        ret->publish = true;
    sg_engine_note_leap(source, &outcome->sample);
    /* they do not all leap at the same instant */
    if (sg_leap_is_under_way(&engine->leap, outcome->sample.at))
        return;
    fate = sg_filter_add(source->filter, &outcome->sample, &drift, sd_ppm);
    note_fate(engine, index, fate, ret);
    sg_filter_estimate(source->filter, outcome->sample.at, &drift,
                       &source->estimate);
    if (fate == SG_FILTER_JUMPED && before.valid)
        source->moved_s +=
            sg_wall_diff(source->estimate.model.ref,
                         sg_model_at(&before, source->estimate.model.at).ref);
}

void
sg_engine_note_failure(struct sg_engine *engine, int index, struct sg_raw now)
{
    struct source *source = engine->sources[index];

    source->reach = source->reach << 1 & 0xff;
    source->last_failed = now;
    if (!source->is_failing)
        source->failing = now;
    source->is_failing = true;
}

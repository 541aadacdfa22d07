/*
 * Clocks that are unsteady: their answers contradict each other, so that there
 * is no line to be drawn through them.
 *
 * Such a clock steers nothing and proves nothing about others.  But a KDC goes
 * by what its clock reads at that moment, and so does its realm's budget:
 * waiting until its answers agree would leave it at what they once were.
 */
#include "core/engine_private.h"

/* So many answers in a row that contradict all before them and each other. */
#define UNSTEADY_SPIKES 2

/* Who was so keeps that reputation for so long: then one is enough. */
#define UNSTEADY_S 3600.0

/* What an unsteady clock read so long ago it does not read now. */
#define OVERTAKEN_S 5.0

void
sg_engine_note_steadiness(struct source *source)
{
    if (source->spikes < UNSTEADY_SPIKES)
        return;
    source->was_unsteady = true;
    source->unsteady = source->last_good;
}

bool
sg_engine_is_unsteady(const struct sg_engine *engine, int index)
{
    const struct source *s = engine->sources[index];

    return s->reach != 0 && s->spikes > 0 && s->was_unsteady &&
           sg_raw_diff(s->last_good, s->unsteady) <= UNSTEADY_S;
}

bool
sg_engine_is_overtaken(const struct sg_engine *engine, int kdc, int ntp)
{
    const struct source *s = engine->sources[ntp];
    struct sg_raw asked = engine->sources[kdc]->last_good;

    if (s->has_moved && sg_raw_diff(s->moved, asked) > 0)
        return true;
    return sg_engine_is_unsteady(engine, ntp) &&
           sg_raw_diff(s->last_good, asked) > OVERTAKEN_S;
}

/* Where KDCs can prove their time a single answer counts for nothing: it may
 * be forged, and so may those that make a clock look unsteady. */
static bool
is_to_be_proven(const struct sg_engine *engine, int index)
{
    int realm = engine->sources[index]->about.realm;

    if (sg_engine_has_key(engine, realm))
        return true;
    for (int i = 0; i < engine->n_sources; i++)
        if (engine->candidates[i].realm == realm &&
            engine->candidates[i].usable &&
            engine->candidates[i].kind == SG_KIND_KEYTAB)
            return true;
    return false;
}

void
sg_engine_see_newest(struct sg_engine *engine, const struct sg_reading *reading)
{
    double sd_ppm;
    struct sg_drift drift = sg_engine_drift(engine, &sd_ppm);

    for (int i = 0; i < engine->n_sources; i++) {
        const struct source *s = engine->sources[i];
        struct sg_candidate *c = &engine->newest[i];

        *c = engine->candidates[i];
        if (!sg_engine_is_unsteady(engine, i) || is_to_be_proven(engine, i) ||
            !sg_filter_spike(s->filter, &drift, &c->estimate))
            continue;
        c->estimate.model = sg_model_at(&c->estimate.model, reading->raw);
        sg_model_skew(&c->estimate.model, reading->raw, reading->wall,
                      &c->skew);
        c->root_s = sg_filter_newest(s->filter)->root_s;
        c->usable = true;
    }
}

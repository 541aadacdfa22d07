/*
 * Realms in trouble: which of them are one cause, and how bad it is.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/alert_private.h"

/* A limit that is nearer than this is worth a word though all is well. */
#define FORESEEN_S 86400.0

enum sg_alert_level
sg_alert_level_of(const struct sg_status_realm *realm)
{
    static const enum sg_alert_level levels[SG_STATE_COUNT] = {
        [SG_STATE_OK] = SG_ALERT_NONE,
        [SG_STATE_UNKNOWN] = SG_ALERT_UNKNOWN,
        [SG_STATE_WARN] = SG_ALERT_WARN,
        [SG_STATE_CRITICAL] = SG_ALERT_CRITICAL,
        [SG_STATE_EXCEEDED] = SG_ALERT_EXCEEDED,
    };

    if (realm->state == SG_STATE_OK && realm->time_to_limit_s >= 0 &&
        realm->time_to_limit_s < FORESEEN_S)
        return SG_ALERT_FORECAST;
    return levels[realm->state];
}

static bool
has_answered(const struct sg_status *status, int realm)
{
    for (int i = 0; i < status->n_sources; i++)
        if (status->sources[i].realm == realm &&
            status->sources[i].answered > 0)
            return true;
    return false;
}

/* Since any source of the realm was heard; 0 if none was. */
static double
silence_s(const struct look *look, int realm)
{
    double ret = INFINITY;

    for (int i = 0; i < look->status->n_sources; i++) {
        const struct sg_status_source *source = &look->status->sources[i];

        if (source->realm == realm && source->answered > 0)
            ret = fmin(ret, sg_raw_diff(look->now, source->last));
    }
    /* nor can be remembered what was before a resume */
    ret = fmin(ret, sg_raw_diff(look->now, look->alerts->start));
    return has_answered(look->status, realm) ? ret : 0;
}

/* Is a source on the host whose clock a realm goes by? */
static bool
is_of_worst(const struct sg_status *status, const struct sg_status_realm *realm,
            int source)
{
    const struct sg_status_source *s = &status->sources[source];
    int worst = realm->worst;

    if (s->realm != realm - status->realms)
        return false;
    return worst < 0 || worst >= status->n_sources || source == worst ||
           realm->blame == SG_BLAME_OURS ||
           (s->address[0] &&
            strcmp(s->address, status->sources[worst].address) == 0);
}

/* The last answer that could have contradicted what is said of a realm. */
static struct sg_raw
last_heard(const struct sg_status *status, const struct sg_status_realm *realm)
{
    struct sg_raw ret = {0};

    for (int i = 0; i < status->n_sources; i++)
        if (status->sources[i].answered > 0 && is_of_worst(status, realm, i) &&
            sg_raw_diff(status->sources[i].last, ret) > 0)
            ret = status->sources[i].last;
    return ret;
}

/* ---- which realms are one cause ---- */

/* Off for one reason: because our own clock is wrong, or because nothing can
 * be reached. */
static bool
is_shared(const struct sg_status_realm *a, const struct sg_status_realm *b)
{
    enum sg_alert_level of_a = sg_alert_level_of(a);
    enum sg_alert_level of_b = sg_alert_level_of(b);

    if (of_a >= SG_ALERT_WARN && of_b >= SG_ALERT_WARN)
        return a->blame == SG_BLAME_OURS && b->blame == SG_BLAME_OURS;
    return of_a == SG_ALERT_UNKNOWN && of_b == SG_ALERT_UNKNOWN;
}

static struct cause *
find_shared(const struct look *look, int realm)
{
    const struct sg_status *status = look->status;

    for (int i = 0; i < status->n_realms; i++) {
        struct cause *cause =
            sg_alert_find_realm(look->alerts, status->realms[i].name);

        if (i == realm || !cause || cause->n_realms == SG_MAX_REALMS ||
            (cause->returns > 0 && !sg_alert_is_alive(cause)))
            continue;
        if (is_shared(&status->realms[realm], &status->realms[i]))
            return cause;
    }
    return NULL;
}

static void
remove_realm(struct cause *cause, const char *name)
{
    int n = 0;

    for (int i = 0; i < cause->n_realms; i++) {
        if (strcmp(cause->realms[i], name) == 0)
            continue;
        if (n < i)
            memcpy(cause->realms[n], cause->realms[i], SG_NAME_MAX);
        cause->covers[n++] = cause->covers[i];
    }
    cause->n_realms = n;
}

/* Does this realm's trouble go on being that of its cause? */
static bool
is_covered(const struct look *look, const struct cause *cause, int realm)
{
    const struct sg_status_realm *realms = look->status->realms;

    for (int i = 0; i < cause->n_realms; i++)
        if (strcmp(cause->realms[i], realms[realm].name) == 0 &&
            cause->covers[i])
            return true;
    for (int i = 0; i < look->status->n_realms; i++)
        if (i != realm && sg_alert_has_realm(cause, realms[i].name) &&
            is_shared(&realms[realm], &realms[i]))
            return true;
    return !cause->speaker[0] ||
           strcmp(cause->speaker, realms[realm].name) == 0;
}

/* Each realm that is not well belongs to a cause, and leaves it where it was
 * only together with others in trouble of another kind. */
static void
assign_realms(const struct look *look)
{
    for (int i = 0; i < look->status->n_realms; i++) {
        const struct sg_status_realm *realm = &look->status->realms[i];
        struct cause *cause = sg_alert_find_realm(look->alerts, realm->name);

        if (sg_alert_level_of(realm) == SG_ALERT_NONE)
            continue;
        if (cause && cause->n_realms > 1 && !is_covered(look, cause, i)) {
            remove_realm(cause, realm->name);
            cause = NULL;
        }
        if (cause)
            continue;
        cause = find_shared(look, i);
        if (!cause)
            cause = sg_alert_make(look, SG_ALERT_REALM);
        if (!cause)
            continue;
        cause->covers[cause->n_realms] = false;
        snprintf(cause->realms[cause->n_realms++], SG_NAME_MAX, "%s",
                 realm->name);
    }
}

/* Who is well again has to be told of anew. */
static void
uncover_well(const struct look *look, struct cause *cause)
{
    for (int i = 0; i < cause->n_realms; i++)
        for (int j = 0; j < look->status->n_realms; j++)
            if (strcmp(cause->realms[i], look->status->realms[j].name) == 0 &&
                sg_alert_level_of(&look->status->realms[j]) == SG_ALERT_NONE)
                cause->covers[i] = false;
}

/* What was just told was told of all that share it with the one that speaks. */
static void
cover(const struct look *look, struct cause *cause, int speaker)
{
    const struct sg_status_realm *realms = look->status->realms;

    if (speaker < 0)
        return;
    snprintf(cause->speaker, sizeof cause->speaker, "%s", realms[speaker].name);
    for (int i = 0; i < cause->n_realms; i++)
        for (int j = 0; j < look->status->n_realms; j++)
            if (strcmp(cause->realms[i], realms[j].name) == 0 &&
                (j == speaker || is_shared(&realms[j], &realms[speaker])))
                cause->covers[i] = true;
}

/* It is over: who was only along goes his own way from now on. */
static void
part(struct cause *cause)
{
    for (int i = cause->n_realms - 1; i >= 0; i--)
        if (cause->n_realms > 1 &&
            strcmp(cause->realms[i], cause->speaker) != 0)
            remove_realm(cause, cause->realms[i]);
}

/* ---- what is seen of a cause ---- */

/* The worst of a cause's realms speaks for it. */
static void
see_realms(const struct look *look, const struct cause *cause,
           struct facts *ret)
{
    *ret = (struct facts){
        .realm = -1,
        .left_s = -1,
    };
    for (int i = 0; i < look->status->n_realms; i++) {
        const struct sg_status_realm *realm = &look->status->realms[i];
        enum sg_alert_level level = sg_alert_level_of(realm);

        if (!sg_alert_has_realm(cause, realm->name) ||
            (ret->realm >= 0 && level <= ret->level))
            continue;
        ret->realm = i;
        ret->level = level;
        ret->blame = realm->blame;
        ret->silence_s = silence_s(look, i);
        ret->heard = last_heard(look->status, realm);
        ret->left_s = realm->time_to_limit_s;
    }
}

void
sg_alert_look_at_realms(const struct look *look)
{
    /* a krb5.conf that cannot be read says nothing of any realm */
    if (look->status->n_realms == 0)
        return;
    assign_realms(look);
    for (int i = 0; i < SG_ALERTS_MAX; i++) {
        struct cause *cause = &look->alerts->causes[i];
        enum sg_alert_level before = cause->level;
        bool was_open = cause->is_open;
        struct facts facts;

        if (!cause->is_used || cause->topic != SG_ALERT_REALM)
            continue;
        see_realms(look, cause, &facts);
        uncover_well(look, cause);
        sg_alert_follow(look, cause, &facts);
        if (cause->is_open && (!was_open || cause->level > before))
            cover(look, cause, facts.realm);
        if (was_open && !cause->is_open)
            part(cause);
    }
}

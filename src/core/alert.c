#include "core/alert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/alert_private.h"

/* Nothing changes by itself for longer. */
#define LOOK_S 3600.0

/* A limit that is nearer than this is worth a word though all is well. */
#define FORESEEN_S 86400.0

/* So long it may take until an event shows in the budget, which then tells it.
 */
#define EVENT_S 3.0

struct sg_alerts *
sg_alerts_new(const struct sg_alerts_config *config, struct sg_raw now)
{
    struct sg_alerts *alerts = calloc(1, sizeof *alerts);

    if (!alerts)
        return NULL;
    alerts->config = *config;
    alerts->start = now;
    return alerts;
}

void
sg_alerts_free(struct sg_alerts *alerts)
{
    free(alerts);
}

void
sg_alerts_configure(struct sg_alerts *alerts,
                    const struct sg_alerts_config *config)
{
    alerts->config = *config;
}

/* ---- causes ---- */

/* The one of that topic; of several REALM ones the realm tells. */
static struct cause *
find_topic(struct sg_alerts *alerts, enum sg_alert_topic topic)
{
    for (int i = 0; i < SG_ALERTS_MAX; i++)
        if (alerts->causes[i].is_used && alerts->causes[i].topic == topic)
            return &alerts->causes[i];
    return NULL;
}

static bool
has_realm(const struct cause *cause, const char *name)
{
    for (int i = 0; i < cause->n_realms; i++)
        if (strcmp(cause->realms[i], name) == 0)
            return true;
    return false;
}

static struct cause *
find_realm(struct sg_alerts *alerts, const char *name)
{
    for (int i = 0; i < SG_ALERTS_MAX; i++)
        if (alerts->causes[i].is_used &&
            alerts->causes[i].topic == SG_ALERT_REALM &&
            has_realm(&alerts->causes[i], name))
            return &alerts->causes[i];
    return NULL;
}

static bool
is_alive(const struct cause *cause)
{
    return cause->is_open || cause->is_pending || cause->awaits_mail;
}

/* NULL if there is no room, which takes a reload to other realms. */
static struct cause *
make_cause(const struct look *look, enum sg_alert_topic topic)
{
    for (int i = 0; i < SG_ALERTS_MAX; i++) {
        struct cause *cause = &look->alerts->causes[i];

        if (cause->is_used)
            continue;
        *cause = (struct cause){.is_used = true, .topic = topic};
        snprintf(cause->id, sizeof cause->id, "%016llx",
                 (unsigned long long)(look->id_bits + (unsigned)i));
        return cause;
    }
    return NULL;
}

/* In 24 h nobody remembers that it was there before. */
static void
forget_old(struct sg_alerts *alerts, struct sg_raw now)
{
    for (int i = 0; i < SG_ALERTS_MAX; i++) {
        struct cause *cause = &alerts->causes[i];

        if (cause->is_used && !is_alive(cause) &&
            (cause->returns == 0 ||
             sg_raw_diff(now, cause->closed) > SG_ALERT_MEMORY_S))
            cause->is_used = false;
    }
}

/* ---- realms ---- */

static enum sg_alert_level
level_of(const struct sg_status_realm *realm)
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

/* Since any source of the realm was heard; since start, if none was. */
static double
silence_s(const struct look *look, int realm)
{
    double ret = sg_raw_diff(look->now, look->alerts->start);

    for (int i = 0; i < look->status->n_sources; i++) {
        const struct sg_status_source *source = &look->status->sources[i];

        if (source->realm == realm && source->answered > 0)
            ret = fmin(ret, sg_raw_diff(look->now, source->last));
    }
    return ret;
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

/*
 * Realms that are off for one reason are one cause: because our own clock is
 * wrong, or because nothing can be reached.
 */
static struct cause *
find_shared(const struct look *look, int realm)
{
    const struct sg_status *status = look->status;
    enum sg_alert_level level = level_of(&status->realms[realm]);

    for (int i = 0; i < status->n_realms; i++) {
        const struct sg_status_realm *other = &status->realms[i];
        struct cause *cause = find_realm(look->alerts, other->name);

        if (i == realm || !cause || (cause->returns > 0 && !is_alive(cause)) ||
            level_of(other) == SG_ALERT_NONE)
            continue;
        if (level >= SG_ALERT_WARN && level_of(other) >= SG_ALERT_WARN &&
            status->realms[realm].blame == SG_BLAME_OURS &&
            other->blame == SG_BLAME_OURS)
            return cause;
        if (level == SG_ALERT_UNKNOWN && level_of(other) == SG_ALERT_UNKNOWN)
            return cause;
    }
    return NULL;
}

/* Each realm that is not well belongs to a cause. */
static void
assign_realms(const struct look *look)
{
    for (int i = 0; i < look->status->n_realms; i++) {
        const struct sg_status_realm *realm = &look->status->realms[i];
        struct cause *cause = find_realm(look->alerts, realm->name);

        if (cause || level_of(realm) == SG_ALERT_NONE)
            continue;
        cause = find_shared(look, i);
        if (!cause)
            cause = make_cause(look, SG_ALERT_REALM);
        if (cause && cause->n_realms < SG_MAX_REALMS)
            snprintf(cause->realms[cause->n_realms++], SG_NAME_MAX, "%s",
                     realm->name);
    }
}

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
        enum sg_alert_level level = level_of(realm);

        if (!has_realm(cause, realm->name) ||
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

/* ---- other causes ---- */

/* Which realm's verdict names a server; -1: none does, or it is told already.
 */
static int
find_liar(const struct sg_status *status)
{
    for (int i = 0; i < status->n_realms; i++)
        if (status->realms[i].state == SG_STATE_OK &&
            status->realms[i].blame == SG_BLAME_NTP)
            return i;
    return -1;
}

static void
look_at_servers(const struct look *look)
{
    struct cause *cause = find_topic(look->alerts, SG_ALERT_SERVER);
    struct facts facts = {
        .realm = find_liar(look->status),
        .left_s = -1,
        .blame = SG_BLAME_NTP,
    };

    if (!cause && facts.realm < 0)
        return;
    if (!cause)
        cause = make_cause(look, SG_ALERT_SERVER);
    if (!cause)
        return;
    facts.level = facts.realm >= 0 ? SG_ALERT_NOTICE : SG_ALERT_NONE;
    if (facts.realm >= 0)
        snprintf(cause->text, sizeof cause->text, "%s",
                 look->status->realms[facts.realm].reason);
    sg_alert_follow(look, cause, &facts);
}

/* Does a budget show, or is it about to show, that our own clock is, or was,
 * off? */
static bool
is_told_by_realm(const struct look *look)
{
    for (int i = 0; i < look->status->n_realms; i++) {
        const struct sg_status_realm *realm = &look->status->realms[i];
        const struct cause *cause = find_realm(look->alerts, realm->name);

        if (!cause)
            continue;
        if (cause->is_open && cause->level >= SG_ALERT_WARN)
            return true;
        if (cause->is_pending && level_of(realm) >= SG_ALERT_WARN)
            return true;
    }
    return false;
}

static void
look_at_refusal(const struct look *look)
{
    struct cause *cause = find_topic(look->alerts, SG_ALERT_REFUSED);
    bool refused = look->status->clock.refused;
    struct facts facts = {.realm = -1, .left_s = -1, .blame = SG_BLAME_OURS};

    if (!cause && refused)
        cause = make_cause(look, SG_ALERT_REFUSED);
    if (!cause)
        return;
    facts.level = refused && (cause->is_open || !is_told_by_realm(look))
                      ? SG_ALERT_NOTICE
                      : SG_ALERT_NONE;
    snprintf(cause->text, sizeof cause->text, "%s", look->status->decision);
    sg_alert_follow(look, cause, &facts);
}

/* Is a step of our clock worth a mail? */
static bool
is_large(const struct sg_status *status)
{
    for (int i = 0; i < status->n_realms; i++)
        if (fabs(status->clock.last_foreign_s) >=
            status->warn_frac * status->realms[i].clockskew_s)
            return true;
    return false;
}

static void
look_at_event(const struct look *look, enum sg_alert_topic topic,
              struct noted *noted)
{
    struct cause *cause = find_topic(look->alerts, topic);
    double wait_s;

    if (!cause && noted->is_there)
        cause = make_cause(look, topic);
    if (!cause)
        return;
    if (noted->is_there) {
        if (!cause->is_pending)
            cause->pending = look->now;
        cause->is_pending = true;
        memcpy(cause->text, noted->text, sizeof cause->text);
        noted->is_there = false;
    }
    if (!cause->is_pending)
        return;
    wait_s = EVENT_S - sg_raw_diff(look->now, cause->pending);
    if (wait_s > 0)
        sg_alert_look_again(look, wait_s);
    else if (topic == SG_ALERT_STEP &&
             (is_told_by_realm(look) || !is_large(look->status)))
        cause->is_pending = false;
    else
        sg_alert_tell_event(look, cause);
}

void
sg_alerts_note(struct sg_alerts *alerts, const struct sg_event *event,
               struct sg_raw now)
{
    struct noted *noted =
        event->kind == SG_EVENT_RIVAL ? &alerts->rival : &alerts->step;

    if (event->kind == SG_EVENT_RESUME)
        alerts->start = now;
    if (event->kind != SG_EVENT_RIVAL && event->kind != SG_EVENT_FOREIGN)
        return;
    noted->is_there = true;
    snprintf(noted->text, sizeof noted->text, "%s", event->text);
}

/* ---- a look ---- */

void
sg_alerts_look(struct sg_alerts *alerts, const struct sg_status *status,
               struct sg_raw now, double random, uint64_t id_bits,
               struct sg_alerts_told *ret)
{
    const struct look look = {alerts, status, now, random, id_bits, ret};

    ret->wants_evidence = ret->save = false;
    ret->look_s = LOOK_S;
    ret->n = 0;
    forget_old(alerts, now);
    assign_realms(&look);
    for (int i = 0; i < SG_ALERTS_MAX; i++) {
        struct cause *cause = &alerts->causes[i];
        struct facts facts;

        if (!cause->is_used || cause->topic != SG_ALERT_REALM)
            continue;
        see_realms(&look, cause, &facts);
        sg_alert_follow(&look, cause, &facts);
    }
    look_at_servers(&look);
    look_at_refusal(&look);
    look_at_event(&look, SG_ALERT_STEP, &alerts->step);
    look_at_event(&look, SG_ALERT_RIVAL, &alerts->rival);
}

#include "core/alert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/alert_private.h"

/* Nothing changes by itself for longer. */
#define LOOK_S 3600.0

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

struct cause *
sg_alert_find_topic(struct sg_alerts *alerts, enum sg_alert_topic topic)
{
    for (int i = 0; i < SG_ALERTS_MAX; i++)
        if (alerts->causes[i].is_used && alerts->causes[i].topic == topic)
            return &alerts->causes[i];
    return NULL;
}

bool
sg_alert_has_realm(const struct cause *cause, const char *name)
{
    for (int i = 0; i < cause->n_realms; i++)
        if (strcmp(cause->realms[i], name) == 0)
            return true;
    return false;
}

struct cause *
sg_alert_find_realm(struct sg_alerts *alerts, const char *name)
{
    for (int i = 0; i < SG_ALERTS_MAX; i++)
        if (alerts->causes[i].is_used &&
            alerts->causes[i].topic == SG_ALERT_REALM &&
            sg_alert_has_realm(&alerts->causes[i], name))
            return &alerts->causes[i];
    return NULL;
}

bool
sg_alert_is_alive(const struct cause *cause)
{
    return cause->is_open || cause->is_pending || cause->awaits_mail;
}

/* The one that has been over for longest; NULL: none is. */
static struct cause *
find_oldest(struct sg_alerts *alerts)
{
    struct cause *ret = NULL;

    for (int i = 0; i < SG_ALERTS_MAX; i++) {
        struct cause *cause = &alerts->causes[i];

        if (!sg_alert_is_alive(cause) &&
            (!ret || sg_raw_diff(cause->closed, ret->closed) < 0))
            ret = cause;
    }
    return ret;
}

struct cause *
sg_alert_make(const struct look *look, enum sg_alert_topic topic)
{
    struct sg_alerts *alerts = look->alerts;
    struct cause *cause = NULL;

    for (int i = 0; i < SG_ALERTS_MAX && !cause; i++)
        if (!alerts->causes[i].is_used)
            cause = &alerts->causes[i];
    if (!cause)
        cause = find_oldest(alerts);
    if (!cause)
        return NULL;
    *cause = (struct cause){.is_used = true, .topic = topic};
    snprintf(cause->id, sizeof cause->id, "%016llx",
             (unsigned long long)(look->id_bits +
                                  (unsigned)(cause - alerts->causes)));
    return cause;
}

/* In 24 h nobody remembers that it was there before. */
static void
forget_old(struct sg_alerts *alerts, struct sg_raw now)
{
    for (int i = 0; i < SG_ALERTS_MAX; i++) {
        struct cause *cause = &alerts->causes[i];

        if (cause->is_used && !sg_alert_is_alive(cause) &&
            (cause->returns == 0 ||
             sg_raw_diff(now, cause->closed) > SG_ALERT_MEMORY_S))
            cause->is_used = false;
    }
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
    sg_alert_look_at_realms(&look);
    sg_alert_look_at_others(&look);
}

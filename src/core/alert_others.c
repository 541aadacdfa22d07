/*
 * Causes that are no realm's budget: a wrong server, a refused correction, what
 * others do with our clock.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/alert_private.h"

/* So long it may take until an event shows in the budget, which then tells it.
 */
#define EVENT_S 3.0

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

/* Only then can be seen that no server is wrong any more. */
static bool
is_all_well(const struct sg_status *status)
{
    for (int i = 0; i < status->n_realms; i++)
        if (status->realms[i].state != SG_STATE_OK)
            return false;
    return status->n_realms > 0;
}

static void
look_at_servers(const struct look *look)
{
    struct cause *cause = sg_alert_find_topic(look->alerts, SG_ALERT_SERVER);
    struct facts facts = {
        .realm = find_liar(look->status),
        .left_s = -1,
        .blame = SG_BLAME_NTP,
    };

    if (!cause && facts.realm < 0)
        return;
    if (!cause)
        cause = sg_alert_make(look, SG_ALERT_SERVER);
    if (!cause)
        return;
    if (facts.realm >= 0 || (cause->is_open && !is_all_well(look->status)))
        facts.level = SG_ALERT_NOTICE;
    if (facts.realm >= 0)
        snprintf(cause->text, sizeof cause->text, "%s",
                 look->status->realms[facts.realm].reason);
    sg_alert_follow(look, cause, &facts);
}

static bool
may_be_ours(enum sg_blame blame)
{
    return blame == SG_BLAME_OURS || blame == SG_BLAME_UNCLEAR;
}

/* Does a budget show, or is it about to show, that our own clock is, or was,
 * off? */
static bool
is_told_by_realm(const struct look *look)
{
    for (int i = 0; i < look->status->n_realms; i++) {
        const struct sg_status_realm *realm = &look->status->realms[i];
        const struct cause *cause =
            sg_alert_find_realm(look->alerts, realm->name);

        if (!cause)
            continue;
        if (cause->is_open && cause->level >= SG_ALERT_WARN &&
            may_be_ours(cause->blame))
            return true;
        if (cause->is_pending && sg_alert_level_of(realm) >= SG_ALERT_WARN &&
            may_be_ours(realm->blame))
            return true;
    }
    return false;
}

static void
look_at_refusal(const struct look *look)
{
    struct cause *cause = sg_alert_find_topic(look->alerts, SG_ALERT_REFUSED);
    bool refused = look->status->clock.refused;
    struct facts facts = {.realm = -1, .left_s = -1, .blame = SG_BLAME_OURS};

    if (!cause && refused)
        cause = sg_alert_make(look, SG_ALERT_REFUSED);
    if (!cause)
        return;
    if (refused ? cause->is_open || !is_told_by_realm(look)
                : cause->is_open && !look->status->clock.model.valid)
        facts.level = SG_ALERT_NOTICE; /* nothing to be refused is no leave */
    if (refused)
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
    struct cause *cause = sg_alert_find_topic(look->alerts, topic);
    double wait_s;

    if (!cause && noted->is_there)
        cause = sg_alert_make(look, topic);
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
sg_alert_look_at_others(const struct look *look)
{
    look_at_servers(look);
    look_at_refusal(look);
    look_at_event(look, SG_ALERT_STEP, &look->alerts->step);
    look_at_event(look, SG_ALERT_RIVAL, &look->alerts->rival);
}

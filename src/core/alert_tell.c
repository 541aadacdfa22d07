/*
 * How alerts are told: numbered, put off as one of many, repeated.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/alert_private.h"

#define DAY_S 86400.0

/* After so many times the calm time at a lower level, rising again is news. */
#define EASE_CALMS 12

static double
least(double a, double b)
{
    return a < b ? a : b;
}

void
sg_alert_look_again(const struct look *look, double span_s)
{
    look->told->look_s = least(look->told->look_s, fmax(span_s, 0.01));
}

bool
sg_alert_has_stood(const struct look *look, struct sg_raw at, double span_s)
{
    double left_s = span_s - sg_raw_diff(look->now, at);

    if (left_s <= 0)
        return true;
    sg_alert_look_again(look, left_s);
    return false;
}

/* Many hosts see the same: a realm's clock, a dead KDC, a wrong server. */
static bool
is_shared(const struct cause *cause)
{
    if (cause->topic == SG_ALERT_SERVER)
        return true;
    return cause->topic == SG_ALERT_REALM &&
           (cause->level == SG_ALERT_UNKNOWN || cause->blame == SG_BLAME_KDC ||
            cause->blame == SG_BLAME_REALM);
}

/* 5 minutes, 6 hours, a day: what swings around a threshold in minutes or hours
 * is told, told to be over, told to be back, and that is it for the day. */
static double
patience_s(double first_s, unsigned returns)
{
    static const double factors[] = {1, 72, 288};
    unsigned i = returns > 1 ? returns - 1 : 0;

    return least(first_s * factors[i < 2 ? i : 2], fmax(DAY_S, first_s));
}

double
sg_alert_calm_s(const struct sg_alerts *alerts, unsigned returns)
{
    return patience_s(alerts->config.calm_s, returns);
}

double
sg_alert_ease_s(const struct sg_alerts *alerts, unsigned returns)
{
    return patience_s(EASE_CALMS * alerts->config.calm_s, returns);
}

struct sg_alert *
sg_alert_add(const struct look *look, const struct cause *cause,
             const struct facts *facts, enum sg_alert_phase phase)
{
    struct sg_alerts_told *told = look->told;
    struct sg_alert *alert = &told->alerts[told->n++];

    *alert = (struct sg_alert){
        .topic = cause->topic,
        .phase = phase,
        .level = cause->level,
        .realm = facts->realm,
        .blame = facts->blame,
        .is_member =
            cause->topic == SG_ALERT_REALM &&
            (cause->blame == SG_BLAME_KDC || cause->blame == SG_BLAME_REALM),
        .returns = cause->returns,
        .calm_s = sg_alert_calm_s(look->alerts, cause->returns),
        .since_s = sg_raw_diff(look->now, cause->since),
        .repeats = cause->repeats,
    };
    memcpy(alert->id, cause->id, sizeof alert->id);
    snprintf(alert->text, sizeof alert->text, "%s",
             cause->topic == SG_ALERT_REALM ? cause->realms[0] : cause->text);
    told->save = true;
    return alert;
}

void
sg_alert_number(const struct look *look, struct cause *cause,
                struct sg_alert *alert)
{
    alert->to_mail = true;
    alert->number = ++cause->mails;
    cause->mailed = look->now;
    cause->awaits_mail = false;
    cause->repeats = 0;
}

void
sg_alert_mail(const struct look *look, struct cause *cause,
              struct sg_alert *alert)
{
    double spread_s = look->alerts->config.spread_s;

    if (look->alerts->config.is_mute)
        return;
    if (!is_shared(cause) || spread_s <= 0) {
        sg_alert_number(look, cause, alert);
        return;
    }
    if (!cause->awaits_mail)
        cause->mail_due = sg_raw_add(look->now, look->random * spread_s);
    cause->awaits_mail = true;
    sg_alert_look_again(look, sg_raw_diff(cause->mail_due, look->now));
}

void
sg_alert_catch_up(const struct look *look, struct cause *cause)
{
    if (cause->is_mailed || cause->awaits_mail || look->alerts->config.is_mute)
        return;
    cause->awaits_mail = true;
    cause->mail_due = look->now;
}

void
sg_alert_send_awaiting(const struct look *look, struct cause *cause,
                       const struct facts *facts)
{
    enum sg_alert_phase phase = SG_ALERT_RECOVERED;
    struct sg_alert *alert;

    if (look->alerts->config.is_mute)
        cause->awaits_mail = false;
    if (!cause->awaits_mail || !sg_alert_has_stood(look, cause->mail_due, 0))
        return;
    if (cause->is_open)
        phase = cause->is_mailed ? SG_ALERT_WORSE : SG_ALERT_RAISED;
    alert = sg_alert_add(look, cause, facts, phase);
    if (phase == SG_ALERT_RECOVERED) {
        alert->level = cause->peak;
        alert->blame = cause->blame;
        alert->since_s = sg_raw_diff(cause->closed, cause->since);
    }
    sg_alert_number(look, cause, alert);
    cause->is_mailed = cause->is_open;
}

void
sg_alert_remind(const struct look *look, struct cause *cause,
                const struct facts *facts)
{
    enum sg_remind how = look->alerts->config.remind;
    double wait_s = DAY_S;
    struct sg_alert *alert;

    if (how == SG_REMIND_ONCE || !cause->is_mailed || cause->awaits_mail ||
        cause->is_calm || look->alerts->config.is_mute)
        return;
    if (how == SG_REMIND_DIMINISHING)
        wait_s = ldexp(DAY_S, (int)least(cause->reminders, 10));
    if (!sg_alert_has_stood(look, cause->mailed, wait_s))
        return;
    cause->reminders++;
    alert = sg_alert_add(look, cause, facts, SG_ALERT_REMINDER);
    alert->before = cause->level;
    alert->to_log = true;
    sg_alert_number(look, cause, alert);
}

void
sg_alert_tell_event(const struct look *look, struct cause *cause)
{
    const struct facts facts = {.realm = -1, .blame = SG_BLAME_OURS};
    bool is_first = cause->mails == 0;
    struct sg_alert *alert;

    cause->is_pending = false;
    cause->returns++;
    cause->closed = look->now;
    look->told->save = true;
    if (look->alerts->config.is_mute)
        return;
    if (!is_first &&
        sg_raw_diff(look->now, cause->mailed) < SG_ALERT_MEMORY_S) {
        cause->repeats++;
        return;
    }
    cause->since = cause->pending;
    cause->peak = cause->level = SG_ALERT_NOTICE;
    alert = sg_alert_add(look, cause, &facts,
                         is_first ? SG_ALERT_RAISED : SG_ALERT_REMINDER);
    sg_alert_number(look, cause, alert);
}

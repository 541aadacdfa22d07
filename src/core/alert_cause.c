/*
 * What becomes of one cause: pending, told, worse, calm, over.
 */
#include "core/alert_private.h"

/* A worsening is true once another answer of the same host has not contradicted
 * it, and it stood for so long; without one, as where the network is gone,
 * later.  Others' answers say nothing of it. */
#define CONFIRM_S 1.0
#define CONFIRM_SILENT_S 30.0

/* What is no measurement of a skew can wait: a start, a resume, a reboot of the
 * only KDC are over by then.  The engine is silent for longer before it calls
 * that unknown. */
#define UNKNOWN_S 300.0
#define SILENCE_S 900.0
/* A forecast has to stand for so long, and so has an NTP server's error. */
#define FORECAST_S 600.0
#define SERVER_S 600.0
/* A refusal may be settled by the next answer. */
#define REFUSED_S 60.0
/* While answers are awaited. */
#define AWAIT_S 0.5

/* More evidence is asked for so often at most. */
#define PROBE_S 600.0

/* Other blame must stand for so long; and is told so often. */
#define BLAME_S 60.0
#define CHANGES_MAX 4

/* "The limit is near": told once more. */
#define SOON_S (3 * 3600.0)

/* ---- worse ---- */

static bool
is_confirmed(const struct look *look, struct cause *cause,
             const struct facts *facts)
{
    switch (facts->level) {
    case SG_ALERT_NOTICE:
        return sg_alert_has_stood(look, cause->pending,
                                  cause->topic == SG_ALERT_REFUSED ? REFUSED_S
                                                                   : SERVER_S);
    case SG_ALERT_FORECAST:
        return sg_alert_has_stood(look, cause->pending, FORECAST_S);
    case SG_ALERT_UNKNOWN:
        return facts->silence_s >= SILENCE_S ||
               sg_alert_has_stood(look, cause->pending, UNKNOWN_S);
    default:
        break;
    }
    if (sg_raw_diff(facts->heard, cause->pending) > 0)
        return sg_alert_has_stood(look, cause->pending, CONFIRM_S);
    sg_alert_look_again(look, AWAIT_S);
    return sg_alert_has_stood(look, cause->pending, CONFIRM_SILENT_S);
}

static void
ask_for_evidence(const struct look *look, struct cause *cause,
                 const struct facts *facts)
{
    if (facts->level < SG_ALERT_WARN ||
        (cause->was_probed && sg_raw_diff(look->now, cause->probed) < PROBE_S))
        return;
    cause->was_probed = true;
    cause->probed = look->now;
    look->told->wants_evidence = true;
}

static void
begin(struct cause *cause)
{
    bool was_over = cause->mails > 0 || cause->returns > 0;

    cause->returns = was_over ? cause->returns + 1 : 1;
    cause->is_open = true;
    cause->peak = cause->level = SG_ALERT_NONE;
    cause->since = cause->pending;
    cause->is_mailed = cause->awaits_mail && cause->is_mailed;
    cause->awaits_mail = false;
    cause->is_silence_told = cause->is_soon_told = false;
    cause->changes = cause->blamed = cause->reminders = 0;
}

static void
tell_worse(const struct look *look, struct cause *cause,
           const struct facts *facts)
{
    enum sg_alert_phase phase = SG_ALERT_WORSE;
    enum sg_alert_level before = cause->level;
    struct sg_alert *alert;

    if (!cause->is_open) {
        begin(cause);
        phase = SG_ALERT_RAISED;
        before = SG_ALERT_NONE;
    }
    cause->is_pending = cause->is_lower = false;
    cause->level = facts->level;
    if (cause->level > cause->peak)
        cause->peak = cause->level;
    cause->blame = cause->other_blame = facts->blame;
    cause->blamed |= 1u << facts->blame;
    alert = sg_alert_add(look, cause, facts, phase);
    alert->before = before;
    alert->to_log = true;
    sg_alert_mail(look, cause, alert);
    if (alert->to_mail)
        cause->is_mailed = true;
}

static void
get_worse(const struct look *look, struct cause *cause,
          const struct facts *facts)
{
    /* what confirmed a lesser thing says nothing of this one */
    if (!cause->is_pending || (facts->level >= SG_ALERT_WARN &&
                               facts->level > cause->pending_level)) {
        cause->is_pending = true;
        cause->pending = look->now;
        cause->pending_level = facts->level;
        ask_for_evidence(look, cause, facts);
    }
    if (is_confirmed(look, cause, facts))
        tell_worse(look, cause, facts);
}

/* ---- better ---- */

static void
tell_recovery(const struct look *look, struct cause *cause,
              const struct facts *facts)
{
    struct sg_alert *alert;

    cause->is_open = cause->is_calm = false;
    cause->closed = look->now;
    alert = sg_alert_add(look, cause, facts, SG_ALERT_RECOVERED);
    alert->level = cause->peak;
    alert->before = cause->level;
    alert->blame = cause->blame;
    alert->to_log = true;
    cause->awaits_mail = false; /* who was not told need not be told this */
    if (cause->is_mailed)
        sg_alert_mail(look, cause, alert);
    if (alert->to_mail)
        cause->is_mailed = false;
    cause->level = SG_ALERT_NONE;
}

/* A limit that is near in time is another thing than one that is used up. */
static bool
is_over(const struct cause *cause, const struct facts *facts)
{
    return facts->level == SG_ALERT_NONE ||
           (facts->level == SG_ALERT_FORECAST && cause->level >= SG_ALERT_WARN);
}

static void
get_better(const struct look *look, struct cause *cause,
           const struct facts *facts)
{
    const struct sg_alerts *alerts = look->alerts;

    if (is_over(cause, facts)) {
        if (!cause->is_calm)
            cause->calm = look->now;
        cause->is_calm = true;
        if (sg_alert_has_stood(look, cause->calm,
                               sg_alert_calm_s(alerts, cause->returns))) {
            tell_recovery(look, cause, facts);
            return;
        }
    } else
        cause->is_calm = false;
    /* unknown is not better than wrong */
    if (facts->level >= cause->level || facts->level == SG_ALERT_UNKNOWN) {
        cause->is_lower = false;
        return;
    }
    if (!cause->is_lower || facts->level > cause->lower_level)
        cause->lower_level = facts->level;
    if (!cause->is_lower)
        cause->lower = look->now;
    cause->is_lower = true;
    if (cause->lower_level > SG_ALERT_NONE &&
        sg_alert_has_stood(
            look, cause->lower,
            sg_alert_ease_s(alerts, cause->returns + cause->eases))) {
        cause->eases++;
        cause->level = cause->lower_level;
        cause->is_lower = false;
        look->told->save = true;
    }
}

/* ---- other news ---- */

/* A server that is ignored is none to blame for a realm that is off: it is
 * named where the offset is small but was larger. */
static bool
is_blame(enum sg_blame blame)
{
    return blame != SG_BLAME_NONE && blame != SG_BLAME_UNCLEAR &&
           blame != SG_BLAME_NTP;
}

/* Blame that went back to who was told before is no news. */
static bool
is_other_blamed(const struct look *look, struct cause *cause,
                const struct facts *facts)
{
    bool was_told = cause->blamed & 1u << facts->blame;

    if (facts->level < SG_ALERT_WARN || facts->blame == cause->blame ||
        !is_blame(facts->blame)) {
        cause->other_blame = cause->blame;
        return false;
    }
    if (facts->blame != cause->other_blame)
        cause->other = look->now;
    cause->other_blame = facts->blame;
    if (!sg_alert_has_stood(look, cause->other, BLAME_S))
        return false;
    cause->blame = facts->blame;
    cause->blamed |= 1u << facts->blame;
    return !was_told;
}

/* It was wrong when it was last measured, and nobody can see it any more. */
static bool
is_out_of_sight(struct cause *cause, const struct facts *facts)
{
    if (facts->level != SG_ALERT_UNKNOWN)
        cause->is_silence_told = false;
    if (cause->is_silence_told || cause->level <= SG_ALERT_UNKNOWN ||
        facts->level != SG_ALERT_UNKNOWN || facts->silence_s < SILENCE_S)
        return false;
    cause->is_silence_told = true;
    return true;
}

static bool
is_limit_near(const struct look *look, struct cause *cause,
              const struct facts *facts)
{
    bool is_soon = facts->left_s >= 0 && facts->left_s < SOON_S &&
                   facts->level != SG_ALERT_UNKNOWN &&
                   cause->level < SG_ALERT_EXCEEDED;

    if (is_soon && !cause->is_soon)
        cause->soon = look->now;
    cause->is_soon = is_soon;
    if (!is_soon || cause->is_soon_told ||
        !sg_alert_has_stood(look, cause->soon, FORECAST_S))
        return false;
    cause->is_soon_told = true;
    return true;
}

static void
tell_changes(const struct look *look, struct cause *cause,
             const struct facts *facts)
{
    /* where it comes and goes nobody can be sure whose fault it is */
    bool is_news = is_other_blamed(look, cause, facts) && cause->returns <= 1;
    struct sg_alert *alert;

    is_news |= is_out_of_sight(cause, facts);
    is_news |= is_limit_near(look, cause, facts);
    if (!is_news || cause->changes >= CHANGES_MAX)
        return;
    cause->changes++;
    alert = sg_alert_add(look, cause, facts, SG_ALERT_CHANGED);
    alert->before = cause->level;
    alert->to_log = true;
    if (!cause->awaits_mail && !look->alerts->config.is_mute)
        sg_alert_number(look, cause, alert);
    cause->is_mailed |= alert->to_mail;
}

void
sg_alert_follow(const struct look *look, struct cause *cause,
                const struct facts *facts)
{
    enum sg_alert_level told = cause->is_open ? cause->level : SG_ALERT_NONE;

    if (facts->level > told)
        get_worse(look, cause, facts);
    else
        cause->is_pending = false;
    if (cause->is_open)
        get_better(look, cause, facts);
    if (cause->is_open) {
        sg_alert_catch_up(look, cause);
        tell_changes(look, cause, facts);
        sg_alert_remind(look, cause, facts);
    }
    sg_alert_send_awaiting(look, cause, facts);
}

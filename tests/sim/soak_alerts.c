#include "soak_alerts.h"

#include <stdlib.h>
#include <string.h>

static struct soak_thread *
thread_of(struct soak_alerts *alerts, const struct sg_alert *alert)
{
    struct soak_thread *ret = alerts->threads;

    for (int i = 0; i < alerts->n_threads; i++, ret++)
        if (strcmp(ret->id, alert->id) == 0)
            return ret;
    if (alerts->n_threads++ == SOAK_MAX_THREADS)
        abort();
    memcpy(ret->id, alert->id, sizeof ret->id);
    ret->topic = alert->topic;
    return ret;
}

/* Has it a beginning and an end? */
static bool
has_end(enum sg_alert_topic topic)
{
    return topic != SG_ALERT_STEP && topic != SG_ALERT_RIVAL;
}

static const char *
follow(bool *is_open, const struct sg_alert *alert)
{
    bool was_open = *is_open;

    *is_open = alert->phase != SG_ALERT_RECOVERED;
    if (alert->phase == SG_ALERT_RAISED)
        return was_open ? "raised twice" : NULL;
    return was_open ? NULL : "was not raised";
}

static const char *
hear_log(struct soak_thread *thread, const struct sg_alert *alert)
{
    enum sg_alert_level before = thread->level;
    const char *wrong = follow(&thread->is_logged, alert);

    thread->level = alert->level;
    if (!wrong && alert->phase == SG_ALERT_WORSE &&
        (alert->level <= alert->before || alert->before > before))
        wrong = "is not worse";
    return wrong;
}

static const char *
hear_mail(struct soak_thread *thread, const struct sg_alert *alert)
{
    if (alert->number != ++thread->number)
        return "its number does not follow";
    return has_end(thread->topic) ? follow(&thread->is_mailed, alert) : NULL;
}

const char *
soak_alerts_hear(struct soak_alerts *alerts, const struct sg_alert *alert)
{
    struct soak_thread *thread = thread_of(alerts, alert);
    const char *wrong = NULL, *also = NULL;

    if (!alert->to_log && !alert->to_mail)
        return "told to nobody";
    if (alert->topic != thread->topic)
        return "is about something else";
    alerts->logs += alert->to_log;
    alerts->mails += alert->to_mail;
    if (alert->to_log)
        wrong = hear_log(thread, alert);
    if (alert->to_mail)
        also = hear_mail(thread, alert);
    return wrong ? wrong : also;
}

bool
soak_alerts_is_told(const struct soak_alerts *alerts, enum sg_alert_level level)
{
    for (int i = 0; i < alerts->n_threads; i++)
        if (alerts->threads[i].topic == SG_ALERT_REALM &&
            alerts->threads[i].is_logged && alerts->threads[i].level >= level)
            return true;
    return false;
}

int
soak_alerts_open(const struct soak_alerts *alerts)
{
    int ret = 0;

    for (int i = 0; i < alerts->n_threads; i++)
        ret += alerts->threads[i].is_logged || alerts->threads[i].is_mailed;
    return ret;
}

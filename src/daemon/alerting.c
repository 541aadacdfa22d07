#include "daemon/alerting.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alert/spool.h"
#include "base/file.h"
#include "base/hostclock.h"
#include "base/log.h"
#include "base/timeval.h"
#include "core/alert.h"
#include "daemon/outbox.h"
#include "daemon/say.h"
#include "report/alert.h"
#include "report/present.h"

/* Clocks that are so near are one clock. */
#define SAME_S 1.0

/* What could not be put into the spool is tried again. */
#define RETRY_S 60.0

struct sg_alerting {
    struct sg_alerting_hooks hooks;
    struct sg_alerts *policy;
    struct sg_outbox *outbox;
    struct event *look;
    struct sg_record record; /* what is being told */
};

static uint64_t
random_bits(void)
{
    uint64_t bits;

    evutil_secure_rng_get_bytes(&bits, sizeof bits);
    return bits;
}

static double
random_unit(void)
{
    return (double)(random_bits() >> 11) * 0x1p-53;
}

static struct sg_alerts_config
policy_config(const struct sg_config *config)
{
    return (struct sg_alerts_config){
        .remind = config->alert.remind,
        .calm_s = config->alert.calm_s,
        .spread_s = config->alert.spread_s,
        .is_mute = config->alert.n_mailto == 0 && config->alert.n_hooks == 0,
    };
}

/* ---- one alert ---- */

static void
add_skew(const struct sg_alert *alert, const struct sg_status *status,
         const struct sg_present *present, struct sg_record *ret)
{
    if (alert->realm < 0)
        return;
    snprintf(ret->realm, sizeof ret->realm, "%s",
             status->realms[alert->realm].name);
    ret->limit_s = status->realms[alert->realm].clockskew_s;
    ret->has_offset = present->realms[alert->realm].has_skew;
    if (ret->has_offset)
        ret->offset_s = present->realms[alert->realm].skew.offset_s;
}

/* A clock that is blamed does not tell the time. */
static bool
is_blamed(const struct sg_alert *alert, const struct sg_present *present,
          const struct sg_skew *skew)
{
    const struct sg_present_realm *realm = &present->realms[alert->realm];

    return (alert->blame == SG_BLAME_KDC || alert->blame == SG_BLAME_REALM ||
            alert->blame == SG_BLAME_UNCLEAR) &&
           realm->state >= SG_STATE_WARN && realm->has_skew &&
           fabs(realm->skew.offset_s - skew->offset_s) < SAME_S;
}

/* What the clock follows; where it follows nothing, the realm. */
static void
add_times(const struct sg_alert *alert, const struct sg_status *status,
          const struct sg_present *present, struct sg_record *ret)
{
    struct sg_skew skew;
    bool is_known = sg_present_skew(present, &status->clock.model, &skew);

    ret->host_time = present->wall;
    if (!is_known && alert->realm >= 0)
        is_known = sg_present_skew(present, &status->realms[alert->realm].model,
                                   &skew);
    if (is_known && alert->realm >= 0 && is_blamed(alert, present, &skew))
        is_known = false;
    ret->has_true_time = is_known;
    if (is_known)
        ret->true_time = sg_wall_add(present->wall, skew.offset_s);
}

/* Half a text would be worse than a poor one, and none would be no alert. */
static void
copy_text(struct sg_buf *text, const char *poor, char *ret, size_t size)
{
    snprintf(ret, size, "%s", text->text && !text->failed ? text->text : poor);
    sg_buf_free(text);
}

static void
add_texts(const struct sg_alert *alert, const struct sg_status *status,
          const struct sg_present *present, struct sg_record *ret)
{
    struct sg_buf subject = SG_BUF_INIT, body = SG_BUF_INIT;
    char poor[sizeof ret->realm + 80];

    snprintf(poor, sizeof poor, "%s: %s %s, without memory for more words",
             ret->realm[0] ? ret->realm : "clock",
             sg_alert_level_names[alert->level],
             sg_alert_phase_names[alert->phase]);
    sg_alert_add_subject(&subject, alert, status, present);
    sg_alert_add_body(&body, alert, status, present);
    copy_text(&subject, poor, ret->subject, sizeof ret->subject);
    copy_text(&body, "See \"skewguard status\" and \"skewguard explain\".\n",
              ret->body, sizeof ret->body);
}

/* A mail says whose it is, and a host may get its name late. */
static void
find_host(char *ret, size_t size)
{
    if (gethostname(ret, size) < 0 || !ret[0])
        snprintf(ret, size, "localhost");
    ret[size - 1] = '\0';
}

static void
make_record(const struct sg_alert *alert, const struct sg_status *status,
            const struct sg_present *present, struct sg_record *ret)
{
    memset(ret, 0, sizeof *ret);
    memcpy(ret->id, alert->id, sizeof ret->id);
    find_host(ret->host, sizeof ret->host);
    ret->number = alert->number;
    ret->topic = alert->topic;
    ret->phase = alert->phase;
    ret->level = alert->level;
    ret->severity = sg_alert_severity(alert);
    ret->blame = alert->blame;
    add_skew(alert, status, present, ret);
    add_times(alert, status, present, ret);
    add_texts(alert, status, present, ret);
}

static void
tell(struct sg_alerting *alerting, const struct sg_alert *alert,
     const struct sg_status *status, const struct sg_present *present)
{
    struct sg_record *record = &alerting->record;

    make_record(alert, status, present, record);
    if (alert->to_log)
        sg_say_alert(alert, record);
    if (alert->to_mail)
        sg_outbox_add(alerting->outbox, record);
}

/* ---- a look ---- */

static void
tell_all(struct sg_alerting *alerting, const struct sg_status *status,
         const struct sg_alerts_told *told)
{
    struct sg_report_now now = {.host = sg_host_reading()};
    struct sg_present present;

    sg_present_make_own(status, &now, &present);
    for (int i = 0; i < told->n; i++)
        tell(alerting, &told->alerts[i], status, &present);
}

/* What was told, then what is to be sent, then sending it. */
static void
deliver(struct sg_alerting *alerting)
{
    struct sg_reading now = sg_host_reading();
    struct sg_buf text = SG_BUF_INIT;

    sg_alerts_encode(alerting->policy, &now, &text);
    sg_outbox_save(alerting->outbox, &text);
    sg_buf_free(&text);
    sg_outbox_flush(alerting->outbox);
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
    struct sg_alerting *alerting = arg;
    const struct sg_status *status =
        alerting->hooks.status(alerting->hooks.arg);
    struct sg_alerts_told told;
    struct timeval wait;

    (void)fd;
    (void)what;
    evtimer_del(alerting->look);
    sg_alerts_look(alerting->policy, status, status->published, random_unit(),
                   random_bits(), &told);
    tell_all(alerting, status, &told);
    if (told.save || sg_outbox_is_behind(alerting->outbox))
        deliver(alerting);
    if (told.wants_evidence)
        alerting->hooks.burst(alerting->hooks.arg);
    if (sg_outbox_is_behind(alerting->outbox) && told.look_s > RETRY_S)
        told.look_s = RETRY_S;
    wait = sg_timeval(told.look_s);
    evtimer_add(alerting->look, &wait);
}

void
sg_alerting_note(struct sg_alerting *alerting, const struct sg_event *event)
{
    sg_alerts_note(alerting->policy, event, sg_host_raw());
}

void
sg_alerting_look(struct sg_alerting *alerting)
{
    event_active(alerting->look, EV_TIMEOUT, 0);
}

void
sg_alerting_configure(struct sg_alerting *alerting,
                      const struct sg_config *config)
{
    const struct sg_alerts_config policy = policy_config(config);

    sg_alerts_configure(alerting->policy, &policy);
}

/* Nothing of it is lost for whoever looks into it. */
static void
forget_earlier(struct sg_alerting *alerting, const char *why)
{
    char bad[16];

    sg_outbox_set_aside(alerting->outbox, bad);
    if (bad[0])
        sg_log(LOG_WARNING, "earlier alerts forgotten: %s; set aside as %s",
               why, bad);
    else
        sg_log(LOG_WARNING, "earlier alerts forgotten: %s", why);
}

/* What an earlier run had told, and may not have sent.  False: no memory. */
static bool
go_on(struct sg_alerting *alerting)
{
    struct sg_reading now = sg_host_reading();
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err;
    int code = sg_outbox_load(alerting->outbox, &text, &err);

    if (code == 0)
        code =
            sg_alerts_decode(alerting->policy, text.text, text.len, &now, &err);
    sg_buf_free(&text);
    if (code == -ENOMEM)
        return false;
    sg_outbox_flush(alerting->outbox);
    if (code < 0 && code != -ENOENT)
        forget_earlier(alerting, err.text);
    return true;
}

static void
discard(struct sg_alerting *alerting)
{
    if (alerting->look)
        event_free(alerting->look);
    sg_outbox_free(alerting->outbox);
    sg_alerts_free(alerting->policy);
    free(alerting);
}

struct sg_alerting *
sg_alerting_new(struct event_base *base, const struct sg_config *config,
                const struct sg_alerting_hooks *hooks)
{
    const struct sg_alerts_config policy = policy_config(config);
    struct sg_alerting *alerting = calloc(1, sizeof *alerting);

    if (!alerting)
        return NULL;
    alerting->hooks = *hooks;
    alerting->policy = sg_alerts_new(&policy, sg_host_raw());
    alerting->outbox = sg_outbox_new(config->state_directory);
    alerting->look = evtimer_new(base, on_look, alerting);
    if (alerting->policy && alerting->outbox && alerting->look) {
        sg_alerting_configure(alerting, config);
        if (go_on(alerting))
            return alerting;
    }
    discard(alerting);
    return NULL;
}

void
sg_alerting_free(struct sg_alerting *alerting)
{
    if (!alerting)
        return;
    if (sg_outbox_is_behind(alerting->outbox))
        deliver(alerting);
    discard(alerting);
}

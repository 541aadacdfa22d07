#include "daemon/say.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "base/buf.h"
#include "base/hostclock.h"
#include "base/log.h"

#define BEYOND_USEC 9e18

static void
add_usec(struct sg_buf *fields, const char *key, double span_s)
{
    if (fabs(span_s) * 1e6 < BEYOND_USEC)
        sg_log_add_field(fields, "%s=%" PRId64, key,
                         (int64_t)llround(span_s * 1e6));
}

/* The wall clock is what is in doubt: the others go with it, as timesyncd
 * does it. */
static void
add_clocks(struct sg_buf *fields)
{
    struct sg_reading now = sg_host_reading();

    sg_log_add_field(fields, "MONOTONIC_RAW_USEC=%" PRId64, now.raw.ns / 1000);
    sg_log_add_field(fields, "REALTIME_USEC=%" PRId64, now.wall.ns / 1000);
}

static void
begin(struct sg_buf *fields, const char *id)
{
    sg_log_add_field(fields, "MESSAGE_ID=%s", id);
    add_clocks(fields);
}

/* Fields that memory did not suffice for are no reason to keep quiet. */
static void
end(struct sg_buf *fields, int level, const char *text)
{
    sg_log_with(level, fields->failed ? NULL : fields, text);
    sg_buf_free(fields);
}

void
sg_say_event(const struct sg_event *event)
{
    /* What a state means to people is an alert's to tell. */
    static const struct {
        int level;
        const char *id;
    } kinds[] = {
        [SG_EVENT_STATE] = {LOG_INFO, "768257604e9b450ea5480b8c9c409082"},
        [SG_EVENT_SOURCE] = {LOG_NOTICE, "e220931ba4f642d69b4487b3fd5133f1"},
        [SG_EVENT_STEP] = {LOG_NOTICE, "82550219a30a464abdd475632691dd0d"},
        [SG_EVENT_FOREIGN] = {LOG_WARNING, "2029ff92273f4385b15ae4cbe9aa7138"},
        [SG_EVENT_RESUME] = {LOG_NOTICE, "944a3ac2b8d34fbbaaaafc75f3c4e1bd"},
        [SG_EVENT_REFUSED] = {LOG_ERR, "a48ed0a3176046efb0460e225207206d"},
        [SG_EVENT_RIVAL] = {LOG_WARNING, "555a54fdf1fe48a084b946d229eaa7f6"},
        [SG_EVENT_SYNC] = {LOG_NOTICE, "ab8f7fe7ab9c4f3eb396f4b67a698745"},
        [SG_EVENT_LEAP] = {LOG_NOTICE, "79da3678a27044058beb214db173febe"},
    };
    int level = kinds[event->kind].level;
    struct sg_buf fields = SG_BUF_INIT;

    if (event->kind == SG_EVENT_STATE && event->state == SG_STATE_OK)
        level = LOG_NOTICE;
    begin(&fields, kinds[event->kind].id);
    end(&fields, level, event->text);
}

/* The others are mailed alone: their event was logged. */
static const char *
alert_id(const struct sg_alert *alert)
{
    static const char *const of_topics[SG_ALERT_TOPIC_COUNT] = {
        [SG_ALERT_REALM] = "e5939e2b89344e98b28a7c89e3b31e83",
        [SG_ALERT_SERVER] = "a3cf8a04a5ff46ebb8ef70d619889592",
        [SG_ALERT_REFUSED] = "c1a4f1c257214037a57b703b54b8566c",
    };

    if (alert->phase == SG_ALERT_RECOVERED)
        return "32abb86ca85c4e99bcd4758d23a00a3d";
    assert(of_topics[alert->topic]);
    return of_topics[alert->topic];
}

static void
add_facts(struct sg_buf *fields, const struct sg_alert *alert,
          const struct sg_record *record)
{
    sg_log_add_field(fields, "SKEWGUARD_ALERT=%s", alert->id);
    sg_log_add_field(fields, "SKEWGUARD_TOPIC=%s",
                     sg_alert_topic_names[alert->topic]);
    sg_log_add_field(fields, "SKEWGUARD_PHASE=%s",
                     sg_alert_phase_names[alert->phase]);
    sg_log_add_field(fields, "SKEWGUARD_LEVEL=%s",
                     sg_alert_level_names[alert->level]);
    if (record->realm[0])
        sg_log_add_field(fields, "SKEWGUARD_REALM=%s", record->realm);
    sg_log_add_field(fields, "SKEWGUARD_BLAME=%s", sg_blame_name(alert->blame));
    if (!record->has_offset)
        return;
    add_usec(fields, "SKEWGUARD_OFFSET_USEC", record->offset_s);
    add_usec(fields, "SKEWGUARD_LIMIT_USEC", record->limit_s);
}

void
sg_say_alert(const struct sg_alert *alert, const struct sg_record *record)
{
    struct sg_buf fields = SG_BUF_INIT;

    begin(&fields, alert_id(alert));
    add_facts(&fields, alert, record);
    end(&fields, sg_alert_severity(alert), record->subject);
}

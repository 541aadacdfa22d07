#include "daemon/say.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "base/hostclock.h"
#include "base/log.h"

#define FIELDS_MAX 20
#define BEYOND_USEC 9e18

/* One message with its fields. */
struct message {
    struct sg_buf texts[FIELDS_MAX];
    int n;
};

static bool is_journal;

void
sg_say_init(bool has_journal)
{
    is_journal = has_journal;
}

static void add_field(struct message *message, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add_field(struct message *message, const char *format, ...)
{
    struct sg_buf *text = &message->texts[message->n++];
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sg_buf_add(text, "%s", line);
}

static void
add_usec(struct message *message, const char *key, double span_s)
{
    if (fabs(span_s) * 1e6 < BEYOND_USEC)
        add_field(message, "%s=%" PRId64, key, (int64_t)llround(span_s * 1e6));
}

/* The wall clock is what is in doubt: the others go with it, as timesyncd
 * does it. */
static void
add_clocks(struct message *message)
{
    struct sg_reading now = sg_host_reading();

    add_field(message, "MONOTONIC_RAW_USEC=%" PRId64, now.raw.ns / 1000);
    add_field(message, "REALTIME_USEC=%" PRId64, now.wall.ns / 1000);
}

/* False if the journal does not take it. */
static bool
send_message(struct message *message)
{
    struct iovec fields[FIELDS_MAX];
    bool is_whole = true;
    int code = -1;

    for (int i = 0; i < message->n; i++) {
        fields[i].iov_base = message->texts[i].text;
        fields[i].iov_len = message->texts[i].len;
        is_whole &= !message->texts[i].failed;
    }
    if (is_whole)
        code = sd_journal_sendv(fields, message->n);
    for (int i = 0; i < message->n; i++)
        sg_buf_free(&message->texts[i]);
    return code == 0;
}

static void
begin(struct message *message, int level, const char *id, const char *text)
{
    memset(message, 0, sizeof *message);
    add_field(message, "MESSAGE=%s", text);
    add_field(message, "PRIORITY=%d", level);
    add_field(message, "MESSAGE_ID=%s", id);
    add_field(message, "SYSLOG_FACILITY=%d", LOG_DAEMON >> 3);
    add_clocks(message);
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
    struct message message;

    if (event->kind == SG_EVENT_STATE && event->state == SG_STATE_OK)
        level = LOG_NOTICE;
    if (is_journal) {
        begin(&message, level, kinds[event->kind].id, event->text);
        if (send_message(&message))
            return;
    }
    sg_log(level, "%s", event->text);
}

static const char *
alert_id(const struct sg_alert *alert)
{
    static const char *const of_topics[SG_ALERT_TOPIC_COUNT] = {
        [SG_ALERT_REALM] = "e5939e2b89344e98b28a7c89e3b31e83",
        [SG_ALERT_SERVER] = "a3cf8a04a5ff46ebb8ef70d619889592",
        [SG_ALERT_STEP] = "58747e40fe9a485c80eb8351c4b4d992",
        [SG_ALERT_RIVAL] = "0d81692797974fa9a6320f32ec030260",
        [SG_ALERT_REFUSED] = "c1a4f1c257214037a57b703b54b8566c",
        [SG_ALERT_TEST] = "18daea2de56a4070ae12d9055782454f",
    };

    return alert->phase == SG_ALERT_RECOVERED
               ? "32abb86ca85c4e99bcd4758d23a00a3d"
               : of_topics[alert->topic];
}

static void
add_facts(struct message *message, const struct sg_alert *alert,
          const struct sg_record *record)
{
    add_field(message, "SKEWGUARD_ALERT=%s", alert->id);
    add_field(message, "SKEWGUARD_TOPIC=%s",
              sg_alert_topic_names[alert->topic]);
    add_field(message, "SKEWGUARD_PHASE=%s",
              sg_alert_phase_names[alert->phase]);
    add_field(message, "SKEWGUARD_LEVEL=%s",
              sg_alert_level_names[alert->level]);
    if (record->realm[0])
        add_field(message, "SKEWGUARD_REALM=%s", record->realm);
    add_field(message, "SKEWGUARD_BLAME=%s", sg_blame_name(alert->blame));
    if (!record->has_offset)
        return;
    add_usec(message, "SKEWGUARD_OFFSET_USEC", record->offset_s);
    add_usec(message, "SKEWGUARD_LIMIT_USEC", record->limit_s);
}

void
sg_say_alert(const struct sg_alert *alert, const struct sg_record *record)
{
    int level = sg_alert_severity(alert);
    struct message message;

    if (is_journal) {
        begin(&message, level, alert_id(alert), record->subject);
        add_facts(&message, alert, record);
        if (send_message(&message))
            return;
    }
    sg_log(level, "%s", record->subject);
}

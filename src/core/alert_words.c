#include "core/alert.h"

const char *const sg_alert_topic_names[SG_ALERT_TOPIC_COUNT] = {
    [SG_ALERT_REALM] = "realm",     [SG_ALERT_SERVER] = "server",
    [SG_ALERT_STEP] = "step",       [SG_ALERT_RIVAL] = "rival",
    [SG_ALERT_REFUSED] = "refused", [SG_ALERT_TEST] = "test",
};

const char *const sg_alert_level_names[SG_ALERT_LEVEL_COUNT] = {
    [SG_ALERT_NONE] = "none",         [SG_ALERT_NOTICE] = "notice",
    [SG_ALERT_FORECAST] = "forecast", [SG_ALERT_UNKNOWN] = "unknown",
    [SG_ALERT_WARN] = "warn",         [SG_ALERT_CRITICAL] = "critical",
    [SG_ALERT_EXCEEDED] = "exceeded",
};

const char *const sg_alert_phase_names[SG_ALERT_PHASE_COUNT] = {
    [SG_ALERT_RAISED] = "raised",       [SG_ALERT_WORSE] = "worse",
    [SG_ALERT_CHANGED] = "changed",     [SG_ALERT_REMINDER] = "reminder",
    [SG_ALERT_RECOVERED] = "recovered",
};

/* syslog(3)'s numbers, which RFC 5424, 6.2.1 fixes. */
enum { CRITICAL = 2, ERROR = 3, WARNING = 4, NOTICE = 5 };

int
sg_alert_severity(const struct sg_alert *alert)
{
    static const int severities[SG_ALERT_LEVEL_COUNT] = {
        [SG_ALERT_NONE] = NOTICE,       [SG_ALERT_NOTICE] = NOTICE,
        [SG_ALERT_FORECAST] = WARNING,  [SG_ALERT_UNKNOWN] = WARNING,
        [SG_ALERT_WARN] = WARNING,      [SG_ALERT_CRITICAL] = ERROR,
        [SG_ALERT_EXCEEDED] = CRITICAL,
    };
    static const int of_topics[SG_ALERT_TOPIC_COUNT] = {
        [SG_ALERT_SERVER] = NOTICE, [SG_ALERT_STEP] = WARNING,
        [SG_ALERT_RIVAL] = WARNING, [SG_ALERT_REFUSED] = ERROR,
        [SG_ALERT_TEST] = NOTICE,
    };
    int ret = severities[alert->level];

    if (alert->phase == SG_ALERT_RECOVERED)
        return NOTICE;
    if (alert->topic != SG_ALERT_REALM)
        return of_topics[alert->topic];
    return alert->is_member && ret < NOTICE ? ret + 1 : ret;
}

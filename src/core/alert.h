/*
 * Alert policy: when a person is told what, and when not.
 *
 * Pure.  It looks at the status after each change and at the instants it asks
 * for, and says which alerts are due; the caller logs and mails them.
 *
 * One cause is one thread.  A realm that gets worse is one cause from the
 * first warning to the recovery, whatever is blamed meanwhile, and realms that
 * are off because our own clock is are one cause, too.  A worsening is told
 * once further answers confirm it, which takes seconds; a recovery once all was
 * well for calm_s, and for much longer where it came back before.
 */
#ifndef SG_CORE_ALERT_H
#define SG_CORE_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "core/engine.h"
#include "core/status.h"

enum sg_alert_topic {
    SG_ALERT_REALM,   /* the budget of a realm, or of all that our clock is
                         to blame for */
    SG_ALERT_SERVER,  /* an NTP server is wrong; nothing depends on it */
    SG_ALERT_STEP,    /* somebody else stepped our clock */
    SG_ALERT_RIVAL,   /* somebody else steers it; we only guard */
    SG_ALERT_REFUSED, /* guard or kernel refuse to have it corrected */
    SG_ALERT_TEST,    /* "skewguard test-alert" */
    SG_ALERT_TOPIC_COUNT
};

/* Ordered by urgency. */
enum sg_alert_level {
    SG_ALERT_NONE,
    SG_ALERT_NOTICE,   /* all topics but REALM have no other */
    SG_ALERT_FORECAST, /* ok, and the limit is near in time */
    SG_ALERT_UNKNOWN,  /* cannot be measured, or nothing proves it */
    SG_ALERT_WARN,
    SG_ALERT_CRITICAL,
    SG_ALERT_EXCEEDED,
    SG_ALERT_LEVEL_COUNT
};

enum sg_alert_phase {
    SG_ALERT_RAISED,
    SG_ALERT_WORSE,    /* its level rose */
    SG_ALERT_CHANGED,  /* the same level, but something a person should know:
                          another clock is blamed, or nothing is measured any
                          more, or the limit is near */
    SG_ALERT_REMINDER, /* nothing new */
    SG_ALERT_RECOVERED,
    SG_ALERT_PHASE_COUNT
};

/* Stable words for machines: "realm", "exceeded", "raised". */
extern const char *const sg_alert_topic_names[SG_ALERT_TOPIC_COUNT];
extern const char *const sg_alert_level_names[SG_ALERT_LEVEL_COUNT];
extern const char *const sg_alert_phase_names[SG_ALERT_PHASE_COUNT];

#define SG_ALERT_ID_MAX 17 /* 16 hex digits and NUL */
#define SG_ALERT_TEXT_MAX (SG_REASON_MAX + SG_NAME_MAX)

/* One thing to be told. */
struct sg_alert {
    char id[SG_ALERT_ID_MAX]; /* of the cause; also of its later return within a
                                 day */
    unsigned number;          /* from 1, of the mails of that cause; 0: this is
                                 for the log alone */
    enum sg_alert_topic topic;
    enum sg_alert_phase phase;
    enum sg_alert_level level;  /* RECOVERED: the highest one that was told */
    enum sg_alert_level before; /* the one told last; NONE if RAISED */
    bool to_log, to_mail;       /* at once, each */
    int realm; /* the worst of those concerned; -1: none, or not watched any
                  more */
    enum sg_blame blame;
    bool is_member;   /* a realm-wide cause: we are one of many that tell */
    unsigned returns; /* > 1: flapping; it came back so often within a day */
    double calm_s;    /* so long must all be well before recovery is told */
    double since_s;   /* the cause has been there for so long */
    unsigned repeats; /* STEP, RIVAL: so many more since the last mail */
    char text[SG_ALERT_TEXT_MAX]; /* REALM: the first realm of the cause, as
                                     long as it is watched or not; else of the
                                     event */
};

/* syslog(3)'s severity, 2 (critical) to 5 (notice); docs/ALERTS.md has the
 * table.  Members of a realm-wide cause speak one lower. */
int sg_alert_severity(const struct sg_alert *alert);

enum sg_remind {
    SG_REMIND_ONCE, /* never */
    SG_REMIND_DAILY,
    SG_REMIND_DIMINISHING, /* after 1, 2, 4, ... days */
};

struct sg_alerts_config {
    enum sg_remind remind;
    double calm_s;   /* all must be well for so long before that is told */
    double spread_s; /* a realm-wide cause is mailed at a random moment within
                        so long */
    bool is_mute;    /* nobody wants mail */
};

#define SG_ALERTS_MAX (SG_MAX_REALMS + 4)

/* What a look led to. */
struct sg_alerts_told {
    bool wants_evidence; /* ask all sources once more, soon */
    bool save;           /* the state changed: save it before delivering */
    double look_s;       /* look again after this at the latest */
    int n;
    struct sg_alert alerts[4 * SG_ALERTS_MAX];
};

struct sg_alerts;

/* NULL if memory runs out.  now: history before it is none. */
struct sg_alerts *sg_alerts_new(const struct sg_alerts_config *config,
                                struct sg_raw now);

/* Accepts NULL. */
void sg_alerts_free(struct sg_alerts *alerts);

/* After a reload. */
void sg_alerts_configure(struct sg_alerts *alerts,
                         const struct sg_alerts_config *config);

/* An event of the engine or the daemon; followed by a look. */
void sg_alerts_note(struct sg_alerts *alerts, const struct sg_event *event,
                    struct sg_raw now);

/*
 * Look at the status as it is at now.  random is even in [0, 1); id_bits make
 * the id of a cause that begins with this look, and must be new each time.
 */
void sg_alerts_look(struct sg_alerts *alerts, const struct sg_status *status,
                    struct sg_raw now, double random, uint64_t id_bits,
                    struct sg_alerts_told *ret);

/*
 * The causes, as text to be kept across restarts; what is running in them is
 * kept as ages, which hold across a boot.
 */
void sg_alerts_encode(const struct sg_alerts *alerts,
                      const struct sg_reading *now, struct sg_buf *ret);

/*
 * Take them over.  The bytes may be damaged: -EINVAL with a reason, and alerts
 * is as it was.
 */
int sg_alerts_decode(struct sg_alerts *alerts, const char *text, size_t len,
                     const struct sg_reading *now, struct sg_err *err);

#endif

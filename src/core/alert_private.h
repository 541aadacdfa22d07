/*
 * The alert policy's state, shared by alert.c (its causes), alert_realms.c and
 * alert_others.c (what is seen of them), alert_cause.c
 * (what becomes of one cause), alert_tell.c (how it is told), alert_save.c
 * (across restarts).
 */
#ifndef SG_CORE_ALERT_PRIVATE_H
#define SG_CORE_ALERT_PRIVATE_H

#include "core/alert.h"

/* A cause that came back within this time is the same one, and flaps. */
#define SG_ALERT_MEMORY_S 86400.0

struct cause {
    bool is_used;
    char id[SG_ALERT_ID_MAX];
    enum sg_alert_topic topic;
    int n_realms; /* REALM: whose budget it concerns */
    char realms[SG_MAX_REALMS][SG_NAME_MAX];
    bool covers[SG_MAX_REALMS];   /* what was told was told of this one, too */
    char speaker[SG_NAME_MAX];    /* the one it was told of */
    char text[SG_ALERT_TEXT_MAX]; /* of the event */

    /* as it was told */
    bool is_open;
    enum sg_alert_level level, peak;
    enum sg_blame blame;
    bool is_silence_told, is_soon_told;
    unsigned changes; /* CHANGED, since it was raised */
    unsigned blamed;  /* bits 1 << enum sg_blame: told since it was raised */
    unsigned returns;
    unsigned eases; /* it counted as less bad so often without being over */
    struct sg_raw since;
    struct sg_raw closed;

    /* mail */
    unsigned mails;   /* numbers given */
    bool is_mailed;   /* since it was raised */
    bool awaits_mail; /* at mail_due, as one of many */
    struct sg_raw mail_due;
    struct sg_raw mailed; /* last */
    unsigned reminders;
    unsigned repeats; /* of the event, since then */

    /* what may become of it; begun anew by each start of the program */
    bool is_pending; /* a worsening is to be confirmed */
    struct sg_raw pending;
    enum sg_alert_level pending_level;
    bool was_probed;      /* more evidence was asked for ... */
    struct sg_raw probed; /* ... then */
    bool is_calm;
    struct sg_raw calm;
    bool is_lower; /* than was told, at most ... */
    enum sg_alert_level lower_level;
    struct sg_raw lower;
    enum sg_blame other_blame; /* than was told */
    struct sg_raw other;
    bool is_soon;
    struct sg_raw soon;
};

/* An event that no look has seen yet. */
struct noted {
    bool is_there;
    char text[SG_ALERT_TEXT_MAX];
};

struct sg_alerts {
    struct sg_alerts_config config;
    struct sg_raw start; /* or resume: what was before cannot be remembered */
    struct noted step, rival;
    struct cause causes[SG_ALERTS_MAX];
};

/* What is seen of a cause now. */
struct facts {
    enum sg_alert_level level;
    enum sg_blame blame;
    int realm;           /* the worst one; -1 */
    double silence_s;    /* since anything was measured */
    double left_s;       /* until the limit; < 0: not foreseen */
    struct sg_raw heard; /* the last answer of the host that is off */
};

/* One look, handed through. */
struct look {
    struct sg_alerts *alerts;
    const struct sg_status *status;
    struct sg_raw now;
    double random;
    uint64_t id_bits;
    struct sg_alerts_told *told;
};

/* Weigh a cause by what is seen of it, and tell what is due. */
void sg_alert_follow(const struct look *look, struct cause *cause,
                     const struct facts *facts);

/* ---- alert.c ---- */

/* The one of that topic; of several REALM ones the realm tells. */
struct cause *sg_alert_find_topic(struct sg_alerts *alerts,
                                  enum sg_alert_topic topic);
struct cause *sg_alert_find_realm(struct sg_alerts *alerts, const char *name);
bool sg_alert_has_realm(const struct cause *cause, const char *name);
bool sg_alert_is_alive(const struct cause *cause);

/* A new one, in place of the one that has been over for longest if need be;
 * NULL if all are alive, which takes a reload to other realms. */
struct cause *sg_alert_make(const struct look *look, enum sg_alert_topic topic);

/* ---- alert_realms.c, alert_others.c ---- */

enum sg_alert_level sg_alert_level_of(const struct sg_status_realm *realm);

void sg_alert_look_at_realms(const struct look *look);
void sg_alert_look_at_others(const struct look *look);

/* ---- alert_tell.c ---- */

/* Look again after span_s at the latest. */
void sg_alert_look_again(const struct look *look, double span_s);

/* Has this stood for span_s since at?  If not, look again when it may. */
bool sg_alert_has_stood(const struct look *look, struct sg_raw at,
                        double span_s);

/* So long all must be well; longer the more often the cause came back. */
double sg_alert_calm_s(const struct sg_alerts *alerts, unsigned returns);

/* So long it must be less bad before rising again is news: the same. */
double sg_alert_ease_s(const struct sg_alerts *alerts, unsigned returns);

/* One more, of this cause as it stands; neither logged nor mailed yet. */
struct sg_alert *sg_alert_add(const struct look *look,
                              const struct cause *cause,
                              const struct facts *facts,
                              enum sg_alert_phase phase);

/* It goes by mail at once. */
void sg_alert_number(const struct look *look, struct cause *cause,
                     struct sg_alert *alert);

/* The same now, or at a random moment as one of many that tell. */
void sg_alert_mail(const struct look *look, struct cause *cause,
                   struct sg_alert *alert);

/* Mail what began while nobody wanted mail. */
void sg_alert_catch_up(const struct look *look, struct cause *cause);

/* What was put off may be due, and says how things stand by now. */
void sg_alert_send_awaiting(const struct look *look, struct cause *cause,
                            const struct facts *facts);

void sg_alert_remind(const struct look *look, struct cause *cause,
                     const struct facts *facts);

/* An event is all there is to it: one mail a day. */
void sg_alert_tell_event(const struct look *look, struct cause *cause);

#endif

#include "report/remedy.h"

#include <math.h>
#include <string.h>

#include "report/alert_facts.h"
#include "report/headline.h"
#include "report/refusals.h"
#include "report/words.h"

#define MAX_STEPS 4

/* What of the same kind has the same remedy. */
enum trouble {
    TROUBLE_NONE,
    TROUBLE_DRIFT,    /* the limit is near in time */
    TROUBLE_SILENT,   /* nobody answers */
    TROUBLE_UNPROVEN, /* somebody does, and may be lying */
    TROUBLE_STEERED,  /* our clock is wrong, and being put right */
    TROUBLE_REFUSED,  /* our clock is wrong, and may not be put right */
    TROUBLE_GUARDED,  /* our clock is wrong, and somebody else's business */
    TROUBLE_KDC,
    TROUBLE_REALM,
    TROUBLE_UNCLEAR,
    TROUBLE_SERVER,
    TROUBLE_STEPPED,
    TROUBLE_RIVAL,
    TROUBLE_TEST,
    TROUBLE_COUNT
};

#define WHO_SET_IT                                                             \
    "find out who set it, or it happens again: \"journalctl "                  \
    "MESSAGE_ID=c7a787079b354eaaa9e77b371893cd27\" shows when, \"systemctl "   \
    "list-units\" what may have done it"
#define WIDER_AT_START                                                         \
    "if the servers are right: \"systemctl reload skewguard-clockd; "          \
    "systemctl restart skewguard\" (a step at start has wider limits: any "    \
    "distance forward and a day back, where two hosts agree or a KDC proves "  \
    "its time)"

static const char *const steps[TROUBLE_COUNT][MAX_STEPS] = {
    [TROUBLE_DRIFT] =
        {
            "see in the decision below why skewguardd does not hold the clock, "
            "or in \"chronyc tracking\" why another time daemon does not",
            "act before the limit is reached",
        },
    [TROUBLE_SILENT] =
        {
            "see who fails, and how: \"skewguard sources -v\"",
            "measure now, without the daemon: \"skewguard check\"",
            "where nothing answers look at network, DNS and firewall: UDP and "
            "TCP port 88 to the KDCs, UDP port 123 to NTP servers",
        },
    [TROUBLE_UNPROVEN] =
        {
            "do not set the clock to it: it may be forged",
            "see whether this host's key works, as root: \"klist -k\" shows "
            "it, \"skewguard check\" asks with it",
            "ask others: \"skewguard query HOST\" for a server that you trust",
        },
    [TROUBLE_STEERED] = {WHO_SET_IT},
    [TROUBLE_REFUSED] =
        {
            "see whether the time is right: \"skewguard query HOST\" for a "
            "server that you trust",
            WIDER_AT_START,
            "where the system itself refuses, skewguardd lacks the permission "
            "to set the clock: see \"skewguard explain\"",
        },
    [TROUBLE_GUARDED] =
        {
            "correct this host's clock, which skewguardd only guards: see why "
            "whoever steers it does not, by \"chronyc tracking\" or "
            "\"systemctl status systemd-timesyncd\"",
        },
    [TROUBLE_KDC] =
        {
            "there, \"timedatectl\" and \"chronyc tracking\" show why",
            "leave this host's clock alone",
            "until then, where there is another KDC: take this one out of "
            "krb5.conf, or stop its service",
        },
    [TROUBLE_REALM] =
        {
            "leave this host's clock to skewguardd: Kerberos needs the "
            "realm's time, right or wrong",
        },
    [TROUBLE_UNCLEAR] =
        {
            "whoever agrees with a server that you trust is right",
            "more servers would decide it: add an \"ntp\" section to "
            "skewguard.conf",
        },
    [TROUBLE_SERVER] =
        {
            "tell the administrator of that server, or name another one in "
            "skewguard.conf",
            "see who contradicts it: \"skewguard sources -v\"",
        },
    [TROUBLE_STEPPED] =
        {
            WHO_SET_IT,
            "where a ticket is refused now: run kinit again",
        },
    [TROUBLE_RIVAL] =
        {
            "decide who is to steer the clock, and stop the other one: "
            "\"systemctl disable --now NAME\"",
            "if it is to be skewguardd: \"systemctl restart skewguard\" "
            "afterwards",
        },
    [TROUBLE_TEST] = {"nothing: it has arrived"},
};

static enum trouble
our_trouble(const struct sg_status *status)
{
    if (status->mode != SG_MODE_DISCIPLINE || !status->clock.disciplined)
        return TROUBLE_GUARDED;
    return status->clock.refused ? TROUBLE_REFUSED : TROUBLE_STEERED;
}

static enum trouble
trouble_of_realm(const struct sg_alert *alert, const struct sg_status *status,
                 const struct sg_present *present, int realm)
{
    const struct sg_status_realm *of = &status->realms[realm];
    enum sg_state state = present->realms[realm].state;

    if (alert->phase == SG_ALERT_RECOVERED)
        return TROUBLE_NONE;
    if (state == SG_STATE_UNKNOWN)
        return of->measured ? TROUBLE_UNPROVEN : TROUBLE_SILENT;
    if (state == SG_STATE_OK)
        return alert->level == SG_ALERT_FORECAST ? TROUBLE_DRIFT : TROUBLE_NONE;
    switch (of->blame) {
    case SG_BLAME_KDC:
        return TROUBLE_KDC;
    case SG_BLAME_REALM:
        return TROUBLE_REALM;
    case SG_BLAME_NTP:
        return TROUBLE_SERVER;
    case SG_BLAME_UNCLEAR:
        return TROUBLE_UNCLEAR;
    case SG_BLAME_NONE:
    case SG_BLAME_OURS:
    case SG_BLAME_COUNT:
        break;
    }
    return our_trouble(status);
}

static enum trouble
find_trouble(const struct sg_alert *alert, const struct sg_status *status,
             const struct sg_present *present)
{
    static const enum trouble of_topics[SG_ALERT_TOPIC_COUNT] = {
        [SG_ALERT_SERVER] = TROUBLE_SERVER,
        [SG_ALERT_STEP] = TROUBLE_STEPPED,
        [SG_ALERT_RIVAL] = TROUBLE_RIVAL,
        [SG_ALERT_REFUSED] = TROUBLE_REFUSED,
        [SG_ALERT_TEST] = TROUBLE_TEST,
    };
    int realm = sg_alert_realm(alert, status);

    if (alert->phase == SG_ALERT_RECOVERED)
        return TROUBLE_NONE;
    if (alert->topic != SG_ALERT_REALM)
        return of_topics[alert->topic];
    return realm < 0 ? TROUBLE_NONE
                     : trouble_of_realm(alert, status, present, realm);
}

/* Takes over text; nothing if there is none. */
static void
add_step(struct sg_buf *buf, int *n, struct sg_buf *text)
{
    struct sg_buf number = SG_BUF_INIT;

    if (text->len == 0) {
        sg_buf_free_part(text, buf);
        return;
    }
    sg_buf_add(&number, "  %d. ", ++*n);
    sg_buf_add(buf, "%s", number.text ? number.text : "");
    sg_words_flush(buf, (int)number.len, (int)number.len, text);
    sg_buf_free_part(&number, buf);
}

/* GNU date adds to what the clock reads, so the line does not grow old. */
static void
add_by_hand(struct sg_buf *buf, const struct sg_present_realm *now)
{
    if (!now->has_skew || !(fabs(now->skew.offset_s) >= 1) ||
        !(fabs(now->skew.offset_s) < 1e9))
        return;
    sg_buf_add(buf,
               "or at once by hand, as root, and only once: \"date "
               "--set='%+.0f seconds'\"",
               now->skew.offset_s);
}

/* The steps that depend on numbers of the realm. */
static void
add_for_realm(struct sg_buf *buf, enum trouble trouble,
              const struct sg_status *status, const struct sg_present *present,
              int realm, int *n)
{
    struct sg_buf text = SG_BUF_INIT;

    if (present->realms[realm].state >= SG_STATE_WARN)
        sg_headline_add_zone(&text, status, present, realm);
    add_step(buf, n, &text);
    if (trouble == TROUBLE_GUARDED)
        add_by_hand(&text, &present->realms[realm]);
    add_step(buf, n, &text);
    if (present->realms[realm].state >= SG_STATE_WARN)
        sg_refusals_add_remedy(&text, status, present, realm);
    add_step(buf, n, &text);
}

static void
add_for_recovery(struct sg_buf *buf, const struct sg_alert *alert)
{
    struct sg_buf text = SG_BUF_INIT;
    int n = 0;

    if (alert->level != SG_ALERT_EXCEEDED)
        return;
    sg_buf_add(&text, "where a ticket is refused now: run kinit again; those "
                      "taken while the clocks differed may be refused");
    add_step(buf, &n, &text);
}

void
sg_remedy_add(struct sg_buf *buf, const struct sg_alert *alert,
              const struct sg_status *status, const struct sg_present *present)
{
    enum trouble trouble = find_trouble(alert, status, present);
    int realm = sg_alert_realm(alert, status), n = 0;
    struct sg_buf text = SG_BUF_INIT;

    if (alert->phase == SG_ALERT_RECOVERED)
        add_for_recovery(buf, alert);
    if (trouble == TROUBLE_NONE)
        return;
    if (alert->topic == SG_ALERT_REALM && trouble != TROUBLE_GUARDED &&
        present->realms[realm].state >= SG_STATE_WARN)
        sg_buf_add(&text, "%s", sg_headline_advice(status, present, realm));
    add_step(buf, &n, &text);
    for (int i = 0; i < MAX_STEPS && steps[trouble][i]; i++) {
        sg_buf_add(&text, "%s", steps[trouble][i]);
        add_step(buf, &n, &text);
    }
    if (alert->topic == SG_ALERT_REALM)
        add_for_realm(buf, trouble, status, present, realm, &n);
}

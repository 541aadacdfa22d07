#include "report/alert_facts.h"

#include <math.h>
#include <stdio.h>

#include "report/headline.h"
#include "report/words.h"

/* What lasts longer need not be planned for. */
#define HOLDOVER_MAX_S (366 * 86400.0)

int
sg_alert_realm(const struct sg_alert *alert, const struct sg_status *status)
{
    return alert->realm >= 0 && alert->realm < status->n_realms ? alert->realm
                                                                : -1;
}

bool
sg_alert_lasts(const struct sg_alert *alert)
{
    return alert->topic == SG_ALERT_REALM || alert->topic == SG_ALERT_SERVER ||
           alert->topic == SG_ALERT_REFUSED;
}

int
sg_alert_liar(const struct sg_status *status, const struct sg_present *present)
{
    double worst_s = -1;
    int ret = -1;

    for (int i = 0; i < status->n_sources; i++) {
        const struct sg_status_source *source = &status->sources[i];
        struct sg_skew skew;

        if (source->kind != SG_KIND_NTP ||
            source->tally != SG_TALLY_FALSETICKER ||
            !sg_present_skew(present, &source->model, &skew) ||
            !(fabs(skew.offset_s) > worst_s))
            continue;
        worst_s = fabs(skew.offset_s);
        ret = i;
    }
    return ret;
}

static struct sg_clean_name
cut_name(const char *name)
{
    struct sg_clean_name ret = sg_words_clean(name);

    ret.text[SG_ALERT_NAME_COLUMNS] = '\0';
    return ret;
}

void
sg_alert_add_reference(struct sg_buf *buf, const struct sg_status *status,
                       int realm)
{
    int worst = status->realms[realm].worst;

    sg_buf_add(buf, "%s%s",
               worst >= 0 && worst < status->n_sources ? "KDC " : "",
               cut_name(sg_present_worst_name(status, realm)).text);
}

static bool
is_ours(const struct sg_status_realm *realm)
{
    return realm->blame == SG_BLAME_OURS && realm->state >= SG_STATE_WARN;
}

/* Our own clock being wrong is one cause, and so is a silence, however many
 * realms it concerns. */
static bool
is_of_one_cause(const struct sg_status_realm *a,
                const struct sg_status_realm *b)
{
    return (is_ours(a) && is_ours(b)) ||
           (a->state == SG_STATE_UNKNOWN && b->state == SG_STATE_UNKNOWN);
}

static int
count_others(const struct sg_alert *alert, const struct sg_status *status,
             int realm)
{
    int n = 0;

    if (alert->phase == SG_ALERT_RECOVERED)
        return 0;
    for (int i = 0; i < status->n_realms; i++)
        n += i != realm &&
             is_of_one_cause(&status->realms[i], &status->realms[realm]);
    return n;
}

void
sg_alert_add_name(struct sg_buf *buf, const struct sg_alert *alert,
                  const struct sg_status *status)
{
    int realm = sg_alert_realm(alert, status), others;

    if (realm < 0) {
        sg_buf_add(buf, "%s (not watched any more)",
                   alert->text[0] ? cut_name(alert->text).text : "a realm");
        return;
    }
    sg_buf_add(buf, "%s", cut_name(status->realms[realm].name).text);
    others = count_others(alert, status, realm);
    if (others > 0)
        sg_buf_add(buf, " and %d more realm%s", others, others == 1 ? "" : "s");
}

void
sg_alert_add_level(struct sg_buf *buf, const struct sg_alert *alert)
{
    const char *level = sg_alert_level_names[alert->level];
    struct sg_word since = sg_words_duration(fmax(0, alert->since_s));

    switch (alert->phase) {
    case SG_ALERT_RECOVERED:
        sg_buf_add(buf, "recovered after %s, at worst %s", since.text, level);
        return;
    case SG_ALERT_REMINDER:
        sg_buf_add(buf, "still %s after %s", level, since.text);
        break;
    case SG_ALERT_CHANGED:
        sg_buf_add(buf, "still %s, new facts", level);
        break;
    case SG_ALERT_RAISED:
    case SG_ALERT_WORSE:
    case SG_ALERT_PHASE_COUNT:
        sg_buf_add(buf, "%s", level);
        break;
    }
    if (alert->before != SG_ALERT_NONE && alert->before != alert->level)
        sg_buf_add(buf, " (was %s)", sg_alert_level_names[alert->before]);
    if (alert->is_member)
        sg_buf_add(buf, ", realm-wide");
}

/* Of whom a skew is told: of those who are wrong, if we are not. */
static const char *
find_culprit(struct sg_buf *buf, const struct sg_status *status, int realm,
             char *ret, size_t size)
{
    struct sg_buf name = SG_BUF_INIT;

    if (status->realms[realm].blame == SG_BLAME_REALM)
        return "the realm's time is";
    if (status->realms[realm].blame != SG_BLAME_KDC)
        return NULL;
    sg_alert_add_reference(&name, status, realm);
    snprintf(ret, size, "%s is", name.text ? name.text : "a KDC");
    sg_buf_free_part(&name, buf);
    return ret;
}

static void
add_skew(struct sg_buf *buf, const struct sg_status *status,
         const struct sg_present *present, int realm)
{
    const struct sg_present_realm *now = &present->realms[realm];
    struct sg_skew theirs = sg_present_seen_from_there(&now->skew);
    char name[SG_ALERT_NAME_COLUMNS + 16];
    const char *culprit = find_culprit(buf, status, realm, name, sizeof name);
    struct sg_buf reference = SG_BUF_INIT;

    if (culprit) {
        sg_buf_add(buf, "%s ", culprit);
        sg_words_skew(buf, &theirs, now->has_guess, sg_headline_host(status));
    } else {
        sg_alert_add_reference(&reference, status, realm);
        sg_buf_add(buf, "%s is ", sg_headline_host(status));
        sg_words_skew(buf, &now->skew, now->has_guess,
                      reference.text ? reference.text : "");
        sg_buf_free_part(&reference, buf);
    }
    sg_buf_add(buf, ", %s of the limit of %s",
               sg_words_share(now->used_frac).text,
               sg_words_limit(status->realms[realm].clockskew_s).text);
}

void
sg_alert_add_holdover(struct sg_buf *buf, const struct sg_status *status,
                      const struct sg_present *present, int realm)
{
    const struct sg_status_realm *of = &status->realms[realm];
    double left_s = sg_present_holdover_s(status, present, realm);

    /* a word that nothing proves is no ground to stand on */
    if (present->realms[realm].state != SG_STATE_UNKNOWN || of->measured ||
        !(left_s > 0))
        return;
    sg_buf_add(buf, "the limit of %s cannot be reached ",
               sg_words_limit(of->clockskew_s).text);
    if (left_s > HOLDOVER_MAX_S)
        sg_buf_add(buf, "within a year");
    else
        sg_buf_add(buf, "before %s",
                   sg_words_time(sg_wall_add(present->wall, left_s)).text);
}

void
sg_alert_add_fact(struct sg_buf *buf, const struct sg_status *status,
                  const struct sg_present *present, int realm)
{
    const struct sg_present_realm *now = &present->realms[realm];

    if (!present->has_numbers) {
        sg_headline_add_realm(buf, status, present, realm);
        return;
    }
    if (now->state != SG_STATE_UNKNOWN) {
        add_skew(buf, status, present, realm);
        return;
    }
    if (status->realms[realm].measured && now->has_skew)
        sg_buf_add(buf, "perhaps ");
    else
        sg_headline_add_silence(buf, NULL, now);
    if (!now->has_skew)
        return;
    if (!status->realms[realm].measured)
        sg_buf_add(buf, "; by what was known then ");
    add_skew(buf, status, present, realm);
}

/* ---- what is no realm's ---- */

static void
add_liar(struct sg_buf *buf, const struct sg_status *status,
         const struct sg_present *present, int liar)
{
    const struct sg_status_source *source = &status->sources[liar];
    struct sg_skew skew;

    sg_present_skew(present, &source->model, &skew);
    skew = sg_present_seen_from_there(&skew);
    sg_buf_add(buf, "NTP server %s is ", cut_name(source->name).text);
    sg_words_skew(buf, &skew, source->has_guess, sg_headline_host(status));
    sg_buf_add(buf, " and is not used; nothing depends on it");
}

/* Was what somebody else did to our clock taken back? */
static bool
is_undone(const struct sg_status_clock *clock)
{
    return clock->last_step_s != 0 && clock->last_foreign_s != 0 &&
           sg_raw_diff(clock->last_step_at, clock->last_foreign_at) >= 0 &&
           fabs(sg_present_lasting_s(clock, clock->last_foreign_s)) <
               fabs(clock->last_foreign_s) / 2;
}

static const char *
event_words(enum sg_alert_topic topic)
{
    static const char *const words[SG_ALERT_TOPIC_COUNT] = {
        [SG_ALERT_REALM] = "a realm's budget",
        [SG_ALERT_SERVER] = "an NTP server contradicts the others and is not "
                            "used; nothing depends on it",
        [SG_ALERT_STEP] = "clock: somebody else stepped it",
        [SG_ALERT_RIVAL] = "clock: somebody else steers it; only guarding it",
        [SG_ALERT_REFUSED] = "clock: its correction is refused",
        [SG_ALERT_TEST] = "test alert: somebody asked for it with \"skewguard "
                          "test-alert\"; nothing happened",
    };

    return words[topic];
}

static const char *
recovery_words(enum sg_alert_topic topic)
{
    static const char *const words[SG_ALERT_TOPIC_COUNT] = {
        [SG_ALERT_REALM] = "all is well",
        [SG_ALERT_SERVER] = "no NTP server contradicts the others any more",
        [SG_ALERT_STEP] = "clock: nobody else steps it any more",
        [SG_ALERT_RIVAL] = "clock: nobody else steers it any more",
        [SG_ALERT_REFUSED] = "clock: its correction is not refused any more",
        [SG_ALERT_TEST] = "test alert: over",
    };

    return words[topic];
}

static void
add_what_happened(struct sg_buf *buf, const struct sg_alert *alert,
                  const struct sg_status *status,
                  const struct sg_present *present)
{
    int liar = sg_alert_liar(status, present);

    if (alert->topic == SG_ALERT_SERVER && liar >= 0)
        add_liar(buf, status, present, liar);
    else if (alert->topic == SG_ALERT_REFUSED && alert->text[0])
        sg_buf_add(buf, "clock: %s", alert->text);
    else
        sg_buf_add(buf, "%s",
                   alert->text[0] ? alert->text : event_words(alert->topic));
    if (alert->topic == SG_ALERT_STEP && is_undone(&status->clock))
        sg_buf_add(buf, "; skewguardd stepped it back by %s",
                   sg_words_signed(status->clock.last_step_s).text);
}

void
sg_alert_add_event(struct sg_buf *buf, const struct sg_alert *alert,
                   const struct sg_status *status,
                   const struct sg_present *present)
{
    struct sg_word since = sg_words_duration(fmax(0, alert->since_s));

    if (alert->phase == SG_ALERT_RECOVERED) {
        sg_buf_add(buf, "%s; recovered after %s", recovery_words(alert->topic),
                   since.text);
        return;
    }
    add_what_happened(buf, alert, status, present);
    if (alert->repeats > 0)
        sg_buf_add(buf, "; %u more since the last mail", alert->repeats);
    if (alert->phase == SG_ALERT_REMINDER && sg_alert_lasts(alert))
        sg_buf_add(buf, "; still so after %s", since.text);
}

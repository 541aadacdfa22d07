#include "report/headline.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/leap.h"
#include "report/refusals.h"
#include "report/words.h"

/* Clocks that differ by time zones do so by these, up to 26 h. */
#define ZONE_STEP_S 1800.0
#define ZONE_SLACK_S 60.0
#define ZONE_MAX_S (26 * 3600.0 + ZONE_SLACK_S)

static bool
is_steered(const struct sg_status *status, const struct sg_present *present)
{
    return status->mode == SG_MODE_DISCIPLINE && status->clock.disciplined &&
           present->is_alive && present->age == SG_PRESENT_FRESH;
}

const char *
sg_headline_host(const struct sg_status *status)
{
    return status->clock.simulated ? "the simulated clock" : "this host";
}

void
sg_headline_add_state(struct sg_buf *buf, enum sg_state state, const char *word,
                      int width, bool colour)
{
    static const char *const colours[SG_STATE_COUNT] = {
        [SG_STATE_OK] = "\033[32m",         [SG_STATE_UNKNOWN] = "\033[33m",
        [SG_STATE_WARN] = "\033[33m",       [SG_STATE_CRITICAL] = "\033[1;31m",
        [SG_STATE_EXCEEDED] = "\033[1;31m",
    };

    int len = (int)strlen(word);

    sg_buf_add(buf, "%s%s%s%*s", colour ? colours[state] : "", word,
               colour ? "\033[0m" : "", width > len ? width - len : 0, "");
}

/* The name against which a realm's skew is best told: the realm, unless one
 * of its servers is what is wrong. */
static const char *
reference_name(const struct sg_status *status, int realm)
{
    if (status->realms[realm].blame == SG_BLAME_KDC)
        return sg_present_worst_name(status, realm);
    return status->realms[realm].name;
}

void
sg_headline_add_silence(struct sg_buf *buf, const char *of,
                        const struct sg_present_realm *now)
{
    sg_buf_add(buf, "no good measurement");
    if (of)
        sg_buf_add(buf, " of %s", sg_words_clean(of).text);
    if (now->has_skew)
        sg_buf_add(buf, " for %s",
                   sg_words_duration(fmax(0, now->skew.age_s)).text);
}

void
sg_headline_add_fact(struct sg_buf *buf, const struct sg_status *status,
                     const struct sg_present *present)
{
    int worst = present->order[0];

    if (present->age == SG_PRESENT_NEVER)
        sg_buf_add(buf, "no status can be read");
    else if (present->age == SG_PRESENT_OTHER_BOOT)
        sg_buf_add(buf, "the status was written before this boot");
    else if (present->age == SG_PRESENT_SUSPENDED)
        sg_buf_add(buf, "not measured since resume");
    else if (status->n_realms == 0)
        sg_buf_add(buf, "no Kerberos realm is watched");
    else if (present->state == SG_STATE_UNKNOWN &&
             present->age == SG_PRESENT_LATE)
        sg_buf_add(buf, "nothing published for %s",
                   sg_words_duration(present->since_s).text);
    else if (present->state == SG_STATE_UNKNOWN)
        sg_headline_add_silence(buf, status->realms[worst].name,
                                &present->realms[worst]);
    else {
        sg_buf_add(buf, "%s is ", sg_headline_host(status));
        sg_words_skew(buf, &present->realms[worst].skew,
                      present->realms[worst].has_guess,
                      reference_name(status, worst));
    }
}

static const char *
advice_on_status(const struct sg_present *present)
{
    if (!present->is_alive)
        return "run \"systemctl start skewguard\", or measure now with "
               "\"skewguard check\"";
    if (present->age == SG_PRESENT_NEVER)
        return present->daemon == SG_REPORT_DAEMON_ALIVE
                   ? "skewguardd runs: see the notice, or look again soon"
                   : "see the notice";
    if (present->age == SG_PRESENT_OTHER_BOOT)
        return "skewguardd has just started: look again in a few seconds";
    if (present->age == SG_PRESENT_SUSPENDED)
        return "skewguardd asks again: look again in a few seconds";
    return "skewguardd runs and does not publish: restart it";
}

const char *
sg_headline_advice(const struct sg_status *status,
                   const struct sg_present *present, int realm)
{
    switch (status->realms[realm].blame) {
    case SG_BLAME_KDC:
        return "that KDC's clock is wrong: tell its administrator";
    case SG_BLAME_REALM:
        return "the realm's clock is off UTC: tell its administrators";
    case SG_BLAME_NTP:
        return "an NTP server is wrong: see \"skewguard explain\"";
    case SG_BLAME_UNCLEAR:
        return "find out whose clock is wrong: ask other servers with "
               "\"skewguard query\"";
    case SG_BLAME_NONE:
    case SG_BLAME_OURS:
    case SG_BLAME_COUNT:
        break;
    }
    if (is_steered(status, present))
        return status->clock.refused
                   ? "skewguardd may not correct it: see the decision"
                   : "skewguardd steers it: see the decision";
    return present->is_alive ? "correct its clock"
                             : "correct its clock and start skewguardd";
}

const char *
sg_headline_todo(const struct sg_status *status,
                 const struct sg_present *present)
{
    if (present->state >= SG_STATE_WARN && status->n_realms > 0)
        return sg_headline_advice(status, present, present->order[0]);
    if (!present->is_alive || present->age != SG_PRESENT_FRESH)
        return advice_on_status(present);
    if (present->state == SG_STATE_OK)
        return "nothing to do";
    if (status->n_realms == 0)
        return "name one in krb5.conf or skewguard.conf";
    return "see \"skewguard sources -v\"";
}

/* Half an hour and its multiples, as closely as people set a clock by hand. */
static double
zone_s(const struct sg_skew *skew)
{
    double size_s = fabs(skew->offset_s);
    double near_s = round(size_s / ZONE_STEP_S) * ZONE_STEP_S;

    if (!(size_s <= ZONE_MAX_S) || near_s == 0 ||
        fabs(size_s - near_s) > ZONE_SLACK_S ||
        skew->upper_s - skew->lower_s > 2 * ZONE_SLACK_S)
        return 0;
    return near_s;
}

void
sg_headline_add_zone(struct sg_buf *buf, const struct sg_status *status,
                     const struct sg_present *present, int realm)
{
    static const char *const where[SG_BLAME_COUNT] = {
        [SG_BLAME_OURS] = " on this host",
        [SG_BLAME_KDC] = " on that KDC",
        [SG_BLAME_REALM] = " on its KDCs",
    };
    enum sg_blame blame = status->realms[realm].blame;
    double near_s = 0;

    if (present->realms[realm].has_skew)
        near_s = zone_s(&present->realms[realm].skew);
    assert(blame < SG_BLAME_COUNT);
    if (near_s > 0)
        sg_buf_add(buf,
                   "%s almost exactly: is the RTC in local time, or the time "
                   "zone wrong? Look with \"timedatectl\"%s",
                   sg_words_hours(near_s).text,
                   where[blame] ? where[blame] : "");
}

void
sg_headline_add_auth(struct sg_buf *buf, const struct sg_status_realm *realm)
{
    const char *why = realm->auth_reason;

    switch (realm->auth) {
    case SG_AUTH_NO_KEYTAB:
        sg_buf_add(buf, "%s: plain answers only", why[0] ? why : "no keytab");
        break;
    case SG_AUTH_PENDING:
        sg_buf_add(buf, "no authenticated answer yet%s%s", why[0] ? ": " : "",
                   why);
        break;
    case SG_AUTH_FAILS:
        sg_buf_add(buf, "authenticated time fails%s%s", why[0] ? ": " : "",
                   why);
        break;
    case SG_AUTH_WORKS:
    case SG_AUTH_OFF:
    case SG_AUTH_COUNT:
        break;
    }
}

void
sg_headline_add_age(struct sg_buf *buf, const struct sg_status *status,
                    const struct sg_present *present)
{
    bool is_dated = present->age != SG_PRESENT_NEVER &&
                    present->age != SG_PRESENT_OTHER_BOOT;
    struct sg_word ago = sg_words_duration(fmax(0, present->since_s));

    if (!present->is_alive) {
        sg_buf_add(buf, "skewguardd is not running");
        if (is_dated)
            sg_buf_add(buf, " (last published %s ago)", ago.text);
    } else if (present->age == SG_PRESENT_LATE)
        sg_buf_add(buf,
                   "the status is stale: published %s ago, and a new one was "
                   "due within %s",
                   ago.text, sg_words_duration(status->publish_within_s).text);
    else
        return;
    if (present->has_numbers)
        sg_buf_add(buf, "; the skew below is computed from its last model");
}

void
sg_headline_add(struct sg_buf *buf, const struct sg_status *status,
                const struct sg_present *present, bool colour)
{
    static const char *const words[SG_STATE_COUNT] = {
        [SG_STATE_OK] = "OK",
        [SG_STATE_UNKNOWN] = "UNKNOWN",
        [SG_STATE_WARN] = "WARN",
        [SG_STATE_CRITICAL] = "CRITICAL",
        [SG_STATE_EXCEEDED] = "EXCEEDED",
    };
    const char *word = words[present->state];
    struct sg_buf text = SG_BUF_INIT;

    sg_headline_add_state(buf, present->state, word, 0, colour);
    sg_buf_add(buf, ": ");
    sg_headline_add_fact(&text, status, present);
    sg_buf_add(&text, "; %s", sg_headline_todo(status, present));
    sg_words_flush(buf, (int)strlen(word) + 2, 4, &text);
    if (present->state >= SG_STATE_WARN && status->n_realms > 0)
        sg_headline_add_zone(&text, status, present, present->order[0]);
    if (text.len > 0) {
        sg_buf_add(buf, "    ");
        sg_words_flush(buf, 4, 4, &text);
    }
    sg_headline_add_age(&text, status, present);
    if (text.len > 0)
        sg_words_flush(buf, 0, 0, &text);
    sg_buf_free_part(&text, buf);
}

void
sg_headline_add_realm(struct sg_buf *buf, const struct sg_status *status,
                      const struct sg_present *present, int realm)
{
    const struct sg_present_realm *now = &present->realms[realm];

    if (present->age == SG_PRESENT_SUSPENDED)
        sg_buf_add(buf, "not measured since resume");
    else if (!present->has_numbers)
        sg_buf_add(buf, "not measured since boot");
    else if (!now->has_skew)
        sg_buf_add(buf, "no measurement");
    else {
        sg_words_skew(buf, &now->skew, now->has_guess,
                      sg_present_worst_name(status, realm));
        sg_buf_add(buf, " (%s of %s)", sg_words_share(now->used_frac).text,
                   sg_words_limit(status->realms[realm].clockskew_s).text);
    }
}

/* After a large step tickets taken before it are refused. */
static bool
outdates_tickets(const struct sg_status *status,
                 const struct sg_present *present, double step_s, double age_s)
{
    struct sg_steps_case facts;
    struct sg_step_answer answer;

    for (int i = 0; i < status->n_realms && sg_present_has_tickets(age_s);
         i++) {
        sg_refusals_case(status, present, i, &facts);
        facts.has_skew = false;
        facts.step_s = step_s;
        sg_steps_judge(&facts, SG_STEP_TGS_AFTER_CORRECTION, &answer);
        if (answer.now == SG_STEP_REFUSED)
            return true;
    }
    return false;
}

static void
add_step(struct sg_buf *buf, const struct sg_status *status,
         const struct sg_present *present, const char *who, double step_s,
         struct sg_raw at)
{
    double age_s;

    if (step_s == 0)
        return;
    sg_buf_add(buf, "; %s %s", who, sg_words_signed(step_s).text);
    if (!present->has_numbers)
        return;
    age_s = sg_present_age_s(present, at);
    sg_buf_add(buf, " %s ago", sg_words_duration(age_s).text);
    if (outdates_tickets(status, present,
                         sg_present_lasting_s(&status->clock, step_s), age_s))
        sg_buf_add(buf, " (run kinit again: tickets from before it may be "
                        "refused)");
}

static const char *
course(const struct sg_status *status, const struct sg_present *present)
{
    if (!status->clock.disciplined)
        return "guarded, not steered";
    return present->is_alive ? "disciplined"
                             : "disciplined until skewguardd ended";
}

void
sg_headline_add_clock(struct sg_buf *buf, const struct sg_status *status,
                      const struct sg_present *present)
{
    const struct sg_status_clock *clock = &status->clock;

    sg_buf_add(buf, "%s, %s", clock->driver[0] ? clock->driver : "no driver",
               course(status, present));
    if (status->mode_reason[0])
        sg_buf_add(buf, " (%s)", status->mode_reason);
    if (clock->disciplined)
        sg_buf_add(buf, "; frequency %+.3f ppm", clock->frequency_ppm);
    if (clock->disciplined && present->is_alive) {
        if (clock->slew_ppm != 0)
            sg_buf_add(buf, ", slewing by %+.3f ppm", clock->slew_ppm);
        sg_buf_add(buf,
                   clock->synced ? ", synchronised" : ", not synchronised yet");
    }
    add_step(buf, status, present, "last step", clock->last_step_s,
             clock->last_step_at);
    add_step(buf, status, present, "last step by somebody else",
             clock->last_foreign_s, clock->last_foreign_at);
}

void
sg_headline_add_leap(struct sg_buf *buf, const struct sg_status *status,
                     const struct sg_present *present)
{
    const struct sg_status_clock *clock = &status->clock;
    char day[SG_LEAP_DAY_MAX];

    if (clock->leap == SG_LEAP_NONE || !present->is_alive)
        return;
    sg_leap_day(clock->leap_at, day);
    sg_buf_add(buf, "a second is %s at the end of %s UTC",
               sg_leap_verb(clock->leap), day);
}

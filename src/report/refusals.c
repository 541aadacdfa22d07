#include "report/refusals.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/headline.h"
#include "report/words.h"

#define STEP_INDENT 4
#define NOW_COLUMNS 9
#define LIMIT_COLUMNS 13
#define WORDS_INDENT (STEP_INDENT + NOW_COLUMNS + LIMIT_COLUMNS)

struct answers {
    struct sg_step_answer of[SG_STEP_COUNT];
    bool kdc_timesync;
};

/* Steps that are told of together. */
enum topic { TOPIC_LOGIN, TOPIC_SIGN_ON, TOPIC_OLDER, TOPIC_COUNT };

static double
own_limit_s(const struct sg_status *status)
{
    return status->own_clockskew_s > 0 ? status->own_clockskew_s
                                       : SG_STEPS_DEFAULT_LIMIT_S;
}

void
sg_refusals_case(const struct sg_status *status,
                 const struct sg_present *present, int realm,
                 struct sg_steps_case *ret)
{
    const struct sg_status_realm *of = &status->realms[realm];
    const struct sg_present_realm *now = &present->realms[realm];
    double own_s = own_limit_s(status);

    *ret = (struct sg_steps_case){
        .has_skew = now->has_skew,
        .lower_s = now->skew.lower_s,
        .upper_s = now->skew.upper_s,
        .own_limit_s = own_s,
        .kdc_limit_min_s = of->clockskew_s,
        .kdc_limit_max_s = of->clockskew_s,
        /* No krb5.conf was seen: what libkrb5 does without one. */
        .kdc_timesync = status->kdc_timesync || status->own_clockskew_s == 0,
        .step_s = sg_present_ticket_step_s(status, present),
    };
    if (of->limit_overrides)
        return;
    /* A KDC has either the default or what was set on all hosts alike. */
    ret->kdc_limit_min_s = fmin(own_s, SG_STEPS_DEFAULT_LIMIT_S);
    ret->kdc_limit_max_s = fmax(own_s, SG_STEPS_DEFAULT_LIMIT_S);
}

static void
judge_all(const struct sg_steps_case *facts, struct answers *ret)
{
    ret->kdc_timesync = facts->kdc_timesync;
    for (int i = 0; i < SG_STEP_COUNT; i++)
        sg_steps_judge(facts, (enum sg_step)i, &ret->of[i]);
}

static bool
is_so(const struct answers *answers, enum sg_step step, enum sg_step_now now)
{
    return answers->of[step].now == now;
}

/* Clients that correct for the skew are in doubt only where nobody tried. */
static const char *
login_words(const struct answers *answers)
{
    return answers->kdc_timesync
               ? "logins with a password and kinit (never tried so far off)"
               : "logins with a password and kinit (kdc_timesync = 0)";
}

static const char *
topic_words(const struct answers *answers, enum topic topic, bool has_tickets,
            bool has_armor)
{
    if (topic == TOPIC_LOGIN)
        return login_words(answers);
    if (topic == TOPIC_SIGN_ON)
        return "signing on to this host with a ticket (ssh, GSSAPI)";
    if (has_tickets && has_armor)
        return "tickets and FAST armor from before the clock went wrong";
    return has_tickets ? "tickets from before the clock went wrong"
                       : "FAST armor from before the clock went wrong";
}

/* Of the two ways to use an older ticket, the one that fares worse. */
static enum sg_step_now
tickets_now(const struct answers *answers)
{
    enum sg_step_now tgs = answers->of[SG_STEP_TGS_OLDER].now;

    return tgs == SG_STEP_REFUSED ? tgs
                                  : answers->of[SG_STEP_GSSAPI_OUT_OLDER].now;
}

/* Words for those steps of a topic of which this is true; NULL: of none. */
static const char *
find_words(const struct answers *answers, enum topic topic,
           enum sg_step_now now)
{
    bool tickets = tickets_now(answers) == now;
    bool armor = is_so(answers, SG_STEP_FAST_OLDER, now);
    bool any = tickets || armor;

    if (topic == TOPIC_LOGIN)
        any = is_so(answers, SG_STEP_PASSWORD_LOGIN, now);
    else if (topic == TOPIC_SIGN_ON)
        any = is_so(answers, SG_STEP_GSSAPI_IN, now);
    return any ? topic_words(answers, topic, tickets, armor) : NULL;
}

static void
add_part(struct sg_buf *buf, const char *title, const char *words,
         bool *is_first)
{
    sg_buf_add(buf, "%s%s", *is_first ? title : ", ", words);
    *is_first = false;
}

static bool
add_topics(struct sg_buf *buf, const struct answers *answers,
           enum sg_step_now now, const char *title)
{
    bool is_first = true;

    for (int i = 0; i < TOPIC_COUNT; i++) {
        const char *words = find_words(answers, (enum topic)i, now);

        if (words)
            add_part(buf, title, words, &is_first);
    }
    return !is_first;
}

/* One wrong KDC refuses nothing while another one is asked. */
static void
make_title(const struct sg_status *status, int realm, const char *word,
           char *ret, size_t size)
{
    if (status->realms[realm].blame == SG_BLAME_KDC)
        snprintf(ret, size, "%s, where KDC %s is asked: ", word,
                 sg_words_clean(sg_present_worst_name(status, realm)).text);
    else
        snprintf(ret, size, "%s: ", word);
}

static bool
has_topic(const struct answers *answers, enum sg_step_now now)
{
    for (int i = 0; i < TOPIC_COUNT; i++) {
        if (find_words(answers, (enum topic)i, now))
            return true;
    }
    return false;
}

enum sg_step_now
sg_refusals_now(const struct sg_status *status,
                const struct sg_present *present, int realm)
{
    struct sg_steps_case facts;
    struct answers answers;

    sg_refusals_case(status, present, realm, &facts);
    judge_all(&facts, &answers);
    if (has_topic(&answers, SG_STEP_REFUSED))
        return SG_STEP_REFUSED;
    if (has_topic(&answers, SG_STEP_EDGE))
        return SG_STEP_EDGE;
    return present->realms[realm].has_skew ? SG_STEP_WORKS : SG_STEP_UNKNOWN;
}

void
sg_refusals_add_now(struct sg_buf *buf, const struct sg_status *status,
                    const struct sg_present *present, int realm)
{
    char title[SG_NAME_MAX + 80];
    struct sg_steps_case facts;
    struct answers answers;
    bool refused, edge;

    sg_refusals_case(status, present, realm, &facts);
    judge_all(&facts, &answers);
    make_title(status, realm, "refused now", title, sizeof title);
    refused = add_topics(buf, &answers, SG_STEP_REFUSED, title);
    make_title(status, realm,
               refused ? "; perhaps refused (its limit is close, or not known)"
                       : "perhaps refused now (the limit is close, or not "
                         "known)",
               title, sizeof title);
    edge = add_topics(buf, &answers, SG_STEP_EDGE, title);
    if ((refused || edge) &&
        is_so(&answers, SG_STEP_PASSWORD_LOGIN, SG_STEP_WORKS))
        sg_buf_add(buf, "; a password login still works");
}

void
sg_refusals_add_remedy(struct sg_buf *buf, const struct sg_status *status,
                       const struct sg_present *present, int realm)
{
    struct sg_steps_case facts;
    struct sg_step_answer answer;

    sg_refusals_case(status, present, realm, &facts);
    facts.step_s = 0;
    sg_steps_judge(&facts, SG_STEP_TGS_AFTER_CORRECTION, &answer);
    if (answer.now == SG_STEP_REFUSED || answer.now == SG_STEP_EDGE)
        sg_buf_add(buf, "once the clocks agree, run kinit again: tickets taken "
                        "until then are refused afterwards");
}

void
sg_refusals_add_todo(struct sg_buf *buf, const struct sg_status *status,
                     const struct sg_present *present, int realm)
{
    struct sg_buf then = SG_BUF_INIT;

    if (present->realms[realm].state < SG_STATE_WARN)
        return;
    sg_buf_add(buf, "%s", sg_headline_advice(status, present, realm));
    sg_refusals_add_remedy(&then, status, present, realm);
    if (then.len > 0)
        sg_buf_add(buf, "; %s", then.text);
    sg_buf_free_part(&then, buf);
}

/* The smallest limit beyond which something of a topic is refused. */
static double
topic_limit_s(const struct answers *answers, enum topic topic)
{
    const struct sg_step_answer *of = answers->of;

    if (topic == TOPIC_LOGIN)
        return of[SG_STEP_PASSWORD_LOGIN].limit_s;
    if (topic == TOPIC_SIGN_ON)
        return of[SG_STEP_GSSAPI_IN].limit_s;
    return fmin(of[SG_STEP_FAST_OLDER].limit_s,
                fmin(of[SG_STEP_TGS_OLDER].limit_s,
                     of[SG_STEP_GSSAPI_OUT_OLDER].limit_s));
}

/* The smallest limit of a topic that is larger than this. */
static double
next_limit_s(const struct answers *answers, double limit_s)
{
    double ret = INFINITY;

    for (int i = 0; i < TOPIC_COUNT; i++) {
        double of_s = topic_limit_s(answers, (enum topic)i);

        if (of_s > limit_s)
            ret = fmin(ret, of_s);
    }
    return ret;
}

static void
add_stakes_beyond(struct sg_buf *buf, const struct answers *answers,
                  double limit_s, const char *separator)
{
    char title[64];
    bool is_first = true;

    snprintf(title, sizeof title, "%sbeyond %s: ", separator,
             sg_words_limit(limit_s).text);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        if (topic_limit_s(answers, (enum topic)i) == limit_s)
            add_part(buf, title,
                     topic_words(answers, (enum topic)i, true, true),
                     &is_first);
    }
}

void
sg_refusals_add_stake(struct sg_buf *buf, const struct sg_status *status,
                      const struct sg_present *present, int realm)
{
    struct sg_steps_case facts;
    struct answers answers;
    const char *separator = "";
    double limit_s;

    sg_refusals_case(status, present, realm, &facts);
    judge_all(&facts, &answers);
    limit_s = next_limit_s(&answers, -1);
    while (isfinite(limit_s)) {
        add_stakes_beyond(buf, &answers, limit_s, separator);
        separator = "; ";
        limit_s = next_limit_s(&answers, limit_s);
    }
    if (isinf(topic_limit_s(&answers, TOPIC_LOGIN)))
        sg_buf_add(buf, "; a password login works at any skew");
}

void
sg_refusals_add_limits(struct sg_buf *buf, const struct sg_status *status,
                       const struct sg_present *present, int realm)
{
    struct sg_steps_case facts;

    sg_refusals_case(status, present, realm, &facts);
    sg_buf_add(buf, "this host's clockskew %s (%s), as acceptor and client; ",
               sg_words_limit(facts.own_limit_s).text,
               status->own_clockskew_s > 0 ? "krb5.conf" : "the default");
    if (status->realms[realm].limit_overrides)
        sg_buf_add(buf, "the KDC's and other services' %s (skewguard.conf)",
                   sg_words_limit(facts.kdc_limit_min_s).text);
    else if (facts.kdc_limit_min_s == facts.kdc_limit_max_s)
        sg_buf_add(buf,
                   "the KDC's and other services' cannot be asked for, taken "
                   "to be %s",
                   sg_words_limit(facts.kdc_limit_min_s).text);
    else
        sg_buf_add(buf,
                   "the KDC's and other services' cannot be asked for, %s to "
                   "%s (clockskew in skewguard.conf tells it)",
                   sg_words_limit(facts.kdc_limit_min_s).text,
                   sg_words_limit(facts.kdc_limit_max_s).text);
    sg_buf_add(buf, "; kdc_timesync = %d", facts.kdc_timesync);
}

/* "    refused limit 300 s   ssh into this host with a ticket" */
static void
add_step(struct sg_buf *buf, const struct sg_step_answer *answer,
         enum sg_step step)
{
    char limit[60] = "no limit";

    if (isfinite(answer->limit_s))
        snprintf(limit, sizeof limit, "limit %s",
                 sg_words_limit(answer->limit_s).text);
    sg_buf_add(buf, "%*s%-*s%-*s", STEP_INDENT, "", NOW_COLUMNS,
               sg_step_now_name(answer->now), LIMIT_COLUMNS, limit);
    sg_words_wrap(buf, WORDS_INDENT, WORDS_INDENT, sg_step_words(step));
}

void
sg_refusals_add_table(struct sg_buf *buf, const struct sg_status *status,
                      const struct sg_present *present, int realm)
{
    struct sg_steps_case facts;
    struct answers answers;

    sg_refusals_case(status, present, realm, &facts);
    judge_all(&facts, &answers);
    for (int i = 0; i < SG_STEP_COUNT; i++)
        add_step(buf, &answers.of[i], (enum sg_step)i);
}

static void
add_message(struct sg_buf *buf, const char *when, const char *message)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(&text, "%s%s", when, message);
    sg_buf_add(buf, "%*s", STEP_INDENT, "");
    sg_words_flush(buf, STEP_INDENT, STEP_INDENT + 2, &text);
}

void
sg_refusals_add_messages(struct sg_buf *buf, const struct sg_status *status,
                         const struct sg_present *present, int realm)
{
    struct sg_steps_case facts;

    sg_refusals_case(status, present, realm, &facts);
    for (int i = 0; i < SG_STEP_COUNT; i++) {
        const char *behind = sg_steps_message(&facts, (enum sg_step)i, true);
        const char *ahead = sg_steps_message(&facts, (enum sg_step)i, false);

        if (!behind || !ahead)
            continue;
        sg_buf_add(buf, "  %s\n", sg_step_words((enum sg_step)i));
        if (strcmp(behind, ahead) == 0) {
            add_message(buf, "", behind);
            continue;
        }
        add_message(buf, "this host behind: ", behind);
        add_message(buf, "this host ahead: ", ahead);
    }
}

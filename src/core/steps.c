#include "core/steps.h"

#include <math.h>
#include <stddef.h>

/*
 * A sender's stamp is the second in which its clock stood; the receiver
 * compares it with its own second a moment later.  With s = receiver - sender,
 * that moment included, the two seconds differ by floor(s) or ceil(s),
 * whatever the phase: certainly accepted if |s| <= limit, certainly refused if
 * |s| >= limit + 1, and in between now and then.
 *
 * The moment is as long as path and KDC need; and time(2), by which libkrb5
 * compares, lags behind what it stamps with by up to one tick (HZ = 100).
 */
#define LATE_S 0.250
#define EARLY_S 0.010

/* What a client learns of the KDC's clock is a difference of two seconds. */
#define LEARNED_S 1.0

/* The clients that correct were tried up to this skew, in both directions. */
#define TRIED_S (365 * 86400.0)

/* Without pre-authentication the first request has no corrected time in it,
 * and what it asks for may be over before it begins. */
#define ASKED_LIFE_S (4 * 3600.0)

/* krb5_timestamp counts 32 bits of seconds: beyond this all is possible. */
#define HALF_ERA_S 2147483648.0

enum check {
    NONE,
    IF_BEHIND, /* only if this host is behind, and the ticket very young */
    PERHAPS,   /* depends on the KDC, or on what the user has already */
    ALWAYS
};

struct rule {
    bool corrects; /* the client knows the KDC's time: the skew is not seen */
    bool accepts;  /* this host is the receiver */
    enum check by_kdc, by_us;
    const char *message; /* of the KDC, or of the acceptor */
    const char *young;   /* instead of it: behind, and the ticket is young */
    const char *reply;   /* of libkrb5 here, about what the KDC sent */
};

#define KINIT_SKEW                                                             \
    "kinit: Clock skew too great while getting initial credentials"
#define KINIT_REPLY                                                            \
    "kinit: Clock skew too great in KDC reply while getting initial "          \
    "credentials"
#define ARMOR_YOUNG                                                            \
    "kinit: Error constructing AP-REQ armor: Ticket not yet valid while "      \
    "getting initial credentials"
#define KVNO_SKEW "kvno: Clock skew too great while getting credentials"
#define KVNO_REPLY                                                             \
    "kvno: Clock skew too great in KDC reply while getting credentials"
#define GSS_SKEW "Clock skew too great"
#define GSS_YOUNG "Ticket not yet valid"
#define SSH_DENIED "Permission denied (gssapi-keyex,gssapi-with-mic)"

#define CORRECTS                                                               \
    {                                                                          \
        .corrects = true                                                       \
    }
#define NEEDS_TGT                                                              \
    {                                                                          \
        .by_kdc = ALWAYS, .by_us = ALWAYS, .message = KINIT_SKEW,              \
        .reply = KINIT_REPLY                                                   \
    }
#define TGS                                                                    \
    {                                                                          \
        .by_kdc = ALWAYS, .by_us = ALWAYS, .message = KVNO_SKEW,               \
        .reply = KVNO_REPLY                                                    \
    }
/* Who has the service ticket already does not ask the KDC; who has not is
 * told of libkrb5's limit, too. */
#define GSSAPI_OUT                                                             \
    {                                                                          \
        .by_kdc = ALWAYS, .by_us = PERHAPS, .message = GSS_SKEW,               \
        .young = GSS_YOUNG                                                     \
    }
#define GSSAPI_IN                                                              \
    {                                                                          \
        .accepts = true, .by_us = ALWAYS, .message = GSS_SKEW,                 \
        .young = GSS_YOUNG                                                     \
    }
#define SSH_IN                                                                 \
    {                                                                          \
        .accepts = true, .by_us = ALWAYS,                                      \
        .message = SSH_DENIED "; with -v also: " GSS_SKEW,                     \
        .young = SSH_DENIED "; with -v also: " GSS_YOUNG                       \
    }

/* [kdc_timesync][step] */
static const struct rule rules[2][SG_STEP_COUNT] = {
    {
        [SG_STEP_PASSWORD_LOGIN] = NEEDS_TGT,
        /* Samba wants pre-authentication all the same. */
        [SG_STEP_NO_PREAUTH_LOGIN] = {.by_kdc = PERHAPS,
                                      .by_us = ALWAYS,
                                      .message = KINIT_REPLY,
                                      .reply = KINIT_REPLY},
        [SG_STEP_FAST_FRESH] = NEEDS_TGT,
        [SG_STEP_FAST_OLDER] = {.by_kdc = ALWAYS,
                                .by_us = ALWAYS,
                                .message = KINIT_SKEW,
                                .young = ARMOR_YOUNG,
                                .reply = KINIT_REPLY},
        [SG_STEP_TGS_FRESH] = NEEDS_TGT,
        [SG_STEP_TGS_OLDER] = TGS,
        [SG_STEP_GSSAPI_OUT_FRESH] = NEEDS_TGT,
        [SG_STEP_GSSAPI_OUT_OLDER] = GSSAPI_OUT,
        [SG_STEP_GSSAPI_IN] = GSSAPI_IN,
        [SG_STEP_SSH_IN] = SSH_IN,
        /* No offset is kept with the tickets. */
        [SG_STEP_TGS_AFTER_CORRECTION] = CORRECTS,
    },
    {
        [SG_STEP_PASSWORD_LOGIN] = CORRECTS,
        [SG_STEP_NO_PREAUTH_LOGIN] = CORRECTS,
        [SG_STEP_FAST_FRESH] = CORRECTS,
        [SG_STEP_FAST_OLDER] = {.by_kdc = ALWAYS,
                                .by_us = IF_BEHIND,
                                .message = KINIT_SKEW,
                                .young = ARMOR_YOUNG},
        [SG_STEP_TGS_FRESH] = CORRECTS,
        [SG_STEP_TGS_OLDER] = TGS,
        [SG_STEP_GSSAPI_OUT_FRESH] = CORRECTS,
        [SG_STEP_GSSAPI_OUT_OLDER] = GSSAPI_OUT,
        [SG_STEP_GSSAPI_IN] = GSSAPI_IN,
        [SG_STEP_SSH_IN] = SSH_IN,
        [SG_STEP_TGS_AFTER_CORRECTION] = TGS,
    },
};

/* Of receiver - sender. */
struct span {
    double lo_s, hi_s;
};

static enum sg_step_now
compare(struct span seen, double limit_s)
{
    double lo_s = seen.lo_s - EARLY_S, hi_s = seen.hi_s + LATE_S;
    double whole_s = floor(limit_s);

    if (lo_s >= -whole_s && hi_s <= whole_s)
        return SG_STEP_WORKS;
    if (lo_s < -HALF_ERA_S || hi_s > HALF_ERA_S)
        return SG_STEP_EDGE;
    if (lo_s >= whole_s + 1 || hi_s <= -whole_s - 1)
        return SG_STEP_REFUSED;
    return SG_STEP_EDGE;
}

static double
own_limit_s(const struct sg_steps_case *facts)
{
    return facts->own_limit_s > 0 ? facts->own_limit_s
                                  : SG_STEPS_DEFAULT_LIMIT_S;
}

static enum sg_step_now
ask_us(const struct sg_steps_case *facts, enum check check, struct span seen)
{
    if (check == NONE)
        return SG_STEP_WORKS;
    if (check == IF_BEHIND)
        seen = (struct span){fmax(seen.lo_s, 0), fmax(seen.hi_s, 0)};
    return compare(seen, own_limit_s(facts));
}

static enum sg_step_now
ask_kdc(const struct sg_steps_case *facts, enum check check, struct span seen)
{
    if (check == NONE)
        return SG_STEP_WORKS;
    if (compare(seen, facts->kdc_limit_min_s) == SG_STEP_WORKS)
        return SG_STEP_WORKS;
    if (compare(seen, facts->kdc_limit_max_s) == SG_STEP_REFUSED)
        return SG_STEP_REFUSED;
    return SG_STEP_EDGE;
}

static const char *
choose_message(const struct rule *rule, bool is_behind, enum sg_step_now kdc,
               enum sg_step_now us)
{
    if (kdc != SG_STEP_REFUSED && !rule->accepts)
        return rule->reply;
    return is_behind && us != SG_STEP_WORKS && rule->young ? rule->young
                                                           : rule->message;
}

static void
judge_seen(const struct sg_steps_case *facts, const struct rule *rule,
           struct span seen, bool is_behind, struct sg_step_answer *ret)
{
    enum sg_step_now kdc = ask_kdc(facts, rule->by_kdc, seen);
    enum sg_step_now us = ask_us(facts, rule->by_us, seen);

    if ((kdc == SG_STEP_REFUSED && rule->by_kdc == ALWAYS) ||
        (us == SG_STEP_REFUSED && rule->by_us == ALWAYS)) {
        ret->now = SG_STEP_REFUSED;
        ret->message = choose_message(rule, is_behind, kdc, us);
    } else if (kdc == SG_STEP_WORKS && us == SG_STEP_WORKS)
        ret->now = SG_STEP_WORKS;
    else
        ret->now = SG_STEP_EDGE;
}

/* What is left to see is the rounding of what the client learned. */
static enum sg_step_now
judge_corrected(const struct sg_steps_case *facts, enum sg_step step)
{
    double limit_s = fmin(own_limit_s(facts), facts->kdc_limit_min_s);
    double behind_s = step == SG_STEP_NO_PREAUTH_LOGIN ? ASKED_LIFE_S : TRIED_S;

    if (facts->lower_s < -TRIED_S || facts->upper_s > behind_s)
        return SG_STEP_EDGE;
    return compare((struct span){-LEARNED_S, LEARNED_S}, limit_s);
}

/* The client still believes that the KDC's clock differs from ours by what
 * was put right: now that is its skew. */
static void
judge_outdated(const struct sg_steps_case *facts, const struct rule *rule,
               double least_s, double most_s, struct sg_step_answer *ret)
{
    judge_seen(facts, rule,
               (struct span){-most_s - LEARNED_S, -least_s + LEARNED_S}, false,
               ret);
}

static bool
is_measured(const struct sg_steps_case *facts)
{
    return facts->has_skew && isfinite(facts->lower_s) &&
           isfinite(facts->upper_s) && facts->lower_s <= facts->upper_s;
}

static void
judge_skew(const struct sg_steps_case *facts, enum sg_step step,
           const struct rule *rule, struct sg_step_answer *ret)
{
    struct span seen = {facts->lower_s, facts->upper_s};

    if (!is_measured(facts))
        return;
    if (rule->corrects) {
        ret->now = judge_corrected(facts, step);
        return;
    }
    if (step == SG_STEP_TGS_AFTER_CORRECTION) {
        judge_outdated(facts, rule, facts->lower_s, facts->upper_s, ret);
        return;
    }
    if (rule->accepts)
        seen = (struct span){-facts->upper_s, -facts->lower_s};
    judge_seen(facts, rule, seen, facts->lower_s > 0, ret);
}

static double
first_limit_s(const struct sg_steps_case *facts, const struct rule *rule)
{
    double ret = INFINITY;

    if (rule->by_kdc != NONE)
        ret = fmin(ret, facts->kdc_limit_min_s);
    if (rule->by_us != NONE)
        ret = fmin(ret, own_limit_s(facts));
    return ret;
}

void
sg_steps_judge(const struct sg_steps_case *facts, enum sg_step step,
               struct sg_step_answer *ret)
{
    const struct rule *rule = &rules[facts->kdc_timesync][step];

    *ret = (struct sg_step_answer){.now = SG_STEP_UNKNOWN,
                                   .limit_s = first_limit_s(facts, rule)};
    if (step == SG_STEP_TGS_AFTER_CORRECTION && !rule->corrects &&
        isfinite(facts->step_s)) {
        judge_outdated(facts, rule, facts->step_s, facts->step_s, ret);
        if (ret->now == SG_STEP_REFUSED)
            return;
        ret->now = SG_STEP_UNKNOWN;
    }
    judge_skew(facts, step, rule, ret);
}

const char *
sg_steps_message(const struct sg_steps_case *facts, enum sg_step step,
                 bool is_behind)
{
    struct sg_steps_case beyond = *facts;
    struct sg_step_answer answer;
    double far_s = fmax(own_limit_s(facts), facts->kdc_limit_max_s) + 5;

    beyond.has_skew = true;
    beyond.lower_s = is_behind ? far_s : -far_s;
    beyond.upper_s = beyond.lower_s;
    sg_steps_judge(&beyond, step, &answer);
    return answer.message;
}

const char *
sg_step_name(enum sg_step step)
{
    static const char *const names[SG_STEP_COUNT] = {
        [SG_STEP_PASSWORD_LOGIN] = "password-login",
        [SG_STEP_NO_PREAUTH_LOGIN] = "no-preauth-login",
        [SG_STEP_FAST_FRESH] = "fast-fresh",
        [SG_STEP_FAST_OLDER] = "fast-older",
        [SG_STEP_TGS_FRESH] = "tgs-fresh",
        [SG_STEP_TGS_OLDER] = "tgs-older",
        [SG_STEP_GSSAPI_OUT_FRESH] = "gssapi-out-fresh",
        [SG_STEP_GSSAPI_OUT_OLDER] = "gssapi-out-older",
        [SG_STEP_GSSAPI_IN] = "gssapi-in",
        [SG_STEP_SSH_IN] = "ssh-in",
        [SG_STEP_TGS_AFTER_CORRECTION] = "tgs-after-correction",
    };

    return names[step];
}

const char *
sg_step_now_name(enum sg_step_now now)
{
    static const char *const names[SG_STEP_NOW_COUNT] = {
        [SG_STEP_WORKS] = "works",
        [SG_STEP_REFUSED] = "refused",
        [SG_STEP_EDGE] = "edge",
        [SG_STEP_UNKNOWN] = "unknown",
    };

    return names[now];
}

const char *
sg_step_words(enum sg_step step)
{
    static const char *const words[SG_STEP_COUNT] = {
        [SG_STEP_PASSWORD_LOGIN] =
            "kinit, pam_krb5 with a password, kinit with a keytab",
        [SG_STEP_NO_PREAUTH_LOGIN] = "kinit without pre-authentication",
        [SG_STEP_FAST_FRESH] = "kinit with FAST, fresh armor",
        [SG_STEP_FAST_OLDER] = "kinit with FAST, older armor",
        [SG_STEP_TGS_FRESH] = "new service ticket, fresh TGT",
        [SG_STEP_TGS_OLDER] = "new service ticket, older TGT",
        [SG_STEP_GSSAPI_OUT_FRESH] = "GSSAPI from this host, fresh ticket",
        [SG_STEP_GSSAPI_OUT_OLDER] = "GSSAPI from this host, older ticket",
        [SG_STEP_GSSAPI_IN] = "GSSAPI into this host",
        [SG_STEP_SSH_IN] = "ssh into this host with a ticket",
        [SG_STEP_TGS_AFTER_CORRECTION] =
            "new service ticket after a correction, older TGT",
    };

    return words[step];
}

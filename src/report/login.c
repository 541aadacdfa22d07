#include "report/login.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "report/headline.h"
#include "report/refusals.h"
#include "report/words.h"

/* Nobody plans his day by a limit that is further away. */
#define FORECAST_MAX_S (7 * 86400.0)

/* Who would have taken a ticket in the first minutes of a boot, before the
 * clock was set? */
#define BOOT_S 300.0

/* What there is to say. */
enum matter {
    MATTER_NONE,
    MATTER_SKEW,    /* of a realm: too large, or refused already */
    MATTER_WATCH,   /* nobody knows how right the clock is: root's business */
    MATTER_TICKETS, /* from before the clock was set */
};

struct case_of {
    const struct sg_status *status;
    const struct sg_present *present;
    bool for_root;
    int realm;            /* the one that is spoken of */
    enum sg_step_now now; /* what of its steps */
};

/* ---- what there is to say ---- */

/* What the daemon found out by asking around may be told as long as it does. */
static bool
is_blame_current(const struct case_of *of)
{
    return of->present->age == SG_PRESENT_FRESH && of->present->is_alive;
}

static bool
has_other_kdc(const struct sg_status *status, int realm)
{
    const char *worst = sg_present_worst_name(status, realm);

    for (int i = 0; i < status->n_sources; i++) {
        const struct sg_status_source *source = &status->sources[i];

        if (source->realm == realm && source->kind != SG_KIND_NTP &&
            source->model.valid && strcmp(source->name, worst) != 0)
            return true;
    }
    return false;
}

/* One wrong KDC refuses nothing for certain while there is another one. */
static bool
is_spared(const struct sg_status *status, int realm)
{
    return status->realms[realm].blame == SG_BLAME_KDC &&
           has_other_kdc(status, realm);
}

static bool
is_too_far(const struct case_of *of, int realm, double warn_frac)
{
    const struct sg_present_realm *now = &of->present->realms[realm];

    if (!now->has_skew || now->state == SG_STATE_UNKNOWN)
        return false;
    return warn_frac < 0 ? now->state >= SG_STATE_WARN
                         : now->used_frac >= warn_frac;
}

/* The worst realm in which something is refused, or else in which the skew is
 * too large. */
static bool
find_realm(struct case_of *of, double warn_frac)
{
    int found = -1;

    for (int i = 0; i < of->status->n_realms; i++) {
        int realm = of->present->order[i];
        enum sg_step_now now = sg_refusals_now(of->status, of->present, realm);
        bool is_refused =
            now == SG_STEP_REFUSED && !is_spared(of->status, realm);

        if (!is_refused && (found >= 0 || !is_too_far(of, realm, warn_frac)))
            continue;
        found = realm;
        of->now = now;
        if (is_refused)
            break;
    }
    of->realm = found;
    return found >= 0;
}

/* A realm that nobody watches is nobody's login. */
static bool
is_unwatched(const struct case_of *of)
{
    const struct sg_present *present = of->present;

    return of->status->n_realms > 0 && present->age != SG_PRESENT_NEVER &&
           (!present->is_alive || present->age != SG_PRESENT_FRESH ||
            present->state == SG_STATE_UNKNOWN);
}

static struct sg_raw
ticket_step_at(const struct case_of *of, double step_s)
{
    const struct sg_status_clock *clock = &of->status->clock;
    bool is_ours = clock->last_step_s != 0 &&
                   sg_present_lasting_s(clock, clock->last_step_s) == step_s;

    return is_ours ? clock->last_step_at : clock->last_foreign_at;
}

static bool
has_old_tickets(const struct case_of *of)
{
    double step_s = sg_present_ticket_step_s(of->status, of->present);
    struct sg_steps_case facts;
    struct sg_step_answer answer;

    if (step_s == 0 ||
        sg_raw_diff(ticket_step_at(of, step_s), (struct sg_raw){0}) < BOOT_S)
        return false;
    for (int i = 0; i < of->status->n_realms; i++) {
        sg_refusals_case(of->status, of->present, i, &facts);
        facts.has_skew = false;
        sg_steps_judge(&facts, SG_STEP_TGS_AFTER_CORRECTION, &answer);
        if (answer.now == SG_STEP_REFUSED)
            return true;
    }
    return false;
}

static enum matter
find_matter(struct case_of *of, double warn_frac)
{
    if (find_realm(of, warn_frac))
        return MATTER_SKEW;
    of->realm = of->present->order[0];
    if (of->for_root && is_unwatched(of))
        return MATTER_WATCH;
    return has_old_tickets(of) ? MATTER_TICKETS : MATTER_NONE;
}

/* ---- sentences ---- */

/* Ends the sentence that was added since from, and begins it properly; a
 * program's name stays as it is typed. */
static void
end_sentence(struct sg_buf *buf, size_t from)
{
    if (buf->failed || buf->len == from)
        return;
    if (strncmp(buf->text + from, "skewguard", 9) != 0)
        buf->text[from] = (char)toupper((unsigned char)buf->text[from]);
    sg_buf_add(buf, ". ");
}

static const char *
subject(const struct case_of *of)
{
    return of->status->clock.simulated ? "the simulated clock"
                                       : "this host's clock";
}

/* Is more known of the skew than how large it may have become? */
static bool
is_seen(const struct sg_present_realm *now)
{
    return fabs(now->skew.offset_s) > sg_present_bound_s(&now->skew);
}

/* The smallest limit beyond which something is refused. */
static double
limit_s(const struct case_of *of)
{
    struct sg_steps_case facts;

    sg_refusals_case(of->status, of->present, of->realm, &facts);
    return fmin(facts.own_limit_s, facts.kdc_limit_min_s);
}

static void
add_blame(struct sg_buf *buf, const struct case_of *of)
{
    static const char *const words[SG_BLAME_COUNT] = {
        [SG_BLAME_OURS] = "this host's clock is wrong",
        [SG_BLAME_KDC] = "that KDC's clock is wrong",
        [SG_BLAME_REALM] = "the realm's clock is wrong",
        [SG_BLAME_NTP] = "an NTP server is wrong",
        [SG_BLAME_UNCLEAR] = "whose clock is wrong is not known",
    };
    const struct sg_status_realm *realm = &of->status->realms[of->realm];

    if (!is_blame_current(of) || !words[realm->blame])
        return;
    sg_buf_add(buf, "; %s", words[realm->blame]);
    if (of->for_root && realm->reason[0])
        sg_buf_add(buf, " (%s)", realm->reason);
}

/* "This host's clock is 400 s behind EXAMPLE.ORG (limit 300 s)"; else_words
 * stand before what is no more than a bound. */
static void
add_skew(struct sg_buf *buf, const struct case_of *of, const char *else_words)
{
    const struct sg_present_realm *now = &of->present->realms[of->realm];
    bool is_kdc = of->status->realms[of->realm].blame == SG_BLAME_KDC;
    size_t from = buf->len;

    sg_buf_add(buf, "%s is %s", subject(of), is_seen(now) ? "" : else_words);
    sg_words_skew(buf, &now->skew, now->has_guess && is_seen(now),
                  is_kdc ? sg_present_worst_name(of->status, of->realm)
                         : of->status->realms[of->realm].name);
    sg_buf_add(buf, " (limit %s)", sg_words_limit(limit_s(of)).text);
    add_blame(buf, of);
    end_sentence(buf, from);
}

static void
add_refusals(struct sg_buf *buf, const struct case_of *of)
{
    double left_s =
        sg_present_time_to_limit(of->status, of->present, of->realm);
    size_t from = buf->len;

    sg_refusals_add_now(buf, of->status, of->present, of->realm);
    if (buf->len == from) {
        sg_buf_add(buf, "nothing is refused yet");
        if (left_s >= 0 && left_s < FORECAST_MAX_S)
            sg_buf_add(buf, "; the limit is reached in about %s",
                       sg_words_duration(left_s).text);
    }
    end_sentence(buf, from);
}

/* How the daemon does, if that is not as it should be. */
static void
add_daemon(struct sg_buf *buf, const struct case_of *of)
{
    const struct sg_present *present = of->present;
    struct sg_word ago = sg_words_duration(fmax(0, present->since_s));
    size_t from = buf->len;

    if (!present->is_alive && present->age == SG_PRESENT_OTHER_BOOT)
        sg_buf_add(buf, "skewguardd is not running");
    else if (!present->is_alive)
        sg_buf_add(buf, "skewguardd is not running; what is known is %s old",
                   ago.text);
    else if (present->age == SG_PRESENT_LATE)
        sg_buf_add(buf, "skewguardd is overdue; what is known is %s old",
                   ago.text);
    end_sentence(buf, from);
}

/* Advice that names no command of ours gets this one. */
static void
add_advice(struct sg_buf *buf, const char *advice, const char *command)
{
    size_t from = buf->len;

    sg_buf_add(buf, "%s", advice);
    if (!strstr(advice, "\"skewguard "))
        sg_buf_add(buf, "; \"%s\" tells more", command);
    end_sentence(buf, from);
}

/* What is taken now will be refused once the clock is right. */
static bool
has_remedy(struct sg_buf *buf, const struct case_of *of)
{
    struct sg_buf text = SG_BUF_INIT;
    bool ret;

    sg_refusals_add_remedy(&text, of->status, of->present, of->realm);
    ret = text.len > 0;
    sg_buf_free_part(&text, buf);
    return ret;
}

static void
say_skew(struct sg_buf *buf, const struct case_of *of)
{
    add_skew(buf, of, "known only to be ");
    add_refusals(buf, of);
    add_daemon(buf, of);
    if (of->for_root && is_seen(&of->present->realms[of->realm]))
        add_advice(buf, sg_headline_advice(of->status, of->present, of->realm),
                   "skewguard explain");
    else if (of->for_root)
        add_advice(buf, "see \"skewguard sources -v\"", "");
    else if (of->now != SG_STEP_WORKS && has_remedy(buf, of))
        sg_buf_add(buf, "Once the clocks agree, run kinit again. ");
}

static void
say_watch(struct sg_buf *buf, const struct case_of *of)
{
    const struct sg_present *present = of->present;
    size_t from;

    if (!present->is_alive)
        add_daemon(buf, of);
    from = buf->len;
    /* A dead daemon's models are good as long as they are its. */
    if (!present->is_alive && present->realms[of->realm].has_skew) {
        add_skew(buf, of, "");
    } else if (present->is_alive || present->age != SG_PRESENT_LATE) {
        sg_headline_add_fact(buf, of->status, present);
        end_sentence(buf, from);
    }
    add_advice(buf, sg_headline_todo(of->status, present), "skewguard status");
}

static void
say_tickets(struct sg_buf *buf, const struct case_of *of)
{
    double step_s = sg_present_ticket_step_s(of->status, of->present);
    size_t from = buf->len;

    sg_buf_add(buf, "%s was set by %s %s ago", subject(of),
               sg_words_signed(step_s).text,
               sg_words_duration(
                   sg_present_age_s(of->present, ticket_step_at(of, step_s)))
                   .text);
    end_sentence(buf, from);
    sg_buf_add(buf, "Tickets from before may be refused: run kinit again. ");
}

/* Without the last blank, and with nothing that commands a terminal. */
static void
add_clean(struct sg_buf *buf, const struct sg_buf *text)
{
    for (size_t i = 0; i + 1 < text->len; i++) {
        char c = text->text[i];

        if (c < ' ' || c > '~')
            c = '?';
        sg_buf_add_bytes(buf, &c, 1);
    }
}

enum sg_login_kind
sg_login_add(struct sg_buf *buf, const struct sg_status *status,
             const struct sg_present *present,
             const struct sg_login_options *options)
{
    struct case_of of = {status, present, options->for_root, -1,
                         SG_STEP_UNKNOWN};
    struct sg_buf text = SG_BUF_INIT;
    enum sg_login_kind kind = SG_LOGIN_WARNING;

    switch (find_matter(&of, options->warn_frac)) {
    case MATTER_NONE:
        return SG_LOGIN_NOTHING;
    case MATTER_SKEW:
        if (of.now == SG_STEP_REFUSED && !is_spared(status, of.realm))
            kind = SG_LOGIN_REFUSED;
        say_skew(&text, &of);
        break;
    case MATTER_WATCH:
        say_watch(&text, &of);
        break;
    case MATTER_TICKETS:
        say_tickets(&text, &of);
        break;
    }
    add_clean(buf, &text);
    sg_buf_free_part(&text, buf);
    return kind;
}

#include "report/present.h"

#include <math.h>
#include <string.h>

/* A busy machine publishes a little late; that is no reason to worry anybody.
 */
#define LATE_SLACK_S 5.0

/* The two clocks behind it are read one after the other. */
#define SUSPEND_SLACK_S 0.5

/* Tickets live a day at most by default; later nobody holds an old one. */
#define TICKET_LIFE_S 86400.0
#define UNDONE_WITHIN_S 60.0

/* A status from the future of the raw clock belongs to another raw clock. */
#define FUTURE_SLACK_S 1.0

static enum sg_present_age
judge_age(const struct sg_status *status, const struct sg_report_now *now,
          double raw_s, double since_s)
{
    if (status->published.ns == 0)
        return SG_PRESENT_NEVER;
    if (strcmp(status->boot_id, now->boot_id) != 0 || raw_s < -FUTURE_SLACK_S)
        return SG_PRESENT_OTHER_BOOT;
    if (now->suspended_s - status->suspended_s > SUSPEND_SLACK_S)
        return SG_PRESENT_SUSPENDED;
    if (since_s > status->publish_within_s + LATE_SLACK_S)
        return SG_PRESENT_LATE;
    return SG_PRESENT_FRESH;
}

static enum sg_state
state_of_used(const struct sg_status *status, double used_frac)
{
    if (!isfinite(used_frac))
        return SG_STATE_UNKNOWN;
    if (used_frac >= 1)
        return SG_STATE_EXCEEDED;
    if (used_frac >= status->critical_frac)
        return SG_STATE_CRITICAL;
    if (used_frac >= status->warn_frac)
        return SG_STATE_WARN;
    return SG_STATE_OK;
}

static enum sg_state
more_urgent(enum sg_state a, enum sg_state b)
{
    return a > b ? a : b;
}

static void
judge_realm(const struct sg_status *status, const struct sg_present *present,
            int i, struct sg_present_realm *ret)
{
    const struct sg_status_realm *realm = &status->realms[i];

    ret->state = SG_STATE_UNKNOWN;
    ret->has_skew = sg_present_skew(present, &realm->model, &ret->skew);
    ret->has_guess = realm->worst < 0 || realm->worst >= status->n_sources ||
                     status->sources[realm->worst].has_guess;
    if (!ret->has_skew)
        return;
    ret->used_frac = sg_skew_used(&ret->skew, realm->clockskew_s);
    /* The daemon knows better than we whether its measurement is still good. */
    if (realm->state == SG_STATE_UNKNOWN)
        return;
    ret->state = state_of_used(status, ret->used_frac);
    /* A living daemon may hold a state a little longer, until it is sure. */
    if (present->is_alive && present->age == SG_PRESENT_FRESH)
        ret->state = more_urgent(ret->state, realm->state);
    if (present->age == SG_PRESENT_LATE)
        ret->state = more_urgent(ret->state, SG_STATE_UNKNOWN);
}

static bool
is_worse(const struct sg_present_realm *a, const struct sg_present_realm *b)
{
    if (a->state != b->state)
        return a->state > b->state;
    return a->has_skew && b->has_skew && a->used_frac > b->used_frac;
}

static void
sort_realms(struct sg_present *present, int n)
{
    for (int i = 0; i < n; i++) {
        int at = i;

        for (; at > 0 && is_worse(&present->realms[i],
                                  &present->realms[present->order[at - 1]]);
             at--)
            present->order[at] = present->order[at - 1];
        present->order[at] = i;
    }
}

static void
judge(const struct sg_status *status, struct sg_present *ret)
{
    ret->has_numbers =
        ret->age == SG_PRESENT_FRESH || ret->age == SG_PRESENT_LATE;
    for (int i = 0; i < status->n_realms; i++)
        judge_realm(status, ret, i, &ret->realms[i]);
    sort_realms(ret, status->n_realms);
    if (status->n_realms > 0)
        ret->state = ret->realms[ret->order[0]].state;
    else
        ret->state =
            ret->age == SG_PRESENT_FRESH ? status->state : SG_STATE_UNKNOWN;
}

void
sg_present_make(const struct sg_status *status, const struct sg_report_now *now,
                struct sg_present *ret)
{
    double raw_s = sg_raw_diff(now->host.raw, status->published);

    memset(ret, 0, sizeof *ret);
    ret->raw = now->host.raw;
    ret->wall = sg_status_wall(status, &now->host);
    ret->daemon = now->daemon;
    ret->is_alive = now->daemon != SG_REPORT_DAEMON_DEAD;
    /* The raw clock stands still while the host sleeps. */
    ret->since_s = raw_s + fmax(0, now->suspended_s - status->suspended_s);
    ret->age = judge_age(status, now, raw_s, ret->since_s);
    judge(status, ret);
}

void
sg_present_make_own(const struct sg_status *status,
                    const struct sg_report_now *now, struct sg_present *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->raw = now->host.raw;
    ret->wall = sg_status_wall(status, &now->host);
    ret->is_alive = true;
    ret->age = SG_PRESENT_FRESH;
    judge(status, ret);
}

bool
sg_present_skew(const struct sg_present *present, const struct sg_model *model,
                struct sg_skew *ret)
{
    return present->has_numbers &&
           sg_model_skew(model, present->raw, present->wall, ret);
}

double
sg_present_age_s(const struct sg_present *present, struct sg_raw at)
{
    return fmax(0, sg_raw_diff(present->raw, at));
}

double
sg_present_time_to_limit(const struct sg_status *status,
                         const struct sg_present *present, int realm)
{
    const struct sg_present_realm *now = &present->realms[realm];
    double published_s = status->realms[realm].time_to_limit_s;

    if (!now->has_skew)
        return -1;
    if (now->used_frac >= 1)
        return 0;
    if (!(published_s >= 0))
        return -1;
    return fmax(0, published_s - present->since_s);
}

/* Until one end of the skew, moving at this rate, reaches the limit. */
static double
end_reaches_s(double left_s, double rate_ppm)
{
    return rate_ppm > 0 ? left_s / (rate_ppm * 1e-6) : INFINITY;
}

double
sg_present_holdover_s(const struct sg_status *status,
                      const struct sg_present *present, int realm)
{
    const struct sg_status_realm *of = &status->realms[realm];
    const struct sg_present_realm *now = &present->realms[realm];
    double growth_ppm = of->model.growth_ppm, upper_s, lower_s;

    if (!now->has_skew || !isfinite(now->used_frac) ||
        !isfinite(growth_ppm + of->rate_ppm))
        return -1;
    /* it may go on to drift, and it may cease to */
    upper_s = end_reaches_s(of->clockskew_s - now->skew.upper_s,
                            growth_ppm + fmax(0, of->rate_ppm));
    lower_s = end_reaches_s(of->clockskew_s + now->skew.lower_s,
                            growth_ppm + fmax(0, -of->rate_ppm));
    return fmax(0, fmin(upper_s, lower_s));
}

/* A step and its undoing within moments are none for tickets. */
double
sg_present_lasting_s(const struct sg_status_clock *clock, double step_s)
{
    double apart_s = sg_raw_diff(clock->last_step_at, clock->last_foreign_at);

    if (clock->last_step_s == 0 || clock->last_foreign_s == 0 ||
        fabs(apart_s) > UNDONE_WITHIN_S)
        return step_s;
    return clock->last_step_s + clock->last_foreign_s;
}

bool
sg_present_has_tickets(double age_s)
{
    return age_s < TICKET_LIFE_S;
}

double
sg_present_ticket_step_s(const struct sg_status *status,
                         const struct sg_present *present)
{
    const struct sg_status_clock *clock = &status->clock;
    double own_s = 0, foreign_s = 0;

    if (!present->has_numbers)
        return 0;
    if (clock->last_step_s != 0 &&
        sg_present_has_tickets(sg_present_age_s(present, clock->last_step_at)))
        own_s = sg_present_lasting_s(clock, clock->last_step_s);
    if (clock->last_foreign_s != 0 && sg_present_has_tickets(sg_present_age_s(
                                          present, clock->last_foreign_at)))
        foreign_s = sg_present_lasting_s(clock, clock->last_foreign_s);
    return fabs(foreign_s) > fabs(own_s) ? foreign_s : own_s;
}

struct sg_skew
sg_present_seen_from_there(const struct sg_skew *skew)
{
    struct sg_skew ret = *skew;

    ret.offset_s = -skew->offset_s;
    ret.lower_s = -skew->upper_s;
    ret.upper_s = -skew->lower_s;
    return ret;
}

double
sg_present_bound_s(const struct sg_skew *skew)
{
    return fmax(skew->upper_s - skew->offset_s, skew->offset_s - skew->lower_s);
}

const char *
sg_present_worst_name(const struct sg_status *status, int realm)
{
    int worst = status->realms[realm].worst;

    if (worst < 0 || worst >= status->n_sources)
        return status->realms[realm].name;
    return status->sources[worst].name;
}

int
sg_present_ntp_twin(const struct sg_status *status, int kdc)
{
    const struct sg_status_source *of = &status->sources[kdc];
    int n = 0, found = -1;

    for (int i = 0; i < status->n_sources; i++) {
        const struct sg_status_source *source = &status->sources[i];

        if (source->kind != SG_KIND_NTP || source->realm != of->realm)
            continue;
        if (strcmp(source->name, of->name) == 0)
            return i;
        if (of->address[0] && strcmp(source->address, of->address) == 0) {
            found = i;
            n++;
        }
    }
    return n == 1 ? found : -1;
}

enum sg_state
sg_report_state(const struct sg_status *status, const struct sg_report_now *now)
{
    struct sg_present present;

    sg_present_make(status, now, &present);
    return present.state;
}

enum sg_state
sg_report_check_state(const struct sg_status *status,
                      const struct sg_report_now *now)
{
    struct sg_present present;

    sg_present_make_own(status, now, &present);
    return present.state;
}

int
sg_report_exit_code(enum sg_state state)
{
    switch (state) {
    case SG_STATE_OK:
        return 0;
    case SG_STATE_WARN:
        return 1;
    case SG_STATE_CRITICAL:
    case SG_STATE_EXCEEDED:
        return 2;
    case SG_STATE_UNKNOWN:
    case SG_STATE_COUNT:
        break;
    }
    return 3;
}

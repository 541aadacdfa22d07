#include "core/leap.h"

#include <math.h>
#include <stdio.h>

#include "core/status.h"

#define DAY_S 86400.0
#define DAY_NS INT64_C(86400000000000)

/* A jump is the leap if it differs from one second by no more: somebody may be
 * slewing at the same time. */
#define LEAP_SLACK_S 0.1

/* A clock is looked at shortly before, at and after the leap; a kernel may be
 * late by a timer tick. */
static const double looks_s[] = {-1, 0.05, SG_LEAP_MARGIN_S + 0.05};

int
sg_leap_span(enum sg_leap leap)
{
    return leap == SG_LEAP_INSERT ? 1 : leap == SG_LEAP_DELETE ? -1 : 0;
}

const char *
sg_leap_verb(enum sg_leap leap)
{
    return leap == SG_LEAP_DELETE ? "left out" : "inserted";
}

static int64_t
day_of(struct sg_wall at)
{
    return at.ns / DAY_NS - (at.ns % DAY_NS < 0);
}

struct date {
    long long year;
    int month, day;
};

/* Days since 1970 to the Gregorian calendar, counted in eras of 400 years that
 * begin on 1 March, so that the leap day is a year's last. */
static struct date
date_of(int64_t days)
{
    int64_t since = days + 719468; /* 0000-03-01 */
    int64_t era = since / 146097 - (since % 146097 < 0);
    int64_t of_era = since - era * 146097;
    int64_t year =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* from March */
    struct date date = {
        .year = year + era * 400 + (month >= 10),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(of_year - (153 * month + 2) / 5) + 1,
    };

    return date;
}

void
sg_leap_day(struct sg_wall day_end, char ret[SG_LEAP_DAY_MAX])
{
    struct date date = date_of(day_of(day_end) - 1);

    snprintf(ret, SG_LEAP_DAY_MAX, "%04lld-%02d-%02d", date.year, date.month,
             date.day);
}

struct sg_wall
sg_leap_day_end(struct sg_wall at)
{
    return sg_wall_add(at,
                       (double)(DAY_NS - (at.ns - day_of(at) * DAY_NS)) * 1e-9);
}

bool
sg_leap_is_month_end(struct sg_wall day_end)
{
    return date_of(day_of(day_end)).day == 1;
}

void
sg_leap_tally(const struct sg_leap_vote *votes, int n,
              struct sg_leap_count *ret)
{
    const struct sg_leap_vote *newest[SG_MAX_SOURCES] = {NULL};
    int inserts = 0, deletes = 0;

    *ret = (struct sg_leap_count){.leap = SG_LEAP_NONE};
    for (int i = 0; i < n; i++) {
        const struct sg_leap_vote **of_host = &newest[votes[i].host];

        if (!*of_host || sg_raw_diff(votes[i].at, (*of_host)->at) > 0)
            *of_host = &votes[i];
    }
    for (int i = 0; i < SG_MAX_SOURCES; i++) {
        if (!newest[i])
            continue;
        ret->hosts_total++;
        inserts += newest[i]->leap == SG_LEAP_INSERT;
        deletes += newest[i]->leap == SG_LEAP_DELETE;
    }
    ret->hosts = inserts > deletes ? inserts : deletes;
    if (ret->hosts > 0)
        ret->leap = inserts > deletes ? SG_LEAP_INSERT : SG_LEAP_DELETE;
}

bool
sg_leap_is_expected(const struct sg_leap_state *state)
{
    return state->leap != SG_LEAP_NONE && !state->passed;
}

/* ITU-R TF.460 allows the end of any month. */
bool
sg_leap_weigh(struct sg_leap_state *state, const struct sg_leap_count *count,
              struct sg_wall ref)
{
    struct sg_wall day_end = sg_leap_day_end(ref);
    bool is_voted = 2 * count->hosts > count->hosts_total;
    enum sg_leap leap =
        is_voted && sg_leap_is_month_end(day_end) ? count->leap : SG_LEAP_NONE;

    if (count->hosts_total == 0)
        return false;
    if (sg_leap_is_expected(state)) {
        state->hosts = count->hosts;
        state->hosts_total = count->hosts_total;
        if (leap == state->leap)
            return false;
        state->leap = leap;
        return true;
    }
    /* servers go on announcing for a while after it */
    if (leap == SG_LEAP_NONE ||
        (state->leap != SG_LEAP_NONE &&
         fabs(sg_wall_diff(day_end, state->day_end)) < DAY_S))
        return false;
    *state = (struct sg_leap_state){
        .leap = leap,
        .day_end = day_end,
        .hosts = count->hosts,
        .hosts_total = count->hosts_total,
    };
    return true;
}

/* What a clock would read when it leaps: at midnight it repeats the second
 * before, or leaves that out a second before midnight. */
static struct sg_wall
leaps_at(const struct sg_leap_state *state)
{
    return sg_wall_add(state->day_end, state->leap == SG_LEAP_DELETE ? -1 : 0);
}

void
sg_leap_follow(struct sg_leap_state *state, struct sg_raw now,
               struct sg_wall ref)
{
    if (sg_leap_is_expected(state))
        state->moment = sg_raw_add(now, sg_wall_diff(leaps_at(state), ref));
}

bool
sg_leap_explains(struct sg_leap_state *state, struct sg_wall foreseen,
                 double span_s, double jump_s)
{
    double since_s = sg_wall_diff(foreseen, leaps_at(state));

    if (state->leap == SG_LEAP_NONE || state->made ||
        fabs(jump_s + sg_leap_span(state->leap)) > LEAP_SLACK_S ||
        since_s < -SG_LEAP_MARGIN_S || since_s - span_s > SG_LEAP_MARGIN_S)
        return false;
    state->made = true;
    return true;
}

bool
sg_leap_is_under_way(const struct sg_leap_state *state, struct sg_raw now)
{
    return state->leap != SG_LEAP_NONE &&
           fabs(sg_raw_diff(now, state->moment)) <= SG_LEAP_MARGIN_S;
}

bool
sg_leap_pass(struct sg_leap_state *state, struct sg_raw now)
{
    double since_s = sg_raw_diff(now, state->moment);

    if (!sg_leap_is_expected(state))
        return false;
    /* together with our clock, so that they are not compared in between */
    if (since_s <= SG_LEAP_MARGIN_S &&
        !(state->made && since_s >= -SG_LEAP_MARGIN_S))
        return false;
    state->passed = true;
    return true;
}

bool
sg_leap_is_near(const struct sg_leap_state *state, struct sg_wall ref)
{
    return state->leap != SG_LEAP_NONE &&
           fabs(sg_wall_diff(ref, state->day_end)) <= DAY_S;
}

bool
sg_leap_is_missed(const struct sg_leap_state *state, struct sg_wall ref,
                  double offset_s)
{
    double left_s = -offset_s * sg_leap_span(state->leap);

    return state->passed && !state->made && sg_leap_is_near(state, ref) &&
           left_s > LEAP_SLACK_S && left_s < 1 + LEAP_SLACK_S;
}

double
sg_leap_wait_s(const struct sg_leap_state *state, const struct sg_reading *now)
{
    double wait_s = INFINITY;
    double own_s = sg_wall_diff(leaps_at(state), now->wall);
    double ref_s = sg_raw_diff(state->moment, now->raw);

    if (state->leap == SG_LEAP_NONE)
        return INFINITY;
    for (size_t i = 0; i < sizeof looks_s / sizeof *looks_s; i++) {
        if (!state->made && own_s + looks_s[i] > 0)
            wait_s = fmin(wait_s, own_s + looks_s[i]);
        if (!state->passed && ref_s + looks_s[i] > 0)
            wait_s = fmin(wait_s, ref_s + looks_s[i]);
    }
    /* and once more to tell the kernel that it is over */
    if (state->passed && ref_s + looks_s[2] > 0)
        wait_s = fmin(wait_s, ref_s + looks_s[2]);
    return wait_s;
}

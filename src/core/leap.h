/*
 * Leap seconds: whether one is coming, when, and whether our clock made it.
 *
 * UTC gains or loses a second at the end of a month, and the wall clock, which
 * cannot count it, repeats 23:59:59 or leaves it out: the reference clocks and
 * the kernel, if it was told, jump by one second against the raw clock.
 * Servers announce it in their answers, some a month before, most in the last
 * 24 hours; the kernel makes it at the end of the UTC day on which it is told.
 *
 * Pure.
 */
#ifndef SG_CORE_LEAP_H
#define SG_CORE_LEAP_H

#include <stdbool.h>

#include "base/instant.h"
#include "core/sample.h"

/* Nothing is asked of clocks that leap until this long after, or from this
 * long before: they do not leap at the same instant. */
#define SG_LEAP_MARGIN_S 2.0

/* What one source announces. */
struct sg_leap_vote {
    int host; /* 0 .. SG_MAX_SOURCES - 1; its newest vote counts */
    enum sg_leap leap;
    struct sg_raw at;
};

struct sg_leap_count {
    enum sg_leap leap; /* what most hosts announce; NONE without any */
    int hosts;         /* that announce it ... */
    int hosts_total;   /* ... of so many */
};

struct sg_leap_state {
    enum sg_leap leap;      /* NONE: none is expected and none was */
    bool passed;            /* the references have made it */
    bool made;              /* our wall clock has */
    struct sg_wall day_end; /* the midnight (UTC) it is about */
    struct sg_raw moment;   /* when references make it, as far as is known */
    int hosts, hosts_total; /* that announced it last */
};

/* +1 for a second inserted, -1 for one left out, 0.  Clocks leap by as much
 * into the other direction. */
int sg_leap_span(enum sg_leap leap);

/* "inserted", "left out" */
const char *sg_leap_verb(enum sg_leap leap);

/* The day that ends at this midnight: "2026-12-31". */
#define SG_LEAP_DAY_MAX 24
void sg_leap_day(struct sg_wall day_end, char ret[SG_LEAP_DAY_MAX]);

/* The next midnight. */
struct sg_wall sg_leap_day_end(struct sg_wall at);

/* Is this midnight the end of a month? */
bool sg_leap_is_month_end(struct sg_wall day_end);

/* Count hosts, not sources. */
void sg_leap_tally(const struct sg_leap_vote *votes, int n,
                   struct sg_leap_count *ret);

/*
 * Take in what is announced when references read ref: a leap second is
 * expected on the last day of a month, while more than half of the hosts
 * announce the same one.  With no host to ask the expectation stays.  Returns
 * whether it changed.
 */
bool sg_leap_weigh(struct sg_leap_state *state,
                   const struct sg_leap_count *count, struct sg_wall ref);

/* One is announced, and references have not made it yet. */
bool sg_leap_is_expected(const struct sg_leap_state *state);

/* At this raw instant references read ref. */
void sg_leap_follow(struct sg_leap_state *state, struct sg_raw now,
                    struct sg_wall ref);

/*
 * The wall clock jumped by jump_s some time in the last span_s, now that it
 * would read foreseen without that.  Is this the leap?  True once for each.
 */
bool sg_leap_explains(struct sg_leap_state *state, struct sg_wall foreseen,
                      double span_s, double jump_s);

/*
 * Have references made it?  True once: from now on they read
 * sg_leap_span(state->leap) less than was foreseen.
 */
bool sg_leap_pass(struct sg_leap_state *state, struct sg_raw now);

/* Within SG_LEAP_MARGIN_S of the moment. */
bool sg_leap_is_under_way(const struct sg_leap_state *state, struct sg_raw now);

/* Within a day of it, when a server that smears it shows another time. */
bool sg_leap_is_near(const struct sg_leap_state *state, struct sg_wall ref);

/* Passed within a day, but not made by the wall clock, which is still off by
 * some of it. */
bool sg_leap_is_missed(const struct sg_leap_state *state, struct sg_wall ref,
                       double offset_s);

/*
 * Seconds until the clocks must be looked at for its sake; INFINITY if they
 * need not.  wall: what our clock reads now, which may leap at another
 * moment.
 */
double sg_leap_wait_s(const struct sg_leap_state *state,
                      const struct sg_reading *now);

#endif

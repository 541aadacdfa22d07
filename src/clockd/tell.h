/*
 * What the clock service says of what it did: each change with before and
 * after, but the small ones of every minute once an hour, in one line.
 */
#ifndef SG_CLOCKD_TELL_H
#define SG_CLOCKD_TELL_H

#include "base/instant.h"
#include "clock/clock.h"

#define SG_TELL_TIME_MAX 32

/* No client may fill the log. */
struct sg_tell_hour {
    struct sg_raw since;
    int lines;
};

struct sg_tell {
    struct sg_tell_hour fast; /* slews that had a line of their own */
    struct sg_raw since;    /* the small changes not yet told: since then ... */
    unsigned n;             /* ... so many; 0: none */
    double slewed_s;        /* in all */
    double before_ppm, ppm; /* the frequency */
};

struct sg_refusals {
    int code;         /* the last one's; 0: none */
    struct sg_raw at; /* when it was told ... */
    unsigned repeats; /* ... and how often others were not */
    struct sg_tell_hour hour;
};

/* "2026-11-22T14:00:00.123Z" */
const char *sg_tell_time(struct sg_wall at, char ret[SG_TELL_TIME_MAX]);

void sg_tell_step(const struct sg_reading *before,
                  const struct sg_reading *after,
                  const struct sg_clock_step *step, const char *account);

/* Fast ones at once, others, and very many, in the hour's line. */
void sg_tell_course(struct sg_tell *tell, struct sg_raw now,
                    const struct sg_clock_course *before,
                    const struct sg_clock_course *course, double max_ppm);

/* The same refusal again is counted, and told hourly; so are very many. */
void sg_tell_refusal(struct sg_refusals *last, struct sg_raw now, int code,
                     const char *why);

/* To be called now and then; is_end: whatever is left. */
void sg_tell_rest(struct sg_tell *tell, struct sg_raw now, bool is_end);

#endif

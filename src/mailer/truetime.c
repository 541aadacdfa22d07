#include "mailer/truetime.h"

/* Certificates are valid for weeks; less than this makes no difference. */
#define WRONG_S 86400.0
/* What the clock has run since the record counts up to this: more is rather
 * somebody who has stepped it half the way. */
#define WAIT_MAX_S (7 * 86400.0)

/*
 * Whether the clock is still as wrong as the record says, although somebody may
 * have put it right since: before the record's true time it cannot be right,
 * nor, if it was ahead, where it goes on from there.
 */
static bool
is_still_wrong(const struct sg_record *record, struct sg_wall now)
{
    double ahead_s = sg_wall_diff(record->host_time, record->true_time);

    if (ahead_s <= WRONG_S && ahead_s >= -WRONG_S)
        return false;
    return now.ns < record->true_time.ns ||
           (ahead_s > 0 && now.ns >= record->host_time.ns);
}

bool
sg_truetime_find(const struct sg_record *records, int n, struct sg_wall now,
                 struct sg_wall *ret)
{
    const struct sg_record *record = NULL;
    double waited_s;

    for (int i = 0; i < n; i++)
        if (records[i].has_true_time)
            record = &records[i];
    if (!record || !is_still_wrong(record, now))
        return false;
    waited_s = sg_wall_diff(now, record->host_time);
    if (!(waited_s > 0 && waited_s < WAIT_MAX_S))
        waited_s = 0;
    *ret = sg_wall_add(record->true_time, waited_s);
    return true;
}

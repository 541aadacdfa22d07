#include "core/guard.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400.0
#define HOUR_NS INT64_C(3600000000000)

/* What may be added when a foreign step is taken back: no more than a share of
 * it, or small jumps would give away large ones. */
#define UNDO_SLACK_S 1.0
#define UNDO_SLACK_FRAC 0.5

const struct sg_guard_limits sg_guard_defaults = {
    .start_back_s = DAY_S,
    .lone_s = 3600,
    .step_s = 3600,
    .day_s = 7200,
    .day_steps = 3,
};

void
sg_guard_init(struct sg_guard *guard, const struct sg_guard_limits *limits)
{
    memset(guard, 0, sizeof *guard);
    guard->limits = *limits;
    guard->hour = INT64_MIN / HOUR_NS;
}

/* Division that rounds down: before the raw clock's start it is negative. */
static int64_t
hour_of(struct sg_raw at)
{
    return at.ns / HOUR_NS - (at.ns % HOUR_NS < 0);
}

static void
forget_old_slews(struct sg_guard *guard, struct sg_raw now)
{
    int64_t gone = hour_of(now) - guard->hour;
    double kept[SG_GUARD_HOURS] = {0};

    if (gone <= 0)
        return;
    for (int64_t i = gone; i < SG_GUARD_HOURS; i++)
        kept[i] = guard->slewed_s[i - gone];
    memcpy(guard->slewed_s, kept, sizeof kept);
    guard->hour += gone;
}

static void
forget_old(struct sg_guard *guard, struct sg_raw now)
{
    int kept = 0;

    for (int i = 0; i < guard->n; i++) {
        if (sg_raw_diff(now, guard->at[i]) > DAY_S)
            continue;
        guard->at[kept] = guard->at[i];
        guard->size_s[kept++] = guard->size_s[i];
    }
    guard->n = kept;
    forget_old_slews(guard, now);
}

bool
sg_guard_is_undo(const struct sg_guard_request *request)
{
    double slack_s =
        fmin(UNDO_SLACK_S, UNDO_SLACK_FRAC * fabs(request->undo_s));

    return request->undo_s != 0 &&
           fabs(request->offset_s - request->undo_s) <= slack_s;
}

static double
moved_today_s(const struct sg_guard *guard)
{
    double sum_s = 0;

    for (int i = 0; i < guard->n; i++)
        sum_s += guard->size_s[i];
    for (int i = 0; i < SG_GUARD_HOURS; i++)
        sum_s += guard->slewed_s[i];
    return sum_s;
}

double
sg_guard_moved_s(struct sg_guard *guard, struct sg_raw now)
{
    forget_old(guard, now);
    return moved_today_s(guard);
}

enum sg_guard_verdict
sg_guard_check(struct sg_guard *guard, struct sg_raw now,
               const struct sg_guard_request *request)
{
    const struct sg_guard_limits *limits = &guard->limits;
    double size_s = fabs(request->offset_s);

    forget_old(guard, now);
    if (sg_guard_is_undo(request))
        return SG_GUARD_ALLOWED;
    if (request->before_floor && request->offset_s > 0 && request->starting)
        return SG_GUARD_ALLOWED;
    if (!request->strong && size_s > limits->lone_s)
        return SG_GUARD_LONE;
    if (request->starting)
        return request->offset_s < -limits->start_back_s ? SG_GUARD_START_BACK
                                                         : SG_GUARD_ALLOWED;
    if (size_s > limits->step_s)
        return SG_GUARD_STEP;
    if (guard->n >= limits->day_steps || guard->n >= SG_GUARD_STEPS)
        return SG_GUARD_DAY_STEPS;
    if (moved_today_s(guard) + size_s > limits->day_s)
        return SG_GUARD_DAY;
    return SG_GUARD_ALLOWED;
}

void
sg_guard_note(struct sg_guard *guard, struct sg_raw now,
              const struct sg_guard_request *request)
{
    if (sg_guard_is_undo(request) || request->starting ||
        guard->n >= SG_GUARD_STEPS)
        return;
    guard->at[guard->n] = now;
    guard->size_s[guard->n++] = fabs(request->offset_s);
}

enum sg_guard_verdict
sg_guard_check_slew(struct sg_guard *guard, struct sg_raw now, double size_s)
{
    return sg_guard_moved_s(guard, now) + fabs(size_s) > guard->limits.day_s
               ? SG_GUARD_SLEWS
               : SG_GUARD_ALLOWED;
}

void
sg_guard_note_slew(struct sg_guard *guard, struct sg_raw now, double size_s)
{
    forget_old(guard, now);
    guard->slewed_s[0] += fabs(size_s);
}

void
sg_guard_explain(const struct sg_guard *guard, enum sg_guard_verdict verdict,
                 const struct sg_guard_request *request, char *ret,
                 unsigned size)
{
    const struct sg_guard_limits *limits = &guard->limits;
    double offset_s = request->offset_s;

    switch (verdict) {
    case SG_GUARD_ALLOWED:
        snprintf(ret, size, "a step of %+.3f s is within the limits", offset_s);
        break;
    case SG_GUARD_START_BACK:
        snprintf(ret, size,
                 "a step of %+.3f s at start is refused: at most %.0f s back",
                 offset_s, limits->start_back_s);
        break;
    case SG_GUARD_LONE:
        snprintf(ret, size,
                 "a step of %+.3f s on one host's word is refused: at most "
                 "%.0f s",
                 offset_s, limits->lone_s);
        break;
    case SG_GUARD_STEP:
        snprintf(ret, size,
                 "a step of %+.3f s while running is refused: at most %.0f s",
                 offset_s, limits->step_s);
        break;
    case SG_GUARD_DAY:
        snprintf(ret, size,
                 "a step of %+.3f s is refused: %.0f s moved in 24 h "
                 "already, at most %.0f s in all",
                 offset_s, moved_today_s(guard), limits->day_s);
        break;
    case SG_GUARD_DAY_STEPS:
        snprintf(ret, size,
                 "a step of %+.3f s is refused: %d steps in 24 h already, at "
                 "most %d",
                 offset_s, guard->n, limits->day_steps);
        break;
    case SG_GUARD_SLEWS:
        snprintf(ret, size,
                 "a fast slew of %+.3f s is refused: %.0f s moved in 24 h "
                 "already, at most %.0f s in all",
                 offset_s, moved_today_s(guard), limits->day_s);
        break;
    }
}

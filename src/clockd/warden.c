#include "clockd/warden.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/leap.h"

/* A shorter sleep leaves the clock as it was. */
#define SLEEP_MIN_S 0.5

/* Less may be the rate of an odd oscillator, and nobody undoes it. */
#define FOREIGN_MIN_S 0.01
/* Who undoes a foreign step does so at once; the right to it ends. */
#define FOREIGN_MAX_AGE_S 3600.0

void
sg_warden_init(struct sg_warden *warden, const struct sg_guard_limits *limits,
               struct sg_wall floor)
{
    memset(warden, 0, sizeof *warden);
    sg_guard_init(&warden->guard, limits);
    warden->start_left = true;
    warden->floor = floor;
}

void
sg_warden_begin(struct sg_warden *warden, const struct sg_reading *reading,
                double base_ppm, double slept_s)
{
    sg_local_init(&warden->local, base_ppm);
    sg_local_moved(&warden->local, reading);
    if (slept_s > warden->slept_s + SLEEP_MIN_S)
        warden->start_left = true;
    warden->slept_s = slept_s;
}

/* Over a sleep the clock is set from the hardware's, by the kernel. */
static bool
has_slept(struct sg_warden *warden, const struct sg_reading *reading,
          double slept_s)
{
    if (slept_s <= warden->slept_s + SLEEP_MIN_S)
        return false;
    warden->slept_s = slept_s;
    warden->start_left = true;
    warden->foreign_s = 0;
    sg_local_moved(&warden->local, reading);
    return true;
}

double
sg_warden_look(struct sg_warden *warden, const struct sg_reading *reading,
               double slept_s)
{
    double slack_s, excess_s;

    if (has_slept(warden, reading, slept_s))
        return 0;
    excess_s = sg_local_update(&warden->local, reading, &slack_s);
    if (sg_raw_diff(reading->raw, warden->foreign_at) > FOREIGN_MAX_AGE_S)
        warden->foreign_s = 0;
    if (fabs(excess_s) <= slack_s + FOREIGN_MIN_S)
        return 0;
    warden->foreign_s += excess_s;
    warden->foreign_at = reading->raw;
    return excess_s;
}

int
sg_warden_take_step(struct sg_warden *warden, const struct sg_reading *reading,
                    const struct sg_clock_step *step, struct sg_err *err)
{
    const struct sg_guard_request request = {
        .offset_s = step->offset_s,
        .starting = step->starting && warden->start_left,
        .strong = step->strong,
        .undo_s = -warden->foreign_s,
        .before_floor = sg_wall_diff(reading->wall, warden->floor) < 0,
    };
    enum sg_guard_verdict verdict =
        sg_guard_check(&warden->guard, reading->raw, &request);
    char why[SG_ERR_TEXT_MAX];

    if (verdict != SG_GUARD_ALLOWED) {
        sg_guard_explain(&warden->guard, verdict, &request, why, sizeof why);
        return sg_err_set(err, -EACCES, "%s (the clock service's limit)", why);
    }
    sg_guard_note(&warden->guard, reading->raw, &request);
    /* back where somebody else found it, which may be anywhere */
    if (!sg_guard_is_undo(&request))
        warden->start_left = false;
    return 1;
}

static bool
is_fast(const struct sg_clock_course *course, double max_ppm)
{
    return fabs(course->base_ppm + course->slew_ppm) > max_ppm;
}

/* The kernel would make one at the end of any day. */
static int
check_leap(const struct sg_reading *reading,
           const struct sg_clock_course *course, struct sg_err *err)
{
    struct sg_wall day_end = sg_leap_day_end(reading->wall);
    char day[SG_LEAP_DAY_MAX];

    if (course->leap_s == 0 || sg_leap_is_month_end(day_end))
        return 0;
    sg_leap_day(day_end, day);
    return sg_err_set(err, -EACCES,
                      "a leap second of %+d s at the end of %s is refused: "
                      "only a month ends with one (the clock service's limit)",
                      course->leap_s, day);
}

/* A clock that is called synchronised has had its first correction. */
int
sg_warden_take_course(struct sg_warden *warden,
                      const struct sg_reading *reading,
                      const struct sg_clock_course *course, double max_ppm,
                      struct sg_err *err)
{
    const struct sg_guard_request request = {
        .offset_s = course->slew_ppm * 1e-6 * course->duration_s};
    enum sg_guard_verdict verdict = SG_GUARD_ALLOWED;
    bool counts = is_fast(course, max_ppm);
    char why[SG_ERR_TEXT_MAX];
    int code = check_leap(reading, course, err);

    if (code < 0)
        return code;
    if (counts)
        verdict =
            sg_guard_check_slew(&warden->guard, reading->raw, request.offset_s);
    if (verdict != SG_GUARD_ALLOWED) {
        sg_guard_explain(&warden->guard, verdict, &request, why, sizeof why);
        return sg_err_set(err, -EACCES, "%s (the clock service's limit)", why);
    }
    if (counts)
        sg_guard_note_slew(&warden->guard, reading->raw, request.offset_s);
    if (!course->synced || !warden->start_left)
        return counts;
    warden->start_left = false;
    return 1;
}

void
sg_warden_slews_until(struct sg_warden *warden, struct sg_raw until)
{
    if (sg_raw_diff(until, warden->local.slew_end) > 0)
        warden->local.slew_end = until;
}

void
sg_warden_overran(struct sg_warden *warden, struct sg_raw now,
                  const struct sg_clock_course *course, double max_ppm,
                  double late_s)
{
    if (late_s > 0 && is_fast(course, max_ppm))
        sg_guard_note_slew(&warden->guard, now,
                           course->slew_ppm * 1e-6 * late_s);
}

void
sg_warden_stepped(struct sg_warden *warden, const struct sg_reading *reading)
{
    warden->foreign_s = 0;
    sg_local_moved(&warden->local, reading);
}

void
sg_warden_steered(struct sg_warden *warden, const struct sg_reading *reading,
                  const struct sg_clock_course *course)
{
    sg_local_course(&warden->local, reading, course->base_ppm, course->slew_ppm,
                    course->duration_s);
    /* a kernel does what it is told; before that it may have been busy with
     * what somebody else had begun, which is over now */
    warden->local.natural_ppm = 0;
    warden->local.natural_known = true;
}

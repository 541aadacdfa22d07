#include "watch/steering.h"

#include <errno.h>
#include <event2/event.h>
#include <math.h>

#include "base/hostclock.h"
#include "base/timeval.h"

#define RETRY_S 1.0

/* A timer may fire so much too soon. */
#define EARLY_S 20e-6

/* What is worth taking back of a slew that lasted too long. */
#define EXCESS_MIN_S 10e-6
#define LATE_MAX_S 0.5
#define ROOM_MIN_PPM 10.0

/* By how much the kernel lets its largest error grow (MAXFREQ). */
#define MAXERROR_PPM 500.0

static void
arm(struct event *timer, double wait_s)
{
    struct timeval tv = sg_timeval(wait_s);

    evtimer_add(timer, &tv);
}

/*
 * The length of a slew is counted by the raw clock, while timers run by the
 * monotonic one, which the slew itself turns: by 0.8 s in 10 s at 8 %.
 */
static void
arm_slew_end(struct sg_steering *steering)
{
    const struct sg_clock_course *course = &steering->course;
    double rest_s = sg_raw_diff(steering->slew_end_at, sg_host_raw());

    arm(steering->slew_end,
        fmax(rest_s, 0) * (1 + (course->base_ppm + course->slew_ppm) * 1e-6));
}

static int
steer(struct sg_steering *steering, const struct sg_clock_course *course,
      struct sg_err *err)
{
    struct sg_clock *clock = steering->clock;
    int code = clock->ops->steer(clock, course, err);

    if (code < 0)
        return code;
    evtimer_del(steering->slew_end);
    steering->course = *course;
    steering->slew_end_at = sg_raw_add(sg_host_raw(), course->duration_s);
    if (course->duration_s > 0 && !clock->ends_slews)
        arm_slew_end(steering);
    return 0;
}

/*
 * The course after the present slew, which lasted late_s too long.  At 8 % one
 * millisecond makes 83 us: that much is taken back.  Who was held up for long
 * had better measure again; a keeper may have ended the slew meanwhile.
 */
static struct sg_clock_course
course_after(const struct sg_steering *steering, double late_s)
{
    struct sg_clock_course course = steering->course;
    double max_ppm = steering->clock->max_ppm;
    double room_ppm = max_ppm - fabs(course.base_ppm);
    bool is_fast = fabs(course.base_ppm + course.slew_ppm) > max_ppm;
    double excess_s = course.slew_ppm * 1e-6 * late_s;

    /* what the kernel has added meanwhile is not to be taken back */
    course.bound_s += course.duration_s * MAXERROR_PPM * 1e-6;
    course.slew_ppm = 0;
    course.duration_s = 0;
    if (!is_fast || late_s > LATE_MAX_S || fabs(excess_s) < EXCESS_MIN_S ||
        room_ppm < ROOM_MIN_PPM)
        return course;
    course.slew_ppm = -copysign(room_ppm, excess_s);
    course.duration_s = fabs(excess_s) / room_ppm * 1e6;
    return course;
}

static int
end_slew(struct sg_steering *steering, double late_s)
{
    struct sg_clock_course course = course_after(steering, late_s);

    return steer(steering, &course, NULL);
}

static void
on_slew_end(evutil_socket_t fd, short what, void *arg)
{
    struct sg_steering *steering = arg;
    double late_s = sg_raw_diff(sg_host_raw(), steering->slew_end_at);
    int code;

    (void)fd;
    (void)what;
    if (late_s < -EARLY_S) {
        arm_slew_end(steering);
        return;
    }
    code = end_slew(steering, late_s);
    /* a slew without an end would carry the clock away, but one that somebody
     * else has ended is over */
    if (code < 0 && code != -EBUSY)
        arm(steering->slew_end, RETRY_S);
}

int
sg_steering_open(struct sg_steering *steering, struct event_base *base,
                 struct sg_clock *clock, double base_ppm)
{
    *steering = (struct sg_steering){
        .clock = clock,
        .slew_end = evtimer_new(base, on_slew_end, steering),
        .course = {.base_ppm = base_ppm},
    };
    return steering->slew_end ? 0 : -1;
}

void
sg_steering_take(struct sg_steering *steering, struct sg_steering *before)
{
    steering->course = before->course;
    steering->slew_end_at = before->slew_end_at;
    if (!evtimer_pending(before->slew_end, NULL))
        return;
    evtimer_del(before->slew_end);
    arm_slew_end(steering);
}

int
sg_steering_do(struct sg_steering *steering, const struct sg_action *action,
               struct sg_err *err)
{
    struct sg_clock *clock = steering->clock;
    struct sg_clock_course course = {
        .base_ppm = action->base_ppm,
        .slew_ppm = action->slew_ppm,
        .duration_s = action->duration_s,
        .synced = action->synced,
        .error_s = action->error_s,
        .bound_s = action->bound_s,
        .leap_s = action->leap_s,
    };
    int code;

    if (action->kind == SG_ACTION_STEP) {
        code = clock->ops->step(clock, action->offset_s, err);
        /* the kernel tells us of our own step, too */
        clock->ops->rearm(clock);
        if (code < 0)
            return code;
        /* it is done and counts; a course refused now is asked for again */
        steer(steering, &course, NULL);
        return 0;
    }
    return steer(steering, &course, err);
}

double
sg_steering_left(const struct sg_steering *steering)
{
    if (steering->course.duration_s == 0)
        return 0;
    return fmax(sg_raw_diff(steering->slew_end_at, sg_host_raw()), 0);
}

void
sg_steering_close(struct sg_steering *steering)
{
    if (!steering->slew_end)
        return;
    if (evtimer_pending(steering->slew_end, NULL))
        end_slew(steering, 0);
    event_free(steering->slew_end);
}

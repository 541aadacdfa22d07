#include "watch/steering.h"

#include <errno.h>
#include <event2/event.h>
#include <math.h>

#include "base/hostclock.h"
#include "base/timeval.h"
#include "clock/course.h"

#define RETRY_S 1.0

/* A timer may fire so much too soon. */
#define EARLY_S 20e-6

static void
arm(struct event *timer, double wait_s)
{
    struct timeval tv = sg_timeval(wait_s);

    evtimer_add(timer, &tv);
}

static void
arm_slew_end(struct sg_steering *steering)
{
    double rest_s = sg_raw_diff(steering->slew_end_at, sg_host_raw());

    arm(steering->slew_end, sg_course_wait_s(&steering->course, rest_s));
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

static int
end_slew(struct sg_steering *steering, double late_s)
{
    struct sg_clock_course course =
        sg_course_after(steering->clock, &steering->course, late_s);

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
        const struct sg_clock_step step = {action->offset_s, action->starting,
                                           action->strong};

        code = clock->ops->step(clock, &step, err);
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

#include "clock/clock.h"

#include <errno.h>
#include <stddef.h>

#include "clock/host.h"

static int
none_steer(struct sg_clock *clock, const struct sg_clock_course *course,
           struct sg_err *err)
{
    (void)clock;
    return sg_err_set(err, -EPERM,
                      "none clock: rate %+.3f ppm refused, this driver only "
                      "looks at the clock",
                      course->base_ppm + course->slew_ppm);
}

static int
none_step(struct sg_clock *clock, const struct sg_clock_step *step,
          struct sg_err *err)
{
    (void)clock;
    return sg_err_set(err, -EPERM,
                      "none clock: step %+.3f s refused, this driver only "
                      "looks at the clock",
                      step->offset_s);
}

/* Who does not steer has no rivals. */
static int
none_check(struct sg_clock *clock, struct sg_err *err)
{
    (void)clock;
    (void)err;
    return 0;
}

static void
none_forgive(struct sg_clock *clock)
{
    (void)clock;
}

static const struct sg_clock_ops none_ops = {
    .name = "none",
    .read = sg_clock_host_read,
    .steer = none_steer,
    .step = none_step,
    .frequency = sg_clock_host_frequency,
    .check = none_check,
    .forgive = none_forgive,
    .watch = sg_clock_host_watch,
    .rearm = sg_clock_host_rearm,
    .free = sg_clock_host_free,
};

struct sg_clock *
sg_clock_none_new(struct sg_err *err)
{
    struct sg_clock_host *host =
        sg_clock_host_new(sizeof *host, &none_ops, err);

    return host ? &host->clock : NULL;
}

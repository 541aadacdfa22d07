/*
 * ask_clockd PATH N: what a clock service says to a client that slews once and
 * then steps N times by a second: a line each, "done" or its words.
 */
#include <stdio.h>
#include <stdlib.h>

#include "clock/clock.h"

static void
print(const char *what, int code, const struct sg_err *err)
{
    printf("%s: %s\n", what, code == 0 ? "done" : err->text);
}

int
main(int argc, char **argv)
{
    const struct sg_clock_course course = {
        .slew_ppm = 60000, .duration_s = 0.1, .bound_s = 0.1, .synced = true};
    const struct sg_clock_step step = {.offset_s = 1, .strong = true};
    struct sg_clock *clock;
    struct sg_err err = {""};

    if (argc != 3) {
        fprintf(stderr, "usage: ask_clockd PATH N\n");
        return 1;
    }
    clock = sg_clock_remote_new(argv[1], &err);
    if (!clock) {
        print("read", -1, &err);
        return 1;
    }
    print("slew", clock->ops->steer(clock, &course, &err), &err);
    for (int i = 0; i < atoi(argv[2]); i++)
        print("step", clock->ops->step(clock, &step, &err), &err);
    print("read", clock->ops->check(clock, &err), &err);
    sg_clock_free(clock);
    return 0;
}

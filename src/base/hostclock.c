#include "base/hostclock.h"

#include <time.h>

#define BRACKETS 3

/* Several threads of a login program may come by at once, all with the same
 * answer. */
static clockid_t
raw_clock(void)
{
    static _Atomic clockid_t id = -1;
    struct timespec ts;

    if (id == -1)
        id = clock_gettime(CLOCK_MONOTONIC_RAW, &ts) == 0 ? CLOCK_MONOTONIC_RAW
                                                          : CLOCK_MONOTONIC;
    return id;
}

static int64_t
read_ns(clockid_t id)
{
    struct timespec ts = {0, 0};

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

struct sg_raw
sg_host_raw(void)
{
    return (struct sg_raw){read_ns(raw_clock())};
}

struct sg_reading
sg_host_reading(void)
{
    struct sg_reading best = {{0}, {0}, 0};

    for (int i = 0; i < BRACKETS; i++) {
        int64_t before = read_ns(raw_clock());
        int64_t wall = read_ns(CLOCK_REALTIME);
        int64_t after = read_ns(raw_clock());
        double width_s = sg_ns_diff(after, before);

        if (i == 0 || width_s < best.width_s) {
            best.raw.ns = before + (after - before) / 2;
            best.wall.ns = wall;
            best.width_s = width_s;
        }
    }
    return best;
}

struct sg_raw
sg_host_wall_to_raw(struct sg_wall at)
{
    struct sg_reading now = sg_host_reading();

    return sg_raw_add(now.raw, sg_wall_diff(at, now.wall));
}

/* Whoever is held up between the two clocks must not take that for a suspend:
 * to look at the monotonic one last gives too little rather than too much, and
 * the most of a few such looks is the best. */
double
sg_host_suspended_s(void)
{
    struct timespec ts;
    double most_s = 0;

    for (int i = 0; i < BRACKETS; i++) {
        double slept_s;

        if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0)
            return 0;
        slept_s = sg_ns_diff((int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec,
                             read_ns(CLOCK_MONOTONIC));
        if (slept_s > most_s)
            most_s = slept_s;
    }
    return most_s;
}

/*
 * A host of our own for tests of the clock service (linked with --wrap): its
 * raw clock goes where the test wants, its wall clock runs as clock_adjtime(2)
 * has it run, and each movement beyond 500 ppm is written down by whom it was
 * made.  It knows no limits: those are what is tested.
 */
#ifndef FAKEHOST_H
#define FAKEHOST_H

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timex.h>
#include <time.h>

#include <cmocka.h>

#include "base/hostclock.h"
#include "clock/slew.h"

#define NS INT64_C(1000000000)
#define NOW_S INT64_C(1900000000) /* later than any build of this */
#define DAY_NS (86400 * NS)

int __wrap_clock_adjtime(clockid_t id, struct timex *tx);
struct sg_raw __wrap_sg_host_raw(void);
struct sg_reading __wrap_sg_host_reading(void);
double __wrap_sg_host_suspended_s(void);

/* What the service did to the clock. */
struct movement {
    int64_t raw_ns;
    double size_s; /* signed */
    bool is_step;
};

static struct host {
    int64_t raw_ns;
    double wall_ns; /* behind the whole second below, to keep it exact */
    int64_t wall_s;
    double slept_s;
    struct timex present;
    int64_t stall_ns; /* how long a look at the clock may take, at most */
    int n;
    struct movement movements[100000];
    int change_errno;
    void (*on_change)(bool is_over); /* before and after each change */
} host;

static void
host_boot(int64_t raw_ns, int64_t wall_s)
{
    memset(&host, 0, sizeof host);
    host.raw_ns = raw_ns;
    host.wall_s = wall_s;
    host.present.tick = 10000;
    host.present.status = STA_UNSYNC | STA_NANO;
}

static double
host_ppm(void)
{
    return sg_rate_ppm((struct sg_rate){host.present.freq, host.present.tick});
}

static void
host_note(double size_s, bool is_step)
{
    struct movement *last = &host.movements[host.n > 0 ? host.n - 1 : 0];

    /* one fast slew, in pieces */
    if (host.n > 0 && !is_step && !last->is_step &&
        last->raw_ns >= host.raw_ns - NS && last->size_s * size_s > 0) {
        last->size_s += size_s;
        return;
    }
    assert_true(host.n < (int)(sizeof host.movements / sizeof *host.movements));
    host.movements[host.n++] = (struct movement){host.raw_ns, size_s, is_step};
}

static void
host_set_wall(double add_ns)
{
    double whole_s;

    host.wall_ns += add_ns;
    whole_s = floor(host.wall_ns * 1e-9);
    host.wall_s += (int64_t)whole_s;
    host.wall_ns -= whole_s * 1e9;
}

/* Time goes by, and the clock runs. */
static void
host_pass(int64_t ns)
{
    double ppm = host_ppm();

    host.raw_ns += ns;
    host_set_wall((double)ns * (1 + ppm * 1e-6));
    /* what the hardware's clock would do is nobody's movement */
    if (fabs(ppm) > 500.5)
        host_note(ppm * 1e-6 * (double)ns * 1e-9, false);
}

static int64_t
host_wall_ns(void)
{
    return host.wall_s * NS + (int64_t)host.wall_ns;
}

/* Any look takes some time; now and then somebody else is busy. */
static void
host_stall(void)
{
    uint64_t bits = (uint64_t)rand();

    if (host.stall_ns == 0)
        return;
    host_pass(bits % 50 == 0
                  ? (int64_t)((uint64_t)rand() % (uint64_t)host.stall_ns)
                  : (int64_t)(bits % 20000));
}

struct sg_raw
__wrap_sg_host_raw(void)
{
    host_stall();
    return (struct sg_raw){host.raw_ns};
}

struct sg_reading
__wrap_sg_host_reading(void)
{
    host_stall();
    return (struct sg_reading){{host.raw_ns}, {host_wall_ns()}, 100e-9};
}

double
__wrap_sg_host_suspended_s(void)
{
    return host.slept_s;
}

/* Who sets the clock by hand; ours come in by clock_adjtime. */
static void
host_set_by_hand(double by_s)
{
    host_set_wall(by_s * 1e9);
}

static void
host_change(const struct timex *tx)
{
    struct timex *now = &host.present;

    if (tx->modes & ADJ_STATUS)
        now->status = tx->status | STA_NANO;
    if (tx->modes & ADJ_FREQUENCY)
        now->freq = tx->freq;
    if (tx->modes & ADJ_TICK)
        now->tick = tx->tick;
    if (tx->modes & ADJ_SETOFFSET) {
        double by_s = (double)tx->time.tv_sec + (double)tx->time.tv_usec * 1e-9;

        host_set_wall(by_s * 1e9);
        host_note(by_s, true);
        now->status |= STA_UNSYNC;
    }
}

int
__wrap_clock_adjtime(clockid_t id, struct timex *tx)
{
    unsigned modes = tx->modes;

    assert_int_equal(id, CLOCK_REALTIME);
    host_stall();
    if (modes == ADJ_OFFSET_SS_READ || modes == ADJ_OFFSET_SINGLESHOT) {
        tx->offset = 0;
        return 0;
    }
    if (modes && host.change_errno) {
        errno = host.change_errno;
        return -1;
    }
    if (modes && host.on_change)
        host.on_change(false);
    host_change(tx);
    if (modes && host.on_change)
        host.on_change(true);
    *tx = host.present;
    tx->modes = modes;
    return 0;
}

#endif

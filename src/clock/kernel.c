#include "clock/clock.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "clock/check.h"
#include "clock/host.h"
#include "clock/keeper.h"
#include "clock/marker.h"
#include "clock/permission.h"
#include "clock/slew.h"

#define KERNEL_MAX_PPM 500.0  /* MAXFREQ of the kernel's timex.h */
#define KERNEL_MAX_ERROR 16.0 /* NTP_PHASE_LIMIT: "not synchronised" */

/*
 * The tick goes to +-10 %, and the kernel complains of more than 11 %.  This
 * is what chronyd allows itself by default: the other programs of a host are
 * known to live with it.
 */
#define KERNEL_FAST_PPM 83333.0
#define KERNEL_FAST_S 10.0

/* A smaller difference is rounding, or tells apart nobody's frequencies. */
#define RIVAL_PPM 0.001

struct kernel {
    struct sg_clock_host host;
    bool has_steered;
    struct timex set;    /* what the kernel was after our last call */
    struct sg_slew slew; /* under way */
    struct sg_err rival; /* what somebody else did; empty: nobody */
    bool wants_keeper;
    int keeper_fd, marker_fd; /* -1: none */
};

static struct sg_rate
rate_of(const struct timex *tx)
{
    return (struct sg_rate){tx->freq, tx->tick};
}

/* False: nobody would end this slew if we died in it. */
static bool
announce(struct kernel *kernel, const struct sg_slew *slew)
{
    bool marked =
        kernel->marker_fd >= 0 && sg_marker_write(kernel->marker_fd, slew) == 0;

    if (!kernel->wants_keeper)
        return marked;
    if (kernel->keeper_fd >= 0) {
        if (sg_keeper_tell(kernel->keeper_fd, slew) == 0)
            return true;
        close(kernel->keeper_fd);
    }
    /* somebody has killed it */
    kernel->keeper_fd = sg_keeper_start(NULL);
    return kernel->keeper_fd >= 0 &&
           sg_keeper_tell(kernel->keeper_fd, slew) == 0;
}

static void
forget_slew(struct kernel *kernel)
{
    if (kernel->slew.end_ns == 0)
        return;
    memset(&kernel->slew, 0, sizeof kernel->slew);
    announce(kernel, &kernel->slew);
}

/*
 * Before the next one is announced: whoever ends slews after a crash knows
 * the one that was announced last, and no other.
 */
static int
end_slew_before(struct kernel *kernel, struct timex *now)
{
    int code = kernel->slew.end_ns == 0 ? 0 : sg_slew_end(&kernel->slew);

    if (code <= 0)
        return code;
    kernel->set.freq = now->freq = kernel->slew.base.freq;
    kernel->set.tick = now->tick = kernel->slew.base.tick;
    memset(&kernel->slew, 0, sizeof kernel->slew);
    return 0;
}

/* We were held up, and the keeper ended our slew in our place. */
static bool
has_keeper_ended(const struct kernel *kernel, const struct timex *now)
{
    return kernel->slew.end_ns != 0 &&
           sg_host_raw().ns >= kernel->slew.end_ns &&
           sg_rate_is(now, kernel->slew.base);
}

/* The kernel itself sets STA_UNSYNC, and moves through the states of a leap
 * second; a pulse per second steers the frequency with STA_PPSFREQ. */
static int
find_rival(const struct kernel *kernel, const struct timex *now,
           struct sg_err *err)
{
    double before_ppm = sg_rate_ppm(rate_of(&kernel->set));
    double now_ppm = sg_rate_ppm(rate_of(now));
    int set = kernel->set.status;

    if (fabs(now_ppm - before_ppm) >= RIVAL_PPM &&
        !(now->status & STA_PPSFREQ) && !has_keeper_ended(kernel, now))
        return sg_clock_say_rival(before_ppm, now_ppm, err);
    if (((now->status ^ set) & (STA_PLL | STA_FLL)) ||
        (set & ~now->status & STA_UNSYNC))
        return sg_err_set(err, -EBUSY,
                          "changed the clock's status from 0x%04x to 0x%04x",
                          (unsigned)set, (unsigned)now->status);
    return 0;
}

/* Read the settings, and see whether they are still ours. */
static int
look(struct kernel *kernel, struct timex *ret, struct sg_err *err)
{
    int code = sg_clock_host_timex(ret);

    if (code < 0)
        return sg_err_set(err, code, "kernel clock: cannot be read: %s",
                          strerror(-code));
    if (!kernel->rival.text[0]) {
        if (!kernel->has_steered ||
            find_rival(kernel, ret, &kernel->rival) == 0)
            return 0;
        /* he may know of no tick but the usual one */
        if (kernel->slew.end_ns != 0)
            sg_slew_end(&kernel->slew);
        forget_slew(kernel);
    }
    return sg_err_set(err, -EBUSY, "%s", kernel->rival.text);
}

static int
kernel_check(struct sg_clock *clock, struct sg_err *err)
{
    struct timex now;

    /* one that cannot be read is nobody's work */
    return look((struct kernel *)clock, &now, err) == -EBUSY ? -EBUSY : 0;
}

static void
kernel_forgive(struct sg_clock *clock)
{
    struct kernel *kernel = (struct kernel *)clock;

    kernel->rival.text[0] = '\0';
    kernel->has_steered = false;
}

/*
 * What is left of a correction that somebody else began, by adjtime(3) or by
 * the kernel's own loop, runs on for hours beside the frequency.  The loop's
 * can be taken back only through the loop.
 */
static void
clear_remnants(const struct timex *now)
{
    struct timex single = {.modes = ADJ_OFFSET_SS_READ};
    struct timex loop = {.modes = ADJ_STATUS | ADJ_OFFSET | ADJ_NANO,
                         .status = (now->status | STA_PLL) & ~STA_FLL};

    if (clock_adjtime(CLOCK_REALTIME, &single) >= 0 && single.offset != 0) {
        single = (struct timex){.modes = ADJ_OFFSET_SINGLESHOT};
        clock_adjtime(CLOCK_REALTIME, &single);
    }
    if (now->offset != 0)
        clock_adjtime(CLOCK_REALTIME, &loop);
}

static long
error_to_us(double error_s)
{
    if (!(error_s < KERNEL_MAX_ERROR))
        error_s = KERNEL_MAX_ERROR;
    return error_s > 0 ? (long)ceil(error_s * 1e6) : 0;
}

/*
 * ADJ_STATUS replaces all bits, so those of others are carried over, but for
 * the kernel's own loop, which would steer beside us; without ADJ_NANO some
 * kernels would forget STA_NANO.  The offset to TAI is nobody's business here.
 */
static struct timex
timex_of_course(const struct sg_clock_course *course, const struct timex *now)
{
    struct sg_rate rate = sg_rate_of_ppm(course->base_ppm + course->slew_ppm);
    struct timex tx = {0};

    tx.modes =
        ADJ_FREQUENCY | ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_NANO;
    tx.freq = rate.freq;
    tx.status =
        now->status & ~(STA_UNSYNC | STA_PLL | STA_FLL | STA_INS | STA_DEL);
    if (course->leap_s != 0)
        tx.status |= course->leap_s > 0 ? STA_INS : STA_DEL;
    if (course->synced) {
        tx.maxerror = error_to_us(course->bound_s);
        tx.esterror = error_to_us(course->error_s);
    } else {
        tx.status |= STA_UNSYNC;
        tx.maxerror = error_to_us(KERNEL_MAX_ERROR);
        tx.esterror = error_to_us(KERNEL_MAX_ERROR);
    }
    if (now->tick != rate.tick) {
        tx.modes |= ADJ_TICK;
        tx.tick = rate.tick;
    }
    return tx;
}

static struct sg_slew
slew_of_course(const struct sg_clock_course *course)
{
    struct sg_slew slew = {.end_ns = 0};

    if (course->slew_ppm == 0)
        return slew;
    slew.end_ns = sg_raw_add(sg_host_raw(), fmax(course->duration_s, 0)).ns;
    slew.rate = sg_rate_of_ppm(course->base_ppm + course->slew_ppm);
    slew.base = sg_rate_of_ppm(course->base_ppm);
    return slew;
}

static int
refuse(const struct sg_clock_course *course, int code, const char *why,
       struct sg_err *err)
{
    return sg_err_set(err, code, "kernel clock: rate %+.3f ppm was refused: %s",
                      course->base_ppm + course->slew_ppm, why);
}

static int
kernel_steer(struct sg_clock *clock, const struct sg_clock_course *course,
             struct sg_err *err)
{
    struct kernel *kernel = (struct kernel *)clock;
    struct sg_slew slew;
    struct timex now, tx;
    int code = sg_clock_check_course(clock, course, err);

    if (code >= 0)
        code = look(kernel, &now, err);
    if (code < 0)
        return code;
    slew = slew_of_course(course);
    if (slew.end_ns != 0)
        code = end_slew_before(kernel, &now);
    if (code < 0)
        return refuse(course, code, strerror(-code), err);
    if (slew.end_ns != 0 && !announce(kernel, &slew) &&
        slew.rate.tick != slew.base.tick)
        return refuse(course, -EAGAIN, "nobody would end it after a crash",
                      err);
    if (!kernel->has_steered)
        clear_remnants(&now);
    tx = timex_of_course(course, &now);
    if (clock_adjtime(CLOCK_REALTIME, &tx) < 0) {
        code = -errno;
        if (slew.end_ns != 0)
            announce(kernel, &kernel->slew);
        return refuse(course, code, strerror(-code), err);
    }
    if (slew.end_ns == 0)
        forget_slew(kernel);
    kernel->slew = slew;
    kernel->set = tx;
    kernel->has_steered = true;
    return 0;
}

/*
 * The kernel then calls itself unsynchronised with 16 s of error until the
 * next steer says better; the frequency stays.
 */
static int
kernel_step(struct sg_clock *clock, const struct sg_clock_step *step,
            struct sg_err *err)
{
    double offset_s = step->offset_s;
    int64_t ns = sg_span_to_ns(offset_s);
    struct timex tx = {.modes = ADJ_SETOFFSET | ADJ_NANO}, now;
    int code = sg_clock_check_step(clock, offset_s, err);

    if (code == 0)
        code = look((struct kernel *)clock, &now, err);
    if (code < 0)
        return code;
    /* The fraction must not be negative: -0.25 s is -1 s + 750000000 ns. */
    tx.time.tv_sec = ns / 1000000000;
    tx.time.tv_usec = ns % 1000000000;
    if (tx.time.tv_usec < 0) {
        tx.time.tv_sec--;
        tx.time.tv_usec += 1000000000;
    }
    if (clock_adjtime(CLOCK_REALTIME, &tx) >= 0)
        return 0;
    code = -errno;
    return sg_err_set(err, code, "kernel clock: step %+.9f s was refused: %s",
                      offset_s, strerror(-code));
}

static void
kernel_free(struct sg_clock *clock)
{
    struct kernel *kernel = (struct kernel *)clock;

    if (kernel->keeper_fd >= 0)
        close(kernel->keeper_fd);
    if (kernel->marker_fd >= 0)
        close(kernel->marker_fd);
    sg_clock_host_free(clock);
}

static const struct sg_clock_ops kernel_ops = {
    .name = "kernel",
    .read = sg_clock_host_read,
    .steer = kernel_steer,
    .step = kernel_step,
    .frequency = sg_clock_host_frequency,
    .check = kernel_check,
    .forgive = kernel_forgive,
    .watch = sg_clock_host_watch,
    .rearm = sg_clock_host_rearm,
    .free = kernel_free,
};

struct sg_clock *
sg_clock_kernel_new(const struct sg_clock_kernel_setup *setup,
                    struct sg_err *err)
{
    struct kernel *kernel;
    bool is_covered;

    if (sg_permission_try(err) < 0)
        return NULL;
    kernel = sg_clock_host_new(sizeof *kernel, &kernel_ops, err);
    if (!kernel)
        return NULL;
    kernel->wants_keeper = setup->keeper;
    kernel->marker_fd = setup->marker ? sg_marker_open(setup->marker, err) : -1;
    kernel->keeper_fd = setup->keeper ? sg_keeper_start(err) : -1;
    is_covered = (setup->keeper ? kernel->keeper_fd : kernel->marker_fd) >= 0;
    kernel->host.clock.max_ppm = KERNEL_MAX_PPM;
    kernel->host.clock.fast_ppm = KERNEL_FAST_PPM;
    kernel->host.clock.fast_s = is_covered ? KERNEL_FAST_S : 0;
    kernel->host.clock.can_move = true;
    return &kernel->host.clock;
}

int
sg_clock_kernel_recover(const char *marker, struct sg_err *what)
{
    struct sg_slew slew;
    int code = sg_marker_read(marker, &slew, what);
    double ppm = sg_rate_ppm(slew.rate), base_ppm = sg_rate_ppm(slew.base);

    if (code <= 0)
        return code;
    code = sg_slew_end(&slew);
    if (code < 0)
        return sg_err_set(what, code,
                          "kernel clock: a slew of an earlier run, %+.3f ppm, "
                          "cannot be ended: %s",
                          ppm, strerror(-code));
    if (code > 0)
        sg_err_set(what, code,
                   "kernel clock: an earlier run was killed in a slew, back "
                   "from %+.3f to %+.3f ppm",
                   ppm, base_ppm);
    return code;
}

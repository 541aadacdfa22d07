/*
 * A clock_adjtime(2) of our own (linked with --wrap) for tests of the kernel
 * driver: the real one is out of reach from here.
 */
#ifndef FAKEKERNEL_H
#define FAKEKERNEL_H

#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock/clock.h"

int __wrap_clock_adjtime(clockid_t id, struct timex *tx);

/* In memory that children share: a keeper is one. */
static struct kernel {
    struct timex present; /* what reading gives */
    struct timex last;    /* the last call that would change something */
    long single_shot;     /* left over of an adjtime(3) */
    int changes;
    int read_errno;
    int change_errno;
} * kernel;

static const struct sg_clock_kernel_setup plain = {NULL, false};

/* ADJ_STATUS and ADJ_OFFSET as in the kernel's ntp.c. */
static void
change(const struct timex *tx)
{
    struct timex *now = &kernel->present;
    const int read_only = STA_NANO | STA_PPSSIGNAL | STA_CLOCKERR;

    if (tx->modes & ADJ_STATUS)
        now->status = (now->status & read_only) | (tx->status & ~read_only);
    if (tx->modes & ADJ_FREQUENCY)
        now->freq = tx->freq;
    if (tx->modes & ADJ_MAXERROR)
        now->maxerror = tx->maxerror;
    if (tx->modes & ADJ_ESTERROR)
        now->esterror = tx->esterror;
    if (tx->modes & ADJ_TICK)
        now->tick = tx->tick;
    if (tx->modes & ADJ_OFFSET && now->status & STA_PLL)
        now->offset = tx->offset;
    if (tx->modes & ADJ_SETOFFSET)
        now->status |= STA_UNSYNC;
}

int
__wrap_clock_adjtime(clockid_t id, struct timex *tx)
{
    unsigned modes = tx->modes == ADJ_OFFSET_SS_READ ? 0 : tx->modes;
    int code = modes ? kernel->change_errno : kernel->read_errno;

    assert_int_equal(id, CLOCK_REALTIME);
    if (modes) {
        kernel->last = *tx;
        kernel->changes++;
    }
    if (code) {
        errno = code;
        return -1;
    }
    if (tx->modes & 0x8000U) /* ADJ_ADJTIME */ {
        long left = kernel->single_shot;

        if (modes)
            kernel->single_shot = tx->offset;
        tx->offset = left;
        return TIME_ERROR;
    }
    change(tx);
    *tx = kernel->present;
    tx->modes = modes;
    return TIME_ERROR; /* a state of the clock, not a failure */
}

static struct sg_clock *
new_clock_as(const struct sg_clock_kernel_setup *setup)
{
    struct sg_err err = {""};
    struct sg_clock *clock;

    memset(kernel, 0, sizeof *kernel);
    kernel->present.tick = 10000;
    kernel->present.status = STA_UNSYNC | STA_INS | STA_NANO | STA_FREQHOLD;
    clock = sg_clock_kernel_new(setup, &err);
    assert_non_null(clock);
    assert_string_equal(err.text, "");
    return clock;
}

static struct sg_clock *
new_clock(void)
{
    return new_clock_as(&plain);
}

/* So that the messages are the same for root, and for good measure. */
static void
drop_sys_time(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) != 0)
        return;
    data[0].effective &= ~(UINT32_C(1) << CAP_SYS_TIME);
    data[0].permitted &= ~(UINT32_C(1) << CAP_SYS_TIME);
    syscall(SYS_capset, &header, data);
}

static bool
fake_kernel_begin(void)
{
    drop_sys_time();
    kernel = mmap(NULL, sizeof *kernel, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return kernel != MAP_FAILED;
}

#endif

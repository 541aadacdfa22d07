#include "clock_guest.h"

#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "clock/clock.h"

#define BASE_PPM 25.0
#define FAST_PPM 50000.0

static const struct sg_clock_kernel_setup with_keeper = {NULL, true};
static const struct sg_clock_kernel_setup with_marker = {"/slew", false};

static double
since_s(struct sg_raw start)
{
    return sg_raw_diff(sg_host_raw(), start);
}

/* By the raw clock: what sleep counts is slewed. */
static void
wait_s(double span_s)
{
    struct sg_raw start = sg_host_raw();

    while (since_s(start) < span_s)
        usleep(1000);
}

static double
frequency_ppm(void)
{
    struct timex now = present();

    return (double)now.freq / 65536 + (double)(now.tick - 10000) * 100;
}

static void
try_fast(struct sg_clock *clock, double slew_ppm)
{
    struct sg_clock_course course = {
        .base_ppm = BASE_PPM, .slew_ppm = slew_ppm, .duration_s = 5};
    struct sg_reading base;
    struct sg_err err = {""};
    double span_s, ppm;

    expect(clock->ops->steer(clock, &course, &err) == 0, err.text);
    base = sg_host_reading();
    wait_s(5);
    span_s = since_s(base.raw);
    ppm = gone_s(&base) / span_s * 1e6;
    printf("slew %+.0f ppm for %.3f s: %+.1f ppm measured, tick %ld\n",
           slew_ppm, span_s, ppm, present().tick);
    expect(fabs(ppm - BASE_PPM - slew_ppm) < 30, "the fast slew is right");
    course.slew_ppm = 0;
    course.duration_s = 0;
    expect(clock->ops->steer(clock, &course, &err) == 0, err.text);
    base = sg_host_reading();
    wait_s(5);
    ppm = gone_s(&base) / since_s(base.raw) * 1e6;
    printf("... and after it: %+.1f ppm measured, tick %ld\n", ppm,
           present().tick);
    expect(fabs(ppm - BASE_PPM) < 30, "the frequency is back");
    expect(present().tick == 10000, "the tick is back");
}

/* How often a process of this name is there; a zombie is not. */
static int
count(const char *name, pid_t *ret)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    char path[64], line[256];
    int n = 0;

    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    while (proc && (entry = readdir(proc))) {
        FILE *file;

        snprintf(path, sizeof path, "/proc/%.20s/comm", entry->d_name);
        file =
            isdigit((unsigned char)entry->d_name[0]) ? fopen(path, "re") : NULL;
        if (file && fgets(line, sizeof line, file) &&
            strncmp(line, name, strlen(name)) == 0) {
            *ret = (pid_t)atoi(entry->d_name);
            n++;
        }
        if (file)
            fclose(file);
    }
    if (proc)
        closedir(proc);
    return n;
}

static void
print_memory(pid_t pid)
{
    char path[64], line[256];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "Private_Dirty", 13) == 0)
            printf("keeper: %s", line);
    if (file)
        fclose(file);
}

/* A daemon in a slew. */
static pid_t
slewing(const struct sg_clock_kernel_setup *setup, double duration_s)
{
    struct sg_clock_course course = {
        .base_ppm = BASE_PPM, .slew_ppm = FAST_PPM, .duration_s = duration_s};
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        struct sg_clock *clock = sg_clock_kernel_new(setup, NULL);

        if (!clock || clock->ops->steer(clock, &course, NULL) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    for (int i = 0; i < 100 && present().tick == 10000; i++)
        usleep(10000);
    expect(fabs(frequency_ppm() - BASE_PPM - FAST_PPM) < 1e-3,
           "the child slews");
    return child;
}

/* How long until the base frequency is back; -1 if it is not. */
static double
back_after_s(double limit_s)
{
    struct sg_raw start = sg_host_raw();

    while (fabs(frequency_ppm() - BASE_PPM) > 1e-3) {
        if (since_s(start) > limit_s)
            return -1;
        usleep(100);
    }
    return since_s(start);
}

static void
try_killed(void)
{
    pid_t child = slewing(&with_keeper, 10), keeper = 0;
    double span_s;

    expect(count("skewguard-keep", &keeper) == 1, "there is one keeper");
    print_memory(keeper);
    kill(keeper, SIGTERM);
    kill(keeper, SIGINT);
    kill(keeper, SIGHUP);
    wait_s(1);
    expect(count("skewguard-keep", &keeper) == 1, "signals do not end it");
    kill(child, SIGKILL);
    span_s = back_after_s(3);
    printf("killed in a slew: base frequency back after %.3f s\n", span_s);
    expect(span_s >= 0 && span_s < 2, "the keeper ends the slew");
    wait_s(0.2);
    expect(count("skewguard-keep", &keeper) == 0, "the keeper is gone");
}

static void
try_hanging(void)
{
    pid_t child = slewing(&with_keeper, 2);
    double span_s;

    kill(child, SIGSTOP);
    span_s = back_after_s(6);
    printf("stopped in a slew of 2 s: base frequency back after %.3f s\n",
           span_s);
    expect(span_s > 2 && span_s < 4, "the keeper ends an overdue slew");
    kill(child, SIGKILL);
    wait_s(0.2);
}

static void
try_marker(void)
{
    pid_t child = slewing(&with_marker, 10);
    struct sg_err what = {""};

    kill(child, SIGKILL);
    wait_s(1);
    expect(fabs(frequency_ppm() - BASE_PPM - FAST_PPM) < 1e-3,
           "nobody ends the slew");
    expect(sg_clock_kernel_recover(with_marker.marker, &what) == 1,
           "the marker is obeyed");
    printf("%s\n", what.text);
    expect(fabs(frequency_ppm() - BASE_PPM) < 1e-3, "the base is back");
    expect(sg_clock_kernel_recover(with_marker.marker, &what) == 0,
           "nothing is left to recover");
}

void
try_slews(void)
{
    struct sg_clock *clock = sg_clock_kernel_new(&with_keeper, NULL);

    expect(clock && clock->fast_s == 10, "there are fast slews");
    if (clock) {
        try_fast(clock, 80000);
        try_fast(clock, -80000);
        try_fast(clock, 777.7);
    }
    sg_clock_free(clock);
    wait_s(0.2);
    try_killed();
    try_hanging();
    try_marker();
}

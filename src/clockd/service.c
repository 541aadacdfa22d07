#include "clockd/service.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hostclock.h"
#include "base/log.h"
#include "base/notify.h"
#include "clock/course.h"
#include "clockd/listen.h"
#include "clockd/service_private.h"

#define RETRY_S 1.0
#define LATE_MAX_S 1.0 /* the keeper's patience */

static volatile sig_atomic_t stopped_by, was_told_anew;

/* Ours is what a slew does that we are late to end, until the keeper ends it.
 */
static void
allow_for_lateness(struct sg_service *service, struct sg_raw now)
{
    struct sg_raw most = sg_raw_add(service->slew_end, LATE_MAX_S);

    if (service->course.duration_s > 0)
        sg_warden_slews_until(&service->warden,
                              sg_raw_diff(now, most) < 0 ? now : most);
}

struct sg_reading
sg_service_look(struct sg_service *service)
{
    struct sg_reading now = sg_host_reading();
    char is[SG_TELL_TIME_MAX];
    double foreign_s;

    allow_for_lateness(service, now.raw);
    foreign_s = sg_warden_look(&service->warden, &now, sg_host_suspended_s());
    if (foreign_s != 0)
        sg_log(LOG_NOTICE,
               "somebody else has moved the clock by %+.6f s, to %s", foreign_s,
               sg_tell_time(now.wall, is));
    return now;
}

/* ---- the clock ---- */

/* Long slews that are called short would be free: we are never quite on time,
 * and a busy host makes us late. */
void
sg_service_leave_course(struct sg_service *service, struct sg_raw now)
{
    if (service->course.duration_s > 0)
        sg_warden_overran(&service->warden, now, &service->course,
                          service->clock->max_ppm,
                          sg_raw_diff(now, service->slew_end));
}

int
sg_service_steer(struct sg_service *service,
                 const struct sg_clock_course *course, struct sg_err *err)
{
    /* it begins after that, so that no part of it goes unseen */
    struct sg_raw begin = sg_host_raw();
    int code = service->clock->ops->steer(service->clock, course, err);
    struct sg_reading now;

    if (code < 0)
        return code;
    now = sg_host_reading();
    sg_service_leave_course(service, now.raw);
    service->course = *course;
    service->slew_end = sg_raw_add(begin, course->duration_s);
    sg_warden_steered(&service->warden, &now, course);
    return 0;
}

/* A slew without an end would carry the clock away, but one that somebody else
 * has ended is over. */
static void
end_slew(struct sg_service *service)
{
    struct sg_reading before = sg_service_look(service);
    double late_s = sg_raw_diff(before.raw, service->slew_end);
    struct sg_clock_course course =
        sg_course_after(service->clock, &service->course, fmax(late_s, 0));
    int code = sg_service_steer(service, &course, NULL);
    struct sg_raw now = sg_host_raw();

    if (code == 0)
        return;
    sg_service_leave_course(service, now);
    if (code == -EBUSY)
        service->course =
            (struct sg_clock_course){.base_ppm = service->course.base_ppm};
    else
        service->slew_end = sg_raw_add(now, RETRY_S);
}

/*
 * A host without a clock that runs while it is off: the time is at least what
 * it was.  Within a boot the clock has run on, and who set it back since had a
 * reason.
 */
static void
bring_forward(struct sg_service *service)
{
    struct sg_warden *warden = &service->warden;
    struct sg_reading now = sg_host_reading();
    const char *what = "this program was built";
    char was[SG_TELL_TIME_MAX], is[SG_TELL_TIME_MAX];
    struct sg_err err;

    if (sg_wall_diff(service->synced, warden->floor) > 0) {
        warden->floor = service->synced;
        what = "the clock was last right";
    }
    if (sg_wall_diff(now.wall, warden->floor) >= 0)
        return;
    if (sg_clock_step_by(service->clock, sg_wall_diff(warden->floor, now.wall),
                         &err) < 0)
        sg_log(LOG_ERR, "the clock reads %s, before %s: %s",
               sg_tell_time(now.wall, was), what, err.text);
    else
        sg_log(LOG_NOTICE, "the clock read %s, and is set to %s, when %s",
               sg_tell_time(now.wall, was), sg_tell_time(warden->floor, is),
               what);
}

static int
open_clock(struct sg_service *service, struct sg_err *err)
{
    char marker[SG_SERVICE_PATH_MAX + 8];
    const struct sg_clock_kernel_setup setup = {marker, true};
    struct sg_reading now;
    struct sg_err what;
    double ppm = 0;

    snprintf(marker, sizeof marker, "%s/slew", service->setup.runtime);
    if (sg_clock_kernel_recover(marker, &what) != 0)
        sg_log(LOG_WARNING, "%s", what.text);
    service->clock = sg_clock_kernel_new(&setup, err);
    if (!service->clock)
        return -EPERM;
    if (service->clock->fast_s == 0)
        sg_log(LOG_WARNING, "%s; no slew beyond %.0f ppm", err->text,
               service->clock->max_ppm);
    /* later in a boot somebody may have had reasons */
    if (sg_service_remember(service))
        bring_forward(service);
    service->clock->ops->frequency(service->clock, &ppm);
    service->course.base_ppm = ppm;
    now = sg_host_reading();
    sg_warden_begin(&service->warden, &now, ppm, sg_host_suspended_s());
    return sg_service_keep(service, false, err);
}

/* ---- the loop ---- */

static void
keep_house(struct sg_service *service)
{
    struct sg_raw now = sg_host_raw();

    if (service->course.duration_s > 0 &&
        sg_raw_diff(now, service->slew_end) >= 0)
        end_slew(service);
    if (sg_raw_diff(now, service->save) >= 0)
        sg_service_keep(service, true, NULL);
    sg_tell_rest(&service->tell, now, false);
    sg_log_flush();
}

static struct timespec
wait_time(const struct sg_service *service)
{
    struct sg_raw now = sg_host_raw();
    double wait_s = fmax(sg_raw_diff(service->save, now), 0);
    double deaf_s = sg_raw_diff(service->deaf_until, now);
    int64_t ns;

    if (deaf_s > 0)
        wait_s = fmin(wait_s, deaf_s);

    if (service->course.duration_s > 0)
        wait_s =
            fmin(wait_s, sg_course_wait_s(&service->course,
                                          sg_raw_diff(service->slew_end, now)));
    ns = sg_span_to_ns(wait_s);
    return (struct timespec){(time_t)(ns / 1000000000), ns % 1000000000};
}

static bool
is_deaf(const struct sg_service *service)
{
    return sg_raw_diff(service->deaf_until, sg_host_raw()) > 0;
}

static void
on_signal(int number)
{
    if (number == SIGHUP)
        was_told_anew = 1;
    else
        stopped_by = number;
}

/* They are let through while we wait, and only then. */
static sigset_t
hear_signals(void)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    const struct sigaction action = {.sa_handler = on_signal};
    sigset_t ours, before;

    sigemptyset(&ours);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&ours, numbers[i]);
    sigprocmask(SIG_BLOCK, &ours, &before);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &action, NULL);
        sigdelset(&before, numbers[i]);
    }
    signal(SIGPIPE, SIG_IGN); /* who reads the log may go */
    return before;
}

/* An administrator's word, since nobody else may send us signals. */
static void
begin_anew(struct sg_service *service)
{
    struct sg_warden *warden = &service->warden;

    was_told_anew = 0;
    sg_guard_init(&warden->guard, &service->setup.limits);
    warden->start_left = true;
    sg_service_keep(service, true, NULL);
    sg_log(LOG_NOTICE, "a new account: the first correction is to come");
}

void
sg_service_run(struct sg_service *service)
{
    struct sg_clock *clock = service->clock;
    const sigset_t waiting = hear_signals();

    sg_notify("READY=1");
    while (!stopped_by) {
        struct timespec wait = wait_time(service);
        struct pollfd fds[] = {
            {is_deaf(service) ? -1 : service->listen_fd, POLLIN, 0},
            {clock->ops->watch(clock), POLLIN, 0},
            {service->client_fd, POLLIN, 0},
        };

        if (ppoll(fds, 3, &wait, &waiting) > 0) {
            if (fds[1].revents) {
                clock->ops->rearm(clock);
                sg_service_look(service);
            }
            if (fds[2].revents)
                sg_service_serve(service);
            if (fds[0].revents)
                sg_service_accept(service);
        }
        if (was_told_anew)
            begin_anew(service);
        keep_house(service);
    }
    sg_notify("STOPPING=1");
    sg_log(LOG_NOTICE, "stopping: %s", strsignal(stopped_by));
}

/* ---- beginning and end ---- */

/* Two of us would keep two accounts. */
static int
lock(const char *runtime, struct sg_err *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[SG_SERVICE_PATH_MAX + 8];
    int fd, code;

    snprintf(path, sizeof path, "%s/lock", runtime);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return fd;
    code = -errno;
    if (fd >= 0)
        close(fd);
    return sg_err_set(err, code, "%s: %s", path,
                      code == -EAGAIN || code == -EACCES
                          ? "another clock service runs already"
                          : strerror(-code));
}

static int
begin(struct sg_service *service, struct sg_err *err)
{
    const struct sg_service_setup *setup = &service->setup;
    int code = sg_file_make_folder(setup->runtime, err);

    if (code == 0)
        code = sg_file_make_folder(setup->state, err);
    if (code < 0)
        return code;
    service->lock_fd = lock(setup->runtime, err);
    if (service->lock_fd < 0)
        return service->lock_fd;
    code = open_clock(service, err);
    if (code < 0)
        return code;
    service->listen_fd = sg_listen(setup->socket, setup->client_gid, err);
    return service->listen_fd < 0 ? service->listen_fd : 0;
}

int
sg_service_new(const struct sg_service_setup *setup, struct sg_service **ret,
               struct sg_err *err)
{
    const struct sg_wall built = {(int64_t)SG_BUILT_UNIX_S * 1000000000};
    struct sg_service *service = calloc(1, sizeof *service);
    int code;

    if (!service)
        return sg_err_set(err, -ENOMEM, "no memory");
    service->setup = *setup;
    service->lock_fd = service->listen_fd = service->client_fd = -1;
    snprintf(service->here, sizeof service->here, "%s/account", setup->runtime);
    snprintf(service->there, sizeof service->there, "%s/account", setup->state);
    sg_warden_init(&service->warden, &setup->limits, built);
    code = begin(service, err);
    if (code < 0) {
        sg_service_free(service);
        return code;
    }
    *ret = service;
    return 0;
}

void
sg_service_free(struct sg_service *service)
{
    if (!service)
        return;
    if (service->client_fd >= 0)
        sg_service_hang_up(service);
    if (service->listen_fd >= 0) {
        close(service->listen_fd);
        unlink(service->setup.socket);
        if (service->course.duration_s > 0)
            end_slew(service);
        sg_tell_rest(&service->tell, sg_host_raw(), true);
        sg_service_keep(service, true, NULL);
    }
    if (service->clock)
        sg_clock_free(service->clock);
    if (service->lock_fd >= 0)
        close(service->lock_fd);
    free(service);
}

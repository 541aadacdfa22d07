/*
 * The clock service on a host of our own (fakehost.h), in this process: asked
 * without a socket, woken up when it wants to be, killed at any of its calls
 * and started again.
 */
#ifndef CLOCKD_WORLD_H
#define CLOCKD_WORLD_H

#include "fakehost.h"

/* a program is no library */
#include "../../src/clockd/account.c"
#include "../../src/clockd/answer.c"
#include "../../src/clockd/client.c"
#include "../../src/clockd/keep.c"
#include "../../src/clockd/listen.c"
#include "../../src/clockd/service.c"
#include "../../src/clockd/tell.c"
#include "../../src/clockd/warden.c"

#include "clock/keeper.h"

int __wrap_sg_keeper_start(struct sg_err *err);
int __wrap_sg_keeper_tell(int fd, const struct sg_slew *slew);
int __wrap_fsync(int fd);
int __wrap_sg_file_replace(const char *path, const char *bytes, size_t len,
                           mode_t mode, bool durable, struct sg_err *err);
int __real_sg_file_replace(const char *path, const char *bytes, size_t len,
                           mode_t mode, bool durable, struct sg_err *err);
int __wrap_sg_file_read(const char *path, size_t max, struct sg_buf *ret,
                        struct sg_err *err);
int __real_sg_file_read(const char *path, size_t max, struct sg_buf *ret,
                        struct sg_err *err);

static struct world {
    char folder[64], runtime[80], state[80], socket[96];
    struct sg_service_setup setup;
    struct sg_service *service;
    struct sg_slew kept; /* what the keeper knows */
    int boot;            /* its number */
    const void *lent;    /* of what is being written */
    bool is_full;        /* neither account can be written */
    int kill_in;         /* at that call from now; 0: never */
    jmp_buf killed;
    int kills;
} world;

/* A call at which a SIGKILL may come. */
static void
world_tick(void)
{
    if (world.kill_in == 0 || --world.kill_in > 0)
        return;
    /* the dead free nothing, but this process lives on */
    free((void *)world.lent);
    world.lent = NULL;
    longjmp(world.killed, 1);
}

static void
world_on_change(bool is_over)
{
    (void)is_over;
    world_tick();
}

int
__wrap_sg_keeper_start(struct sg_err *err)
{
    (void)err;
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int
__wrap_sg_keeper_tell(int fd, const struct sg_slew *slew)
{
    (void)fd;
    world.kept = *slew;
    world_tick();
    return 0;
}

int
__wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

int
__wrap_sg_file_replace(const char *path, const char *bytes, size_t len,
                       mode_t mode, bool durable, struct sg_err *err)
{
    int code;

    if (world.is_full)
        return sg_err_set(err, -ENOSPC, "%s: %s", path, strerror(ENOSPC));
    world.lent = bytes;
    world_tick();
    code = __real_sg_file_replace(path, bytes, len, mode, durable, err);
    world_tick();
    world.lent = NULL;
    return code;
}

int
__wrap_sg_file_read(const char *path, size_t max, struct sg_buf *ret,
                    struct sg_err *err)
{
    if (strcmp(path, BOOT_ID) != 0)
        return __real_sg_file_read(path, max, ret, err);
    sg_buf_add(ret, "boot-%d\n", world.boot);
    return 0;
}

static void
world_start(void)
{
    struct sg_err err = {""};

    host.on_change = NULL;
    if (sg_service_new(&world.setup, &world.service, &err) != 0)
        fail_msg("%s", err.text);
    host.on_change = world_on_change;
}

/* As after SIGKILL: descriptors close, and the keeper does its work. */
static void
world_bury(void)
{
    struct sg_service *service = world.service;

    world.kill_in = 0;
    world.kills++;
    world.is_full = false;
    host.change_errno = 0;
    host.on_change = NULL;
    close(service->listen_fd);
    close(service->lock_fd);
    sg_clock_free(service->clock);
    free(service);
    world.service = NULL;
    if (world.kept.end_ns != 0)
        sg_slew_end(&world.kept);
    memset(&world.kept, 0, sizeof world.kept);
}

static void
world_stop(void)
{
    host.on_change = NULL;
    sg_service_free(world.service);
    world.service = NULL;
    memset(&world.kept, 0, sizeof world.kept);
}

static void
world_forget(const char *folder, const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

/* What a service manager removes that was not told to preserve it. */
static void
world_lose_runtime(void)
{
    static const char *const names[] = {"account", "slew", "lock", "socket",
                                        "account.new"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        world_forget(world.runtime, names[i]);
    rmdir(world.runtime);
}

/* A new host, on which the service has not run yet. */
static void
world_open(const struct sg_guard_limits *limits)
{
    memset(&world, 0, sizeof world);
    /* in memory, where there is such a place */
    snprintf(world.folder, sizeof world.folder, "%s/skewguard-clockd.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(world.folder));
    snprintf(world.runtime, sizeof world.runtime, "%s/run", world.folder);
    snprintf(world.state, sizeof world.state, "%s/state", world.folder);
    snprintf(world.socket, sizeof world.socket, "%s/socket", world.runtime);
    world.setup = (struct sg_service_setup){
        .runtime = world.runtime,
        .state = world.state,
        .socket = world.socket,
        .client_uid = getuid(),
        .client_gid = getgid(),
        .limits = *limits,
    };
    host_boot(1000 * NS, NOW_S);
    sg_log_init("test", SG_LOG_STDERR,
                getenv("SG_LOG") ? LOG_DEBUG : LOG_EMERG);
}

static void
world_close(void)
{
    if (world.service)
        world_stop();
    world_lose_runtime();
    world_forget(world.state, "account");
    world_forget(world.state, "account.new");
    rmdir(world.state);
    rmdir(world.folder);
}

/* Time goes by, in which it wakes up when it wants to. */
static void
world_pass(double span_s)
{
    int64_t end_ns = host.raw_ns + sg_span_to_ns(span_s);

    while (host.raw_ns < end_ns) {
        struct timespec wait = wait_time(world.service);
        /* timers are slewed, too */
        double wait_s = ((double)wait.tv_sec + (double)wait.tv_nsec * 1e-9) /
                        (1 + host_ppm() * 1e-6);
        int64_t wait_ns = sg_span_to_ns(wait_s) + 1000;

        host_pass(wait_ns < end_ns - host.raw_ns ? wait_ns
                                                 : end_ns - host.raw_ns);
        keep_house(world.service);
    }
}

/* The code of its answer; it has said why in world_why. */
static char world_why[SG_ERR_TEXT_MAX];

static int
world_ask(struct sg_wire_request request)
{
    struct sg_wire_reply reply;

    request.version = SG_WIRE_VERSION;
    request.sent_ns = host.raw_ns;
    sg_answer(world.service, &request, sizeof request, &reply);
    strcpy(world_why, reply.text);
    keep_house(world.service);
    return reply.code;
}

#endif

/*
 * The clock service's only client and those who would be, over a real socket:
 * a service in a process of its own, whose kernel is ours (linked with --wrap).
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/wait.h>

#include <cmocka.h>

/* a program is no library */
#include "../../src/clockd/account.c"
#include "../../src/clockd/answer.c"
#include "../../src/clockd/client.c"
#include "../../src/clockd/keep.c"
#include "../../src/clockd/listen.c"
#include "../../src/clockd/service.c"
#include "../../src/clockd/tell.c"
#include "../../src/clockd/warden.c"

#include "clock/slew.h"

#define CROWD 100 /* more than it accepts in a turn */

int __wrap_clock_adjtime(clockid_t id, struct timex *tx);
int __wrap_sg_keeper_start(struct sg_err *err);
int __wrap_sg_keeper_tell(int fd, const struct sg_slew *slew);

static char folder[64], runtime[80], state_folder[80], path[96];
static pid_t service;
static int log_fd; /* what it says */

int
__wrap_clock_adjtime(clockid_t id, struct timex *tx)
{
    static struct timex present = {.tick = 10000, .status = STA_NANO};

    assert_int_equal(id, CLOCK_REALTIME);
    if (tx->modes & 0x8000U) /* ADJ_ADJTIME */
        tx->offset = 0;
    else if (tx->modes & ADJ_FREQUENCY)
        present.freq = tx->freq;
    if (tx->modes == 0)
        *tx = present;
    return TIME_OK;
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
    (void)slew;
    return 0;
}

/* ---- the service ---- */

static void
be_service(void)
{
    const struct sg_service_setup setup = {.runtime = runtime,
                                           .state = state_folder,
                                           .socket = path,
                                           .client_uid = getuid(),
                                           .client_gid = getgid(),
                                           .limits = sg_guard_defaults};
    struct sg_service *own;
    struct sg_err err;

    sg_log_init("service", SG_LOG_STDERR, LOG_NOTICE);
    if (sg_service_new(&setup, &own, &err) < 0) {
        sg_log(LOG_ERR, "%s", err.text);
        _exit(1);
    }
    sg_service_run(own);
    sg_service_free(own);
    _exit(0);
}

static void
end_with(const char *name)
{
    char file[128];

    snprintf(file, sizeof file, "%s/%s", folder, name);
    assert_int_equal(remove(file), 0);
}

static int
start_service(void **state)
{
    int fds[2];

    (void)state;
    strcpy(folder, "/tmp/skewguard-client.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(runtime, sizeof runtime, "%s/run", folder);
    snprintf(state_folder, sizeof state_folder, "%s/state", folder);
    snprintf(path, sizeof path, "%s/socket", runtime);
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    service = fork();
    if (service == 0) {
        signal(SIGPIPE, SIG_DFL);
        close(fds[0]);
        dup2(fds[1], STDERR_FILENO);
        be_service();
    }
    close(fds[1]);
    log_fd = fds[0];
    for (int i = 0; i < 1000 && access(path, F_OK) < 0; i++)
        usleep(10000);
    return 0;
}

/* It lives until it is told to end, whatever a test did to it. */
static int
end_service(void **state)
{
    int status = -1;

    (void)state;
    if (log_fd >= 0)
        close(log_fd);
    kill(service, SIGCONT);
    kill(service, SIGTERM);
    for (int i = 0; i < 500 && waitpid(service, &status, WNOHANG) == 0; i++)
        usleep(10000);
    if (status == -1)
        kill(service, SIGKILL);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    end_with("run/account");
    end_with("run/lock");
    end_with("run/slew");
    end_with("state/account");
    end_with("run");
    end_with("state");
    end_with("");
    return 0;
}

/* It sees all that happens until go_on() at once. */
static void
hold(void)
{
    int status;

    kill(service, SIGSTOP);
    assert_int_equal(waitpid(service, &status, WUNTRACED), service);
    assert_true(WIFSTOPPED(status));
}

static void
go_on(void)
{
    kill(service, SIGCONT);
}

static double
processor_s(void)
{
    struct timespec used;
    clockid_t clock;

    assert_int_equal(clock_getcpuclockid(service, &clock), 0);
    assert_int_equal(clock_gettime(clock, &used), 0);
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

/* ---- its clients ---- */

static int
come(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int code;

    strcpy(address.sun_path, path);
    /* a socket has its name before anybody listens */
    do
        code = connect(fd, (const struct sockaddr *)&address, sizeof address);
    while (code < 0 && errno == ECONNREFUSED && usleep(10000) == 0);
    assert_int_equal(code, 0);
    return fd;
}

static void
ask(int fd)
{
    const struct sg_wire_request request = {.version = SG_WIRE_VERSION,
                                            .kind = SG_WIRE_READ,
                                            .sent_ns = sg_host_raw().ns};

    assert_int_equal(send(fd, &request, sizeof request, MSG_NOSIGNAL),
                     sizeof request);
}

/* -ETIMEDOUT after wait_ms, -EPIPE if it has hung up without a word. */
static int
hear(int fd, int wait_ms, struct sg_wire_reply *ret)
{
    struct pollfd waiting = {fd, POLLIN, 0};
    ssize_t n;

    if (poll(&waiting, 1, wait_ms) == 0)
        return -ETIMEDOUT;
    n = recv(fd, ret, sizeof *ret, 0);
    if (n < 0)
        return -errno;
    return n == sizeof *ret ? ret->code : -EPIPE;
}

static int
answer_to(int fd, int wait_ms)
{
    struct sg_wire_reply reply;

    ask(fd);
    return hear(fd, wait_ms, &reply);
}

/* ---- tests ---- */

/* Whether its question came before that or not. */
static void
another_one_is_told_whose_place_it_is(void **state)
{
    struct sg_wire_reply reply;
    struct sg_err err;
    char words[128];
    int ours = come(), other;

    (void)state;
    assert_int_equal(answer_to(ours, 5000), 0);
    snprintf(words, sizeof words,
             "clock service: serves another program, pid %d, already, and no "
             "more than one",
             (int)getpid());
    other = come();
    assert_int_equal(hear(other, 5000, &reply), -EUSERS);
    assert_string_equal(reply.text, words);
    assert_int_equal(hear(other, 5000, &reply), -EPIPE);
    close(other);
    for (int i = 0; i < 200; i++) {
        assert_null(sg_clock_remote_new(path, &err));
        assert_string_equal(err.text, words);
    }
    assert_int_equal(answer_to(ours, 5000), 0);
    close(ours);
}

/* What it has left behind holds up nobody. */
static void
a_dead_one_makes_room_at_once(void **state)
{
    int ours = come(), other;

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(answer_to(ours, 5000), 0);
        hold();
        for (int k = 0; k < 5; k++)
            ask(ours);
        close(ours);
        other = come();
        go_on();
        assert_int_equal(answer_to(other, 5000), 0);
        ours = other;
    }
    close(ours);
}

static void
a_crowd_is_heard_and_keeps_nobody_out(void **state)
{
    struct sg_wire_reply reply;
    int ours = come(), crowd[CROWD];

    (void)state;
    assert_int_equal(answer_to(ours, 5000), 0);
    hold();
    for (int i = 0; i < CROWD; i++)
        crowd[i] = come();
    ask(ours);
    go_on();
    assert_int_equal(hear(ours, 5000, &reply), 0);
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(hear(crowd[i], 5000, &reply), -EUSERS);
        close(crowd[i]);
    }
    close(ours);
}

/* How many descriptors there are is said once; whoever waits costs nothing,
 * keeps nobody else waiting and is let in when there is one. */
static void
without_descriptors_it_waits_for_one(void **state)
{
    struct rlimit before, none = {3, 0}; /* fewer, and it could not poll */
    struct sg_wire_reply reply;
    char said[4096];
    double used_s;
    int ours = come(), other;
    ssize_t len;

    (void)state;
    assert_int_equal(answer_to(ours, 5000), 0);
    assert_int_equal(prlimit(service, RLIMIT_NOFILE, NULL, &before), 0);
    none.rlim_max = before.rlim_max;
    assert_int_equal(prlimit(service, RLIMIT_NOFILE, &none, NULL), 0);
    other = come();
    used_s = processor_s();
    assert_int_equal(hear(other, 2500, &reply), -ETIMEDOUT);
    assert_int_equal(answer_to(ours, 5000), 0);
    used_s = processor_s() - used_s;
    assert_true(used_s < 0.5);
    assert_int_equal(prlimit(service, RLIMIT_NOFILE, &before, NULL), 0);
    close(ours);
    usleep(1500000);
    assert_int_equal(answer_to(other, 5000), 0);
    close(other);
    len = read(log_fd, said, sizeof said - 1);
    assert_true(len > 0);
    said[len] = '\0';
    assert_string_equal(said,
                        "service: refused: accept: Too many open files\n");
}

/* Neither a client that does not wait for its answer nor a log that nobody
 * reads is its end. */
static void
nobody_ends_it_by_not_listening(void **state)
{
    int ours;

    (void)state;
    close(log_fd);
    log_fd = -1;
    for (int i = 0; i < 5; i++) {
        ours = come();
        hold();
        ask(ours);
        close(ours);
        go_on();
        /* nonsense has a line in the log */
        ours = come();
        assert_int_equal(send(ours, "?", 1, MSG_NOSIGNAL), 1);
        assert_int_equal(kill(service, 0), 0);
        close(ours);
    }
    ours = come();
    assert_int_equal(answer_to(ours, 5000), 0);
    close(ours);
}

int
main(void)
{
#define WITH_SERVICE(test)                                                     \
    cmocka_unit_test_setup_teardown(test, start_service, end_service)
    const struct CMUnitTest tests[] = {
        WITH_SERVICE(another_one_is_told_whose_place_it_is),
        WITH_SERVICE(a_dead_one_makes_room_at_once),
        WITH_SERVICE(a_crowd_is_heard_and_keeps_nobody_out),
        WITH_SERVICE(without_descriptors_it_waits_for_one),
        WITH_SERVICE(nobody_ends_it_by_not_listening),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

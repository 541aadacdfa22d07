/* The driver that asks the clock service, against a fake one that is absent,
 * hangs, babbles, or is started anew in between. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hostclock.h"
#include "clock/clock.h"
#include "clock/wire.h"

enum how { OBEY, REFUSE, BUSY, HANG, BABBLE, SHORT, HANG_UP, OTHER_VERSION };

static char folder[64], path[96];
static _Atomic enum how how;
static _Atomic int n_asked[SG_WIRE_STEP + 1], n_connected;
static int listen_fd = -1, end_fd[2];
static pthread_t thread;

static void
answer(int fd, const struct sg_wire_request *request)
{
    struct sg_wire_reply reply = {SG_WIRE_VERSION, 0, 400, 70000, 8, 12, ""};
    size_t len = sizeof reply;

    n_asked[request->kind]++;
    switch (how) {
    case REFUSE:
        reply.code = -EACCES;
        strcpy(reply.text, "not today");
        break;
    case BUSY:
        reply.code = -EUSERS;
        strcpy(reply.text, "clock service: serves another program");
        break;
    case BABBLE:
        memset(&reply, 0xff, sizeof reply);
        break;
    case SHORT:
        len = 3;
        break;
    case OTHER_VERSION:
        reply.version++;
        break;
    default:
        break;
    }
    if (how != HANG && how != HANG_UP)
        send(fd, &reply, len, MSG_NOSIGNAL);
}

/* One client at a time, until the test ends it. */
static void *
serve(void *arg)
{
    int client = -1;

    for (;;) {
        struct pollfd fds[] = {{end_fd[0], POLLIN, 0},
                               {listen_fd, POLLIN, 0},
                               {client, POLLIN, 0}};
        struct sg_wire_request request;

        poll(fds, 3, -1);
        if (fds[0].revents)
            break;
        if (fds[2].revents &&
            recv(client, &request, sizeof request, 0) == sizeof request)
            answer(client, &request);
        else if (fds[2].revents) {
            close(client);
            client = -1;
        }
        if (client >= 0 && (how == HANG_UP || how == BUSY)) {
            close(client);
            client = -1;
        }
        if (fds[1].revents && client < 0) {
            client = accept(listen_fd, NULL, NULL);
            n_connected++;
        }
    }
    if (client >= 0)
        close(client);
    return arg;
}

static void
start_service(enum how as)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    how = as;
    strcpy(address.sun_path, path);
    unlink(path);
    listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(listen_fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listen_fd, 8), 0);
    assert_int_equal(pipe(end_fd), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
}

static void
end_service(void)
{
    if (listen_fd < 0)
        return;
    close(end_fd[1]);
    pthread_join(thread, NULL);
    close(end_fd[0]);
    close(listen_fd);
    listen_fd = -1;
}

static int
set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/skewguard-remote.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    for (int i = 0; i <= SG_WIRE_STEP; i++)
        n_asked[i] = 0;
    n_connected = 0;
    return 0;
}

static int
clean_up(void **state)
{
    (void)state;
    end_service();
    unlink(path);
    return rmdir(folder);
}

static struct sg_clock *
open_clock(void)
{
    struct sg_err err = {""};
    struct sg_clock *clock = sg_clock_remote_new(path, &err);

    assert_string_equal(err.text, "");
    assert_non_null(clock);
    return clock;
}

static int
steer(struct sg_clock *clock, struct sg_err *err)
{
    const struct sg_clock_course course = {.base_ppm = 1};

    return clock->ops->steer(clock, &course, err);
}

static double
seconds_since(struct sg_raw begin)
{
    return sg_raw_diff(sg_host_raw(), begin);
}

static void
it_does_what_it_is_told(void **state)
{
    struct sg_clock *clock;
    double ppm;

    (void)state;
    start_service(OBEY);
    clock = open_clock();
    assert_string_equal(clock->ops->name, SG_CLOCK_SERVICE);
    assert_float_equal(clock->max_ppm, 400, 0);
    assert_float_equal(clock->fast_ppm, 70000, 0);
    assert_float_equal(clock->fast_s, 8, 0);
    assert_true(clock->can_move && clock->ends_slews);
    assert_int_equal(clock->ops->frequency(clock, &ppm), 0);
    assert_float_equal(ppm, 12, 0);
    assert_int_equal(steer(clock, NULL), 0);
    assert_int_equal(sg_clock_step_by(clock, 5, NULL), 0);
    assert_int_equal(clock->ops->check(clock, NULL), 0);
    assert_int_equal(n_asked[SG_WIRE_SLEW], 1);
    assert_int_equal(n_asked[SG_WIRE_STEP], 1);
    assert_int_equal(n_connected, 1);
    sg_clock_free(clock);
}

static void
its_words_are_passed_on(void **state)
{
    struct sg_err err = {""};
    struct sg_clock *clock;

    (void)state;
    start_service(OBEY);
    clock = open_clock();
    how = REFUSE;
    assert_int_equal(sg_clock_step_by(clock, 5, &err), -EACCES);
    assert_string_equal(err.text, "not today");
    /* one that has another client is not there for us */
    how = BUSY;
    assert_int_equal(clock->ops->check(clock, &err), -ENOTCONN);
    assert_string_equal(err.text, "clock service: serves another program");
    how = OBEY;
    assert_int_equal(steer(clock, NULL), 0);
    sg_clock_free(clock);
}

static void
absence_is_told(void **state)
{
    struct sg_err err = {""};
    char words[200];
    struct sg_clock *clock;

    (void)state;
    assert_null(sg_clock_remote_new(path, &err));
    snprintf(words, sizeof words,
             "clock service: %s: No such file or directory", path);
    assert_string_equal(err.text, words);
    start_service(OBEY);
    clock = open_clock();
    end_service();
    assert_int_equal(steer(clock, &err), -ENOTCONN);
    assert_int_equal(clock->ops->check(clock, &err), -ENOTCONN);
    snprintf(words, sizeof words, "clock service: %s: Connection refused",
             path);
    assert_string_equal(err.text, words);
    sg_clock_free(clock);
}

static bool
has_gone(struct sg_clock *clock, int wait_ms)
{
    struct pollfd link = {clock->ops->link(clock), POLLIN, 0};

    assert_true(link.fd >= 0);
    return poll(&link, 1, wait_ms) > 0;
}

/* By one descriptor, whatever becomes of the connection. */
static void
its_end_is_noticed_by_whoever_waits(void **state)
{
    struct sg_clock *clock;
    int link;

    (void)state;
    start_service(OBEY);
    clock = open_clock();
    link = clock->ops->link(clock);
    for (int i = 0; i < 3; i++) {
        assert_false(has_gone(clock, 0));
        end_service();
        assert_true(has_gone(clock, 5000));
        assert_int_equal(clock->ops->check(clock, NULL), -ENOTCONN);
        /* once is enough */
        assert_false(has_gone(clock, 0));
        start_service(OBEY);
        assert_int_equal(clock->ops->check(clock, NULL), 0);
        assert_int_equal(clock->ops->link(clock), link);
    }
    /* an answer is not its end */
    assert_int_equal(steer(clock, NULL), 0);
    assert_false(has_gone(clock, 0));
    sg_clock_free(clock);
}

/* A question may be put twice, an order may not. */
static void
after_a_restart_only_questions_are_repeated(void **state)
{
    struct sg_clock *clock;

    (void)state;
    start_service(OBEY);
    clock = open_clock();
    for (int i = 0; i < 3; i++) {
        end_service();
        start_service(OBEY);
        assert_int_equal(clock->ops->check(clock, NULL), 0);
    }
    end_service();
    start_service(OBEY);
    assert_int_equal(sg_clock_step_by(clock, 5, NULL), -ENOTCONN);
    assert_int_equal(n_asked[SG_WIRE_STEP], 0);
    assert_int_equal(sg_clock_step_by(clock, 5, NULL), 0);
    how = HANG_UP;
    assert_int_equal(sg_clock_step_by(clock, 5, NULL), -ENOTCONN);
    assert_true(n_asked[SG_WIRE_STEP] <= 2);
    sg_clock_free(clock);
}

/* No request waits for more than a second, and not one after the other. */
static void
a_service_that_hangs_does_not_hang_us(void **state)
{
    struct sg_clock *clock;
    struct sg_raw begin;

    (void)state;
    start_service(OBEY);
    clock = open_clock();
    how = HANG;
    begin = sg_host_raw();
    assert_int_equal(clock->ops->check(clock, NULL), -ENOTCONN);
    print_message("asked of one that hangs: %.3f s\n", seconds_since(begin));
    assert_true(seconds_since(begin) >= 0.99 && seconds_since(begin) < 1.5);
    for (int i = 0; i < 100; i++)
        assert_int_equal(steer(clock, NULL), -ENOTCONN);
    assert_int_equal(clock->ops->check(clock, NULL), -ENOTCONN);
    assert_true(seconds_since(begin) < 1.5);
    assert_int_equal(n_asked[SG_WIRE_SLEW], 0);
    how = OBEY;
    usleep(4100000);
    assert_int_equal(clock->ops->check(clock, NULL), 0);
    sg_clock_free(clock);
}

static void
nonsense_is_not_believed(void **state)
{
    static const enum how kinds[] = {BABBLE, SHORT, OTHER_VERSION};
    static const char *const words[] = {
        "clock service: message of version ffffffff, expected 53470001: "
        "restart both after an upgrade",
        "clock service: reply of 3 bytes, expected 552",
        "clock service: message of version 53470002, expected 53470001: "
        "restart both after an upgrade",
    };
    struct sg_clock *clock;

    (void)state;
    start_service(OBEY);
    clock = open_clock();
    for (size_t i = 0; i < 3; i++) {
        struct sg_err err = {""};

        how = kinds[i];
        assert_int_equal(steer(clock, &err), -ENOTCONN);
        assert_string_equal(err.text, words[i]);
        how = OBEY;
        assert_int_equal(steer(clock, NULL), 0);
    }
    sg_clock_free(clock);
}

int
main(void)
{
#define WITH_FOLDER(test)                                                      \
    cmocka_unit_test_setup_teardown(test, set_up, clean_up)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(it_does_what_it_is_told),
        WITH_FOLDER(its_words_are_passed_on),
        WITH_FOLDER(absence_is_told),
        WITH_FOLDER(its_end_is_noticed_by_whoever_waits),
        WITH_FOLDER(after_a_restart_only_questions_are_repeated),
        WITH_FOLDER(a_service_that_hangs_does_not_hang_us),
        WITH_FOLDER(nonsense_is_not_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

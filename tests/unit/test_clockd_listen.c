/* Who may ask the clock service, and the socket that a service manager
 * passes. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

/* a program is no library */
#include "../../src/clockd/listen.c"

static char folder[64], path[96];

static int
set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/skewguard-listen.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    return 0;
}

static int
clean_up(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int
connect_as(int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -errno;
}

static int
open_socket(void)
{
    struct sg_err err = {""};
    int fd = sg_listen(path, getgid(), &err);

    assert_string_equal(err.text, "");
    assert_true(fd >= 0);
    return fd;
}

static void
only_one_user_is_let_in(void **state)
{
    struct sg_err err = {""};
    int fd = open_socket(), client, taken;
    pid_t pid = 0;
    char words[128], byte;

    (void)state;
    assert_int_equal(sg_listen_accept(fd, getuid(), &pid, &err), -EAGAIN);
    client = connect_as(SOCK_SEQPACKET);
    taken = sg_listen_accept(fd, getuid(), &pid, &err);
    assert_true(taken >= 0);
    assert_int_equal(pid, getpid());
    close(taken);
    close(client);
    if (getuid() == 0) /* who is let in whatever the user */
        goto out;
    client = connect_as(SOCK_SEQPACKET);
    assert_int_equal(sg_listen_accept(fd, getuid() + 1, &pid, &err), -EACCES);
    snprintf(words, sizeof words,
             "user %u (pid %d) may not ask, only root and user %u",
             (unsigned)getuid(), (int)getpid(), (unsigned)getuid() + 1);
    assert_string_equal(err.text, words);
    assert_int_equal(recv(client, &byte, 1, 0), 0);
    close(client);
out:
    close(fd);
}

/* As root the child is somebody else. */
static void
a_stranger_is_hung_up_on(void **state)
{
    struct sg_err err = {""};
    struct pollfd waiting;
    int fd, status;
    pid_t pid, child;

    (void)state;
    if (getuid() != 0)
        skip();
    fd = open_socket();
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(path, 0666), 0);
    child = fork();
    if (child == 0) {
        char byte;
        int client = setresuid(65534, 65534, 65534) == 0
                         ? connect_as(SOCK_SEQPACKET)
                         : -1;

        waiting = (struct pollfd){client, POLLIN, 0};
        _exit(client < 0 || poll(&waiting, 1, 5000) != 1 ||
              recv(client, &byte, 1, 0) != 0);
    }
    waiting = (struct pollfd){fd, POLLIN, 0};
    assert_int_equal(poll(&waiting, 1, 5000), 1);
    assert_int_equal(sg_listen_accept(fd, 1234, &pid, &err), -EACCES);
    assert_non_null(strstr(err.text, "user 65534 (pid "));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(fd);
}

static void
the_socket_is_in_place_of_an_old_one(void **state)
{
    int old = open_socket(), fd = open_socket();
    struct stat st;

    (void)state;
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0660);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(old);
    close(fd);
    assert_int_equal(connect_as(SOCK_SEQPACKET), -ECONNREFUSED);
}

static void
other_kinds_of_sockets_do_not_fit(void **state)
{
    int fd = open_socket();

    (void)state;
    assert_int_equal(connect_as(SOCK_STREAM), -EPROTOTYPE);
    assert_int_equal(connect_as(SOCK_DGRAM), -EPROTOTYPE);
    close(fd);
}

static void
a_bad_place_is_told(void **state)
{
    struct sg_err err = {""};
    char text[300];

    (void)state;
    assert_int_equal(sg_listen("/nowhere/at/all", 0, &err), -ENOENT);
    assert_string_equal(err.text, "/nowhere/at/all: No such file or directory");
    memset(text, 'x', sizeof text);
    text[0] = '/';
    text[108] = '\0';
    assert_int_equal(sg_listen(text, 0, &err), -ENAMETOOLONG);
    assert_non_null(strstr(err.text, ": 108 characters, at most 107"));
}

/* In a child, since the descriptor has to be number 3. */
static int
listen_with(const char *pid, const char *n, int passed_fd)
{
    struct sg_err err;
    int status;
    pid_t child = fork();

    if (child == 0) {
        char own[16];
        int fd;

        snprintf(own, sizeof own, "%d", (int)getpid());
        setenv("LISTEN_PID", pid ? pid : own, 1);
        setenv("LISTEN_FDS", n, 1);
        if (passed_fd >= 0)
            dup2(passed_fd, FIRST_PASSED);
        else
            close(FIRST_PASSED);
        fd = sg_listen(path, getgid(), &err);
        _exit(fd == FIRST_PASSED && (fcntl(fd, F_GETFL) & O_NONBLOCK) &&
                      (fcntl(fd, F_GETFD) & FD_CLOEXEC)
                  ? 0
              : fd >= 0 ? 1
                        : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

static void
a_passed_socket_is_taken_if_it_is_one(void **state)
{
    int fd = open_socket();
    int plain = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    int flags = fcntl(fd, F_GETFL);

    (void)state;
    assert_int_equal(fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), 0);
    assert_int_equal(listen_with(NULL, "1", fd), 0);
    assert_int_equal(listen_with("1", "1", fd), 1);
    assert_int_equal(listen_with("", "1", fd), 1);
    assert_int_equal(listen_with(NULL, "2", fd), 1);
    assert_int_equal(listen_with(NULL, "", fd), 1);
    assert_int_equal(listen_with(NULL, "1", plain), 2);
    assert_int_equal(listen_with(NULL, "1", -1), 2);
    close(plain);
    close(fd);
}

int
main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, clean_up)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(only_one_user_is_let_in),
        IN_FOLDER(a_stranger_is_hung_up_on),
        IN_FOLDER(the_socket_is_in_place_of_an_old_one),
        IN_FOLDER(other_kinds_of_sockets_do_not_fit),
        IN_FOLDER(a_bad_place_is_told),
        IN_FOLDER(a_passed_socket_is_taken_if_it_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

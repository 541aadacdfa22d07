/*
 * Reading the status file and asking for the daemon's lock, whatever lies
 * there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/published.h"

static char folder[] = "/tmp/skewguard-published-XXXXXX";
static char path[256];
static struct sg_status status;
static struct sg_err err;

static int
make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int
set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/file", folder);
    memset(&status, 0xa5, sizeof status);
    err.text[0] = '\0';
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    if (unlink(path) != 0 && errno == EISDIR)
        rmdir(path);
    return 0;
}

static void
write_file(const char *text, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void
assert_refused(int code, const char *reason)
{
    char expected[512];

    alarm(10); /* nothing may wait */
    assert_int_equal(sg_published_read(path, &status, &err), code);
    alarm(0);
    snprintf(expected, sizeof expected, "%s: %s", path, reason);
    assert_string_equal(err.text, expected);
    assert_int_equal(status.state, SG_STATE_UNKNOWN);
    assert_int_equal(status.n_realms, 0);
    assert_int_equal(status.n_sources, 0);
}

static void
test_good(void **state)
{
    struct sg_status written;
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    sg_status_init(&written);
    written.pid = 4711;
    written.n_realms = 1;
    snprintf(written.realms[0].name, SG_NAME_MAX, "EXAMPLE.ORG");
    written.realms[0].worst = -1;
    sg_status_encode(&written, &text);
    write_file(text.text, text.len);
    sg_buf_free(&text);
    assert_int_equal(sg_published_read(path, &status, &err), 0);
    assert_int_equal(status.pid, 4711);
    assert_string_equal(status.realms[0].name, "EXAMPLE.ORG");
}

static void
test_missing(void **state)
{
    (void)state;
    assert_refused(-ENOENT, "No such file or directory");
}

static void
test_directory(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(-EINVAL, "is not a regular file");
}

static void
test_fifo(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(-EINVAL, "is not a regular file");
}

/* A link could make a privileged reader quote a file that is not ours. */
static void
test_symbolic_link(void **state)
{
    (void)state;
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_refused(-ELOOP, "is a symbolic link, not followed");
}

static void
test_huge(void **state)
{
    (void)state;
    write_file("version=1\n", 10);
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    assert_refused(-EFBIG, "larger than a status can be, at most 524288 bytes");
}

/* As large as may be is read, and then judged by its content. */
static void
test_largest(void **state)
{
    (void)state;
    write_file("", 0);
    assert_int_equal(truncate(path, SG_PUBLISHED_MAX), 0);
    assert_int_equal(sg_published_read(path, &status, &err), -EINVAL);
    assert_non_null(strstr(err.text, "/file: not a status of skewguardd: "));
}

static void
test_garbage(void **state)
{
    static const char *const texts[] = {"", "garbage", "\n\n\n", "version=99\n",
                                        "version=1\nn_realms=9999\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_file(texts[i], strlen(texts[i]));
        assert_int_equal(sg_published_read(path, &status, &err), -EINVAL);
        assert_non_null(
            strstr(err.text, "/file: not a status of skewguardd: "));
        assert_int_equal(status.n_realms, 0);
    }
}

/* ---- who can have written it ---- */

static void
write_status(void)
{
    struct sg_buf text = SG_BUF_INIT;
    struct sg_status written;

    sg_status_init(&written);
    written.pid = 4711;
    sg_status_encode(&written, &text);
    write_file(text.text, text.len);
    sg_buf_free(&text);
    assert_int_equal(chmod(path, 0644), 0);
}

static void
assert_distrusted(const char *reason)
{
    char expected[512];

    snprintf(expected, sizeof expected, "%s: %s, not believed", path, reason);
    assert_int_equal(sg_published_read_trusted(path, &status, &err), -EPERM);
    assert_string_equal(err.text, expected);
    assert_int_equal(status.pid, 0);
    assert_int_equal(sg_published_read(path, &status, &err), 0);
}

static void
test_trusted(void **state)
{
    (void)state;
    write_status();
    assert_int_equal(sg_published_read_trusted(path, &status, &err), 0);
    assert_int_equal(status.pid, 4711);
    assert_int_equal(chmod(path, 0664), 0);
    assert_distrusted("others than its owner can write to it (mode 664)");
    assert_int_equal(chmod(path, 0646), 0);
    assert_distrusted("others than its owner can write to it (mode 646)");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(folder, 01777), 0);
    assert_distrusted("others than its owner can write to its folder (mode "
                      "777)");
    assert_int_equal(chmod(folder, 0770), 0);
    assert_distrusted("others than its owner can write to its folder (mode "
                      "770)");
    assert_int_equal(chmod(folder, 0700), 0);
}

/* Only root can give files away. */
static void
test_owner(void **state)
{
    (void)state;
    write_status();
    if (chown(path, 4711, (gid_t)-1) != 0) {
        print_message("not root: owners were NOT tried\n");
        skip();
    }
    assert_distrusted("belongs to user 4711, who is neither root nor the owner "
                      "of its folder");
    /* The daemon's own user, in its own folder. */
    assert_int_equal(chown(folder, 4711, (gid_t)-1), 0);
    assert_int_equal(sg_published_read_trusted(path, &status, &err), 0);
    assert_int_equal(chown(path, 0, (gid_t)-1), 0);
    assert_int_equal(sg_published_read_trusted(path, &status, &err), 0);
    assert_int_equal(chown(folder, 0, (gid_t)-1), 0);
}

static void
test_trusted_path(void **state)
{
    char before[512];

    (void)state;
    assert_int_equal(sg_published_read_trusted(path, &status, &err), -ENOENT);
    assert_int_equal(sg_published_read_trusted("/no/such/file", &status, &err),
                     -ENOENT);
    assert_string_equal(err.text, "/no/such/file: No such file or directory");
    assert_int_equal(sg_published_read_trusted("", &status, &err), -ENOENT);
    assert_int_equal(sg_published_read_trusted("/", &status, &err), -ENOENT);
    write_status();
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(sg_published_read_trusted("file", &status, &err), 0);
    assert_int_equal(chdir(before), 0);
}

/* ---- the daemon's lock ---- */

enum lock_kind { LOCK_OFD, LOCK_PROCESS };

/* A child that holds a write lock until its input ends. */
static pid_t
start_holder(enum lock_kind kind, int *ret_fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int ready[2], end[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(end), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(path, O_RDWR | O_CREAT, 0644);

        close(end[1]);
        if (fcntl(fd, kind == LOCK_OFD ? F_OFD_SETLK : F_SETLK, &lock) != 0 ||
            write(ready[1], "", 1) != 1)
            _exit(1);
        _exit(read(end[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(end[0]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *ret_fd = end[1];
    return pid;
}

static void
stop_holder(pid_t pid, int fd)
{
    int code;

    close(fd);
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_int_equal(code, 0);
}

static void
test_lock_held(void **state)
{
    static const enum lock_kind kinds[] = {LOCK_OFD, LOCK_PROCESS};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int fd;
        pid_t pid = start_holder(kinds[i], &fd);

        assert_int_equal(sg_published_ask_lock(path), SG_REPORT_DAEMON_ALIVE);
        /* Asking takes nothing away from the daemon. */
        assert_int_equal(sg_published_ask_lock(path), SG_REPORT_DAEMON_ALIVE);
        stop_holder(pid, fd);
        assert_int_equal(sg_published_ask_lock(path), SG_REPORT_DAEMON_DEAD);
    }
}

static void
test_lock_not_held(void **state)
{
    (void)state;
    assert_int_equal(sg_published_ask_lock(path), SG_REPORT_DAEMON_DEAD);
    write_file("", 0);
    assert_int_equal(sg_published_ask_lock(path), SG_REPORT_DAEMON_DEAD);
}

static void
test_lock_is_no_file(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(10);
    assert_int_equal(sg_published_ask_lock(path), SG_REPORT_DAEMON_UNCERTAIN);
    alarm(0);
}

static void
test_look(void **state)
{
    struct sg_report_now now;
    char boot_id[40] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");

    (void)state;
    if (file) {
        assert_int_equal(fscanf(file, "%39s", boot_id), 1);
        fclose(file);
    }
    sg_published_look(path, &now);
    assert_string_equal(now.boot_id, boot_id);
    assert_int_equal(now.daemon, SG_REPORT_DAEMON_DEAD);
    assert_true(now.host.raw.ns > 0 && now.host.wall.ns > 0);
    assert_true(now.suspended_s > -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_good),          TEST(test_missing),
        TEST(test_directory),     TEST(test_fifo),
        TEST(test_symbolic_link), TEST(test_huge),
        TEST(test_largest),       TEST(test_garbage),
        TEST(test_trusted),       TEST(test_owner),
        TEST(test_trusted_path),  TEST(test_lock_held),
        TEST(test_lock_not_held), TEST(test_lock_is_no_file),
        TEST(test_look),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

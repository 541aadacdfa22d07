/* Files replaced whole or not at all, and read without surprises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

static char folder[] = "/tmp/sg-file-XXXXXX";
static char path[64], beside[64];

static int
make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/status", folder);
    snprintf(beside, sizeof beside, "%s/status.new", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(beside);
    return rmdir(folder);
}

static void
assert_holds(const char *text)
{
    struct sg_buf buf = SG_BUF_INIT;
    struct sg_err err = {""};

    if (sg_file_read(path, 1 << 20, &buf, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(buf.len, strlen(text));
    if (buf.len)
        assert_string_equal(buf.text, text);
    sg_buf_free(&buf);
}

static void
put(const char *text)
{
    assert_int_equal(
        sg_file_replace(path, text, strlen(text), 0644, false, NULL), 0);
}

static void
replaced_and_read(void **state)
{
    (void)state;
    put("first\n");
    assert_holds("first\n");
    put("second, and longer\n");
    assert_holds("second, and longer\n");
    put("");
    assert_holds("");
    assert_int_equal(sg_file_replace(path, "safe\n", 5, 0600, true, NULL), 0);
    assert_holds("safe\n");
    assert_int_equal(access(beside, F_OK), -1);
}

/* A reader keeps the text it has opened: there is never half of one. */
static void
who_has_it_open_keeps_the_old_text(void **state)
{
    char text[16] = "";
    int fd;

    (void)state;
    put("old");
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    put("new");
    assert_int_equal(read(fd, text, sizeof text), 3);
    assert_string_equal(text, "old");
    close(fd);
    assert_holds("new");
}

static void
mode_is_as_asked_whatever_the_umask(void **state)
{
    static const mode_t modes[] = {0644, 0600, 0640};
    mode_t before = umask(077);
    struct stat st;

    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(sg_file_replace(path, "x", 1, modes[i], false, NULL),
                         0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, modes[i]);
    }
    umask(before);
}

/* Left over from a crash, or put there by somebody: replaced, not followed. */
static void
leftovers_are_not_followed(void **state)
{
    char victim[64], text[16] = "";
    int fd;

    (void)state;
    snprintf(victim, sizeof victim, "%s/victim", folder);
    fd = open(victim, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "mine", 4), 4);
    close(fd);
    assert_int_equal(symlink(victim, beside), 0);
    put("text");
    assert_holds("text");
    fd = open(victim, O_RDONLY);
    assert_int_equal(read(fd, text, sizeof text), 4);
    assert_string_equal(text, "mine");
    close(fd);
    unlink(victim);
}

static void
a_failure_leaves_the_old_text(void **state)
{
    struct sg_err err = {""};
    char expected[128];

    (void)state;
    put("old");
    assert_int_equal(mkdir(beside, 0700), 0);
    assert_int_equal(sg_file_replace(path, "new", 3, 0644, false, &err),
                     -EEXIST);
    snprintf(expected, sizeof expected, "%s: File exists", path);
    assert_string_equal(err.text, expected);
    rmdir(beside);
    assert_holds("old");
}

/* In a process of its own, since the limit is for good. */
static void
write_beyond_the_limit(void)
{
    struct rlimit limit = {100, 100};
    char bytes[200] = "";
    struct sg_err err;

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    if (sg_file_replace(path, bytes, sizeof bytes, 0644, false, &err) != -EFBIG)
        _exit(1);
    _exit(strstr(err.text, "File too large") ? 0 : 2);
}

static void
a_full_disk_leaves_the_old_text(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    put("old");
    pid = fork();
    if (pid == 0)
        write_beyond_the_limit();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_holds("old");
    assert_int_equal(access(beside, F_OK), -1);
}

static void
folders_that_are_not_there(void **state)
{
    struct sg_err err = {""};
    char missing[64], expected[128];

    (void)state;
    snprintf(missing, sizeof missing, "%s/nowhere/status", folder);
    snprintf(expected, sizeof expected, "%s: No such file or directory",
             missing);
    assert_int_equal(sg_file_replace(missing, "x", 1, 0644, true, &err),
                     -ENOENT);
    assert_string_equal(err.text, expected);
}

static void
names_too_long_are_said_to_be(void **state)
{
    static char name[5000];
    struct sg_err err = {""};

    (void)state;
    memset(name, 'x', sizeof name - 1);
    assert_int_equal(sg_file_replace(name, "x", 1, 0644, false, &err),
                     -ENAMETOOLONG);
    assert_non_null(strstr(err.text, "xxxx"));
}

static void
folders_are_made_once(void **state)
{
    struct sg_err err = {""};
    char made[64], expected[128];
    struct stat st;

    (void)state;
    snprintf(made, sizeof made, "%s/made", folder);
    umask(077);
    assert_int_equal(sg_file_make_folder(made, &err), 0);
    umask(022);
    assert_int_equal(sg_file_make_folder(made, &err), 0);
    assert_int_equal(stat(made, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0755);
    rmdir(made);
    snprintf(made, sizeof made, "%s/not/its/parents", folder);
    assert_int_equal(sg_file_make_folder(made, &err), -ENOENT);
    snprintf(expected, sizeof expected, "%s: No such file or directory", made);
    assert_string_equal(err.text, expected);
}

static void
assert_unread(const char *name, size_t max, int code, const char *why)
{
    struct sg_buf buf = SG_BUF_INIT;
    struct sg_err err = {""};
    char expected[128];

    assert_int_equal(sg_file_read(name, max, &buf, &err), code);
    snprintf(expected, sizeof expected, "%s: %s", name, why);
    assert_string_equal(err.text, expected);
    sg_buf_free(&buf);
}

static void
what_cannot_be_read_is_said(void **state)
{
    char other[64];

    (void)state;
    snprintf(other, sizeof other, "%s/other", folder);
    assert_unread(other, 10, -ENOENT, "No such file or directory");
    assert_unread(folder, 10, -EINVAL, "not a regular file");
    assert_unread("/dev/zero", 10, -EINVAL, "not a regular file");
    /* nobody will ever write into it; to wait would be to hang */
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_unread(other, 10, -EINVAL, "not a regular file");
    unlink(other);
}

static void
files_may_be_as_large_as_allowed(void **state)
{
    static char bytes[10000];
    struct sg_buf buf = SG_BUF_INIT;

    (void)state;
    memset(bytes, 'b', sizeof bytes);
    assert_int_equal(
        sg_file_replace(path, bytes, sizeof bytes, 0644, false, NULL), 0);
    sg_buf_add(&buf, "before");
    assert_int_equal(sg_file_read(path, sizeof bytes, &buf, NULL), 0);
    assert_int_equal(buf.len, 6 + sizeof bytes);
    assert_memory_equal(buf.text + 6, bytes, sizeof bytes);
    sg_buf_free(&buf);
    assert_unread(path, sizeof bytes - 1, -EFBIG, "larger than 9999 bytes");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaced_and_read),
        cmocka_unit_test(who_has_it_open_keeps_the_old_text),
        cmocka_unit_test(mode_is_as_asked_whatever_the_umask),
        cmocka_unit_test(leftovers_are_not_followed),
        cmocka_unit_test(a_failure_leaves_the_old_text),
        cmocka_unit_test(a_full_disk_leaves_the_old_text),
        cmocka_unit_test(folders_that_are_not_there),
        cmocka_unit_test(folders_are_made_once),
        cmocka_unit_test(names_too_long_are_said_to_be),
        cmocka_unit_test(what_cannot_be_read_is_said),
        cmocka_unit_test(files_may_be_as_large_as_allowed),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

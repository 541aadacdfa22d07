/*
 * The spool on a disk that is full or cannot be written, which is a file system
 * of our own: exit 77 where we may have none.
 */
#include "alert/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert_record.h"

#define ID "0123456789abcdef"

static char base[] = "/tmp/sg-spool-mounts-XXXXXX";
static char folder[64];

static bool
write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool ret =
        fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ret;
}

/* Who is not root is it in a user namespace. */
static bool
own_user(unsigned user, unsigned group)
{
    char users[32], groups[32];

    snprintf(users, sizeof users, "0 %u 1", user);
    snprintf(groups, sizeof groups, "0 %u 1", group);
    return user == 0 || (unshare(CLONE_NEWUSER) == 0 &&
                         write_text("/proc/self/setgroups", "deny") &&
                         write_text("/proc/self/uid_map", users) &&
                         write_text("/proc/self/gid_map", groups));
}

static bool
own_mounts(void)
{
    return own_user(geteuid(), getegid()) && unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", base, "tmpfs", 0, NULL) == 0 && umount(base) == 0;
}

static void
mount_base(const char *options)
{
    assert_int_equal(mount("none", base, "tmpfs", 0, options), 0);
}

static int
unmount_base(void **state)
{
    (void)state;
    return umount(base);
}

static int
put(unsigned number, struct sg_err *err)
{
    struct sg_record record = record_make(ID, number, SG_ALERT_RAISED);

    return sg_spool_put(folder, &record, NULL, err);
}

static struct sg_spool_list
list(void)
{
    struct sg_spool_list ret;

    assert_int_equal(sg_spool_list(folder, &ret, NULL), 0);
    return ret;
}

/* Numbers from 1 to n, all whole. */
static void
assert_there(unsigned n)
{
    struct sg_spool_list found = list();

    assert_int_equal(found.n, n);
    for (unsigned i = 0; i < n; i++) {
        struct sg_record record;

        assert_int_equal(
            sg_spool_read(folder, &found.entries[i], &record, NULL), 0);
        assert_int_equal(record.number, i + 1);
    }
    sg_spool_list_free(&found);
}

/* Put until it is full; then take one away, and the next one fits. */
static void
fill_up(unsigned most)
{
    struct sg_err err = {""};
    struct sg_spool_list found;
    unsigned n = 0;
    int code;

    while ((code = put(n + 1, &err)) == 0) {
        n++;
        assert_in_range(n, 1, most);
    }
    assert_int_equal(code, -ENOSPC);
    assert_non_null(strstr(err.text, ": No space left on device"));
    assert_int_equal(put(n + 1, &err), -ENOSPC);
    assert_true(n > 1);
    assert_there(n);

    found = list();
    assert_int_equal(sg_spool_remove(folder, &found.entries[0], &err), 0);
    sg_spool_list_free(&found);
    if (put(n + 1, &err) != 0)
        fail_msg("%s", err.text);
    found = list();
    assert_int_equal(found.n, n);
    assert_int_equal(found.entries[n - 1].number, n + 1);
    assert_true(found.entries[n - 1].order > n);
    sg_spool_list_free(&found);
}

static void
blocks_run_out(void **state)
{
    (void)state;
    mount_base("size=64k");
    fill_up(16);
}

static void
inodes_run_out(void **state)
{
    (void)state;
    mount_base("nr_inodes=12");
    fill_up(12);
}

static void
no_room_for_the_folder(void **state)
{
    struct sg_err err = {""};
    char text[256];

    (void)state;
    mount_base("nr_inodes=1");
    assert_int_equal(put(1, &err), -ENOSPC);
    snprintf(text, sizeof text, "%s: No space left on device", folder);
    assert_string_equal(err.text, text);
}

static void
remount_base_read_only(void)
{
    assert_int_equal(mount("none", base, "", MS_REMOUNT | MS_RDONLY, NULL), 0);
}

static void
read_only(void **state)
{
    struct sg_err err = {""};
    struct sg_spool_list found;
    char text[256];

    (void)state;
    mount_base("");
    assert_int_equal(put(1, &err), 0);
    remount_base_read_only();
    assert_int_equal(put(2, &err), -EROFS);
    snprintf(text, sizeof text, "%s/order: Read-only file system", folder);
    assert_string_equal(err.text, text);
    assert_there(1);
    /* what is there is there, in whatever way */
    assert_int_equal(put(1, &err), 0);
    found = list();
    assert_int_equal(sg_spool_remove(folder, &found.entries[0], &err), -EROFS);
    assert_int_equal(sg_spool_set_aside(folder, &found.entries[0], &err),
                     -EROFS);
    snprintf(text, sizeof text, "%s/%s: Read-only file system", folder,
             found.entries[0].name);
    assert_string_equal(err.text, text);
    sg_spool_list_free(&found);
    assert_there(1);
}

static void
read_only_without_a_folder(void **state)
{
    struct sg_err err = {""};
    char text[256];

    (void)state;
    mount_base("");
    remount_base_read_only();
    assert_int_equal(put(1, &err), -EROFS);
    snprintf(text, sizeof text, "%s: Read-only file system", folder);
    assert_string_equal(err.text, text);
    assert_there(0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, unmount_base)
    const struct CMUnitTest tests[] = {
        TEST(blocks_run_out),
        TEST(inodes_run_out),
        TEST(no_room_for_the_folder),
        TEST(read_only),
        TEST(read_only_without_a_folder),
    };
    int failed = 77;

    if (!mkdtemp(base))
        return 1;
    snprintf(folder, sizeof folder, "%s/%s", base, SG_SPOOL_FOLDER);
    if (own_mounts())
        failed = cmocka_run_group_tests(tests, NULL, NULL);
    else
        printf("skipped: this system lets us have no mounts of our own: %s\n",
               strerror(errno));
    rmdir(base);
    return failed;
}

/* The spool of alerts, and what else may lie in its folder. */
#include "alert/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert_record.h"

#define ID "0123456789abcdef"
#define OTHER "fedcba9876543210"

static char base[] = "/tmp/sg-spool-XXXXXX";
static char folder[64];

static int
make_base(void **state)
{
    (void)state;
    if (!mkdtemp(base))
        return -1;
    snprintf(folder, sizeof folder, "%s/%s", base, SG_SPOOL_FOLDER);
    return 0;
}

static int
remove_base(void **state)
{
    (void)state;
    return rmdir(base);
}

/* The path of a file in the folder. */
static const char *
in(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int
empty_folder(void **state)
{
    DIR *dir = opendir(folder);
    struct dirent *found;

    (void)state;
    while (dir && (found = readdir(dir)))
        if (unlinkat(dirfd(dir), found->d_name, 0) < 0)
            unlinkat(dirfd(dir), found->d_name, AT_REMOVEDIR);
    if (dir)
        closedir(dir);
    rmdir(folder);
    return 0;
}

static void
put(const char *id, unsigned number, enum sg_alert_phase phase)
{
    struct sg_record record = record_make(id, number, phase);
    struct sg_err err = {""};
    int dropped = -1;

    if (sg_spool_put(folder, &record, &dropped, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(dropped, 0);
}

static void
assert_refuses(const char *id, unsigned number, enum sg_alert_phase phase,
               int code, const char *text)
{
    struct sg_record record = record_make(id, number, phase);
    struct sg_err err = {""};
    int dropped = -1;

    assert_int_equal(sg_spool_put(folder, &record, &dropped, &err), code);
    assert_string_equal(err.text, text);
    assert_int_equal(dropped, 0);
}

static struct sg_spool_list
list(void)
{
    struct sg_spool_list ret;
    struct sg_err err = {""};

    if (sg_spool_list(folder, &ret, &err) != 0)
        fail_msg("%s", err.text);
    return ret;
}

static void
assert_lists(const char *expected)
{
    struct sg_spool_list found = list();
    char text[1024] = "";

    for (int i = 0; i < found.n; i++) {
        strcat(text, found.entries[i].name);
        strcat(text, " ");
    }
    assert_string_equal(text, expected);
    sg_spool_list_free(&found);
    assert_null(found.entries);
}

static void
write_file(const char *name, const char *text)
{
    FILE *file = fopen(in(name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void
nothing_was_ever_put_there(void **state)
{
    struct sg_spool_entry entry = {"0000000001-" ID "-1.alert", 1, ID, 1};
    struct sg_spool_list found = list();
    struct sg_record record;

    (void)state;
    assert_int_equal(found.n, 0);
    assert_null(found.entries);
    assert_int_equal(sg_spool_read(folder, &entry, &record, NULL), -ENOENT);
    assert_int_equal(sg_spool_remove(folder, &entry, NULL), 0);
    assert_int_equal(sg_spool_set_aside(folder, &entry, NULL), -ENOENT);
}

static void
put_listed_read_and_removed(void **state)
{
    struct sg_record record = record_make(ID, 1, SG_ALERT_RAISED), ret;
    struct sg_spool_list found;
    struct stat st;

    (void)state;
    put(ID, 1, SG_ALERT_RAISED);
    put(ID, 2, SG_ALERT_WORSE);
    put(OTHER, 1, SG_ALERT_RAISED);
    assert_lists("0000000001-" ID "-1.alert 0000000002-" ID "-2.alert "
                 "0000000003-" OTHER "-1.alert ");
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(in("0000000001-" ID "-1.alert"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);

    found = list();
    assert_int_equal(found.n, 3);
    assert_int_equal(found.entries[0].order, 1);
    assert_string_equal(found.entries[0].id, ID);
    assert_int_equal(found.entries[1].number, 2);
    assert_int_equal(sg_spool_read(folder, &found.entries[0], &ret, NULL), 0);
    assert_string_equal(ret.subject, record.subject);
    assert_string_equal(ret.body, record.body);
    assert_int_equal(sg_spool_remove(folder, &found.entries[0], NULL), 0);
    assert_int_equal(sg_spool_remove(folder, &found.entries[0], NULL), 0);
    assert_int_equal(sg_spool_read(folder, &found.entries[0], &ret, NULL),
                     -ENOENT);
    sg_spool_list_free(&found);
    assert_lists("0000000002-" ID "-2.alert 0000000003-" OTHER "-1.alert ");
}

static void
the_same_is_there_once(void **state)
{
    (void)state;
    put(ID, 1, SG_ALERT_RAISED);
    put(ID, 2, SG_ALERT_WORSE);
    put(ID, 1, SG_ALERT_RECOVERED);
    assert_lists("0000000001-" ID "-1.alert 0000000002-" ID "-2.alert ");
}

static void
remove_first(void)
{
    struct sg_spool_list found = list();

    assert_true(found.n > 0);
    assert_int_equal(sg_spool_remove(folder, &found.entries[0], NULL), 0);
    sg_spool_list_free(&found);
}

/* Whoever delivers in order must not meet a small number late. */
static void
order_outlives_what_had_it(void **state)
{
    (void)state;
    put(ID, 1, SG_ALERT_RAISED);
    put(ID, 2, SG_ALERT_WORSE);
    remove_first();
    remove_first();
    put(ID, 3, SG_ALERT_RECOVERED);
    assert_lists("0000000003-" ID "-3.alert ");
    /* lost, damaged, or put there by somebody: what lies there still counts */
    assert_int_equal(unlink(in("order")), 0);
    put(ID, 4, SG_ALERT_RAISED);
    write_file("order", "-7\n");
    put(ID, 5, SG_ALERT_RAISED);
    write_file("order", "99999999999999999999\n");
    put(ID, 6, SG_ALERT_RAISED);
    assert_int_equal(unlink(in("order")), 0);
    assert_int_equal(mkfifo(in("order"), 0600), 0);
    put(ID, 7, SG_ALERT_RAISED);
    assert_int_equal(unlink(in("order")), 0);
    assert_int_equal(symlink("/dev/zero", in("order")), 0);
    put(ID, 8, SG_ALERT_RAISED);
    for (int i = 0; i < 6; i++)
        remove_first();
    put(ID, 9, SG_ALERT_RAISED);
    assert_lists("0000000009-" ID "-9.alert ");
    write_file("order", "41\n");
    put(ID, 10, SG_ALERT_RAISED);
    assert_lists("0000000009-" ID "-9.alert 0000000042-" ID "-10.alert ");
}

static void
order_has_an_end(void **state)
{
    char text[256];

    (void)state;
    put(ID, 1, SG_ALERT_RAISED);
    write_file("order", "999999999999999998\n");
    put(ID, 2, SG_ALERT_RAISED);
    snprintf(text, sizeof text,
             "%s: the last alert has number 999999999999999999, allowed less "
             "than 999999999999999999",
             folder);
    assert_refuses(ID, 3, SG_ALERT_RAISED, -ERANGE, text);
    assert_lists("0000000001-" ID "-1.alert 999999999999999999-" ID
                 "-2.alert ");
}

/* Nine comes before ten, whatever a name looks like. */
static void
listed_by_number(void **state)
{
    (void)state;
    put(ID, 1, SG_ALERT_RAISED);
    write_file("10-" ID "-1.alert", "");
    write_file("9-" OTHER "-1.alert", "");
    write_file("9-" ID "-1.alert", "");
    assert_lists("0000000001-" ID "-1.alert 9-" ID "-1.alert 9-" OTHER
                 "-1.alert 10-" ID "-1.alert ");
}

static void
foreign_names_are_left_alone(void **state)
{
    static const char *const names[] = {
        "README", ".hidden", "1-" ID "-1", "1-" ID "-1.alert.bad",
        "1-" ID "-1.alert~", "-1-" ID "-1.alert", "+1-" ID "-1.alert",
        "0x1-" ID "-1.alert", "1-" ID "-0.alert", "1-" ID "-.alert",
        "1-" ID "-2147483648.alert", "1-" ID "--1.alert",
        "1-0123456789ABCDEF-1.alert", "1-0123-1.alert", "1-" ID ".alert",
        "1234567890123456789-" ID "-1.alert", "1-\xc3\xa9\n\x1b-1.alert",
        "000000000000000001-" ID "-000000000000000001.alert0123456789",
        /* another process's half of something */
        "status.new", "1-" ID "-1.new"};
    size_t n = sizeof names / sizeof *names;

    (void)state;
    put(ID, 7, SG_ALERT_RAISED);
    for (size_t i = 0; i < n; i++)
        write_file(names[i], "x");
    assert_int_equal(mkdir(in("folder"), 0700), 0);
    put(ID, 8, SG_ALERT_RAISED);
    assert_lists("0000000001-" ID "-7.alert 0000000002-" ID "-8.alert ");
    for (size_t i = 0; i < n; i++)
        assert_int_equal(unlink(in(names[i])), 0);
}

static void
what_a_crash_has_left_is_removed(void **state)
{
    (void)state;
    put(ID, 1, SG_ALERT_RAISED);
    write_file("0000000002-" OTHER "-1.alert.new", "half of");
    write_file("order.new", "1");
    assert_lists("0000000001-" ID "-1.alert ");
    put(ID, 2, SG_ALERT_WORSE);
    assert_lists("0000000001-" ID "-1.alert 0000000002-" ID "-2.alert ");
    assert_int_equal(access(in("0000000002-" OTHER "-1.alert.new"), F_OK), -1);
    assert_int_equal(access(in("order.new"), F_OK), -1);
}

static void
make_socket(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_true((size_t)snprintf(address.sun_path, sizeof address.sun_path,
                                 "%s/%s", folder,
                                 name) < sizeof address.sun_path);
    assert_int_equal(
        bind(fd, (struct sockaddr *)&address, (socklen_t)sizeof address), 0);
    close(fd);
}

/* They are named as alerts are; none is read, waited for or followed. */
static void
make_strange_things(void)
{
    char target[128];

    snprintf(target, sizeof target, "0000000001-" ID "-1.alert");
    assert_int_equal(symlink(target, in("2-" ID "-2.alert")), 0);
    assert_int_equal(mkfifo(in("3-" ID "-3.alert"), 0600), 0);
    assert_int_equal(mkdir(in("4-" ID "-4.alert"), 0700), 0);
    make_socket("5-" ID "-5.alert");
    write_file("6-" ID "-6.alert", "");
    write_file("7-" ID "-7.alert", "");
    assert_int_equal(truncate(in("7-" ID "-7.alert"), INT64_C(1) << 40), 0);
    snprintf(target, sizeof target, "%s/0000000001-" ID "-1.alert", folder);
    assert_int_equal(rename(target, in("8-" OTHER "-1.alert")), 0);
}

static void
strange_things_are_refused_and_set_aside(void **state)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"2-" ID "-2.alert",
         "may not be read: Too many levels of symbolic links"},
        {"3-" ID "-3.alert", "not a regular file"},
        {"4-" ID "-4.alert", "not a regular file"},
        {"5-" ID "-5.alert", "may not be read: No such device or address"},
        {"6-" ID "-6.alert",
         "alert: does not begin with \"skewguard-alert=1\""},
        {"7-" ID "-7.alert", "larger than 20480 bytes"},
        {"8-" OTHER "-1.alert", "holds alert " ID "-1"},
    };
    struct sg_spool_list found;
    struct sg_record record;
    char text[512], aside[96];

    (void)state;
    put(ID, 1, SG_ALERT_RAISED);
    make_strange_things();
    found = list();
    assert_int_equal(found.n, sizeof cases / sizeof *cases);
    for (int i = 0; i < found.n; i++) {
        struct sg_err err = {""};

        assert_string_equal(found.entries[i].name, cases[i].name);
        assert_int_equal(
            sg_spool_read(folder, &found.entries[i], &record, &err), -EINVAL);
        snprintf(text, sizeof text, "%s: %s", in(cases[i].name), cases[i].text);
        assert_string_equal(err.text, text);
        assert_int_equal(sg_spool_set_aside(folder, &found.entries[i], &err),
                         0);
        snprintf(aside, sizeof aside, "%s.bad", cases[i].name);
        assert_int_equal(
            faccessat(AT_FDCWD, in(aside), F_OK, AT_SYMLINK_NOFOLLOW), 0);
    }
    sg_spool_list_free(&found);
    assert_lists("");
}

static void
set_aside_overwrites_nothing(void **state)
{
    struct sg_spool_list found;
    struct sg_err err = {""};
    char text[512];

    (void)state;
    put(ID, 1, SG_ALERT_RAISED);
    write_file("0000000001-" ID "-1.alert.bad", "precious");
    found = list();
    assert_int_equal(sg_spool_set_aside(folder, &found.entries[0], &err),
                     -EEXIST);
    snprintf(text, sizeof text, "%s: File exists",
             in("0000000001-" ID "-1.alert.bad"));
    assert_string_equal(err.text, text);
    sg_spool_list_free(&found);
    assert_lists("0000000001-" ID "-1.alert ");
}

static void
what_could_not_be_read_is_not_written(void **state)
{
    (void)state;
    assert_refuses("../../etc/passwd", 1, SG_ALERT_RAISED, -EINVAL,
                   "alert: id \"../../etc/passwd\", allowed 16 of 0-9a-f");
    assert_refuses(ID, 0, SG_ALERT_RAISED, -EINVAL,
                   "alert: number: bad value \"0\"");
    assert_int_equal(access(folder, F_OK), -1);
}

static void
folders_of_others_are_refused(void **state)
{
    struct sg_record record = record_make(ID, 1, SG_ALERT_RAISED);
    struct sg_spool_list found;
    struct sg_err err = {""};
    char text[256], name[1100];

    (void)state;
    assert_int_equal(symlink(base, folder), 0);
    snprintf(text, sizeof text,
             "%s: not a folder (a link to one does not count)", folder);
    assert_refuses(ID, 1, SG_ALERT_RAISED, -ENOTDIR, text);
    assert_int_equal(sg_spool_list(folder, &found, &err), -ENOTDIR);
    assert_string_equal(err.text, text);
    assert_int_equal(unlink(folder), 0);

    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(chmod(folder, 0730), 0);
    snprintf(text, sizeof text,
             "%s: others may write there, its mode is 0730, allowed 0700",
             folder);
    assert_refuses(ID, 1, SG_ALERT_RAISED, -EPERM, text);
    assert_int_equal(rmdir(folder), 0);

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(sg_spool_put(name, &record, NULL, NULL), -ENAMETOOLONG);
}

static void
two_do_not_write_at_once(void **state)
{
    char text[256];
    int fd;

    (void)state;
    put(ID, 1, SG_ALERT_RAISED);
    fd = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    snprintf(text, sizeof text, "%s: another process writes to it just now",
             folder);
    assert_refuses(ID, 2, SG_ALERT_WORSE, -EAGAIN, text);
    assert_lists("0000000001-" ID "-1.alert ");
    close(fd);
    put(ID, 2, SG_ALERT_WORSE);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, empty_folder)
    const struct CMUnitTest tests[] = {
        TEST(nothing_was_ever_put_there),
        TEST(put_listed_read_and_removed),
        TEST(the_same_is_there_once),
        TEST(order_outlives_what_had_it),
        TEST(order_has_an_end),
        TEST(listed_by_number),
        TEST(foreign_names_are_left_alone),
        TEST(what_a_crash_has_left_is_removed),
        TEST(strange_things_are_refused_and_set_aside),
        TEST(set_aside_overwrites_nothing),
        TEST(what_could_not_be_read_is_not_written),
        TEST(folders_of_others_are_refused),
        TEST(two_do_not_write_at_once),
    };

    return cmocka_run_group_tests(tests, make_base, remove_base);
}

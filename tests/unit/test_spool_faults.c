/* The spool, when the system refuses or everything stops halfway. */
#include "alert/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "alert_record.h"
#include "faulty.h"

#define ID "0123456789abcdef"
#define OTHER "fedcba9876543210"

static char base[] = "/tmp/sg-spool-faults-XXXXXX";
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

static int
remove_folder(void **state)
{
    DIR *dir = opendir(folder);
    struct dirent *found;

    (void)state;
    faulty_begin(0, 0, NULL);
    while (dir && (found = readdir(dir)))
        unlinkat(dirfd(dir), found->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(folder);
    return 0;
}

static void
write_file(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int
put(const char *id, unsigned number, struct sg_err *err)
{
    struct sg_record record = record_make(id, number, SG_ALERT_RAISED);

    return sg_spool_put(folder, &record, NULL, err);
}

/* ---- the world before the put that goes wrong ---- */

static void
nothing_there(void)
{
}

/* One that was put by a run which died over the next one. */
static void
leftovers_there(void)
{
    assert_int_equal(put(OTHER, 1, NULL), 0);
    write_file("0000000002-" ID "-1.alert.new", "half");
    write_file("order.new", "2");
}

static const struct world {
    void (*make)(void);
    int n; /* alerts that are there */
} worlds[] = {{nothing_there, 0}, {leftovers_there, 1}};

#define N_WORLDS (sizeof worlds / sizeof *worlds)

/* ---- the world after it ---- */

static void
assert_no_half_files(void)
{
    DIR *dir = opendir(folder);
    struct dirent *found;

    assert_non_null(dir);
    while ((found = readdir(dir)))
        if (strstr(found->d_name, ".new"))
            fail_msg("%s is left behind", found->d_name);
    closedir(dir);
}

/* So many, all whole, that of ID the last one. */
static void
assert_there(int n)
{
    struct sg_record expected = record_make(ID, 1, SG_ALERT_RAISED), record;
    struct sg_spool_list list;
    struct sg_err err = {""};

    assert_int_equal(sg_spool_list(folder, &list, &err), 0);
    assert_int_equal(list.n, n);
    for (int i = 0; i < n; i++) {
        if (sg_spool_read(folder, &list.entries[i], &record, &err) != 0)
            fail_msg("%s", err.text);
        assert_string_equal(record.body, expected.body);
    }
    if (n > 0)
        assert_int_equal(list.entries[n - 1].order, n);
    sg_spool_list_free(&list);
}

static int
count(void)
{
    struct sg_spool_list list;
    int n;

    assert_int_equal(sg_spool_list(folder, &list, NULL), 0);
    n = list.n;
    sg_spool_list_free(&list);
    return n;
}

/* The next attempt gets through, once. */
static void
assert_recovers(const struct world *world)
{
    struct sg_spool_list list;
    struct sg_record record;
    struct sg_err err = {""};

    if (put(ID, 1, &err) != 0)
        fail_msg("%s", err.text);
    assert_no_half_files();
    assert_int_equal(sg_spool_list(folder, &list, NULL), 0);
    assert_int_equal(list.n, world->n + 1);
    assert_int_equal(
        sg_spool_read(folder, &list.entries[world->n], &record, NULL), 0);
    assert_string_equal(record.id, ID);
    sg_spool_list_free(&list);
}

/* ---- the tests ---- */

/* False: there are not that many calls. */
static bool
fail_at(const struct world *world, int at, int error)
{
    struct sg_err err = {""};
    bool has_struck;
    int code;

    world->make();
    faulty_begin(at, error, NULL);
    code = put(ID, 1, &err);
    has_struck = faulty.has_struck;
    faulty_end();
    if (code < 0) {
        assert_int_not_equal(err.text[0], '\0');
        assert_int_equal(count(), world->n);
    } else {
        assert_int_equal(count(), world->n + 1);
        assert_there(world->n + 1);
    }
    if (has_struck)
        assert_recovers(world);
    remove_folder(NULL);
    return has_struck;
}

/* What fails may be nothing that matters, but then it has worked. */
static void
each_call_may_fail(void **state)
{
    static const int errors[] = {EIO, ENOSPC, EMFILE, ENOMEM};

    (void)state;
    for (size_t i = 0; i < N_WORLDS; i++)
        for (size_t j = 0; j < sizeof errors / sizeof *errors; j++) {
            int at = 1;

            while (fail_at(&worlds[i], at, errors[j]))
                at++;
            assert_in_range(at, 30, 200);
        }
}

/* False: it came to its end. */
static bool
die_at(const struct world *world, int at)
{
    int status, n;
    pid_t child;

    world->make();
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        faulty_begin(at, 0, NULL);
        _exit(put(ID, 1, NULL) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    else
        assert_int_equal(WTERMSIG(status), SIGKILL);
    n = count();
    assert_in_range(n, world->n, world->n + 1);
    if (n == world->n + 1)
        assert_there(n);
    assert_recovers(world);
    remove_folder(NULL);
    return WIFSIGNALED(status);
}

static void
each_call_may_be_the_last(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_WORLDS; i++) {
        int at = 1;

        while (die_at(&worlds[i], at))
            at++;
        assert_in_range(at, 30, 200);
    }
}

/* Only what is on disk has a name, and what has one is on disk. */
static void
in_an_order_that_outlives_a_power_failure(void **state)
{
    char expected[1024];

    (void)state;
    faulty_begin(0, 0, NULL);
    assert_int_equal(put(ID, 1, NULL), 0);
    snprintf(expected, sizeof expected,
             "fsync %s\n"
             "fsync order.new\nrename order\nfsync spool\n"
             "fsync 0000000001-" ID "-1.alert.new\n"
             "rename 0000000001-" ID "-1.alert\nfsync spool\n",
             strrchr(base, '/') + 1);
    assert_string_equal(faulty.log, expected);
    /* who put it there may have died before the last of them */
    faulty_begin(0, 0, NULL);
    assert_int_equal(put(ID, 1, NULL), 0);
    assert_string_equal(faulty.log, "fsync spool\n");
    faulty_begin(0, 0, NULL);
    assert_int_equal(put(ID, 2, NULL), 0);
    assert_string_equal(faulty.log,
                        "fsync order.new\nrename order\nfsync spool\n"
                        "fsync 0000000002-" ID "-2.alert.new\n"
                        "rename 0000000002-" ID "-2.alert\nfsync spool\n");
}

static void
interrupted_calls_go_on(void **state)
{
    static const char *const names[] = {"write", "read"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        faulty_begin(0, 0, NULL);
        assert_int_equal(put(OTHER, 1, NULL), 0);
        faulty_begin(1, EINTR, names[i]);
        assert_int_equal(put(ID, 1, NULL), 0);
        assert_true(faulty.has_struck);
        faulty_end();
        assert_there(2);
        remove_folder(NULL);
    }
}

static void
assert_reads(const char *text)
{
    struct sg_spool_list list;
    struct sg_record record;
    struct sg_err err = {""};
    char expected[512];

    assert_int_equal(sg_spool_list(folder, &list, NULL), 0);
    assert_int_equal(list.n, 1);
    assert_int_equal(sg_spool_read(folder, &list.entries[0], &record, &err),
                     -EINVAL);
    snprintf(expected, sizeof expected, "%s/%s: %s", folder,
             list.entries[0].name, text);
    assert_string_equal(err.text, expected);
    sg_spool_list_free(&list);
}

static void
others_are_not_believed(void **state)
{
    struct sg_spool_list list;
    struct sg_err err = {""};
    char text[64], expected[256];

    (void)state;
    assert_int_equal(put(ID, 1, NULL), 0);
    faulty.file_owner = 4242;
    snprintf(text, sizeof text, "belongs to user 4242, allowed %u",
             (unsigned)geteuid());
    assert_reads(text);
    faulty.file_owner = 0;
    faulty.folder_owner = 4242;
    snprintf(expected, sizeof expected, "%s: %s", folder, text);
    assert_int_equal(sg_spool_list(folder, &list, &err), -EPERM);
    assert_string_equal(err.text, expected);
    assert_int_equal(put(ID, 2, &err), -EPERM);
    assert_string_equal(err.text, expected);
    faulty.folder_owner = 0;
    assert_there(1);
}

static void
taking_away_may_fail(void **state)
{
    static const char *const calls[] = {"open", "fstat", "unlinkat", "fsync"};
    struct sg_spool_list list;

    (void)state;
    assert_int_equal(put(ID, 1, NULL), 0);
    assert_int_equal(sg_spool_list(folder, &list, NULL), 0);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct sg_err err = {""};

        faulty_begin(1, EIO, calls[i]);
        assert_int_equal(sg_spool_remove(folder, &list.entries[0], &err), -EIO);
        assert_non_null(strstr(err.text, ": Input/output error"));
        faulty_end();
    }
    assert_int_equal(sg_spool_remove(folder, &list.entries[0], NULL), 0);
    assert_int_equal(count(), 0);
    sg_spool_list_free(&list);
}

/* Where the file system cannot rename without overwriting. */
static void
set_aside_by_plain_means(void **state)
{
    struct sg_spool_list list;
    struct sg_err err = {""};

    (void)state;
    assert_int_equal(put(ID, 1, NULL), 0);
    assert_int_equal(sg_spool_list(folder, &list, NULL), 0);
    write_file("0000000001-" ID "-1.alert.bad", "precious");
    faulty_begin(1, EINVAL, "renameat2");
    assert_int_equal(sg_spool_set_aside(folder, &list.entries[0], &err),
                     -EEXIST);
    assert_true(faulty.has_struck);
    assert_int_equal(count(), 1);
    write_file("0000000002-" ID "-2.alert", "bad");
    strcpy(list.entries[0].name, "0000000002-" ID "-2.alert");
    faulty_begin(1, ENOSYS, "renameat2");
    assert_int_equal(sg_spool_set_aside(folder, &list.entries[0], &err), 0);
    assert_true(faulty.has_struck);
    assert_there(1);
    sg_spool_list_free(&list);
}

/* Locks are missing where the state directory comes from elsewhere. */
static void
locks_are_not_essential(void **state)
{
    (void)state;
    faulty_begin(1, ENOLCK, "flock");
    assert_int_equal(put(ID, 1, NULL), 0);
    assert_true(faulty.has_struck);
    faulty_end();
    assert_there(1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(each_call_may_fail),
        TEST(each_call_may_be_the_last),
        TEST(in_an_order_that_outlives_a_power_failure),
        TEST(interrupted_calls_go_on),
        TEST(others_are_not_believed),
        TEST(taking_away_may_fail),
        TEST(set_aside_by_plain_means),
        TEST(locks_are_not_essential),
    };

    return cmocka_run_group_tests(tests, make_base, remove_base);
}

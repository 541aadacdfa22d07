/*
 * The frequency file, as we write it and as others leave it there.  A program
 * is no library: its file is taken in whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/memory.c"

#define FIRST "skewguard-frequency 1\n"

static char folder[] = "/tmp/skewguard-memory-XXXXXX";
static char path[256];
static struct sg_memory memory;
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
    snprintf(path, sizeof path, "%s/frequency", folder);
    memset(&memory, 0xa5, sizeof memory);
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

/* Refused with that code and reason, and nothing taken from it. */
static void
assert_refused(int code, const char *reason)
{
    struct sg_memory before = memory;
    char expected[512];

    alarm(10); /* nothing may wait */
    assert_int_equal(sg_memory_load(path, &memory, &err), code);
    alarm(0);
    snprintf(expected, sizeof expected, "%s: %s", path, reason);
    assert_string_equal(err.text, expected);
    assert_memory_equal(&memory, &before, sizeof memory);
}

static void
assert_text_refused(const char *text, const char *reason)
{
    write_file(text, strlen(text));
    assert_refused(-EINVAL, reason);
}

static void
what_is_saved_is_loaded(void **state)
{
    static const struct sg_memory saved[] = {
        {12.345678, 0.25, {1800000000123456789}},
        {-500, 500, {0}},
        {500, 0.000001, {9200000000000000000}},
    };
    struct stat st;

    (void)state;
    umask(077);
    for (size_t i = 0; i < sizeof saved / sizeof *saved; i++) {
        assert_int_equal(sg_memory_save(path, &saved[i], &err), 0);
        assert_int_equal(sg_memory_load(path, &memory, &err), 0);
        assert_true(memory.frequency_ppm == saved[i].frequency_ppm);
        assert_true(memory.frequency_sd_ppm == saved[i].frequency_sd_ppm);
        assert_true(sg_ns_diff(memory.saved.ns, saved[i].saved.ns) < 1e-6);
        assert_true(sg_ns_diff(memory.saved.ns, saved[i].saved.ns) > -1e-6);
    }
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
}

static void
a_missing_one_is_told_apart(void **state)
{
    (void)state;
    assert_refused(-ENOENT, "No such file or directory");
}

static void
a_damaged_one_is_refused(void **state)
{
    static const char good[] =
        FIRST "frequency_ppm=1.5\nfrequency_sd_ppm=0.1\nsaved_ns=18\n";
    char text[sizeof good + 8];

    (void)state;
    write_file(good, sizeof good - 1);
    assert_int_equal(sg_memory_load(path, &memory, &err), 0);
    /* every beginning of it */
    for (size_t len = 0; len < sizeof good - 1; len++) {
        write_file(good, len);
        assert_refused(-EINVAL, len < sizeof FIRST - 1 ? "not a frequency file"
                                                       : "damaged");
    }
    memcpy(text, good, sizeof good);
    memcpy(text + sizeof good, "more", 4); /* behind a NUL */
    write_file(text, sizeof good + 4);
    assert_refused(-EINVAL, "damaged");
    assert_text_refused("", "not a frequency file");
    assert_text_refused("skewguard-frequency 2\n", "not a frequency file");
    assert_text_refused(FIRST "frequency_ppm=nan\nfrequency_sd_ppm=1\n"
                              "saved_ns=0\n",
                        "damaged");
    assert_text_refused(FIRST "frequency_ppm=1,5\nfrequency_sd_ppm=1\n"
                              "saved_ns=0\n",
                        "damaged");
    assert_text_refused(FIRST "frequency_sd_ppm=1\nfrequency_ppm=1\n"
                              "saved_ns=0\n",
                        "damaged");
}

static void
values_out_of_range_are_refused(void **state)
{
    (void)state;
    assert_text_refused(FIRST "frequency_ppm=500.001\nfrequency_sd_ppm=1\n"
                              "saved_ns=0\n",
                        "frequency 500.001 ppm, allowed -500 to 500");
    assert_text_refused(FIRST "frequency_ppm=-1e300\nfrequency_sd_ppm=1\n"
                              "saved_ns=0\n",
                        "frequency -1e+300 ppm, allowed -500 to 500");
    assert_text_refused(FIRST "frequency_ppm=0\nfrequency_sd_ppm=0\n"
                              "saved_ns=0\n",
                        "deviation 0 ppm, allowed more than 0 to 500");
    assert_text_refused(FIRST "frequency_ppm=0\nfrequency_sd_ppm=1e300\n"
                              "saved_ns=0\n",
                        "deviation 1e+300 ppm, allowed more than 0 to 500");
    assert_text_refused(FIRST "frequency_ppm=0\nfrequency_sd_ppm=1\n"
                              "saved_ns=-1\n",
                        "saved at -1 ns, allowed 0 to 9.2e+18");
    assert_text_refused(FIRST "frequency_ppm=0\nfrequency_sd_ppm=1\n"
                              "saved_ns=1e300\n",
                        "saved at 1e+300 ns, allowed 0 to 9.2e+18");
}

static void
what_is_no_small_file_is_refused(void **state)
{
    static char huge[100000];

    (void)state;
    memset(huge, 'x', sizeof huge);
    write_file(huge, sizeof huge);
    assert_refused(-EFBIG, "larger than 512 bytes");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(-EINVAL, "not a regular file");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(-EINVAL, "not a regular file");
    assert_int_equal(sg_memory_save(path, &memory, &err), -EISDIR);
}

static void
a_folder_that_is_missing_is_told(void **state)
{
    struct sg_memory good = {1, 1, {0}};
    char expected[512];

    (void)state;
    snprintf(path, sizeof path, "%s/none/frequency", folder);
    snprintf(expected, sizeof expected, "%s: No such file or directory", path);
    assert_int_equal(sg_memory_save(path, &good, &err), -ENOENT);
    assert_string_equal(err.text, expected);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_saved_is_loaded, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_missing_one_is_told_apart, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_one_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(values_out_of_range_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_small_file_is_refused,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_missing_is_told,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

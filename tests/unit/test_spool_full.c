/* The spool, when it holds as much as it may. */
#include "alert/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert_record.h"
#include "faulty.h"

#define ID "0123456789abcdef"
#define NEW "fedcba9876543210"

static char base[] = "/tmp/sg-spool-full-XXXXXX";
static char folder[64];

static int
make_folder(void **state)
{
    (void)state;
    strcpy(strrchr(base, '-'), "-XXXXXX");
    if (!mkdtemp(base))
        return -1;
    snprintf(folder, sizeof folder, "%s/%s", base, SG_SPOOL_FOLDER);
    return mkdir(folder, 0700);
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
    return rmdir(base);
}

static void
write_entry(unsigned number, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/%u-" ID "-%u.alert", folder, number,
             number);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Entries from 1 on: as the letters say ("!" is damaged), then so many that
 * may not go. */
static void
fill(const char *letters, unsigned n)
{
    static const char *const phases = "RWCMO";

    for (unsigned number = 1; number <= n; number++) {
        char letter = *letters ? *letters++ : 'R';
        const char *phase = strchr(phases, letter);
        struct sg_record record = record_make(
            ID, number,
            phase ? (enum sg_alert_phase)(phase - phases) : SG_ALERT_REMINDER);
        struct sg_buf text = SG_BUF_INIT;

        sg_record_encode(&record, &text);
        if (!phase)
            text.text[0] = '?';
        write_entry(number, text.text);
        sg_buf_free(&text);
    }
}

/* Of the entries that fill made, the numbers below ten that are left; and how
 * many there are in all. */
static void
assert_left(const char *numbers, int n)
{
    struct sg_spool_list list;
    char text[16] = "";

    assert_int_equal(sg_spool_list(folder, &list, NULL), 0);
    assert_int_equal(list.n, n);
    for (int i = 0; i < list.n && list.entries[i].order < 10; i++)
        text[strlen(text)] = (char)('0' + list.entries[i].order);
    assert_string_equal(text, numbers);
    sg_spool_list_free(&list);
}

static void
put(unsigned number, enum sg_alert_phase phase, int expected)
{
    struct sg_record record = record_make(NEW, number, phase);
    struct sg_err err = {""};
    int dropped = -1;

    if (sg_spool_put(folder, &record, &dropped, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(dropped, expected);
}

static void
assert_refuses(enum sg_alert_phase phase, const char *text)
{
    struct sg_record record = record_make(NEW, 99, phase);
    struct sg_err err = {""};
    char expected[256];
    int dropped = -1;

    assert_int_equal(sg_spool_put(folder, &record, &dropped, &err), -ENOSPC);
    snprintf(expected, sizeof expected, "%s: %s", folder, text);
    assert_string_equal(err.text, expected);
    assert_int_equal(dropped, 0);
}

static void
one_below_the_bound_nothing_goes(void **state)
{
    (void)state;
    fill("MMMM", SG_SPOOL_MAX - 1);
    put(1, SG_ALERT_RAISED, 0);
    assert_left("123456789", SG_SPOOL_MAX);
}

/* Reminders first, then what was news; never how it began or ended. */
static void
the_least_goes_first(void **state)
{
    (void)state;
    fill("RWMCMOW", SG_SPOOL_MAX);
    put(1, SG_ALERT_WORSE, 1);
    assert_left("12456789", SG_SPOOL_MAX);
    put(2, SG_ALERT_RECOVERED, 1);
    assert_left("1246789", SG_SPOOL_MAX);
    put(3, SG_ALERT_RAISED, 1);
    assert_left("146789", SG_SPOOL_MAX);
    put(4, SG_ALERT_CHANGED, 1);
    assert_left("16789", SG_SPOOL_MAX);
    put(5, SG_ALERT_RAISED, 1);
    assert_left("1689", SG_SPOOL_MAX);
    /* numbers 1 and 4 of the new ones were news, too, and are the oldest now */
    put(6, SG_ALERT_RAISED, 1);
    put(7, SG_ALERT_RAISED, 1);
    assert_refuses(SG_ALERT_RAISED, "501 alerts, allowed 500, and too few that "
                                    "may be dropped for a raised one");
    assert_left("1689", SG_SPOOL_MAX);
}

/* A reminder is worth no news. */
static void
reminders_displace_reminders_alone(void **state)
{
    (void)state;
    fill("RWMC", SG_SPOOL_MAX);
    put(1, SG_ALERT_REMINDER, 1);
    assert_left("12456789", SG_SPOOL_MAX);
    put(2, SG_ALERT_REMINDER, 1);
    put(3, SG_ALERT_WORSE, 1);
    assert_refuses(SG_ALERT_REMINDER, "501 alerts, allowed 500, and too few "
                                      "that may be dropped for a reminder one");
    assert_left("12456789", SG_SPOOL_MAX);
}

static void
what_is_there_needs_no_room(void **state)
{
    struct sg_record record = record_make(ID, 1, SG_ALERT_RAISED);
    int dropped = -1;

    (void)state;
    fill("", SG_SPOOL_MAX);
    assert_int_equal(sg_spool_put(folder, &record, &dropped, NULL), 0);
    assert_int_equal(dropped, 0);
    assert_left("123456789", SG_SPOOL_MAX);
}

/* It is for a person to see. */
static void
what_cannot_be_read_stays(void **state)
{
    (void)state;
    fill("!!M", SG_SPOOL_MAX);
    put(1, SG_ALERT_RAISED, 1);
    assert_left("12456789", SG_SPOOL_MAX);
    assert_refuses(SG_ALERT_RAISED, "501 alerts, allowed 500, and too few that "
                                    "may be dropped for a raised one");
}

static void
one_that_cannot_be_dropped_is_tried_again(void **state)
{
    (void)state;
    fill("RMMM", SG_SPOOL_MAX);
    faulty_begin(1, EIO, "unlinkat");
    put(1, SG_ALERT_RAISED, 0);
    assert_true(faulty.has_struck);
    faulty_end();
    assert_left("123456789", SG_SPOOL_MAX + 1);
    put(2, SG_ALERT_RAISED, 2);
    assert_left("1456789", SG_SPOOL_MAX);
}

/* The second of two renames is that of the alert. */
static void
nothing_goes_for_one_that_does_not_come(void **state)
{
    struct sg_record record = record_make(NEW, 1, SG_ALERT_RAISED);
    int dropped = -1;

    (void)state;
    fill("MMM", SG_SPOOL_MAX);
    faulty_begin(2, ENOSPC, "renameat");
    assert_int_equal(sg_spool_put(folder, &record, &dropped, NULL), -ENOSPC);
    assert_true(faulty.has_struck);
    assert_int_equal(dropped, 0);
    faulty_end();
    assert_left("123456789", SG_SPOOL_MAX);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(one_below_the_bound_nothing_goes),
        TEST(the_least_goes_first),
        TEST(reminders_displace_reminders_alone),
        TEST(what_is_there_needs_no_room),
        TEST(what_cannot_be_read_stays),
        TEST(one_that_cannot_be_dropped_is_tried_again),
        TEST(nothing_goes_for_one_that_does_not_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

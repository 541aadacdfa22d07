#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* a program is no library */
#include "../../src/mailer/journal.c"
#include "../../src/mailer/journal_line.c"

#define CAUSE "0123456789abcdef"
#define OTHER "fedcba9876543210"

static char folder[] = "/tmp/sg-journal.XXXXXX";
static char path[64], bad[64];

static int
set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/sg-journal.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/journal", folder);
    snprintf(bad, sizeof bad, "%s/journal.bad", folder);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    unlink(path);
    unlink(bad);
    rmdir(folder);
    return 0;
}

static struct sg_journal *
open_journal(bool expect_aside)
{
    struct sg_journal *ret = sg_journal_new();
    struct sg_err err;
    bool aside;

    assert_non_null(ret);
    assert_int_equal(sg_journal_open(ret, folder, &aside, &err), 0);
    assert_int_equal(aside, expect_aside);
    return ret;
}

static struct sg_spool_entry
alert(const char *id, unsigned number)
{
    struct sg_spool_entry ret = {.number = number};

    strcpy(ret.id, id);
    return ret;
}

static void
put(struct sg_journal *journal, const char *id, unsigned number,
    const char *channel, struct sg_progress progress)
{
    struct sg_spool_entry entry = alert(id, number);
    struct sg_err err = {""};

    if (sg_journal_put(journal, &entry, channel, &progress, &err) < 0)
        fail_msg("%s", err.text);
}

static enum sg_progress_state
state_of_alert(const struct sg_journal *journal, const char *id,
               unsigned number, const char *channel)
{
    struct sg_spool_entry entry = alert(id, number);

    return sg_journal_get(journal, &entry, channel).state;
}

static void
test_kept_across_a_restart(void **state)
{
    struct sg_journal *journal = open_journal(false);
    struct sg_spool_entry one = alert(CAUSE, 1), two = alert(CAUSE, 2);
    struct sg_progress progress;
    struct sg_err err;

    (void)state;
    put(journal, CAUSE, 1, "root",
        (struct sg_progress){SG_PROGRESS_DONE, 0, 0, 0});
    put(journal, CAUSE, 1, "hook /a b",
        (struct sg_progress){SG_PROGRESS_TRIED, 3, 0, 0});
    put(journal, CAUSE, 2, "root",
        (struct sg_progress){SG_PROGRESS_TRIED, 0, 7200, 0});
    put(journal, CAUSE, 2, "root",
        (struct sg_progress){SG_PROGRESS_GIVEN_UP, 0, 432000, 864000});
    sg_journal_free(journal);

    journal = open_journal(false);
    assert_int_equal(state_of_alert(journal, CAUSE, 1, "root"),
                     SG_PROGRESS_DONE);
    progress = sg_journal_get(journal, &one, "hook /a b");
    assert_int_equal(progress.failed, 3);
    progress = sg_journal_get(journal, &two, "root");
    assert_int_equal(progress.state, SG_PROGRESS_GIVEN_UP);
    assert_float_equal(progress.refused_s, 432000, 0);
    assert_float_equal(progress.waited_s, 864000, 0);
    assert_int_equal(state_of_alert(journal, OTHER, 1, "root"),
                     SG_PROGRESS_TRIED);
    assert_false(sg_journal_is_finished(journal, &one));
    assert_int_equal(sg_journal_finish(journal, &one, &err), 0);
    sg_journal_free(journal);

    journal = open_journal(false);
    assert_true(sg_journal_is_finished(journal, &one));
    assert_false(sg_journal_is_finished(journal, &two));
    sg_journal_free(journal);
}

static void
write_file(const char *text, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* Cut anywhere: what stands before the cut is known, and what comes after is
 * not spoilt by the half line. */
static void
test_cut_anywhere(void **state)
{
    static const char text[] = "skewguard-journal=1\n"
                               "done " CAUSE " 1 0 0 root\n"
                               "done " CAUSE " 2 0 0 root\n";
    const size_t first = strlen("skewguard-journal=1\n"),
                 line = strlen("done " CAUSE " 1 0 0 root\n");

    (void)state;
    for (size_t len = first; len < sizeof text; len++) {
        struct sg_journal *journal;

        write_file(text, len);
        journal = open_journal(false);
        put(journal, OTHER, 1, "root",
            (struct sg_progress){SG_PROGRESS_DONE, 0, 0, 0});
        sg_journal_free(journal);
        journal = open_journal(false);
        assert_int_equal(state_of_alert(journal, CAUSE, 1, "root") ==
                             SG_PROGRESS_DONE,
                         len >= first + line);
        assert_int_equal(state_of_alert(journal, CAUSE, 2, "root") ==
                             SG_PROGRESS_DONE,
                         len >= first + 2 * line);
        assert_int_equal(state_of_alert(journal, OTHER, 1, "root"),
                         SG_PROGRESS_DONE);
        sg_journal_free(journal);
    }
}

static void
test_foreign_lines_are_ignored(void **state)
{
    static const char text[] = "skewguard-journal=1\n"
                               "done " CAUSE " 1 0 0\n"
                               "done " CAUSE " 1 0 0 \n"
                               "done 0123 1 0 0 root\n"
                               "over " CAUSE " 1 0 0 root\n"
                               "done " CAUSE " 1 0 nan root\n"
                               "done " CAUSE " 1 0 -1 root\n"
                               "done " CAUSE " 1 0 1e300 root\n"
                               "done " CAUSE " 1 0 0/ root\n"
                               "done " CAUSE " 1 0 0/-1 root\n"
                               "done " CAUSE " 1 0 0/1e300 root\n"
                               "finished " CAUSE " 1 and more\n"
                               "finished 0123 1\n"
                               "\n";
    struct sg_spool_entry one = alert(CAUSE, 1);
    struct sg_journal *journal;

    (void)state;
    write_file(text, sizeof text - 1);
    journal = open_journal(false);
    assert_int_equal(state_of_alert(journal, CAUSE, 1, "root"),
                     SG_PROGRESS_TRIED);
    assert_false(sg_journal_is_finished(journal, &one));
    sg_journal_free(journal);
}

static void
test_no_journal_is_set_aside(void **state)
{
    struct stat st;

    (void)state;
    write_file("something else\n", 15);
    sg_journal_free(open_journal(true));
    assert_int_equal(stat(bad, &st), 0);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    rmdir(bad);
    unlink(bad);
    sg_journal_free(open_journal(true));
    rmdir(bad);
}

static void
test_written_by_the_process_that_delivers(void **state)
{
    struct sg_journal *journal = open_journal(false);
    struct sg_spool_entry both[] = {alert(CAUSE, 1), alert(CAUSE, 2)};

    (void)state;
    sg_journal_note_done(folder, both, 2, "root");
    sg_journal_free(journal);
    journal = open_journal(false);
    assert_int_equal(state_of_alert(journal, CAUSE, 1, "root"),
                     SG_PROGRESS_DONE);
    assert_int_equal(state_of_alert(journal, CAUSE, 2, "root"),
                     SG_PROGRESS_DONE);
    sg_journal_free(journal);
}

/* Half a note of one process, under a full disk, does not swallow what another
 * one writes after it. */
static void
test_half_a_note_swallows_nothing(void **state)
{
    static const char half[] = "\ndone " CAUSE " 1 0 0 ro";
    struct sg_journal *journal = open_journal(false);
    struct sg_spool_entry three = alert(CAUSE, 3);
    int fd = open(path, APPEND_FLAGS);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, half, sizeof half - 1), sizeof half - 1);
    put(journal, CAUSE, 2, "root",
        (struct sg_progress){SG_PROGRESS_DONE, 0, 0, 0});
    assert_int_equal(write(fd, half, sizeof half - 1), sizeof half - 1);
    sg_journal_note_done(folder, &three, 1, "root");
    close(fd);
    sg_journal_free(journal);
    journal = open_journal(false);
    for (unsigned number = 1; number <= 3; number++)
        assert_int_equal(state_of_alert(journal, CAUSE, number, "root"),
                         number == 1 ? SG_PROGRESS_TRIED : SG_PROGRESS_DONE);
    sg_journal_free(journal);
}

/* It neither grows for ever nor forgets what still matters. */
static void
test_bounded(void **state)
{
    struct sg_journal *journal = open_journal(false);
    struct sg_spool_entry kept = alert(OTHER, 1), entry;
    struct stat st;
    struct sg_err err;
    int n = SG_JOURNAL_FINISHED_MAX + 1500;

    (void)state;
    put(journal, OTHER, 1, "root",
        (struct sg_progress){SG_PROGRESS_DONE, 0, 0, 0});
    for (int i = 1; i <= n; i++) {
        entry = alert(CAUSE, (unsigned)i);
        assert_int_equal(sg_journal_finish(journal, &entry, &err), 0);
    }
    sg_journal_free(journal);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size < 40 * (SG_JOURNAL_FINISHED_MAX + SLACK_LINES + 10));
    journal = open_journal(false);
    assert_int_equal(sg_journal_get(journal, &kept, "root").state,
                     SG_PROGRESS_DONE);
    assert_true(sg_journal_is_finished(journal, &entry));
    entry = alert(CAUSE, (unsigned)(n - SG_JOURNAL_FINISHED_MAX + 1));
    assert_true(sg_journal_is_finished(journal, &entry));
    entry = alert(CAUSE, 1);
    assert_false(sg_journal_is_finished(journal, &entry));
    sg_journal_prune(journal, &(struct sg_spool_list){0, NULL});
    assert_int_equal(sg_journal_get(journal, &kept, "root").state,
                     SG_PROGRESS_TRIED);
    sg_journal_free(journal);
}

/* Nowhere to write to: memory counts, and the file follows later. */
static void
test_goes_on_without_a_file(void **state)
{
    struct sg_journal *journal = open_journal(false);
    struct sg_spool_entry one = alert(CAUSE, 1);
    struct sg_progress done = {SG_PROGRESS_DONE, 0, 0, 0};
    struct sg_err err = {""};
    char away[64];

    (void)state;
    /* as if nothing could be appended any more, either */
    stop_appending(journal);
    snprintf(away, sizeof away, "%s.away", folder);
    assert_int_equal(rename(folder, away), 0);
    assert_true(sg_journal_put(journal, &one, "root", &done, &err) < 0);
    assert_non_null(strstr(err.text, "journal: No such file or directory"));
    assert_int_equal(state_of_alert(journal, CAUSE, 1, "root"),
                     SG_PROGRESS_DONE);
    assert_true(sg_journal_flush(journal, &err) < 0);
    assert_int_equal(rename(away, folder), 0);
    assert_int_equal(sg_journal_flush(journal, &err), 0);
    sg_journal_free(journal);
    journal = open_journal(false);
    assert_int_equal(state_of_alert(journal, CAUSE, 1, "root"),
                     SG_PROGRESS_DONE);
    sg_journal_free(journal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kept_across_a_restart),
        TEST(test_cut_anywhere),
        TEST(test_foreign_lines_are_ignored),
        TEST(test_no_journal_is_set_aside),
        TEST(test_written_by_the_process_that_delivers),
        TEST(test_half_a_note_swallows_nothing),
        TEST(test_bounded),
        TEST(test_goes_on_without_a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

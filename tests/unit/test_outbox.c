#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

/* a program is no library */
#include "../../src/daemon/outbox.c"

#include "alert_record.h"

#define ID "00000000000000aa"

static char folder[64], spool[80];

static int
set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/skewguard-outbox.XXXXXX");
    snprintf(spool, sizeof spool, "%s/" SG_SPOOL_FOLDER,
             mkdtemp(folder) ? folder : "");
    sg_log_init("test", SG_LOG_STDERR, LOG_EMERG);
    return folder[0] ? 0 : -1;
}

static void
empty(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *found;

    while (dir && (found = readdir(dir)))
        unlinkat(dirfd(dir), found->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(path);
}

static int
clean_up(void **state)
{
    (void)state;
    empty(spool);
    empty(folder);
    return 0;
}

static int
n_spooled(void)
{
    struct sg_spool_list list;
    int n;

    assert_int_equal(sg_spool_list(spool, &list, NULL), 0);
    n = list.n;
    sg_spool_list_free(&list);
    return n;
}

static void
add(struct sg_outbox *outbox, unsigned number, enum sg_alert_phase phase)
{
    struct sg_record record = record_make(ID, number, phase);

    sg_outbox_add(outbox, &record);
}

static void
save(struct sg_outbox *outbox)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(&text, "what was told\n");
    sg_outbox_save(outbox, &text);
    sg_buf_free(&text);
}

/* As the next start finds it. */
static struct sg_outbox *
load(void)
{
    struct sg_outbox *outbox = sg_outbox_new(folder);
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err = {""};

    assert_non_null(outbox);
    assert_int_equal(sg_outbox_load(outbox, &text, &err), 0);
    assert_string_equal(text.text, "what was told\n");
    sg_buf_free(&text);
    return outbox;
}

/* Killed after saving, killed after putting: each is there once. */
static void
test_killed(void **state)
{
    struct sg_outbox *outbox = sg_outbox_new(folder);

    (void)state;
    add(outbox, 1, SG_ALERT_RAISED);
    add(outbox, 2, SG_ALERT_WORSE);
    save(outbox);
    sg_outbox_free(outbox);
    for (int i = 0; i < 3; i++) {
        outbox = load();
        assert_true(sg_outbox_is_behind(outbox));
        sg_outbox_flush(outbox);
        assert_false(sg_outbox_is_behind(outbox));
        assert_int_equal(n_spooled(), 2);
        sg_outbox_free(outbox);
    }
}

/* A file that was cut counts for nothing at all. */
static void
test_cut(void **state)
{
    struct sg_outbox *outbox = sg_outbox_new(folder);
    struct sg_buf text = SG_BUF_INIT, file = SG_BUF_INIT;
    struct sg_err err = {""};

    (void)state;
    add(outbox, 1, SG_ALERT_RAISED);
    add(outbox, 2, SG_ALERT_WORSE);
    save(outbox);
    assert_int_equal(sg_file_read(outbox->path, 100000, &file, &err), 0);
    for (size_t len = 0; len < file.len; len += 7) {
        struct sg_outbox *next = sg_outbox_new(folder);

        assert_int_equal(
            sg_file_replace(next->path, file.text, len, 0600, false, &err), 0);
        assert_int_equal(sg_outbox_load(next, &text, &err), -EINVAL);
        assert_int_equal(text.len, 0);
        assert_false(sg_outbox_is_behind(next));
        sg_outbox_free(next);
    }
    sg_buf_free(&file);
    sg_outbox_free(outbox);
}

/* Without a disk to keep it, it is kept in memory and tried again. */
static void
test_no_folder(void **state)
{
    struct sg_outbox *outbox = sg_outbox_new(folder);

    (void)state;
    assert_int_equal(symlink("/nowhere", spool), 0);
    add(outbox, 1, SG_ALERT_RAISED);
    sg_outbox_flush(outbox);
    assert_true(sg_outbox_is_behind(outbox));
    assert_int_equal(unlink(spool), 0);
    sg_outbox_flush(outbox);
    assert_false(sg_outbox_is_behind(outbox));
    assert_int_equal(n_spooled(), 1);
    sg_outbox_free(outbox);
}

/* So many first alerts that nothing may be dropped for a reminder. */
static void
fill_spool(int n_raised, int n_worse)
{
    struct sg_outbox *outbox = sg_outbox_new(folder);

    add(outbox, 1, SG_ALERT_RAISED); /* makes the folder */
    sg_outbox_flush(outbox);
    sg_outbox_free(outbox);
    for (int i = 1; i < n_raised + n_worse; i++) {
        struct sg_record record =
            record_make(ID, (unsigned)i + 1,
                        i < n_raised ? SG_ALERT_RAISED : SG_ALERT_WORSE);
        struct sg_buf text = SG_BUF_INIT;
        struct sg_err err;
        char path[200];

        snprintf(path, sizeof path, "%s/%010d-%s-%u.alert", spool, i + 1, ID,
                 record.number);
        sg_record_encode(&record, &text);
        assert_int_equal(
            sg_file_replace(path, text.text, text.len, 0600, false, &err), 0);
        sg_buf_free(&text);
    }
}

/* A reminder that finds no room does not keep out what may make its own. */
static void
test_reminder_gives_way(void **state)
{
    struct sg_outbox *outbox;

    (void)state;
    fill_spool(SG_SPOOL_MAX - 1, 1);
    assert_int_equal(n_spooled(), SG_SPOOL_MAX);
    outbox = sg_outbox_new(folder);
    add(outbox, 1001, SG_ALERT_REMINDER);
    add(outbox, 1002, SG_ALERT_RAISED);
    sg_outbox_flush(outbox);
    assert_false(sg_outbox_is_behind(outbox));
    assert_int_equal(n_spooled(), SG_SPOOL_MAX);
    /* now there is no room for anybody */
    add(outbox, 1003, SG_ALERT_RAISED);
    sg_outbox_flush(outbox);
    assert_true(sg_outbox_is_behind(outbox));
    sg_outbox_free(outbox);
}

/* In memory, too, first alerts and recoveries stay. */
static void
test_full(void **state)
{
    struct sg_outbox *outbox = sg_outbox_new(folder);
    int raised = 0;

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        add(outbox, i + 1, i % 2 ? SG_ALERT_REMINDER : SG_ALERT_WORSE);
    for (unsigned i = 10; i < RECORDS_MAX + 50; i++)
        add(outbox, i + 1, SG_ALERT_RAISED);
    assert_int_equal(outbox->n, RECORDS_MAX);
    for (const struct item *item = outbox->first; item; item = item->next)
        raised += item->record.phase == SG_ALERT_RAISED;
    assert_int_equal(raised, RECORDS_MAX);
    assert_ptr_equal(*outbox->last, NULL);
    sg_outbox_free(outbox);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed, set_up, clean_up),
        cmocka_unit_test_setup_teardown(test_cut, set_up, clean_up),
        cmocka_unit_test_setup_teardown(test_no_folder, set_up, clean_up),
        cmocka_unit_test_setup_teardown(test_reminder_gives_way, set_up,
                                        clean_up),
        cmocka_unit_test_setup_teardown(test_full, set_up, clean_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

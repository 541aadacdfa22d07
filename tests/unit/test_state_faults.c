/* What is kept in files, when the system refuses or everything stops halfway:
 * what was there before, or what is new, and never a mix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* programs are no libraries */
#include "../../src/daemon/memory.c"
#include "../../src/daemon/outbox.c"
#undef FIRST_LINE
#include "../../src/daemon/publish.c"
#include "../../src/mailer/journal.c"
#include "../../src/mailer/journal_line.c"

#include "alert_record.h"
#include "faulty.h"

#define ID "0123456789abcdef"

static char base[] = "/tmp/sg-state-faults-XXXXXX";

static int
make_base(void **state)
{
    (void)state;
    sg_log_init("test", SG_LOG_STDERR, LOG_EMERG);
    return mkdtemp(base) ? 0 : -1;
}

static void
empty(void)
{
    DIR *dir = opendir(base);
    struct dirent *found;

    while (dir && (found = readdir(dir)))
        unlinkat(dirfd(dir), found->d_name, 0);
    if (dir)
        closedir(dir);
}

static int
remove_base(void **state)
{
    (void)state;
    empty();
    return rmdir(base);
}

static const char *
path_of(const char *name)
{
    static char ret[128];

    snprintf(ret, sizeof ret, "%s/%s", base, name);
    return ret;
}

/* ---- the keepers: keep(1) what is old, keep(2) what is new, and find it ----
 */

static int
keep_frequency(int which)
{
    const struct sg_memory memory = {which * 1.5, 0.25, {which}};
    struct sg_err err;

    return sg_memory_save(path_of("frequency"), &memory, &err);
}

static int
find_frequency(void)
{
    struct sg_memory memory;
    struct sg_err err;

    if (sg_memory_load(path_of("frequency"), &memory, &err) < 0)
        return -1;
    return memory.frequency_ppm == (double)memory.saved.ns * 1.5
               ? (int)memory.saved.ns
               : -1;
}

/* The outbox says itself whether it is behind. */
static int
keep_alerts(int which)
{
    struct sg_outbox *outbox = sg_outbox_new(base);
    struct sg_buf text = SG_BUF_INIT;
    int ret = -1;

    sg_buf_add(&text, "what was told\n");
    for (unsigned i = 1; outbox && i <= (unsigned)which; i++) {
        struct sg_record record = record_make(ID, i, SG_ALERT_RAISED);

        sg_outbox_add(outbox, &record);
    }
    if (outbox) {
        sg_outbox_save(outbox, &text);
        ret = outbox->is_unsaved ? -1 : 0;
    }
    sg_buf_free(&text);
    sg_outbox_free(outbox);
    return ret;
}

static int
find_alerts(void)
{
    struct sg_outbox *outbox = sg_outbox_new(base);
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err;
    int ret = sg_outbox_load(outbox, &text, &err) < 0 ? -1 : outbox->n;

    if (ret > 0 && strcmp(text.text, "what was told\n") != 0)
        ret = -1;
    sg_buf_free(&text);
    sg_outbox_free(outbox);
    return ret;
}

static const struct sg_spool_entry delivered = {.number = 7, .id = ID};

/* A channel's failures are counted; two, or one. */
static int
keep_journal(int which)
{
    const struct sg_progress progress = {.state = SG_PROGRESS_TRIED,
                                         .failed = (unsigned)which};
    struct sg_journal *journal = sg_journal_new();
    struct sg_err err;
    bool aside;
    int ret = journal ? sg_journal_open(journal, base, &aside, &err) : -1;

    /* the first one writes the file anew, the second is appended */
    if (ret == 0)
        ret = sg_journal_put(journal, &delivered, "other", &progress, &err);
    if (ret == 0)
        ret = sg_journal_put(journal, &delivered, "root", &progress, &err);
    sg_journal_free(journal);
    return ret;
}

static int
find_journal(void)
{
    struct sg_journal *journal = sg_journal_new();
    struct sg_err err;
    bool aside;
    int ret;

    assert_int_equal(sg_journal_open(journal, base, &aside, &err), 0);
    ret = aside ? -1 : (int)sg_journal_get(journal, &delivered, "root").failed;
    sg_journal_free(journal);
    return ret;
}

static int
keep_status(int which)
{
    static struct sg_status status;
    struct sg_err err;

    sg_status_init(&status);
    status.pid = which;
    return sg_publish_file(path_of("status"), &status, &err);
}

static int
find_status(void)
{
    static struct sg_status status;
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err;
    int ret = sg_file_read(path_of("status"), 1 << 20, &text, &err);

    if (ret == 0)
        ret = sg_status_decode(text.text, text.len, &status, &err);
    sg_buf_free(&text);
    return ret < 0 ? -1 : status.pid;
}

static const struct keeper {
    const char *name;
    int (*keep)(int which);
    int (*find)(void);
    const char *order; /* in which it gets on disk; NULL: it need not */
    const char *after; /* the folder, and then this */
} keepers[] = {
    {"frequency", keep_frequency, find_frequency,
     "fsync frequency.new\nrename frequency\n", ""},
    {"alerts", keep_alerts, find_alerts, "fsync alerts.new\nrename alerts\n",
     ""},
    {"journal", keep_journal, find_journal,
     "fsync journal.new\nrename journal\n", "fsync journal\n"},
    {"status", keep_status, find_status, NULL, NULL},
};

#define N_KEEPERS (sizeof keepers / sizeof *keepers)

/* ---- the tests ---- */

static void
begin_with_old(const struct keeper *keeper)
{
    empty();
    assert_int_equal(keeper->keep(1), 0);
    assert_int_equal(keeper->find(), 1);
}

static void
assert_recovers(const struct keeper *keeper)
{
    char fresh[160];

    assert_int_equal(keeper->keep(2), 0);
    assert_int_equal(keeper->find(), 2);
    snprintf(fresh, sizeof fresh, "%s.new", path_of(keeper->name));
    assert_int_equal(access(fresh, F_OK), -1);
}

/* False: there are not that many calls. */
static bool
fail_at(const struct keeper *keeper, int at, int error)
{
    bool has_struck;
    int code, found;

    begin_with_old(keeper);
    faulty_begin(at, error, NULL);
    code = keeper->keep(2);
    has_struck = faulty.has_struck;
    faulty_end();
    found = keeper->find();
    if (code == 0 ? found != 2 : found != 1 && found != 2)
        fail_msg("%s, call %d: returned %d, found %d", keeper->name, at, code,
                 found);
    assert_recovers(keeper);
    return has_struck;
}

static void
each_call_may_fail(void **state)
{
    static const int errors[] = {EIO, ENOSPC, EINTR, EACCES, ENOMEM};

    (void)state;
    for (size_t i = 0; i < N_KEEPERS; i++)
        for (size_t j = 0; j < sizeof errors / sizeof *errors; j++) {
            int at = 1;

            while (fail_at(&keepers[i], at, errors[j]))
                at++;
            assert_in_range(at, 6, 200);
        }
}

/* False: it came to its end. */
static bool
die_at(const struct keeper *keeper, int at)
{
    int status, found;
    pid_t child;

    begin_with_old(keeper);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        faulty_begin(at, 0, NULL);
        _exit(keeper->keep(2) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    else
        assert_int_equal(WTERMSIG(status), SIGKILL);
    found = keeper->find();
    if (found != 1 && found != 2)
        fail_msg("%s, died at call %d: found %d", keeper->name, at, found);
    assert_recovers(keeper);
    return WIFSIGNALED(status);
}

static void
each_call_may_be_the_last(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KEEPERS; i++) {
        int at = 1;

        while (die_at(&keepers[i], at))
            at++;
        assert_in_range(at, 6, 200);
    }
}

/* What has a name is on disk, and then the name is. */
static void
in_an_order_that_outlives_a_power_failure(void **state)
{
    char expected[256];

    (void)state;
    for (size_t i = 0; i < N_KEEPERS; i++) {
        if (!keepers[i].order)
            continue;
        begin_with_old(&keepers[i]);
        faulty_begin(0, 0, NULL);
        assert_int_equal(keepers[i].keep(2), 0);
        snprintf(expected, sizeof expected, "%sfsync %s\n%s", keepers[i].order,
                 strrchr(base, '/') + 1, keepers[i].after);
        assert_string_equal(faulty.log, expected);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_may_fail),
        cmocka_unit_test(each_call_may_be_the_last),
        cmocka_unit_test(in_an_order_that_outlives_a_power_failure),
    };

    return cmocka_run_group_tests(tests, make_base, remove_base);
}

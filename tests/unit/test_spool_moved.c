/* The spool, when somebody else plays with its name. */
#include "alert/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert_record.h"
#include "faulty.h"

#define ID "0123456789abcdef"

static char base[] = "/tmp/sg-spool-moved-XXXXXX";
static char folder[64], moved[64], elsewhere[64];

static int
make_base(void **state)
{
    (void)state;
    if (!mkdtemp(base))
        return -1;
    snprintf(folder, sizeof folder, "%s/spool", base);
    snprintf(moved, sizeof moved, "%s/moved", base);
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", base);
    return mkdir(elsewhere, 0700);
}

/* How many names there are, which are removed. */
static int
empty(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *found;
    int ret = 0;

    while (dir && (found = readdir(dir)))
        if (found->d_name[0] != '.') {
            unlinkat(dirfd(dir), found->d_name, 0);
            ret++;
        }
    if (dir)
        closedir(dir);
    return ret;
}

static int
remove_base(void **state)
{
    (void)state;
    unlinkat(AT_FDCWD, folder, 0);
    rmdir(moved);
    rmdir(elsewhere);
    return rmdir(base);
}

static void
put_link_there(void)
{
    assert_int_equal(renameat(AT_FDCWD, folder, AT_FDCWD, moved), 0);
    assert_int_equal(symlink(elsewhere, folder), 0);
}

static void
nothing_is_made_for_who_must_not(void **state)
{
    struct sg_record record = record_make(ID, 1, SG_ALERT_RAISED);
    struct sg_err err = {""};

    (void)state;
    assert_int_equal(sg_spool_put_there(folder, &record, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/spool: No such file or directory"));
    assert_int_equal(access(folder, F_OK), -1);
}

/* What was checked is where it goes: never where the name points by then. */
static void
written_where_it_was_checked(void **state)
{
    struct sg_record record = record_make(ID, 1, SG_ALERT_RAISED);
    struct sg_err err = {""};

    (void)state;
    assert_int_equal(mkdir(folder, 0700), 0);
    faulty.on_lock = put_link_there;
    if (sg_spool_put_there(folder, &record, &err) != 0)
        fail_msg("%s", err.text);
    faulty.on_lock = NULL;
    assert_int_equal(empty(elsewhere), 0);
    assert_int_equal(empty(moved), 2); /* and its number */
    assert_int_equal(sg_spool_put_there(folder, &record, &err), -ENOTDIR);
    assert_int_equal(empty(elsewhere), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_made_for_who_must_not),
        cmocka_unit_test(written_where_it_was_checked),
    };

    return cmocka_run_group_tests(tests, make_base, remove_base);
}

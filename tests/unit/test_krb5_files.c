/* The files that libkrb5 reads, as far as they have to be watched. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "probe/krb5_files.h"
#include "probe/krb5_keytab.h"

static char folder[64];

static int
make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/sg-test-files-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

/* "@" in the text stands for the folder. */
static void
put(const char *name, const char *text)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    for (; *text; text++)
        if (*text == '@')
            fputs(folder, file);
        else
            fputc(*text, file);
    assert_int_equal(fclose(file), 0);
}

/* As names within the folder, in the order of the calls. */
static void
on_file(void *arg, const char *path)
{
    size_t len = strlen(folder);

    assert_memory_equal(path, folder, len);
    sg_buf_add(arg, "%s ", path + len + 1);
}

static void
expect(const char *expected)
{
    struct sg_buf names = SG_BUF_INIT;

    sg_krb5_files(on_file, &names);
    assert_string_equal(names.text ? names.text : "", expected);
    sg_buf_free(&names);
}

static void
use(const char *first, const char *second)
{
    char list[256];

    snprintf(list, sizeof list, "%s/%s%s%s%s%s", folder, first,
             second ? ":" : "", second ? folder : "", second ? "/" : "",
             second ? second : "");
    assert_int_equal(setenv("KRB5_CONFIG", list, 1), 0);
}

static void
includes_are_followed(void **state)
{
    char path[128];

    (void)state;
    put("a", "[libdefaults]\ninclude @/b\n x = y\ninclude\t@/missing \r\n"
             "includedir @/d\n#include @/no\n included @/no\ninclude\n");
    put("b", "include @/c");
    put("c", "");
    snprintf(path, sizeof path, "%s/d", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    put("d/one.conf", "");
    put("d/.two.conf", "");
    put("d/three.rpmsave", "");
    use("a", NULL);
    expect("a b c missing d d/one.conf ");
    use("c", "nowhere");
    expect("c nowhere ");
}

static void
circles_end(void **state)
{
    (void)state;
    put("x", "include @/x\n");
    use("x", NULL);
    expect("x x x x x x x x x ");
    put("x", "include @/x\ninclude @/x\ninclude @/x\n");
    {
        struct sg_buf names = SG_BUF_INIT;

        sg_krb5_files(on_file, &names);
        assert_int_equal(names.len, 2 * SG_KRB5_FILES_MAX);
        sg_buf_free(&names);
    }
}

static void
assert_check(int code, const char *message)
{
    struct sg_err err = {""};
    struct sg_buf expected = SG_BUF_INIT;

    assert_int_equal(sg_krb5_files_check(&err), code);
    if (code < 0)
        sg_buf_add(&expected, "%s/%s", folder, message);
    assert_string_equal(err.text, expected.text ? expected.text : "");
    sg_buf_free(&expected);
}

/* libkrb5 would wait until somebody writes into it. */
static void
a_fifo_is_refused(void **state)
{
    char path[128], keytab[SG_KEYTAB_PATH_MAX];

    (void)state;
    put("f", "include @/g\nincludedir @/h\n");
    put("g", "");
    use("f", "nowhere");
    assert_check(0, "");
    snprintf(path, sizeof path, "%s/h", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/h/i", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_check(-EINVAL, "h/i: is no regular file, allowed is nothing else");
    snprintf(path, sizeof path, "%s/fifo", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    use("g", "fifo");
    assert_check(-EINVAL, "fifo: is no regular file, allowed is nothing else");
    snprintf(path, sizeof path, "%s/link", folder);
    assert_int_equal(symlink("fifo", path), 0);
    use("link", NULL);
    /* whoever opens it gets no further */
    alarm(30);
    assert_int_equal(sg_krb5_keytab_path("", keytab, sizeof keytab, NULL), 0);
    alarm(0);
    assert_int_equal(keytab[0], '/');
    assert_check(-EINVAL, "link: is no regular file, allowed is nothing else");
    assert_int_equal(setenv("KRB5_CONFIG", "/dev/null", 1), 0);
    assert_check(0, "");
    assert_int_equal(setenv("KRB5_CONFIG", "/dev/zero", 1), 0);
    assert_int_equal(sg_krb5_files_check(NULL), -EINVAL);
}

static void
lines(void **state)
{
    static const struct {
        const char *line, *path;
        bool is_folder;
    } cases[] = {
        {"include /a", "/a", false},
        {"include \t /a b \r", "/a b", false},
        {"includedir /a", "/a", true},
        {"include", NULL, false},
        {"include ", NULL, false},
        {"includedir", NULL, false},
        {"includes /a", NULL, false},
        {"module /a", NULL, false},
        {"", NULL, false},
    };
    char path[16];
    bool is_folder;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_one = sg_krb5_include(cases[i].line, strlen(cases[i].line),
                                      &is_folder, path, sizeof path);

        assert_int_equal(is_one, cases[i].path != NULL);
        if (!is_one)
            continue;
        assert_string_equal(path, cases[i].path);
        assert_int_equal(is_folder, cases[i].is_folder);
    }
    assert_false(sg_krb5_include("include /a\0b", 12, &is_folder, path, 16));
    assert_false(
        sg_krb5_include("include /0123456789abcde", 24, &is_folder, path, 16));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(includes_are_followed),
        cmocka_unit_test(circles_end),
        cmocka_unit_test(a_fifo_is_refused),
        cmocka_unit_test(lines),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

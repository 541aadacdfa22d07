/* Configurations that are spread over files, and what is shipped of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "setup/config.h"
#include "setup/config_file.h"
#include "setup/config_keys.h"

static char folder[64];

static int
make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/sg-test-config-[x]XXXXXX");
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

static const char *
path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void
write_bytes(const char *name, const char *bytes, size_t len)
{
    FILE *file = fopen(path_of(name), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void
write_file(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

static struct sg_config *
load(const char *name)
{
    struct sg_config *config = NULL;
    struct sg_err err = {""};
    int code = sg_config_load(path_of(name), &config, &err);

    if (code != 0)
        print_error("%s\n", err.text);
    assert_int_equal(code, 0);
    return config;
}

/* Expects a failure; "@" in message stands for the folder. */
static void
refuse(const char *name, int code, const char *message)
{
    struct sg_config *config = NULL;
    struct sg_err err = {""};
    struct sg_buf expected = SG_BUF_INIT;

    for (; *message; message++)
        if (*message == '@')
            sg_buf_add(&expected, "%s", folder);
        else
            sg_buf_add_bytes(&expected, message, 1);
    assert_int_equal(sg_config_load(path_of(name), &config, &err), code);
    assert_string_equal(err.text, expected.text);
    assert_null(config);
    sg_buf_free(&expected);
}

static void
test_includes(void **state)
{
    struct sg_config *config;

    (void)state;
    mkdir(path_of("conf.d"), 0755);
    mkdir(path_of("conf.d/more"), 0755);
    write_file("main.conf", "mode = guard\n"
                            "include(\"conf.d/*.conf\")\n"
                            "follow = utc\n"
                            "include(\"nothing/*.conf\")\n"
                            "include(\"nothing.d/none[0-9]\")\n");
    write_file("conf.d/10-a.conf", "max_poll = 100s\n"
                                   "ntp b { }\n");
    write_file("conf.d/9.conf", "max_poll = 200s\n"
                                "include('more/c.conf')\n"
                                "alert { critical = 15% }\n");
    write_file("conf.d/more/c.conf", "ntp a { }\nalert { warn = 10% }");
    write_file("conf.d/.hidden.conf", "rubbish");
    write_file("conf.d/10-a.conf~", "rubbish");
    write_file("conf.d/empty.conf", "");
    config = load("main.conf");
    assert_int_equal(config->mode, SG_MODE_GUARD);
    assert_int_equal(config->follow, SG_FOLLOW_UTC);
    assert_true(config->max_poll_s == 200);
    assert_true(config->alert.warn_frac == 0.1);
    assert_true(config->alert.critical_frac == 0.15);
    assert_int_equal(config->n_servers, 2);
    assert_string_equal(config->servers[0].name, "b");
    assert_string_equal(config->servers[1].name, "a");
    sg_config_free(config);
}

static void
test_mistakes_in_includes(void **state)
{
    (void)state;
    write_file("a.conf", "# one\n# two\ninclude(\"b.conf\")\nmode = x\n");
    write_file("b.conf", "\n# one\nmode = y\n");
    refuse("a.conf", -EINVAL,
           "@/b.conf:3: mode: value \"y\" is unknown, allowed are auto, "
           "guard, discipline");
    write_file("b.conf", "\n# one\nalert { warn = 7 }\n");
    refuse("a.conf", -EINVAL,
           "@/b.conf:3: warn: value \"7\" has no unit, allowed is a percentage "
           "from 1% to 100% (unit %), for example 7%");
    write_file("b.conf", "# one\n\nalert { warn = 70% }\n");
    write_file("a.conf", "\ninclude(\"b.conf\")\nmode = guard\n");
    refuse("a.conf", -EINVAL,
           "@/b.conf:3: alert: warn = 70% is not below critical = 60%, "
           "allowed is a smaller warn");
    write_file("b.conf", "smtp { host = mail tls = required\nuser = u }\n");
    write_file("a.conf", "\ninclude(\"b.conf\")\nsmtp { port = 587 }\n");
    refuse("a.conf", -EINVAL,
           "@/b.conf:2: smtp: user is set and password_file is not, allowed "
           "are both or none");
    write_file("a.conf", "include(\"b.conf\")\n\nsmtp { tls = try\n"
                         "password_file = /p }\n");
    refuse("a.conf", -EINVAL,
           "@/a.conf:3: smtp: tls = try would show the password to others, "
           "allowed with user are required, implicit");
    write_file("b.conf", "mode = 'guard");
    refuse("a.conf", -EINVAL,
           "@/b.conf:1: quoted value has no closing ' on its line");
    write_file("b.conf", "realm A {\n\n");
    refuse("a.conf", -EINVAL, "@/b.conf:1: \"{\" has no closing \"}\"");
    write_file("b.conf", "mode = guard\n\n\n\n\n");
    write_file("a.conf", "\ninclude(\"b.conf\") mode = x\n");
    refuse("a.conf", -EINVAL,
           "@/a.conf:2: mode: value \"x\" is unknown, allowed are auto, "
           "guard, discipline");
    write_file("b.conf", "ntp a { }");
    write_file("a.conf", "\ninclude(\"b.conf\")\nntp A { }\n");
    refuse("a.conf", -EINVAL,
           "@/a.conf:3: ntp: title \"A\" is given twice, allowed is once");
}

static void
test_bad_includes(void **state)
{
    (void)state;
    write_file("a.conf", "\ninclude(\"missing.conf\")\n");
    refuse("a.conf", -ENOENT,
           "@/a.conf:2: include: @/missing.conf: No such file or directory");
    write_file("a.conf", "include(\"a.conf\")\n");
    refuse("a.conf", -ELOOP, "@/a.conf:1: include: @/a.conf: includes itself");
    write_file("a.conf", "include(\"b.conf\")\n");
    write_file("b.conf", "include(\"*.conf\")\n");
    refuse("a.conf", -ELOOP, "@/b.conf:1: include: @/a.conf: includes itself");
    write_file("a.conf", "include(\".\")\n");
    refuse("a.conf", -EISDIR,
           "@/a.conf:1: include: @/.: is a directory, allowed is a regular "
           "file");
    write_file("a.conf", "include(\"/dev/zero\")\n");
    refuse("a.conf", -EINVAL,
           "@/a.conf:1: include: /dev/zero: is no regular file, allowed is "
           "nothing else");
    for (int i = 0; i <= 9; i++) {
        char name[16], text[32];

        snprintf(name, sizeof name, "level%d", i);
        snprintf(text, sizeof text, "include(level%d)", i + 1);
        write_file(name, i < 9 ? text : "");
    }
    refuse("level0", -ELOOP,
           "@/level8:1: include: nested too deeply, allowed are 8 levels");
    sg_config_free(load("level1"));
}

/* 20 files that include 20 files each: refused early, not read 400 times. */
static void
test_too_many_includes(void **state)
{
    (void)state;
    mkdir(path_of("fan"), 0755);
    write_file("fan.conf", "include(\"fan/a*\")");
    for (int i = 0; i < 20; i++) {
        char name[16];

        snprintf(name, sizeof name, "fan/a%02d", i);
        write_file(name, "include(\"b*\")");
        snprintf(name, sizeof name, "fan/b%02d", i);
        write_file(name, "");
    }
    refuse("fan.conf", -E2BIG,
           "@/fan/a12:1: include: @/fan/b03: one file too many, allowed are "
           "256");
}

static void
test_bad_files(void **state)
{
    static char big[SG_CONFIG_FILE_MAX + 1];
    struct sg_config *config = NULL;
    struct sg_err err;

    (void)state;
    refuse("none.conf", -ENOENT, "@/none.conf: No such file or directory");
    refuse(".", -EISDIR, "@/.: is a directory, allowed is a regular file");
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    refuse("fifo", -EINVAL,
           "@/fifo: is no regular file, allowed is nothing else");
    write_file("open.conf", "");
    chmod(path_of("open.conf"), 0666);
    refuse("open.conf", -EPERM,
           "@/open.conf: everybody may write to it (mode 0666), allowed is no "
           "write permission for others (chmod o-w)");
    write_bytes("nul.conf", "mode = guard\n\0mode = x", 23);
    refuse("nul.conf", -EINVAL,
           "@/nul.conf:2: control character 0x00, allowed is plain text");
    memset(big, '\n', sizeof big);
    write_bytes("big.conf", big, sizeof big - 1);
    sg_config_free(load("big.conf"));
    write_bytes("big.conf", big, sizeof big);
    refuse("big.conf", -EFBIG,
           "@/big.conf: is too big, allowed are 1048576 bytes");

    write_file("secret.conf", "");
    chmod(path_of("secret.conf"), 0);
    if (geteuid() == 0)
        assert_int_equal(seteuid(65534), 0);
    chmod(folder, 0755);
    assert_true(sg_config_load(path_of("secret.conf"), &config, &err) < 0);
    assert_non_null(strstr(err.text, ": Permission denied"));
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

/* ---- what is shipped ---- */

static char *
read_shipped(const char *name)
{
    struct sg_config_file file;
    struct sg_err err;
    const char here[] = "tests/unit/test_config_files.c";
    char path[512];

    snprintf(path, sizeof path, "%.*s%s",
             (int)(strlen(__FILE__) - strlen(here)), __FILE__, name);
    if (sg_config_file_read(path, &file, &err) < 0)
        fail_msg("%s: %s", path, err.text);
    return file.text;
}

static void
assert_defaults(const char *text)
{
    struct sg_config *config = NULL, *defaults = NULL;
    struct sg_buf printed = SG_BUF_INIT, expected = SG_BUF_INIT;
    struct sg_err err = {""};

    if (sg_config_parse(text, "skewguard.conf", &config, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(sg_config_parse("", "", &defaults, NULL), 0);
    sg_config_print(config, &printed);
    sg_config_print(defaults, &expected);
    assert_string_equal(printed.text, expected.text);
    sg_config_free(config);
    sg_config_free(defaults);
    sg_buf_free(&printed);
    sg_buf_free(&expected);
}

/* "#key = value" is a value, "# text" an explanation. */
static char *
activate(const char *text)
{
    char *active = strdup(text);
    char *to = active;

    for (const char *c = text; *c; c++) {
        bool starts_line = c == text || c[-1] == '\n';

        if (!(starts_line && *c == '#' && c[1] >= 'a' && c[1] <= 'z'))
            *to++ = *c;
    }
    *to = '\0';
    return active;
}

/* "key = value" as a person writes it. */
static void
spell_default(const struct sg_config_key *key, char *ret, size_t size)
{
    const char *deflt = key->deflt ? key->deflt : "";
    const char *before = "", *after = "";

    if (key->deflt && key->type->set_count) {
        before = "{ \"";
        after = "\" }";
    } else if (deflt[0] == '/') {
        before = after = "\"";
    }
    snprintf(ret, size, "%s = %s%s%s", key->name, before, deflt, after);
}

static void
test_shipped_file(void **state)
{
    char *text = read_shipped("etc/skewguard.conf");
    char *active = activate(text);

    (void)state;
    assert_defaults(text);
    assert_defaults(active);
    for (size_t i = 0; i < sg_config_n_keys; i++) {
        const struct sg_config_key *key = &sg_config_keys[i];
        char line[128];

        spell_default(key, line, sizeof line);
        if (!strstr(text, line))
            fail_msg("etc/skewguard.conf: \"%s\" is missing", line);
        /* A default is set and not just mentioned, but for sections that a
         * title makes. */
        if (key->deflt && strcmp(key->section, "ntp") != 0 &&
            strcmp(key->section, "kdc") != 0 && !strstr(active, line))
            fail_msg("etc/skewguard.conf: \"%s\" is no value line", line);
    }
    assert_non_null(strstr(text, "skewguard.conf(5)"));
    free(text);
    free(active);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_includes),
        cmocka_unit_test(test_mistakes_in_includes),
        cmocka_unit_test(test_bad_includes),
        cmocka_unit_test(test_too_many_includes),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_shipped_file),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

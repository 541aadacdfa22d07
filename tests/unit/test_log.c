#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#undef syslog /* a macro where the C library checks arguments */

/* Stand in for the C library's; the second one serves hardened builds. */
void __syslog_chk(int level, int flag, const char *format, ...);

static char to_syslog[2048];
static int syslog_level;

static void
keep(int level, const char *format, va_list args)
{
    syslog_level = level;
    assert_string_equal(format, "%s"); /* the text is never a format */
    vsnprintf(to_syslog, sizeof to_syslog, "%s", args);
}

void
syslog(int level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    keep(level, format, args);
    va_end(args);
}

void
__syslog_chk(int level, int flag, const char *format, ...)
{
    va_list args;

    (void)flag;
    va_start(args, format);
    keep(level, format, args);
    va_end(args);
}

static int real_stderr;
static FILE *caught;

static void
catch_stderr(void)
{
    fflush(stderr);
    real_stderr = dup(STDERR_FILENO);
    caught = tmpfile();
    assert_non_null(caught);
    assert_true(dup2(fileno(caught), STDERR_FILENO) >= 0);
}

static void
assert_stderr(const char *expected)
{
    char text[4096];
    size_t len;

    fflush(stderr);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(caught);
    len = fread(text, 1, sizeof text - 1, caught);
    text[len] = '\0';
    fclose(caught);
    assert_string_equal(text, expected);
}

static void
lines_name_their_program(void **state)
{
    (void)state;
    sg_log_init("skewguardd", SG_LOG_STDERR, LOG_INFO);
    catch_stderr();
    sg_log(LOG_NOTICE, "source %s: no reply in %.1f s", "kdc1", 1.0);
    sg_log(LOG_INFO, "at the limit");
    sg_log(LOG_DEBUG, "beyond it");
    assert_stderr("skewguardd: source kdc1: no reply in 1.0 s\n"
                  "skewguardd: at the limit\n");
}

static void
foreign_text_cannot_forge_lines(void **state)
{
    (void)state;
    sg_log_init("skewguardd", SG_LOG_STDERR, LOG_DEBUG);
    catch_stderr();
    sg_log(LOG_ERR, "source %s: bad", "a\nskewguardd: b\x1b[2J\x7f\t%n");
    sg_log(LOG_ERR, "realm %s",
           "B\xc3\xbc"
           "CHER.EXAMPLE");
    assert_stderr("skewguardd: source a?skewguardd: b?[2J??%n: bad\n"
                  "skewguardd: realm B\xc3\xbc"
                  "CHER.EXAMPLE\n");
}

static void
long_lines_are_cut(void **state)
{
    char text[3000], expected[1100];

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    snprintf(expected, sizeof expected, "p: %.1023s\n", text);
    sg_log_init("p", SG_LOG_STDERR, LOG_DEBUG);
    catch_stderr();
    sg_log(LOG_ERR, "%s", text);
    assert_stderr(expected);
}

static void
syslog_gets_the_same(void **state)
{
    (void)state;
    sg_log_init("skewguardd", SG_LOG_SYSLOG, LOG_INFO);
    catch_stderr();
    sg_log(LOG_WARNING, "realm %s: skew %d s", "A%n\nB", 214);
    assert_stderr("");
    assert_string_equal(to_syslog, "realm A%n?B: skew 214 s");
    assert_int_equal(syslog_level, LOG_WARNING);
    to_syslog[0] = '\0';
    sg_log(LOG_DEBUG, "beyond the limit");
    assert_string_equal(to_syslog, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_name_their_program),
        cmocka_unit_test(foreign_text_cannot_forge_lines),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(syslog_gets_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fakelog.h"

/* The system's log, or its journal. */
static struct fakelog log_reader;

int __real_connect(int fd, const void *name, socklen_t len);
int __wrap_connect(int fd, const void *name, socklen_t len);

/* Both lead to us. */
int
__wrap_connect(int fd, const void *name, socklen_t len)
{
    struct sockaddr_un asked = {.sun_family = AF_UNIX}, ours = asked;

    memcpy(&asked, name, len);
    if (strcmp(asked.sun_path, "/dev/log") != 0)
        assert_string_equal(asked.sun_path, "/run/systemd/journal/socket");
    memcpy(ours.sun_path, log_reader.path, sizeof log_reader.path);
    return __real_connect(fd, &ours, sizeof ours);
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
release_stderr(void)
{
    fflush(stderr);
    assert_true(dup2(real_stderr, STDERR_FILENO) >= 0);
    close(real_stderr);
}

static void
assert_stderr(const char *expected)
{
    char text[4096];
    size_t len;

    release_stderr();
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
    /* cut off, overlong, a surrogate, too large, C1, no beginning */
    sg_log(
        LOG_ERR, "%s",
        "\xc3|\xc0\xaf|\xed\xa0\x80|\xf5\x80\x80\x80|\xc2\x9b|\xa0|\xe2\x82");
    sg_log(LOG_ERR, "%s", "\xe2\x82\xac \xf0\x9f\x95\x90");
    assert_stderr("skewguardd: source a?skewguardd: b?[2J??%n: bad\n"
                  "skewguardd: realm B\xc3\xbc"
                  "CHER.EXAMPLE\n"
                  "skewguardd: ?|??|???|????|??|?|??\n"
                  "skewguardd: \xe2\x82\xac \xf0\x9f\x95\x90\n");
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

/* "<28>Jan  1 00:00:00 skewguardd[17]: text" */
static void
assert_syslog(int level, const char *expected)
{
    const char *line = fakelog_read(&log_reader);
    char date[32], rest[1200];
    int priority, pid, at = 0;
    struct tm tm = {0};

    assert_non_null(line);
    assert_int_equal(
        sscanf(line, "<%d>%15c skewguardd[%d]: %n", &priority, date, &pid, &at),
        3);
    assert_true(at > 0);
    date[15] = '\0';
    assert_non_null(strptime(date, "%b %d %H:%M:%S", &tm));
    assert_int_equal(priority, LOG_DAEMON | level);
    assert_int_equal(pid, getpid());
    snprintf(rest, sizeof rest, "%s", line + at);
    assert_string_equal(rest, expected);
}

static void
syslog_gets_what_people_should_know(void **state)
{
    (void)state;
    sg_log_init("skewguardd", SG_LOG_BOTH, LOG_INFO);
    catch_stderr();
    sg_log(LOG_WARNING, "realm %s: skew %d s", "A%n\nB", 214);
    sg_log(LOG_INFO, "chatter");
    sg_log(LOG_DEBUG, "beyond the limit");
    assert_stderr("skewguardd: realm A%n?B: skew 214 s\n"
                  "skewguardd: chatter\n");
    assert_syslog(LOG_WARNING, "realm A%n?B: skew 214 s");
    assert_null(fakelog_read(&log_reader));
}

static void
the_journal_gets_fields(void **state)
{
    struct sg_buf fields = SG_BUF_INIT;

    (void)state;
    sg_log_init("skewguardd", SG_LOG_JOURNAL, LOG_INFO);
    sg_log_add_field(&fields, "MESSAGE_ID=%s", "abc");
    sg_log_add_field(&fields, "SKEWGUARD_REALM=%s", "A\nPRIORITY=0\x9b");
    catch_stderr();
    sg_log_with(LOG_ERR, &fields, "A\nPRIORITY=0: 100% wrong");
    sg_log(LOG_INFO, "chatter");
    assert_stderr("");
    sg_buf_free(&fields);
    assert_string_equal(fakelog_read(&log_reader),
                        "MESSAGE=A?PRIORITY=0: 100% wrong\nPRIORITY=3\n"
                        "SYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=skewguardd\n"
                        "MESSAGE_ID=abc\nSKEWGUARD_REALM=A?PRIORITY=0?\n");
    assert_string_equal(fakelog_read(&log_reader),
                        "MESSAGE=chatter\nPRIORITY=6\n"
                        "SYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=skewguardd\n");
    assert_null(fakelog_read(&log_reader));
}

#define MANY 5000

/* What there is to read, in order from line *n; true at the gap. */
static bool
read_to_gap(int *n)
{
    char expected[128];
    const char *line;

    while ((line = fakelog_read(&log_reader))) {
        if (strstr(line, "]: log: ")) {
            snprintf(expected, sizeof expected,
                     "]: log: %d lines lost: the system's log did not take "
                     "them",
                     MANY - *n);
            assert_non_null(strstr(line, expected));
            return true;
        }
        snprintf(expected, sizeof expected, "]: line %d", (*n)++);
        assert_non_null(strstr(line, expected));
    }
    return false;
}

static void
a_gap_is_told_where_it_was(void **state)
{
    int n = 0, tries = 0;

    (void)state;
    sg_log_init("skewguardd", SG_LOG_BOTH, LOG_INFO);
    catch_stderr();
    for (int i = 0; i < MANY; i++)
        sg_log(LOG_NOTICE, "line %d", i);
    while (!read_to_gap(&n)) {
        assert_in_range(tries++, 0, MANY);
        sg_log_flush();
    }
    assert_in_range(n, 1, MANY - 2);
    sg_log(LOG_ERR, "after it");
    assert_syslog(LOG_ERR, "after it");
    assert_null(fakelog_read(&log_reader));
    release_stderr();
    fclose(caught);
}

static int
set_up(void **state)
{
    (void)state;
    fakelog_new(&log_reader);
    fakelog_listen(&log_reader);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    fakelog_free(&log_reader);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_name_their_program),
        cmocka_unit_test(foreign_text_cannot_forge_lines),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(syslog_gets_what_people_should_know),
        cmocka_unit_test(the_journal_gets_fields),
        cmocka_unit_test(a_gap_is_told_where_it_was),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* The settings of alerts: who is told, and how mail gets there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "setup/config.h"

static struct sg_config *
parse(const char *text)
{
    struct sg_config *config = NULL;
    struct sg_err err = {""};
    int code = sg_config_parse(text, "t.conf", &config, &err);

    if (code != 0)
        print_error("%s\n%s\n", text, err.text);
    assert_int_equal(code, 0);
    return config;
}

static void
test_defaults(void **state)
{
    struct sg_config *config = parse("");
    const struct sg_config_alert *alert = &config->alert;
    const struct sg_config_smtp *smtp = &config->smtp;

    (void)state;
    assert_true(alert->warn_frac == 0.2);
    assert_true(alert->critical_frac == 0.6);
    assert_true(alert->calm_s == 300);
    assert_true(alert->spread_s == 600);
    assert_int_equal(alert->remind, SG_REMIND_DIMINISHING);
    assert_int_equal(alert->n_mailto, 1);
    assert_string_equal(alert->mailto[0], "root");
    assert_string_equal(alert->mailfrom, "");
    assert_string_equal(alert->sendmail, "/usr/sbin/sendmail");
    assert_int_equal(alert->n_hooks, 0);
    assert_string_equal(smtp->host, "");
    assert_int_equal(smtp->port, 25);
    assert_int_equal(smtp->tls, SG_TLS_TRY);
    assert_string_equal(smtp->user, "");
    assert_string_equal(smtp->password_file, "");
    assert_string_equal(smtp->ca_file, "");
    sg_config_free(config);
}

static const char everything[] =
    "alert {\n"
    "    warn = 5%  critical = 100%  calm = 1s  spread = 0s  remind = once\n"
    "    mailto = { root, \"admin+skew@example.com\" }\n"
    "    mailto = { \"o'brien@example.com\", b_c.d@mail.example.com. }\n"
    "    mailfrom = \"skewguard@host.example.com\"\n"
    "    sendmail = \"/opt/my mail/sendmail\"\n"
    "    hook = { \"/etc/skewguard/a b\", /usr/bin/true }\n"
    "}\n"
    "smtp {\n"
    "    host = 192.0.2.25  port = 465  tls = implicit\n"
    "    user = \"user@example.com\"  password_file = /etc/skewguard/smtp\n"
    "    ca_file = \"/etc/ssl/my ca.pem\"\n"
    "}\n";

static void
test_everything(void **state)
{
    struct sg_config *config = parse(everything);
    const struct sg_config_alert *alert = &config->alert;
    const struct sg_config_smtp *smtp = &config->smtp;

    (void)state;
    assert_true(alert->warn_frac == 0.05);
    assert_true(alert->critical_frac == 1);
    assert_true(alert->calm_s == 1);
    assert_true(alert->spread_s == 0);
    assert_int_equal(alert->remind, SG_REMIND_ONCE);
    assert_int_equal(alert->n_mailto, 2);
    assert_string_equal(alert->mailto[0], "o'brien@example.com");
    assert_string_equal(alert->mailto[1], "b_c.d@mail.example.com.");
    assert_string_equal(alert->mailfrom, "skewguard@host.example.com");
    assert_string_equal(alert->sendmail, "/opt/my mail/sendmail");
    assert_int_equal(alert->n_hooks, 2);
    assert_string_equal(alert->hooks[0], "/etc/skewguard/a b");
    assert_string_equal(alert->hooks[1], "/usr/bin/true");
    assert_string_equal(smtp->host, "192.0.2.25");
    assert_int_equal(smtp->port, 465);
    assert_int_equal(smtp->tls, SG_TLS_IMPLICIT);
    assert_string_equal(smtp->user, "user@example.com");
    assert_string_equal(smtp->password_file, "/etc/skewguard/smtp");
    assert_string_equal(smtp->ca_file, "/etc/ssl/my ca.pem");
    sg_config_free(config);
}

/* The later list holds, "+=" makes one longer, and an empty one is a list. */
static void
test_lists(void **state)
{
    static const struct {
        const char *text;
        int n;
        const char *first, *last;
    } lists[] = {
        {"alert { mailto = { } }", 0, "", ""},
        {"alert { mailto = a }", 1, "a", "a"},
        {"alert { mailto = { a, b } mailto = { } }", 0, "", ""},
        {"alert { mailto = { a, b } mailto = { c } }", 1, "c", "c"},
        {"alert { mailto = { a, b } } alert { mailto = { c } }", 1, "c", "c"},
        {"alert { mailto = { a, b } } alert { mailto = { } }", 0, "", ""},
        {"alert { mailto = { a } mailto += { b, c } }", 3, "a", "c"},
        {"alert { mailto = { } mailto += b }", 1, "b", "b"},
        {"alert { calm = 1s } alert { }", 1, "root", "root"},
        {"alert { mailto = { a, a } }", 2, "a", "a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct sg_config *config = parse(lists[i].text);
        const struct sg_config_alert *alert = &config->alert;

        assert_int_equal(alert->n_mailto, lists[i].n);
        if (lists[i].n > 0) {
            assert_string_equal(alert->mailto[0], lists[i].first);
            assert_string_equal(alert->mailto[lists[i].n - 1], lists[i].last);
        }
        sg_config_free(config);
    }
}

static void
check_hooks(const char *text, int n, const char *last)
{
    struct sg_config *config = parse(text);

    assert_int_equal(config->alert.n_hooks, n);
    if (n > 0)
        assert_string_equal(config->alert.hooks[n - 1], last);
    sg_config_free(config);
}

static void
test_hooks(void **state)
{
    (void)state;
    check_hooks("alert { hook = { } }", 0, "");
    check_hooks("alert { hook = { /a } hook = { /b, /c } }", 2, "/c");
    check_hooks("alert { hook = { /a, /b } hook = { } }", 0, "");
    check_hooks("alert { hook = { /a } hook += { \"/b c\" } }", 2, "/b c");
    check_hooks("alert { hook = { \"/\303\244\" } }", 1, "/\303\244");
}

/* What is accepted is printed so that it reads back as the same bytes. */
static void
check_round_trip(const char *text)
{
    struct sg_config *before = parse(text), *after;
    struct sg_buf printed = SG_BUF_INIT, again = SG_BUF_INIT;

    sg_config_print(before, &printed);
    after = parse(printed.text);
    assert_memory_equal(&before->alert, &after->alert, sizeof before->alert);
    assert_memory_equal(&before->smtp, &after->smtp, sizeof before->smtp);
    sg_config_print(after, &again);
    assert_string_equal(printed.text, again.text);
    sg_config_free(before);
    sg_config_free(after);
    sg_buf_free(&printed);
    sg_buf_free(&again);
}

static void
test_print(void **state)
{
    struct sg_config *config = parse(everything);
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    sg_config_print(config, &text);
    assert_non_null(strstr(
        text.text, "alert {\n"
                   "    warn = 5%\n"
                   "    critical = 100%\n"
                   "    calm = 1s\n"
                   "    spread = 0s\n"
                   "    remind = once\n"
                   "    mailto = { \"o'brien@example.com\", "
                   "\"b_c.d@mail.example.com.\" }\n"
                   "    mailfrom = \"skewguard@host.example.com\"\n"
                   "    sendmail = \"/opt/my mail/sendmail\"\n"
                   "    hook = { \"/etc/skewguard/a b\", \"/usr/bin/true\" }\n"
                   "}\n"
                   "smtp {\n"
                   "    host = \"192.0.2.25\"\n"
                   "    port = 465\n"
                   "    tls = implicit\n"
                   "    user = \"user@example.com\"\n"
                   "    password_file = \"/etc/skewguard/smtp\"\n"
                   "    ca_file = \"/etc/ssl/my ca.pem\"\n"
                   "}\n"));
    sg_config_free(config);
    sg_buf_free(&text);
    check_round_trip("");
    check_round_trip(everything);
    check_round_trip("alert { mailto = { } spread = 0s }");
    check_round_trip("alert { mailto = \"a$b@c\" mailfrom = \"x\\$y\" "
                     "hook = \"/a\\\\b\\\"c\" } smtp { host = \"fe80::1%eth0\" "
                     "tls = none }");
    check_round_trip("smtp { host = mail tls = required user = \"a\\\"b\\\\c\" "
                     "password_file = /p }");
}

#define NO_ADDRESS(shown)                                                      \
    "t.conf:1: mailto: value \"" shown                                         \
    "\" is no mail address, allowed is \"user\" or \"user@host\" of at most "  \
    "254 visible ASCII characters"
#define NO_PATH(key, shown)                                                    \
    "t.conf:1: " key ": value \"" shown                                        \
    "\" is no path, allowed is one that begins with \"/\""
#define NO_USER(shown)                                                         \
    "t.conf:1: user: value \"" shown                                           \
    "\" is no user name, allowed are 1 to 255 visible ASCII characters"
#define NEEDS_TLS(mode)                                                        \
    "t.conf:1: smtp: tls = " mode                                              \
    " would show the password to others, allowed with user are required, "     \
    "implicit"

static const struct {
    const char *text, *message;
} mistakes[] = {
    {"alert { calm = 0s }",
     "t.conf:1: calm: value \"0s\" is out of range, allowed is a duration from "
     "1s to 86400s (unit ms, s, min or h), for example 86400s"},
    {"alert { calm = 86401s }",
     "t.conf:1: calm: value \"86401s\" is out of range, allowed is a duration "
     "from 1s to 86400s (unit ms, s, min or h), for example 86400s"},
    {"alert { spread = 10 }",
     "t.conf:1: spread: value \"10\" has no unit, allowed is a duration from "
     "0s to 86400s (unit ms, s, min or h), for example 10s"},
    {"alert { spread = 25h }",
     "t.conf:1: spread: value \"25h\" is out of range, allowed is a duration "
     "from 0s to 86400s (unit ms, s, min or h), for example 86400s"},
    {"alert { remind = weekly }",
     "t.conf:1: remind: value \"weekly\" is unknown, allowed are once, daily, "
     "diminishing"},
    {"alert { mailto = \"\" }", NO_ADDRESS("")},
    {"alert { mailto = \"a b@example.com\" }", NO_ADDRESS("a b@example.com")},
    {"alert { mailto = \"a\011\" }", NO_ADDRESS("a?")},
    {"alert { mailto = \"\\\"a\\\"@example.com\" }",
     NO_ADDRESS("\"a\"@example.com")},
    {"alert { mailto = \"A <a@example.com>\" }",
     NO_ADDRESS("A <a@example.com>")},
    {"alert { mailto = \"a,b\" }", NO_ADDRESS("a,b")},
    {"alert { mailto = \":include:/etc/passwd\" }",
     NO_ADDRESS(":include:/etc/passwd")},
    {"alert { mailto = \"-oQ/tmp\" }", NO_ADDRESS("-oQ/tmp")},
    {"alert { mailto = \"|/bin/sh\" }", NO_ADDRESS("|/bin/sh")},
    {"alert { mailto = /etc/passwd }", NO_ADDRESS("/etc/passwd")},
    {"alert { mailto = \"a@b@example.com\" }", NO_ADDRESS("a@b@example.com")},
    {"alert { mailto = \"@example.com\" }", NO_ADDRESS("@example.com")},
    {"alert { mailto = \"a@\" }", NO_ADDRESS("a@")},
    {"alert { mailto = \"a@b..c\" }", NO_ADDRESS("a@b..c")},
    {"alert { mailto = \"a@[192.0.2.1]\" }", NO_ADDRESS("a@[192.0.2.1]")},
    {"alert { mailto = \"\303\244@example.com\" }",
     NO_ADDRESS("\303\244@example.com")},
    {"alert { mailto = { a, b@ } }", NO_ADDRESS("b@")},
    {"alert { mailto = \"a\nBcc: b\" }",
     "t.conf:1: quoted value has no closing \" on its line"},
    {"alert { mailto = \"a\rb\" }", NO_ADDRESS("a?b")},
    {"alert { mailto = \"a\\nb\" }",
     "t.conf:1: \"\\\" in a quoted value, allowed are \\\\ \\\" and \\$"},
    {"alert { mailfrom = \"\" }",
     "t.conf:1: mailfrom: value \"\" is no mail address, allowed is \"user\" "
     "or \"user@host\" of at most 254 visible ASCII characters"},
    {"alert { mailfrom = { a, b } }", "t.conf:1: unexpected token '{'"},
    {"alert { sendmail = sendmail }", NO_PATH("sendmail", "sendmail")},
    {"alert { sendmail = \"\" }", NO_PATH("sendmail", "")},
    {"alert { hook = hook.sh }", NO_PATH("hook", "hook.sh")},
    {"alert { hook = \"\" }", NO_PATH("hook", "")},
    {"alert { hook = { /a, \"b c\" } }", NO_PATH("hook", "b c")},
    {"alert { hook = \"/a\011b\" }", NO_PATH("hook", "/a?b")},
    {"alert \"x\" { }", "t.conf:1: missing opening brace for section 'alert'"},
    {"smtp { host = \"mail:25\" }",
     "t.conf:1: host: value \"mail:25\" is no host, allowed is a DNS name, an "
     "IPv4 address, or an IPv6 address without brackets"},
    {"smtp { port = 0 }",
     "t.conf:1: port: value \"0\" is no port, allowed are 1 to 65535"},
    {"smtp { port = 65536 }",
     "t.conf:1: port: value \"65536\" is no port, allowed are 1 to 65535"},
    {"smtp { tls = yes }", "t.conf:1: tls: value \"yes\" is unknown, allowed "
                           "are none, try, required, implicit"},
    {"smtp { user = \"\" }", NO_USER("")},
    {"smtp { user = \"a b\" }", NO_USER("a b")},
    {"smtp { user = \"\303\244\" }", NO_USER("\303\244")},
    {"smtp { password_file = secret }", NO_PATH("password_file", "secret")},
    {"smtp { ca_file = ca.pem }", NO_PATH("ca_file", "ca.pem")},
    {"smtp { password = secret }",
     "t.conf:1: password: unknown key, allowed here are host, port, tls, user, "
     "password_file, ca_file"},
    {"smtp { host = mail tls = required user = u }",
     "t.conf:1: smtp: user is set and password_file is not, allowed are both "
     "or none"},
    {"\nsmtp { host = mail tls = required\npassword_file = /p }\nmode = auto",
     "t.conf:3: smtp: password_file is set and user is not, allowed are both "
     "or none"},
    {"smtp { host = mail user = u password_file = /p }", NEEDS_TLS("try")},
    {"smtp { host = mail user = u password_file = /p tls = try }",
     NEEDS_TLS("try")},
    {"smtp { host = mail user = u password_file = /p tls = none }",
     NEEDS_TLS("none")},
    {"smtp { tls = required user = u password_file = /p }",
     "t.conf:1: smtp: user is set and host is not, allowed is a user of some "
     "host"},
};

static void
refuse(const char *text, const char *message)
{
    struct sg_config *config = NULL;
    struct sg_err err = {""};
    int code = sg_config_parse(text, "t.conf", &config, &err);

    if (code == 0)
        print_error("accepted: %s\n", text);
    assert_int_equal(code, -EINVAL);
    assert_null(config);
    assert_string_equal(err.text, message);
}

static void
test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
        refuse(mistakes[i].text, mistakes[i].message);
}

/* A list "KEY = { ITEM0, ITEM1, ... }" of n items. */
static void
add_list(struct sg_buf *ret, const char *key, const char *item, int n)
{
    sg_buf_clear(ret);
    sg_buf_add(ret, "alert { %s = {", key);
    for (int i = 0; i < n; i++)
        sg_buf_add(ret, "%s\n%s%d", i ? "," : "", item, i);
    sg_buf_add(ret, "} }");
}

static void
test_limits(void **state)
{
    struct sg_buf text = SG_BUF_INIT;
    struct sg_config *config;

    (void)state;
    add_list(&text, "mailto", "m", 16);
    config = parse(text.text);
    assert_int_equal(config->alert.n_mailto, 16);
    assert_string_equal(config->alert.mailto[15], "m15");
    sg_config_free(config);
    check_round_trip(text.text);
    add_list(&text, "mailto", "m", 17);
    refuse(text.text,
           "t.conf:18: mailto: one address too many: \"m16\", allowed are 16");

    add_list(&text, "hook", "/h", 8);
    check_hooks(text.text, 8, "/h7");
    check_round_trip(text.text);
    add_list(&text, "hook", "/h", 9);
    refuse(text.text,
           "t.conf:10: hook: one program too many: \"/h8\", allowed are 8");

    sg_buf_clear(&text);
    sg_buf_add(&text, "alert { mailto = \"%0*d@b\" }", 252, 0);
    config = parse(text.text);
    assert_int_equal(strlen(config->alert.mailto[0]), 254);
    sg_config_free(config);
    sg_buf_clear(&text);
    sg_buf_add(&text, "alert { mailto = \"%0*d@b\" }", 253, 0);
    refuse(text.text, NO_ADDRESS("00000000000000000000000000000000"
                                 "00000000000000000000000000000000..."));

    sg_buf_clear(&text);
    sg_buf_add(&text, "alert { hook = /%0*d }", 1022, 0);
    config = parse(text.text);
    assert_int_equal(strlen(config->alert.hooks[0]), 1023);
    sg_config_free(config);
    sg_buf_clear(&text);
    sg_buf_add(&text, "alert { hook = /%0*d }", 1023, 0);
    refuse(text.text, "t.conf:1: hook: value \"/"
                      "000000000000000000000000000000000000000000000000000000"
                      "000000000...\" is too long, allowed are 1023 "
                      "characters");

    sg_buf_clear(&text);
    sg_buf_add(&text, "smtp { user = %0*d }", 256, 0);
    refuse(text.text, NO_USER("00000000000000000000000000000000"
                              "00000000000000000000000000000000..."));
    sg_buf_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_everything),
        cmocka_unit_test(test_lists),    cmocka_unit_test(test_hooks),
        cmocka_unit_test(test_print),    cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

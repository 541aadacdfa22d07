/* What is refused, and in which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "setup/config.h"

/* Text, and the one message it gives. */
static const struct {
    const char *text, *message;
} mistakes[] = {
    {"mode = maybe", "t.conf:1: mode: value \"maybe\" is unknown, allowed are "
                     "auto, guard, discipline"},
    {"mode = Guard", "t.conf:1: mode: value \"Guard\" is unknown, allowed are "
                     "auto, guard, discipline"},
    {"clock = remote", "t.conf:1: clock: value \"remote\" is unknown, allowed "
                       "are auto, clockd, kernel, none"},
    {"follow = \"\"",
     "t.conf:1: follow: value \"\" is unknown, allowed are realm, utc"},
    {"max_poll = 64",
     "t.conf:1: max_poll: value \"64\" has no unit, allowed is a duration from "
     "16s to 1024s (unit ms, s, min or h), for example 64s"},
    {"max_poll = 5m",
     "t.conf:1: max_poll: value \"5m\" has an unknown unit, allowed is a "
     "duration from 16s to 1024s (unit ms, s, min or h), for example 1024s"},
    {"max_poll = 15s",
     "t.conf:1: max_poll: value \"15s\" is out of range, allowed is a duration "
     "from 16s to 1024s (unit ms, s, min or h), for example 1024s"},
    {"max_poll = 1025s",
     "t.conf:1: max_poll: value \"1025s\" is out of range, allowed is a "
     "duration from 16s to 1024s (unit ms, s, min or h), for example 1024s"},
    {"max_poll = 1e3s",
     "t.conf:1: max_poll: value \"1e3s\" has an unknown unit, allowed is a "
     "duration from 16s to 1024s (unit ms, s, min or h), for example 1024s"},
    {"max_poll = -64s", "t.conf:1: max_poll: value \"-64s\" is not a number "
                        "with a unit, allowed is a duration from 16s to 1024s "
                        "(unit ms, s, min or h), for example 1024s"},
    {"max_poll = +64s",
     "t.conf:1: \"+\" is not allowed here outside of quotes"},
    {"max_poll = 99999999999999999999s",
     "t.conf:1: max_poll: value \"99999999999999999999s\" is not a number with "
     "a unit, allowed is a duration from 16s to 1024s (unit ms, s, min or h), "
     "for example 1024s"},
    {"max_poll = 1.s", "t.conf:1: max_poll: value \"1.s\" is not a number with "
                       "a unit, allowed is a duration from 16s to 1024s (unit "
                       "ms, s, min or h), for example 1024s"},
    {"max_poll = .5min", "t.conf:1: max_poll: value \".5min\" is not a number "
                         "with a unit, allowed is a duration from 16s to 1024s "
                         "(unit ms, s, min or h), for example 1024s"},
    {"max_poll = 64 s",
     "t.conf:1: max_poll: value \"64\" has no unit, allowed is a duration from "
     "16s to 1024s (unit ms, s, min or h), for example 64s"},
    {"max_poll = nan", "t.conf:1: max_poll: value \"nan\" is not a number with "
                       "a unit, allowed is a duration from 16s to 1024s (unit "
                       "ms, s, min or h), for example 1024s"},
    {"kdc_poll = 3999ms",
     "t.conf:1: kdc_poll: value \"3999ms\" is out of range, allowed is a "
     "duration from 4s to 1024s (unit ms, s, min or h), for example 1024s"},
    {"kdc_poll = \"\"",
     "t.conf:1: kdc_poll: value \"\" is not a number with a unit, allowed is a "
     "duration from 4s to 1024s (unit ms, s, min or h), for example 1024s"},
    {"runtime_directory = run",
     "t.conf:1: runtime_directory: value \"run\" is no path, allowed is one "
     "that begins with \"/\""},
    {"state_directory = \"/a\011b\"",
     "t.conf:1: state_directory: value \"/a?b\" is no path, allowed is one "
     "that begins with \"/\""},
    {"status_file = \"\"", "t.conf:1: status_file: value \"\" is no path, "
                           "allowed is one that begins with \"/\""},
    {"alert { warn = 20 }",
     "t.conf:1: warn: value \"20\" has no unit, allowed is a percentage from "
     "1% to 100% (unit %), for example 20%"},
    {"alert { warn = 0.9% }",
     "t.conf:1: warn: value \"0.9%\" is out of range, allowed is a percentage "
     "from 1% to 100% (unit %), for example 100%"},
    {"alert { critical = 101% }",
     "t.conf:1: critical: value \"101%\" is out of range, allowed is a "
     "percentage from 1% to 100% (unit %), for example 100%"},
    {"alert {\n warn = 60%\n}\n# x\n",
     "t.conf:2: alert: warn = 60% is not below critical = 60%, allowed is a "
     "smaller warn"},
    {"alert { warn = 30% critical = 30% }\n",
     "t.conf:1: alert: warn = 30% is not below critical = 30%, allowed is a "
     "smaller warn"},
    {"alert { warm = 20% }",
     "t.conf:1: warm: unknown key, allowed here are warn, critical, calm, "
     "spread, remind, mailto, mailfrom, sendmail, hook"},
    {"realm A { keytab = krb5.keytab }",
     "t.conf:1: keytab: value \"krb5.keytab\" is no keytab, allowed is a path "
     "that begins with \"/\", or none"},
    {"realm A { keytab = \"FILE:x\" }", "t.conf:1: keytab: value \"x\" is no "
                                        "keytab, allowed is a path that begins "
                                        "with \"/\", or none"},
    {"realm A { clockskew = 300 }",
     "t.conf:1: clockskew: value \"300\" has no unit, allowed is a duration "
     "from 1s to 86400s (unit ms, s, min or h), for example 300s"},
    {"realm A { clockskew = 600m }",
     "t.conf:1: clockskew: value \"600m\" has an unknown unit, allowed is a "
     "duration from 1s to 86400s (unit ms, s, min or h), for example 86400s"},
    {"realm A { clockskew = 0s }",
     "t.conf:1: clockskew: value \"0s\" is out of range, allowed is a duration "
     "from 1s to 86400s (unit ms, s, min or h), for example 86400s"},
    {"realm A { clockskew = 25h }",
     "t.conf:1: clockskew: value \"25h\" is out of range, allowed is a "
     "duration from 1s to 86400s (unit ms, s, min or h), for example 86400s"},
    {"realm A { kdc = { \"das-m:0\" } }",
     "t.conf:1: kdc: value \"das-m:0\" has no port from 1 to 65535 behind its "
     "host, allowed are host, host:port, [IPv6]:port"},
    {"realm A { kdc = { \"https://kdc/x\" } }",
     "t.conf:1: kdc: value \"https://kdc/x\" is a KDC proxy, allowed are host, "
     "host:port, [IPv6]:port"},
    {"realm A { kdc = { 2001:db8::1 } }",
     "t.conf:1: kdc: value \"2001:db8::1\" is an IPv6 address without "
     "brackets, allowed are host, host:port, [IPv6]:port"},
    {"realm A {}\n realm\n A\n {\n}",
     "t.conf:4: title \"A\" is given twice, allowed is once"},
    {"realm \"A B\" { }", "t.conf:1: realm: title \"A B\" is no realm, allowed "
                          "are up to 255 visible ASCII characters"},
    {"realm { }", "t.conf:1: missing title for section 'realm'"},
    {"realm \"\" { }", "t.conf:1: realm: title \"\" is no realm, allowed are "
                       "up to 255 visible ASCII characters"},
    {"ntp \"bad host\" { }",
     "t.conf:1: ntp: title \"bad host\" is no host, allowed is one, or any "
     "name together with \"address\""},
    {"ntp a { port = 0 }",
     "t.conf:1: port: value \"0\" is no port, allowed are 1 to 65535"},
    {"ntp a { port = 65536 }",
     "t.conf:1: port: value \"65536\" is no port, allowed are 1 to 65535"},
    {"ntp a { port = ntp }",
     "t.conf:1: port: value \"ntp\" is no port, allowed are 1 to 65535"},
    {"ntp a { address = \"[::1]\" }",
     "t.conf:1: address: value \"[::1]\" is no host, allowed is a DNS name, an "
     "IPv4 address, or an IPv6 address without brackets"},
    {"ntp a { address = 192.0.2.300 }",
     "t.conf:1: address: value \"192.0.2.300\" is no host, allowed is a DNS "
     "name, an IPv4 address, or an IPv6 address without brackets"},
    {"ntp das-m { }\n\nntp DAS-M. { }",
     "t.conf:3: ntp: title \"DAS-M.\" is given twice, allowed is once"},
    {"ntp a { transport = udp }",
     "t.conf:1: transport: unknown key, allowed here are address, port"},
    {"ntp \"a\011b\" { address = 192.0.2.1 }",
     "t.conf:1: ntp: title \"a?b\" is no name, allowed are up to 255 visible "
     "ASCII characters"},
    {"kdc a { transport = icmp }", "t.conf:1: transport: value \"icmp\" is "
                                   "unknown, allowed are auto, udp, tcp"},
    {"kdc a { realm = \"\" }",
     "t.conf:1: realm: value \"\" is no realm, allowed are up to 255 visible "
     "ASCII characters"},
    {"kdc a { }\nkdc a { }",
     "t.conf:2: title \"a\" is given twice, allowed is once"},
    {"modes = auto",
     "t.conf:1: modes: unknown key, allowed here are mode, clock, "
     "clock_socket, follow, "
     "max_poll, kdc_poll, runtime_directory, state_directory, status_file, "
     "realm, ntp, kdc, alert, smtp, include"},
    {"mode auto", "t.conf:1: missing equal sign after option 'mode'"},
    {"mode = ", "t.conf:1: premature end of file"},
    {"mode = { auto }", "t.conf:1: unexpected token '{'"},
    {"mode += auto", "t.conf:1: attempt to append to non-list option 'mode'"},
    {"logs { }",
     "t.conf:1: logs: unknown key, allowed here are mode, clock, clock_socket, "
     "follow, "
     "max_poll, kdc_poll, runtime_directory, state_directory, status_file, "
     "realm, ntp, kdc, alert, smtp, include"},
    {"\"mode\" = x", "t.conf:1: mode: value \"x\" is unknown, allowed are "
                     "auto, guard, discipline"},
    {"\"alert|warn\" = 30%",
     "t.conf:1: warn: unknown key, allowed here are mode, clock, clock_socket, "
     "follow, "
     "max_poll, kdc_poll, runtime_directory, state_directory, status_file, "
     "realm, ntp, kdc, alert, smtp, include"},
    {"\"realm=X|kdc\" = a", "t.conf:1: no sub-section 'X' in 'realm'"},
    {"alert|warn = 30%",
     "t.conf:1: \"|\" is not allowed here outside of quotes"},
    {"# one\n# two\n\n/* three\n four */\nmode = x",
     "t.conf:6: mode: value \"x\" is unknown, allowed are auto, guard, "
     "discipline"},
    {"mode = guard\n\"open",
     "t.conf:2: quoted value has no closing \" on its line"},
    {"mode = guard\n'open",
     "t.conf:2: quoted value has no closing ' on its line"},
    {"mode = guard\n/* open", "t.conf:2: comment begins here and never ends"},
    {"\n\nrealm A {\n clockskew = 300s\n",
     "t.conf:3: \"{\" has no closing \"}\""},
    {"mode = guard }", "t.conf:1: \"}\" closes nothing"},
    {"mode = ${MODE}", "t.conf:1: environment variables are not expanded, "
                       "allowed is the value itself"},
    {"mode = a${MODE}", "t.conf:1: environment variables are not expanded, "
                        "allowed is the value itself"},
    {"mode = \"${MODE}\"", "t.conf:1: environment variables are not expanded, "
                           "allowed is the value itself"},
    {"mode = \"\\\\${MODE}\"", "t.conf:1: environment variables are not "
                               "expanded, allowed is the value itself"},
    {"mode = \"gu\\x61rd\"",
     "t.conf:1: \"\\\" in a quoted value, allowed are \\\\ \\\" and \\$"},
    {"mode = \"guard\n\"",
     "t.conf:1: quoted value has no closing \" on its line"},
    {"mode = g\001uard",
     "t.conf:1: control character 0x01, allowed is plain text"},
    {"mode = gu\303\244rd",
     "t.conf:1: byte 0xc3 outside of quotes, allowed is ASCII"},
    {"mode = *guard*", "t.conf:1: \"*\" is not allowed here outside of quotes"},
    {"mode = (guard)", "t.conf:1: \"(\" is not allowed here outside of quotes"},
    {"include", "t.conf:1: premature end of file"},
    {"include = a", "t.conf:1: missing parenthesis for function 'include'"},
    {"include()", "t.conf:1: \")\" is not allowed here outside of quotes"},
    {"include(a, b)", "t.conf:1: include takes one file or pattern, allowed is "
                      "include(\"conf.d/*.conf\")"},
    {"include(\"\")",
     "t.conf:1: include: value \"\" is empty, allowed is a file or a pattern"},
    {"include(\"/nonexistent/a.conf\")",
     "t.conf:1: include: /nonexistent/a.conf: No such file or directory"},
    {"include(a.conf", "t.conf:1: include takes one file or pattern, allowed "
                       "is include(\"conf.d/*.conf\")"},
    {"realm A { include(\"a.conf\") }",
     "t.conf:1: include: unknown key, allowed here are clockskew, kdc, "
     "keytab"},
    {"mode = auto, guard", "t.conf:1: unexpected token ','"},
    {"\357\273\277mode = auto",
     "t.conf:1: byte 0xef outside of quotes, allowed is ASCII"},
    {"alert x { }", "t.conf:1: missing opening brace for section 'alert'"},
    {"mode = "
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "t.conf:1: mode: value "
     "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" "
     "is unknown, allowed are auto, guard, discipline"},
};

static void
test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct sg_config *config = NULL;
        struct sg_err err = {""};
        int code = sg_config_parse(mistakes[i].text, "t.conf", &config, &err);

        if (code == 0)
            print_error("accepted: %s\n", mistakes[i].text);
        assert_true(code < 0);
        assert_null(config);
        assert_string_equal(err.text, mistakes[i].message);
    }
}

static void
test_limits_of_numbers(void **state)
{
    struct sg_config *config = NULL;
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err;

    (void)state;
    for (int i = 0; i <= SG_MAX_REALMS; i++)
        sg_buf_add(&text, "realm R%d { }\n", i);
    assert_int_equal(sg_config_parse(text.text, "t.conf", &config, &err),
                     -E2BIG);
    assert_string_equal(err.text,
                        "t.conf:9: realm: one section too many, allowed are 8");

    sg_buf_clear(&text);
    for (int i = 0; i <= SG_MAX_SOURCES; i++)
        sg_buf_add(&text, "ntp n%d { }\n", i);
    assert_int_equal(sg_config_parse(text.text, "t.conf", &config, &err),
                     -E2BIG);
    assert_string_equal(
        err.text, "t.conf:257: ntp: one section too many, allowed are 256");

    sg_buf_clear(&text);
    sg_buf_add(&text, "realm A { kdc = {");
    for (int i = 0; i <= SG_MAX_KDCS; i++)
        sg_buf_add(&text, "%s\nk%d", i ? "," : "", i);
    sg_buf_add(&text, "} }");
    assert_int_equal(sg_config_parse(text.text, "t.conf", &config, &err),
                     -EINVAL);
    assert_string_equal(
        err.text, "t.conf:34: kdc: one KDC too many: \"k32\", allowed are 32");

    sg_buf_clear(&text);
    sg_buf_add(&text, "state_directory = /%0*d", 1000, 0);
    assert_int_equal(sg_config_parse(text.text, "t.conf", &config, &err),
                     -EINVAL);
    assert_non_null(
        strstr(err.text, "...\" is too long, allowed are 1000 characters"));

    sg_buf_clear(&text);
    sg_buf_add(&text, "runtime_directory = /%0*d", 999, 0);
    assert_int_equal(sg_config_parse(text.text, "t.conf", &config, &err), 0);
    assert_int_equal(strlen(config->status_file), 1007);
    sg_config_free(config);
    sg_buf_free(&text);
}

/* A mistake leaves nothing behind in libconfuse's global lexer. */
static void
test_after_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct sg_config *config = NULL;

        sg_config_parse(mistakes[i].text, "t.conf", &config, NULL);
        assert_int_equal(
            sg_config_parse("mode = guard\n", "t.conf", &config, NULL), 0);
        assert_int_equal(config->mode, SG_MODE_GUARD);
        sg_config_free(config);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_limits_of_numbers),
        cmocka_unit_test(test_after_mistakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "setup/plan.h"

static char krb5_conf[64];

static int
make_file(void **state)
{
    int fd;

    (void)state;
    strcpy(krb5_conf, "/tmp/sg-test-plan-XXXXXX");
    fd = mkstemp(krb5_conf);
    if (fd < 0)
        return -1;
    close(fd);
    return setenv("KRB5_CONFIG", krb5_conf, 1);
}

static int
remove_file(void **state)
{
    (void)state;
    return unlink(krb5_conf);
}

static int
make_plan(const char *krb5_text, const char *text, const char *only_realm,
          struct sg_plan *ret, struct sg_err *err)
{
    struct sg_config *config = NULL;
    FILE *file;
    int code;

    unlink(krb5_conf);
    file = fopen(krb5_conf, "w");
    assert_non_null(file);
    assert_true(fputs(krb5_text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    if (sg_config_parse(text, "t.conf", &config, err) != 0)
        fail_msg("%s", err->text);
    memset(ret, 0x55, sizeof *ret);
    code = sg_plan_make(config, only_realm, ret, err);
    sg_config_free(config);
    return code;
}

/* How many of a plan's sources are asked without the host's key. */
static int
count_plain(const struct sg_plan *plan)
{
    int n = 0;

    while (n < plan->n_sources &&
           plan->sources[n].target.kind != SG_KIND_KEYTAB)
        n++;
    return n;
}

/* Behind them all each KDC comes again, in the same order. */
static void
assert_keytabs(const struct sg_plan *plan)
{
    int n = count_plain(plan), next = n;

    for (int i = 0; i < n; i++) {
        struct sg_plan_source expected = plan->sources[i];

        if (expected.target.kind != SG_KIND_KDC)
            continue;
        expected.target.kind = SG_KIND_KEYTAB;
        expected.is_try = true;
        assert_true(next < plan->n_sources);
        assert_memory_equal(&plan->sources[next++], &expected, sizeof expected);
    }
    assert_int_equal(next, plan->n_sources);
}

/* The plan but for those, as lines, which are easy to read in a failure. */
static void
describe(const struct sg_plan *plan, struct sg_buf *ret)
{
    static const char *const transports[] = {"", " udp", " tcp"};

    for (int i = 0; i < plan->n_realms; i++)
        sg_buf_add(ret, "realm %s %g%s\n", plan->realms[i].name,
                   plan->realms[i].clockskew_s,
                   plan->realms[i].limit_overrides ? " overrides" : "");
    for (int i = 0; i < count_plain(plan); i++) {
        const struct sg_plan_source *source = &plan->sources[i];
        const struct sg_target *target = &source->target;

        sg_buf_add(ret, "%s %s", sg_kind_name(target->kind), source->name);
        if (strcmp(source->name, target->host) != 0)
            sg_buf_add(ret, " (%s)", target->host);
        sg_buf_add(ret, ":%d%s %s%s\n", target->port,
                   transports[target->transport],
                   source->realm < 0 ? "utc" : plan->realms[source->realm].name,
                   source->is_try ? " try" : "");
        if (target->kind == SG_KIND_KDC)
            assert_string_equal(target->realm,
                                plan->realms[source->realm].name);
    }
    for (int i = 0; i < plan->n_notices; i++)
        sg_buf_add(ret, "! %s\n", plan->notices[i].text);
}

#define TWO_KDCS                                                               \
    "[libdefaults]\n default_realm = EXAMPLE.COM\n"                            \
    "[realms]\nEXAMPLE.COM = {\n kdc = das-m:88\n kdc = das-s\n}\n"

#define TWO_KDCS_PLANNED                                                       \
    "realm EXAMPLE.COM 300\n"                                                  \
    "kdc das-m:88 EXAMPLE.COM\nntp das-m:123 EXAMPLE.COM try\n"                \
    "kdc das-s:88 EXAMPLE.COM\nntp das-s:123 EXAMPLE.COM try\n"

static const char nothing_named[] =
    "kdc x: no realm given, and none to assume: @: no default_realm";

/* krb5.conf, skewguard.conf, only_realm: the plan. */
static const struct {
    const char *krb5_text, *text, *only_realm, *plan;
} plans[] = {
    /* nothing written */
    {TWO_KDCS, "", NULL, TWO_KDCS_PLANNED},
    {"", "", NULL, "! no realm to watch: @: no default_realm\n"},
    {"", "ntp a { }", NULL,
     "ntp a:123 utc\n! no realm to watch: @: no default_realm\n"},
    {"[libdefaults]\n default_realm = A\n", "", NULL,
     "realm A 300\n! A: neither krb5.conf nor skewguard.conf names a KDC\n"},

    /* the limit */
    {"[libdefaults]\n default_realm = A\n clockskew = 60\n"
     "[realms]\nA = {\n kdc = a\n}\n",
     "", NULL, "realm A 60\nkdc a:88 A\nntp a:123 A try\n"},
    {"[libdefaults]\n default_realm = A\n clockskew = 600\n"
     "[realms]\nA = {\n kdc = a\n}\n",
     "", NULL, "realm A 300\nkdc a:88 A\nntp a:123 A try\n"},
    {"[libdefaults]\n default_realm = A\n clockskew = 5m\n"
     "[realms]\nA = {\n kdc = a\n}\n",
     "", NULL,
     "realm A 300\nkdc a:88 A\nntp a:123 A try\n"
     "! krb5.conf: clockskew = \"5m\" is no whole number of seconds; libkrb5 "
     "ignores it silently, 300 s are in force\n"},
    {TWO_KDCS, "realm EXAMPLE.COM { clockskew = 10min kdc = a }", NULL,
     "realm EXAMPLE.COM 600 overrides\nkdc a:88 EXAMPLE.COM\n"
     "ntp a:123 EXAMPLE.COM try\n"},

    /* lists and entries */
    {TWO_KDCS, "realm EXAMPLE.COM { kdc = { \"[::1]:8888\" } }", NULL,
     "realm EXAMPLE.COM 300\nkdc ::1:8888 EXAMPLE.COM\n"
     "ntp ::1:123 EXAMPLE.COM try\n"},
    {TWO_KDCS, "realm EXAMPLE.COM { kdc = { } }", NULL,
     "realm EXAMPLE.COM 300\n"
     "! EXAMPLE.COM: neither krb5.conf nor skewguard.conf names a KDC\n"},
    {TWO_KDCS, "kdc das-x { address = 192.0.2.9 port = 8888 }", NULL,
     "realm EXAMPLE.COM 300\nkdc das-x (192.0.2.9):8888 EXAMPLE.COM\n"
     "ntp das-x (192.0.2.9):123 EXAMPLE.COM try\n"
     "kdc das-m:88 EXAMPLE.COM\nntp das-m:123 EXAMPLE.COM try\n"
     "kdc das-s:88 EXAMPLE.COM\nntp das-s:123 EXAMPLE.COM try\n"},
    {TWO_KDCS, "kdc DAS-M { address = 192.0.2.9 transport = tcp }", NULL,
     "realm EXAMPLE.COM 300\nkdc DAS-M (192.0.2.9):88 tcp EXAMPLE.COM\n"
     "ntp DAS-M (192.0.2.9):123 EXAMPLE.COM try\n"
     "kdc das-s:88 EXAMPLE.COM\nntp das-s:123 EXAMPLE.COM try\n"},
    {"", "realm A { kdc = { a, A., \"a:88\", tcp/b, udp/b, \"b:8888\" } }",
     NULL,
     "realm A 300\nkdc a:88 A\nntp a:123 A try\nkdc b:88 tcp A\n"
     "ntp b:123 A try\nkdc b:88 udp A\nkdc b:8888 A\n"},

    /* ntp entries on KDC hosts, by name and by address, and others */
    {TWO_KDCS, "ntp DAS-M { port = 1123 } ntp time { }", NULL,
     "realm EXAMPLE.COM 300\nkdc das-m:88 EXAMPLE.COM\n"
     "kdc das-s:88 EXAMPLE.COM\nntp das-s:123 EXAMPLE.COM try\n"
     "ntp DAS-M:1123 EXAMPLE.COM\nntp time:123 utc\n"},
    {TWO_KDCS, "ntp das-s { address = 192.0.2.1 }", NULL,
     "realm EXAMPLE.COM 300\nkdc das-m:88 EXAMPLE.COM\n"
     "ntp das-m:123 EXAMPLE.COM try\nkdc das-s:88 EXAMPLE.COM\n"
     "ntp das-s (192.0.2.1):123 EXAMPLE.COM\n"},
    {"", "realm A { kdc = \"[::1]:8888\" } ntp t { address = 0::1 }", NULL,
     "realm A 300\nkdc ::1:8888 A\nntp t (0::1):123 A\n"},
    {"", "kdc k { realm = A address = 127.0.0.1 } ntp k { address = a }", NULL,
     "realm A 300\nkdc k (127.0.0.1):88 A\nntp k (a):123 A\n"},

    /* realms */
    {TWO_KDCS, "realm B { kdc = das-m }", NULL,
     "realm B 300\nkdc das-m:88 B\nntp das-m:123 B try\n"},
    {TWO_KDCS, "realm B { kdc = b } kdc c { realm = EXAMPLE.COM } kdc d { }",
     NULL,
     "realm B 300\nrealm EXAMPLE.COM 300\n"
     "kdc d:88 B\nntp d:123 B try\nkdc b:88 B\nntp b:123 B try\n"
     "kdc c:88 EXAMPLE.COM\nntp c:123 EXAMPLE.COM try\n"
     "kdc das-m:88 EXAMPLE.COM\nntp das-m:123 EXAMPLE.COM try\n"
     "kdc das-s:88 EXAMPLE.COM\nntp das-s:123 EXAMPLE.COM try\n"},
    {TWO_KDCS, "realm B { kdc = b } realm C { kdc = b } kdc das-m { }", NULL,
     "realm B 300\nrealm C 300\nrealm EXAMPLE.COM 300\n"
     "kdc b:88 B\nntp b:123 B try\nkdc b:88 C\nntp b:123 C try\n"
     "kdc das-m:88 EXAMPLE.COM\nntp das-m:123 EXAMPLE.COM try\n"
     "kdc das-s:88 EXAMPLE.COM\nntp das-s:123 EXAMPLE.COM try\n"},

    /* one realm asked for */
    {TWO_KDCS, "realm B { clockskew = 9s } ntp das-m { }", "EXAMPLE.COM",
     "realm EXAMPLE.COM 300\nkdc das-m:88 EXAMPLE.COM\n"
     "kdc das-s:88 EXAMPLE.COM\nntp das-s:123 EXAMPLE.COM try\n"
     "ntp das-m:123 EXAMPLE.COM\n"},
    {TWO_KDCS, "kdc x { } kdc y { realm = A }", "A",
     "realm A 300\nkdc y:88 A\nntp y:123 A try\n"},
    {"", "kdc x { }", "A", "realm A 300\nkdc x:88 A\nntp x:123 A try\n"},

    /* broken, and not needed */
    {"[rubbish", "realm A { clockskew = 9s kdc = a }", NULL,
     "realm A 9 overrides\nkdc a:88 A\nntp a:123 A try\n"
     "! krb5.conf is not used: @: Improper format of Kerberos configuration "
     "file\n"},
};

/* "@" stands for the path of krb5.conf. */
static void
assert_text(const char *text, const char *expected)
{
    struct sg_buf whole = SG_BUF_INIT;

    for (; *expected; expected++)
        if (*expected == '@')
            sg_buf_add(&whole, "%s", krb5_conf);
        else
            sg_buf_add_bytes(&whole, expected, 1);
    assert_string_equal(text, whole.text);
    sg_buf_free(&whole);
}

static void
test_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        static struct sg_plan plan;
        struct sg_err err = {""};
        struct sg_buf text = SG_BUF_INIT;

        if (make_plan(plans[i].krb5_text, plans[i].text, plans[i].only_realm,
                      &plan, &err) != 0)
            fail_msg("%s: %s", plans[i].text, err.text);
        describe(&plan, &text);
        assert_text(text.text, plans[i].plan);
        assert_keytabs(&plan);
        sg_buf_free(&text);
    }
}

static void
test_keytabs(void **state)
{
    static struct sg_plan plan;
    struct sg_err err = {""};

    (void)state;
    assert_int_equal(make_plan("",
                               "realm A { kdc = a keytab = none }"
                               "realm B { kdc = b keytab = \"/etc/b.keytab\" }"
                               "realm C { kdc = { \"tcp/c:8888\" } }"
                               "kdc d { realm = B }",
                               NULL, &plan, &err),
                     0);
    /* with the NTP server of each host */
    assert_int_equal(count_plain(&plan), 8);
    assert_int_equal(plan.n_sources, 11);
    assert_string_equal(plan.sources[0].target.keytab, "none");
    assert_string_equal(plan.sources[8].name, "d");
    assert_string_equal(plan.sources[8].target.keytab, "/etc/b.keytab");
    assert_string_equal(plan.sources[9].name, "b");
    assert_string_equal(plan.sources[9].target.keytab, "/etc/b.keytab");
    assert_string_equal(plan.sources[9].target.realm, "B");
    assert_string_equal(plan.sources[10].name, "c");
    assert_string_equal(plan.sources[10].target.keytab, "");
    assert_int_equal(plan.sources[10].target.kind, SG_KIND_KEYTAB);
    assert_int_equal(plan.sources[10].target.port, 8888);
    assert_int_equal(plan.sources[10].target.transport, SG_TRANSPORT_TCP);
    assert_true(plan.sources[10].is_try);
    assert_int_equal(plan.n_notices, 0);
}

static void
test_refusals(void **state)
{
    static const struct {
        const char *krb5_text, *text;
        int code;
        const char *message;
    } bad[] = {
        {"[rubbish", "", -EINVAL,
         "@: Improper format of Kerberos configuration file"},
        {"[rubbish", "realm A { kdc = a }", -EINVAL,
         "@: Improper format of Kerberos configuration file"},
        {"[rubbish", "realm A { clockskew = 9s }", -EINVAL,
         "@: Improper format of Kerberos configuration file"},
        {"[rubbish", "kdc x { }", -EINVAL,
         "kdc x: no realm given, and none to assume: @: Improper format of "
         "Kerberos configuration file"},
        {"", "kdc x { }", -EINVAL, nothing_named},
        {"", "realm A { } realm B { } kdc x { }", -EINVAL, nothing_named},
        {"",
         "realm A {} realm B {} realm C {} realm D {} realm E {}"
         "realm F {} realm G {} realm H {} kdc x { realm = I }",
         -E2BIG, "realm I: number 9, allowed are 8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        static struct sg_plan plan;
        struct sg_err err = {""};

        assert_int_equal(
            make_plan(bad[i].krb5_text, bad[i].text, NULL, &plan, &err),
            bad[i].code);
        assert_text(err.text, bad[i].message);
    }
}

static void
test_too_many_sources(void **state)
{
    static struct sg_plan plan;
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err;

    (void)state;
    sg_buf_add(&text, "realm A { kdc = { } }");
    for (int i = 0; i < 120; i++)
        sg_buf_add(&text, "kdc k%d { }", i);
    assert_int_equal(make_plan("", text.text, NULL, &plan, &err), 0);
    assert_int_equal(count_plain(&plan), 240);
    assert_int_equal(plan.n_sources, SG_MAX_SOURCES);
    assert_int_equal(plan.n_notices, 1);
    assert_string_equal(plan.notices[0].text,
                        "KDCs not asked for authenticated time: 104; allowed "
                        "are 256 sources in all");
    for (int i = 120; i < 128; i++)
        sg_buf_add(&text, "kdc k%d { }", i);
    assert_int_equal(make_plan("", text.text, NULL, &plan, &err), 0);
    assert_int_equal(count_plain(&plan), SG_MAX_SOURCES);
    sg_buf_add(&text, "ntp n { }");
    assert_int_equal(make_plan("", text.text, NULL, &plan, &err), -E2BIG);
    assert_text(err.text, "source n: number 257, allowed are 256");
    sg_buf_free(&text);
}

/* What minimal mode cannot ask is named, once for each host. */
static void
test_reduce(void **state)
{
    static const char *const notices[] = {
        ("das-m is not asked in minimal mode: names are not looked up, give "
         "its "
         "IPv4 address"),
        "::1 is not asked in minimal mode: only IPv4 is used",
        "192.0.2.3 is not asked in minimal mode: TCP is not used",
    };
    static struct sg_plan plan;
    struct sg_err err;

    (void)state;
    assert_int_equal(make_plan("",
                               "realm A { kdc = { \"das-m\", \"192.0.2.1\" } }"
                               "kdc \"192.0.2.3\" { transport = tcp }"
                               "ntp \"192.0.2.4\" { }"
                               "ntp six { address = \"::1\" }",
                               NULL, &plan, &err),
                     0);
    sg_plan_reduce(&plan);
    assert_int_equal(plan.n_notices, 3);
    for (int i = 0; i < plan.n_notices; i++) {
        bool is_found = false;

        for (size_t j = 0; j < sizeof notices / sizeof *notices; j++)
            is_found |= strcmp(plan.notices[i].text, notices[j]) == 0;
        if (!is_found)
            fail_msg("unexpected: %s", plan.notices[i].text);
    }
    /* a KDC, its host's NTP server, that of the other KDC, the ntp entry */
    assert_int_equal(plan.n_sources, 4);
    assert_int_equal(count_plain(&plan), 4);
    for (int i = 0; i < plan.n_sources; i++)
        assert_int_equal(plan.sources[i].target.transport, SG_TRANSPORT_UDP);
    assert_string_equal(plan.sources[3].name, "192.0.2.4");
}

/* krb5.conf is read anew each time: this is what a reload does. */
static void
test_reload(void **state)
{
    static struct sg_plan plan;
    struct sg_err err;

    (void)state;
    assert_int_equal(make_plan(TWO_KDCS, "", NULL, &plan, &err), 0);
    assert_int_equal(count_plain(&plan), 4);
    assert_int_equal(
        make_plan("[libdefaults]\n default_realm = B\n", "", NULL, &plan, &err),
        0);
    assert_int_equal(plan.n_sources, 0);
    assert_string_equal(plan.realms[0].name, "B");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_keytabs),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_too_many_sources),
        cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_reload),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}

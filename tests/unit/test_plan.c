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

static struct sg_findings findings; /* what DNS has said, if n > 0 */

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
    if (findings.n > 0)
        code = sg_plan_complete(config, only_realm, &findings, ret, err);
    else
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
        if (expected.target.transport == SG_TRANSPORT_UDP)
            expected.target.transport = SG_TRANSPORT_AUTO;
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
    for (int i = 0; i < plan->n_asks; i++)
        sg_buf_add(ret, "dns %s%s%s%s\n", plan->asks[i].realm,
                   plan->asks[i].uses_uri ? " uri" : "",
                   plan->asks[i].sitename[0] ? " " : "",
                   plan->asks[i].sitename);
    for (int i = 0; i < plan->n_notices; i++)
        sg_buf_add(ret, "! %s\n", plan->notices[i].text);
}

#define TWO_KDCS                                                               \
    "[libdefaults]\n default_realm = EXAMPLE.COM\n"                            \
    "[realms]\nEXAMPLE.COM = {\n kdc = das-m:88\n kdc = das-s\n}\n"

#define TWO_KDCS_PLANNED "realm EXAMPLE.COM 300\n" TWO_KDCS_SOURCES

#define TWO_KDCS_SOURCES                                                       \
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

    /* left to DNS */
    {"[libdefaults]\n default_realm = A\n", "", NULL,
     "realm A 300\ndns A uri\n"},
    {"[libdefaults]\n default_realm = A\n dns_lookup_kdc = off\n", "", NULL,
     "realm A 300\n! A: neither krb5.conf nor skewguard.conf names a KDC\n"},
    {"[libdefaults]\n default_realm = A\n dns_uri_lookup = false\n"
     "[realms]\nA = {\n sitename = east\n primary_kdc = p\n"
     " admin_server = a\n}\n",
     "", NULL, "realm A 300\ndns A east\n"},
    {"[libdefaults]\n default_realm = A\n"
     "[realms]\nA = {\n kdc = https://p\n}\n",
     "", NULL,
     "realm A 300\n! krb5.conf: A: kdc passed over: value \"https://p\" is a "
     "KDC proxy, allowed are host, host:port, [IPv6]:port\n"
     "! A: neither krb5.conf nor skewguard.conf names a KDC\n"},
    {"[libdefaults]\n default_realm = A\n", "kdc a { }", NULL,
     "realm A 300\nkdc a:88 A\nntp a:123 A try\ndns A uri\n"},

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
     "realm A 300\nkdc k (127.0.0.1):88 A\nntp k (a):123 A\ndns A uri\n"},

    /* realms: the default realm is watched in any case, and first */
    {TWO_KDCS, "realm B { kdc = das-m }", NULL,
     "realm EXAMPLE.COM 300\nrealm B 300\n" TWO_KDCS_SOURCES
     "kdc das-m:88 B\nntp das-m:123 B try\n"},
    {TWO_KDCS, "realm B { kdc = b } kdc c { realm = EXAMPLE.COM } kdc d { }",
     NULL,
     "realm EXAMPLE.COM 300\nrealm B 300\n"
     "kdc c:88 EXAMPLE.COM\nntp c:123 EXAMPLE.COM try\n" TWO_KDCS_SOURCES
     "kdc d:88 B\nntp d:123 B try\nkdc b:88 B\nntp b:123 B try\n"},
    {TWO_KDCS, "realm B { kdc = b } realm C { kdc = b } kdc das-m { }", NULL,
     "realm EXAMPLE.COM 300\nrealm B 300\nrealm C 300\n" TWO_KDCS_SOURCES
     "kdc b:88 B\nntp b:123 B try\nkdc b:88 C\nntp b:123 C try\n"},
    {"", "realm B { kdc = b }", NULL,
     "realm B 300\nkdc b:88 B\nntp b:123 B try\n"},

    /* trusts: both directions, ways between, each once, not itself */
    {TWO_KDCS "B = {\n kdc = b\n}\nC = {\n kdc = https://c\n}\n"
              "[capaths]\nEXAMPLE.COM = {\n B = .\n C = B\n D = .\n}\n"
              "E = {\n EXAMPLE.COM = F\n G = H\n}\n"
              "I = {\n J = .\n}\n",
     "realm D { kdc = d }", NULL,
     "realm EXAMPLE.COM 300\nrealm D 300\nrealm B 300\n" TWO_KDCS_SOURCES
     "kdc d:88 D\nntp d:123 D try\nkdc b:88 B\nntp b:123 B try\n"
     "dns E uri\ndns F uri\n"
     "! trusted realm C is not watched: no KDC of it is known\n"},
    {TWO_KDCS "[capaths]\nEXAMPLE.COM = {\n A = .\n B = .\n C = .\n D = .\n"
              " E = .\n F = .\n G = .\n H = .\n}\n",
     "", NULL,
     TWO_KDCS_PLANNED "dns A uri\ndns B uri\ndns C uri\ndns D uri\n"
                      "dns E uri\ndns F uri\ndns G uri\n"
                      "! trusted realm H is not watched: there are too many "
                      "other realms\n"},
    {TWO_KDCS "B = {\n kdc = b\n}\n[capaths]\nEXAMPLE.COM = {\n B = .\n}\n", "",
     "EXAMPLE.COM", TWO_KDCS_PLANNED},

    /* one realm asked for */
    {TWO_KDCS, "realm B { clockskew = 9s } ntp das-m { }", "EXAMPLE.COM",
     "realm EXAMPLE.COM 300\nkdc das-m:88 EXAMPLE.COM\n"
     "kdc das-s:88 EXAMPLE.COM\nntp das-s:123 EXAMPLE.COM try\n"
     "ntp das-m:123 EXAMPLE.COM\n"},
    {TWO_KDCS, "kdc x { } kdc y { realm = A }", "A",
     "realm A 300\nkdc y:88 A\nntp y:123 A try\ndns A uri\n"},
    {"", "kdc x { }", "A",
     "realm A 300\nkdc x:88 A\nntp x:123 A try\ndns A uri\n"},

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

/* DNS has said it of this realm: n KDCs k00, k01, ... and others beyond. */
static void
find(const char *realm, int n, int n_left_out, const char *why_not)
{
    struct sg_finding *finding = &findings.finding[findings.n++];
    static struct sg_discover_answer answer;

    memset(&answer, 0, sizeof answer);
    answer.how = n > 0 ? SG_DISCOVER_SRV : SG_DISCOVER_FAILED;
    answer.list.n_kdcs = n;
    answer.list.n_left_out = n_left_out;
    snprintf(answer.why_not, sizeof answer.why_not, "%s", why_not);
    for (int i = 0; i < n; i++) {
        struct sg_target *kdc = &answer.list.kdcs[i];

        *kdc = (struct sg_target){.kind = SG_KIND_KDC, .port = 88};
        snprintf(kdc->host, sizeof kdc->host, "k%02d.%s.", i, realm);
    }
    memset(finding, 0, sizeof *finding);
    snprintf(finding->question.realm, SG_NAME_MAX, "%s", realm);
    sg_finding_take(finding, &answer);
}

static void
expect_plan(const char *krb5_text, const char *text, const char *expected)
{
    static struct sg_plan plan;
    struct sg_err err = {""};
    struct sg_buf lines = SG_BUF_INIT;

    if (make_plan(krb5_text, text, NULL, &plan, &err) != 0)
        fail_msg("%s", err.text);
    describe(&plan, &lines);
    assert_text(lines.text, expected);
    sg_buf_free(&lines);
}

#define BY_DNS "[libdefaults]\n default_realm = A\n"

/* What DNS said counts where DNS is asked, and nowhere else. */
static void
test_found(void **state)
{
    (void)state;
    findings.n = 0;
    find("A", 2, 0, "");
    expect_plan(BY_DNS, "ntp K01.A { }",
                "realm A 300\n"
                "kdc k00.A (k00.A.):88 A\nntp k00.A (k00.A.):123 A try\n"
                "kdc k01.A (k01.A.):88 A\nntp K01.A:123 A\n"
                "dns A uri\n");
    expect_plan(BY_DNS "[realms]\nA = {\n kdc = a\n}\n", "",
                "realm A 300\nkdc a:88 A\nntp a:123 A try\n");

    findings.n = 0;
    find("A", 1, 9, "");
    findings.finding[0].answer.n_proxies = 2;
    strcpy(findings.finding[0].answer.proxy, "https://p");
    findings.finding[0].answer.n_bad = 1;
    strcpy(findings.finding[0].answer.bad, "a?b");
    expect_plan(BY_DNS, "",
                "realm A 300\n"
                "kdc k00.A (k00.A.):88 A\nntp k00.A (k00.A.):123 A try\n"
                "dns A uri\n"
                "! A: KDC proxy in DNS passed over: https://p (2 in all)\n"
                "! A: record in DNS passed over: \"a?b\" (1 in all)\n"
                "! A: DNS names 10 KDCs, the first 1 are watched\n");

    findings.n = 0;
    find("A", 0, 0, "DNS: no answer within 7 s");
    expect_plan(BY_DNS, "",
                "realm A 300\ndns A uri\n"
                "! A: neither krb5.conf nor skewguard.conf names a KDC; DNS: "
                "no answer within 7 s\n");
    expect_plan(BY_DNS, "kdc a { }",
                "realm A 300\nkdc a:88 A\nntp a:123 A try\ndns A uri\n");
    findings.n = 0;
}

/* A trust is a realm as soon as there is a KDC, and else never one. */
static void
test_found_trusts(void **state)
{
    (void)state;
    findings.n = 0;
    find("B", 1, 0, "");
    find("C", 0, 0, "DNS has no URI or SRV records of KDCs");
    expect_plan(TWO_KDCS "[capaths]\nEXAMPLE.COM = {\n B = .\n C = .\n}\n",
                "ntp k00.B { }",
                "realm EXAMPLE.COM 300\nrealm B 300\n" TWO_KDCS_SOURCES
                "kdc k00.B (k00.B.):88 B\nntp k00.B:123 B\n"
                "dns B uri\ndns C uri\n"
                "! trusted realm C is not watched: DNS has no URI or SRV "
                "records of KDCs\n");
    findings.n = 0;
}

/* DNS can fill what is left, and push nobody out. */
static void
test_room(void **state)
{
    static struct sg_plan plan;
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err;

    (void)state;
    sg_buf_add(&text, "realm B { } realm C { } realm D { } realm E { } ");
    for (int i = 0; i < 10; i++)
        sg_buf_add(&text, "ntp n%d { }", i);
    findings.n = 0;
    find("A", 32, 0, "");
    find("B", 32, 0, "");
    find("C", 32, 0, "");
    find("D", 32, 0, "");
    find("E", 32, 0, "");
    assert_int_equal(make_plan(BY_DNS, text.text, NULL, &plan, &err), 0);
    assert_int_equal(plan.n_realms, 5);
    assert_int_equal(plan.n_sources, SG_MAX_SOURCES);
    assert_string_equal(plan.sources[SG_MAX_SOURCES - 1].name, "n9");
    assert_int_equal(plan.n_notices, 3);
    assert_string_equal(plan.notices[0].text,
                        "D: DNS names 32 KDCs, the first 27 are watched");
    assert_string_equal(plan.notices[1].text,
                        "E: DNS names 32 KDCs, the first 0 are watched");
    assert_string_equal(plan.notices[2].text,
                        "KDCs not asked for authenticated time: 123; allowed "
                        "are 256 sources in all");
    findings.n = 0;
    sg_buf_free(&text);
}

static void
test_same(void **state)
{
    static const char *const others[] = {
        "realm EXAMPLE.COM { clockskew = 300s }",
        "realm B { kdc = b }",
        "kdc das-x { }",
        "kdc das-m { port = 750 }",
        "kdc das-m { transport = tcp }",
        "ntp das-m { }",
    };
    static struct sg_plan a, b;
    struct sg_err err;

    (void)state;
    assert_int_equal(make_plan(TWO_KDCS, "", NULL, &a, &err), 0);
    assert_int_equal(
        make_plan(TWO_KDCS "X = {\n kdc = x\n}\n", "", NULL, &b, &err), 0);
    assert_true(sg_plan_is_same(&a, &b));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(make_plan(TWO_KDCS, others[i], NULL, &b, &err), 0);
        assert_false(sg_plan_is_same(&a, &b));
    }
}

static void
test_host_wide(void **state)
{
    static struct sg_plan plan;
    struct sg_err err;

    (void)state;
    assert_int_equal(make_plan(TWO_KDCS, "", NULL, &plan, &err), 0);
    assert_true(plan.own_clockskew_s == 300 && plan.kdc_timesync);
    assert_int_equal(make_plan("[libdefaults]\n default_realm = A\n"
                               " clockskew = 600\n kdc_timesync = 0\n",
                               "", NULL, &plan, &err),
                     0);
    assert_true(plan.own_clockskew_s == 600 && !plan.kdc_timesync);
    assert_int_equal(make_plan("", "", NULL, &plan, &err), 0);
    assert_true(plan.own_clockskew_s == 0);
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
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_found_trusts),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_host_wide),
        cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_reload),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}

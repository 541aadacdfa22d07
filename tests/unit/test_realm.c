#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <krb5.h>

#include "setup/realm.h"

static char folder[64];
static char krb5_conf[96];

static int
make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/sg-test-realm-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(krb5_conf, sizeof krb5_conf, "%s/krb5.conf", folder);
    return setenv("KRB5_CONFIG", krb5_conf, 1);
}

static int
remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void
write_file(const char *path, const char *text)
{
    FILE *file;

    unlink(path);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct sg_realm_setup *
load(const char *text)
{
    static struct sg_realm_setup setup;
    struct sg_err err = {""};

    write_file(krb5_conf, text);
    memset(&setup, 0x55, sizeof setup);
    if (sg_realm_load("EXAMPLE.COM", &setup, &err) != 0)
        fail_msg("%s", err.text);
    assert_string_equal(setup.name, "EXAMPLE.COM");
    return &setup;
}

/* What the library itself accepts; its own clock may move on by a second. */
static bool
library_accepts(int skew_s)
{
    krb5_context context;
    bool ret;

    assert_int_equal(krb5_init_context(&context), 0);
    ret = krb5_check_clockskew(context,
                               (krb5_timestamp)(time(NULL) - skew_s)) == 0;
    krb5_free_context(context);
    return ret;
}

#define IGNORED(text)                                                          \
    "krb5.conf: clockskew = \"" text                                           \
    "\" is no whole number of seconds; libkrb5 ignores it silently, 300 s "    \
    "are in force"

/* The texts of docs/KERBEROS.md and some worse ones. */
static const struct {
    const char *text;
    double clockskew_s;
    const char *notice; /* NULL: none */
    bool refuses_all;
} skews[] = {
    {"60", 60, NULL, false},
    {"600", 600, NULL, false},
    {"0600", 600, NULL, false},
    {"+60", 60, NULL, false},
    {"\"600\"", 600, NULL, false},
    {"\" 600\"", 600, NULL, false},
    {"86400", 86400, NULL, false},
    {"5m", 300, IGNORED("5m"), false},
    {"10m", 300, IGNORED("10m"), false},
    {"600s", 300, IGNORED("600s"), false},
    {"00:10:00", 300, IGNORED("00:10:00"), false},
    {"\"600 \"", 300, IGNORED("600 "), false},
    {"\"\"", 300, IGNORED(""), false},
    {"1e3", 300, IGNORED("1e3"), false},
    {"300.0", 300, IGNORED("300.0"), false},
    {"0x10", 300, IGNORED("0x10"), false},
    {"2147483648", 300, IGNORED("2147483648"), false},
    {"99999999999999999999", 300, IGNORED("99999999999999999999"), false},
    {"86401", 86401,
     "krb5.conf: clockskew = 86401 can hardly be meant (a day is 86400 s)",
     false},
    {"0", 300,
     "krb5.conf: clockskew = 0 makes libkrb5 refuse what is one second off; "
     "300 s are assumed instead",
     true},
    {"-1", 300,
     "krb5.conf: clockskew = -1 is negative, with which libkrb5 refuses every "
     "ticket; 300 s are assumed instead",
     true},
    {"-300", 300,
     "krb5.conf: clockskew = -300 is negative, with which libkrb5 refuses "
     "every "
     "ticket; 300 s are assumed instead",
     true},
    {"-100000", 300,
     "krb5.conf: clockskew = -100000 is negative, with which libkrb5 refuses "
     "every "
     "ticket; 300 s are assumed instead",
     true},
};

static void
test_clockskew(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof skews / sizeof *skews; i++) {
        struct sg_realm_setup *setup;
        char text[128];

        snprintf(text, sizeof text,
                 "[libdefaults]\n clockskew = %s\n rdns = false\n",
                 skews[i].text);
        setup = load(text);
        assert_true(setup->clockskew_s == skews[i].clockskew_s);
        assert_int_equal(setup->n_notices, skews[i].notice != NULL);
        if (skews[i].notice)
            assert_string_equal(setup->notices[0].text, skews[i].notice);
        if (skews[i].refuses_all) {
            assert_false(library_accepts(2));
            continue;
        }
        assert_true(library_accepts((int)setup->clockskew_s - 2));
        assert_false(library_accepts((int)setup->clockskew_s + 2));
    }
    assert_true(load("")->clockskew_s == 300);
    assert_true(load("[libdefaults]\n clockskew = 100\n clockskew = 200\n")
                    ->clockskew_s == 100);
}

static void
test_kdcs(void **state)
{
    static const char text[] = "[realms]\n"
                               "EXAMPLE.COM = {\n"
                               " kdc = das-m\n"
                               " kdc = das-s.example.com:8888\n"
                               " kdc = [2001:db8::1]:88\n"
                               " kdc = https://proxy.example.com/KdcProxy\n"
                               " kdc = tcp/192.0.2.1\n"
                               " kdc = das-m:port\n"
                               "}\n"
                               "OTHER = {\n kdc = elsewhere\n}\n";
    const struct sg_realm_setup *setup = load(text);

    (void)state;
    assert_int_equal(setup->n_kdcs, 4);
    assert_string_equal(setup->kdcs[0].host, "das-m");
    assert_string_equal(setup->kdcs[0].realm, "EXAMPLE.COM");
    assert_int_equal(setup->kdcs[0].kind, SG_KIND_KDC);
    assert_int_equal(setup->kdcs[0].port, 88);
    assert_int_equal(setup->kdcs[1].port, 8888);
    assert_string_equal(setup->kdcs[2].host, "2001:db8::1");
    assert_string_equal(setup->kdcs[3].host, "192.0.2.1");
    assert_int_equal(setup->kdcs[3].transport, SG_TRANSPORT_TCP);
    assert_int_equal(setup->n_notices, 2);
    assert_string_equal(
        setup->notices[0].text,
        "krb5.conf: EXAMPLE.COM: kdc passed over: value "
        "\"https://proxy.example.com/KdcProxy\" is a KDC proxy, allowed are "
        "host, host:port, [IPv6]:port");
    assert_string_equal(
        setup->notices[1].text,
        "krb5.conf: EXAMPLE.COM: kdc passed over: value \"das-m:port\" has no "
        "port from 1 to 65535 behind its host, allowed are host, host:port, "
        "[IPv6]:port");
    assert_int_equal(load("[realms]\nOTHER = {\n kdc = a\n}\n")->n_kdcs, 0);
}

static void
test_many_kdcs(void **state)
{
    char text[4096] = "[realms]\nEXAMPLE.COM = {\n";
    const struct sg_realm_setup *setup;

    (void)state;
    for (int i = 0; i < 40; i++)
        sprintf(text + strlen(text), " kdc = kdc%d\n", i);
    strcat(text, "}\n");
    setup = load(text);
    assert_int_equal(setup->n_kdcs, SG_MAX_KDCS);
    assert_int_equal(setup->n_notices, 1);
    assert_string_equal(setup->notices[0].text,
                        "krb5.conf: EXAMPLE.COM: more than 32 KDCs, the "
                        "others are passed over");
    strcpy(text, "[realms]\nEXAMPLE.COM = {\n");
    for (int i = 0; i < 40; i++)
        sprintf(text + strlen(text), " kdc = bad%d:0\n", i);
    strcat(text, "}\n");
    setup = load(text);
    assert_int_equal(setup->n_kdcs, 0);
    assert_int_equal(setup->n_notices, SG_MAX_NOTICES);
}

static void
test_several_files(void **state)
{
    char second[128], list[256], text[256], name[SG_NAME_MAX];
    struct sg_err err;

    (void)state;
    snprintf(second, sizeof second, "%s/second.conf", folder);
    snprintf(text, sizeof text, "%s/parts", folder);
    mkdir(text, 0755);
    snprintf(text, sizeof text, "%s/parts/one.conf", folder);
    write_file(text, "[realms]\nEXAMPLE.COM = {\n kdc = included\n}\n");
    snprintf(
        text, sizeof text,
        "includedir %s/parts\n[libdefaults]\ndefault_realm = EXAMPLE.COM\n",
        folder);
    snprintf(list, sizeof list, "%s:%s", krb5_conf, second);
    setenv("KRB5_CONFIG", list, 1);
    assert_int_equal(load(text)->n_kdcs, 1); /* the second is missing */
    assert_int_equal(sg_realm_default(name, sizeof name, &err), 0);
    assert_string_equal(name, "EXAMPLE.COM");

    write_file(second, "[libdefaults]\ndefault_realm = SECOND\n"
                       "clockskew = 77\n"
                       "[realms]\nEXAMPLE.COM = {\n kdc = appended\n}\n");
    assert_int_equal(load(text)->n_kdcs, 2);
    assert_string_equal(load(text)->kdcs[1].host, "appended");
    assert_true(load(text)->clockskew_s == 77);
    assert_int_equal(sg_realm_default(name, sizeof name, &err), 0);
    assert_string_equal(name, "EXAMPLE.COM");
    load("");
    assert_int_equal(sg_realm_default(name, sizeof name, &err), 0);
    assert_string_equal(name, "SECOND");
    unlink(second);
    setenv("KRB5_CONFIG", krb5_conf, 1);
}

/* Expects no default realm; "@" in message stands for the file. */
static void
refuse_default(int code, const char *message)
{
    char name[SG_NAME_MAX] = "untouched", expected[512] = "";
    struct sg_err err = {""};

    if (message[0] == '@')
        snprintf(expected, sizeof expected, "%s%s", krb5_conf, message + 1);
    assert_int_equal(sg_realm_default(name, sizeof name, &err), code);
    assert_string_equal(err.text, expected);
    assert_string_equal(name, "untouched");
}

static void
test_no_default(void **state)
{
    char text[512], small[4];
    struct sg_err err;
    struct sg_realm_setup setup;

    (void)state;
    write_file(krb5_conf, "");
    refuse_default(-ENOENT, "@: no default_realm");
    write_file(krb5_conf, "[libdefaults]\n dns_lookup_realm = true\n");
    refuse_default(-ENOENT, "@: no default_realm");
    write_file(krb5_conf, "[libdefaults]\n default_realm = \"A B\"\n");
    refuse_default(-EINVAL, "@: default_realm \"A B\" is no realm, allowed are "
                            "up to 255 visible ASCII characters");
    snprintf(text, sizeof text, "[libdefaults]\n default_realm = %0300d\n", 0);
    write_file(krb5_conf, text);
    assert_int_equal(sg_realm_default(text, sizeof text, &err), -EINVAL);
    write_file(krb5_conf, "[libdefaults]\n default_realm = LONG\n");
    assert_int_equal(sg_realm_default(small, sizeof small, &err),
                     -ENAMETOOLONG);

    unlink(krb5_conf);
    refuse_default(-ENOENT, "@ (No such file or directory): no default_realm");
    assert_int_equal(sg_realm_load("EXAMPLE.COM", &setup, &err), 0);
    assert_true(setup.clockskew_s == 300);
    assert_int_equal(setup.n_kdcs + setup.n_notices, 0);
}

static void
test_broken(void **state)
{
    static const char *const broken[][2] = {
        {"[libdefaults\ndefault_realm = A\n",
         "@: Improper format of Kerberos configuration file"},
        {"[libdefaults]\nclockskew =\nrdns = false\n",
         "@: Improper format of Kerberos configuration file"},
        {"[libdefaults]\ndefault_realm = A\nrubbish\n",
         "@: Improper format of Kerberos configuration file"},
        {"[libdefaults]\n}\n",
         "@: Improper format of Kerberos configuration file"},
        {"includedir /nonexistent\n",
         "@: Included profile directory could not be read"},
        {"[libdefaults]\nallow_weak_crypto = perhaps\n",
         "@: Invalid boolean value"},
    };
    struct sg_realm_setup setup;
    struct sg_err err;

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        write_file(krb5_conf, broken[i][0]);
        refuse_default(-EINVAL, broken[i][1]);
        assert_int_equal(sg_realm_load("A", &setup, &err), -EINVAL);
    }
    assert_int_equal(sg_realm_load("A B", &setup, &err), -EINVAL);
    assert_string_equal(err.text, "realm \"A B\" is no realm, allowed are up "
                                  "to 255 visible ASCII characters");
}

static void
test_unreadable(void **state)
{
    struct sg_realm_setup setup;
    struct sg_err err;

    (void)state;
    write_file(krb5_conf, "[libdefaults]\ndefault_realm = A\n");
    chmod(krb5_conf, 0);
    chmod(folder, 0755);
    if (geteuid() == 0) {
        assert_int_equal(seteuid(65534), 0);
        /* access(2) asks for the real user. */
        refuse_default(-EACCES, "@: Permission denied");
    } else {
        refuse_default(-EACCES, "@ (Permission denied): Permission denied");
    }
    assert_int_equal(sg_realm_load("A", &setup, &err), -EACCES);
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

/* As in krb5-config 2.7; the settings behind "%s" are an administrator's. */
static const char template_text[] =
    "[libdefaults]\n"
    "\tdefault_realm = ATHENA.MIT.EDU\n"
    "# The following krb5.conf variables are only for MIT Kerberos.\n"
    "\tkdc_timesync = 1\n\tccache_type = 4\n"
    "\tforwardable = true\n\tproxiable = true\n        rdns = false\n"
    "\tfcc-mit-ticketflags = true\n%s"
    "[realms]\n%s"
    "\tATHENA.MIT.EDU = {\n%s"
    "\t\tkdc = kerberos.mit.edu\n\t\tkdc = kerberos-1.mit.edu\n"
    "\t\tkdc = kerberos-2.mit.edu:88\n\t\tadmin_server = kerberos.mit.edu\n"
    "\t\tdefault_domain = mit.edu\n\t}\n"
    "\tZONE.MIT.EDU = {\n\t\tkdc = casio.mit.edu\n\t}\n"
    "\tCSAIL.MIT.EDU = {\n\t\tdefault_domain = csail.mit.edu\n\t}\n"
    "\tIHTFP.ORG = {\n\t\tkdc = kerberos.ihtfp.org\n\t}\n"
    "\t1TS.ORG = {\n\t\tkdc = kerberos.1ts.org\n\t}\n"
    "\tANDREW.CMU.EDU = {\n\t\tdefault_domain = andrew.cmu.edu\n\t}\n"
    "\tstanford.edu = {\n\t\tkdc = krb5auth1.stanford.edu\n\t}\n";

static void
write_template(const char *setting, const char *realm, const char *kdc)
{
    char text[4096];

    snprintf(text, sizeof text, template_text, setting, realm, kdc);
    write_file(krb5_conf, text);
}

static void
test_template(void **state)
{
    static const char *const edits[][3] = {
        {"\tclockskew = 60\n", "", ""},
        {"", "\tMINE = {\n\t\tkdc = mine\n\t}\n", ""},
        {"", "", "\t\tkdc = mine.mit.edu\n"},
    };
    char name[SG_NAME_MAX];
    struct sg_err err;

    (void)state;
    write_template("", "", "");
    refuse_default(-ENOENT, "@: Debian's template, unedited: its "
                            "default_realm ATHENA.MIT.EDU does not count");
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        write_template(edits[i][0], edits[i][1], edits[i][2]);
        assert_int_equal(sg_realm_default(name, sizeof name, &err), 0);
        assert_string_equal(name, "ATHENA.MIT.EDU");
    }
    write_file(krb5_conf, "[libdefaults]\n default_realm = ATHENA.MIT.EDU\n"
                          "[realms]\nATHENA.MIT.EDU = {\n"
                          " kdc = kerberos.mit.edu\n"
                          " kdc = kerberos-1.mit.edu\n"
                          " kdc = kerberos-2.mit.edu:88\n}\n");
    assert_int_equal(sg_realm_default(name, sizeof name, &err), 0);
}

/* Only a KDC list is one; what libkrb5 would ask DNS for, and how. */
static void
test_switches(void **state)
{
    static const struct {
        const char *text;
        bool uses_dns, uses_uri, kdc_timesync;
    } cases[] = {
        {"", true, true, true},
        {"dns_lookup_kdc = false", false, true, true},
        {"dns_lookup_kdc = Yes", true, true, true},
        {"dns_lookup_kdc = on", true, true, true},
        {"dns_lookup_kdc = certainly", false, true, true},
        {"dns_fallback = no", false, true, true},
        {"dns_fallback = no\n dns_lookup_kdc = 1", true, true, true},
        {"dns_uri_lookup = false", true, false, true},
        {"dns_uri_lookup = certainly", true, true, true},
        {"kdc_timesync = 0", true, true, false},
        {"kdc_timesync = 1", true, true, true},
        {"kdc_timesync = off", true, true, true},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sg_realm_setup *setup;

        snprintf(text, sizeof text, "[libdefaults]\n %s\n", cases[i].text);
        setup = load(text);
        assert_int_equal(setup->uses_dns, cases[i].uses_dns);
        assert_int_equal(setup->uses_uri, cases[i].uses_uri);
        assert_int_equal(setup->kdc_timesync, cases[i].kdc_timesync);
        assert_false(setup->names_kdcs);
        assert_int_equal(setup->n_notices, 0);
    }
    assert_string_equal(load("")->sitename, "");
    assert_string_equal(
        load("[realms]\nEXAMPLE.COM = {\n sitename = east\n}\n")->sitename,
        "east");
    assert_false(load("[realms]\nEXAMPLE.COM = {\n primary_kdc = a\n"
                      " master_kdc = b\n admin_server = c\n}\n")
                     ->names_kdcs);
    assert_true(
        load("[realms]\nEXAMPLE.COM = {\n kdc = https://p\n}\n")->names_kdcs);
}

/* Without a default realm, what [domain_realm] has for this host. */
static void
test_domain_realm(void **state)
{
    char host[256], text[600], name[SG_NAME_MAX];
    struct sg_err err;

    (void)state;
    assert_int_equal(gethostname(host, sizeof host), 0);
    snprintf(text, sizeof text, "[domain_realm]\n %s = OWN.TEST\n", host);
    write_file(krb5_conf, text);
    assert_int_equal(sg_realm_default(name, sizeof name, &err), 0);
    assert_string_equal(name, "OWN.TEST");

    snprintf(text, sizeof text,
             "[libdefaults]\n default_realm = A\n"
             "[domain_realm]\n %s = OWN.TEST\n",
             host);
    write_file(krb5_conf, text);
    assert_int_equal(sg_realm_default(name, sizeof name, &err), 0);
    assert_string_equal(name, "A");

    write_file(krb5_conf, "[domain_realm]\n elsewhere.invalid = OTHER.TEST\n");
    assert_int_equal(sg_realm_default(name, sizeof name, &err), -ENOENT);
}

static void
test_trusts(void **state)
{
    static const char *const names[] = {"B", "C", "D", "E"};
    char found[8][SG_NAME_MAX];

    (void)state;
    write_file(krb5_conf, "[capaths]\n"
                          "A = {\n B = .\n C = B\n C = A\n}\n"
                          "D = {\n A = E\n X = Y\n}\n"
                          "Z = {\n X = .\n}\n");
    assert_int_equal(sg_realm_trusts("A", 8, found), 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(found[i], names[i]);
    assert_int_equal(sg_realm_trusts("A", 1, found), 4);
    assert_int_equal(sg_realm_trusts("Q", 8, found), 0);
    write_file(krb5_conf, "[capaths]\nA = {\n B = {\n C = .\n }\n}\n");
    assert_int_equal(sg_realm_trusts("A", 8, found), 0);
    write_file(krb5_conf, "[capaths\n");
    assert_int_equal(sg_realm_trusts("A", 8, found), 0);
    write_file(krb5_conf, "");
    assert_int_equal(sg_realm_trusts("A", 8, found), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_domain_realm),
        cmocka_unit_test(test_trusts),
        cmocka_unit_test(test_clockskew),
        cmocka_unit_test(test_kdcs),
        cmocka_unit_test(test_many_kdcs),
        cmocka_unit_test(test_several_files),
        cmocka_unit_test(test_no_default),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_template),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

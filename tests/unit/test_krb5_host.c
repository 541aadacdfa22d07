#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <krb5.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "keytab.h"
#include "probe/krb5_host.h"
#include "probe/krb5_keytab.h"
#include "probe/krb5_profile.h"

#define REALM "SKEW.TEST"
#define AES128 ENCTYPE_AES128_CTS_HMAC_SHA1_96
#define AES256 ENCTYPE_AES256_CTS_HMAC_SHA1_96

/* One test's folder, the keytab in it, and the credentials that look at it. */
struct world {
    char folder[64], path[96], name[104];
    struct sg_krb5_hosts *hosts;
    struct sg_krb5_host *host;
};

static int
set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    strcpy(world->folder, "/tmp/test_krb5_host.XXXXXX");
    if (!mkdtemp(world->folder))
        return -1;
    snprintf(world->path, sizeof world->path, "%s/keytab", world->folder);
    snprintf(world->name, sizeof world->name, "FILE:%s", world->path);
    setenv("KRB5_CONFIG", "/nonexistent/krb5.conf", 1);
    setenv("KRB5_KTNAME", "FILE:/nonexistent/keytab", 1);
    world->hosts = sg_krb5_hosts_new();
    world->host = sg_krb5_hosts_get(world->hosts, REALM, world->path);
    *state = world;
    return world->host ? 0 : -1;
}

static int
tear_down(void **state)
{
    struct world *world = *state;
    char path[96];

    sg_krb5_hosts_free(world->hosts);
    unlink(world->path);
    snprintf(path, sizeof path, "%s/krb5.conf", world->folder);
    unlink(path);
    rmdir(world->folder);
    free(world);
    return 0;
}

static void
write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void
assert_none(struct sg_krb5_host *host, const char *path, const char *why)
{
    struct sg_outcome outcome;
    char text[300];

    assert_false(sg_krb5_host_load(host, &outcome));
    assert_string_equal(sg_outcome_name(outcome.code),
                        sg_outcome_name(SG_OUTCOME_KEYTAB));
    snprintf(text, sizeof text, "%s%s%s", path, *path ? ": " : "", why);
    assert_string_equal(outcome.text, text);
}

static void
assert_client(struct sg_krb5_host *host, const char *client)
{
    struct sg_outcome outcome = {.text = ""};

    if (!sg_krb5_host_load(host, &outcome))
        fail_msg("%s", outcome.text);
    assert_string_equal(sg_krb5_host_client(host), client);
}

/* How many keys are kept in memory, where other contexts find them. */
static int
count_keys(const struct sg_krb5_host *host, krb5_kvno *ret_vno)
{
    krb5_context context;
    krb5_keytab keytab;
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    int n = 0;

    assert_int_equal(sg_krb5_context_new(SG_KRB5_PROFILE_LOGIN, &context), 0);
    assert_int_equal(
        krb5_kt_resolve(context, sg_krb5_host_keytab(host), &keytab), 0);
    assert_int_equal(krb5_kt_start_seq_get(context, keytab, &cursor), 0);
    for (; krb5_kt_next_entry(context, keytab, &entry, &cursor) == 0; n++) {
        *ret_vno = entry.vno;
        krb5_free_keytab_entry_contents(context, &entry);
    }
    krb5_kt_end_seq_get(context, keytab, &cursor);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
    return n;
}

static void
best_name_of_the_realm_is_taken(void **state)
{
    struct world *w = *state;

    add_to_keytab(w->name, "OTHER$@OTHER.TEST");
    assert_none(w->host, w->path, "no key of realm SKEW.TEST");
    add_to_keytab(w->name, "nfs/a.test@" REALM);
    assert_client(w->host, "nfs/a.test@" REALM);
    add_to_keytab(w->name, "host/a.test@" REALM);
    add_to_keytab(w->name, "host/b.test@" REALM);
    assert_client(w->host, "host/a.test@" REALM);
    add_to_keytab(w->name, "WEB1$@" REALM);
    add_to_keytab(w->name, "WEB2$@" REALM);
    assert_client(w->host, "WEB1$@" REALM);
    assert_string_equal(sg_krb5_host_path(w->host), w->path);
}

static void
newest_keys_of_that_name_are_kept(void **state)
{
    struct world *w = *state;
    krb5_kvno vno;

    add_key(w->name, "host/a@" REALM, 3, AES128);
    add_key(w->name, "host/a@" REALM, 300, AES256);
    add_key(w->name, "host/b@" REALM, 400, AES256);
    add_key(w->name, "host/a@" REALM, 300, AES128);
    add_key(w->name, "host/a@" REALM, 299, AES128);
    assert_client(w->host, "host/a@" REALM);
    assert_int_equal(count_keys(w->host, &vno), 2);
    assert_int_equal(vno, 300);
}

static void
what_cannot_be_used_is_said_with_its_path(void **state)
{
    struct world *w = *state;

    assert_none(w->host, w->path, "No such file or directory");
    assert_int_equal(mkdir(w->path, 0700), 0);
    assert_none(w->host, w->path, "not a regular file");
    assert_int_equal(rmdir(w->path), 0);
    assert_int_equal(mkfifo(w->path, 0600), 0);
    assert_none(w->host, w->path, "not a regular file");
    assert_int_equal(unlink(w->path), 0);
    write_file(w->path, "this is no keytab");
    assert_none(w->host, w->path,
                "Unsupported key table format version number");
    assert_int_equal(truncate(w->path, (16 << 20) + 1), 0);
    assert_none(w->host, w->path, "16777217 bytes, allowed are 16777216");
    assert_int_equal(unlink(w->path), 0);
    add_to_keytab(w->name, "host/a@" REALM);
    assert_client(w->host, "host/a@" REALM);
}

/* Permission means nothing to root, so another user looks. */
static void
forbidden_file_is_said(void **state)
{
    struct world *w = *state;
    const struct passwd *nobody = getpwnam("nobody");
    int status;
    pid_t child;

    add_to_keytab(w->name, "host/a@" REALM);
    assert_int_equal(chmod(w->folder, 0755), 0);
    assert_int_equal(chmod(w->path, geteuid() == 0 ? 0600 : 0), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sg_outcome outcome;
        char text[200];

        if (geteuid() == 0 && (!nobody || setuid(nobody->pw_uid) != 0))
            _exit(2);
        snprintf(text, sizeof text, "%s: Permission denied", w->path);
        _exit(sg_krb5_host_load(w->host, &outcome) ||
              strcmp(outcome.text, text) != 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(w->path, 0600), 0);
    assert_client(w->host, "host/a@" REALM);
}

static void
file_is_read_only_when_it_changes(void **state)
{
    struct world *w = *state;
    struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    char other[128], name[160];

    add_to_keytab(w->name, "host/a@" REALM);
    for (int i = 0; i < 100; i++)
        assert_client(w->host, "host/a@" REALM);
    assert_int_equal(sg_krb5_host_reads(w->host), 1);

    /* its time alone */
    assert_int_equal(utimensat(AT_FDCWD, w->path, times, 0), 0);
    assert_client(w->host, "host/a@" REALM);
    assert_int_equal(sg_krb5_host_reads(w->host), 2);

    /* another file with the same time and size */
    snprintf(other, sizeof other, "%s/other", w->folder);
    snprintf(name, sizeof name, "FILE:%s", other);
    add_to_keytab(name, "host/b@" REALM);
    assert_int_equal(utimensat(AT_FDCWD, other, times, 0), 0);
    assert_int_equal(rename(other, w->path), 0);
    assert_client(w->host, "host/b@" REALM);
    assert_int_equal(sg_krb5_host_reads(w->host), 3);

    /* what says nothing about us is not read again and again either */
    unlink(w->path);
    add_to_keytab(w->name, "host/b@OTHER.TEST");
    for (int i = 0; i < 10; i++)
        assert_none(w->host, w->path, "no key of realm SKEW.TEST");
    assert_int_equal(sg_krb5_host_reads(w->host), 4);

    /* gone and back: nothing is believed that cannot be seen */
    unlink(w->path);
    assert_none(w->host, w->path, "No such file or directory");
}

/* In one go: the file is read once for each key that add_key appends. */
static void
write_many(const char *name, int n)
{
    krb5_context context;
    krb5_keytab keytab;
    krb5_keytab_entry entry = {.vno = 1};
    char text[64];

    assert_int_equal(krb5_init_context(&context), 0);
    assert_int_equal(krb5_kt_resolve(context, name, &keytab), 0);
    assert_int_equal(krb5_c_make_random_key(context, AES128, &entry.key), 0);
    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "svc%d/a.test@" REALM, i);
        assert_int_equal(krb5_parse_name(context, text, &entry.principal), 0);
        assert_int_equal(krb5_kt_add_entry(context, keytab, &entry), 0);
        krb5_free_principal(context, entry.principal);
    }
    krb5_free_keyblock_contents(context, &entry.key);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
}

static double
cpu_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
thousand_entries_are_cheap(void **state)
{
    struct world *w = *state;
    krb5_kvno vno;
    double begin_s, read_s, look_s;

    write_many(w->name, 1000);
    add_key(w->name, "host/a@" REALM, 2, AES128);
    begin_s = cpu_s();
    assert_client(w->host, "host/a@" REALM);
    read_s = cpu_s() - begin_s;
    assert_int_equal(count_keys(w->host, &vno), 1);
    begin_s = cpu_s();
    for (int i = 0; i < 100; i++)
        assert_client(w->host, "host/a@" REALM);
    look_s = (cpu_s() - begin_s) / 100;
    print_message("read in %.0f us, then %.1f us each time\n", read_s * 1e6,
                  look_s * 1e6);
    assert_true(look_s < read_s / 10);
    assert_int_equal(sg_krb5_host_reads(w->host), 1);
}

static void
krb5_conf_names_the_default(void **state)
{
    struct world *w = *state;
    struct sg_krb5_host *host = sg_krb5_hosts_get(w->hosts, REALM, "");
    char conf[96], text[300];

    add_to_keytab(w->name, "host/a@" REALM);
    assert_none(host, "/nonexistent/keytab", "No such file or directory");
    setenv("KRB5_KTNAME", w->name, 1);
    assert_client(host, "host/a@" REALM);

    unsetenv("KRB5_KTNAME");
    snprintf(conf, sizeof conf, "%s/krb5.conf", w->folder);
    setenv("KRB5_CONFIG", conf, 1);
    snprintf(text, sizeof text,
             "[libdefaults]\n default_keytab_name = %s\n"
             " permitted_enctypes = nonsense\n",
             w->name);
    write_file(conf, text);
    assert_client(host, "host/a@" REALM);
    snprintf(text, sizeof text, "[libdefaults]\n default_keytab_name = WR%s\n",
             w->name);
    write_file(conf, text);
    assert_client(host, "host/a@" REALM);
    write_file(conf, "[libdefaults]\n default_keytab_name = MEMORY:x\n");
    assert_none(host, "",
                "keytab MEMORY:x: only files with a path from / are read");
    memset(text, 'k', sizeof text);
    memcpy(text, "FILE:/", 6);
    text[299] = '\0';
    setenv("KRB5_KTNAME", text, 1);
    assert_none(host, "", "the default keytab's name is longer than 255 bytes");

    /* a broken krb5.conf leaves what else names one */
    write_file(conf, "[libdefaults\n");
    setenv("KRB5_KTNAME", w->name, 1);
    assert_client(host, "host/a@" REALM);
}

static void
keys_come_first_in_the_list_of_types(void **state)
{
    struct world *w = *state;
    krb5_context context;
    krb5_enctype *all, *list;
    int n, n_all = 0;

    add_key(w->name, "host/a@" REALM, 2, AES128);
    assert_client(w->host, "host/a@" REALM);
    assert_int_equal(sg_krb5_context_new(SG_KRB5_PROFILE_LOGIN, &context), 0);
    assert_int_equal(krb5_get_permitted_enctypes(context, &all), 0);
    while (all[n_all])
        n_all++;
    assert_int_equal(all[0], AES256);
    assert_int_equal(sg_krb5_host_enctypes(w->host, context, &list, &n), 0);
    assert_int_equal(n, n_all);
    assert_int_equal(list[0], AES128);
    assert_int_equal(list[1], AES256);
    assert_int_equal(list[2], all[2]);
    assert_int_equal(list[n], 0);
    krb5_free_enctypes(context, all);
    krb5_free_enctypes(context, list);
    krb5_free_context(context);
}

static struct sg_reading
later(struct sg_reading from, double raw_s, double wall_s)
{
    return (struct sg_reading){sg_raw_add(from.raw, raw_s),
                               sg_wall_add(from.wall, wall_s), 1e-7};
}

static bool
serves(const struct sg_krb5_host *host, double raw_s, double wall_s)
{
    struct sg_reading then =
        later((struct sg_reading){{0}, {0}, 0}, raw_s, wall_s);

    return sg_krb5_host_has_armor(host, &then);
}

static void
armor_serves_until_it_ends_or_the_clock_is_stepped(void **state)
{
    struct world *w = *state;
    const struct sg_reading made = {{0}, {0}, 0};

    add_to_keytab(w->name, "host/a@" REALM);
    assert_client(w->host, "host/a@" REALM);
    assert_false(serves(w->host, 0, 0));
    sg_krb5_host_armed(w->host, 1, &made, 36000);
    assert_true(serves(w->host, 0, 0));
    assert_true(serves(w->host, 35699, 35699));
    assert_false(serves(w->host, 35701, 35701));
    assert_true(serves(w->host, 100, 109));
    assert_true(serves(w->host, 100, 91));
    assert_false(serves(w->host, 100, 111));
    assert_false(serves(w->host, 100, 89));
    assert_false(serves(w->host, 100, -1e9));

    /* one that lasts for minutes only is of no use */
    sg_krb5_host_armed(w->host, 1, &made, 200);
    assert_false(serves(w->host, 0, 0));
}

static void
armor_goes_with_its_keys(void **state)
{
    struct world *w = *state;
    const struct sg_reading made = {{0}, {0}, 0};
    char old[64];

    add_to_keytab(w->name, "host/a@" REALM);
    assert_client(w->host, "host/a@" REALM);
    snprintf(old, sizeof old, "%s", sg_krb5_host_ccache(w->host));
    sg_krb5_host_armed(w->host, 1, &made, 36000);
    add_to_keytab(w->name, "host/b@" REALM);
    assert_client(w->host, "host/a@" REALM);
    assert_false(serves(w->host, 0, 0));
    assert_string_not_equal(sg_krb5_host_ccache(w->host), old);

    /* the end of an exchange that began with the old keys */
    sg_krb5_host_armed(w->host, 1, &made, 36000);
    assert_false(serves(w->host, 0, 0));
    sg_krb5_host_armed(w->host, 2, &made, 36000);
    assert_true(serves(w->host, 0, 0));
    unlink(w->path);
    assert_none(w->host, w->path, "No such file or directory");
    assert_false(serves(w->host, 0, 0));
    sg_krb5_host_armed(w->host, 2, &made, 36000);
    assert_false(serves(w->host, 0, 0));
}

/* Without a descriptor left nothing can be seen, gone or not. */
static void
assert_blind(struct sg_krb5_host *host, const char *path, const char *why)
{
    struct rlimit limit, none;
    struct sg_outcome outcome;
    bool is_loaded;
    char text[300];

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){0, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    is_loaded = sg_krb5_host_load(host, &outcome);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_false(is_loaded);
    assert_string_equal(sg_outcome_name(outcome.code),
                        sg_outcome_name(SG_OUTCOME_LOCAL));
    snprintf(text, sizeof text, "%s: %s", path, why);
    assert_string_equal(outcome.text, text);
}

static void
who_cannot_look_forgets_nothing(void **state)
{
    struct world *w = *state;
    const struct sg_reading made = {{0}, {0}, 0};
    struct sg_krb5_host *host = sg_krb5_hosts_get(w->hosts, REALM, "");
    char conf[96], text[300];

    add_to_keytab(w->name, "host/a@" REALM);
    assert_client(w->host, "host/a@" REALM);
    sg_krb5_host_armed(w->host, 1, &made, 36000);
    assert_blind(w->host, w->path, "Too many open files");
    assert_true(serves(w->host, 0, 0));
    assert_client(w->host, "host/a@" REALM);
    assert_int_equal(sg_krb5_host_reads(w->host), 1);

    /* the same where krb5.conf names it */
    unsetenv("KRB5_KTNAME");
    snprintf(conf, sizeof conf, "%s/krb5.conf", w->folder);
    setenv("KRB5_CONFIG", conf, 1);
    snprintf(text, sizeof text, "[libdefaults]\n default_keytab_name = %s\n",
             w->name);
    write_file(conf, text);
    assert_client(host, "host/a@" REALM);
    assert_blind(host, w->path,
                 "krb5.conf cannot be read: Too many open files");
    assert_client(host, "host/a@" REALM);
    assert_int_equal(sg_krb5_host_reads(host), 1);
}

static void
refused_key_rests_until_the_keytab_changes(void **state)
{
    struct world *w = *state;
    struct sg_outcome refusal = {.code = SG_OUTCOME_REJECTED}, said;
    const struct sg_raw then = {0};

    add_to_keytab(w->name, "host/a@" REALM);
    assert_client(w->host, "host/a@" REALM);
    assert_false(sg_krb5_host_rests(w->host, then, &said));
    snprintf(refusal.text, sizeof refusal.text, "KRB-ERROR 24");
    sg_krb5_host_refused(w->host, then, &refusal);
    assert_client(w->host, "host/a@" REALM);
    assert_true(sg_krb5_host_rests(w->host, sg_raw_add(then, 1799), &said));
    assert_int_equal(said.code, SG_OUTCOME_REJECTED);
    assert_string_equal(said.text, "KRB-ERROR 24");
    assert_false(sg_krb5_host_rests(w->host, sg_raw_add(then, 1801), &said));
    add_to_keytab(w->name, "host/b@" REALM);
    assert_client(w->host, "host/a@" REALM);
    assert_false(sg_krb5_host_rests(w->host, then, &said));
}

static void
realms_and_keytabs_have_their_own(void **state)
{
    struct world *w = *state;
    struct sg_krb5_host *host = w->host;

    assert_ptr_equal(sg_krb5_hosts_get(w->hosts, REALM, w->path), host);
    assert_ptr_not_equal(sg_krb5_hosts_get(w->hosts, "B.TEST", w->path), host);
    assert_ptr_not_equal(sg_krb5_hosts_get(w->hosts, REALM, ""), host);
    assert_ptr_equal(sg_krb5_hosts_get(w->hosts, REALM, w->path), host);
    sg_krb5_hosts_free(NULL);
}

static void
others_take_over_what_is_known(void **state)
{
    struct world *w = *state;
    struct sg_krb5_hosts *hosts = sg_krb5_hosts_new();
    struct sg_krb5_host *host = w->host, *own, *other;
    const struct sg_reading made = {{0}, {0}, 0};

    add_to_keytab(w->name, "host/a@" REALM);
    assert_client(host, "host/a@" REALM);
    sg_krb5_host_armed(host, 1, &made, 36000);
    other = sg_krb5_hosts_get(w->hosts, "B.TEST", w->path);
    own = sg_krb5_hosts_get(hosts, "C.TEST", w->path);
    sg_krb5_hosts_take(hosts, w->hosts, REALM, w->path);
    sg_krb5_hosts_take(hosts, w->hosts, REALM, w->path);
    sg_krb5_hosts_take(hosts, w->hosts, REALM, "");

    assert_ptr_equal(sg_krb5_hosts_get(hosts, REALM, w->path), host);
    assert_ptr_equal(sg_krb5_hosts_get(hosts, "C.TEST", w->path), own);
    assert_ptr_equal(sg_krb5_hosts_get(w->hosts, "B.TEST", w->path), other);
    w->host = sg_krb5_hosts_get(w->hosts, REALM, w->path);
    assert_ptr_not_equal(w->host, host);
    sg_krb5_hosts_free(w->hosts);
    w->hosts = hosts;

    assert_client(host, "host/a@" REALM);
    assert_int_equal(sg_krb5_host_reads(host), 1);
    assert_true(serves(host, 0, 0));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(best_name_of_the_realm_is_taken),
        TEST(newest_keys_of_that_name_are_kept),
        TEST(what_cannot_be_used_is_said_with_its_path),
        TEST(forbidden_file_is_said),
        TEST(file_is_read_only_when_it_changes),
        TEST(thousand_entries_are_cheap),
        TEST(krb5_conf_names_the_default),
        TEST(keys_come_first_in_the_list_of_types),
        TEST(armor_serves_until_it_ends_or_the_clock_is_stepped),
        TEST(armor_goes_with_its_keys),
        TEST(who_cannot_look_forgets_nothing),
        TEST(refused_key_rests_until_the_keytab_changes),
        TEST(realms_and_keytabs_have_their_own),
        TEST(others_take_over_what_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

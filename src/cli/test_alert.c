/*
 * The test alert: through the real spool and the real mailer, and what became
 * of it in their words.
 */
#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alert/receipt.h"
#include "alert/record.h"
#include "alert/spool.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/command.h"
#include "reader/published.h"
#include "report/present.h"
#include "report/words.h"
#include "setup/config.h"

#define LOCK_NAME "mailer.lock"
#define DAEMON_LOCK_NAME "skewguardd.lock"
#define WAIT_S 60
#define POLL_MS 100
/* The daemon may just be putting an alert there. */
#define PUT_TRIES 20

struct test {
    struct sg_config *config;
    char folder[SG_PATH_MAX + sizeof "/" SG_SPOOL_FOLDER];
    struct sg_record record;
    struct sg_receipt receipt;
    bool is_told[SG_RECEIPT_ROWS_MAX]; /* of the receipt's rows */
};

static void
pause_ms(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* ---- the record ---- */

static void
set_id(struct sg_record *record)
{
    uint64_t bits = 0;

    if (getrandom(&bits, sizeof bits, 0) != sizeof bits)
        bits = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
    snprintf(record->id, sizeof record->id, "%016jx", (uintmax_t)bits);
    record->number = 1;
}

/* What the daemon published says what the time is, if it says anything. */
static void
set_times(const struct sg_config *config, struct sg_record *record)
{
    static struct sg_status status;
    static struct sg_present present;
    struct sg_report_now now;
    char lock_path[SG_PATH_MAX + sizeof "/" DAEMON_LOCK_NAME];
    struct sg_skew skew;

    snprintf(lock_path, sizeof lock_path, "%s/" DAEMON_LOCK_NAME,
             config->runtime_directory);
    sg_published_read(config->status_file, &status, NULL);
    sg_published_look(lock_path, &now);
    sg_present_make(&status, &now, &present);
    record->host_time = present.wall;
    if (!sg_present_skew(&present, &status.clock.model, &skew))
        return;
    record->has_true_time = true;
    record->true_time = sg_wall_add(present.wall, skew.offset_s);
}

/* "  by mail to root, ops@example.org" */
static void
add_names(struct sg_buf *body, const char *what, const char *first, int n,
          size_t size)
{
    struct sg_buf text = SG_BUF_INIT;

    if (n == 0)
        return;
    for (int i = 0; i < n; i++)
        sg_buf_add(&text, "%s%s", i ? ", " : "", first + (size_t)i * size);
    sg_buf_add(body, "  %s ", what);
    sg_words_flush(body, (int)strlen(what) + 3, 4, &text);
}

static void
add_body(const struct sg_config *config, const char *host, struct sg_buf *body)
{
    const struct sg_config_alert *alert = &config->alert;
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(
        &text,
        "This is a test, sent by \"skewguard test-alert\" on %s: nothing "
        "is wrong. Alerts about the clock of that host arrive in the "
        "same way.",
        host);
    sg_words_flush(body, 0, 0, &text);
    sg_buf_add(body, "\nAs configured, alerts go\n");
    add_names(body, "by mail to", alert->mailto[0], alert->n_mailto,
              sizeof *alert->mailto);
    if (alert->n_mailto > 0 && config->smtp.host[0])
        sg_buf_add(body, "    through the relay %s, port %u\n",
                   config->smtp.host, config->smtp.port);
    else if (alert->n_mailto > 0)
        sg_buf_add(body, "    through %s\n", alert->sendmail);
    add_names(body, "to the hooks", alert->hooks[0], alert->n_hooks,
              sizeof *alert->hooks);
}

static void
make_record(const struct sg_config *config, struct sg_record *ret)
{
    struct sg_buf body = SG_BUF_INIT;

    memset(ret, 0, sizeof *ret);
    set_id(ret);
    ret->topic = SG_ALERT_TEST;
    ret->phase = SG_ALERT_RAISED;
    ret->level = SG_ALERT_NOTICE;
    ret->severity = LOG_NOTICE;
    ret->blame = SG_BLAME_NONE;
    if (gethostname(ret->host, sizeof ret->host - 1) < 0 || !ret->host[0])
        snprintf(ret->host, sizeof ret->host, "localhost");
    set_times(config, ret);
    snprintf(ret->subject, sizeof ret->subject,
             "TEST: nothing is wrong, alerts arrive like this");
    add_body(config, ret->host, &body);
    snprintf(ret->body, sizeof ret->body, "%s", body.text ? body.text : "\n");
    sg_buf_free(&body);
}

/* ---- the spool ---- */

static int
refuse_permission(const char *why)
{
    sg_log(LOG_ERR,
           "%s; only root and the user that skewguard-mailer runs as may send "
           "a test",
           why);
    return SG_EXIT_NOPERM;
}

static int
refuse_folder(const struct test *test)
{
    struct sg_err err;

    if (errno == EACCES || errno == EPERM) {
        sg_err_set(&err, 0, "%s: %s", test->folder, strerror(errno));
        return refuse_permission(err.text);
    }
    if (errno == ENOTDIR)
        sg_log(LOG_ERR, "%s: not a folder (a link to one does not count)",
               test->folder);
    else
        sg_log(LOG_ERR, "%s: %s; skewguard-mailer makes it when it starts",
               test->folder, strerror(errno));
    return SG_EXIT_UNKNOWN;
}

/* Whose the state directory is, and the spool in it; 0, or -1 with errno. */
static int
look_at_owners(const struct test *test, struct stat *ret_state,
               struct stat *ret_spool)
{
    if (stat(test->config->state_directory, ret_state) < 0 ||
        lstat(test->folder, ret_spool) < 0)
        return -1;
    errno = ENOTDIR;
    return S_ISDIR(ret_spool->st_mode) ? 0 : -1;
}

/*
 * What root puts there has to be the mailer's, or it could not read it.  Nor
 * may root go by a name in a folder of somebody else's, who can turn it into
 * another one at any moment: the state directory's owner decides, not what
 * lies there.
 */
static int
become_owner(const struct test *test)
{
    struct stat state, spool;

    if (look_at_owners(test, &state, &spool) < 0)
        return refuse_folder(test);
    if (geteuid() != 0)
        return 0;
    if (state.st_uid != spool.st_uid) {
        sg_log(LOG_ERR,
               "%s: belongs to user %u, but the folder it lies in to user %u",
               test->folder, (unsigned)spool.st_uid, (unsigned)state.st_uid);
        return SG_EXIT_UNKNOWN;
    }
    if (state.st_uid == 0)
        return 0;
    if (setgroups(0, NULL) == 0 &&
        setresgid(state.st_gid, state.st_gid, state.st_gid) == 0 &&
        setresuid(state.st_uid, state.st_uid, state.st_uid) == 0)
        return 0;
    sg_log(LOG_ERR, "cannot become the owner of %s: %s", test->folder,
           strerror(errno));
    return SG_EXIT_NOPERM;
}

static enum sg_report_daemon
ask_mailer(const struct test *test)
{
    char path[sizeof test->folder + sizeof "/" LOCK_NAME];

    snprintf(path, sizeof path, "%s/" LOCK_NAME, test->folder);
    return sg_published_ask_lock(path);
}

static int
refuse_without_mailer(void)
{
    sg_log(LOG_ERR, "skewguard-mailer does not run, so nothing is sent; run "
                    "\"systemctl start skewguard-mailer\"");
    return SG_EXIT_UNKNOWN;
}

static int
put(const struct test *test)
{
    struct sg_err err;
    int code = -EAGAIN;

    for (int i = 0; code == -EAGAIN && i < PUT_TRIES; i++) {
        if (i > 0)
            pause_ms(POLL_MS);
        code = sg_spool_put_there(test->folder, &test->record, &err);
    }
    if (code == 0)
        return 0;
    if (code == -EACCES || code == -EPERM)
        return refuse_permission(err.text);
    sg_log(LOG_ERR, "no test alert: %s", err.text);
    return SG_EXIT_FAILED;
}

/* What nobody will send now must not be sent tomorrow. */
static void
withdraw(const struct test *test)
{
    struct sg_spool_list list = {0, NULL};

    if (sg_spool_list(test->folder, &list, NULL) < 0)
        return;
    for (int i = 0; i < list.n; i++)
        if (strcmp(list.entries[i].id, test->record.id) == 0)
            sg_spool_remove(test->folder, &list.entries[i], NULL);
    sg_spool_list_free(&list);
}

/* ---- what became of it ---- */

static bool
read_receipt(struct test *test, bool remove)
{
    char path[sizeof test->folder + SG_ALERT_ID_MAX + sizeof SG_RECEIPT_SUFFIX];
    struct sg_buf text = SG_BUF_INIT;
    bool ret;

    sg_receipt_path(test->folder, test->record.id, path, sizeof path);
    ret = sg_file_read(path, SG_RECEIPT_MAX, &text, NULL) == 0 &&
          sg_receipt_decode(text.text ? text.text : "", text.len,
                            &test->receipt, NULL) == 0;
    sg_buf_free(&text);
    if (remove)
        unlink(path);
    return ret;
}

/* Each channel once, as soon as something is known; whether all are. */
static bool
tell(struct test *test)
{
    bool ret = true;

    for (int i = 0; i < test->receipt.n; i++) {
        const struct sg_receipt_row *row = &test->receipt.rows[i];

        if (row->state == SG_RECEIPT_WAITING)
            ret = false;
        if (row->state == SG_RECEIPT_WAITING || test->is_told[i])
            continue;
        test->is_told[i] = true;
        printf("%s: %s%s\n", row->channel, row->words[0] ? row->words : "done",
               row->state == SG_RECEIPT_LATER ? "; it will be tried again"
                                              : "");
        fflush(stdout);
    }
    return ret;
}

static int
sum_up(struct test *test)
{
    int ret = 0;

    for (int i = 0; i < test->receipt.n; i++) {
        const struct sg_receipt_row *row = &test->receipt.rows[i];

        if (row->state == SG_RECEIPT_WAITING)
            printf("%s: nothing known within %d s; it is still being tried\n",
                   row->channel, WAIT_S);
        if (row->state != SG_RECEIPT_DELIVERED)
            ret = SG_EXIT_FAILED;
    }
    if (test->receipt.n == 0) {
        sg_log(LOG_ERR, "skewguard-mailer has nobody to tell: set mailto or "
                        "hook, and reload it");
        ret = SG_EXIT_FAILED;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        sg_log(LOG_ERR, "output: %s", strerror(errno));
        ret = SG_EXIT_OUTPUT;
    }
    return ret;
}

static int
wait_for_receipt(struct test *test)
{
    bool is_known = false;

    for (int ms = 0; ms < WAIT_S * 1000; ms += POLL_MS) {
        is_known |= read_receipt(test, false);
        if (is_known && tell(test))
            break;
        if (ms % 1000 == 0 && ask_mailer(test) == SG_REPORT_DAEMON_DEAD) {
            withdraw(test);
            read_receipt(test, true);
            return refuse_without_mailer();
        }
        pause_ms(POLL_MS);
    }
    read_receipt(test, true);
    if (is_known)
        return sum_up(test);
    sg_log(LOG_ERR, "skewguard-mailer took no notice within %d s: see its log",
           WAIT_S);
    withdraw(test);
    return SG_EXIT_UNKNOWN;
}

static int
run(struct test *test)
{
    int code = become_owner(test);

    if (code != 0)
        return code;
    switch (ask_mailer(test)) {
    case SG_REPORT_DAEMON_ALIVE:
        break;
    case SG_REPORT_DAEMON_DEAD:
        return refuse_without_mailer();
    case SG_REPORT_DAEMON_UNCERTAIN:
        return refuse_permission(test->folder);
    }
    make_record(test->config, &test->record);
    code = put(test);
    return code != 0 ? code : wait_for_receipt(test);
}

int
sg_test_alert_run(const struct sg_invocation *invocation)
{
    static struct test test;
    struct sg_err err;
    int ret;

    if (sg_config_load(invocation->config_path, &test.config, &err) < 0) {
        sg_log(LOG_ERR, "%s", err.text);
        return SG_EXIT_UNKNOWN;
    }
    snprintf(test.folder, sizeof test.folder, "%s/" SG_SPOOL_FOLDER,
             test.config->state_directory);
    ret = run(&test);
    sg_config_free(test.config);
    return ret;
}

/*
 * Attempts: a batch becomes a process, and its end a line in the journal.
 */
#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

#include "alert/mail.h"
#include "base/hostclock.h"
#include "base/log.h"
#include "base/timeval.h"
#include "mailer/mailer_private.h"
#include "mailer/program.h"
#include "mailer/smtp.h"
#include "mailer/truetime.h"

#define PROGRAM_S 60
/* libcurl's own limits come first, and its words are better. */
#define SMTP_S (SG_SMTP_WHOLE_S + 5)
/* A folder that changes while we read it is looked at again. */
#define SOON_S 1
/* Waits below this are not worth a line in the journal. */
#define KEEP_WAITED_S 3600

/* ---- in the child ---- */

/* Asks DNS where the host's name is short, which may take its time. */
static void
find_own_name(char *ret, size_t size)
{
    struct addrinfo hints = {.ai_flags = AI_CANONNAME}, *found = NULL;

    if (gethostname(ret, size) < 0 || !ret[0])
        snprintf(ret, size, "localhost");
    ret[size - 1] = '\0';
    if (!strchr(ret, '.') && getaddrinfo(ret, NULL, &hints, &found) == 0) {
        if (found->ai_canonname && strchr(found->ai_canonname, '.'))
            snprintf(ret, size, "%s", found->ai_canonname);
        freeaddrinfo(found);
    }
    /* it becomes part of an address and of a URL */
    for (char *c = ret; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz"
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_",
                    *c))
            *c = '-';
}

static void
tell_parent(const struct sg_result *result)
{
    printf("%d %s\n", result->kind, result->words);
    fflush(stdout);
}

/* The journal before all: from here on a mailer that is killed, and even the
 * relay's answer to our goodbye, change nothing. */
static void
note_done(const void *arg)
{
    const struct sg_delivery *delivery = arg;

    sg_journal_note_done(delivery->mailer->folder, delivery->batch.alerts,
                         delivery->batch.n, delivery->batch.channel.label);
}

static void
on_told(const void *arg, const struct sg_result *result)
{
    if (result->kind == SG_RESULT_DONE)
        note_done(arg);
    tell_parent(result);
}

/* Once somebody may have the mail, neither the mailer's end nor a SIGTERM for
 * all of us must keep that from being noted. */
static void
outlive(const struct sg_mailer *mailer)
{
    if (!sg_mailer_share_lock(mailer))
        return;
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN); /* nobody may be left to be told */
}

static int
send_mail(const struct sg_delivery *delivery)
{
    const struct sg_config *config = delivery->mailer->config;
    char name[SG_NAME_MAX], from[SG_MAIL_ADDRESS_MAX];
    struct sg_buf text = SG_BUF_INIT;
    struct sg_mail mail = {from, delivery->batch.channel.name,
                           delivery->batch.n, delivery->records};
    struct sg_smtp_letter letter = {
        .hello = name, .from = from, .to = mail.to, .text = &text};

    find_own_name(name, sizeof name);
    sg_mail_sender(config->alert.mailfrom, name, from);
    sg_mail_compose(&mail, &text);
    if (text.failed) {
        tell_parent(&(struct sg_result){SG_RESULT_LATER, "no memory"});
        return EX_TEMPFAIL;
    }
    outlive(delivery->mailer);
    if (!delivery->is_smtp)
        return sg_program_sendmail(delivery->program, from, mail.to, &text,
                                   note_done, delivery);
    letter.has_time = sg_truetime_find(mail.records, mail.n,
                                       sg_host_reading().wall, &letter.time);
    sg_smtp_send(&config->smtp, &letter, on_told, delivery);
    sg_buf_free(&text);
    return 0;
}

static int
be_child(const void *arg)
{
    const struct sg_delivery *delivery = arg;

    if (delivery->batch.channel.kind == SG_CHANNEL_MAIL)
        return send_mail(delivery);
    return sg_program_hook(delivery->program, &delivery->records[0]);
}

/* ---- its end ---- */

static void
judge_smtp(const struct sg_config *config, const struct sg_job_end *end,
           struct sg_result *ret)
{
    const char *output = end->output;

    if (output[0] >= '0' && output[0] < '0' + SG_RESULT_KIND_COUNT &&
        output[1] == ' ' && strchr(output, '\n'))
        sg_result_set(ret, (enum sg_result_kind)(output[0] - '0'), "%s",
                      output + 2);
    else if (end->is_timeout)
        sg_result_set(ret, SG_RESULT_UNREACHABLE,
                      "not taken by %s: no end within %d s", config->smtp.host,
                      SMTP_S);
    else
        sg_result_set(ret, SG_RESULT_LATER,
                      "not taken by %s: our process ended with status %#x: %s",
                      config->smtp.host, (unsigned)end->status, output);
}

static void
judge(const struct sg_delivery *delivery, const struct sg_job_end *end,
      struct sg_result *ret)
{
    if (delivery->is_smtp)
        judge_smtp(delivery->mailer->config, end, ret);
    else if (delivery->batch.channel.kind == SG_CHANNEL_MAIL)
        sg_program_judge_sendmail(delivery->program, end, ret);
    else
        sg_program_judge_hook(end, ret);
}

static double
random_share(void)
{
    uint32_t bits = 0;

    return getrandom(&bits, sizeof bits, GRND_NONBLOCK) == sizeof bits
               ? bits / 4294967296.0
               : 0.5;
}

/* That a relay cannot be reached is forgotten with a restart, unless it has
 * been so for a while. */
static bool
is_worth_keeping(const struct sg_progress *progress)
{
    return progress->state != SG_PROGRESS_TRIED || progress->failed > 0 ||
           progress->refused_s > 0 || progress->waited_s >= KEEP_WAITED_S;
}

/* Its channel has gone, and may come back. */
static void
keep_done(struct sg_mailer *mailer, const struct sg_batch *batch,
          const struct sg_result *result)
{
    const struct sg_progress done = {.state = SG_PROGRESS_DONE};
    const struct sg_settled settled = {0};
    struct sg_err err;
    int code = 0;

    if (result->kind != SG_RESULT_DONE)
        return;
    for (int i = 0; i < batch->n && code == 0; i++)
        if (!sg_journal_is_finished(mailer->journal, &batch->alerts[i]))
            code = sg_journal_put(mailer->journal, &batch->alerts[i],
                                  batch->channel.label, &done, &err);
    sg_mailer_tell(batch, result, &settled);
    if (code < 0)
        sg_mailer_say_trouble(mailer, err.text);
}

/* The journal first: what is delivered must not be delivered again. */
static void
settle(struct sg_mailer *mailer, const struct sg_batch *batch,
       const struct sg_result *result)
{
    struct sg_progress progress[SG_BATCH_MAX];
    struct sg_settled settled;
    struct sg_err err = {""};
    int code = 0;

    if (!sg_queue_settle(mailer->queue, batch, result, sg_host_raw(),
                         random_share(), progress, &settled)) {
        keep_done(mailer, batch, result);
        return;
    }
    for (int i = 0; i < batch->n && code == 0; i++)
        if (is_worth_keeping(&progress[i]))
            code = sg_journal_put(mailer->journal, &batch->alerts[i],
                                  batch->channel.label, &progress[i], &err);
    sg_mailer_tell(batch, result, &settled);
    sg_mailer_keep_receipt(mailer, batch, result, &settled);
    if (code < 0)
        sg_mailer_say_trouble(mailer, err.text);
}

static void
free_delivery(struct sg_delivery *delivery)
{
    LIST_REMOVE(delivery, link);
    free(delivery->records);
    free(delivery);
}

static void
on_end(void *arg, const struct sg_job_end *end)
{
    struct sg_delivery *delivery = arg;
    struct sg_result result;

    judge(delivery, end, &result);
    settle(delivery->mailer, &delivery->batch, &result);
}

void
sg_mailer_reap(struct sg_mailer *mailer)
{
    struct sg_delivery *delivery = LIST_FIRST(&mailer->deliveries), *next;

    for (; delivery; delivery = next) {
        next = LIST_NEXT(delivery, link);
        if (sg_job_reap(delivery->job))
            free_delivery(delivery);
    }
    sg_mailer_pump(mailer);
}

void
sg_mailer_let_go(struct sg_mailer *mailer)
{
    struct sg_delivery *delivery;

    while ((delivery = LIST_FIRST(&mailer->deliveries))) {
        /* LIST_REMOVE goes by le_prev, which the analyzer does not follow.
         * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        if (delivery->batch.channel.kind == SG_CHANNEL_MAIL)
            sg_job_leave(delivery->job);
        else
            sg_job_kill(delivery->job);
        free_delivery(delivery);
    }
}

/* ---- its beginning ---- */

static int
read_records(struct sg_delivery *delivery, struct sg_err *err)
{
    const struct sg_batch *batch = &delivery->batch;
    const char *folder = delivery->mailer->folder;
    int code = 0;

    delivery->records = calloc((size_t)batch->n, sizeof *delivery->records);
    if (!delivery->records)
        return sg_err_set(err, -ENOMEM, "no memory");
    for (int i = 0; i < batch->n && code == 0; i++)
        code = sg_spool_read(folder, &batch->alerts[i], &delivery->records[i],
                             err);
    return code;
}

static int
start(struct sg_delivery *delivery, struct sg_err *err)
{
    struct sg_mailer *mailer = delivery->mailer;
    bool is_mail = delivery->batch.channel.kind == SG_CHANNEL_MAIL;
    int code = read_records(delivery, err);

    if (code < 0)
        return code;
    delivery->is_smtp = is_mail && mailer->config->smtp.host[0];
    snprintf(delivery->program, sizeof delivery->program, "%s",
             is_mail ? mailer->config->alert.sendmail
                     : delivery->batch.channel.name);
    delivery->job =
        sg_job_start(mailer->base, delivery->is_smtp ? SMTP_S : PROGRAM_S,
                     be_child, delivery, on_end, delivery, err);
    /* the child has its own */
    free(delivery->records);
    delivery->records = NULL;
    return delivery->job ? 0 : -EAGAIN;
}

static void
start_batch(struct sg_mailer *mailer, const struct sg_batch *batch)
{
    struct sg_delivery *delivery = calloc(1, sizeof *delivery);
    struct sg_result result;
    struct sg_err err = {"no memory"};

    if (delivery) {
        delivery->mailer = mailer;
        delivery->batch = *batch;
        LIST_INSERT_HEAD(&mailer->deliveries, delivery, link);
        if (start(delivery, &err) == 0)
            return;
        free_delivery(delivery);
    }
    sg_result_set(&result, SG_RESULT_LATER, "not tried: %s", err.text);
    settle(mailer, batch, &result);
    sg_mailer_look_soon(mailer, SOON_S);
}

static void
finish(struct sg_mailer *mailer, const struct sg_spool_entry *alert)
{
    struct sg_err err, why;
    int code = sg_journal_finish(mailer->journal, alert, &err);

    /* also without room for the journal, which this may make; killed in
     * between, we find it finished, and remove it then */
    if (sg_spool_remove(mailer->folder, alert, &why) < 0)
        code = sg_err_set(&err, -EIO, "%s", why.text);
    if (code < 0)
        sg_mailer_say_trouble(mailer, err.text);
}

/* With --once, or when we are to stop: nothing more will be started. */
static void
end_if_idle(struct sg_mailer *mailer)
{
    if (!LIST_EMPTY(&mailer->deliveries))
        return;
    if (mailer->options.once &&
        (mailer->trouble[0] || sg_queue_count(mailer->queue) > 0))
        mailer->exit_status = EX_TEMPFAIL;
    event_base_loopbreak(mailer->base);
}

void
sg_mailer_pump(struct sg_mailer *mailer)
{
    static struct sg_batch batch;
    struct sg_spool_entry alert;
    struct timeval wait;
    double wait_s;

    while (sg_queue_take_finished(mailer->queue, &alert))
        finish(mailer, &alert);
    while (!mailer->is_stopping && mailer->lock >= 0 &&
           sg_queue_next(mailer->queue, sg_host_raw(), &batch))
        start_batch(mailer, &batch);
    if (mailer->options.once || mailer->is_stopping) {
        end_if_idle(mailer);
        return;
    }
    wait_s = sg_queue_wait_s(mailer->queue, sg_host_raw());
    wait = sg_timeval(wait_s < 0 ? 0 : wait_s);
    if (wait_s < 0 || mailer->lock < 0)
        evtimer_del(mailer->pump);
    else
        evtimer_add(mailer->pump, &wait);
}

void
sg_mailer_on_pump(int fd, short what, void *mailer)
{
    (void)fd;
    (void)what;
    sg_mailer_pump(mailer);
}

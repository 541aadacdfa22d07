#include <math.h>
#include <string.h>

#include "mailer/queue.h"
#include "mailer/queue_private.h"

/* An attempt is put off by up to this share more or less, so that many hosts
 * do not all come back to their relay at once. */
#define JITTER_FRAC 0.2

static double
retry_s(const struct sg_queue_lane *lane, double random)
{
    double ret = SG_RETRY_MAX_S;

    if (lane->last != SG_RESULT_REFUSED)
        ret = fmin(ret,
                   ldexp(SG_RETRY_FIRST_S, (int)fmin(lane->failures, 20) - 1));
    return ret * (1 + JITTER_FRAC * (2 * random - 1));
}

/* The same but for numbers, such as that of a connection or the seconds of a
 * greylist. */
static bool
say_the_same(const char *a, const char *b)
{
    static const char digits[] = "0123456789";

    for (;;) {
        a += strspn(a, digits);
        b += strspn(b, digits);
        if (*a != *b || *a == '\0')
            return *a == *b;
        a++;
        b++;
    }
}

/* Where one mail got through, others may, which failed for want of somebody to
 * talk to. */
static void
wake_others(struct sg_queue *queue, int channel, struct sg_raw now)
{
    for (int i = 0; i < queue->n_lanes; i++) {
        struct sg_queue_lane *lane = &queue->lanes[i];

        if (lane->failures == 0 || lane->last == SG_RESULT_REFUSED ||
            lane->last == SG_RESULT_FAILED)
            continue;
        if (lane->channel == channel ||
            (lane->last == SG_RESULT_UNREACHABLE &&
             queue->channels[channel].is.kind == SG_CHANNEL_MAIL &&
             queue->channels[lane->channel].is.kind == SG_CHANNEL_MAIL))
            lane->due = now;
    }
}

static void
note_success(struct sg_queue *queue, struct sg_queue_lane *lane,
             struct sg_raw now, struct sg_settled *ret)
{
    struct sg_queue_channel *channel = &queue->channels[lane->channel];

    lane->failures = 0;
    lane->is_single = false;
    lane->due = now;
    wake_others(queue, lane->channel, now);
    if (!channel->is_failing || sg_queue_channel_fails(queue, lane->channel))
        return;
    channel->is_failing = false;
    ret->is_recovery = true;
    ret->failed_s = sg_raw_diff(now, channel->since);
}

/* A hook that was hurried and failed by itself has its next attempt when it
 * would have had it anyway. */
static void
plan_retry(struct sg_queue_lane *lane, const struct sg_result *result,
           struct sg_raw now, double random)
{
    lane->last = result->kind;
    if (!lane->is_early || result->kind != SG_RESULT_FAILED) {
        lane->failures++;
        lane->planned = sg_raw_add(now, retry_s(lane, random));
    }
    lane->due = lane->is_awaited ? now : lane->planned;
}

static void
note_failure(struct sg_queue *queue, struct sg_queue_lane *lane,
             const struct sg_result *result, struct sg_raw now, double random,
             struct sg_settled *ret)
{
    struct sg_queue_channel *channel = &queue->channels[lane->channel];

    plan_retry(lane, result, now, random);
    ret->retry_s = fmax(sg_raw_diff(lane->due, now), 0);
    ret->is_news =
        !channel->is_failing || !say_the_same(channel->words, result->words);
    if (!channel->is_failing)
        channel->since = now;
    channel->is_failing = true;
    memcpy(channel->words, result->words, sizeof channel->words);
}

/* Since the last attempt, if that failed, too. */
static double
waited_s(const struct sg_queue_alert *alert, const struct sg_queue_lane *lane,
         struct sg_raw now)
{
    if (lane->failures == 0)
        return 0;
    return fmax(
        fmin(sg_raw_diff(now, lane->ended), sg_raw_diff(now, alert->since)), 0);
}

static bool
is_hopeless(const struct sg_progress *progress)
{
    return (progress->failed >= SG_FAILED_MAX &&
            progress->waited_s >= SG_FAILED_MAX_S) ||
           progress->refused_s >= SG_REFUSED_MAX_S ||
           progress->waited_s >= SG_WAITED_MAX_S;
}

/* The lane is as it was before this result. */
static void
count(const struct sg_queue_alert *alert, const struct sg_queue_lane *lane,
      const struct sg_result *result, struct sg_raw now,
      struct sg_progress *progress)
{
    bool is_refused = result->kind == SG_RESULT_REFUSED;

    if (result->kind == SG_RESULT_DONE) {
        progress->state = SG_PROGRESS_DONE;
        return;
    }
    progress->failed += result->kind == SG_RESULT_FAILED && !lane->is_early;
    progress->waited_s += waited_s(alert, lane, now);
    if (is_refused && lane->failures > 0 && lane->last == SG_RESULT_REFUSED)
        progress->refused_s += fmax(sg_raw_diff(now, lane->ended), 0);
    if (is_hopeless(progress) ||
        (alert->is_test &&
         (is_refused || progress->waited_s >= SG_TEST_WAITED_MAX_S)))
        progress->state = SG_PROGRESS_GIVEN_UP;
}

static void
count_all(struct sg_queue *queue, const struct sg_queue_lane *lane,
          const struct sg_batch *batch, const struct sg_result *result,
          struct sg_raw now, struct sg_progress *progress,
          struct sg_settled *ret)
{
    for (int i = 0; i < batch->n; i++) {
        int at = sg_queue_find_alert(queue, &batch->alerts[i]);

        progress[i] = (struct sg_progress){0};
        if (at < 0) { /* it went while it was under way */
            if (result->kind == SG_RESULT_DONE)
                progress[i].state = SG_PROGRESS_DONE;
            continue;
        }
        count(&queue->alerts[at], lane, result, now,
              &queue->alerts[at].progress[lane->channel]);
        progress[i] = queue->alerts[at].progress[lane->channel];
        ret->n_given_up += progress[i].state == SG_PROGRESS_GIVEN_UP;
    }
}

bool
sg_queue_settle(struct sg_queue *queue, const struct sg_batch *batch,
                const struct sg_result *result, struct sg_raw now,
                double random, struct sg_progress progress[SG_BATCH_MAX],
                struct sg_settled *ret)
{
    int channel = sg_queue_find_channel(queue, batch->channel.label);
    struct sg_queue_lane *lane =
        channel < 0 ? NULL
                    : sg_queue_find_lane(queue, channel, batch->alerts[0].id);

    memset(ret, 0, sizeof *ret);
    if (!lane)
        return false;
    lane->is_busy = false;
    /* perhaps it is only one of them, or all of them together */
    if (result->kind == SG_RESULT_REFUSED && batch->n > 1) {
        memset(progress, 0, (size_t)batch->n * sizeof *progress);
        lane->is_single = true;
        lane->due = now;
        return true;
    }
    count_all(queue, lane, batch, result, now, progress, ret);
    if (result->kind == SG_RESULT_DONE)
        note_success(queue, lane, now, ret);
    else
        note_failure(queue, lane, result, now, random, ret);
    lane->ended = now;
    lane->is_awaited = false;
    /* what comes after those that were given up has done nothing yet */
    if (ret->n_given_up == batch->n) {
        lane->failures = 0;
        lane->due = now;
    }
    return true;
}

#include "mailer/queue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mailer/queue_private.h"

struct sg_queue *
sg_queue_new(void)
{
    return calloc(1, sizeof(struct sg_queue));
}

void
sg_queue_free(struct sg_queue *queue)
{
    if (!queue)
        return;
    free(queue->alerts);
    free(queue->lanes);
    free(queue);
}

/* Room for one element more. */
static bool
reserve(void **elements, int n, int *size, size_t each)
{
    int bigger = *size ? 2 * *size : 16;
    void *fresh;

    if (n < *size)
        return true;
    fresh = realloc(*elements, (size_t)bigger * each);
    if (!fresh)
        return false;
    *elements = fresh;
    *size = bigger;
    return true;
}

/* ---- lanes ---- */

struct sg_queue_lane *
sg_queue_find_lane(const struct sg_queue *queue, int channel, const char *id)
{
    for (int i = 0; i < queue->n_lanes; i++)
        if (queue->lanes[i].channel == channel &&
            strcmp(queue->lanes[i].id, id) == 0)
            return &queue->lanes[i];
    return NULL;
}

static bool
waits_in(const struct sg_queue_alert *alert, const struct sg_queue_lane *lane)
{
    return alert->progress[lane->channel].state == SG_PROGRESS_TRIED &&
           strcmp(alert->entry.id, lane->id) == 0;
}

static bool
is_empty(const struct sg_queue *queue, const struct sg_queue_lane *lane)
{
    for (int i = 0; i < queue->n_alerts; i++)
        if (waits_in(&queue->alerts[i], lane))
            return false;
    return true;
}

bool
sg_queue_channel_fails(const struct sg_queue *queue, int channel)
{
    for (int i = 0; i < queue->n_lanes; i++)
        if (queue->lanes[i].channel == channel && queue->lanes[i].failures > 0)
            return true;
    return false;
}

/* Those in which nothing waits are gone, and with the last one that failed its
 * channel's failure. */
static void
tidy_lanes(struct sg_queue *queue)
{
    int n = 0;

    for (int i = 0; i < queue->n_lanes; i++)
        if (queue->lanes[i].is_busy || !is_empty(queue, &queue->lanes[i]))
            queue->lanes[n++] = queue->lanes[i];
    queue->n_lanes = n;
    for (int i = 0; i < queue->n_channels; i++)
        if (!sg_queue_channel_fails(queue, i))
            queue->channels[i].is_failing = false;
}

/* Something new in a lane is a reason to try it again now, but not for a hook
 * that fails by itself: it would soon have had all of its attempts. */
static bool
open_lane(struct sg_queue *queue, int channel, const char *id,
          struct sg_raw now)
{
    struct sg_queue_lane *lane = sg_queue_find_lane(queue, channel, id);

    if (!lane) {
        if (!reserve((void **)&queue->lanes, queue->n_lanes, &queue->lanes_size,
                     sizeof *lane))
            return false;
        lane = &queue->lanes[queue->n_lanes++];
        memset(lane, 0, sizeof *lane);
        lane->channel = channel;
        memcpy(lane->id, id, sizeof lane->id);
    }
    if (lane->failures == 0 || lane->last != SG_RESULT_FAILED)
        lane->due = now;
    return true;
}

static bool
open_lanes(struct sg_queue *queue, const struct sg_queue_alert *alert,
           struct sg_raw now)
{
    for (int i = 0; i < queue->n_channels; i++)
        if (alert->progress[i].state == SG_PROGRESS_TRIED &&
            !open_lane(queue, i, alert->entry.id, now))
            return false;
    return true;
}

/* ---- channels ---- */

int
sg_queue_find_channel(const struct sg_queue *queue, const char *label)
{
    for (int i = 0; i < queue->n_channels; i++)
        if (strcmp(queue->channels[i].is.label, label) == 0)
            return i;
    return -1;
}

/* was[i] is the old number of the new channel i, or -1. */
static void
renumber_alerts(struct sg_queue *queue, const int *was,
                const struct sg_channel *channels, int n, sg_queue_known *known,
                const void *arg)
{
    for (int i = 0; i < queue->n_alerts; i++) {
        struct sg_queue_alert *alert = &queue->alerts[i];
        struct sg_progress fresh[SG_CHANNELS_MAX] = {0};

        for (int j = 0; j < n; j++)
            fresh[j] = was[j] >= 0
                           ? alert->progress[was[j]]
                           : known(arg, &alert->entry, channels[j].label);
        memcpy(alert->progress, fresh, sizeof fresh);
    }
}

static void
renumber_lanes(struct sg_queue *queue, const int *was, int n)
{
    int kept = 0;

    for (int i = 0; i < queue->n_lanes; i++)
        for (int j = 0; j < n; j++)
            if (was[j] == queue->lanes[i].channel) {
                queue->lanes[kept] = queue->lanes[i];
                queue->lanes[kept++].channel = j;
                break;
            }
    queue->n_lanes = kept;
}

void
sg_queue_set_channels(struct sg_queue *queue, const struct sg_channel *channels,
                      int n, sg_queue_known *known, const void *arg,
                      struct sg_raw now)
{
    static struct sg_queue_channel fresh[SG_CHANNELS_MAX];
    int was[SG_CHANNELS_MAX];

    memset(fresh, 0, sizeof fresh);
    for (int i = 0; i < n; i++) {
        was[i] = sg_queue_find_channel(queue, channels[i].label);
        if (was[i] >= 0)
            fresh[i] = queue->channels[was[i]];
        fresh[i].is = channels[i];
    }
    renumber_alerts(queue, was, channels, n, known, arg);
    renumber_lanes(queue, was, n);
    memcpy(queue->channels, fresh, sizeof fresh);
    queue->n_channels = n;
    /* what has changed may be what was in the way */
    for (int i = 0; i < queue->n_alerts; i++)
        open_lanes(queue, &queue->alerts[i], now);
    sg_queue_hurry(queue, now);
    tidy_lanes(queue);
}

void
sg_queue_set_busy(struct sg_queue *queue, const struct sg_batch *batch)
{
    int channel = sg_queue_find_channel(queue, batch->channel.label);
    struct sg_queue_lane *lane =
        channel < 0 ? NULL
                    : sg_queue_find_lane(queue, channel, batch->alerts[0].id);

    if (lane)
        lane->is_busy = true;
}

/* ---- alerts ---- */

int
sg_queue_find_alert(const struct sg_queue *queue,
                    const struct sg_spool_entry *entry)
{
    for (int i = 0; i < queue->n_alerts; i++)
        if (queue->alerts[i].entry.number == entry->number &&
            strcmp(queue->alerts[i].entry.id, entry->id) == 0)
            return i;
    return -1;
}

bool
sg_queue_has(const struct sg_queue *queue, const struct sg_spool_entry *alert)
{
    return sg_queue_find_alert(queue, alert) >= 0;
}

bool
sg_queue_add(struct sg_queue *queue, const struct sg_spool_entry *entry,
             bool is_test, const struct sg_progress *progress,
             struct sg_raw now)
{
    struct sg_queue_alert *alert;
    int at = queue->n_alerts;

    if (sg_queue_has(queue, entry))
        return true;
    if (!reserve((void **)&queue->alerts, queue->n_alerts, &queue->alerts_size,
                 sizeof *alert))
        return false;
    while (at > 0 && queue->alerts[at - 1].entry.order > entry->order)
        at--;
    alert = &queue->alerts[at];
    memmove(alert + 1, alert, (size_t)(queue->n_alerts - at) * sizeof *alert);
    queue->n_alerts++;
    memset(alert, 0, sizeof *alert);
    alert->entry = *entry;
    alert->is_test = is_test;
    alert->since = now;
    for (int i = 0; i < queue->n_channels; i++)
        alert->progress[i] = progress[i];
    return open_lanes(queue, alert, now);
}

static void
drop_alert(struct sg_queue *queue, int i)
{
    queue->n_alerts--;
    memmove(&queue->alerts[i], &queue->alerts[i + 1],
            (size_t)(queue->n_alerts - i) * sizeof *queue->alerts);
}

void
sg_queue_prune(struct sg_queue *queue, const struct sg_spool_list *spool)
{
    for (int i = queue->n_alerts - 1; i >= 0; i--) {
        bool is_there = false;

        for (int j = 0; j < spool->n && !is_there; j++)
            is_there = strcmp(spool->entries[j].name,
                              queue->alerts[i].entry.name) == 0;
        if (!is_there)
            drop_alert(queue, i);
    }
    tidy_lanes(queue);
}

bool
sg_queue_take_finished(struct sg_queue *queue, struct sg_spool_entry *ret)
{
    /* without a channel nothing is over, it waits for one */
    for (int i = 0; i < queue->n_alerts && queue->n_channels > 0; i++) {
        bool is_finished = true;

        for (int j = 0; j < queue->n_channels; j++)
            if (queue->alerts[i].progress[j].state == SG_PROGRESS_TRIED)
                is_finished = false;
        if (!is_finished)
            continue;
        *ret = queue->alerts[i].entry;
        drop_alert(queue, i);
        return true;
    }
    return false;
}

int
sg_queue_count(const struct sg_queue *queue)
{
    return queue->n_alerts;
}

/* ---- what is next ---- */

static int
n_attempts(const struct sg_queue *queue, int channel)
{
    int n = 0;

    for (int i = 0; i < queue->n_lanes; i++)
        n += queue->lanes[i].is_busy && queue->lanes[i].channel == channel;
    return n;
}

static struct sg_queue_lane *
find_due(const struct sg_queue *queue, struct sg_raw now)
{
    struct sg_queue_lane *ret = NULL;

    for (int i = 0; i < queue->n_lanes; i++) {
        struct sg_queue_lane *lane = &queue->lanes[i];

        if (lane->is_busy || sg_raw_diff(lane->due, now) > 0 ||
            n_attempts(queue, lane->channel) >= SG_ATTEMPTS_MAX)
            continue;
        if (!ret || sg_raw_diff(lane->due, ret->due) < 0)
            ret = lane;
    }
    return ret;
}

bool
sg_queue_next(struct sg_queue *queue, struct sg_raw now, struct sg_batch *ret)
{
    struct sg_queue_lane *lane;
    int max;

    tidy_lanes(queue);
    lane = find_due(queue, now);
    if (!lane)
        return false;
    ret->channel = queue->channels[lane->channel].is;
    ret->n = 0;
    max = ret->channel.kind == SG_CHANNEL_HOOK || lane->is_single
              ? 1
              : SG_BATCH_MAX;
    for (int i = 0; i < queue->n_alerts && ret->n < max; i++)
        if (waits_in(&queue->alerts[i], lane))
            ret->alerts[ret->n++] = queue->alerts[i].entry;
    lane->is_busy = true;
    lane->is_early = lane->failures > 0 && sg_raw_diff(lane->planned, now) > 0;
    return true;
}

double
sg_queue_wait_s(const struct sg_queue *queue, struct sg_raw now)
{
    double ret = -1;

    for (int i = 0; i < queue->n_lanes; i++) {
        double wait_s = fmax(sg_raw_diff(queue->lanes[i].due, now), 0);

        if (queue->lanes[i].is_busy ||
            n_attempts(queue, queue->lanes[i].channel) >= SG_ATTEMPTS_MAX)
            continue;
        if (ret < 0 || wait_s < ret)
            ret = wait_s;
    }
    return ret;
}

void
sg_queue_hurry(struct sg_queue *queue, struct sg_raw now)
{
    for (int i = 0; i < queue->n_lanes; i++) {
        struct sg_queue_lane *lane = &queue->lanes[i];

        lane->due = now;
        /* what is under way may have met what was just put right */
        lane->is_awaited = lane->is_busy;
    }
}

/*
 * What the two halves of the queue share: one says what is next, the other one
 * what came of it.
 */
#ifndef SG_MAILER_QUEUE_PRIVATE_H
#define SG_MAILER_QUEUE_PRIVATE_H

#include <stdbool.h>

#include "mailer/queue.h"

struct sg_queue_alert {
    struct sg_spool_entry entry;
    bool is_test;
    struct sg_raw since; /* that we know it */
    struct sg_progress progress[SG_CHANNELS_MAX];
};

struct sg_queue_lane {
    int channel;
    char id[SG_ALERT_ID_MAX];
    bool is_busy;
    bool is_single;        /* several together were refused: one by one */
    unsigned failures;     /* in a row */
    struct sg_raw due;     /* the next attempt */
    struct sg_raw planned; /* the same, if nothing hurries it */
    bool is_early;         /* the one under way was hurried */
    bool is_awaited;       /* one more was asked for while it was under way */
    struct sg_raw ended;   /* the last one */
    enum sg_result_kind last;
};

struct sg_queue_channel {
    struct sg_channel is;
    bool is_failing;
    struct sg_raw since;
    char words[SG_WORDS_MAX];
};

struct sg_queue {
    int n_channels;
    struct sg_queue_channel channels[SG_CHANNELS_MAX];
    int n_alerts, alerts_size;
    struct sg_queue_alert *alerts; /* in the order of the spool */
    int n_lanes, lanes_size;
    struct sg_queue_lane *lanes;
};

/* NULL or -1: there is none. */
struct sg_queue_lane *sg_queue_find_lane(const struct sg_queue *queue,
                                         int channel, const char *id);
int sg_queue_find_channel(const struct sg_queue *queue, const char *label);
int sg_queue_find_alert(const struct sg_queue *queue,
                        const struct sg_spool_entry *entry);

/* Whether any lane of it has failed last. */
bool sg_queue_channel_fails(const struct sg_queue *queue, int channel);

#endif

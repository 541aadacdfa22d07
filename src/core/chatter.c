#include "core/chatter.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/budget.h"

/* So many changes within so long are too many. */
#define FEW 6
#define WINDOW_S (6 * 3600.0)

/* Calm is who pauses twice as long as usual, but at least this. */
#define CALM_S 600.0
#define CALM_MAX_S 86400.0

/* What is restless again within so long has to be calm for twice as long. */
#define RETURN_S 86400.0
#define RETURNS_MAX 8

/* What never calms down is mentioned so often. */
#define STILL_S 86400.0

/* Each source and realm for the kinds that speak of it, and the clock.  More
 * are only met by changing the configuration again and again. */
#define TOPICS_MAX (SG_MAX_SOURCES + 2 * SG_MAX_REALMS + 2)

struct change {
    struct sg_raw at;
    enum sg_state state;
};

/* Something that changes. */
struct topic {
    struct sg_event last;
    int subject_len;       /* of its text */
    struct sg_raw last_at; /* it changed */
    int n_told;
    struct change told[FEW]; /* the last ones, the oldest first */

    bool is_restless; /* changes are counted and not told */
    struct sg_raw since;
    struct sg_raw said; /* that it is */
    double calm_s;      /* so long it has to be calm */
    unsigned changes;
    enum sg_state worst; /* of the states told */

    bool was_restless; /* before */
    struct sg_raw calmed;
    unsigned returns;
};

struct sg_chatter {
    int n;
    struct topic topics[TOPICS_MAX];
};

struct sg_chatter *
sg_chatter_new(void)
{
    return calloc(1, sizeof(struct sg_chatter));
}

void
sg_chatter_free(struct sg_chatter *chatter)
{
    free(chatter);
}

static bool
is_condition(enum sg_event_kind kind)
{
    return kind == SG_EVENT_STATE || kind == SG_EVENT_SOURCE ||
           kind == SG_EVENT_SYNC;
}

/* "source x (ntp)" of "source x (ntp): agrees": names hold no blanks. */
static int
subject_length(const char *text)
{
    const char *end = strstr(text, ": ");

    return (int)(end ? (size_t)(end - text) : strlen(text));
}

/* A new one takes the place of the one that did not change for longest. */
static struct topic *
find_topic(struct sg_chatter *chatter, const struct sg_event *event)
{
    struct topic *oldest = chatter->topics;
    int len = subject_length(event->text);

    for (int i = 0; i < chatter->n; i++) {
        struct topic *topic = &chatter->topics[i];

        if (topic->last.kind == event->kind && topic->subject_len == len &&
            memcmp(topic->last.text, event->text, (size_t)len) == 0)
            return topic;
        if (sg_raw_diff(oldest->last_at, topic->last_at) > 0)
            oldest = topic;
    }
    if (chatter->n < TOPICS_MAX)
        oldest = &chatter->topics[chatter->n++];
    memset(oldest, 0, sizeof *oldest);
    oldest->subject_len = len;
    return oldest;
}

/* A line about a topic, which is as urgent as its last change. */
static void say(const struct topic *topic, struct sg_event *ret,
                const char *format, ...) __attribute__((format(printf, 3, 4)));

static void
say(const struct topic *topic, struct sg_event *ret, const char *format, ...)
{
    size_t len = (size_t)topic->subject_len;
    va_list args;

    *ret = topic->last;
    va_start(args, format);
    vsnprintf(ret->text + len, sizeof ret->text - len, format, args);
    va_end(args);
}

/* ---- changes that are told ---- */

static void
remember(struct topic *topic, const struct sg_event *event, struct sg_raw now)
{
    if (topic->n_told == FEW)
        memmove(topic->told, topic->told + 1, (FEW - 1) * sizeof *topic->told);
    else
        topic->n_told++;
    topic->told[topic->n_told - 1] = (struct change){now, event->state};
}

static bool
changes_often(const struct topic *topic, struct sg_raw now)
{
    return topic->n_told == FEW &&
           sg_raw_diff(now, topic->told[0].at) <= WINDOW_S;
}

static void
become_restless(struct topic *topic, struct sg_raw now, struct sg_event *ret)
{
    double span_s = sg_raw_diff(now, topic->told[0].at);
    char span[32], calm[32];
    bool returns = topic->was_restless &&
                   sg_raw_diff(topic->told[0].at, topic->calmed) < RETURN_S;

    topic->returns =
        returns ? topic->returns + (topic->returns < RETURNS_MAX) : 0;
    topic->calm_s =
        fmin(fmax(2 * span_s / (FEW - 1), CALM_S) * (1u << topic->returns),
             CALM_MAX_S);
    topic->is_restless = true;
    topic->since = topic->told[0].at;
    topic->said = now;
    topic->changes = FEW;
    topic->worst = SG_STATE_OK;
    for (int i = 0; i < FEW; i++)
        if (topic->told[i].state > topic->worst)
            topic->worst = topic->told[i].state;
    sg_budget_say_span(span_s, span, sizeof span);
    sg_budget_say_span(topic->calm_s, calm, sizeof calm);
    say(topic, ret,
        ": changes often (%d times in %s); further changes are not logged "
        "until it was calm for %s",
        FEW, span, calm);
}

/* ---- changes that are not ---- */

static void
say_how_many(const struct topic *topic, const char *how, struct sg_event *ret)
{
    char span[32];

    sg_budget_say_span(sg_raw_diff(topic->last_at, topic->since), span,
                       sizeof span);
    say(topic, ret, ": %s: %u changes in %s, the last one%s", how,
        topic->changes, span, topic->last.text + topic->subject_len);
}

/* A realm that is worse than anything that was told is no repetition. */
static bool
is_worse(struct topic *topic)
{
    if (topic->last.kind != SG_EVENT_STATE || topic->last.state <= topic->worst)
        return false;
    topic->worst = topic->last.state;
    return true;
}

static int
count(struct topic *topic, struct sg_raw now, struct sg_event *ret)
{
    topic->changes++;
    if (is_worse(topic)) {
        *ret = topic->last;
        return 1;
    }
    if (sg_raw_diff(now, topic->said) < STILL_S)
        return 0;
    topic->said = now;
    say_how_many(topic, "still changes often", ret);
    return 1;
}

static bool
is_calm(const struct topic *topic, struct sg_raw now)
{
    return topic->is_restless &&
           sg_raw_diff(now, topic->last_at) >= topic->calm_s;
}

static void
calm_down(struct topic *topic, struct sg_raw now, struct sg_event *ret)
{
    say_how_many(topic, "calm again", ret);
    topic->is_restless = false;
    topic->n_told = 0;
    topic->was_restless = true;
    topic->calmed = now;
}

int
sg_chatter_hear(struct sg_chatter *chatter, const struct sg_event *event,
                struct sg_raw now, struct sg_event ret[SG_CHATTER_LINES])
{
    struct topic *topic;
    int n = 0;

    if (!is_condition(event->kind)) {
        ret[0] = *event;
        return 1;
    }
    topic = find_topic(chatter, event);
    if (is_calm(topic, now))
        calm_down(topic, now, &ret[n++]);
    topic->last = *event;
    topic->last_at = now;
    if (topic->is_restless)
        return count(topic, now, ret);
    ret[n++] = *event;
    remember(topic, event, now);
    if (changes_often(topic, now))
        become_restless(topic, now, &ret[n++]);
    return n;
}

bool
sg_chatter_calm(struct sg_chatter *chatter, struct sg_raw now,
                struct sg_event *ret)
{
    for (int i = 0; i < chatter->n; i++) {
        if (!is_calm(&chatter->topics[i], now))
            continue;
        calm_down(&chatter->topics[i], now, ret);
        return true;
    }
    return false;
}

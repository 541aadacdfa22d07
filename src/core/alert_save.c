/*
 * The alert policy's causes across restarts.
 *
 * What is told stays told.  What was only about to be is begun anew: the next
 * answers show it again.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/alert_private.h"
#include "core/fields.h"

#define FIRST "skewguard-alerts=1\n"

/* The wall clock may have been set meanwhile; ages only have to be near. */
#define GAP_MAX_S (30 * 86400.0)

/* One cause as it is written: instants are ages. */
struct saved {
    char id[SG_ALERT_ID_MAX];
    enum sg_alert_topic topic;
    char text[SG_ALERT_TEXT_MAX];
    char speaker[SG_NAME_MAX];
    bool is_open;
    enum sg_alert_level level, peak;
    enum sg_blame blame;
    bool is_silence_told, is_soon_told;
    unsigned changes, blamed, returns, eases, mails, reminders, repeats;
    double since_s, closed_s, mailed_s, mail_due_s;
    bool is_mailed, awaits_mail;
    int n_realms;
};

#define AT(m) offsetof(struct saved, m)
#define MAX_COUNT 1000000000

/* clang-format off */
static const struct sg_field saved_fields[] = {
    {"id", SG_FIELD_TEXT, AT(id), 0, SG_ALERT_ID_MAX, NULL},
    {"topic", SG_FIELD_ENUM, AT(topic), 0, SG_ALERT_TOPIC_COUNT,
        sg_alert_topic_names},
    {"text", SG_FIELD_TEXT, AT(text), 0, SG_ALERT_TEXT_MAX, NULL},
    {"speaker", SG_FIELD_TEXT, AT(speaker), 0, SG_NAME_MAX, NULL},
    {"is_open", SG_FIELD_BOOL, AT(is_open), 0, 1, NULL},
    {"level", SG_FIELD_ENUM, AT(level), 0, SG_ALERT_LEVEL_COUNT,
        sg_alert_level_names},
    {"peak", SG_FIELD_ENUM, AT(peak), 0, SG_ALERT_LEVEL_COUNT,
        sg_alert_level_names},
    {"blame", SG_FIELD_ENUM, AT(blame), 0, SG_BLAME_COUNT, sg_blame_names},
    {"is_silence_told", SG_FIELD_BOOL, AT(is_silence_told), 0, 1, NULL},
    {"is_soon_told", SG_FIELD_BOOL, AT(is_soon_told), 0, 1, NULL},
    {"changes", SG_FIELD_INT, AT(changes), 0, MAX_COUNT, NULL},
    {"blamed", SG_FIELD_INT, AT(blamed), 0, (1 << SG_BLAME_COUNT) - 1, NULL},
    {"returns", SG_FIELD_INT, AT(returns), 0, MAX_COUNT, NULL},
    {"eases", SG_FIELD_INT, AT(eases), 0, MAX_COUNT, NULL},
    {"mails", SG_FIELD_INT, AT(mails), 0, MAX_COUNT, NULL},
    {"reminders", SG_FIELD_INT, AT(reminders), 0, MAX_COUNT, NULL},
    {"repeats", SG_FIELD_INT, AT(repeats), 0, MAX_COUNT, NULL},
    {"since_s", SG_FIELD_DOUBLE, AT(since_s), 0, 0, NULL},
    {"closed_s", SG_FIELD_DOUBLE, AT(closed_s), 0, 0, NULL},
    {"mailed_s", SG_FIELD_DOUBLE, AT(mailed_s), 0, 0, NULL},
    {"mail_due_s", SG_FIELD_DOUBLE, AT(mail_due_s), 0, 0, NULL},
    {"is_mailed", SG_FIELD_BOOL, AT(is_mailed), 0, 1, NULL},
    {"awaits_mail", SG_FIELD_BOOL, AT(awaits_mail), 0, 1, NULL},
    {"n_realms", SG_FIELD_INT, AT(n_realms), 0, SG_MAX_REALMS, NULL},
};
/* clang-format on */

static const struct sg_fields fields = {saved_fields, sizeof saved_fields /
                                                          sizeof *saved_fields};

static const struct sg_field name_field = {"realm", SG_FIELD_TEXT, 0,
                                           0,       SG_NAME_MAX,   NULL};
static const struct sg_fields names = {&name_field, 1};

static void
save_cause(const struct cause *cause, struct sg_raw now, struct saved *ret)
{
    *ret = (struct saved){
        .topic = cause->topic,
        .is_open = cause->is_open,
        .level = cause->level,
        .peak = cause->peak,
        .blame = cause->blame,
        .is_silence_told = cause->is_silence_told,
        .is_soon_told = cause->is_soon_told,
        .changes = cause->changes,
        .blamed = cause->blamed,
        .returns = cause->returns,
        .eases = cause->eases,
        .mails = cause->mails,
        .reminders = cause->reminders,
        .repeats = cause->repeats,
        .since_s = sg_raw_diff(now, cause->since),
        .closed_s = sg_raw_diff(now, cause->closed),
        .mailed_s = sg_raw_diff(now, cause->mailed),
        .mail_due_s = sg_raw_diff(now, cause->mail_due),
        .is_mailed = cause->is_mailed,
        .awaits_mail = cause->awaits_mail,
        .n_realms = cause->n_realms,
    };
    memcpy(ret->id, cause->id, sizeof ret->id);
    memcpy(ret->text, cause->text, sizeof ret->text);
    memcpy(ret->speaker, cause->speaker, sizeof ret->speaker);
}

static void
restore_cause(const struct saved *saved, struct sg_raw now, double gap_s,
              struct cause *ret)
{
    ret->is_used = true;
    ret->topic = saved->topic;
    ret->is_open = saved->is_open;
    ret->level = saved->level;
    ret->peak = saved->peak;
    ret->blame = ret->other_blame = saved->blame;
    ret->is_silence_told = saved->is_silence_told;
    ret->is_soon_told = saved->is_soon_told;
    ret->changes = saved->changes;
    ret->blamed = saved->blamed;
    ret->returns = saved->returns;
    ret->eases = saved->eases;
    ret->mails = saved->mails;
    ret->reminders = saved->reminders;
    ret->repeats = saved->repeats;
    ret->since = sg_raw_add(now, -(saved->since_s + gap_s));
    ret->closed = sg_raw_add(now, -(saved->closed_s + gap_s));
    ret->mailed = sg_raw_add(now, -(saved->mailed_s + gap_s));
    ret->mail_due = sg_raw_add(now, -(saved->mail_due_s + gap_s));
    ret->is_mailed = saved->is_mailed;
    ret->awaits_mail = saved->awaits_mail;
    ret->n_realms = saved->n_realms;
    memcpy(ret->id, saved->id, sizeof ret->id);
    memcpy(ret->text, saved->text, sizeof ret->text);
    memcpy(ret->speaker, saved->speaker, sizeof ret->speaker);
}

void
sg_alerts_encode(const struct sg_alerts *alerts, const struct sg_reading *now,
                 struct sg_buf *ret)
{
    sg_buf_add(ret, FIRST "saved_ns=%lld\n", (long long)now->wall.ns);
    for (int i = 0; i < SG_ALERTS_MAX; i++) {
        const struct cause *cause = &alerts->causes[i];
        struct saved saved;
        char prefix[32];

        if (!cause->is_used || (!cause->is_open && cause->returns == 0))
            continue;
        save_cause(cause, now->raw, &saved);
        snprintf(prefix, sizeof prefix, "cause.%d.", i);
        sg_fields_encode(&fields, prefix, &saved, ret);
        for (int j = 0; j < cause->n_realms; j++) {
            snprintf(prefix, sizeof prefix, "cause.%d.%d.", i, j);
            sg_fields_encode(&names, prefix, cause->realms[j], ret);
        }
    }
}

/* ---- reading ---- */

struct reading {
    struct sg_wall saved;
    bool is_there[SG_ALERTS_MAX];
    struct saved causes[SG_ALERTS_MAX];
    char realms[SG_ALERTS_MAX][SG_MAX_REALMS][SG_NAME_MAX];
};

/* "7." in front of the rest of a key. */
static bool
take_index(const char **key, const char *end, int max, int *ret)
{
    const char *c = *key;
    int n = 0;

    while (c < end && *c >= '0' && *c <= '9' && n < max)
        n = n * 10 + (*c++ - '0');
    if (c == *key || n >= max || c == end || *c != '.')
        return false;
    *key = c + 1;
    *ret = n;
    return true;
}

/* What is not known is passed over: a later version may have written it. */
static int
read_value(const struct sg_fields *of, const char *key, const char *end,
           void *to)
{
    const char *eq = memchr(key, '=', (size_t)(end - key));
    const struct sg_field *field =
        eq ? sg_fields_find(of, key, (size_t)(eq - key)) : NULL;

    if (!eq || (field && !sg_field_decode(field, eq + 1, end, to)))
        return -EINVAL;
    return 0;
}

static int
read_line(const char *line, const char *end, struct reading *ret)
{
    static const struct sg_field top[] = {
        {"saved_ns", SG_FIELD_NS, offsetof(struct reading, saved), 0, 0, NULL}};
    const struct sg_fields tops = {top, 1};
    const char *key = line;
    int i, j;

    if (end - key <= 6 || memcmp(key, "cause.", 6) != 0)
        return read_value(&tops, key, end, ret);
    key += 6;
    if (!take_index(&key, end, SG_ALERTS_MAX, &i))
        return -EINVAL;
    ret->is_there[i] = true;
    if (take_index(&key, end, SG_MAX_REALMS, &j))
        return read_value(&names, key, end, ret->realms[i][j]);
    return read_value(&fields, key, end, &ret->causes[i]);
}

static bool
is_id(const char *id)
{
    return strlen(id) == SG_ALERT_ID_MAX - 1 &&
           strspn(id, "0123456789abcdef") == SG_ALERT_ID_MAX - 1;
}

/* Is it a cause that there can be? */
static bool
is_sound(const struct reading *reading, int index)
{
    const struct saved *saved = &reading->causes[index];

    if (!is_id(saved->id) || saved->topic == SG_ALERT_TEST ||
        (saved->is_open && saved->level == SG_ALERT_NONE) ||
        saved->peak < saved->level ||
        (saved->topic == SG_ALERT_REALM) != (saved->n_realms > 0))
        return false;
    for (int i = 0; i < saved->n_realms; i++)
        if (!reading->realms[index][i][0])
            return false;
    /* one of each other topic */
    for (int i = 0; i < index; i++)
        if (reading->is_there[i] && saved->topic != SG_ALERT_REALM &&
            reading->causes[i].topic == saved->topic)
            return false;
    return true;
}

static int
read_all(const char *text, size_t len, struct reading *ret, struct sg_err *err)
{
    const char *line = text + sizeof FIRST - 1, *end = text + len;

    if (len < sizeof FIRST - 1 || memcmp(text, FIRST, sizeof FIRST - 1) != 0)
        return sg_err_set(err, -EINVAL, "alerts: does not begin with \"%.18s\"",
                          FIRST);
    while (line < end) {
        const char *eol = memchr(line, '\n', (size_t)(end - line));

        if (!eol)
            return sg_err_set(err, -EINVAL, "alerts: cut short at byte %zu",
                              len);
        if (read_line(line, eol, ret) == -EINVAL)
            return sg_err_set(err, -EINVAL, "alerts: bad line \"%.*s\"",
                              (int)(eol - line > 60 ? 60 : eol - line), line);
        line = eol + 1;
    }
    for (int i = 0; i < SG_ALERTS_MAX; i++)
        if (ret->is_there[i] && !is_sound(ret, i))
            return sg_err_set(err, -EINVAL,
                              "alerts: cause %d contradicts itself", i);
    return 0;
}

int
sg_alerts_decode(struct sg_alerts *alerts, const char *text, size_t len,
                 const struct sg_reading *now, struct sg_err *err)
{
    struct reading *reading = calloc(1, sizeof *reading);
    double gap_s;
    int code;

    if (!reading)
        return sg_err_set(err, -ENOMEM, "alerts: no memory");
    code = read_all(text, len, reading, err);
    gap_s = fmin(fmax(sg_wall_diff(now->wall, reading->saved), 0), GAP_MAX_S);
    for (int i = 0; code == 0 && i < SG_ALERTS_MAX; i++) {
        alerts->causes[i] = (struct cause){0};
        if (!reading->is_there[i])
            continue;
        restore_cause(&reading->causes[i], now->raw, gap_s, &alerts->causes[i]);
        memcpy(alerts->causes[i].realms, reading->realms[i],
               sizeof alerts->causes[i].realms);
        /* until one of them is seen to be well */
        for (int j = 0; j < SG_MAX_REALMS; j++)
            alerts->causes[i].covers[j] = alerts->causes[i].is_open;
    }
    free(reading);
    return code;
}

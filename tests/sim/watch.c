#include "watch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HELD_S 600 /* settled is who stays so for so long */

/* Does the status tell the truth about its own errors? */
static bool
is_honest(const struct sim_expect *e, const struct sim_view *view, bool *ret)
{
    struct sg_skew skew;

    if (!sg_model_skew(&view->status->clock.model, view->now.raw,
                       view->now.wall, &skew))
        return false;
    if (e->quantity == SIM_Q_ERROR)
        *ret = fabs(view->offset_s - skew.offset_s) <= skew.error_s + 1e-8;
    else
        *ret = view->offset_s >= skew.lower_s - 1e-8 &&
               view->offset_s <= skew.upper_s + 1e-8;
    return true;
}

static void
look_at_error(const struct sim_view *view, struct sim_tally *tally)
{
    struct sg_skew skew;
    double class;

    if (!sg_model_skew(&view->status->clock.model, view->now.raw,
                       view->now.wall, &skew))
        return;
    class = 100 * log10(fmax(skew.error_s, 1e-9) / 1e-9);
    tally->errors[(int)fmin(class, SIM_CLASSES - 1)]++;
    tally->value += view->offset_s * view->offset_s;
}

/* good counts seconds in a row, value is when they began. */
static void
look_whether_settled(const struct sim_expect *e, const struct sim_view *view,
                     struct sim_tally *tally)
{
    tally->seen++;
    if (tally->good >= HELD_S)
        return;
    if (fabs(view->offset_s) >= e->limit)
        tally->good = 0;
    else if (tally->good++ == 0)
        tally->value = view->t_s - e->from_s;
}

static void
look_at_size(const struct sim_expect *e, const struct sim_view *view,
             struct sim_tally *tally)
{
    switch (e->quantity) {
    case SIM_Q_OFFSET:
        tally->value = fmax(tally->value, fabs(view->offset_s));
        break;
    case SIM_Q_RMS:
        tally->value += view->offset_s * view->offset_s;
        break;
    case SIM_Q_FREQUENCY:
        tally->value =
            fmax(tally->value,
                 fabs(view->status->clock.frequency_ppm + view->drift_ppm));
        break;
    case SIM_Q_PACKETS:
        if (tally->seen == 0)
            tally->packets = view->packets;
        tally->value = (view->packets - tally->packets) * 3600 /
                       fmax(view->t_s - e->from_s, 1);
        break;
    case SIM_Q_FORECAST:
        tally->value = view->status->realms[0].time_to_limit_s;
        break;
    case SIM_Q_TIGHT:
        look_at_error(view, tally);
        break;
    case SIM_Q_FOREIGN:
        tally->value = view->status->clock.foreign_steps;
        break;
    default: /* steps */
        tally->value = view->status->clock.steps;
        break;
    }
    tally->seen++;
}

static bool
has_tally(enum sg_tally tally, int wanted)
{
    return wanted == SG_TALLY_COUNT ? !sg_tally_is_believed(tally)
                                    : tally == (enum sg_tally)wanted;
}

static void
look(const struct sim_expect *e, const struct sim_view *view,
     struct sim_tally *tally)
{
    const struct sg_status *status = view->status;
    const struct sg_status_realm *realm = &status->realms[0];
    bool good = false;

    switch (e->quantity) {
    case SIM_Q_STATE:
    case SIM_Q_STATE_WITHIN:
        good = realm->state == (enum sg_state)e->word;
        if (good && tally->good == 0)
            tally->value = view->t_s - e->from_s;
        break;
    case SIM_Q_BLAME:
        good = realm->blame == (enum sg_blame)e->word;
        break;
    case SIM_Q_SOURCE:
        good = has_tally(status->sources[e->source].tally, e->word);
        break;
    case SIM_Q_DECISION:
        good = strncmp(status->decision, e->name, strlen(e->name)) == 0;
        break;
    case SIM_Q_SYNCED:
        good = status->clock.synced == (e->word != 0);
        break;
    case SIM_Q_ERROR:
    case SIM_Q_BOUND:
        if (!is_honest(e, view, &good))
            return;
        break;
    case SIM_Q_SETTLED:
        look_whether_settled(e, view, tally);
        return;
    case SIM_Q_LEAP:
        good = status->clock.leap == (enum sg_leap)e->word;
        break;
    case SIM_Q_EVENTS:
    case SIM_Q_SAID:
    case SIM_Q_ALERTS_MAX:
    case SIM_Q_ALERTS_MIN:
    case SIM_Q_ALERT_WITHIN:
        tally->seen++;
        return; /* counted where they happen */
    default:
        look_at_size(e, view, tally);
        return;
    }
    tally->seen++;
    tally->good += good;
}

/* What the daemon would log. */
static void
note_line(struct sim_watcher *watcher, double t_s, const struct sg_event *line)
{
    if (watcher->verbose)
        printf("    %10.3f s  %s\n", t_s, line->text);
    for (int i = 0; i < watcher->scenario->n_expects; i++) {
        const struct sim_expect *e = &watcher->scenario->expects[i];

        if (e->quantity == SIM_Q_EVENTS && t_s >= e->from_s && t_s <= e->to_s)
            watcher->tallies[i].value++;
        if (e->quantity == SIM_Q_SAID &&
            strstr(line->text, e->text + strlen("said ")))
            watcher->tallies[i].value++;
    }
}

static void
note_events(struct sim_watcher *watcher, const struct sim_view *view)
{
    struct sg_event lines[SG_CHATTER_LINES];

    for (int i = 0; i < view->decision->n_events; i++) {
        int n = sg_chatter_hear(watcher->chatter, &view->decision->events[i],
                                view->now.raw, lines);

        for (int j = 0; j < n; j++)
            note_line(watcher, view->t_s, &lines[j]);
    }
}

void
sim_watch(void *arg, const struct sim_view *view)
{
    struct sim_watcher *watcher = arg;
    struct sg_event line;

    if (view->decision) {
        note_events(watcher, view);
        return; /* judged by the second, or bursts would weigh more */
    }
    while (sg_chatter_calm(watcher->chatter, view->now.raw, &line))
        note_line(watcher, view->t_s, &line);
    for (int i = 0; i < watcher->scenario->n_expects; i++) {
        const struct sim_expect *e = &watcher->scenario->expects[i];

        if (view->t_s >= e->from_s && view->t_s <= e->to_s + 0.5)
            look(e, view, &watcher->tallies[i]);
    }
}

/* ---- what is told ---- */

static bool
is_told(const struct sim_told *told, const struct sg_alert *alert)
{
    return (told->by_mail ? alert->to_mail : alert->to_log) &&
           (told->topic < 0 || told->topic == (int)alert->topic) &&
           (told->level < 0 || told->level == (int)alert->level) &&
           (told->phase < 0 || told->phase == (int)alert->phase) &&
           (told->blame < 0 || told->blame == (int)alert->blame);
}

static void
print_alert(double t_s, const struct sg_alert *alert)
{
    char mail[32] = "";

    if (alert->to_mail)
        snprintf(mail, sizeof mail, ", mail %u", alert->number);
    printf("    %10.3f s  %s%s%s: %s %s %s (was %s), %s, returns %u, for "
           "%.0f s; %s\n",
           t_s, alert->id, alert->to_log ? ", log" : "", mail,
           sg_alert_topic_names[alert->topic],
           sg_alert_phase_names[alert->phase],
           sg_alert_level_names[alert->level],
           sg_alert_level_names[alert->before], sg_blame_names[alert->blame],
           alert->returns, alert->since_s, alert->text);
}

void
sim_watch_alert(void *arg, double t_s, const struct sg_alert *alert)
{
    struct sim_watcher *watcher = arg;

    watcher->mails += alert->to_mail;
    watcher->logs += alert->to_log;
    if (watcher->verbose || watcher->shows_alerts)
        print_alert(t_s, alert);
    for (int i = 0; i < watcher->scenario->n_expects; i++) {
        const struct sim_expect *e = &watcher->scenario->expects[i];
        struct sim_tally *tally = &watcher->tallies[i];

        if (e->quantity < SIM_Q_ALERTS_MAX || t_s < e->from_s ||
            t_s > e->to_s || !is_told(&e->told, alert))
            continue;
        if (e->quantity != SIM_Q_ALERT_WITHIN)
            tally->value++;
        else if (tally->good == 0)
            tally->value = t_s - e->from_s;
        tally->good++;
    }
}

void
sim_tally_add(const struct sim_expect *e, const struct sim_tally *tally,
              struct sim_tally *ret)
{
    if (e->quantity == SIM_Q_RMS || e->quantity == SIM_Q_TIGHT)
        ret->value += tally->value;
    else
        ret->value = fmax(ret->value, tally->value);
    ret->seen += tally->seen;
    ret->good += tally->good;
    for (int i = 0; i < SIM_CLASSES; i++)
        ret->errors[i] += tally->errors[i];
}

static double
median_error_s(const struct sim_tally *tally)
{
    unsigned all = 0, sum = 0;
    int i = 0;

    for (int j = 0; j < SIM_CLASSES; j++)
        all += tally->errors[j];
    if (all == 0)
        return INFINITY;
    while ((sum += tally->errors[i]) * 2 < all)
        i++;
    return 1e-9 * pow(10, (i + 0.5) / 100);
}

double
sim_reached(const struct sim_expect *e, const struct sim_tally *tally)
{
    double rms = sqrt(tally->value / fmax(tally->seen, 1));

    switch (e->quantity) {
    case SIM_Q_RMS:
        return tally->seen ? rms : INFINITY;
    case SIM_Q_TIGHT:
        return median_error_s(tally) / fmax(rms, 1e-9);
    case SIM_Q_STATE:
    case SIM_Q_BLAME:
    case SIM_Q_SOURCE:
    case SIM_Q_DECISION:
    case SIM_Q_SYNCED:
    case SIM_Q_LEAP:
    case SIM_Q_BOUND:
    case SIM_Q_ERROR:
        return tally->seen ? (double)tally->good / tally->seen : 0;
    case SIM_Q_STATE_WITHIN:
    case SIM_Q_ALERT_WITHIN:
    case SIM_Q_SETTLED:
        return tally->good ? tally->value : INFINITY;
    case SIM_Q_STEPS_MIN:
    case SIM_Q_FORECAST:
        return tally->value;
    default:
        return tally->seen ? tally->value : INFINITY;
    }
}

bool
sim_holds(const struct sim_expect *e, double reached)
{
    switch (e->quantity) {
    case SIM_Q_STATE:
    case SIM_Q_BLAME:
    case SIM_Q_SOURCE:
    case SIM_Q_DECISION:
    case SIM_Q_SYNCED:
    case SIM_Q_LEAP:
    case SIM_Q_BOUND:
    case SIM_Q_SAID:
        return reached >= 1;
    case SIM_Q_ERROR:
    case SIM_Q_STEPS_MIN:
    case SIM_Q_ALERTS_MIN:
        return reached >= e->limit;
    case SIM_Q_SETTLED:
        return reached <= e->limit2;
    case SIM_Q_FORECAST:
        return reached >= e->limit && reached <= e->limit2;
    default:
        return reached <= e->limit;
    }
}

#include "fleet_host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_S 3600.0
#define CLOCKSKEW_S 300.0

/* Others' questions per second to a KDC: with many of them one that repeats
 * stale microseconds takes the most questions of ours. */
#define BUSY 50

/*
 * What a question costs that uses the host's key, in requests.  With a ticket
 * that serves as armor it is one.  Without, the ticket has to be got first,
 * which at the same time is the answer: one request that is pre-authenticated
 * by our own clock, and where the answer is too big for UDP (Active
 * Directory's always is) once more by TCP.  Is our clock beyond the KDC's
 * limit, that is refused, and the KDC asked for its time and then again.
 */
#define ARMORED 1
#define LOGIN 2
#define LOGIN_BEYOND 4

/* When a ticket serves: so long, but for the last minutes, and until our own
 * clock is stepped by more than this. */
#define TICKET_S 36000.0
#define TICKET_MARGIN_S 300.0
#define TICKET_STEP_S 10.0

/* Hours are counted that much shorter, since a question may be put off by so
 * much, to the turn of its KDC's second. */
#define TURN_S 1.0

/* What a host asks in so long belongs to its start. */
#define BEGINNING_S 120.0

#define MAX_RECENT 256

struct ticket {
    bool is_there;
    double end_s;
    double wall_s; /* our wall against the raw clock when it was made */
    double kdc_s;  /* the KDC's */
};

/* Requests of the last hour, the oldest first. */
struct recent {
    int n;
    double t_s[MAX_RECENT];
    int requests[MAX_RECENT];
};

struct host {
    struct fleet *fleet;
    int index;
    double start_s; /* fleet time */
    double life_s;  /* of its next ticket */
    struct ticket ticket;
    struct recent recent;
    unsigned mails; /* since its last recovery */
    const struct sim_setup *setup;
};

/* ---- what it asks ---- */

static bool
is_ticket_good(const struct ticket *ticket, double t_s, double wall_s)
{
    return ticket->is_there && t_s < ticket->end_s - TICKET_MARGIN_S &&
           fabs(wall_s - ticket->wall_s) <= TICKET_STEP_S;
}

static int
count_authenticated(struct host *host, const struct sim_question *question)
{
    struct ticket *ticket = &host->ticket;
    double wall_s =
        (double)(question->now.wall.ns - question->now.raw.ns) * 1e-9;
    double kdc_s = wall_s + question->skew_s;
    int requests = 0;

    if (!question->is_heard)
        return ARMORED;
    if (is_ticket_good(ticket, question->t_s, wall_s)) {
        requests = ARMORED;
        /* its time goes with it; a KDC whose clock is another refuses it */
        if (fabs(kdc_s - ticket->kdc_s) <= CLOCKSKEW_S)
            return requests;
    }
    host->fleet->logins++;
    *ticket =
        (struct ticket){true, question->t_s + host->life_s, wall_s, kdc_s};
    host->life_s = TICKET_S;
    return requests +
           (fabs(question->skew_s) > CLOCKSKEW_S ? LOGIN_BEYOND : LOGIN);
}

/* How many there were in the hour up to now. */
static unsigned
count_hour(struct recent *recent, double t_s, int requests)
{
    unsigned sum = 0;
    int old = 0;

    while (old < recent->n && recent->t_s[old] <= t_s - (HOUR_S - TURN_S))
        old++;
    if (recent->n == MAX_RECENT && old == 0)
        old = 1;
    recent->n -= old;
    memmove(recent->t_s, recent->t_s + old,
            (size_t)recent->n * sizeof *recent->t_s);
    memmove(recent->requests, recent->requests + old,
            (size_t)recent->n * sizeof *recent->requests);
    recent->t_s[recent->n] = t_s;
    recent->requests[recent->n++] = requests;
    for (int i = 0; i < recent->n; i++)
        sum += (unsigned)recent->requests[i];
    return sum;
}

static void
note_question(void *arg, const struct sim_question *question)
{
    struct host *host = arg;
    struct fleet *fleet = host->fleet;
    enum sg_kind kind = host->setup->sources[question->source].about.kind;
    int requests = 1;
    unsigned hour;

    if (kind == SG_KIND_NTP)
        return;
    if (kind == SG_KIND_KEYTAB)
        requests = count_authenticated(host, question);
    if (question->is_heard)
        fleet_load_add(&fleet->load, question->source % fleet->plan.kdcs,
                       host->start_s + question->t_s, requests);
    if (question->t_s < BEGINNING_S)
        fleet->at_start += (unsigned)requests;
    if (question->t_s < HOUR_S)
        return;
    hour = count_hour(&host->recent, question->t_s, requests);
    if (hour > fleet->worst_hour)
        fleet->worst_hour = hour;
}

/* ---- what it says ---- */

static void
note_decision(void *arg, double t_s, const struct sg_decision *decision)
{
    struct host *host = arg;
    double since_s = host->start_s + t_s - host->fleet->plan.happens_s;
    double *knew_s = &host->fleet->knew_s[host->index];

    for (int i = 0; i < decision->n_events; i++)
        if (decision->events[i].kind == SG_EVENT_STATE &&
            decision->events[i].state == SG_STATE_EXCEEDED && since_s >= 0)
            *knew_s = fmin(*knew_s, since_s);
}

static void
note_mail(struct host *host, double t_s, const struct sg_alert *alert)
{
    struct fleet_told *told = &host->fleet->told;
    unsigned *minute = &told->minutes[(int)((host->start_s + t_s) / 60)];

    told->mails++;
    told->by_severity[sg_alert_severity(alert)]++;
    if (++*minute > told->worst_minute)
        told->worst_minute = *minute;
    if (alert->phase == SG_ALERT_RECOVERED) {
        told->recoveries++;
        host->mails = 0;
    } else if (++host->mails > told->unrecovered)
        told->unrecovered = host->mails;
}

static void
note_alert(void *arg, double t_s, const struct sg_alert *alert)
{
    struct host *host = arg;

    host->fleet->told.lines += alert->to_log;
    host->fleet->told.ours +=
        alert->topic == SG_ALERT_REALM && alert->blame == SG_BLAME_OURS;
    if (alert->to_mail)
        note_mail(host, t_s, alert);
}

/* ---- what it is ---- */

/* Servers' clocks are within milliseconds, and on their hosts all show the
 * same; all KDCs, then all of each other kind. */
static void
add_sources(struct sim_setup *setup, const struct fleet_plan *plan,
            enum sg_kind kind, double delay_s)
{
    for (int i = 0; i < plan->kdcs; i++) {
        struct sim_source *s = &setup->sources[setup->n_sources++];

        *s = (struct sim_source){
            .about = {.kind = kind, .is_try = kind != SG_KIND_KDC},
            .offset_s = 0.0005 * (i % 5),
            .delay_s = delay_s,
            .skew_frac = 0.5,
            .queues = {.jitter_s = delay_s / 10},
            .load = BUSY,
            .stale = kind != SG_KIND_NTP,
            .silent = kind == SG_KIND_NTP && !plan->ntp,
        };
        snprintf(s->about.name, sizeof s->about.name, "kdc%d", i + 1);
        snprintf(s->host, sizeof s->host, "kdc%d", i + 1);
    }
}

/* To everything on the first KDC's host, or on those of all. */
static void
add_happenings(struct sim_setup *setup, const struct fleet_plan *plan,
               double at_s, enum sim_verb verb, double value)
{
    for (int i = 0; i < setup->n_sources; i++)
        if (plan->to_all || i % plan->kdcs == 0)
            setup->happenings[setup->n_happenings++] =
                (struct sim_happening){at_s, verb, i, value, 0};
}

static enum sim_verb
undoing(enum sim_verb verb)
{
    return verb == SIM_SILENT ? SIM_BACK : verb;
}

static void
make_setup(const struct fleet_plan *plan, double start_s,
           struct sim_random *random, struct sim_setup *ret)
{
    double delay_s = 200e-6 + sim_exponential(random, 500e-6);

    sim_setup_init(ret);
    ret->has_alerts = true;
    ret->run_s = plan->run_s - start_s;
    ret->clock_offset_s = 0.5 * sim_normal(random);
    ret->drift_ppm = 10 * sim_normal(random);
    snprintf(ret->realm, sizeof ret->realm, "EXAMPLE.ORG");
    ret->clockskew_s = CLOCKSKEW_S;
    add_sources(ret, plan, SG_KIND_KDC, delay_s);
    add_sources(ret, plan, SG_KIND_NTP, delay_s);
    add_sources(ret, plan, SG_KIND_KEYTAB, delay_s);
    if (plan->happens_s > 0)
        add_happenings(ret, plan, plan->happens_s - start_s, plan->verb,
                       plan->value);
    if (plan->back_s > 0)
        add_happenings(ret, plan, plan->happens_s + plan->back_s - start_s,
                       undoing(plan->verb), -plan->value);
}

static void
run_host(struct fleet *fleet, int index, uint64_t seed)
{
    const struct fleet_plan *plan = &fleet->plan;
    struct sim_random random = {seed};
    struct host host = {.fleet = fleet, .index = index, .life_s = TICKET_S};
    struct sim_observer observer = {.arg = &host,
                                    .asked = note_question,
                                    .decided = note_decision,
                                    .alerted = note_alert};
    struct sim_setup setup;
    struct sim_counts counts;

    host.start_s = floor(plan->start_s * sim_uniform(&random));
    host.setup = &setup;
    if (plan->is_old)
        host.life_s *= sim_uniform(&random);
    fleet->knew_s[index] = INFINITY;
    make_setup(plan, host.start_s, &random, &setup);
    sim_run(&setup, random.state, &observer, &counts);
}

void
fleet_run(struct fleet *fleet, const struct fleet_plan *plan, uint64_t seed)
{
    struct sim_random random = {seed};

    memset(fleet, 0, sizeof *fleet);
    fleet->plan = *plan;
    fleet_load_init(&fleet->load, plan->kdcs, plan->run_s);
    fleet->knew_s = calloc((size_t)plan->hosts, sizeof *fleet->knew_s);
    fleet->told.minutes =
        calloc((size_t)(plan->run_s / 60) + 2, sizeof *fleet->told.minutes);
    if (!fleet->knew_s || !fleet->told.minutes)
        abort();
    for (int i = 0; i < plan->hosts; i++)
        run_host(fleet, i,
                 (uint64_t)(sim_uniform(&random) * 9007199254740992.0));
}

void
fleet_clear(struct fleet *fleet)
{
    fleet_load_clear(&fleet->load);
    free(fleet->told.minutes);
    free(fleet->knew_s);
}

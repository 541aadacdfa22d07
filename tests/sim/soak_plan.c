#include "soak_plan.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_S 3600.0
#define DAY_S (24 * HOUR_S)

#define FIRST_S HOUR_S       /* the first fault, at the earliest */
#define GAP_S (0.5 * HOUR_S) /* from fault to fault, on average */
#define SHORT_S 30.0         /* how long they last, at least ... */
#define LONG_S (12 * HOUR_S) /* ... and at most ... */
#define WRONG_S (4 * HOUR_S) /* ... somebody who is wrong */
#define QUIET_S (1.5 * DAY_S)

/* Two that are wrong one after the other are not to seem two at once: a KDC may
 * be asked once an hour. */
#define APART_S (2 * HOUR_S)

/* Around a leap second nobody is wrong or dead: who is may miss it. */
#define BEFORE_LEAP_S (26 * HOUR_S)
#define AFTER_LEAP_S (2 * HOUR_S)

#define HOSTS 5
#define REALM_HOSTS 3 /* the others are NTP servers outside */

const char *const soak_kind_names[SOAK_KINDS] = {
    "dies",     "port",    "blackout", "jumps",   "drifts",
    "freezes",  "hovers",  "late",     "jitter",  "our clock stepped",
    "our rate", "suspend", "restart",  "refusal",
};

struct maker {
    struct soak_plan *plan;
    struct sim_random random;
    double t_s;
    double dead_until_s;        /* somebody is, or one of his services ... */
    double host_until_s[HOSTS]; /* ... of each */
    double wrong_until_s;       /* somebody is */
    double clock_until_s;       /* something happens to our own */
};

/* ---- chance ---- */

/* Of any size between two, small ones as often as large ones. */
static double
any_size(struct maker *maker, double least, double most)
{
    return least * pow(most / least, sim_uniform(&maker->random));
}

static double
either_way(struct maker *maker, double least, double most)
{
    double size = any_size(maker, least, most);

    return sim_uniform(&maker->random) < 0.5 ? -size : size;
}

static int
any_of(struct maker *maker, int n)
{
    return (int)(sim_uniform(&maker->random) * n) % n;
}

/* ---- the world ---- */

static void
add_source(struct sim_setup *setup, const char *host, enum sg_kind kind,
           double delay_s)
{
    struct sim_source *s = &setup->sources[setup->n_sources++];

    *s = (struct sim_source){
        .about = {.kind = kind, .realm = setup->realm[0] ? 0 : -1},
        .delay_s = delay_s,
        .skew_frac = 0.5,
        .queues = {.jitter_s = delay_s / 8},
        .root_s = 1e-3,
        .stale = kind != SG_KIND_NTP,
        .load = 5,
    };
    snprintf(s->host, sizeof s->host, "%s", host);
    snprintf(s->about.name, sizeof s->about.name, "%s", host);
}

static const char *const hosts[HOSTS] = {"das-m", "das-s", "das-t", "ntp-a",
                                         "ntp-b"};

static void
add_sources(struct sim_setup *setup)
{
    for (int i = 0; i < HOSTS; i++) {
        double delay_s = 400e-6 * (i + 1);

        add_source(setup, hosts[i], SG_KIND_NTP, delay_s);
        if (i >= REALM_HOSTS) {
            setup->sources[setup->n_sources - 1].about.realm = -1;
            continue;
        }
        add_source(setup, hosts[i], SG_KIND_KDC, delay_s);
        if (i < SOAK_PROVEN_HOSTS)
            add_source(setup, hosts[i], SG_KIND_KEYTAB, delay_s);
    }
}

/* ---- what happens to it ---- */

static void
add(struct maker *maker, double at_s, enum sim_verb verb, int source,
    double value, double more)
{
    struct sim_setup *setup = &maker->plan->setup;

    assert(setup->n_happenings < SIM_MAX_HAPPENINGS);
    setup->happenings[setup->n_happenings++] =
        (struct sim_happening){at_s, verb, source, value, more};
}

/* To each service of a host, or of all (-1). */
static void
add_to_host(struct maker *maker, double at_s, enum sim_verb verb, int host,
            double value, double more)
{
    const struct sim_setup *setup = &maker->plan->setup;

    for (int i = 0; i < setup->n_sources; i++)
        if (host < 0 || strcmp(setup->sources[i].host, hosts[host]) == 0)
            add(maker, at_s, verb, i, value, more);
}

/* One of the services of a host. */
static void
add_port(struct maker *maker, const struct soak_fault *fault)
{
    const struct sim_setup *setup = &maker->plan->setup;
    int port;

    do
        port = any_of(maker, setup->n_sources);
    while (strcmp(setup->sources[port].host, hosts[fault->host]) != 0);
    add(maker, fault->from_s, SIM_SILENT, port, 0, 0);
    add(maker, fault->to_s, SIM_BACK, port, 0, 0);
}

/* A server's clock, wrong and put right. */
static void
add_wrong(struct maker *maker, struct soak_fault *fault)
{
    double span_s = fault->to_s - fault->from_s, off_s = fault->value;

    if (fault->kind == SOAK_JUMPS) {
        add_to_host(maker, fault->from_s, SIM_OFFSET, fault->host, off_s, 0);
    } else if (fault->kind == SOAK_FREEZES) {
        add_to_host(maker, fault->from_s, SIM_FREEZE, fault->host, 0, 0);
        off_s = -span_s;
    } else {
        add_to_host(maker, fault->from_s, SIM_DRIFT, fault->host, fault->value,
                    0);
        off_s = fault->value * 1e-6 * span_s;
    }
    if (fault->kind != SOAK_JUMPS)
        add_to_host(maker, fault->to_s, SIM_DRIFT, fault->host, 0, 0);
    add_to_host(maker, fault->to_s, SIM_OFFSET, fault->host, -off_s, 0);
}

/* From a value to another, and back to what is usual. */
static void
add_pair(struct maker *maker, const struct soak_fault *fault,
         enum sim_verb verb, double value, double usual, double more)
{
    add_to_host(maker, fault->from_s, verb, fault->host, value, more);
    add_to_host(maker, fault->to_s, verb, fault->host, usual, more);
}

static void
add_to_ours(struct maker *maker, struct soak_fault *fault)
{
    double value = fault->value;

    switch (fault->kind) {
    case SOAK_STEP:
        fault->to_s = fault->from_s;
        add(maker, fault->from_s, SIM_STEP, -1, value, 0);
        break;
    case SOAK_RATE:
        add(maker, fault->from_s, SIM_RATE, -1, value, 0);
        add(maker, fault->to_s, SIM_RATE, -1, -value, 0);
        break;
    case SOAK_SUSPEND:
        add(maker, fault->from_s, SIM_SUSPEND, -1, fault->to_s - fault->from_s,
            0);
        break;
    case SOAK_RESTART:
        fault->to_s = fault->from_s + value;
        add(maker, fault->from_s, SIM_RESTART, -1, value, 0);
        break;
    default:
        add(maker, fault->from_s, SIM_REFUSE, -1, SIM_REFUSES_ALL, 0);
        add(maker, fault->to_s, SIM_REFUSE, -1, SIM_REFUSES_NOTHING, 0);
        break;
    }
}

static void
add_happenings(struct maker *maker, struct soak_fault *fault)
{
    switch (fault->kind) {
    case SOAK_DIES:
    case SOAK_BLACKOUT:
        add_to_host(maker, fault->from_s, SIM_SILENT, fault->host, 0, 0);
        add_to_host(maker, fault->to_s, SIM_BACK, fault->host, 0, 0);
        break;
    case SOAK_PORT:
        add_port(maker, fault);
        break;
    case SOAK_JUMPS:
    case SOAK_DRIFTS:
    case SOAK_FREEZES:
        add_wrong(maker, fault);
        break;
    case SOAK_HOVERS:
        add_pair(maker, fault, SIM_WOBBLE, fault->value, 0, 600);
        break;
    case SOAK_LATE:
        add_pair(maker, fault, SIM_LATE, fault->value, 0, 0);
        break;
    case SOAK_JITTER:
        add_pair(maker, fault, SIM_JITTER, fault->value, 100e-6, 0);
        break;
    default:
        add_to_ours(maker, fault);
        break;
    }
}

/* ---- which, and when ---- */

bool
soak_is_wrong(enum soak_kind kind)
{
    return kind >= SOAK_JUMPS && kind <= SOAK_LATE;
}

static double
any_value(struct maker *maker, enum soak_kind kind)
{
    switch (kind) {
    case SOAK_JUMPS:
        return either_way(maker, 0.05, 1e6);
    case SOAK_DRIFTS:
        return either_way(maker, 20, 5000);
    case SOAK_HOVERS:
        return any_size(maker, 0.05, 300);
    case SOAK_LATE:
        return any_size(maker, 0.01, 0.9);
    case SOAK_JITTER:
        return any_size(maker, 1e-3, 30e-3);
    case SOAK_STEP:
        return either_way(maker, 0.05, 3000);
    case SOAK_RATE:
        return either_way(maker, 0.1, 5);
    case SOAK_RESTART:
        return any_size(maker, 1, 600);
    default:
        return 0;
    }
}

/* What is dead cannot die, nor be brought back by somebody else's return. */
static bool
is_alive(const struct maker *maker, const struct soak_fault *fault)
{
    if (fault->kind == SOAK_BLACKOUT)
        return fault->from_s > maker->dead_until_s;
    return fault->from_s > maker->host_until_s[fault->host];
}

/* May it begin now, and last so long? */
static bool
is_allowed(const struct maker *maker, const struct soak_fault *fault)
{
    double leap_s = maker->plan->setup.leap_at_s;

    if (fault->kind >= SOAK_STEP)
        return fault->from_s > maker->clock_until_s;
    if (fault->kind == SOAK_JITTER)
        return true;
    if (fault->from_s < leap_s + AFTER_LEAP_S &&
        fault->to_s > leap_s - BEFORE_LEAP_S)
        return false;
    if (soak_is_wrong(fault->kind))
        return fault->from_s > maker->wrong_until_s + APART_S &&
               fault->from_s > maker->dead_until_s + APART_S;
    return fault->from_s > maker->wrong_until_s + APART_S &&
           is_alive(maker, fault);
}

static void
note(struct maker *maker, const struct soak_fault *fault)
{
    double *until_s = &maker->dead_until_s;

    if (fault->kind >= SOAK_STEP)
        until_s = &maker->clock_until_s;
    else if (soak_is_wrong(fault->kind))
        until_s = &maker->wrong_until_s;
    else if (fault->kind == SOAK_JITTER)
        return;
    *until_s = fmax(*until_s, fault->to_s);
    for (int i = 0; i < HOSTS; i++)
        if (until_s == &maker->dead_until_s &&
            (i == fault->host || fault->kind == SOAK_BLACKOUT))
            maker->host_until_s[i] = fault->to_s;
}

static void
add_fault(struct maker *maker)
{
    struct soak_plan *plan = maker->plan;
    struct soak_fault fault = {.from_s = maker->t_s, .host = -1};

    fault.kind = (enum soak_kind)any_of(maker, SOAK_KINDS);
    if (fault.kind < SOAK_STEP && fault.kind != SOAK_BLACKOUT)
        fault.host = any_of(maker, HOSTS);
    fault.to_s =
        fault.from_s +
        any_size(maker, SHORT_S, soak_is_wrong(fault.kind) ? WRONG_S : LONG_S);
    fault.value = any_value(maker, fault.kind);
    if (!is_allowed(maker, &fault) || plan->n_faults == SOAK_MAX_FAULTS)
        return;
    add_happenings(maker, &fault);
    note(maker, &fault);
    plan->faults[plan->n_faults++] = fault;
}

static int
compare(const void *a, const void *b)
{
    double x = ((const struct sim_happening *)a)->at_s;
    double y = ((const struct sim_happening *)b)->at_s;

    return (x > y) - (x < y);
}

void
soak_plan_make(struct soak_plan *ret, double days, uint64_t seed)
{
    struct maker maker = {.plan = ret, .random = {seed}};
    struct sim_setup *setup = &ret->setup;

    ret->n_faults = 0;
    sim_setup_init(setup);
    setup->run_s = days * DAY_S;
    setup->clock_offset_s = either_way(&maker, 0.1, 3000);
    setup->drift_ppm = 10 * sim_normal(&maker.random);
    setup->wander = 1e-9;
    setup->has_alerts = true;
    setup->leap_at_s = floor(days * DAY_S * sim_uniform(&maker.random));
    setup->leap_s = any_of(&maker, 3) - 1;
    snprintf(setup->realm, sizeof setup->realm, "EXAMPLE.ORG");
    setup->clockskew_s = 300;
    add_sources(setup);
    for (maker.t_s = FIRST_S; maker.t_s < setup->run_s - QUIET_S - LONG_S;
         maker.t_s += sim_exponential(&maker.random, GAP_S))
        add_fault(&maker);
    qsort(setup->happenings, (size_t)setup->n_happenings,
          sizeof *setup->happenings, compare);
}

/*
 * What the load of many hosts is on their realm's KDCs.
 *
 *   fleet [-n HOSTS] [SCENARIO...]
 *
 * Each scenario prints its figures and holds them to limits that follow from
 * what is promised; exit 0 if all hold.  All figures but chance's part in them
 * grow with the number of hosts, and the limits say how much chance may do, so
 * a few hundred hosts show what more of them would.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet_host.h"

#define HOUR_S 3600
#define SEED 1
#define HOSTS 1000
#define MANY_HOSTS 100000.0
#define COURSES 2 /* shown; each realm has so many KDCs */

/* When hosts that start within the first hour are in their steady state. */
#define STEADY_S (2 * HOUR_S)
#define HAPPENS_S 5400

/* Long enough for each KDC's turn to come. */
#define STEPPED_S 2400

/* Who was asked out of turn just before his turn has had it, and is missed in
 * the next minutes; and where KDCs disagree the ticket of one is refused by the
 * other, so that proof takes several requests in one moment. */
#define STEPPED_SHARE 1.5

/* ---- limits ---- */

static bool
at_most(const char *what, double reached, double limit)
{
    bool held = reached <= limit;

    printf("  %s  %-52s %.4g, at most %.4g\n", held ? "ok  " : "FAIL", what,
           reached, limit);
    return held;
}

/* A question with the key takes a ticket that was got from a KDC of another
 * time: it is refused, and a new one takes 4 requests. */
#define MORE_FOR_TICKETS 4

/*
 * Hosts that do not keep step: their number in a span of time is Poisson's,
 * which exceeds six deviations less than once in 10 million; and one of them
 * may be about to get a ticket.
 */
static double
by_chance(double mean, double span_s)
{
    double n = mean * span_s;

    return (n + 6 * sqrt(n) + 1 + MORE_FOR_TICKETS) / span_s;
}

static double
scale_of(const struct fleet *fleet)
{
    return MANY_HOSTS / fleet->plan.hosts;
}

/* No server sees more in a second or a minute than chance brings there, with
 * at times so much of the mean. */
static bool
is_spread(const struct fleet *fleet, int from_s, int to_s, double share)
{
    struct fleet_figures f;
    double second_frac = 0, minute_frac = 0;
    bool held;

    for (int i = FLEET_ALL; i < fleet->plan.kdcs; i++) {
        fleet_load_figures(&fleet->load, i, from_s, to_s, &f);
        second_frac = fmax(second_frac, f.worst / by_chance(share * f.mean, 1));
        minute_frac =
            fmax(minute_frac, f.worst_minute / by_chance(share * f.mean, 60));
    }
    held = at_most("worst second, of what chance brings", second_frac, 1);
    return at_most("worst minute, of what chance brings", minute_frac, 1) &&
           held;
}

/* 7 requests an hour to the realm; of 100 000 hosts less than 200/s. */
#define REALM_HOURLY 7
#define REALM_MANY 200

static bool
is_gentle(const struct fleet *fleet, int from_s, int to_s)
{
    struct fleet_figures all;

    fleet_load_figures(&fleet->load, FLEET_ALL, from_s, to_s, &all);
    return at_most("realm, 100000 hosts, mean/s", all.mean * scale_of(fleet),
                   REALM_MANY);
}

/* ---- figures ---- */

static void
print_figures(const struct fleet *fleet, int server, int from_s, int to_s)
{
    double many;
    struct fleet_figures f;
    char name[16] = "all";

    if (server != FLEET_ALL)
        snprintf(name, sizeof name, "kdc%d", server + 1);
    fleet_load_figures(&fleet->load, server, from_s, to_s, &f);
    many = f.mean * scale_of(fleet);
    printf("  %-6s %9lu %9.3f %8u %8u %9.2f %8.2f %9.1f %9.1f\n", name,
           f.requests, f.mean, f.high, f.worst, f.worst_minute,
           f.worst / fmax(f.mean, 1e-9), many, by_chance(many, 1));
}

static void
print_table(const struct fleet *fleet, int from_s, int to_s)
{
    printf("  AS-REQ from second %d to %d%33s for %.0f hosts, by chance\n",
           from_s, to_s, "", MANY_HOSTS);
    printf("  %-6s %9s %9s %8s %8s %9s %8s %9s %9s\n", "", "all", "mean/s",
           "99.9% s", "worst s", "minute/s", "s/mean", "mean/s", "worst s");
    for (int i = FLEET_ALL; i < fleet->plan.kdcs; i++)
        print_figures(fleet, i, from_s, to_s);
}

/* Requests per second to the first KDCs, each figure the mean of step_s
 * seconds. */
static void
print_course(const struct fleet *fleet, int from_s, int to_s, int step_s)
{
    for (int server = 0; server < COURSES; server++) {
        printf("  kdc%d, AS-REQ/s from second %d on, by %d s\n", server + 1,
               from_s, step_s);
        for (int s = from_s, n = 1; s < to_s; s += step_s, n++) {
            unsigned sum = 0;

            for (int i = 0; i < step_s; i++)
                sum += fleet_load_at(&fleet->load, server, s + i);
            printf(" %6.4g%s", (double)sum / step_s, n % 20 ? "" : "\n");
        }
    }
}

static void
print_hosts(const struct fleet *fleet)
{
    int hosts = fleet->plan.hosts;

    printf("  a host: %.1f requests in its first 2 min, later at most %u in "
           "an hour; %.2f tickets\n"
           "  of all requests %.0f %% fall into one hundredth of the second\n",
           (double)fleet->at_start / hosts, fleet->worst_hour,
           (double)fleet->logins / hosts,
           100 * fleet_load_bunched_frac(&fleet->load));
}

static void
print_told(const struct fleet *fleet)
{
    const struct fleet_told *told = &fleet->told;

    printf("  told: %lu lines in logs, %lu mails, %lu of them recoveries, at "
           "most %u in a minute; of severity",
           told->lines, told->mails, told->recoveries, told->worst_minute);
    for (int i = 0; i < FLEET_SEVERITIES; i++)
        if (told->by_severity[i] > 0)
            printf(" %d: %lu", i, told->by_severity[i]);
    putchar('\n');
}

/* Mails are spread over 10 minutes by chance. */
#define SPREAD_MINUTES 10

/* All of them see the same, and none is to claim that it is broken, nor to
 * fill a mailbox. */
static bool
is_told_calmly(const struct fleet *fleet, unsigned unrecovered)
{
    const struct fleet_told *told = &fleet->told;
    double mean = (double)fleet->plan.hosts * unrecovered / SPREAD_MINUTES;
    bool held;

    print_told(fleet);
    held = at_most("mails of a host before its recovery", told->unrecovered,
                   unrecovered);
    held &= at_most("alerts that say that this host is wrong",
                    (double)told->ours, 0);
    held &= at_most("mails in a minute, of what chance brings",
                    told->worst_minute / (mean + 6 * sqrt(mean) + 1), 1);
    return held;
}

/* ---- scenarios ---- */

static bool
judge_steady(struct fleet *fleet)
{
    int to_s = (int)fleet->plan.run_s;
    bool held;

    print_table(fleet, STEADY_S, to_s);
    print_hosts(fleet);
    held = at_most("a host's requests to the realm in any hour",
                   fleet->worst_hour, REALM_HOURLY);
    held &= is_told_calmly(fleet, 0);
    held &= is_gentle(fleet, STEADY_S, to_s);
    return is_spread(fleet, STEADY_S, to_s, 1) && held;
}

/* Without NTP each KDC is asked every 64 s, kdc_poll; and those that were
 * authenticated add one, with a new ticket two, an hour. */
static double
port_88_hourly(const struct fleet *fleet)
{
    return fleet->plan.kdcs * HOUR_S / 64.0 + 2;
}

static bool
judge_port_88(struct fleet *fleet)
{
    int to_s = (int)fleet->plan.run_s;

    print_table(fleet, HAPPENS_S, to_s);
    print_hosts(fleet);
    return at_most("a host's requests to the realm in any hour",
                   fleet->worst_hour, port_88_hourly(fleet));
}

/* To each KDC a first question and a burst of 9, without and with the key, and
 * one more for the ticket. */
#define START_REQUESTS 21

static bool
holds_start(const struct fleet *fleet)
{
    return at_most("a host's requests in its first 2 min, mean",
                   (double)fleet->at_start / fleet->plan.hosts,
                   START_REQUESTS * fleet->plan.kdcs);
}

/* After that they do not come together again. */
static bool
judge_restart(struct fleet *fleet)
{
    int to_s = (int)fleet->plan.run_s;
    bool held;

    print_course(fleet, 0, 120, 1);
    print_table(fleet, 0, 120);
    print_table(fleet, 120, to_s);
    print_hosts(fleet);
    held = holds_start(fleet);
    held &= is_gentle(fleet, 120, to_s);
    return is_spread(fleet, 120, to_s, 1) && held;
}

static bool
judge_boot(struct fleet *fleet)
{
    print_course(fleet, 0, 40, 1);
    print_table(fleet, 0, (int)fleet->plan.run_s);
    print_hosts(fleet);
    return holds_start(fleet);
}

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* How long it took until so many of them said so.  Puts them in order. */
static double
known_by_s(struct fleet *fleet, double frac)
{
    int n = fleet->plan.hosts;

    qsort(fleet->knew_s, (size_t)n, sizeof *fleet->knew_s, compare_doubles);
    return fleet->knew_s[(int)ceil(frac * n) - 1];
}

/*
 * Everybody asks every 64 s, 10 % later at most, NTP or where there is none
 * the KDC; what surprises is asked about again twice, 2 s later each; and the
 * KDC has to prove it, which nobody awaits for more than 10 s.
 */
#define KNOWN_BY_S (64 * 1.1 + 2 * 2 + 10)

static bool
judge_step(struct fleet *fleet)
{
    int calm_s = HAPPENS_S + 180, to_s = (int)fleet->plan.run_s;
    double hourly = fleet->plan.ntp ? REALM_HOURLY : port_88_hourly(fleet);
    struct fleet_figures all;
    bool held;

    print_course(fleet, HAPPENS_S, HAPPENS_S + 600, 10);
    print_table(fleet, HAPPENS_S, calm_s);
    print_table(fleet, calm_s, to_s);
    print_hosts(fleet);
    printf("  known after: 50 %% %.1f s, 90 %% %.1f s, 100 %% %.1f s\n",
           known_by_s(fleet, 0.5), known_by_s(fleet, 0.9),
           known_by_s(fleet, 1));
    fleet_load_figures(&fleet->load, FLEET_ALL, calm_s, to_s, &all);
    held = at_most("known to all after, s", known_by_s(fleet, 1), KNOWN_BY_S);
    held &= at_most("a host's requests in an hour, 3 min later, mean",
                    all.mean * HOUR_S / fleet->plan.hosts,
                    hourly + MORE_FOR_TICKETS);
    held &= is_told_calmly(fleet, 1);
    return is_spread(fleet, calm_s, to_s, STEPPED_SHARE) && held;
}

/* What was told of it, and of its end. */
static bool
judge_back(struct fleet *fleet)
{
    printf("  known after: 50 %% %.1f s, 90 %% %.1f s\n",
           known_by_s(fleet, 0.5), known_by_s(fleet, 0.9));
    return is_told_calmly(fleet, 1);
}

/* A dead one leaves its turns to nobody. */
static bool
judge_death(struct fleet *fleet)
{
    int to_s = (int)fleet->plan.run_s;
    struct fleet_figures before, after;
    bool held;

    print_table(fleet, HOUR_S, HAPPENS_S);
    print_table(fleet, HAPPENS_S, to_s);
    print_hosts(fleet);
    held = is_told_calmly(fleet, 0); /* nobody has lost anything */
    fleet_load_figures(&fleet->load, 1, HOUR_S, HAPPENS_S, &before);
    fleet_load_figures(&fleet->load, 1, HAPPENS_S, to_s, &after);
    held &= at_most("the other KDC, mean/s", after.mean,
                    by_chance(before.mean, HAPPENS_S - HOUR_S));
    /* who leaves and comes back into turn does so at once for all */
    return is_spread(fleet, HAPPENS_S, to_s, STEPPED_SHARE) && held;
}

static const struct {
    const char *name;
    bool (*judge)(struct fleet *fleet);
    struct fleet_plan plan; /* hosts: one of so many takes part */
} scenarios[] = {
    {"steady",
     judge_steady,
     {.hosts = 1,
      .kdcs = 2,
      .ntp = true,
      .is_old = true,
      .start_s = HOUR_S,
      .run_s = STEADY_S + HOUR_S}},
    /* many sources make a host slow to simulate */
    {"20-kdcs",
     judge_steady,
     {.hosts = 10,
      .kdcs = 20,
      .ntp = true,
      .is_old = true,
      .start_s = HOUR_S,
      .run_s = STEADY_S + HOUR_S}},
    {"port-88",
     judge_port_88,
     {.hosts = 1,
      .kdcs = 2,
      .is_old = true,
      .start_s = HOUR_S,
      .run_s = 2 * HOUR_S}},
    {"restart",
     judge_restart,
     {.hosts = 1, .kdcs = 2, .ntp = true, .run_s = 3 * HOUR_S}},
    /* no two hosts take the same time to boot */
    {"restart-30s",
     judge_boot,
     {.hosts = 1, .kdcs = 2, .ntp = true, .start_s = 30, .run_s = 150}},
    {"restart-20-kdcs",
     judge_boot,
     {.hosts = 10, .kdcs = 20, .ntp = true, .start_s = 30, .run_s = 150}},
    {"step",
     judge_step,
     {.hosts = 1,
      .kdcs = 2,
      .ntp = true,
      .is_old = true,
      .start_s = HOUR_S,
      .run_s = HAPPENS_S + STEPPED_S,
      .happens_s = HAPPENS_S,
      .verb = SIM_OFFSET,
      .value = 400}},
    {"step-port-88",
     judge_step,
     {.hosts = 1,
      .kdcs = 2,
      .is_old = true,
      .start_s = HOUR_S,
      .run_s = HAPPENS_S + STEPPED_S,
      .happens_s = HAPPENS_S,
      .verb = SIM_OFFSET,
      .value = 400}},
    {"dies",
     judge_death,
     {.hosts = 1,
      .kdcs = 2,
      .ntp = true,
      .is_old = true,
      .start_s = HOUR_S,
      .run_s = HAPPENS_S + HOUR_S,
      .happens_s = HAPPENS_S,
      .verb = SIM_SILENT}},
    /* and put right again: after 5 minutes, after an hour */
    {"step-5min",
     judge_back,
     {.hosts = 1,
      .kdcs = 2,
      .ntp = true,
      .is_old = true,
      .start_s = HOUR_S,
      .run_s = HAPPENS_S + STEPPED_S,
      .happens_s = HAPPENS_S,
      .verb = SIM_OFFSET,
      .value = 400,
      .back_s = 300}},
    {"step-1h",
     judge_back,
     {.hosts = 1,
      .kdcs = 2,
      .ntp = true,
      .is_old = true,
      .start_s = HOUR_S,
      .run_s = HAPPENS_S + HOUR_S + STEPPED_S,
      .happens_s = HAPPENS_S,
      .verb = SIM_OFFSET,
      .value = 400,
      .back_s = HOUR_S}},
    /* no KDC can be reached, for 2 hours */
    {"outage",
     judge_back,
     {.hosts = 1,
      .kdcs = 2,
      .ntp = true,
      .is_old = true,
      .start_s = HOUR_S,
      .run_s = HAPPENS_S + 3 * HOUR_S,
      .happens_s = HAPPENS_S,
      .verb = SIM_SILENT,
      .to_all = true,
      .back_s = 2 * HOUR_S}},
};

static bool
run(size_t scenario, int hosts)
{
    struct fleet_plan plan = scenarios[scenario].plan;
    struct fleet fleet;
    bool held;

    plan.hosts = (hosts + plan.hosts - 1) / plan.hosts;
    printf("%s: %d hosts, %d KDCs%s\n", scenarios[scenario].name, plan.hosts,
           plan.kdcs, plan.ntp ? " whose hosts serve NTP" : ", no NTP");
    fleet_run(&fleet, &plan, SEED);
    held = scenarios[scenario].judge(&fleet);
    fleet_clear(&fleet);
    return held;
}

int
main(int argc, char **argv)
{
    int hosts = HOSTS, c;
    bool held = true;

    while ((c = getopt(argc, argv, "n:")) != -1) {
        if (c != 'n' || (hosts = atoi(optarg)) < 1)
            return 2;
    }
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        bool is_wanted = optind == argc;

        for (int a = optind; a < argc; a++)
            is_wanted |= strcmp(argv[a], scenarios[i].name) == 0;
        if (is_wanted)
            held &= run(i, hosts);
    }
    return held ? 0 : 1;
}

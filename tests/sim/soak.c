/*
 * A month of faults at random, in seconds: what must hold at all times.
 *
 *   soak [-v] [-d DAYS] [-n SEEDS] [-s SEED]
 *
 * 30 days (4 to 30), 3 seeds from 1 on, unless said otherwise; -v shows the
 * faults and what is told.  Exit 0 if everything held; see soak_plan.h for the
 * faults.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/chatter.h"
#include "soak_alerts.h"
#include "soak_plan.h"
#include "soak_trouble.h"

#define DAY_S 86400.0

/* The clock's offset, unless something is being put right.  The first is that
 * of a network whose queues take up to 30 ms; the second that of 12 hours
 * without an answer, in which the oscillator may run otherwise by 5 ppm. */
#define CALM_LIMIT_S 0.02
#define HOLDOVER_LIMIT_S 0.3
/* A step leads to within this of the truth: half a second of a KDC's is all
 * that is known until NTP answers. */
#define STEP_LIMIT_S 0.6

/* Who is off by so much for so long and proves it has to have been told of, and
 * so has a silence of that length. */
#define TELLING_S 75.0
#define TELLING_SPAN_S 3600.0

/* The heap at the last midnight against the first.  What was freed lately
 * counts in it while the C library keeps it at hand; 16 bytes lost with each
 * question are 3 MB, 2 KiB with each restart 100 KiB.  And the system's memory.
 */
#define HEAP_LIMIT 65536
#define RSS_LIMIT_KIB 256

struct memory {
    size_t heap;
    long rss_kib;
};

struct soak {
    const struct soak_plan *plan;
    struct sg_chatter *chatter;
    struct soak_alerts alerts;
    bool verbose;
    struct soak_troubles troubles;
    bool is_blind; /* it forgot all it knew, and nobody answers since */
    double new_s;  /* when it last forgot all it knew */
    unsigned failures, lines, steps, telling;
    double calm_s, lie_s, holdover_s; /* largest offsets */
    double astray_s;                  /* beyond the bounds that are claimed */
    double calm_sum;                  /* of squares */
    double day_s;                     /* the next midnight */
    unsigned calm_n, lie_n, holdover_n, honest, claims;
    struct memory first, last;
    size_t heap_most;
    struct sg_status status; /* as it was at the end */
};

/* ---- what is told of failures ---- */

static void __attribute__((format(printf, 3, 4)))
fail(struct soak *soak, double t_s, const char *format, ...)
{
    va_list args;

    if (soak->failures++ >= 10)
        return;
    printf("  FAIL  %.0f s (day %.2f): ", t_s, t_s / DAY_S);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* ---- memory ---- */

static struct memory
memory_now(void)
{
    struct memory ret = {.heap = mallinfo2().uordblks};
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (!file || fscanf(file, "%*s %ld", &pages) != 1)
        abort();
    fclose(file);
    ret.rss_kib = pages * (sysconf(_SC_PAGESIZE) / 1024);
    return ret;
}

static void
look_at_memory(struct soak *soak, double t_s)
{
    if (t_s < soak->day_s)
        return;
    soak->last = memory_now();
    if (soak->day_s <= DAY_S)
        soak->first = soak->last;
    soak->heap_most =
        soak->last.heap > soak->heap_most ? soak->last.heap : soak->heap_most;
    soak->day_s += DAY_S;
}

/* ---- each second ---- */

static void
look_at_clock(struct soak *soak, const struct sim_view *view,
              const struct soak_trouble *trouble)
{
    double size_s = fabs(view->offset_s);

    /* what somebody does to the clock then, nobody can tell us */
    soak->is_blind = trouble->is_silent && (trouble->is_new || soak->is_blind);
    if (trouble->is_ours || soak->is_blind)
        return;
    if (trouble->is_silent) {
        soak->holdover_s = fmax(soak->holdover_s, size_s);
        soak->holdover_n++;
        if (size_s > HOLDOVER_LIMIT_S)
            fail(soak, view->t_s, "offset %g s with nobody to ask; %s",
                 view->offset_s, view->status->decision);
        return;
    }
    if (trouble->lie_s > 0) {
        soak->lie_s = fmax(soak->lie_s, size_s);
        soak->lie_n++;
    } else {
        soak->calm_s = fmax(soak->calm_s, size_s);
        soak->calm_sum += size_s * size_s;
        soak->calm_n++;
    }
    if (size_s > fmax(CALM_LIMIT_S, trouble->lie_s))
        fail(soak, view->t_s, "offset %g s; %s", view->offset_s,
             view->status->decision);
}

static void
look_at_honesty(struct soak *soak, const struct sim_view *view,
                const struct soak_trouble *trouble)
{
    struct sg_skew skew;
    double out_s;

    if (trouble->is_new || !sg_model_skew(&view->status->clock.model,
                                          view->now.raw, view->now.wall, &skew))
        return;
    soak->claims++;
    out_s = fmax(skew.lower_s - view->offset_s, view->offset_s - skew.upper_s);
    soak->honest += out_s < 1e-8;
    soak->astray_s = fmax(soak->astray_s, out_s);
    if (out_s > trouble->lie_s + 1e-8)
        fail(soak, view->t_s, "offset %g s is not in the bounds %g to %g s%s",
             view->offset_s, skew.lower_s, skew.upper_s,
             trouble->lie_s > 0 ? ", and somebody lies" : "");
}

static bool
is_telling(const struct soak_fault *fault)
{
    return fault->kind == SOAK_BLACKOUT ||
           ((fault->kind == SOAK_JUMPS || fault->kind == SOAK_FREEZES) &&
            fault->host < SOAK_PROVEN_HOSTS &&
            (fault->kind == SOAK_FREEZES || fabs(fault->value) >= TELLING_S));
}

/* Is what is about to end, and was long and bad enough, known to people? */
static void
look_at_telling(struct soak *soak, const struct sim_view *view,
                const struct soak_trouble *trouble)
{
    const struct soak_plan *plan = soak->plan;

    if (trouble->is_new)
        soak->new_s = view->t_s;
    for (int i = soak->troubles.first;
         i < plan->n_faults && plan->faults[i].from_s <= view->t_s; i++) {
        const struct soak_fault *fault = &plan->faults[i];
        double span_s = view->t_s - fmax(fault->from_s, soak->new_s);
        enum sg_alert_level level =
            fault->kind == SOAK_BLACKOUT ? SG_ALERT_UNKNOWN : SG_ALERT_WARN;

        if (!is_telling(fault) || fabs(fault->to_s - 1 - view->t_s) > 0.5 ||
            span_s < TELLING_SPAN_S)
            continue;
        soak->telling++;
        if (!soak_alerts_is_told(&soak->alerts, level))
            fail(soak, view->t_s, "%s for %.0f s, and nobody is told",
                 soak_kind_names[fault->kind], span_s);
    }
}

/* Each of ours has a reason, and leads to the truth, whoever asked for it. */
static void
look_at_step(struct soak *soak, const struct sim_view *view)
{
    struct soak_trouble trouble = soak_trouble_at(&soak->troubles, view->t_s);
    double before_s = fabs(view->offset_s + view->step_s);

    if (view->step_s == 0)
        return;
    soak->steps++;
    if (!trouble.is_ours && !trouble.is_silent && trouble.lie_s == 0)
        fail(soak, view->t_s, "stepped by %g s while all is well: %s",
             view->step_s, view->status->decision);
    if (fabs(view->offset_s) >
        fmax(before_s, fmax(STEP_LIMIT_S, trouble.lie_s)))
        fail(soak, view->t_s, "stepped by %g s to an offset of %g s: %s",
             view->step_s, view->offset_s, view->status->decision);
}

static void
say(struct soak *soak, double t_s, const struct sg_event *line)
{
    soak->lines++;
    if (soak->verbose)
        printf("    %10.1f s  %s\n", t_s, line->text);
}

static void
hear_events(struct soak *soak, const struct sim_view *view)
{
    struct sg_event lines[SG_CHATTER_LINES];

    for (int i = 0; i < view->decision->n_events; i++) {
        int n = sg_chatter_hear(soak->chatter, &view->decision->events[i],
                                view->now.raw, lines);

        for (int j = 0; j < n; j++)
            say(soak, view->t_s, &lines[j]);
    }
}

static void
look(void *arg, const struct sim_view *view)
{
    struct soak *soak = arg;
    struct soak_trouble trouble;
    struct sg_event line;

    if (view->decision) {
        hear_events(soak, view);
        look_at_step(soak, view);
        return;
    }
    while (sg_chatter_calm(soak->chatter, view->now.raw, &line))
        say(soak, view->t_s, &line);
    look_at_memory(soak, view->t_s);
    trouble = soak_trouble_at(&soak->troubles, view->t_s);
    look_at_clock(soak, view, &trouble);
    look_at_honesty(soak, view, &trouble);
    look_at_telling(soak, view, &trouble);
    if (view->t_s >= soak->plan->setup.run_s - 2)
        soak->status = *view->status;
}

static void
hear_alert(void *arg, double t_s, const struct sg_alert *alert)
{
    struct soak *soak = arg;
    const char *wrong = soak_alerts_hear(&soak->alerts, alert);
    struct soak_trouble trouble = soak_trouble_at(&soak->troubles, t_s);

    if (!wrong && alert->phase == SG_ALERT_RAISED &&
        alert->level >= SG_ALERT_WARN && !trouble.is_ours && trouble.lie_s == 0)
        wrong = "nobody's clock is wrong";

    if (soak->verbose)
        printf("    %10.1f s  %s%s%s %u: %s %s %s (was %s), %s\n", t_s,
               alert->to_log ? "log " : "", alert->to_mail ? "mail " : "",
               alert->id, alert->number, sg_alert_topic_names[alert->topic],
               sg_alert_phase_names[alert->phase],
               sg_alert_level_names[alert->level],
               sg_alert_level_names[alert->before], alert->text);
    if (wrong)
        fail(soak, t_s, "alert %s %s: %s", alert->id,
             sg_alert_phase_names[alert->phase], wrong);
}

/* ---- the end ---- */

static void
judge_memory(struct soak *soak, double t_s)
{
    long heap = (long)soak->last.heap - (long)soak->first.heap;
    long rss = soak->last.rss_kib - soak->first.rss_kib;

    printf("  heap %zu bytes on day 1, %zu at most, %zu at the end; resident "
           "%ld KiB, %ld KiB at the end\n",
           soak->first.heap, soak->heap_most, soak->last.heap,
           soak->first.rss_kib, soak->last.rss_kib);
    if (soak->last.heap == 0)
        return; /* sanitizers count by themselves, and keep what was freed */
    if (heap > HEAP_LIMIT)
        fail(soak, t_s, "the heap grew by %ld bytes", heap);
    if (rss > RSS_LIMIT_KIB)
        fail(soak, t_s, "resident memory grew by %ld KiB", rss);
}

static void
judge(struct soak *soak)
{
    double end_s = soak->plan->setup.run_s;
    int open = soak_alerts_open(&soak->alerts);

    printf("  offset %.3g ms at most, rms %.3g ms, in %u s; %.3g ms in %u s "
           "beside a liar; %.3g ms in %u s without two hosts to ask\n",
           soak->calm_s * 1e3,
           sqrt(soak->calm_sum / fmax(soak->calm_n, 1)) * 1e3, soak->calm_n,
           soak->lie_s * 1e3, soak->lie_n, soak->holdover_s * 1e3,
           soak->holdover_n);
    printf("  truth in the bounds in %u of %u s, else beyond them by %.3g ms "
           "at most\n",
           soak->honest, soak->claims, fmax(soak->astray_s, 0) * 1e3);
    printf("  %u steps; %u lines logged; %u alerts logged, %u mails, %d "
           "causes; %u faults that had to be told\n",
           soak->steps, soak->lines, soak->alerts.logs, soak->alerts.mails,
           soak->alerts.n_threads, soak->telling);
    judge_memory(soak, end_s);
    if (open)
        fail(soak, end_s, "%d causes have not recovered", open);
    if (soak->status.state != SG_STATE_OK || !soak->status.clock.synced)
        fail(soak, end_s, "state %s, clock %ssynchronised at the end",
             sg_state_name(soak->status.state),
             soak->status.clock.synced ? "" : "not ");
}

static void
show_faults(const struct soak_plan *plan, bool each)
{
    unsigned n[SOAK_KINDS] = {0};

    for (int i = 0; i < plan->n_faults; i++) {
        const struct soak_fault *fault = &plan->faults[i];

        n[fault->kind]++;
        if (each)
            printf("    %10.1f s  host %d %s for %.0f s by %g\n", fault->from_s,
                   fault->host, soak_kind_names[fault->kind],
                   fault->to_s - fault->from_s, fault->value);
    }
    printf("  %d faults:", plan->n_faults);
    for (int i = 0; i < SOAK_KINDS; i++)
        printf(" %s %u%s", soak_kind_names[i], n[i],
               i + 1 < SOAK_KINDS ? "," : "\n");
}

static bool
run(double days, uint64_t seed, bool verbose)
{
    static struct soak_plan plan;
    static struct soak soak;
    struct sim_observer observer = {
        .arg = &soak, .look = look, .alerted = hear_alert};
    struct sim_counts counts;

    soak_plan_make(&plan, days, seed);
    memset(&soak, 0, sizeof soak);
    soak.plan = &plan;
    soak.troubles.plan = &plan;
    soak.verbose = verbose;
    soak.day_s = DAY_S;
    soak.chatter = sg_chatter_new();
    if (!soak.chatter)
        abort();
    printf("seed %ju, %g days\n", (uintmax_t)seed, days);
    show_faults(&plan, verbose);
    sim_run(&plan.setup, seed, &observer, &counts);
    printf("  %u questions, %u turns of the engine\n", counts.packets,
           counts.decisions);
    judge(&soak);
    sg_chatter_free(soak.chatter);
    return soak.failures == 0;
}

int
main(int argc, char **argv)
{
    unsigned long seeds = 3, first = 1;
    double days = 30;
    bool held = true, verbose = false;
    int c;

    setvbuf(stdout, NULL, _IOLBF, 0);
    while ((c = getopt(argc, argv, "vd:n:s:")) != -1) {
        if (c == 'v')
            verbose = true;
        else if (c == 'd')
            days = fmin(fmax(strtod(optarg, NULL), 4), 30);
        else if (c == 'n')
            seeds = strtoul(optarg, NULL, 10);
        else if (c == 's')
            first = strtoul(optarg, NULL, 10);
        else
            return 2;
    }
    for (unsigned long i = 0; i < seeds; i++)
        held &= run(days, first + i, verbose);
    return held ? 0 : 1;
}

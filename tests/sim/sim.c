/*
 * Run scenario files and hold what happened against what they expect.
 *
 *   sim [-v] [-s SEED] FILE...
 *   sim --figures [-s SEED] FILE...
 *   sim --alerts [-s SEED] FILE...
 *
 * Exit 0 if everything held; every expectation prints what was reached.
 * --figures judges nothing: it prints a table of what was reached, in the
 * span of the scenario's first expected rms or else in the whole run.
 * --alerts judges nothing: it prints what would be told without a
 * configuration.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch.h"

/* What a scenario's seeds came to, for each of its expectations. */
struct outcome {
    double values[SIM_MAX_EXPECTS][SIM_MAX_SEEDS];
    struct sim_tally overall[SIM_MAX_EXPECTS];
    int seeds;
    unsigned mails, logs; /* in all */
};

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Puts the seeds' values in order, too. */
static double
median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* How much is shown of what happens. */
enum detail { RESULTS, ALERTS, EVENTS };

static struct sim_counts
run_seed(const struct sim_scenario *scenario, unsigned seed, enum detail detail,
         struct outcome *ret)
{
    struct sim_watcher *watcher = calloc(1, sizeof *watcher);
    struct sim_observer observer = {
        .arg = watcher, .look = sim_watch, .alerted = sim_watch_alert};
    struct sim_counts counts;

    if (!watcher)
        abort();
    watcher->chatter = sg_chatter_new();
    if (!watcher->chatter)
        abort();
    watcher->scenario = scenario;
    watcher->verbose = detail == EVENTS;
    watcher->shows_alerts = detail == ALERTS;
    sim_run(&scenario->setup, seed, &observer, &counts);
    ret->mails += watcher->mails;
    ret->logs += watcher->logs;
    for (int i = 0; i < scenario->n_expects; i++) {
        const struct sim_expect *e = &scenario->expects[i];

        ret->values[i][ret->seeds] = sim_reached(e, &watcher->tallies[i]);
        sim_tally_add(e, &watcher->tallies[i], &ret->overall[i]);
    }
    ret->seeds++;
    sg_chatter_free(watcher->chatter);
    free(watcher);
    return counts;
}

/* Prints what was reached; returns whether it is enough. */
static bool
judge(const struct sim_expect *e, double reached)
{
    bool held = sim_holds(e, reached);

    printf("  %s  %-52s reached %.6g\n", held ? "ok  " : "FAIL", e->text,
           reached);
    return held;
}

/* Of the expectations for each seed, or of those for all together. */
static bool
judge_all(const struct sim_scenario *scenario, bool is_each,
          struct outcome *outcome)
{
    bool held = true;

    for (int i = 0; i < scenario->n_expects; i++) {
        const struct sim_expect *e = &scenario->expects[i];
        double *values = outcome->values[i];

        if (is_each != (e->scope == SIM_EACH))
            continue;
        if (e->scope == SIM_EACH)
            held &= judge(e, values[outcome->seeds - 1]);
        else if (e->scope == SIM_MEDIAN)
            held &= judge(e, median(values, outcome->seeds));
        else
            held &= judge(e, sim_reached(e, &outcome->overall[i]));
    }
    return held;
}

static bool
run(const struct sim_scenario *scenario, unsigned first, enum detail detail,
    struct outcome *outcome)
{
    bool held = true;

    for (unsigned i = 0; i < (unsigned)scenario->seeds; i++) {
        struct sim_counts counts =
            run_seed(scenario, first + i, detail, outcome);

        printf(" seed %u: %u packets, %u ticks, %u turns of the engine\n",
               first + i, counts.packets, counts.ticks, counts.decisions);
        held &= judge_all(scenario, true, outcome);
    }
    printf(" all seeds\n");
    return judge_all(scenario, false, outcome) && held;
}

/* What the table shows, as expectations that nothing is held against. */
static const enum sim_quantity columns[] = {
    SIM_Q_RMS,   SIM_Q_OFFSET, SIM_Q_SETTLED,
    SIM_Q_ERROR, SIM_Q_TIGHT,  SIM_Q_PACKETS,
};
#define COLUMNS (int)(sizeof columns / sizeof *columns)

static void
expect_columns(struct sim_scenario *scenario)
{
    struct sim_expect span = {.to_s = INFINITY};
    struct sim_expect settled = {
        .quantity = SIM_Q_SETTLED, .to_s = INFINITY, .limit = 0.01};

    for (int i = scenario->n_expects - 1; i >= 0; i--) {
        const struct sim_expect *e = &scenario->expects[i];

        if (e->quantity == SIM_Q_RMS)
            span = *e;
        if (e->quantity == SIM_Q_SETTLED)
            settled = *e;
    }
    for (int i = 0; i < COLUMNS; i++) {
        scenario->expects[i] = columns[i] == SIM_Q_SETTLED ? settled : span;
        scenario->expects[i].quantity = columns[i];
    }
    scenario->n_expects = COLUMNS;
}

static const char *
span_text(double span_s, char *ret, size_t size)
{
    if (span_s >= 1 || span_s == 0)
        snprintf(ret, size, "%.3g s", span_s);
    else if (span_s >= 1e-3)
        snprintf(ret, size, "%.3g ms", span_s * 1e3);
    else
        snprintf(ret, size, "%.3g us", span_s * 1e6);
    return ret;
}

static void
print_figures(const char *path, struct sim_scenario *scenario, unsigned first,
              struct outcome *outcome)
{
    const char *slash = strrchr(path, '/');
    double *rms = outcome->values[0], middle;
    char texts[4][24];

    expect_columns(scenario);
    for (unsigned i = 0; i < (unsigned)scenario->seeds; i++)
        run_seed(scenario, first + i, RESULTS, outcome);
    middle = median(rms, outcome->seeds);
    printf("| %s | %s | %s..%s | %s | %.4g s | %.3f %% | %.3g | %.3g |\n",
           slash ? slash + 1 : path, span_text(middle, texts[0], sizeof *texts),
           span_text(rms[0], texts[1], sizeof *texts),
           span_text(rms[outcome->seeds - 1], texts[2], sizeof *texts),
           span_text(outcome->overall[1].value, texts[3], sizeof *texts),
           median(outcome->values[2], outcome->seeds),
           100 * sim_reached(&scenario->expects[3], &outcome->overall[3]),
           sim_reached(&scenario->expects[4], &outcome->overall[4]),
           median(outcome->values[5], outcome->seeds));
}

static void
print_alerts(const char *path, struct sim_scenario *scenario, unsigned first,
             enum detail detail, struct outcome *outcome)
{
    scenario->setup.has_alerts = true;
    printf("%s\n", path);
    for (unsigned i = 0; i < (unsigned)scenario->seeds; i++) {
        printf(" seed %u\n", first + i);
        run_seed(scenario, first + i, detail == EVENTS ? EVENTS : ALERTS,
                 outcome);
    }
    printf(" all %d seeds: %u mails, %u lines\n", outcome->seeds,
           outcome->mails, outcome->logs);
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {{"figures", no_argument, NULL, 'f'},
                                            {"alerts", no_argument, NULL, 'a'},
                                            {0}};
    enum detail detail = RESULTS;
    unsigned first = 1;
    bool held = true, figures = false, alerts = false;
    int c;

    while ((c = getopt_long(argc, argv, "vs:", options, NULL)) != -1) {
        if (c == 'v')
            detail = EVENTS;
        else if (c == 's')
            first = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'f')
            figures = true;
        else if (c == 'a')
            alerts = true;
        else
            return 2;
    }
    if (figures)
        printf("| scenario | RMS | of seeds | max | settled | honest | error / "
               "RMS | packets/h |\n|---|---|---|---|---|---|---|---|\n");
    for (; optind < argc; optind++) {
        struct sim_scenario scenario;
        struct outcome *outcome = calloc(1, sizeof *outcome);

        if (!outcome)
            abort();
        sim_scenario_load(argv[optind], &scenario);
        if (figures)
            print_figures(argv[optind], &scenario, first, outcome);
        else if (alerts)
            print_alerts(argv[optind], &scenario, first, detail, outcome);
        else {
            printf("%s\n", argv[optind]);
            held &= run(&scenario, first, detail, outcome);
        }
        free(outcome);
    }
    return held ? 0 : 1;
}

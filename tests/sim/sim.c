/*
 * Run scenario files and hold what happened against what they expect.
 *
 *   sim [-v] [-s SEED] FILE...
 *
 * Exit 0 if everything held; every expectation prints what was reached.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenario.h"

/* What was seen of one expectation. */
struct tally {
    double value; /* worst so far, sum of squares, or last seen */
    unsigned seen, good;
    unsigned packets;
};

struct watcher {
    const struct sim_scenario *scenario;
    struct tally tallies[SIM_MAX_EXPECTS];
    bool verbose;
};

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
look(const struct sim_expect *e, const struct sim_view *view,
     const struct sim_setup *setup, struct tally *tally)
{
    const struct sg_status *status = view->status;
    const struct sg_status_realm *realm = &status->realms[0];
    bool good = false;

    switch (e->quantity) {
    case SIM_Q_OFFSET:
        tally->value = fmax(tally->value, fabs(view->offset_s));
        break;
    case SIM_Q_RMS:
        tally->value += view->offset_s * view->offset_s;
        break;
    case SIM_Q_FREQUENCY:
        tally->value = fmax(
            tally->value, fabs(status->clock.frequency_ppm + setup->drift_ppm));
        break;
    case SIM_Q_STATE:
        good = realm->state == (enum sg_state)e->word;
        break;
    case SIM_Q_STATE_WITHIN:
        good = realm->state == (enum sg_state)e->word;
        if (good && tally->good == 0)
            tally->value = view->t_s - e->from_s;
        break;
    case SIM_Q_BLAME:
        good = realm->blame == (enum sg_blame)e->word;
        break;
    case SIM_Q_SOURCE:
        good = status->sources[e->source].tally == (enum sg_tally)e->word;
        break;
    case SIM_Q_ERROR:
    case SIM_Q_BOUND:
        if (!is_honest(e, view, &good))
            return;
        break;
    case SIM_Q_PACKETS:
        if (tally->seen == 0)
            tally->packets = view->packets;
        tally->value = (view->packets - tally->packets) * 3600 /
                       fmax(view->t_s - e->from_s, 1);
        break;
    case SIM_Q_FORECAST:
        tally->value = realm->time_to_limit_s;
        break;
    case SIM_Q_STEPS_MAX:
    case SIM_Q_STEPS_MIN:
        tally->value = status->clock.steps;
        break;
    }
    tally->seen++;
    tally->good += good;
}

static void
observe(void *arg, const struct sim_view *view)
{
    struct watcher *watcher = arg;

    if (watcher->verbose && view->decision)
        for (int i = 0; i < view->decision->n_events; i++)
            printf("    %10.3f s  %s\n", view->t_s,
                   view->decision->events[i].text);
    if (view->decision)
        return; /* judged by the second, or bursts would weigh more */
    for (int i = 0; i < watcher->scenario->n_expects; i++) {
        const struct sim_expect *e = &watcher->scenario->expects[i];

        if (view->t_s >= e->from_s && view->t_s <= e->to_s + 0.5)
            look(e, view, &watcher->scenario->setup, &watcher->tallies[i]);
    }
}

/* Prints what was reached; returns whether it is enough. */
static bool
judge(const struct sim_expect *e, const struct tally *tally)
{
    double share = tally->seen ? (double)tally->good / tally->seen : 0;
    double value = tally->value;
    bool held;

    if (e->quantity == SIM_Q_RMS)
        value = sqrt(value / fmax(tally->seen, 1));
    switch (e->quantity) {
    case SIM_Q_STATE:
    case SIM_Q_BLAME:
    case SIM_Q_SOURCE:
    case SIM_Q_BOUND:
        held = tally->seen > 0 && tally->good == tally->seen;
        value = share;
        break;
    case SIM_Q_ERROR:
        held = share >= e->limit;
        value = share;
        break;
    case SIM_Q_STATE_WITHIN:
        held = tally->good > 0 && value <= e->limit;
        break;
    case SIM_Q_STEPS_MIN:
        held = value >= e->limit;
        break;
    case SIM_Q_FORECAST:
        held = value >= e->limit && value <= e->limit2;
        break;
    default:
        held = tally->seen > 0 && value <= e->limit;
        break;
    }
    printf("  %s  %-52s reached %.6g\n", held ? "ok  " : "FAIL", e->text,
           value);
    return held;
}

static bool
run_seed(const struct sim_scenario *scenario, unsigned seed, bool verbose)
{
    struct watcher watcher = {.scenario = scenario, .verbose = verbose};
    struct sim_counts counts;
    bool held = true;

    sim_run(&scenario->setup, seed, observe, &watcher, &counts);
    printf(" seed %u: %u packets, %u ticks, %u turns of the engine\n", seed,
           counts.packets, counts.ticks, counts.decisions);
    for (int i = 0; i < scenario->n_expects; i++)
        held &= judge(&scenario->expects[i], &watcher.tallies[i]);
    return held;
}

int
main(int argc, char **argv)
{
    unsigned first = 1;
    bool held = true, verbose = false;
    int c;

    while ((c = getopt(argc, argv, "vs:")) != -1) {
        if (c == 'v')
            verbose = true;
        else if (c == 's')
            first = (unsigned)strtoul(optarg, NULL, 10);
        else
            return 2;
    }
    for (; optind < argc; optind++) {
        struct sim_scenario scenario;
        bool all = true;

        sim_scenario_load(argv[optind], &scenario);
        printf("%s\n", argv[optind]);
        for (unsigned i = 0; i < (unsigned)scenario.seeds; i++)
            all &= run_seed(&scenario, first + i, verbose);
        held &= all;
    }
    return held ? 0 : 1;
}

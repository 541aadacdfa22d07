/*
 * settled: how often the engine is woken once nothing happens any more.
 *
 * Two hosts, each an NTP server and a KDC, in the world of tests/sim.  The
 * same world runs for 2 hours and for 26; the difference is a settled day.
 * Prints, for an hour of it: questions, ticks, turns of the engine.
 */
#include <stdio.h>
#include <string.h>

#include "../sim/world.h"

#define HOUR_S 3600.0

static void
add_source(struct sim_setup *setup, const char *name, const char *host,
           enum sg_kind kind)
{
    struct sim_source *source = &setup->sources[setup->n_sources++];

    source->about = (struct sg_engine_source){.kind = kind, .realm = 0};
    snprintf(source->about.name, sizeof source->about.name, "%s", name);
    snprintf(source->host, sizeof source->host, "%s", host);
    source->delay_s = 500e-6;
    source->queues.jitter_s = 100e-6;
    source->skew_frac = 0.5;
    source->stale = kind == SG_KIND_KDC;
}

static struct sim_counts
run(struct sim_setup *setup, double hours)
{
    struct sim_observer nobody = {0};
    struct sim_counts counts;

    setup->run_s = hours * HOUR_S;
    sim_run(setup, 1, &nobody, &counts);
    return counts;
}

int
main(void)
{
    static struct sim_setup setup = {
        .clock_offset_s = 600,
        .drift_ppm = 40,
        .wander = 1e-9,
        .notice = true,
        .realm = "EXAMPLE.TEST",
        .clockskew_s = 300,
        .engine =
            {
                .mode = SG_MODE_DISCIPLINE,
                .budget = {0.2, 0.6},
                .poll = {64, 64},
                .rates = {.max_ppm = 500},
                .frequency_sd_ppm = 100,
            },
    };
    struct sim_counts early, late;

    setup.engine.guard = sg_guard_defaults;
    add_source(&setup, "das-m", "127.0.0.11", SG_KIND_NTP);
    add_source(&setup, "das-m", "127.0.0.11", SG_KIND_KDC);
    add_source(&setup, "das-s", "127.0.0.12", SG_KIND_NTP);
    add_source(&setup, "das-s", "127.0.0.12", SG_KIND_KDC);
    early = run(&setup, 2);
    late = run(&setup, 26);
    printf("%.1f %.1f %.1f\n", (late.packets - early.packets) / 24.0,
           (late.ticks - early.ticks) / 24.0,
           (late.decisions - early.decisions) / 24.0);
    return 0;
}

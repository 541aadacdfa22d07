/*
 * engine MINUTES SOURCES [mixed]: what the engine costs with so many sources.
 *
 * A small settled world without noise in its paths but queues: true time is
 * the raw clock, the wall clock drifts by 40 ppm and is disciplined.  Sources
 * are asked when the engine wants them asked; as in the daemon a status is
 * made and encoded every 16 s at most.  "mixed" makes half of the sources
 * hosts of a realm, each an NTP server and a KDC.
 *
 * After MINUTES of warming up, as much simulated time as SAMPLES answers
 * need.  Prints, in one line: samples, microseconds of CPU a sample in
 * decisions, and in decisions and publishing, samples in a simulated hour.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/engine.h"

#define SAMPLES 20000
#define EPOCH_NS 1767225600000000000LL
#define DRIFT_PPM 40
#define PUBLISH_S 16.0
#define DELAY_S 1e-3
#define QUEUE_S 200e-6

struct world {
    struct sg_engine *engine;
    struct sg_engine_source about[SG_MAX_SOURCES];
    int n;
    double due_s[SG_MAX_SOURCES];
    double t_s, wall_s; /* since EPOCH_NS */
    double base_ppm, slew_ppm, slew_left_s;
    double tick_s, publish_s;
    struct sg_status status;
    struct sg_buf text;
    unsigned samples;
    double publishing_s; /* CPU spent on statuses */
};

static double
cpu_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double
uniform(void)
{
    return (double)random() / ((double)RAND_MAX + 1);
}

static struct sg_reading
reading(const struct world *w)
{
    struct sg_reading r = {{1000000000 + sg_span_to_ns(w->t_s)},
                           {EPOCH_NS + sg_span_to_ns(w->wall_s)},
                           1e-7};

    return r;
}

static void
pass_time(struct world *w, double until_s)
{
    double dt = until_s - w->t_s;
    double slew_s = dt < w->slew_left_s ? dt : w->slew_left_s;

    w->wall_s += dt * (1 + (DRIFT_PPM + w->base_ppm) * 1e-6) +
                 slew_s * w->slew_ppm * 1e-6;
    w->slew_left_s -= slew_s;
    w->t_s = until_s;
}

static void
schedule(struct world *w, int i)
{
    double wait_s = sg_engine_next_ask(w->engine, i, reading(w).raw, uniform());

    w->due_s[i] = wait_s < 0 ? 1e18 : w->t_s + wait_s;
}

static void
act(struct world *w, const struct sg_decision *decision)
{
    const struct sg_action *action = &decision->action;
    struct sg_decision after;
    struct sg_reading now;

    w->tick_s = w->t_s + decision->tick_s;
    if (action->kind != SG_ACTION_NONE) {
        if (action->kind == SG_ACTION_STEP)
            w->wall_s += action->offset_s;
        w->base_ppm = action->base_ppm;
        w->slew_ppm = action->slew_ppm;
        w->slew_left_s = action->duration_s;
        now = reading(w);
        sg_engine_done(w->engine, action, 0, "", &now, &after);
    }
    if (decision->reschedule)
        for (int i = 0; i < w->n; i++)
            schedule(w, i);
}

static void
publish(struct world *w)
{
    struct sg_reading now = reading(w);
    double begin_s = cpu_s();

    sg_engine_status(w->engine, &now, &w->status);
    sg_buf_clear(&w->text);
    sg_status_encode(&w->status, &w->text);
    w->publish_s = w->t_s + PUBLISH_S;
    w->publishing_s += cpu_s() - begin_s;
}

static void
answer(struct world *w, int i)
{
    bool is_ntp = w->about[i].kind == SG_KIND_NTP;
    double there_s = QUEUE_S * uniform(), back_s = QUEUE_S * uniform();
    double delay_s = DELAY_S + there_s + back_s;
    struct sg_reading now = reading(w);
    struct sg_wall truth = {EPOCH_NS + sg_span_to_ns(w->t_s)};
    struct sg_outcome outcome = {.code = SG_OUTCOME_OK};
    struct sg_decision decision;
    double guess_s = is_ntp ? (back_s - there_s) / 2 : 0;
    double half_s = is_ntp ? delay_s / 2 : 0.5;

    outcome.sample.at = now.raw;
    outcome.sample.delay_s = delay_s;
    outcome.sample.has_guess = is_ntp;
    outcome.sample.guess = sg_wall_add(truth, guess_s);
    outcome.sample.lower = sg_wall_add(truth, guess_s - half_s);
    outcome.sample.upper = sg_wall_add(truth, guess_s + half_s);
    outcome.sample.stratum = 2 * is_ntp;
    sg_engine_outcome(w->engine, i, &outcome, &now, &decision);
    schedule(w, i);
    act(w, &decision);
    w->samples++;
}

/* The next thing to happen. */
static void
turn(struct world *w)
{
    struct sg_decision decision;
    struct sg_reading now;
    double due_s = w->tick_s;
    int next = -1;

    for (int i = 0; i < w->n; i++)
        if (w->due_s[i] < due_s) {
            due_s = w->due_s[i];
            next = i;
        }
    pass_time(w, due_s);
    if (next >= 0) {
        answer(w, next);
    } else {
        now = reading(w);
        sg_engine_tick(w->engine, &now, &decision);
        act(w, &decision);
    }
    if (w->t_s >= w->publish_s)
        publish(w);
}

static void
add_sources(struct world *w, int n, bool mixed)
{
    int n_hosts = mixed ? n / 4 : 0; /* of the realm, two sources each */

    sg_engine_add_realm(w->engine, "EXAMPLE.TEST", 300, false);
    for (int i = 0; i < n; i++) {
        struct sg_engine_source *about = &w->about[i];
        char address[SG_ADDRESS_MAX];
        int host = i < 2 * n_hosts ? i / 2 : i;

        about->kind = i < 2 * n_hosts && i % 2 ? SG_KIND_KDC : SG_KIND_NTP;
        about->realm = i < 2 * n_hosts ? 0 : SG_GROUP_UTC;
        snprintf(about->name, sizeof about->name, "host%d", host);
        snprintf(address, sizeof address, "127.0.1.%d", host);
        sg_engine_add_source(w->engine, about);
        sg_engine_set_address(w->engine, i, address, 123, false);
        schedule(w, i);
    }
    w->n = n;
}

int
main(int argc, char **argv)
{
    struct sg_engine_config config = {
        .mode = SG_MODE_DISCIPLINE,
        .budget = {0.2, 0.6},
        .poll = {64, 64},
        .guard = sg_guard_defaults,
        .rates = {.max_ppm = 500},
        .frequency_sd_ppm = 100,
    };
    static struct world w;
    double begin_s, begin_cpu_s, spent_s, hour_s;

    if (argc < 3) {
        fprintf(stderr, "usage: engine MINUTES SOURCES [mixed]\n");
        return 2;
    }
    srandom(1);
    w.engine = sg_engine_new(&config);
    w.wall_s = -600;
    sg_status_init(&w.status);
    add_sources(&w, atoi(argv[2]), argc > 3);
    while (w.t_s < 60 * atof(argv[1]))
        turn(&w);
    w.samples = 0;
    w.publishing_s = 0;
    begin_s = w.t_s;
    begin_cpu_s = cpu_s();
    while (w.samples < SAMPLES)
        turn(&w);
    spent_s = cpu_s() - begin_cpu_s;
    hour_s = (w.t_s - begin_s) / 3600;
    printf("%u %.2f %.2f %.0f\n", w.samples,
           (spent_s - w.publishing_s) / w.samples * 1e6,
           spent_s / w.samples * 1e6, w.samples / hour_s);
    sg_buf_free(&w.text);
    sg_engine_free(w.engine);
    return w.status.clock.synced ? 0 : 1;
}

#include "clock/simulated.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "clock/check.h"

/* What works here must work with the kernel's clock too. */
#define SIMULATED_MAX_PPM 500.0
#define SIMULATED_FAST_PPM 83333.0
#define SIMULATED_FAST_S 10.0

/* One random step of the frequency covers this, or a share of a long gap. */
#define GRAIN_NS INT64_C(1000000000)
#define GRAINS_MAX 1000

struct simulated {
    struct sg_clock clock;
    struct sg_simulated_spec spec;
    struct sg_simulated_world world;
    struct sg_raw start;
    struct sg_raw at;    /* everything below is about this instant */
    struct sg_wall wall; /* what the clock reads ... */
    double fraction_ns;  /* ... and what is below a nanosecond */
    double drift_ppm;    /* after some wandering */
    double base_ppm;
    double slew_ppm; /* until slew_end */
    struct sg_raw slew_end;
    int next_step; /* index into spec.steps */
    bool rival_came;
    double before_rival_ppm; /* what he found; NAN: forgiven, or not come */
    uint64_t random;
    int watch_fd;
};

/* splitmix64, public domain (Vigna 2015). */
static uint64_t
random_bits(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* In (0, 1]. */
static double
random_share(uint64_t *state)
{
    return (double)((random_bits(state) >> 11) + 1) * 0x1p-53;
}

/* Normal, with deviation 1 (Box and Muller). */
static double
random_normal(uint64_t *state)
{
    const double turn = 6.283185307179586;
    double radius = sqrt(-2 * log(random_share(state)));

    return radius * cos(turn * random_share(state));
}

static void
move_wall(struct simulated *sim, int64_t ns)
{
    if (__builtin_add_overflow(sim->wall.ns, ns, &sim->wall.ns))
        sim->wall.ns = ns < 0 ? INT64_MIN : INT64_MAX;
}

static double
rate_ppm(const struct simulated *sim)
{
    return sim->drift_ppm + sim->base_ppm + sim->slew_ppm;
}

static void
run_evenly(struct simulated *sim, int64_t ns)
{
    double whole_ns;

    sim->fraction_ns += (double)ns * rate_ppm(sim) * 1e-6;
    whole_ns = floor(sim->fraction_ns);
    sim->fraction_ns -= whole_ns;
    move_wall(sim, ns + (int64_t)whole_ns);
    sim->at.ns += ns;
    if (sim->spec.wander > 0)
        sim->drift_ppm += sim->spec.wander * 1e6 * sqrt((double)ns * 1e-9) *
                          random_normal(&sim->random);
}

static struct sg_raw
step_due(const struct simulated *sim)
{
    return sg_raw_add(sim->start, sim->spec.steps[sim->next_step].at_s);
}

static bool
has_step(const struct simulated *sim)
{
    return sim->next_step < sim->spec.n_steps;
}

static struct sg_raw
rival_due(const struct simulated *sim)
{
    return sg_raw_add(sim->start, sim->spec.rival_at_s);
}

static bool
has_rival(const struct simulated *sim)
{
    return sim->spec.rival_ppm != 0 && !sim->rival_came;
}

/* Nothing happens to the clock's course before this instant. */
static int64_t
next_event_ns(const struct simulated *sim, int64_t now_ns, int64_t grain_ns)
{
    int64_t next_ns = now_ns;

    if (sim->spec.wander > 0 && next_ns - sim->at.ns > grain_ns)
        next_ns = sim->at.ns + grain_ns;
    if (sim->slew_ppm != 0 && sim->slew_end.ns < next_ns)
        next_ns = sim->slew_end.ns;
    if (has_step(sim) && step_due(sim).ns < next_ns)
        next_ns = step_due(sim).ns;
    if (has_rival(sim) && rival_due(sim).ns < next_ns)
        next_ns = rival_due(sim).ns;
    return next_ns;
}

static void
take_events(struct simulated *sim)
{
    if (sim->slew_ppm != 0 && sim->at.ns >= sim->slew_end.ns)
        sim->slew_ppm = 0;
    while (has_step(sim) && sim->at.ns >= step_due(sim).ns)
        move_wall(sim,
                  sg_span_to_ns(sim->spec.steps[sim->next_step++].offset_s));
    if (!has_rival(sim) || sim->at.ns < rival_due(sim).ns)
        return;
    sim->rival_came = true;
    sim->before_rival_ppm = sim->base_ppm + sim->slew_ppm;
    sim->base_ppm = sim->before_rival_ppm + sim->spec.rival_ppm;
    sim->slew_ppm = 0;
}

static void
bring_to_now(struct simulated *sim)
{
    int64_t now_ns = sim->world.raw(sim->world.arg).ns;
    int64_t grain_ns = (now_ns - sim->at.ns) / GRAINS_MAX;

    if (grain_ns < GRAIN_NS)
        grain_ns = GRAIN_NS;
    take_events(sim);
    while (sim->at.ns < now_ns) {
        run_evenly(sim, next_event_ns(sim, now_ns, grain_ns) - sim->at.ns);
        take_events(sim);
    }
}

static int
simulated_read(struct sg_clock *clock, struct sg_reading *ret)
{
    struct simulated *sim = (struct simulated *)clock;

    bring_to_now(sim);
    *ret = (struct sg_reading){sim->at, sim->wall, 0};
    return 0;
}

static int
simulated_check(struct sg_clock *clock, struct sg_err *err)
{
    struct simulated *sim = (struct simulated *)clock;

    bring_to_now(sim);
    if (isnan(sim->before_rival_ppm))
        return 0;
    return sg_clock_say_rival(sim->before_rival_ppm, sim->base_ppm, err);
}

static void
simulated_forgive(struct sg_clock *clock)
{
    ((struct simulated *)clock)->before_rival_ppm = (double)NAN;
}

/* May it be moved now? */
static int
try_to_move(struct simulated *sim, struct sg_err *err)
{
    double since_s;
    int code = simulated_check(&sim->clock, err);

    if (code < 0)
        return code;
    since_s = sg_raw_diff(sim->at, sim->start) - sim->spec.refuse_at_s;
    if (since_s < 0 || since_s >= sim->spec.refuse_s)
        return 0;
    return sg_err_set(err, -EPERM,
                      "simulated clock: may not be set for another %.0f s",
                      sim->spec.refuse_s - since_s);
}

static int
simulated_steer(struct sg_clock *clock, const struct sg_clock_course *course,
                struct sg_err *err)
{
    struct simulated *sim = (struct simulated *)clock;
    int code = sg_clock_check_course(clock, course, err);

    if (code == 0)
        code = try_to_move(sim, err);
    if (code < 0)
        return code;
    sim->base_ppm = course->base_ppm;
    sim->slew_ppm = course->slew_ppm;
    sim->slew_end = sg_raw_add(sim->at, fmax(course->duration_s, 0));
    return 0;
}

static int
simulated_step(struct sg_clock *clock, const struct sg_clock_step *step,
               struct sg_err *err)
{
    struct simulated *sim = (struct simulated *)clock;
    int code = sg_clock_check_step(clock, step->offset_s, err);

    if (code == 0)
        code = try_to_move(sim, err);
    if (code < 0)
        return code;
    move_wall(sim, sg_span_to_ns(step->offset_s));
    return 0;
}

static int
simulated_frequency(struct sg_clock *clock, double *ret_ppm)
{
    *ret_ppm = ((struct simulated *)clock)->base_ppm;
    return 0;
}

/*
 * The raw clock drives no timer.  The monotonic one, which somebody may be
 * slewing, fires up to 500 ppm of the wait early or late; too early, rearm
 * waits for the rest.
 */
static void
arm(struct simulated *sim)
{
    struct itimerspec timer = {{0, 0}, {0, 0}};

    bring_to_now(sim);
    if (has_step(sim)) {
        int64_t wait_ns = step_due(sim).ns - sim->at.ns;

        timer.it_value.tv_sec = wait_ns / 1000000000;
        timer.it_value.tv_nsec = wait_ns % 1000000000;
    }
    timerfd_settime(sim->watch_fd, 0, &timer, NULL);
}

static int
simulated_watch(struct sg_clock *clock)
{
    struct simulated *sim = (struct simulated *)clock;

    if (sim->watch_fd < 0) {
        sim->watch_fd =
            timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (sim->watch_fd >= 0)
            arm(sim);
    }
    return sim->watch_fd;
}

/* Setting the timer also takes back that it is readable. */
static void
simulated_rearm(struct sg_clock *clock)
{
    struct simulated *sim = (struct simulated *)clock;

    if (sim->watch_fd >= 0)
        arm(sim);
}

static void
simulated_free(struct sg_clock *clock)
{
    struct simulated *sim = (struct simulated *)clock;

    if (sim->watch_fd >= 0)
        close(sim->watch_fd);
    free(sim);
}

static const struct sg_clock_ops simulated_ops = {
    .name = "simulated",
    .read = simulated_read,
    .steer = simulated_steer,
    .step = simulated_step,
    .frequency = simulated_frequency,
    .check = simulated_check,
    .forgive = simulated_forgive,
    .watch = simulated_watch,
    .rearm = simulated_rearm,
    .free = simulated_free,
};

struct sg_clock *
sg_clock_simulated_make(const struct sg_simulated_spec *spec,
                        const struct sg_simulated_world *world,
                        struct sg_err *err)
{
    struct simulated *sim = calloc(1, sizeof *sim);

    if (!sim) {
        sg_err_set(err, -ENOMEM, "simulated clock: out of memory");
        return NULL;
    }
    sim->clock.ops = &simulated_ops;
    sim->clock.max_ppm = SIMULATED_MAX_PPM;
    sim->clock.fast_ppm = SIMULATED_FAST_PPM;
    sim->clock.fast_s = SIMULATED_FAST_S;
    sim->clock.can_move = true;
    sim->clock.ends_slews = true;
    sim->spec = *spec;
    sim->world = *world;
    sim->start = world->raw(world->arg);
    sim->at = sim->start;
    sim->wall = sg_wall_add(world->wall, -spec->offset_s);
    sim->drift_ppm = spec->drift_ppm;
    sim->random = world->seed;
    sim->watch_fd = -1;
    sim->before_rival_ppm = (double)NAN;
    return &sim->clock;
}

static struct sg_raw
host_raw(void *arg)
{
    (void)arg;
    return sg_host_raw();
}

struct sg_clock *
sg_clock_simulated_new(const char *text, struct sg_err *err)
{
    struct sg_reading now = sg_host_reading();
    struct sg_simulated_world world = {host_raw, NULL, now.wall, 0};
    struct sg_simulated_spec spec;

    if (sg_simulated_spec_parse(text, &spec, err) < 0)
        return NULL;
    if (getrandom(&world.seed, sizeof world.seed, GRND_NONBLOCK) < 0)
        world.seed = (uint64_t)now.raw.ns; /* early at boot: no secret here */
    return sg_clock_simulated_make(&spec, &world, err);
}

bool
sg_clock_simulated_model(struct sg_clock *clock, struct sg_reading *ret,
                         double *ret_rate_ppm)
{
    struct simulated *sim = (struct simulated *)clock;

    if (clock->ops != &simulated_ops)
        return false;
    simulated_read(clock, ret);
    *ret_rate_ppm = rate_ppm(sim);
    return true;
}

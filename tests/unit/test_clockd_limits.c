/*
 * An attacker in the engine's place asks at random, the service is killed at
 * random, the host sleeps, somebody sets the clock: no 24 hours see more
 * movement than the limits allow, whatever is claimed.
 */
#include "clockd_world.h"

#include <stdio.h>

#include "chance.h"

#define ROUNDS 30
#define PLAY 10000 /* requests */

static const struct sg_guard_limits limits = {
    .start_back_s = 20,
    .lone_s = 2,
    .step_s = 2.5,
    .day_s = 5,
    .day_steps = 3,
};

/* What the test itself knows of what the service ought to know. */
static struct truth {
    bool start_left;
    double foreign_s;
    int64_t foreign_ns;
    int seen; /* movements that were judged */
    int n_steps, n_first, n_undone, n_refused, n_foreign;
    struct movement counted[100000];
    int n;
} truth;

static bool
is_undo(double size_s)
{
    return truth.foreign_s != 0 &&
           host.raw_ns - truth.foreign_ns <= 3601 * NS &&
           fabs(size_s + truth.foreign_s) <=
               fmin(1, fabs(truth.foreign_s) / 2) + 0.02;
}

static void
judge_step(const struct movement *movement, const struct sg_wire_request *asked)
{
    double size_s = movement->size_s;
    bool is_starting = asked->flags & SG_WIRE_STARTING;
    bool is_strong = asked->flags & SG_WIRE_STRONG;

    assert_float_equal(size_s, asked->offset_s, 1e-6);
    truth.n_steps++;
    if (is_undo(size_s)) {
        truth.n_undone++;
    } else if (truth.start_left && is_starting) {
        truth.n_first++;
        assert_true(is_strong || fabs(size_s) <= limits.lone_s);
        assert_true(size_s >= -limits.start_back_s);
        truth.start_left = false;
    } else {
        assert_true(fabs(size_s) <= limits.step_s);
        assert_true(is_strong || fabs(size_s) <= limits.lone_s);
        truth.counted[truth.n++] = *movement;
        truth.start_left = false;
    }
    truth.foreign_s = 0;
}

/* Movements since the last look, of which a step was asked for. */
static void
judge(const struct sg_wire_request *asked)
{
    for (; truth.seen < host.n; truth.seen++) {
        const struct movement *movement = &host.movements[truth.seen];

        if (movement->is_step)
            judge_step(movement, asked);
        else
            truth.counted[truth.n++] = *movement;
    }
}

/* ---- what happens ---- */

static double
random_size(void)
{
    double size_s = pow(10, chance_between(-9, 3));

    return chance_below(2) ? size_s : -size_s;
}

static struct sg_wire_request
random_step(void)
{
    struct sg_wire_request ret = {.kind = SG_WIRE_STEP};

    ret.flags = (uint32_t)chance_below(4) * SG_WIRE_STARTING;
    ret.offset_s = random_size();
    if (chance_below(4) == 0)
        ret.offset_s = -truth.foreign_s * chance_between(0.4, 1.6);
    if (chance_below(4) == 0)
        ret.offset_s = chance_between(-1, 1) * limits.step_s;
    return ret;
}

static struct sg_wire_request
random_slew(void)
{
    static const double bases[] = {0, 500, -500, 499.99, 123};
    struct sg_wire_request ret = {.kind = SG_WIRE_SLEW};

    ret.flags = chance_below(50) == 0 ? SG_WIRE_SYNCED : 0;
    ret.base_ppm = bases[chance_below(5)];
    ret.slew_ppm = chance_between(-1, 1) * 84000;
    if (chance_below(3) == 0)
        ret.slew_ppm = chance_between(-1, 1) * 1000;
    ret.duration_s = pow(10, chance_between(-10, 0));
    return ret;
}

static struct sg_wire_request
random_request(void)
{
    int dice = chance_below(20);

    if (dice == 0)
        return (struct sg_wire_request){.kind = SG_WIRE_READ,
                                        .flags = SG_WIRE_FORGIVE};
    if (dice == 1)
        return (struct sg_wire_request){.kind = (uint32_t)chance_below(9),
                                        .offset_s = NAN,
                                        .leap_s = chance_below(5) - 2};
    return dice < 8 ? random_step() : random_slew();
}

static void
somebody_sets_the_clock(void)
{
    double by_s = random_size();

    sg_service_look(world.service);
    host_set_by_hand(by_s);
    truth.n_foreign++;
    if (host.raw_ns - truth.foreign_ns > 3600 * NS)
        truth.foreign_s = 0;
    truth.foreign_s += by_s;
    truth.foreign_ns = host.raw_ns;
    sg_service_look(world.service);
}

/* The kernel sets the clock from the hardware's then, more or less. */
static void
the_host_sleeps(void)
{
    double span_s = pow(10, chance_between(0, 5));

    host.slept_s += span_s;
    host_set_wall((span_s + chance_between(-5, 5)) * 1e9);
    truth.start_left = true;
    truth.foreign_s = 0;
}

static void
start_again(void)
{
    if (chance_below(2))
        world_bury();
    else
        world_stop();
    if (!world.kept.end_ns && chance_below(10) == 0)
        world_lose_runtime();
    host_pass(chance_below(2000) * NS / 1000);
    world_start();
    truth.foreign_s = 0;
}

static void
something_happens(void)
{
    int dice = chance_below(1000);

    if (dice < 10)
        somebody_sets_the_clock();
    else if (dice < 12)
        the_host_sleeps();
    else if (dice < 15)
        start_again();
    else if (dice < 20)
        host.change_errno = EPERM;
    else if (dice < 25)
        world.is_full = true;
    else if (dice < 27)
        world_pass(pow(10, chance_between(0, 5)));
    else if (dice < 300)
        world_pass(pow(10, chance_between(-6, 1)));
}

static void
ask_something(void)
{
    struct sg_wire_request request = random_request();
    int code = 0;

    if (chance_below(30) == 0)
        world.kill_in = 1 + chance_below(12);
    if (setjmp(world.killed) == 0) {
        code = world_ask(request);
        world.kill_in = 0;
        judge(&request);
        if (code == 0 && request.flags & SG_WIRE_SYNCED)
            truth.start_left = false;
    } else {
        judge(&request);
        world_bury();
        world_start();
        truth.foreign_s = 0;
        judge(NULL);
        /* written down before it was done: given away, at worst */
        truth.start_left = world.service->warden.start_left;
    }
    truth.n_refused += code == -EACCES;
    host.change_errno = 0;
    world.is_full = false;
}

/* ---- what came of it ---- */

/* A crash forgets by how much the last slew was late: a stall of it. */
static double
forgotten_s(void)
{
    return 0.1 + 0.084 * (double)host.stall_ns * 1e-9 * world.kills;
}

static struct total {
    double days, most_s;
    int kills, n_steps, n_refused, most;
} total;

static void
look_at_each_day(void)
{
    double most_s = 0;
    int most = 0, oldest = 0, n_steps = 0;
    double sum_s = 0;

    for (int i = 0; i < truth.n; i++) {
        n_steps += truth.counted[i].is_step;
        sum_s += fabs(truth.counted[i].size_s);
        for (; truth.counted[oldest].raw_ns < truth.counted[i].raw_ns - DAY_NS;
             oldest++) {
            n_steps -= truth.counted[oldest].is_step;
            sum_s -= fabs(truth.counted[oldest].size_s);
        }
        most_s = fmax(most_s, sum_s);
        most = n_steps > most ? n_steps : most;
    }
    total.days += (double)host.raw_ns / (double)DAY_NS;
    total.kills += world.kills;
    total.n_steps += truth.n_steps;
    total.n_refused += truth.n_refused;
    assert_true(most <= limits.day_steps);
    assert_true(most_s <= limits.day_s + forgotten_s());
    total.most = most > total.most ? most : total.most;
    total.most_s = fmax(most_s, total.most_s);
}

static void
play(int rounds)
{
    memset(&truth, 0, sizeof truth);
    truth.start_left = true;
    world_open(&limits);
    host.stall_ns = 30 * 1000 * 1000;
    world_start();
    for (int i = 0; i < rounds; i++) {
        something_happens();
        judge(NULL);
        ask_something();
    }
    look_at_each_day();
    world_close();
}

static void
no_day_sees_more_than_the_limits(void **state)
{
    (void)state;
    host.raw_ns = (int64_t)time(NULL);
    chance_begin();
    srand((unsigned)chance_bits());
    for (int i = 0; i < chance_rounds(ROUNDS) || i == 0; i++)
        play(PLAY);
    print_message("%.0f days, %d kills, %d steps done, %d requests refused; in "
                  "one day at most %d steps and %.3f s\n",
                  total.days, total.kills, total.n_steps, total.n_refused,
                  total.most, total.most_s);
    /* or this would show nothing */
    if (getenv("SG_FEW"))
        return;
    assert_int_equal(total.most, limits.day_steps);
    assert_true(total.most_s > 0.3 * limits.day_s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_day_sees_more_than_the_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

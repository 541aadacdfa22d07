/*
 * Watching: slews that end whatever happens, what is kept on a reload, and
 * answers from before a suspend.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fakentp.h"
#include "watch/watch.h"

#define N 2

/* A kernel's ways: it does not end slews by itself. */
struct fake_clock {
    struct sg_clock clock;
    struct sg_clock *inner;
    struct sg_clock_course course; /* in force */
    int refuses;                   /* so many times */
    int refused;
    int watched; /* how often somebody wanted to be told of steps */
    int link[2]; /* a byte in it: who moves the clock has gone */
};

struct world {
    struct event_base *base;
    struct fakentp servers[N];
    struct fake_clock *clock;
    struct sg_plan *plan;
    struct sg_engine_config engine;
    struct sg_watch *watch;
    struct sg_status status;
    bool is_minimal;
    int events[SG_EVENT_SYNC + 1];
    int rivals, losses;
    bool is_lost;
    char rival[SG_ERR_TEXT_MAX];
};

/* What the test says, by the linker's --wrap. */
static double suspended_s;
double __wrap_sg_host_suspended_s(void);

double
__wrap_sg_host_suspended_s(void)
{
    return suspended_s;
}

/* ---- the clock ---- */

static int
fake_read(struct sg_clock *clock, struct sg_reading *ret)
{
    struct fake_clock *fake = (struct fake_clock *)clock;

    return fake->inner->ops->read(fake->inner, ret);
}

static int
fake_steer(struct sg_clock *clock, const struct sg_clock_course *course,
           struct sg_err *err)
{
    struct fake_clock *fake = (struct fake_clock *)clock;
    struct sg_clock_course endless = {.base_ppm =
                                          course->base_ppm + course->slew_ppm};

    if (fake->refuses > 0) {
        fake->refuses--;
        fake->refused++;
        return sg_err_set(err, -EPERM, "not now");
    }
    fake->course = *course;
    return fake->inner->ops->steer(fake->inner, &endless, err);
}

static int
fake_step(struct sg_clock *clock, const struct sg_clock_step *step,
          struct sg_err *err)
{
    struct fake_clock *fake = (struct fake_clock *)clock;

    return fake->inner->ops->step(fake->inner, step, err);
}

static int
fake_frequency(struct sg_clock *clock, double *ret_ppm)
{
    (void)clock;
    *ret_ppm = 0;
    return 0;
}

static int
fake_watch(struct sg_clock *clock)
{
    struct fake_clock *fake = (struct fake_clock *)clock;

    fake->watched++;
    return -1;
}

static void
fake_rearm(struct sg_clock *clock)
{
    (void)clock;
}

static void
fake_free(struct sg_clock *clock)
{
    struct fake_clock *fake = (struct fake_clock *)clock;

    sg_clock_free(fake->inner);
    close(fake->link[0]);
    close(fake->link[1]);
    free(fake);
}

static int
fake_link(struct sg_clock *clock)
{
    return ((struct fake_clock *)clock)->link[0];
}

static int
fake_check(struct sg_clock *clock, struct sg_err *err)
{
    struct fake_clock *fake = (struct fake_clock *)clock;
    char byte;

    if (read(fake->link[0], &byte, 1) == 1)
        return sg_err_set(err, -ENOTCONN, "gone");

    return fake->inner->ops->check(fake->inner, err);
}

static void
fake_forgive(struct sg_clock *clock)
{
    struct fake_clock *fake = (struct fake_clock *)clock;

    fake->inner->ops->forgive(fake->inner);
}

static const struct sg_clock_ops fake_ops = {
    .name = "fake",
    .read = fake_read,
    .steer = fake_steer,
    .step = fake_step,
    .frequency = fake_frequency,
    .check = fake_check,
    .forgive = fake_forgive,
    .watch = fake_watch,
    .rearm = fake_rearm,
    .link = fake_link,
    .free = fake_free,
};

static struct fake_clock *
fake_new(const char *spec)
{
    struct fake_clock *fake = calloc(1, sizeof *fake);

    assert_non_null(fake);
    fake->clock =
        (struct sg_clock){.ops = &fake_ops, .max_ppm = 500, .can_move = true};
    fake->inner = sg_clock_simulated_new(spec, NULL);
    assert_non_null(fake->inner);
    assert_int_equal(pipe2(fake->link, O_NONBLOCK | O_CLOEXEC), 0);
    return fake;
}

/* ---- the world ---- */

static void
on_event(void *arg, const struct sg_event *event)
{
    struct world *world = arg;

    world->events[event->kind]++;
}

static void
on_changed(void *arg, bool urgent)
{
    (void)arg;
    (void)urgent;
}

static void
on_rival(void *arg, const char *what)
{
    struct world *world = arg;

    world->rivals++;
    snprintf(world->rival, sizeof world->rival, "%s", what);
}

static void
on_lost(void *arg)
{
    struct world *world = arg;

    world->losses++;
    world->is_lost = true;
}

static struct sg_watch *
new_watch(struct world *world, struct sg_watch *before)
{
    struct sg_watch_setup setup = {
        world->base,
        world->plan,
        &world->clock->clock,
        &world->engine,
        {on_event, on_changed, on_rival, on_lost, world},
        world->is_minimal};
    struct sg_err err = {""};
    struct sg_watch *watch = sg_watch_new(&setup, before, &err);

    assert_string_equal(err.text, "");
    assert_non_null(watch);
    return watch;
}

static void
reload(struct world *world)
{
    struct sg_watch *before = world->watch;

    world->watch = new_watch(world, before);
    sg_watch_free(before);
}

static uint16_t
port_of(const struct fakentp *server)
{
    return ntohs(((const struct sockaddr_in *)&server->address.addr)->sin_port);
}

static void
add_server(struct world *world, int index, int family)
{
    struct sg_plan_source *source = &world->plan->sources[index];

    fakentp_start(&world->servers[index], world->base, family, MOOD_GOOD);
    source->target.kind = SG_KIND_NTP;
    source->target.port = port_of(&world->servers[index]);
    source->realm = SG_GROUP_UTC;
    snprintf(source->name, sizeof source->name, "server-%d", index);
    snprintf(source->target.host, sizeof source->target.host, "%s",
             family == AF_INET ? "127.0.0.1" : "::1");
    world->plan->n_sources++;
}

static void
begin(struct world *world, enum sg_mode mode, const char *spec)
{
    struct sg_address unused;
    int probe;

    memset(world, 0, sizeof *world);
    suspended_s = 0;
    world->base = event_base_new();
    world->plan = calloc(1, sizeof *world->plan);
    world->clock = fake_new(spec);
    world->engine = (struct sg_engine_config){
        .mode = mode,
        .budget = {.warn_frac = 0.2, .critical_frac = 0.6},
        .poll = {.max_poll_s = 64, .kdc_poll_s = 64},
        .guard = sg_guard_defaults,
        .rates = {.max_ppm = 500},
        .frequency_sd_ppm = 100,
    };
    add_server(world, 0, AF_INET);
    /* where there is IPv6, a second host makes it quicker */
    probe = loop_server(AF_INET6, SOCK_DGRAM, &unused);
    if (probe >= 0) {
        close(probe);
        add_server(world, 1, AF_INET6);
    }
    world->watch = new_watch(world, NULL);
}

static void
finish(struct world *world)
{
    sg_watch_free(world->watch);
    for (int i = 0; i < world->plan->n_sources; i++)
        fakentp_stop(&world->servers[i]);
    fake_free(&world->clock->clock);
    free(world->plan);
    event_base_free(world->base);
}

static bool
is_slewing(const struct world *world)
{
    return world->clock->course.slew_ppm != 0;
}

/* Until the clock slews for a while, and from then on nobody answers. */
static void
slew(struct world *world)
{
    /* the first answers may have been slow, and tell of less */
    for (int i = 0; i < 200 && world->clock->course.duration_s <= 1; i++)
        loop_run(world->base, NULL, 0.05);
    assert_true(is_slewing(world));
    assert_true(world->clock->course.duration_s > 1);
    for (int i = 0; i < world->plan->n_sources; i++)
        world->servers[i].mood = MOOD_SILENT;
}

static const struct sg_status_source *
source_status(struct world *world, int index)
{
    sg_status_init(&world->status);
    sg_watch_status(world->watch, &world->status);
    return &world->status.sources[index];
}

/* ---- tests ---- */

static void
the_end_ends_a_slew(void **state)
{
    struct world world;

    (void)state;
    begin(&world, SG_MODE_DISCIPLINE, "offset=+2ms");
    slew(&world);
    sg_watch_free(world.watch);
    assert_false(is_slewing(&world));
    assert_true(world.clock->course.duration_s == 0);
    world.watch = new_watch(&world, NULL);
    finish(&world);
}

static void
a_slew_goes_on_over_a_reload(void **state)
{
    struct world world;
    double left_s;

    (void)state;
    begin(&world, SG_MODE_DISCIPLINE, "offset=+2ms");
    slew(&world);
    left_s = world.clock->course.duration_s;
    loop_run(world.base, NULL, 0.3);
    reload(&world);
    assert_true(is_slewing(&world));
    loop_run(world.base, NULL, 0.1);
    assert_true(is_slewing(&world));
    reload(&world);
    loop_run(world.base, NULL, left_s);
    assert_false(is_slewing(&world));
    assert_int_equal(world.events[SG_EVENT_FOREIGN], 0);
    finish(&world);
}

static void
an_end_that_fails_is_tried_again(void **state)
{
    struct world world;

    (void)state;
    begin(&world, SG_MODE_DISCIPLINE, "offset=+2ms");
    slew(&world);
    world.clock->refuses = 1;
    loop_run(world.base, NULL, world.clock->course.duration_s + 0.2);
    assert_true(is_slewing(&world));
    assert_int_equal(world.clock->refused, 1);
    loop_run(world.base, NULL, 1);
    assert_false(is_slewing(&world));
    finish(&world);
}

static void
a_correction_is_done_when_its_slew_ends(void **state)
{
    struct world world;
    double left_s;

    (void)state;
    begin(&world, SG_MODE_DISCIPLINE, "offset=+2ms");
    assert_true(sg_watch_correction(world.watch) < 0);
    slew(&world);
    left_s = sg_watch_correction(world.watch);
    assert_true(left_s > 1 && left_s <= world.clock->course.duration_s);
    loop_run(world.base, NULL, left_s + 0.2);
    assert_true(sg_watch_correction(world.watch) == 0);
    finish(&world);
}

static void
a_step_is_done_at_once(void **state)
{
    struct world world;

    (void)state;
    begin(&world, SG_MODE_DISCIPLINE, "offset=+20s");
    for (int i = 0; i < 100 && world.events[SG_EVENT_STEP] == 0; i++)
        loop_run(world.base, NULL, 0.05);
    assert_int_equal(world.events[SG_EVENT_STEP], 1);
    assert_true(sg_watch_correction(world.watch) == 0);
    finish(&world);
}

/* One host may not have a day: what it gets instead is no correction. */
static void
what_is_refused_is_no_correction(void **state)
{
    struct world world;

    (void)state;
    begin(&world, SG_MODE_DISCIPLINE, "offset=-2d");
    for (int i = 0; i < 100 && world.events[SG_EVENT_REFUSED] == 0; i++)
        loop_run(world.base, NULL, 0.05);
    assert_int_equal(world.events[SG_EVENT_REFUSED], 1);
    assert_true(sg_watch_correction(world.watch) < 0);
    finish(&world);
}

static void
minimal_waits_a_moment_and_for_sockets_only(void **state)
{
    struct world world;

    (void)state;
    begin(&world, SG_MODE_GUARD, "offset=+0s");
    assert_int_equal(world.clock->watched, 1);
    loop_run(world.base, NULL, 0.15);
    assert_true(world.servers[0].requests > 0);

    sg_watch_free(world.watch);
    world.servers[0].requests = 0;
    world.is_minimal = true;
    world.watch = new_watch(&world, NULL);
    loop_run(world.base, NULL, 0.2);
    assert_int_equal(world.servers[0].requests, 0);
    loop_run(world.base, NULL, 0.2);
    assert_true(world.servers[0].requests > 0);
    assert_int_equal(world.clock->watched, 1);
    finish(&world);
}

static void
an_answer_across_a_suspend_is_worthless(void **state)
{
    struct world world;
    const struct sg_status_source *source;

    (void)state;
    begin(&world, SG_MODE_GUARD, "offset=+0s");
    world.servers[0].mood = MOOD_SILENT;
    loop_run(world.base, NULL, 0.5);
    assert_int_equal(world.servers[0].requests, 1);
    suspended_s = 100;
    loop_run(world.base, NULL, 0.8);
    source = source_status(&world, 0);
    assert_int_equal(source->outcome, SG_OUTCOME_LOCAL);
    assert_string_equal(source->reason, "the host slept for 100.0 s while the "
                                        "question was under way");
    assert_int_equal(world.events[SG_EVENT_RESUME], 1);
    assert_true(world.status.suspended_s == 100);
    finish(&world);
}

static void
a_reload_keeps_history_of_the_same_clock_only(void **state)
{
    struct world world;
    struct fakentp other;

    (void)state;
    begin(&world, SG_MODE_GUARD, "offset=+0s");
    loop_run(world.base, NULL, 0.6);
    assert_true(source_status(&world, 0)->answered >= 2);
    reload(&world);
    assert_true(source_status(&world, 0)->answered >= 2);

    fakentp_start(&other, world.base, AF_INET, MOOD_GOOD);
    other.offset_s = 50;
    world.plan->sources[0].target.port = port_of(&other);
    reload(&world);
    assert_int_equal(source_status(&world, 0)->answered, 0);
    loop_run(world.base, NULL, 1);
    assert_true(source_status(&world, 0)->answered >= 2);
    assert_true(world.events[SG_EVENT_SOURCE] <= 1); /* it may contradict */
    fakentp_stop(&other);
    finish(&world);
}

static void
a_burst_asks_soon(void **state)
{
    struct world world;
    int requests;

    (void)state;
    begin(&world, SG_MODE_GUARD, "offset=+0s");
    do {
        requests = world.servers[0].requests;
        loop_run(world.base, NULL, 2.5);
    } while (world.servers[0].requests > requests);
    sg_watch_burst(world.watch);
    loop_run(world.base, NULL, 2.5);
    assert_true(world.servers[0].requests > requests);
    finish(&world);
}

static void
the_status_has_the_host_wide_settings(void **state)
{
    struct world world;

    (void)state;
    begin(&world, SG_MODE_GUARD, "offset=+0s");
    source_status(&world, 0);
    assert_true(world.status.own_clockskew_s == 0);
    assert_false(world.status.kdc_timesync);
    world.plan->own_clockskew_s = 600;
    world.plan->kdc_timesync = true;
    source_status(&world, 0);
    assert_true(world.status.own_clockskew_s == 600);
    assert_true(world.status.kdc_timesync);
    finish(&world);
}

/* Of the same names, in another order. */
static void
a_reload_knows_realms_by_name(void **state)
{
    struct world world;
    struct sg_plan *plan;

    (void)state;
    begin(&world, SG_MODE_GUARD, "offset=+0s");
    plan = world.plan;
    plan->n_realms = 1;
    plan->realms[0] = (struct sg_plan_realm){"ONE.TEST", 300, false};
    plan->sources[0].realm = 0;
    reload(&world);
    assert_int_equal(source_status(&world, 0)->answered, 0);
    loop_run(world.base, NULL, 0.6);
    assert_true(source_status(&world, 0)->answered >= 2);
    plan->n_realms = 2;
    plan->realms[0] = (struct sg_plan_realm){"TWO.TEST", 300, false};
    plan->realms[1] = (struct sg_plan_realm){"ONE.TEST", 300, false};
    plan->sources[0].realm = 1;
    reload(&world);
    assert_true(source_status(&world, 0)->answered >= 2);
    plan->sources[0].realm = 0;
    reload(&world);
    assert_int_equal(source_status(&world, 0)->answered, 0);
    finish(&world);
}

/* He is told of, not fought, and who guards does not mind him. */
static void
a_rival_is_reported(void **state)
{
    struct world world;
    int rivals;

    (void)state;
    begin(&world, SG_MODE_DISCIPLINE, "drift=100ppm,rival=+50ppm@1s");
    for (int i = 0; i < 200 && world.rivals == 0; i++)
        loop_run(world.base, NULL, 0.05);
    assert_true(world.rivals > 0);
    assert_non_null(strstr(world.rival, "changed the clock's frequency from "));
    assert_int_equal(world.events[SG_EVENT_REFUSED], 0);
    world.engine.mode = SG_MODE_GUARD;
    reload(&world);
    rivals = world.rivals;
    loop_run(world.base, NULL, 1);
    assert_int_equal(world.rivals, rivals);
    finish(&world);
}

/* Not at the next tick, in a minute; and once. */
static void
a_clock_that_loses_its_mover_is_told_of_at_once(void **state)
{
    struct world world;

    (void)state;
    begin(&world, SG_MODE_DISCIPLINE, "offset=0s");
    for (int i = 0; i < world.plan->n_sources; i++)
        world.servers[i].mood = MOOD_SILENT;
    loop_run(world.base, NULL, 0.3);
    assert_int_equal(world.losses, 0);
    assert_int_equal(write(world.clock->link[1], "", 1), 1);
    loop_run(world.base, &world.is_lost, 1);
    assert_int_equal(world.losses, 1);
    loop_run(world.base, NULL, 0.2);
    assert_int_equal(world.losses, 1);
    /* who only guards does not care */
    world.engine.mode = SG_MODE_GUARD;
    reload(&world);
    assert_int_equal(write(world.clock->link[1], "", 1), 1);
    loop_run(world.base, NULL, 0.3);
    assert_int_equal(world.losses, 1);
    finish(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_ends_a_slew),
        cmocka_unit_test(a_slew_goes_on_over_a_reload),
        cmocka_unit_test(a_correction_is_done_when_its_slew_ends),
        cmocka_unit_test(a_step_is_done_at_once),
        cmocka_unit_test(what_is_refused_is_no_correction),
        cmocka_unit_test(minimal_waits_a_moment_and_for_sockets_only),
        cmocka_unit_test(an_end_that_fails_is_tried_again),
        cmocka_unit_test(an_answer_across_a_suspend_is_worthless),
        cmocka_unit_test(a_reload_keeps_history_of_the_same_clock_only),
        cmocka_unit_test(a_reload_knows_realms_by_name),
        cmocka_unit_test(a_burst_asks_soon),
        cmocka_unit_test(the_status_has_the_host_wide_settings),
        cmocka_unit_test(a_rival_is_reported),
        cmocka_unit_test(a_clock_that_loses_its_mover_is_told_of_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

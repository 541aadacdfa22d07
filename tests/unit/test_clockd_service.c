/* The clock service and what may happen to it, in a world of its own. */
#include "clockd_world.h"

static void
world_reboot(int64_t off_s)
{
    int64_t wall_s = host.wall_s + off_s;
    void (*on_change)(bool) = host.on_change;
    int64_t stall_ns = host.stall_ns;

    world_lose_runtime();
    world.boot++;
    host_boot(20 * NS, wall_s);
    host.on_change = on_change;
    host.stall_ns = stall_ns;
}

static int
world_step(double offset_s, bool starting, bool strong)
{
    const struct sg_clock_step step = {offset_s, starting, strong};

    return world_ask(sg_wire_step(&step));
}

static int
world_slew(double base_ppm, double slew_ppm, double duration_s, bool synced)
{
    const struct sg_clock_course course = {.base_ppm = base_ppm,
                                           .slew_ppm = slew_ppm,
                                           .duration_s = duration_s,
                                           .synced = synced,
                                           .error_s = 1e-3,
                                           .bound_s = 1e-2};

    return world_ask(sg_wire_slew(&course));
}

/* The present reading against an undisturbed clock. */
static double
world_off_s(void)
{
    int64_t right_ns = NOW_S * NS + host.raw_ns - 1000 * NS;

    return (double)(host_wall_ns() - right_ns) * 1e-9;
}

static int
open_world(void **state)
{
    (void)state;
    world_open(&sg_guard_defaults);
    world_start();
    return 0;
}

static int
close_world(void **state)
{
    (void)state;
    world_close();
    return 0;
}

static void
kill_and_restart(void)
{
    world_bury();
    world_start();
}

/* ---- the first correction ---- */

static void
there_is_one_first_correction_a_boot(void **state)
{
    (void)state;
    assert_int_equal(world_step(100000, true, true), 0);
    assert_int_equal(world_step(3601, true, true), -EACCES);
    kill_and_restart();
    assert_int_equal(world_step(3601, true, true), -EACCES);
    world_stop();
    world_start();
    assert_int_equal(world_step(3601, true, true), -EACCES);
    assert_string_equal(world_why,
                        "a step of +3601.000 s while running is refused: at "
                        "most 3600 s (the clock service's limit)");
    world_stop();
    world_reboot(60);
    world_start();
    assert_int_equal(world_step(3601, true, true), 0);
}

/* Else an engine that is started in a slew would keep that for good. */
static void
a_slew_is_no_frequency(void **state)
{
    struct sg_wire_request request = {.version = SG_WIRE_VERSION,
                                      .kind = SG_WIRE_READ};
    struct sg_wire_reply reply;

    (void)state;
    assert_int_equal(world_slew(-12, 80000, 5, true), 0);
    request.sent_ns = host.raw_ns;
    assert_true(sg_answer(world.service, &request, sizeof request, &reply));
    assert_int_equal(reply.code, 0);
    assert_float_equal(reply.frequency_ppm, -12, 1e-9);
}

static void
an_administrator_begins_a_new_account(void **state)
{
    (void)state;
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(world_step(1, false, true), 0);
    assert_int_equal(world_step(1, false, true), -EACCES);
    begin_anew(world.service);
    kill_and_restart();
    assert_int_equal(world_step(50000, true, true), 0);
    assert_int_equal(world_step(50000, true, true), -EACCES);
    assert_int_equal(world_step(1, false, true), 0);
}

/* As by a service manager with RuntimeDirectory= and without
 * RuntimeDirectoryPreserve=. */
static void
a_removed_runtime_directory_gives_nothing_away(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(world_step(1, false, true), 0);
    world_bury();
    world_lose_runtime();
    world_start();
    assert_int_equal(world_step(100000, true, true), -EACCES);
    assert_int_equal(world_step(1, false, true), -EACCES);
    world_stop();
    world_lose_runtime();
    world_start();
    assert_int_equal(world_step(1, false, true), -EACCES);
}

static void
a_synced_course_is_remembered_though_killed(void **state)
{
    (void)state;
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    world_bury();
    world_lose_runtime();
    world_start();
    assert_int_equal(world_step(100000, true, true), -EACCES);
}

/* The look that sees the sleep belongs to the request that is refused. */
static void
a_refusal_right_after_a_sleep_leaves_the_first_correction(void **state)
{
    (void)state;
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    host.slept_s = 7200;
    host_set_by_hand(7200 - 5000);
    assert_int_equal(world_step(5000, true, false), -EACCES);
    assert_int_equal(world_step(5000, true, true), 0);
    assert_int_equal(world_step(5000, true, true), -EACCES);
}

/* ---- what is remembered of the time ---- */

/* The clock had been called right half an hour ahead, and was put right. */
static void
a_wrong_time_does_not_come_back_at_a_restart(void **state)
{
    (void)state;
    assert_int_equal(world_step(1800, true, true), 0);
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    world_pass(600);
    assert_int_equal(world_step(-1800, false, true), 0);
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    world_pass(100);
    kill_and_restart();
    assert_float_equal(world_off_s(), 0, 0.01);
}

static void
nor_at_the_next_boot(void **state)
{
    (void)state;
    assert_int_equal(world_step(1800, true, true), 0);
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    world_pass(4000);
    assert_int_equal(world_step(-1800, false, true), 0);
    world_bury();
    world_reboot(30);
    world_start();
    assert_int_equal(host.n, 0);
}

/* An administrator was right, and the clock then called so. */
static void
nor_after_somebody_else_has_put_it_right(void **state)
{
    (void)state;
    assert_int_equal(world_step(1800, true, true), 0);
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    world_pass(4000);
    host_set_by_hand(-1800);
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    world_bury();
    world_reboot(30);
    world_start();
    assert_int_equal(host.n, 0);
}

/* Within a boot the clock has run on: who set it back had a reason. */
static void
a_clock_set_back_by_hand_stays_over_a_restart(void **state)
{
    (void)state;
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    world_pass(4000);
    world_stop();
    host_set_by_hand(-600);
    world_start();
    assert_float_equal(world_off_s(), -600, 0.01);
}

static void
a_host_without_a_clock_is_brought_forward(void **state)
{
    (void)state;
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    world_pass(4000);
    world_stop();
    world_reboot(-100000);
    world_start();
    assert_int_equal(host.n, 1);
    assert_float_equal(host.movements[0].size_s, 100000 - 4000, 1);
    /* not charged, and the first correction is still to come */
    assert_int_equal(world_step(5000, true, true), 0);
}

static void
a_time_out_of_reach_does_not_keep_it_from_starting(void **state)
{
    struct sg_account account = {.synced = {INT64_MAX}};
    char path[128];

    (void)state;
    world_stop();
    snprintf(path, sizeof path, "%s/account", world.state);
    assert_int_equal(sg_account_save(path, &account, false, NULL), 0);
    world_reboot(0);
    world_start();
    assert_int_equal(host.n, 0);
    assert_int_equal(world_step(5, false, true), 0);
}

/* ---- slews ---- */

/* Each lasts as long as it takes us to end it. */
static void
short_slews_back_to_back_are_charged_as_they_are(void **state)
{
    double moved_s = 0;
    int refused = 0;

    (void)state;
    host.stall_ns = 200 * 1000 * 1000;
    assert_int_equal(world_slew(500, 0, 0, true), 0);
    for (int i = 0; i < 3000 && refused < 1000; i++)
        refused += world_slew(500, 82833, 1e-9, true) == -EACCES;
    for (int i = 0; i < host.n; i++)
        moved_s += fabs(host.movements[i].size_s);
    print_message("moved by %.3f s in %.0f s, on the account %.3f s\n", moved_s,
                  (double)(host.raw_ns - 1000 * NS) * 1e-9,
                  sg_guard_moved_s(&world.service->warden.guard,
                                   (struct sg_raw){host.raw_ns}));
    assert_true(moved_s > 1);
    assert_true(moved_s <= sg_guard_moved_s(&world.service->warden.guard,
                                            (struct sg_raw){host.raw_ns}) +
                               1e-3);
}

static void
a_slew_ends_without_its_client(void **state)
{
    (void)state;
    assert_int_equal(world_slew(10, 80000, 5, true), 0);
    world_pass(4.9);
    assert_float_equal(host_ppm(), 80010, 1);
    world_pass(1);
    assert_float_equal(host_ppm(), 10, 1);
    assert_float_equal(world_off_s(), 0.4, 0.001);
}

static void
slew_until_killed(double slew_ppm, int call)
{
    world.kill_in = call;
    if (setjmp(world.killed) == 0)
        world_slew(20, slew_ppm, slew_ppm != 0 ? 5 : 0, false);
}

/* Also between two slews, of which those who clean up know one. */
static void
whenever_it_is_killed_no_slew_goes_on(void **state)
{
    static const double slews_ppm[] = {-70000, 300, 0};

    (void)state;
    for (int i = 0; i < 3; i++)
        for (int call = 1; call < 14; call++) {
            assert_int_equal(world_slew(10, 60000, 10, false), 0);
            slew_until_killed(slews_ppm[i], call);
            kill_and_restart();
            assert_true(fabs(host_ppm()) <= 20.1);
        }
}

/* ---- somebody else ---- */

/* What a time daemon that was just stopped had begun runs on until our first
 * course ends it: that is no rate of the clock's own. */
static void
remnants_of_another_daemon_are_not_taken_for_a_rate(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        host_pass(NS);
        host_set_by_hand(400e-6);
        sg_service_look(world.service);
    }
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    for (int i = 0; i < 100; i++) {
        host_pass(60 * NS);
        sg_service_look(world.service);
        assert_float_equal(world.service->warden.foreign_s, 0, 0);
    }
}

static void
a_foreign_step_is_undone_once(void **state)
{
    (void)state;
    assert_int_equal(world_slew(0, 0, 0, true), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(world_step(1, false, true), 0);
    host_set_by_hand(-50000);
    assert_int_equal(world_step(50002, false, false), -EACCES);
    assert_int_equal(world_step(50000.5, false, false), 0);
    assert_int_equal(world_step(50000, false, false), -EACCES);
    host_set_by_hand(400);
    kill_and_restart();
    /* who was not there has not seen it */
    assert_int_equal(world_step(-400, false, false), -EACCES);
}

/* ---- disks ---- */

static void
what_cannot_be_written_down_is_not_done(void **state)
{
    (void)state;
    world.is_full = true;
    assert_int_equal(world_step(1, false, true), -ENOSPC);
    assert_non_null(strstr(world_why, "refused, since its account cannot be "
                                      "kept: "));
    assert_int_equal(world_slew(0, 80000, 5, false), -ENOSPC);
    assert_int_equal(world_slew(0, 100, 5, false), 0);
    assert_int_equal(host.n, 0);
    world.is_full = false;
    for (int i = 0; i < 3; i++)
        assert_int_equal(world_step(1, false, true), 0);
    assert_int_equal(world_step(1, false, true), -EACCES);
}

static void
a_damaged_account_is_used_up(void **state)
{
    const struct sg_guard_limits none = {.day_s = 7200};
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s/account", world.runtime);
    for (int i = 0; i < 2; i++) {
        world_bury();
        assert_int_equal(truncate(path, 30), 0);
        /* where no steps are allowed there may still be slews */
        if (i == 1)
            world.setup.limits = none;
        world_start();
        assert_int_equal(world_step(1, true, true), -EACCES);
        assert_int_equal(world_slew(0, 80000, 5, false), -EACCES);
        assert_int_equal(world_slew(0, 400, 5, false), 0);
    }
    world_pass(90001);
    assert_int_equal(world_slew(0, 80000, 5, false), 0);
}

int
main(void)
{
#define IN_WORLD(test)                                                         \
    cmocka_unit_test_setup_teardown(test, open_world, close_world)
    const struct CMUnitTest tests[] = {
        IN_WORLD(there_is_one_first_correction_a_boot),
        IN_WORLD(a_slew_is_no_frequency),
        IN_WORLD(an_administrator_begins_a_new_account),
        IN_WORLD(a_removed_runtime_directory_gives_nothing_away),
        IN_WORLD(a_synced_course_is_remembered_though_killed),
        IN_WORLD(a_refusal_right_after_a_sleep_leaves_the_first_correction),
        IN_WORLD(a_wrong_time_does_not_come_back_at_a_restart),
        IN_WORLD(nor_at_the_next_boot),
        IN_WORLD(nor_after_somebody_else_has_put_it_right),
        IN_WORLD(a_clock_set_back_by_hand_stays_over_a_restart),
        IN_WORLD(a_host_without_a_clock_is_brought_forward),
        IN_WORLD(a_time_out_of_reach_does_not_keep_it_from_starting),
        IN_WORLD(short_slews_back_to_back_are_charged_as_they_are),
        IN_WORLD(a_slew_ends_without_its_client),
        IN_WORLD(whenever_it_is_killed_no_slew_goes_on),
        IN_WORLD(remnants_of_another_daemon_are_not_taken_for_a_rate),
        IN_WORLD(a_foreign_step_is_undone_once),
        IN_WORLD(what_cannot_be_written_down_is_not_done),
        IN_WORLD(a_damaged_account_is_used_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

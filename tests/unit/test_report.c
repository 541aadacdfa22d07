/*
 * Reports of one fixed status.  What people read is kept in golden/NAME.txt
 * and compared exactly: it is part of the product.  To renew the files after a
 * change of words, run this program with SG_GOLDEN_WRITE=1 and read the
 * difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/report.h"
#include "report/words.h"

#include "chance.h"
#include "report_fixture.h"
#include "report_golden.h"

/* ---- text ---- */

static void
test_status_healthy(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    sg_report_status_text(&status, &now, false, &text);
    assert_golden("status-healthy", &text);
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_OK);
}

static void
test_status_guarded(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    status.mode = SG_MODE_GUARD;
    status.clock.disciplined = false;
    SET(status.mode_reason, "auto: chronyd steers the clock");
    SET(status.decision, "hold: guard mode");
    status.realms[0].model = make_model(-74.2, 1.1, 1.1, 12);
    status.realms[0].blame = SG_BLAME_OURS;
    sg_report_status_text(&status, &now, false, &text);
    assert_golden("status-guarded", &text);
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_WARN);
}

static void
test_all_texts(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    sg_report_status_text(&status, &now, false, &text);
    assert_golden("status-all", &text);
    sg_report_sources_text(&status, &now, false, &text);
    assert_golden("sources", &text);
    sg_report_sources_text(&status, &now, true, &text);
    assert_golden("sources-verbose", &text);
    sg_report_explain_text(&status, &now, &text);
    assert_golden("explain", &text);
    sg_report_check_text(&status, &now, &text);
    assert_golden("check", &text);
}

static void
test_colour_only_when_asked(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    sg_report_status_text(&status, &now, true, &text);
    assert_non_null(strstr(text.text, "\033[1;31mEXCEEDED\033[0m: this host"));
    assert_non_null(strstr(text.text, "\033[32mok\033[0m      "));
    sg_buf_free(&text);
}

static void
test_simulated_clock(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    status.clock.simulated = true;
    SET(status.clock.driver, "simulated");
    status.clock.sim_raw.ns = (RAW_S - 10) * NS;
    status.clock.sim_wall.ns = (WALL_S - 10 - 600) * NS;
    status.clock.sim_rate_ppm = 100;
    sg_report_status_text(&status, &now, false, &text);
    assert_non_null(strstr(text.text, "EXCEEDED: the simulated clock is 600 s "
                                      "behind EXAMPLE.ORG;"));
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_EXCEEDED);
    sg_buf_free(&text);
}

/* ---- a status that is not of this moment ---- */

static void
test_dead_daemon(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    now.daemon = SG_REPORT_DAEMON_DEAD;
    status.published.ns = (RAW_S - 200) * NS;
    sg_report_status_text(&status, &now, false, &text);
    assert_golden("status-dead", &text);
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_UNKNOWN);
    sg_report_sources_text(&status, &now, false, &text);
    assert_golden("sources-dead", &text);
    /* A moment after its death nothing is overdue yet. */
    status.published.ns = (RAW_S - 60) * NS;
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_OK);
}

/* Somebody sets the clock after the daemon died: the model still knows. */
static void
test_step_after_death(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    now.daemon = SG_REPORT_DAEMON_DEAD;
    status.published.ns = (RAW_S - 200) * NS;
    now.host.wall.ns += 400 * NS;
    sg_report_status_text(&status, &now, false, &text);
    assert_golden("status-dead-stepped", &text);
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_EXCEEDED);
}

static void
test_stale(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    status.published.ns = (RAW_S - 70) * NS;
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_UNKNOWN);
    sg_report_status_text(&status, &now, false, &text);
    assert_golden("status-stale", &text);
    status.published.ns = (RAW_S - 68) * NS;
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_OK);
}

static void
test_resumed(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    now.suspended_s = 100.4;
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_OK);
    now.suspended_s = 3700;
    sg_report_status_text(&status, &now, false, &text);
    assert_golden("status-resumed", &text);
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_UNKNOWN);
    now.daemon = SG_REPORT_DAEMON_DEAD;
    sg_report_status_text(&status, &now, false, &text);
    assert_golden("status-resumed-dead", &text);
}

static void
test_other_boot(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    now.daemon = SG_REPORT_DAEMON_DEAD;
    SET(now.boot_id, "boot-2");
    sg_report_status_text(&status, &now, false, &text);
    assert_golden("status-other-boot", &text);
    sg_report_explain_text(&status, &now, &text);
    assert_golden("explain-other-boot", &text);
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_UNKNOWN);
    /* The same boot id, and yet from the future of the raw clock. */
    SET(now.boot_id, "boot-1");
    status.published.ns = (RAW_S + 2) * NS;
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_UNKNOWN);
}

static void
test_empty(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    sg_status_init(&status);
    SET(status.notice, "/run/skewguard/status: No such file or directory");
    now.daemon = SG_REPORT_DAEMON_DEAD;
    sg_report_status_text(&status, &now, false, &text);
    assert_golden("status-empty", &text);
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_UNKNOWN);
    sg_report_check_text(&status, &now, &text);
    assert_golden("check-empty", &text);
    now.daemon = SG_REPORT_DAEMON_UNCERTAIN;
    sg_report_status_text(&status, &now, false, &text);
    assert_ptr_equal(
        strstr(text.text, "UNKNOWN: no status can be read; see the notice\n\n"),
        text.text);
    sg_buf_free(&text);
    now.daemon = SG_REPORT_DAEMON_ALIVE;
    sg_report_status_text(&status, &now, false, &text);
    assert_non_null(strstr(text.text, "skewguardd runs: see the notice, or"));
    sg_buf_free(&text);
}

static void
test_no_realm(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    status.n_realms = 0;
    status.n_sources = 0;
    status.state = SG_STATE_UNKNOWN;
    sg_report_status_text(&status, &now, false, &text);
    assert_non_null(strstr(text.text,
                           "UNKNOWN: no Kerberos realm is watched; name one in "
                           "krb5.conf or skewguard.conf\n"));
    sg_buf_free(&text);
    sg_report_sources_text(&status, &now, false, &text);
    assert_non_null(strstr(text.text, "\nno sources\n"));
    sg_buf_free(&text);
}

/* The daemon knows that its measurement is no good; the model does not. */
static void
test_published_unknown_stays(void **state)
{
    (void)state;
    status.realms[0].state = SG_STATE_UNKNOWN;
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_UNKNOWN);
}

/* A living daemon holds a state a little longer; a dead one cannot. */
static void
test_published_state_is_held(void **state)
{
    (void)state;
    status.realms[0].state = SG_STATE_WARN;
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_WARN);
    now.daemon = SG_REPORT_DAEMON_DEAD;
    assert_int_equal(sg_report_state(&status, &now), SG_STATE_OK);
}

static void
test_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(sg_report_exit_code(SG_STATE_OK), 0);
    assert_int_equal(sg_report_exit_code(SG_STATE_WARN), 1);
    assert_int_equal(sg_report_exit_code(SG_STATE_CRITICAL), 2);
    assert_int_equal(sg_report_exit_code(SG_STATE_EXCEEDED), 2);
    assert_int_equal(sg_report_exit_code(SG_STATE_UNKNOWN), 3);
}

/* ---- what is done about it ---- */

static void
test_advice(void **state)
{
    static const struct {
        enum sg_blame blame;
        const char *first_line;
    } cases[] = {
        {SG_BLAME_NONE, "behind EXAMPLE.ORG; skewguardd steers it: see the"},
        {SG_BLAME_KDC, "behind das-m; that KDC's clock is wrong: tell its"},
        {SG_BLAME_REALM, "behind EXAMPLE.ORG; the realm's clock is off UTC:"},
        {SG_BLAME_NTP, "behind EXAMPLE.ORG; an NTP server is wrong: see"},
        {SG_BLAME_UNCLEAR, "behind EXAMPLE.ORG; find out whose clock is wrong"},
    };
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    status.realms[0].model = make_model(100, 1, 1, 12);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        status.realms[0].blame = cases[i].blame;
        sg_report_status_text(&status, &now, false, &text);
        assert_ptr_equal(strstr(text.text, "WARN: this host is 100 s "),
                         text.text);
        assert_non_null(strstr(text.text, cases[i].first_line));
        sg_buf_free(&text);
    }
}

/* ---- hostile names ---- */

static void
for_each_output(struct sg_buf *text)
{
    sg_report_status_text(&status, &now, false, text);
    sg_report_sources_text(&status, &now, true, text);
    sg_report_explain_text(&status, &now, text);
    sg_report_check_text(&status, &now, text);
    assert_false(text->failed);
}

static void
test_control_characters(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    SET(status.realms[0].name, "EX\033[2J\r\nAM\x9bPLE");
    SET(status.realms[0].reason, "rea\033]0;son\a");
    SET(status.realms[0].forecast, "fore\tcast");
    SET(status.sources[0].name, "das\n-m\x7f");
    SET(status.sources[1].reason, "\bword");
    SET(status.decision, "de\033cision");
    SET(status.mode_reason, "\033mode");
    SET(status.notice, "\xff notice");
    for_each_output(&text);
    for (size_t i = 0; i < text.len; i++)
        assert_true(text.text[i] == '\n' ||
                    (text.text[i] >= ' ' && text.text[i] <= '~'));
    assert_non_null(strstr(text.text, "EX?[2J??AM?PLE"));
    assert_non_null(strstr(text.text, "das?-m?"));
    sg_buf_free(&text);
}

static void
test_longest_names(void **state)
{
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    fill(status.realms[0].name, sizeof status.realms[0].name, 'R');
    fill(status.sources[0].name, sizeof status.sources[0].name, 'n');
    fill(status.sources[1].name, sizeof status.sources[1].name, 'n');
    fill(status.sources[0].address, sizeof status.sources[0].address, '1');
    fill(status.sources[0].reason, sizeof status.sources[0].reason, 'r');
    fill(status.decision, sizeof status.decision, 'd');
    for_each_output(&text);
    assert_non_null(strstr(text.text, status.realms[0].name));
    assert_non_null(
        strstr(text.text, "ntp    nnnnnnnnnnnnnnnn> RRRRRRRRRRR> "));
    assert_non_null(strstr(text.text, "  nnnnnnnnnnnnnnn>:88/udp "));
    sg_buf_free(&text);
}

/* Whatever decodes can be shown. */
static void
test_random_numbers(void **state)
{
    static const double values[] = {0,    -1,   1e-9, 1e300,    -1e300, 1e9,
                                    -1e9, 1e18, 1,    INFINITY, NAN,    300};
    unsigned seed = (unsigned)time(NULL);
    struct sg_buf text = SG_BUF_INIT;

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
#define ANY values[(size_t)rand() % (sizeof values / sizeof *values)]
    for (int i = 0; i < chance_rounds(2000); i++) {
        for (int j = 0; j < status.n_realms; j++) {
            struct sg_status_realm *realm = &status.realms[j];

            realm->model = (struct sg_model){
                true, {rand()}, {rand()}, ANY, ANY, ANY, ANY, ANY, ANY, ANY};
            realm->clockskew_s = ANY;
            realm->time_to_limit_s = ANY;
        }
        status.sources[0].model = status.realms[0].model;
        status.sources[0].delay_s = ANY;
        status.sources[0].poll_s = 64;
        status.publish_within_s = ANY;
        status.warn_frac = ANY;
        status.clock.last_step_s = ANY;
        status.clock.frequency_ppm = ANY;
        for_each_output(&text);
        sg_report_status_json(&status, &now, &text);
        sg_report_check_json(&status, &now, &text);
        assert_false(text.failed);
        sg_buf_clear(&text);
    }
#undef ANY
    sg_buf_free(&text);
}

#define HEALTHY(test) cmocka_unit_test_setup(test, set_up_healthy)
#define ALL(test) cmocka_unit_test_setup(test, set_up_all)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        HEALTHY(test_status_healthy),
        HEALTHY(test_status_guarded),
        ALL(test_all_texts),
        ALL(test_colour_only_when_asked),
        HEALTHY(test_simulated_clock),
        HEALTHY(test_dead_daemon),
        HEALTHY(test_step_after_death),
        HEALTHY(test_stale),
        HEALTHY(test_resumed),
        HEALTHY(test_other_boot),
        HEALTHY(test_empty),
        HEALTHY(test_no_realm),
        HEALTHY(test_published_unknown_stays),
        HEALTHY(test_published_state_is_held),
        HEALTHY(test_exit_codes),
        HEALTHY(test_advice),
        HEALTHY(test_control_characters),
        HEALTHY(test_longest_names),
        ALL(test_random_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

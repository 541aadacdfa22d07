#include "base/post.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "fakelog.h"

#define MANY 20000 /* more than any reader's queue and what is kept */

static struct fakelog reader;
static struct sg_post post;

static int
set_up(void **state)
{
    const struct sg_post fresh = SG_POST_INIT(reader.path);

    (void)state;
    fakelog_new(&reader);
    post = fresh;
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    sg_post_close(&post);
    fakelog_free(&reader);
    return 0;
}

#define LONG 1000 /* bytes, so that not too many of them are kept */

static void
send_number(int number)
{
    char text[LONG + 1];
    int len = snprintf(text, sizeof text, "number %*d", LONG - 7, number);

    sg_post_send(&post, text, (size_t)len);
}

static void
assert_number(int number)
{
    char expected[LONG + 1];
    const char *text = fakelog_read(&reader);

    snprintf(expected, sizeof expected, "number %*d", LONG - 7, number);
    assert_non_null(text);
    assert_string_equal(text, expected);
}

static void
who_reads_gets_all_at_once(void **state)
{
    (void)state;
    fakelog_listen(&reader);
    assert_true(sg_post_is_open(&post));
    for (int i = 0; i < 100; i++) {
        send_number(i);
        assert_number(i);
    }
    assert_null(fakelog_read(&reader));
    assert_int_equal(post.kept_len, 0);
    assert_int_equal(post.lost, 0);
}

static void
who_comes_late_gets_what_was_kept(void **state)
{
    (void)state;
    assert_false(sg_post_is_open(&post));
    for (int i = 0; i < 5; i++)
        send_number(i);
    assert_false(sg_post_flush(&post));
    fakelog_listen(&reader);
    send_number(5);
    for (int i = 0; i <= 5; i++)
        assert_number(i);
    assert_null(fakelog_read(&reader));
    assert_true(sg_post_flush(&post));
    assert_int_equal(post.lost, 0);
}

static void
who_starts_again_is_found_again(void **state)
{
    (void)state;
    fakelog_listen(&reader);
    send_number(0);
    assert_number(0);
    fakelog_leave(&reader);
    send_number(1);
    fakelog_listen(&reader);
    send_number(2);
    assert_number(1);
    assert_number(2);
    fakelog_leave(&reader);
    fakelog_listen(&reader);
    send_number(3);
    assert_number(3);
    assert_int_equal(post.lost, 0);
}

static double
seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Reads as fast as they come until nothing is kept; how many there were, in
 * order from 0. */
static int
read_all(void)
{
    int n = 0;
    bool is_empty;

    do {
        char expected[LONG + 1];
        const char *text;

        is_empty = sg_post_flush(&post);
        while ((text = fakelog_read(&reader))) {
            snprintf(expected, sizeof expected, "number %*d", LONG - 7, n++);
            assert_string_equal(text, expected);
        }
    } while (!is_empty);
    return n;
}

static void
who_hangs_holds_nobody_up(void **state)
{
    double began;
    int n;

    (void)state;
    fakelog_listen(&reader);
    began = seconds();
    for (int i = 0; i < MANY; i++)
        send_number(i);
    /* waiting for each of them, however briefly, would take minutes */
    assert_true(seconds() - began < 20);
    assert_true(post.is_stuck);
    assert_true(post.lost > 0);
    assert_true(post.kept_len <= sizeof post.kept);

    n = read_all();
    assert_int_equal(n + (int)post.lost, MANY);
    assert_false(post.is_stuck);
    post.lost = 0;
    send_number(7);
    assert_number(7);
    assert_int_equal(post.lost, 0);
}

static void
what_nobody_can_take_is_counted(void **state)
{
    static char huge[8 << 20];

    (void)state;
    fakelog_listen(&reader);
    memset(huge, 'x', sizeof huge);
    sg_post_send(&post, huge, sizeof huge);
    assert_int_equal(post.lost, 1);
    send_number(1);
    assert_number(1);
    fakelog_leave(&reader);
    sg_post_send(&post, huge, 70000);
    assert_int_equal(post.lost, 2);
    assert_int_equal(post.kept_len, 0);
}

static void
names_may_be_abstract(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char path[128];
    size_t len;

    (void)state;
    len = (size_t)snprintf(path, sizeof path, "@%s", reader.folder);
    memcpy(name.sun_path, path, len);
    name.sun_path[0] = '\0';
    reader.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(
        bind(reader.fd, (const struct sockaddr *)&name,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
        0);
    post.path = path;
    send_number(1);
    assert_number(1);
}

static void
names_may_be_wrong(void **state)
{
    char path[200];

    (void)state;
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    post.path = path;
    send_number(1);
    post.path = "";
    send_number(2);
    assert_false(sg_post_flush(&post));
    sg_post_close(&post);
    assert_true(sg_post_flush(&post));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(who_reads_gets_all_at_once),
        TEST(who_comes_late_gets_what_was_kept),
        TEST(who_starts_again_is_found_again),
        TEST(who_hangs_holds_nobody_up),
        TEST(what_nobody_can_take_is_counted),
        TEST(names_may_be_abstract),
        TEST(names_may_be_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

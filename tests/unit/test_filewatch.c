/* Files that change, watched: which kinds are reported, and what is not. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/filewatch.c"
#include "loop.h"

#define WAIT_S (CALM_S + 0.5)

struct world {
    struct event_base *base;
    struct sg_filewatch *filewatch;
    char folder[64];
    unsigned kinds;
    int calls;
};

static void
on_changed(void *arg, unsigned kinds)
{
    struct world *world = arg;

    world->kinds |= kinds;
    world->calls++;
}

/* A path in the folder; valid until the next but three. */
static const char *
in(const struct world *world, const char *name)
{
    static char paths[4][128];
    static int i;

    i = (i + 1) % 4;
    snprintf(paths[i], sizeof paths[i], "%s/%s", world->folder, name);
    return paths[i];
}

static void
put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int
set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct sg_err err;

    strcpy(world->folder, "/tmp/sg-test-filewatch-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    world->base = event_base_new();
    world->filewatch = sg_filewatch_new(world->base, on_changed, world, &err);
    if (!world->filewatch)
        fail_msg("%s", err.text);
    put(in(world, "a"), "one");
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *world = *state;
    char command[128];

    sg_filewatch_free(world->filewatch);
    event_base_free(world->base);
    snprintf(command, sizeof command, "rm -r '%s'", world->folder);
    assert_int_equal(system(command), 0);
    free(world);
    return 0;
}

static void
expect(struct world *world, unsigned kinds)
{
    loop_run(world->base, NULL, WAIT_S);
    assert_int_equal(world->kinds, kinds);
    assert_int_equal(world->calls, kinds != 0);
    world->kinds = 0;
    world->calls = 0;
}

static void
edited_and_replaced(void **state)
{
    struct world *world = *state;

    sg_filewatch_add(world->filewatch, in(world, "a"), 1);
    put(in(world, "b"), "other");
    sg_filewatch_add(world->filewatch, in(world, "b"), 2);
    expect(world, 0);
    put(in(world, "a"), "two");
    put(in(world, "a"), "three"); /* once more is no second report */
    expect(world, 1);
    put(in(world, "new"), "two");
    assert_int_equal(rename(in(world, "new"), in(world, "b")), 0);
    expect(world, 2);
    put(in(world, "a"), "4");
    put(in(world, "b"), "4");
    expect(world, 3);
    assert_int_equal(chmod(in(world, "a"), 0600), 0);
    expect(world, 1);
}

static void
others_are_not_reported(void **state)
{
    struct world *world = *state;

    sg_filewatch_add(world->filewatch, in(world, "a"), 1);
    put(in(world, "b"), "other");
    expect(world, 0);
    put(in(world, "a"), "two");
    expect(world, 1);
    sg_filewatch_clear(world->filewatch);
    put(in(world, "a"), "three");
    expect(world, 0);
}

static void
gone_and_come(void **state)
{
    struct world *world = *state;

    sg_filewatch_add(world->filewatch, in(world, "a"), 1);
    sg_filewatch_add(world->filewatch, in(world, "d/e/f"), 2);
    unlink(in(world, "a"));
    expect(world, 1);
    put(in(world, "a"), "two");
    expect(world, 1);
    assert_int_equal(mkdir(in(world, "d"), 0755), 0);
    expect(world, 0);
    assert_int_equal(mkdir(in(world, "d/e"), 0755), 0);
    expect(world, 0);
    put(in(world, "d/e/f"), "one");
    expect(world, 2);
}

static void
entries_of_a_folder(void **state)
{
    struct world *world = *state;

    assert_int_equal(mkdir(in(world, "d"), 0755), 0);
    sg_filewatch_add(world->filewatch, in(world, "d"), 1);
    put(in(world, "d/a"), "one");
    expect(world, 1);
    unlink(in(world, "d/a"));
    expect(world, 1);
}

/* As resolv.conf and mounted configurations are. */
static void
through_links(void **state)
{
    struct world *world = *state;

    assert_int_equal(mkdir(in(world, "v1"), 0755), 0);
    put(in(world, "v1/f"), "one");
    assert_int_equal(symlink("v1", in(world, "data")), 0);
    assert_int_equal(symlink("data/f", in(world, "link")), 0);
    sg_filewatch_add(world->filewatch, in(world, "link"), 1);
    put(in(world, "v1/f"), "two");
    expect(world, 1);
    put(in(world, "v1/new"), "three");
    assert_int_equal(rename(in(world, "v1/new"), in(world, "v1/f")), 0);
    expect(world, 1);
    assert_int_equal(mkdir(in(world, "v2"), 0755), 0);
    put(in(world, "v2/f"), "four");
    assert_int_equal(symlink("v2", in(world, "data.new")), 0);
    assert_int_equal(rename(in(world, "data.new"), in(world, "data")), 0);
    expect(world, 1);
    put(in(world, "v2/f"), "five");
    expect(world, 1);
    /* a link that leads to itself is nothing */
    unlink(in(world, "link"));
    assert_int_equal(symlink("link", in(world, "link")), 0);
    expect(world, 1);
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(edited_and_replaced), UNIT(others_are_not_reported),
        UNIT(gone_and_come),       UNIT(entries_of_a_folder),
        UNIT(through_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * publish [KEY=VALUE...]: a status of this moment on standard output, of a
 * host that is so far off its realm's KDC; all is well without a KEY.
 *
 *   offset=S bound=S   reference - this host, known to within bound
 *   state=WORD         what the daemon thought; default ok
 *   ago=S              published so long ago; negative: in the future
 *   suspended=S        suspended less than the host was, by so much
 *   boot=ID            another boot
 *   step=S             our clock was stepped by so much, 100 s ago
 *   clockskew=S        krb5.conf's, for the realm and this host
 *   timesync=0|1
 *   sources=N          more of the same
 *   realm=NAME reason=TEXT blame=WORD
 *
 * hold=FILE instead: hold the daemon's lock on FILE until standard input ends;
 * prints "held".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/status.h"
#include "reader/published.h"

#define PUBLISH_WITHIN_S 180
#define STEP_AGO_S 100

static struct sg_status status;
static double offset_s, bound_s = 0.01, ago_s = 1;

static void
fail(const char *what)
{
    fprintf(stderr, "publish: %s\n", what);
    exit(2);
}

static void
set_text(char *field, size_t size, const char *text)
{
    if ((size_t)snprintf(field, size, "%s", text) >= size)
        fail("a text is too long");
}

static int
find_name(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    fail(name);
    return -1;
}

static void
set_clockskew(double limit_s)
{
    status.realms[0].clockskew_s = limit_s;
    status.own_clockskew_s = limit_s;
}

static void
set_sources(int n)
{
    if (n < 1 || n > SG_MAX_SOURCES)
        fail("so many sources cannot be");
    status.n_sources = n;
    for (int i = 1; i < n; i++)
        status.sources[i] = status.sources[0];
}

static void
begin(void)
{
    struct sg_report_now now;

    sg_published_look("", &now);
    sg_status_init(&status);
    status.pid = getpid();
    status.published = now.host.raw;
    status.started = now.host.wall;
    status.publish_within_s = PUBLISH_WITHIN_S;
    status.suspended_s = now.suspended_s;
    set_text(status.boot_id, sizeof status.boot_id, now.boot_id);
    status.warn_frac = 0.2;
    status.critical_frac = 0.6;
    status.kdc_timesync = true;
    status.state = SG_STATE_OK;
    status.n_realms = 1;
    set_text(status.realms[0].name, SG_NAME_MAX, "EXAMPLE.ORG");
    status.realms[0].state = SG_STATE_OK;
    status.realms[0].worst = 0;
    status.realms[0].time_to_limit_s = -1;
    status.realms[0].model.at = now.host.raw;
    status.realms[0].model.ref = now.host.wall;
    set_clockskew(300);
    status.n_sources = 1;
    set_text(status.sources[0].name, SG_NAME_MAX, "kdc1");
    status.sources[0].kind = SG_KIND_KDC;
    status.sources[0].has_guess = true;
}

static void
set(const char *key, const char *value)
{
    struct sg_status_realm *realm = &status.realms[0];
    double number = strtod(value, NULL);

    if (strcmp(key, "offset") == 0)
        offset_s = number;
    else if (strcmp(key, "bound") == 0)
        bound_s = number;
    else if (strcmp(key, "state") == 0)
        realm->state =
            (enum sg_state)find_name(sg_state_names, SG_STATE_COUNT, value);
    else if (strcmp(key, "ago") == 0)
        ago_s = number;
    else if (strcmp(key, "suspended") == 0)
        status.suspended_s -= number;
    else if (strcmp(key, "boot") == 0)
        set_text(status.boot_id, sizeof status.boot_id, value);
    else if (strcmp(key, "step") == 0)
        status.clock.last_step_s = number;
    else if (strcmp(key, "clockskew") == 0)
        set_clockskew(number);
    else if (strcmp(key, "timesync") == 0)
        status.kdc_timesync = number != 0;
    else if (strcmp(key, "sources") == 0)
        set_sources((int)number);
    else if (strcmp(key, "realm") == 0)
        set_text(realm->name, sizeof realm->name, value);
    else if (strcmp(key, "reason") == 0)
        set_text(realm->reason, sizeof realm->reason, value);
    else if (strcmp(key, "blame") == 0)
        realm->blame =
            (enum sg_blame)find_name(sg_blame_names, SG_BLAME_COUNT, value);
    else
        fail(key);
}

static int
publish(void)
{
    struct sg_model *model = &status.realms[0].model;
    struct sg_buf text = SG_BUF_INIT;

    model->valid = true;
    model->ref.ns = sg_ns_add(model->ref.ns, offset_s);
    model->lower_s = -bound_s;
    model->upper_s = bound_s;
    for (int i = 0; i < status.n_sources; i++)
        status.sources[i].model = *model;
    status.published = sg_raw_add(status.published, -ago_s);
    status.clock.last_step_at = sg_raw_add(model->at, -STEP_AGO_S);
    sg_status_encode(&status, &text);
    if (text.failed || fwrite(text.text, 1, text.len, stdout) != text.len)
        fail("cannot write");
    sg_buf_free(&text);
    return fflush(stdout) == 0 ? 0 : 2;
}

static int
hold(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    char byte;

    if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) != 0)
        fail(path);
    printf("held\n");
    fflush(stdout);
    return read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 2;
}

int
main(int argc, char **argv)
{
    begin();
    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');

        if (!value)
            fail(argv[i]);
        *value++ = '\0';
        if (strcmp(argv[i], "hold") == 0)
            return hold(value);
        set(argv[i], value);
    }
    return publish();
}

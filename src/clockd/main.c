/*
 * skewguard-clockd: moves the kernel's clock for skewguardd, within limits.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "clockd/service.h"

#define RUNTIME "/run/skewguard-clockd"
#define STATE "/var/lib/skewguard-clockd"
#define YEAR_S (365 * 86400.0)

static const char usage[] =
    "usage: skewguard-clockd [OPTION...]\n"
    "      --user NAME        who may ask, beside root (skewguard)\n"
    "      --runtime DIR      (" RUNTIME ")\n"
    "      --state DIR        (" STATE ")\n"
    "      --socket PATH      (DIR/socket in the runtime directory)\n"
    "limits, which nobody who asks can change:\n"
    "      --start-back SPAN  backwards at start (1d)\n"
    "      --lone SPAN        on one host's word (1h)\n"
    "      --step SPAN        one step, once running (1h)\n"
    "      --steps N          steps of 24 hours, once running (3)\n"
    "      --day SPAN         all steps and fast slews of 24 hours (2h)\n"
    "      --version, --help\n"
    "SPAN is a number with s, m, h or d behind it.  It stays in the "
    "foreground;\n"
    "see skewguard-clockd(8).\n";

/* No NSS: its modules would be loaded into this process. */
static bool
find_user(const char *name, struct sg_service_setup *ret)
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd *entry = NULL;

    while (file && (entry = fgetpwent(file)) &&
           strcmp(entry->pw_name, name) != 0)
        continue;
    if (entry) {
        ret->client_uid = entry->pw_uid;
        ret->client_gid = entry->pw_gid;
    }
    if (file)
        fclose(file);
    return entry;
}

static int
refuse(const char *option, const char *text, const char *wanted)
{
    fprintf(stderr, "skewguard-clockd: --%s \"%.64s\": %s\n", option, text,
            wanted);
    return -1;
}

static int
take_span(const char *option, const char *text, double *ret)
{
    static const struct {
        char unit;
        double s;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    double value = strtod(text, &end);

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (end != text && end[0] == units[i].unit && end[1] == '\0' &&
            value >= 0 && value * units[i].s <= YEAR_S) {
            *ret = value * units[i].s;
            return 0;
        }
    return refuse(option, text,
                  "expected a number with s, m, h or d, from 0s to 365d");
}

static int
take_count(const char *option, const char *text, int *ret)
{
    char *end, wanted[64];
    long value = strtol(text, &end, 10);

    if (end != text && *end == '\0' && value >= 0 && value <= SG_GUARD_STEPS) {
        *ret = (int)value;
        return 0;
    }
    snprintf(wanted, sizeof wanted, "expected a number from 0 to %d",
             SG_GUARD_STEPS);
    return refuse(option, text, wanted);
}

static int
take_path(const char *option, const char *text, const char **ret)
{
    char wanted[64];

    if (text[0] == '/' && strlen(text) < SG_SERVICE_PATH_MAX) {
        *ret = text;
        return 0;
    }
    snprintf(wanted, sizeof wanted,
             "expected an absolute path of at most %d characters",
             SG_SERVICE_PATH_MAX - 1);
    return refuse(option, text, wanted);
}

enum option_key {
    KEY_USER = 1,
    KEY_RUNTIME,
    KEY_STATE,
    KEY_SOCKET,
    KEY_START_BACK,
    KEY_LONE,
    KEY_STEP,
    KEY_STEPS,
    KEY_DAY,
    KEY_VERSION,
    KEY_HELP,
};

static const struct option options[] = {
    {"user", required_argument, NULL, KEY_USER},
    {"runtime", required_argument, NULL, KEY_RUNTIME},
    {"state", required_argument, NULL, KEY_STATE},
    {"socket", required_argument, NULL, KEY_SOCKET},
    {"start-back", required_argument, NULL, KEY_START_BACK},
    {"lone", required_argument, NULL, KEY_LONE},
    {"step", required_argument, NULL, KEY_STEP},
    {"steps", required_argument, NULL, KEY_STEPS},
    {"day", required_argument, NULL, KEY_DAY},
    {"version", no_argument, NULL, KEY_VERSION},
    {"help", no_argument, NULL, KEY_HELP},
    {NULL, 0, NULL, 0},
};

static int
take_option(int key, const char *name, const char *text,
            struct sg_service_setup *setup, const char **user)
{
    switch (key) {
    case KEY_USER:
        *user = text;
        return 0;
    case KEY_RUNTIME:
        return take_path(name, text, &setup->runtime);
    case KEY_STATE:
        return take_path(name, text, &setup->state);
    case KEY_SOCKET:
        return take_path(name, text, &setup->socket);
    case KEY_START_BACK:
        return take_span(name, text, &setup->limits.start_back_s);
    case KEY_LONE:
        return take_span(name, text, &setup->limits.lone_s);
    case KEY_STEP:
        return take_span(name, text, &setup->limits.step_s);
    case KEY_STEPS:
        return take_count(name, text, &setup->limits.day_steps);
    case KEY_DAY:
        return take_span(name, text, &setup->limits.day_s);
    default:
        return -1;
    }
}

static int
run(const struct sg_service_setup *setup)
{
    struct sg_service *service;
    struct sg_err err;
    int code;

    sg_log_init_service("skewguard-clockd");
    code = sg_service_new(setup, &service, &err);
    if (code < 0) {
        sg_log(LOG_ERR, "%s", err.text);
        return code == -EPERM ? EX_NOPERM : EX_OSERR;
    }
    sg_service_run(service);
    sg_service_free(service);
    return 0;
}

int
main(int argc, char **argv)
{
    static char socket[SG_SERVICE_PATH_MAX + 8];
    struct sg_service_setup setup = {
        .runtime = RUNTIME, .state = STATE, .limits = sg_guard_defaults};
    const char *user = "skewguard";
    int key, at;

    while ((key = getopt_long(argc, argv, "", options, &at)) != -1) {
        if (key == KEY_VERSION) {
            puts("skewguard-clockd " SG_VERSION);
            return 0;
        }
        if (key == KEY_HELP) {
            fputs(usage, stdout);
            return 0;
        }
        if (key == '?') {
            fputs(usage, stderr);
            return EX_USAGE;
        }
        if (take_option(key, options[at].name, optarg, &setup, &user) < 0)
            return EX_USAGE;
    }
    if (optind < argc) {
        fprintf(stderr, "skewguard-clockd: \"%s\": no argument expected\n%s",
                argv[optind], usage);
        return EX_USAGE;
    }
    if (!find_user(user, &setup)) {
        fprintf(stderr,
                "skewguard-clockd: --user \"%.64s\": /etc/passwd has no such "
                "user\n",
                user);
        return EX_NOUSER;
    }
    snprintf(socket, sizeof socket, "%s/socket", setup.runtime);
    if (!setup.socket)
        setup.socket = socket;
    return run(&setup);
}

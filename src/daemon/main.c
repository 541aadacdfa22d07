/*
 * skewguardd: guards a host's clock against its Kerberos realm's.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/log.h"
#include "daemon/daemon.h"
#include "setup/config.h"
#include "setup/plan.h"

static const char usage[] =
    "usage: skewguardd [-c FILE] [-t] [-g] [-q] [--minimal] [--simulate "
    "SPEC]\n"
    "  -c, --config FILE    instead of " SG_CONFIG_PATH "\n"
    "  -t, --test           check the configuration, print the effective one\n"
    "  -g, --guard          guard mode: never touch the clock\n"
    "  -q, --once           put the clock right once, and end\n"
    "      --minimal        need no more than poll(2), IPv4, UDP and the "
    "clock\n"
    "      --simulate SPEC  discipline a software clock instead of the "
    "host's,\n"
    "                       such as offset=+600s,drift=40ppm,wander=1e-9,\n"
    "                       step=+200s@30s\n"
    "      --version, --help\n"
    "It stays in the foreground; see skewguardd(8).\n";

/* Check the configuration; print it and what would be watched. */
static int
test_config(const struct sg_daemon_options *options)
{
    struct sg_plan *plan = calloc(1, sizeof *plan);
    struct sg_buf text = SG_BUF_INIT;
    struct sg_config *config = NULL;
    struct sg_err err;
    int code = plan ? 0 : -1;

    if (code == 0)
        code = sg_config_load(options->config, &config, &err);
    if (code == 0) {
        sg_config_print(config, &text);
        fputs(text.text ? text.text : "", stdout);
        code = text.failed ? sg_err_set(&err, -ENOMEM, "no memory")
                           : sg_plan_make(config, NULL, plan, &err);
    }
    if (code == 0 && options->minimal)
        sg_plan_reduce(plan);
    if (code < 0)
        fprintf(stderr, "skewguardd: %s\n", plan ? err.text : "no memory");
    else
        printf("# %d realm%s, %d source%s\n", plan->n_realms,
               plan->n_realms == 1 ? "" : "s", plan->n_sources,
               plan->n_sources == 1 ? "" : "s");
    for (int i = 0; code == 0 && i < plan->n_sources; i++)
        printf("# %s %s of %s\n", sg_kind_name(plan->sources[i].target.kind),
               plan->sources[i].name,
               plan->sources[i].realm < 0
                   ? "utc"
                   : plan->realms[plan->sources[i].realm].name);
    for (int i = 0; code == 0 && i < plan->n_asks; i++)
        printf("# DNS is asked for KDCs of %s\n", plan->asks[i].realm);
    for (int i = 0; code == 0 && i < plan->n_notices; i++)
        printf("# %s\n", plan->notices[i].text);
    sg_buf_free(&text);
    sg_config_free(config);
    free(plan);
    return code < 0 ? EX_CONFIG : 0;
}

static int
run(const struct sg_daemon_options *options)
{
    struct sg_daemon *daemon;
    struct sg_err err;
    int code;

    sg_log_init_service("skewguardd");
    daemon = sg_daemon_new(options, &err);
    if (!daemon) {
        sg_log(LOG_ERR, "%s", err.text);
        return EX_CONFIG;
    }
    code = sg_daemon_run(daemon);
    sg_daemon_free(daemon);
    return code;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"test", no_argument, NULL, 't'},
        {"guard", no_argument, NULL, 'g'},
        {"once", no_argument, NULL, 'q'},
        {"minimal", no_argument, NULL, 'm'},
        {"simulate", required_argument, NULL, 's'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct sg_daemon_options daemon = {0};
    bool test = false;
    int c;

    while ((c = getopt_long(argc, argv, "c:tgq", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            daemon.config = optarg;
            break;
        case 't':
            test = true;
            break;
        case 'g':
            daemon.guard = true;
            break;
        case 'q':
            daemon.once = true;
            break;
        case 'm':
            daemon.minimal = true;
            break;
        case 's':
            daemon.simulate = optarg;
            break;
        case 'V':
            puts("skewguardd " SG_VERSION);
            return 0;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return EX_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "skewguardd: \"%s\": no argument expected\n%s",
                argv[optind], usage);
        return EX_USAGE;
    }
    if (daemon.once && daemon.guard) {
        fprintf(stderr, "skewguardd: -q moves the clock and -g never does; to "
                        "measure once use skewguard check\n");
        return EX_USAGE;
    }
    return test ? test_config(&daemon) : run(&daemon);
}

/*
 * skewguard-mailer: sends what skewguardd has to tell.
 */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "mailer/mailer.h"
#include "setup/config.h"

static const char usage[] =
    "usage: skewguard-mailer [-c FILE] [--once]\n"
    "  -c, --config FILE  instead of " SG_CONFIG_PATH "\n"
    "      --once         deliver what can be delivered now, and end\n"
    "      --version, --help\n"
    "It stays in the foreground; see skewguard-mailer(8).\n";

static int
run(const struct sg_mailer_options *options)
{
    struct sg_mailer *mailer;
    struct sg_err err;
    int code;

    sg_log_init_service("skewguard-mailer");
    mailer = sg_mailer_new(options, &err);
    if (!mailer) {
        sg_log(LOG_ERR, "%s", err.text);
        return EX_CONFIG;
    }
    code = sg_mailer_run(mailer);
    sg_mailer_free(mailer);
    return code;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"once", no_argument, NULL, 'o'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct sg_mailer_options mailer = {0};
    int c;

    while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            mailer.config = optarg;
            break;
        case 'o':
            mailer.once = true;
            break;
        case 'V':
            puts("skewguard-mailer " SG_VERSION);
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
        fprintf(stderr, "skewguard-mailer: \"%s\": no argument expected\n%s",
                argv[optind], usage);
        return EX_USAGE;
    }
    return run(&mailer);
}

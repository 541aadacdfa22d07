/*
 * skewguard: the command line.
 */
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "cli/command.h"

/* Values of options that have no letter. */
enum { OPTION_JSON = 256, OPTION_WITHIN, OPTION_TIMEOUT };

static const struct sg_command commands[] = {
    {"status", "[--json]", "state, budget, forecast and clock, worst first",
     true, false, false, 0, 0, sg_show_status},
    {"sources", "[-v]", "a table of all sources; -v explains it", false, true,
     false, 0, 0, sg_show_sources},
    {"peers", "[-v]", "another name of sources", false, true, false, 0, 0,
     sg_show_sources},
    {"listpeers", "[-v]", "another name of sources", false, true, false, 0, 0,
     sg_show_sources},
    {"explain", "", "the last decision and every number behind it", false,
     false, false, 0, 0, sg_show_explain},
    {"check", "[REALM] [--json]", "measure now, without the daemon", true,
     false, false, 0, 1, sg_check_run},
    {"query", "HOST[:PORT]...", "ask NTP servers once, without the daemon",
     false, false, false, 1, INT_MAX, sg_query_run},
    {"wait", "[--within S] [--timeout S]", "wait until the clock is good",
     false, false, true, 0, 0, sg_wait_run},
    {"test-alert", "", "send a test to all who are told of alerts", false,
     false, false, 0, 0, sg_test_alert_run},
};

#define N_COMMANDS (sizeof commands / sizeof *commands)

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"json", no_argument, NULL, OPTION_JSON},
    {"verbose", no_argument, NULL, 'v'},
    {"within", required_argument, NULL, OPTION_WITHIN},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {NULL, 0, NULL, 0},
};

/* What reading a part of the command line came to. */
enum reading { READ_ON, READ_HELP, READ_VERSION, READ_WRONG };

static int
print_help(void)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(&text, "usage: skewguard [-c FILE] COMMAND [OPTION...]\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        sg_buf_add(&text, "  %-10s %-16s %s\n", commands[i].name,
                   commands[i].synopsis, commands[i].summary);
    sg_buf_add(&text, "\n"
                      "  -c, --config FILE   another configuration file\n"
                      "  -h, --help          this text\n"
                      "      --version       the version\n\n"
                      "See skewguard(1) for exit codes and files.\n");
    return sg_command_print(&text, 0);
}

static int
print_command_help(const struct sg_command *command)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(&text, "usage: skewguard [-c FILE] %s%s%s\n%s\n", command->name,
               command->synopsis[0] ? " " : "", command->synopsis,
               command->summary);
    return sg_command_print(&text, 0);
}

static int
print_version(void)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(&text, "skewguard %s\n", SG_VERSION);
    return sg_command_print(&text, 0);
}

/*
 * Letter is what getopt gave for an option that will not do.  It names a wrong
 * long option only by its place.
 */
static void
tell_wrong_option(int letter, char **argv)
{
    int wrong = letter == '?' ? optopt : letter;

    if (letter == ':')
        sg_log(LOG_ERR, "option %s needs a value", argv[optind - 1]);
    else if (wrong > 0 && wrong < OPTION_JSON)
        sg_log(LOG_ERR, "wrong option -%c", wrong);
    else
        sg_log(LOG_ERR, "wrong option %s", argv[optind - 1]);
}

/*
 * Read the options before the subcommand (command NULL), or a subcommand's
 * own.  On return optind is the first word that is none.
 */
static enum reading
read_options(const struct sg_command *command, int argc, char **argv,
             struct sg_invocation *ret)
{
    int letter;

    opterr = 0;
    optind = 0; /* GNU: begin anew */
    while ((letter = getopt_long(argc, argv, command ? ":c:hv" : "+:c:hv",
                                 options, NULL)) != -1) {
        if (letter == 'c')
            ret->config_path = optarg;
        else if (letter == 'h')
            return READ_HELP;
        else if (letter == 'V')
            return READ_VERSION;
        else if (letter == OPTION_JSON && command && command->takes_json)
            ret->json = true;
        else if (letter == 'v' && command && command->takes_verbose)
            ret->verbose = true;
        else if (letter == OPTION_WITHIN && command && command->takes_spans)
            ret->within = optarg;
        else if (letter == OPTION_TIMEOUT && command && command->takes_spans)
            ret->timeout = optarg;
        else {
            tell_wrong_option(letter, argv);
            return READ_WRONG;
        }
    }
    return READ_ON;
}

static const struct sg_command *
find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static int
refuse_usage(const struct sg_command *command)
{
    if (command)
        sg_log(LOG_ERR, "usage: skewguard %s %s", command->name,
               command->synopsis);
    else
        sg_log(LOG_ERR, "\"skewguard --help\" lists the commands");
    return SG_EXIT_USAGE;
}

static int
run_command(const struct sg_command *command, int argc, char **argv,
            struct sg_invocation *invocation)
{
    switch (read_options(command, argc, argv, invocation)) {
    case READ_HELP:
        return print_command_help(command);
    case READ_VERSION:
        return print_version();
    case READ_WRONG:
        return refuse_usage(command);
    case READ_ON:
        break;
    }
    invocation->n_words = argc - optind;
    invocation->words = argv + optind;
    if (invocation->n_words < command->min_words) {
        sg_log(LOG_ERR, "%s: what is to be asked is missing", command->name);
        return refuse_usage(command);
    }
    if (invocation->n_words > command->max_words) {
        sg_log(LOG_ERR, "%s: \"%s\" is too much", command->name,
               invocation->words[command->max_words]);
        return refuse_usage(command);
    }
    return command->run(invocation);
}

int
main(int argc, char **argv)
{
    struct sg_invocation invocation = {0};
    const struct sg_command *command;
    int first;

    sg_log_init("skewguard", SG_LOG_STDERR, LOG_INFO);
    signal(SIGPIPE, SIG_IGN);
    switch (read_options(NULL, argc, argv, &invocation)) {
    case READ_HELP:
        return print_help();
    case READ_VERSION:
        return print_version();
    case READ_WRONG:
        return refuse_usage(NULL);
    case READ_ON:
        break;
    }
    first = optind;
    if (first >= argc) {
        sg_log(LOG_ERR, "a command is missing");
        return refuse_usage(NULL);
    }
    command = find_command(argv[first]);
    if (!command) {
        sg_log(LOG_ERR, "\"%s\" is no command", argv[first]);
        return refuse_usage(NULL);
    }
    return run_command(command, argc - first, argv + first, &invocation);
}

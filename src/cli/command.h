/*
 * What the subcommands share: their table's form, their words from the command
 * line, and the way out for what they say.
 */
#ifndef SG_CLI_COMMAND_H
#define SG_CLI_COMMAND_H

#include <stdbool.h>

#include "base/buf.h"

#define SG_EXIT_FAILED 1  /* an alert did not arrive, the clock is not good */
#define SG_EXIT_UNKNOWN 3 /* no state can be told */
#define SG_EXIT_USAGE 64  /* EX_USAGE of sysexits.h */
#define SG_EXIT_OUTPUT 74 /* EX_IOERR: what was to be said could not be */
#define SG_EXIT_NOPERM 77 /* EX_NOPERM: somebody else may */

/* The command line, read. */
struct sg_invocation {
    const char *config_path; /* NULL: the usual one */
    bool json;
    bool verbose;
    const char *within, *timeout; /* spans as they were written, or NULL */
    int n_words;                  /* what is left: realms, hosts */
    char **words;
};

struct sg_command {
    const char *name;
    const char *synopsis; /* its own options and words: "[--json]" */
    const char *summary;
    bool takes_json;
    bool takes_verbose;
    bool takes_spans;
    int min_words;
    int max_words;
    int (*run)(const struct sg_invocation *invocation); /* gives exit code */
};

/* show.c */
int sg_show_status(const struct sg_invocation *invocation);
int sg_show_sources(const struct sg_invocation *invocation);
int sg_show_explain(const struct sg_invocation *invocation);

/* check.c */
int sg_check_run(const struct sg_invocation *invocation);

/* query.c */
int sg_query_run(const struct sg_invocation *invocation);

/* wait.c */
int sg_wait_run(const struct sg_invocation *invocation);

/* test_alert.c */
int sg_test_alert_run(const struct sg_invocation *invocation);

/*
 * Write the text to stdout and free it.  Returns code, or SG_EXIT_OUTPUT with
 * a line on stderr if that failed.
 */
int sg_command_print(struct sg_buf *text, int code);

#endif

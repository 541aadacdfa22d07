/*
 * The mailer: drains the alert spool into mails and hooks.
 *
 * It may be slow and it may fail, and the daemon never waits for it; it may be
 * killed at any moment, and neither loses an alert nor tells it twice.
 */
#ifndef SG_MAILER_MAILER_H
#define SG_MAILER_MAILER_H

#include <stdbool.h>

#include "base/err.h"

struct sg_mailer_options {
    const char *config; /* NULL: the usual one */
    bool once;          /* deliver what can be delivered now, and end */
};

struct sg_mailer;

/* NULL with a reason: the configuration is wrong, or another mailer runs. */
struct sg_mailer *sg_mailer_new(const struct sg_mailer_options *options,
                                struct sg_err *err);

/* Until a signal, or with once until nothing is left to do; the exit status. */
int sg_mailer_run(struct sg_mailer *mailer);

/* Accepts NULL. */
void sg_mailer_free(struct sg_mailer *mailer);

#endif

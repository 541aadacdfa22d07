/*
 * The clock service: one client, one question at a time.
 */
#ifndef SG_CLOCKD_SERVICE_H
#define SG_CLOCKD_SERVICE_H

#include <sys/types.h>

#include "base/err.h"
#include "core/guard.h"

#define SG_SERVICE_PATH_MAX 256

struct sg_service_setup {
    const char *runtime; /* directories and the socket; lent */
    const char *state;
    const char *socket;
    uid_t client_uid; /* who may ask, beside root ... */
    gid_t client_gid; /* ... and may connect at all */
    struct sg_guard_limits limits;
};

/*
 * Take over the clock: end a slew of a killed run, read the account, bring a
 * clock forward that reads a time known to be past, and listen.  0, or a
 * negative errno with a reason; -EPERM: this process may not set the clock.
 */
struct sg_service;
int sg_service_new(const struct sg_service_setup *setup,
                   struct sg_service **ret, struct sg_err *err);

/* Serve until SIGTERM or SIGINT.  A refusal is an answer, never an end. */
void sg_service_run(struct sg_service *service);

/* End a slew under way, keep the account.  Accepts NULL. */
void sg_service_free(struct sg_service *service);

#endif

/*
 * The words behind "pam_skewguard.so" in pam.d.  A mistake there must keep
 * nobody from logging in: it is told, and the default holds.
 */
#ifndef SG_PAM_OPTIONS_H
#define SG_PAM_OPTIONS_H

#include <stdbool.h>

#include "base/err.h"

#define SG_PAM_STATUS_PATH "/run/skewguard/status"
#define SG_PAM_PATH_MAX 1024

enum sg_pam_phase {
    SG_PAM_AUTH,
    SG_PAM_ACCOUNT,
    SG_PAM_SESSION,
    SG_PAM_PHASE_COUNT
};

struct sg_pam_options {
    double warn_frac;                /* < 0: the daemon's own threshold */
    bool warns;                      /* false: of what is refused alone */
    bool phases[SG_PAM_PHASE_COUNT]; /* in these it speaks */
    bool quiet;                      /* to the log alone */
    bool debug;
    const char *status_path; /* lent by the word */
};

void sg_pam_options_init(struct sg_pam_options *options);

/*
 * Take over one word.  -EINVAL, with a reason that names the word and what is
 * allowed, leaves the options as they were.
 */
int sg_pam_options_add(struct sg_pam_options *options, const char *word,
                       struct sg_err *err);

/* "auth" */
const char *sg_pam_phase_name(enum sg_pam_phase phase);

#endif

/*
 * What was said in this login already: a stack may come by several times, in
 * several phases, and in sshd even in several processes.
 */
#ifndef SG_PAM_MEMO_H
#define SG_PAM_MEMO_H

#include <stdbool.h>

#include <security/pam_modules.h>

#include "base/instant.h"
#include "pam/options.h"

/* In PAM's environment, from a process of sshd that has asked for the password
 * to the one that opens the session. */
#define SG_PAM_MEMO_VARIABLE "SKEWGUARD_TOLD"

struct sg_pam_memo {
    bool is_said;          /* the person has seen it */
    bool is_logged;        /* so has the log, said or not */
    bool is_reported;      /* a status that cannot be used */
    struct sg_raw well_at; /* all was well then; 0: not ... */
    double well_frac;      /* ... by these options */
    /* A copy: the handle frees a stack's words when its service changes. */
    char well_status[SG_PAM_PATH_MAX];
};

/* The handle's memo, which lives as long as it; NULL if memory ran out. */
struct sg_pam_memo *sg_pam_memo_get(pam_handle_t *pamh);

/* Let other processes of this login know that it was said, if there are any:
 * elsewhere the variable might end up in the user's environment ... */
void sg_pam_memo_export(pam_handle_t *pamh);

/* ... from which the session keeps it. */
void sg_pam_memo_withdraw(pam_handle_t *pamh);

#endif

/*
 * Who is logging in, as far as PAM knows without asking.
 */
#ifndef SG_PAM_ACCOUNT_H
#define SG_PAM_ACCOUNT_H

#include <stdbool.h>

#include <security/pam_modules.h>

/* NULL if nobody has said it yet: it is not asked for. */
const char *sg_pam_account_name(pam_handle_t *pamh);

/*
 * Root, or another name of its uid in the beginning of /etc/passwd.  Only that
 * file is looked into: names elsewhere may take a network and its time.
 */
bool sg_pam_account_is_root(pam_handle_t *pamh);

#endif

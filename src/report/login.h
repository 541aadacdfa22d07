/*
 * The word at login: what pam_skewguard.so and the motd say.  Nothing, where
 * all is well.
 */
#ifndef SG_REPORT_LOGIN_H
#define SG_REPORT_LOGIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "core/status.h"
#include "report/present.h"

enum sg_login_kind {
    SG_LOGIN_NOTHING,
    SG_LOGIN_WARNING, /* PAM_TEXT_INFO */
    SG_LOGIN_REFUSED, /* something is refused now: PAM_ERROR_MSG */
};

struct sg_login_options {
    double warn_frac; /* speak from this share of the budget on; < 0: as the
                         daemon's own threshold says */
    bool for_root;    /* with the command to run */
};

/*
 * One to three sentences of printable ASCII in one line without its newline,
 * or nothing; and what they are.
 */
enum sg_login_kind sg_login_add(struct sg_buf *buf,
                                const struct sg_status *status,
                                const struct sg_present *present,
                                const struct sg_login_options *options);

#endif

/*
 * The word at login for those whom PAM's texts do not reach: a line that
 * pam_motd(8) shows, kept in the runtime directory as long as there is
 * something to be said.
 */
#ifndef SG_DAEMON_MOTD_H
#define SG_DAEMON_MOTD_H

#include "base/err.h"
#include "core/status.h"

/* Below the runtime directory. */
#define SG_MOTD_FILE "motd"

/* Write it, or take it away; nothing happens if it says the same already. */
int sg_motd_keep(const char *runtime_directory, const struct sg_status *status,
                 struct sg_err *err);

/* Nobody keeps it from now on. */
void sg_motd_remove(const char *runtime_directory);

#endif

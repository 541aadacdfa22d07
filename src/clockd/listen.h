/*
 * The socket that the clock service is asked on.
 */
#ifndef SG_CLOCKD_LISTEN_H
#define SG_CLOCKD_LISTEN_H

#include <sys/types.h>

#include "base/err.h"

/*
 * The one that systemd passed (sd_listen_fds(3)), else a new one at path, in
 * place of one left there; the caller sees to it that nobody else uses it.
 * Members of the group may connect.  Non-blocking; a negative errno with a
 * reason.
 */
int sg_listen(const char *path, gid_t gid, struct sg_err *err);

/*
 * The next client: a descriptor, or a negative errno: -EAGAIN if nobody waits,
 * -EACCES with words for one who is neither root nor uid and was hung up on.
 */
int sg_listen_accept(int fd, uid_t uid, pid_t *ret_pid, struct sg_err *err);

#endif

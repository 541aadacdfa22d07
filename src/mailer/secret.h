/*
 * The file with the relay's password.
 */
#ifndef SG_MAILER_SECRET_H
#define SG_MAILER_SECRET_H

#include "base/err.h"

#define SG_SECRET_MAX 256

/*
 * Its first line.  Nobody else may read the file: it belongs to us or root,
 * and is readable by its owner alone, or is root's and readable by our group,
 * too (0640).  -EPERM, -EINVAL or the errno of reading it, with a reason.
 */
int sg_secret_read(const char *path, char ret[SG_SECRET_MAX],
                   struct sg_err *err);

#endif

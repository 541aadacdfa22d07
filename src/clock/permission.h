/*
 * May this process set the host's clock?
 */
#ifndef SG_CLOCK_PERMISSION_H
#define SG_CLOCK_PERMISSION_H

#include "base/err.h"

/* 0, or a negative errno with a reason.  Nothing is moved. */
int sg_permission_try(struct sg_err *err);

#endif

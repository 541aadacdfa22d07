/*
 * A configuration as libconfuse's tree: syntax, includes, and every single
 * value checked against the option table.
 */
#ifndef SG_SETUP_CONFIG_TREE_H
#define SG_SETUP_CONFIG_TREE_H

#include <confuse.h>

#include "base/err.h"
#include "setup/config_checks.h"
#include "setup/config_file.h"

/*
 * Parse file, whose text is changed, and all it includes.  name is shown in
 * messages and is where relative includes start.  The caller cfg_free's
 * *ret.  On failure a negative errno, and err = "FILE:LINE: ..." of the file
 * that really holds the line.  *touched is filled in for the checks that
 * follow. Not reentrant: libconfuse is not.
 */
int sg_config_tree_read(struct sg_config_file *file, const char *name,
                        cfg_t **ret, struct sg_config_touched *touched,
                        struct sg_err *err);

#endif

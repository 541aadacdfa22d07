/*
 * What holds between settings: only the whole configuration can tell, since
 * they may stand in different files.
 */
#ifndef SG_SETUP_CONFIG_CHECKS_H
#define SG_SETUP_CONFIG_CHECKS_H

#include "base/err.h"
#include "setup/config.h"
#include "setup/config_types.h"

#define SG_CONFIG_RULES 4

/* Where the settings of each rule were last touched: there the mistake is, if
 * there is one. */
struct sg_config_touched {
    struct {
        char file[SG_PATH_MAX];
        int line;
    } rules[SG_CONFIG_RULES];
};

/* The key was set there. */
void sg_config_touch(struct sg_config_touched *touched,
                     const struct sg_config_key *key, const char *file,
                     int line);

/* -EINVAL with "FILE:LINE: ..." for the first rule that does not hold. */
int sg_config_check(const struct sg_config *config,
                    const struct sg_config_touched *touched,
                    struct sg_err *err);

#endif

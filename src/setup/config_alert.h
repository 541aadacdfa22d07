/*
 * The types of settings that only alerts have: who gets mail, and what is run.
 */
#ifndef SG_SETUP_CONFIG_ALERT_H
#define SG_SETUP_CONFIG_ALERT_H

#include "setup/config_types.h"

/* The field of the first two is the whole struct sg_config. */
extern const struct sg_config_type sg_config_mailto, sg_config_hooks,
    sg_config_mailfrom, sg_config_user;

#endif

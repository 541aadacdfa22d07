/*
 * The option table of skewguard.conf: every key there is, how it is read,
 * its default and its limits.  A new setting is a new line in it.
 */
#ifndef SG_SETUP_CONFIG_KEYS_H
#define SG_SETUP_CONFIG_KEYS_H

#include <stddef.h>

#include "base/err.h"
#include "setup/config_types.h"

/*
 * Sections "", "alert" and "smtp" are stored in struct sg_config, "realm" in
 * struct sg_config_realm, "ntp" and "kdc" in struct sg_config_server.
 */
extern const struct sg_config_key sg_config_keys[];
extern const size_t sg_config_n_keys;

/* NULL if there is none. */
const struct sg_config_key *sg_config_key_find(const char *section,
                                               const char *name);

/* record is the section's struct. */
int sg_config_key_read(const struct sg_config_key *key, const char *text,
                       void *record, struct sg_err *err);

/* Set all keys of a section to their defaults. */
void sg_config_keys_default(const char *section, void *record);

#endif

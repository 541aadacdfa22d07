/*
 * How values are written back for people.  Reading them is in config.h.
 */
#ifndef SG_SETUP_CONFIG_UNITS_H
#define SG_SETUP_CONFIG_UNITS_H

#include <stddef.h>

/* Somebody's text, fit to be shown inside a message. */
struct sg_config_quoted {
    char text[68];
};

/* Cut after 64 characters; control characters become '?'.  Returns ret->text.
 */
const char *sg_config_quote(const char *text, struct sg_config_quoted *ret);

/* "64s", "500ms", "20%": they read back as the same number. */
void sg_config_format_duration(double span_s, char *ret, size_t size);
void sg_config_format_percent(double frac, char *ret, size_t size);

#endif

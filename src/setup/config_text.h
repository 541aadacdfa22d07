/*
 * Makes a configuration text safe for libconfuse.
 *
 * The lexer of libconfuse 3.3 accepts what an administrator cannot have
 * meant: strings, comments and sections that never end, stray characters,
 * environment variables.  It also counts each comment line as three, so its
 * line numbers are wrong after the first one.
 */
#ifndef SG_SETUP_CONFIG_TEXT_H
#define SG_SETUP_CONFIG_TEXT_H

#include <stddef.h>

#include "base/err.h"

/*
 * Blank out comments in place, keeping all line ends, and refuse the rest of
 * the above: -EINVAL and err = "FILE:LINE: ...", with file for FILE.  text
 * has len bytes and a NUL behind them.
 */
int sg_config_text_clean(char *text, size_t len, const char *file,
                         struct sg_err *err);

#endif

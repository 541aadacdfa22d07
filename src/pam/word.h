/*
 * What the published status makes one say at this moment.
 */
#ifndef SG_PAM_WORD_H
#define SG_PAM_WORD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "pam/options.h"
#include "report/login.h"

struct sg_pam_word {
    enum sg_login_kind kind;
    struct sg_buf text;   /* what is to be said, unless that is nothing */
    bool is_well;         /* nothing is to be said to anybody ... */
    bool is_missing;      /* ... there is no status, which is no fault ... */
    struct sg_err broken; /* ... or one that cannot be used */
};

/*
 * Reads the files and the clocks; waits for nothing and keeps nothing.  is_root
 * is asked only if there is something to say.
 */
void sg_pam_word_make(const struct sg_pam_options *options,
                      bool (*is_root)(void *context), void *context,
                      struct sg_pam_word *ret);

void sg_pam_word_free(struct sg_pam_word *word);

#endif

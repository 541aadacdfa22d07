/*
 * krb5.conf as libkrb5 finds and merges it.
 */
#ifndef SG_SETUP_PROFILE_H
#define SG_SETUP_PROFILE_H

#include <krb5.h>
#include <profile.h>

#include "base/err.h"

/*
 * Opened anew for each call, so that a reload sees what the files say now; to
 * be released with profile_release.  A negative errno and a reason, in
 * libkrb5's words, if krb5.conf is broken.
 */
int sg_profile_open(profile_t *ret, struct sg_err *err);

/* The same with the context, which is to be freed. */
int sg_profile_open_context(krb5_context *ret_context, profile_t *ret,
                            struct sg_err *err);

/*
 * The files that libkrb5 reads, as a path list, each with what keeps us from
 * reading it: libkrb5 passes over most of that without a word.  Only for
 * messages: its public calls do not tell.
 */
void sg_profile_describe(char *ret, size_t size);

#endif

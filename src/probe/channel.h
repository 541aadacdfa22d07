/*
 * One channel of c-ares inside the event loop: its sockets and its timer.
 * What is asked through it is the caller's.
 */
#ifndef SG_PROBE_CHANNEL_H
#define SG_PROBE_CHANNEL_H

/* What newer versions call deprecated is all that older ones have. */
#define CARES_NO_DEPRECATED
#include <ares.h>

#include "base/err.h"

struct event_base;
struct sg_channel;

/* As sg_resolver_new, whose arguments these are. */
struct sg_channel *sg_channel_new(struct event_base *base, const char *servers,
                                  struct sg_err *err);

/* All questions end with ARES_EDESTRUCTION.  Accepts NULL. */
void sg_channel_free(struct sg_channel *channel);

/*
 * For asking; the first call reads resolv.conf and its like.  NULL with a
 * reason.  Afterwards sg_channel_asked must be called.
 */
ares_channel sg_channel_ares(struct sg_channel *channel, struct sg_err *err);
void sg_channel_asked(struct sg_channel *channel);

/*
 * Begin anew with what resolv.conf says now.  Open questions end with
 * ARES_EDESTRUCTION.  Without memory everything stays as it was.
 */
void sg_channel_reload(struct sg_channel *channel);

/* Why a question failed, in words; silence and absence are the caller's. */
const char *sg_channel_failure(int status);

#endif

/*
 * Log lines that flap: a budget for each thing that events tell of, so that a
 * source which changes its mind every minute does not fill the log.
 *
 * Pure.  The first changes are told as they are, then it is said once that
 * there are many, and once it was calm for a while how many there were.  What
 * comes back soon has to be calm for longer each time.
 *
 * Only conditions, which come and go, have a budget: states of realms, belief
 * in sources, whether the clock is disciplined.  What happens to the clock is
 * always told: a step by us or by others, a suspend, a correction refused, a
 * rival, a leap second.  Each of these is news, nothing takes it back, and
 * without it nobody understands what comes next.
 */
#ifndef SG_CORE_CHATTER_H
#define SG_CORE_CHATTER_H

#include <stdbool.h>

#include "base/instant.h"
#include "core/engine.h"

#define SG_CHATTER_LINES 2

struct sg_chatter;

/* NULL if memory runs out. */
struct sg_chatter *sg_chatter_new(void);

/* Accepts NULL. */
void sg_chatter_free(struct sg_chatter *chatter);

/*
 * An event: returns how many lines are to be logged for it, as events, whose
 * kind and state tell how urgent each is.  Events speak of the same thing if
 * their kind and the beginning of their text, up to the colon, are the same;
 * that outlives a change of configuration.
 */
int sg_chatter_hear(struct sg_chatter *chatter, const struct sg_event *event,
                    struct sg_raw now, struct sg_event ret[SG_CHATTER_LINES]);

/*
 * Something that changed too often was calm for long enough: one line that
 * says so.  To be called every few minutes, until it returns false.
 */
bool sg_chatter_calm(struct sg_chatter *chatter, struct sg_raw now,
                     struct sg_event *ret);

#endif

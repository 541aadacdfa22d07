/*
 * Rounds of asking DNS for the KDCs that the files leave to it, inside the
 * event loop.
 */
#ifndef SG_SETUP_DISCOVERY_H
#define SG_SETUP_DISCOVERY_H

#include "base/err.h"
#include "setup/findings.h"
#include "setup/plan.h"

struct event_base;
struct sg_discovery;

/* A round has ended: all realms have an answer or have failed. */
typedef void sg_discovery_done(void *arg);

/* servers: as for sg_resolver_new.  base is lent.  NULL with a reason. */
struct sg_discovery *sg_discovery_new(struct event_base *base,
                                      const char *servers,
                                      sg_discovery_done *done, void *arg,
                                      struct sg_err *err);

/* The callback will not be made.  Accepts NULL. */
void sg_discovery_free(struct sg_discovery *discovery);

/*
 * Begin a round for what the plan asks; one that is under way is given up.
 * Realms that are not asked for any more are forgotten.  It ends within
 * SG_DISCOVER_S seconds, from the loop.  The servers are those of resolv.conf
 * now.  False: nothing is under way, because nothing is asked or for want of
 * memory.
 */
bool sg_discovery_begin(struct sg_discovery *discovery,
                        const struct sg_plan *plan);

/* What is known: of the last round, and of earlier ones where it failed. */
const struct sg_findings *
sg_discovery_findings(const struct sg_discovery *discovery);

/* The last round was of no use for a realm: DNS failed, or has no KDC of a
 * realm that is no mere trust. */
bool sg_discovery_has_failed(const struct sg_discovery *discovery);

#endif

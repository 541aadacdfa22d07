/*
 * Host names to addresses through c-ares, inside the event loop.
 */
#ifndef SG_PROBE_RESOLVE_H
#define SG_PROBE_RESOLVE_H

#include <stddef.h>

#include "base/err.h"
#include "probe/source.h"

struct event_base;
struct sg_resolver;
struct sg_lookup;

#define SG_RESOLVE_MAX 8 /* addresses of one name that are kept */

/*
 * count 0: failed, and why_not says how ("no such name", "no answer in 6 s").
 * Never called from inside sg_resolver_lookup.
 */
typedef void sg_resolve_done(void *arg, const struct sg_address *addresses,
                             size_t count, const char *why_not);

/*
 * servers: NULL for those of resolv.conf, or "host:port[,host:port]" for
 * tests.  base is lent.  NULL with a reason on failure.
 */
struct sg_resolver *sg_resolver_new(struct event_base *base,
                                    const char *servers, struct sg_err *err);

/* Ends all look-ups without calling back.  Accepts NULL. */
void sg_resolver_free(struct sg_resolver *resolver);

/*
 * Look up A and AAAA of host.  A numeric address (IPv4, or IPv6 without
 * brackets) is answered without any look-up and without the hosts file.  NULL
 * if memory runs out.
 */
struct sg_lookup *sg_resolver_lookup(struct sg_resolver *resolver,
                                     const char *host, uint16_t port,
                                     sg_resolve_done *done, void *arg);

/* The callback will not be made.  Accepts NULL. */
void sg_lookup_cancel(struct sg_lookup *lookup);

#endif

/*
 * What people write as a host: a numeric address or a name.  No look-up.
 */
#ifndef SG_PROBE_HOSTNAME_H
#define SG_PROBE_HOSTNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "probe/source.h"

/*
 * 0: host is a numeric address (IPv4, or IPv6 without brackets and perhaps
 * with "%interface"), and *ret is it with port 0.  Otherwise *ret is
 * undefined:
 * -ENOENT  a possible name, which need not exist (err is left alone)
 * -ENXIO   an address on a network interface that is absent for now
 * -EINVAL  nothing of the kind
 * The last two with a reason.
 */
int sg_host_parse(const char *host, struct sg_address *ret, struct sg_err *err);

/* Anything but the last: worth trying. */
bool sg_host_is_valid(const char *host);

/*
 * Two spellings of one host: upper and lower case, a final dot, notations of
 * one address.
 */
bool sg_host_is_same(const char *a, const char *b);

/*
 * host, host:port, [IPv6] or [IPv6]:port, with this port where none is said.
 * NULL, or what is wrong: "has no closing bracket"; both are undefined then.
 */
const char *sg_host_port_parse(const char *text, uint16_t default_port,
                               char ret_host[SG_NAME_MAX], uint16_t *ret_port);

void sg_host_set_port(struct sg_address *address, uint16_t port);

#endif

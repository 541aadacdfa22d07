/*
 * Who else steers this host's clock?
 */
#ifndef SG_DAEMON_RIVAL_H
#define SG_DAEMON_RIVAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is another time daemon running?  Then its name and pid into ret, such as
 * "chronyd (pid 412, chrony.service)".  Looks at the names of all processes in
 * /proc; a chronyd that was told not to touch the clock (-x) is none.
 */
#define SG_RIVAL_MAX 128

bool sg_rival_find(char *ret, size_t size);

#endif

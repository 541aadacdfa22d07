/*
 * Telling systemd how a service is: sd_notify(3) that never waits, so that a
 * manager that hangs does not hang us.
 */
#ifndef SG_BASE_NOTIFY_H
#define SG_BASE_NOTIFY_H

#include <stdint.h>

/* One or more "KEY=value" lines; nothing happens where nobody listens. */
void sg_notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Within which time a sign of life ("WATCHDOG=1") is wanted of this process;
 * 0: none is. */
uint64_t sg_notify_watchdog_us(void);

#endif

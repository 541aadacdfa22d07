#include "clock/permission.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include "clock/host.h"

static bool
has_capability(int number)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    uint64_t set = 0;

    if (!file)
        return false;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "CapEff: %" SCNx64, &set) == 1)
            break;
    fclose(file);
    return set >> number & 1;
}

static int
explain_refusal(int code, struct sg_err *err)
{
    if (code != -EPERM)
        return sg_err_set(err, code, "kernel clock: cannot be set: %s",
                          strerror(-code));
    if (!has_capability(CAP_SYS_TIME))
        return sg_err_set(err, code,
                          "kernel clock: may not be set, this process lacks "
                          "CAP_SYS_TIME");
    return sg_err_set(err, code,
                      "kernel clock: may not be set in spite of CAP_SYS_TIME, "
                      "as in a container or under a system call filter");
}

/*
 * Only the call itself tells: in a user namespace CAP_SYS_TIME can be there
 * and worth nothing.  Setting the tick to what it already is needs the
 * permission and changes nothing, while a frequency read back may have been
 * rounded.
 */
int
sg_permission_try(struct sg_err *err)
{
    struct timex now;
    struct timex same = {.modes = ADJ_TICK};
    int code = sg_clock_host_timex(&now);

    if (code < 0)
        return explain_refusal(code, err);
    same.tick = now.tick;
    if (clock_adjtime(CLOCK_REALTIME, &same) < 0)
        return explain_refusal(-errno, err);
    return 0;
}

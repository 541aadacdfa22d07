/*
 * The marker of a slew: whatever the file holds is refused with a reason, or
 * names a base that a kernel may be given.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock/marker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_slew slew;
    struct sg_err err = {""};
    char path[64];
    int fd = memfd_create("marker", MFD_CLOEXEC), code;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    code = sg_marker_read(path, &slew, &err);
    if (code < 0 && !err.text[0])
        abort();
    if (code == 1 && (labs(slew.base.freq) > 500L << 16 ||
                      slew.base.tick != sg_rate_nominal_tick()))
        abort();
    close(fd);
    return 0;
}

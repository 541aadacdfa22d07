/*
 * The saved frequency: whatever the file holds is refused or within range.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* a program is no library */
#include "../../src/daemon/memory.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_memory memory;
    struct sg_err err = {""};
    char path[64];
    int fd = memfd_create("memory", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (sg_memory_load(path, &memory, &err) < 0) {
        if (!err.text[0])
            abort();
    } else if (fabs(memory.frequency_ppm) > MAX_PPM ||
               !(memory.frequency_sd_ppm > 0)) {
        abort();
    }
    close(fd);
    return 0;
}

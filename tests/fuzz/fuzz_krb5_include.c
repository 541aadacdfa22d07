/*
 * sg_krb5_include: whatever the line, a path fits, ends, is not empty and has
 * no blank at its ends.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/krb5_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = malloc(size + 1), path[64];
    bool is_folder;
    size_t len;

    if (!line)
        return 0;
    if (size > 0)
        memcpy(line, data, size);
    if (sg_krb5_include(line, size, &is_folder, path, sizeof path)) {
        len = strnlen(path, sizeof path);
        if (len == 0 || len == sizeof path || isspace((unsigned char)path[0]) ||
            isspace((unsigned char)path[len - 1]))
            abort();
    }
    free(line);
    return 0;
}

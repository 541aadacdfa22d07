/*
 * The names of files in the spool, which root lists as well: what is taken for
 * an alert is named by its parts, and stays in its folder.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* how it reads a name is nobody else's business */
#include "../../src/alert/spool.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *name = malloc(size + 1),
         again[sizeof((struct sg_spool_entry *)0)->name];
    struct sg_spool_entry entry;
    const char *digits;

    if (!name)
        abort();
    memcpy(name, data, size);
    name[size] = '\0';
    if (parse_name(name, "", &entry)) {
        if (strchr(entry.name, '/') || strcmp(entry.name, name) != 0 ||
            !sg_record_is_id(entry.id) || entry.number < 1)
            abort();
        snprintf(again, sizeof again, "%llu-%s-%u" SUFFIX,
                 (unsigned long long)entry.order, entry.id, entry.number);
        /* but for zeros in front */
        digits = name + strspn(name, "0");
        if (strcmp(strchr(again, '-'), strchr(name, '-')) != 0 &&
            !strstr(strchr(name, '-') + 1, "-0"))
            abort();
        if (entry.order > 0 && strncmp(digits, again, strcspn(again, "-")) != 0)
            abort();
    }
    free(name);
    return 0;
}

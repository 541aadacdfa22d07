/*
 * What others say, before it gets into a log: nothing that controls a terminal
 * is left, what was fine stays, and the text keeps its length.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *once = malloc(size + 1);
    size_t len;

    if (!text || !once)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    len = strlen(text);
    sg_printable(text);
    if (strlen(text) != len)
        abort();
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i], was = data[i];

        if (c < ' ' || c == 0x7f || (c != was && c != '?') ||
            (was >= ' ' && was < 0x7f && c != was))
            abort();
        /* C1 controls, which some terminals obey */
        if (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0)
            abort();
    }
    memcpy(once, text, len + 1);
    sg_printable(text);
    if (strcmp(text, once) != 0)
        abort();
    free(text);
    free(once);
    return 0;
}

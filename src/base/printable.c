#include "base/printable.h"

#include <stddef.h>

/* The bytes of the character in UTF-8 that text begins with; 0 if it is none,
 * or controls a terminal.  The journal hides lines that have such. */
static size_t
printable_len(const unsigned char *text)
{
    static const unsigned least[] = {0, 0, 0xa0, 0x800, 0x10000};
    const size_t len = text[0] < 0xc0   ? 1
                       : text[0] < 0xe0 ? 2
                       : text[0] < 0xf0 ? 3
                                        : 4;
    unsigned code = text[0] & (0x7fu >> len);

    if (text[0] < 0x80)
        return text[0] >= ' ' && text[0] != 0x7f;
    if (text[0] < 0xc0 || text[0] >= 0xf8)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    return code >= least[len] && code <= 0x10ffff && (code & ~0x7ffu) != 0xd800
               ? len
               : 0;
}

void
sg_printable(char *text)
{
    while (*text) {
        size_t len = printable_len((const unsigned char *)text);

        if (len == 0)
            *text = '?';
        text += len ? len : 1;
    }
}

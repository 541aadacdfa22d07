/*
 * The receipt of a test alert: whatever is read is refused with a reason, or
 * holds together and says the same once more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alert/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sg_receipt receipt, again;
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err = {""};

    if (sg_receipt_decode((const char *)data, size, &receipt, &err) < 0) {
        if (!err.text[0])
            abort();
        return 0;
    }
    sg_receipt_encode(&receipt, &text);
    if (sg_receipt_decode(text.text, text.len, &again, NULL) < 0 ||
        again.n != receipt.n)
        abort();
    for (int i = 0; i < receipt.n; i++)
        if (again.rows[i].state != receipt.rows[i].state ||
            strcmp(again.rows[i].channel, receipt.rows[i].channel) != 0 ||
            strcmp(again.rows[i].words, receipt.rows[i].words) != 0)
            abort();
    sg_buf_free(&text);
    return 0;
}

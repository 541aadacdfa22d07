/*
 * sg_kdc_records_add_uri: whatever a record says it becomes a KDC that can be
 * asked, a proxy, or a rejected record, and can be shown.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/hostname.h"
#include "probe/kdc_records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const char *text)
{
    if (strnlen(text, SG_RECORD_TEXT_MAX) == SG_RECORD_TEXT_MAX)
        abort();
    for (; *text; text++)
        if (*text <= ' ' || *text >= 0x7f)
            abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sg_kdc_records records;
    struct sg_kdc_list list;
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    memset(&records, 0, sizeof records);
    sg_kdc_records_add_uri(&records, text, 0, 0);
    if (records.n + (size_t)records.n_bad + (size_t)records.n_proxies != 1)
        abort();
    check_text(records.bad);
    check_text(records.proxy);
    sg_kdc_records_list(&records, &list);
    if (list.n_kdcs == 1 &&
        (!sg_host_is_valid(list.kdcs[0].host) || list.kdcs[0].port == 0 ||
         list.kdcs[0].transport == SG_TRANSPORT_AUTO))
        abort();
    free(text);
    return 0;
}

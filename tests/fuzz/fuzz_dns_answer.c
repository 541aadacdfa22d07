/*
 * sg_kdc_answer_read: a DNS message, for the transport that its first byte
 * chooses.  Whatever it holds the list is short, valid and ordered.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "probe/hostname.h"
#include "probe/kdc_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_list(const struct sg_kdc_list *list)
{
    if (list->n_kdcs < 0 || list->n_kdcs > SG_MAX_KDCS || list->n_left_out < 0)
        abort();
    for (int i = 0; i < list->n_kdcs; i++) {
        if (!sg_host_is_valid(list->kdcs[i].host) || list->kdcs[i].port == 0)
            abort();
        for (int j = 0; j < i; j++)
            if (list->kdcs[i].port == list->kdcs[j].port &&
                strcasecmp(list->kdcs[i].host, list->kdcs[j].host) == 0)
                abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sg_kdc_records records;
    struct sg_kdc_list list;
    unsigned char *bytes;

    if (size == 0 || size > 65536)
        return 0;
    bytes = malloc(size);
    if (!bytes)
        return 0;
    memcpy(bytes, data + 1, size - 1);
    memset(&records, 0, sizeof records);
    if (sg_kdc_answer_read(bytes, (int)size - 1,
                           (enum sg_transport)(data[0] % 3), &records) == 0 &&
        records.n + (size_t)records.n_bad + (size_t)records.n_proxies +
                records.has_none ==
            0)
        abort();
    sg_kdc_records_list(&records, &list);
    check_list(&list);
    free(bytes);
    return 0;
}

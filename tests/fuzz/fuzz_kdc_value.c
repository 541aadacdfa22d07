/*
 * sg_realm_parse_kdc: whatever is accepted has a host and a port, and reads
 * the same when it is written in full.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/hostname.h"
#include "setup/realm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_target(const struct sg_target *target)
{
    static const char *const prefixes[] = {"", "udp/", "tcp/"};
    bool has_colon = strchr(target->host, ':') != NULL;
    char text[SG_NAME_MAX + 16];
    struct sg_target again;

    if (!sg_host_is_valid(target->host) || target->port == 0)
        abort();
    snprintf(text, sizeof text, "%s%s%s%s:%u", prefixes[target->transport],
             has_colon ? "[" : "", target->host, has_colon ? "]" : "",
             target->port);
    if (sg_realm_parse_kdc(text, &again, NULL) != 0 ||
        strcmp(again.host, target->host) != 0 || again.port != target->port ||
        again.transport != target->transport)
        abort();
    if (!sg_host_is_same(target->host, again.host))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_target target;
    struct sg_err err = {""};
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (sg_realm_parse_kdc(text, &target, &err) == 0)
        check_target(&target);
    else if (!err.text[0])
        abort();
    free(text);
    return 0;
}

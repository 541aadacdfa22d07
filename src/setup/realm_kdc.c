/* Realm names and "kdc =" values, from whoever wrote them. */
#include "setup/realm.h"

#include <errno.h>
#include <string.h>

#include "probe/hostname.h"
#include "setup/config_units.h"

#define KDC_PORT 88

struct prefix {
    const char *text;
    enum sg_transport transport;
    const char *refusal; /* NULL: fine */
};

/* libkrb5 knows https:// and, since 1.22, socket paths; the rest is Heimdal's,
 * and libkrb5 takes it for a part of the host's name. */
static const struct prefix prefixes[] = {
    {"udp/", SG_TRANSPORT_UDP, NULL},
    {"tcp/", SG_TRANSPORT_TCP, NULL},
    {"http/", SG_TRANSPORT_AUTO, "is a KDC behind HTTP"},
    {"https://", SG_TRANSPORT_AUTO, "is a KDC proxy"},
    {"/", SG_TRANSPORT_AUTO, "is a path"},
};

bool
sg_realm_name_is_valid(const char *name)
{
    size_t len = strnlen(name, SG_NAME_MAX);

    if (len == 0 || len >= SG_NAME_MAX)
        return false;
    for (; *name; name++)
        if (*name <= ' ' || *name >= 0x7f)
            return false;
    return true;
}

static const struct prefix *
find_prefix(const char *text)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(text, prefixes[i].text, strlen(prefixes[i].text)) == 0)
            return &prefixes[i];
    return NULL;
}

int
sg_realm_parse_kdc(const char *text, struct sg_target *ret, struct sg_err *err)
{
    const struct prefix *prefix = find_prefix(text);
    struct sg_target target = {.kind = SG_KIND_KDC};
    struct sg_config_quoted quoted;
    const char *why;

    if (prefix && prefix->refusal) {
        why = prefix->refusal;
    } else {
        target.transport = prefix ? prefix->transport : SG_TRANSPORT_AUTO;
        why = sg_host_port_parse(prefix ? text + strlen(prefix->text) : text,
                                 KDC_PORT, target.host, &target.port);
    }
    if (why)
        return sg_err_set(err, -EINVAL,
                          "value \"%s\" %s, allowed are host, host:port, "
                          "[IPv6]:port",
                          sg_config_quote(text, &quoted), why);
    *ret = target;
    return 0;
}

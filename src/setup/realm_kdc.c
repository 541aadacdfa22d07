/* Realm names and "kdc =" values, from whoever wrote them. */
#include "setup/realm.h"

#include <errno.h>
#include <stdlib.h>
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

/* ":port", or nothing. */
static const char *
read_port(const char *text, uint16_t *ret)
{
    size_t digits;
    long port;

    if (*text == '\0') {
        *ret = KDC_PORT;
        return NULL;
    }
    digits = strspn(text + 1, "0123456789");
    port = digits < 6 ? strtol(text + 1, NULL, 10) : 0;
    if (*text != ':' || text[1 + digits] != '\0' || port < 1 || port > 65535)
        return "has no port from 1 to 65535 behind its host";
    *ret = (uint16_t)port;
    return NULL;
}

/* host, host:port, [v6] or [v6]:port; NULL or what is wrong. */
static const char *
read_host_port(const char *text, struct sg_target *ret)
{
    bool has_brackets = *text == '[';
    const char *host = has_brackets ? text + 1 : text;
    size_t len = strcspn(host, has_brackets ? "]" : ":");
    const char *behind = host + len + has_brackets;

    if (has_brackets && host[len] != ']')
        return "has no closing bracket";
    if (!has_brackets && strchr(host, ':') != strrchr(host, ':'))
        return "is an IPv6 address without brackets";
    if (len >= sizeof ret->host)
        return "is too long";
    memcpy(ret->host, host, len);
    ret->host[len] = '\0';
    if (!sg_host_is_valid(ret->host) ||
        has_brackets != (strchr(ret->host, ':') != NULL))
        return "is no host";
    return read_port(behind, &ret->port);
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
        why = read_host_port(prefix ? text + strlen(prefix->text) : text,
                             &target);
    }
    if (why)
        return sg_err_set(err, -EINVAL,
                          "value \"%s\" %s, allowed are host, host:port, "
                          "[IPv6]:port",
                          sg_config_quote(text, &quoted), why);
    *ret = target;
    return 0;
}

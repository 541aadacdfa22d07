#include "probe/hostname.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RFC 1035 section 2.3.4, without the final dot */
#define NAME_LEN_MAX 253
#define LABEL_LEN_MAX 63

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool
parse_ipv4(const char *host, struct sg_address *ret)
{
    struct sockaddr_in in = {.sin_family = AF_INET};

    if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
        return false;
    *ret = (struct sg_address){.len = sizeof in};
    memcpy(&ret->addr, &in, sizeof in);
    return true;
}

static bool
is_scope(const char *scope)
{
    size_t len = strspn(scope, LETTERS DIGITS "-_.");

    return len > 0 && len < IF_NAMESIZE && scope[len] == '\0';
}

/* The index of "lo" or "1"; 0 if there is no such interface. */
static uint32_t
parse_scope(const char *text)
{
    char *end;
    unsigned long index = if_nametoindex(text);

    if (index == 0 && text[0] >= '0' && text[0] <= '9') {
        index = strtoul(text, &end, 10);
        if (*end != '\0' || index > UINT32_MAX)
            index = 0;
    }
    return (uint32_t)index;
}

/* 1: an address; 0: not one; -ENXIO: one with an unknown interface. */
static int
parse_ipv6(const char *host, struct sg_address *ret)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    const char *scope = strchr(host, '%');
    char text[INET6_ADDRSTRLEN];
    size_t len = scope ? (size_t)(scope - host) : strlen(host);

    if (len >= sizeof text)
        return 0;
    memcpy(text, host, len);
    text[len] = '\0';
    if (inet_pton(AF_INET6, text, &in6.sin6_addr) != 1)
        return 0;
    if (scope && !is_scope(scope + 1))
        return 0;
    if (scope) {
        in6.sin6_scope_id = parse_scope(scope + 1);
        if (in6.sin6_scope_id == 0)
            return -ENXIO;
    }
    *ret = (struct sg_address){.len = sizeof in6};
    memcpy(&ret->addr, &in6, sizeof in6);
    return 1;
}

void
sg_host_set_port(struct sg_address *address, uint16_t port)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (address->addr.ss_family == AF_INET6) {
        memcpy(&in6, &address->addr, sizeof in6);
        in6.sin6_port = htons(port);
        memcpy(&address->addr, &in6, sizeof in6);
    } else {
        memcpy(&in, &address->addr, sizeof in);
        in.sin_port = htons(port);
        memcpy(&address->addr, &in, sizeof in);
    }
}

static bool
has_only_name_characters(const char *host, struct sg_err *err)
{
    /* names in use also have underscores, whatever RFC 952 says */
    const char *c = host + strspn(host, LETTERS DIGITS "-_.");

    if (*c == '\0')
        return true;
    if (*c >= ' ' && *c < 0x7f)
        sg_err_set(err, 0, "no host name can have the character '%c'", *c);
    else
        sg_err_set(err, 0,
                   "no host name can have the byte 0x%02x (international "
                   "names are written xn--...)",
                   (unsigned char)*c);
    return false;
}

static bool
is_label(const char *label, size_t len, struct sg_err *err)
{
    if (len == 0)
        sg_err_set(err, 0, "host name with an empty part between dots");
    else if (len > LABEL_LEN_MAX)
        sg_err_set(err, 0,
                   "host name with a part of %zu characters, at most %d", len,
                   LABEL_LEN_MAX);
    else if (label[0] == '-' || label[len - 1] == '-')
        sg_err_set(err, 0, "host name with a hyphen at the end of a part");
    else
        return true;
    return false;
}

static bool
has_possible_labels(const char *host, struct sg_err *err)
{
    const char *label = host, *next;
    size_t len;

    for (;; label = next) {
        len = strcspn(label, ".");
        if (!is_label(label, len, err))
            return false;
        next = label + len + (label[len] == '.');
        if (*next == '\0')
            break;
    }
    /* no top-level domain is a number (RFC 1123 section 2.1) */
    if (strspn(label, DIGITS) != len)
        return true;
    sg_err_set(err, 0, "a name cannot end in a number: a mistyped address?");
    return false;
}

static bool
is_possible_name(const char *host, struct sg_err *err)
{
    size_t len = strlen(host);

    if (len == 0) {
        sg_err_set(err, 0, "empty host name");
        return false;
    }
    if (host[len - 1] == '.')
        len--;
    if (len > NAME_LEN_MAX) {
        sg_err_set(err, 0, "host name of %zu characters, at most %d", len,
                   NAME_LEN_MAX);
        return false;
    }
    return has_only_name_characters(host, err) &&
           has_possible_labels(host, err);
}

int
sg_host_parse(const char *host, struct sg_address *ret, struct sg_err *err)
{
    int is_ipv6 = parse_ipv6(host, ret);

    if (is_ipv6 > 0 || parse_ipv4(host, ret))
        return 0;
    if (is_ipv6 < 0)
        return sg_err_set(err, -ENXIO, "no such network interface: %s",
                          strchr(host, '%') + 1);
    return is_possible_name(host, err) ? -ENOENT : -EINVAL;
}

bool
sg_host_is_valid(const char *host)
{
    struct sg_address unused;

    return sg_host_parse(host, &unused, NULL) != -EINVAL;
}

static size_t
length_without_dot(const char *name)
{
    size_t len = strlen(name);

    return len > 1 && name[len - 1] == '.' ? len - 1 : len;
}

bool
sg_host_is_same(const char *a, const char *b)
{
    struct sg_address numeric_a, numeric_b;
    size_t len = length_without_dot(a);

    if (sg_host_parse(a, &numeric_a, NULL) == 0 &&
        sg_host_parse(b, &numeric_b, NULL) == 0)
        return numeric_a.len == numeric_b.len &&
               memcmp(&numeric_a.addr, &numeric_b.addr, numeric_a.len) == 0;
    return len == length_without_dot(b) && strncasecmp(a, b, len) == 0;
}

/* ":port", or nothing. */
static const char *
parse_port(const char *text, uint16_t default_port, uint16_t *ret)
{
    size_t digits;
    long port;

    if (*text == '\0') {
        *ret = default_port;
        return NULL;
    }
    digits = strspn(text + 1, DIGITS);
    port = digits < 6 ? strtol(text + 1, NULL, 10) : 0;
    if (*text != ':' || text[1 + digits] != '\0' || port < 1 || port > 65535)
        return "has no port from 1 to 65535 behind its host";
    *ret = (uint16_t)port;
    return NULL;
}

const char *
sg_host_port_parse(const char *text, uint16_t default_port,
                   char ret_host[SG_NAME_MAX], uint16_t *ret_port)
{
    bool has_brackets = *text == '[';
    const char *host = has_brackets ? text + 1 : text;
    size_t len = strcspn(host, has_brackets ? "]" : ":");
    const char *behind = host + len + has_brackets;

    if (has_brackets && host[len] != ']')
        return "has no closing bracket";
    if (!has_brackets && strchr(host, ':') != strrchr(host, ':'))
        return "is an IPv6 address without brackets";
    if (len >= SG_NAME_MAX)
        return "is too long";
    memcpy(ret_host, host, len);
    ret_host[len] = '\0';
    if (!sg_host_is_valid(ret_host) ||
        has_brackets != (strchr(ret_host, ':') != NULL))
        return "is no host";
    return parse_port(behind, default_port, ret_port);
}

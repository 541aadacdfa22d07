#include "probe/kdc_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "probe/hostname.h"

#define KDC_PORT 88

static void
keep_text(const char *text, char ret[SG_RECORD_TEXT_MAX])
{
    size_t i;

    for (i = 0; i < SG_RECORD_TEXT_MAX - 1 && text[i]; i++)
        ret[i] = text[i] > ' ' && text[i] < 0x7f ? text[i] : '?';
    ret[i] = '\0';
}

static void
reject(struct sg_kdc_records *records, const char *text)
{
    if (records->n_bad++ == 0)
        keep_text(text, records->bad);
}

/* The next free record, all but empty; NULL: none is left. */
static struct sg_kdc_record *
add(struct sg_kdc_records *records, uint16_t priority, uint16_t weight)
{
    struct sg_kdc_record *record;

    if (records->n == SG_MAX_RECORDS) {
        records->n_dropped++;
        return NULL;
    }
    record = &records->record[records->n++];
    *record = (struct sg_kdc_record){priority, weight, {.kind = SG_KIND_KDC}};
    return record;
}

void
sg_kdc_records_add_srv(struct sg_kdc_records *records, const char *host,
                       uint16_t port, uint16_t priority, uint16_t weight,
                       enum sg_transport transport)
{
    char absolute[SG_NAME_MAX + 1];
    struct sg_kdc_record *record;

    /* RFC 2782 wants such a record to be the only one.  libkrb5 means to end
     * the search with it, but does not: the other transport still counts. */
    if (!host[0]) {
        records->has_none = true;
        return;
    }
    snprintf(absolute, sizeof absolute, "%.*s.", SG_NAME_MAX - 1, host);
    if (strlen(absolute) >= SG_NAME_MAX || port == 0 ||
        !sg_host_is_valid(absolute)) {
        reject(records, host);
        return;
    }
    record = add(records, priority, weight);
    if (!record)
        return;
    strcpy(record->target.host, absolute);
    record->target.port = port;
    record->target.transport = transport;
}

/* Behind the word and a colon, or NULL.  As in libkrb5 case does not matter. */
static const char *
behind(const char *text, const char *word)
{
    size_t len = strlen(word);

    if (strncasecmp(text, word, len) != 0 || text[len] != ':')
        return NULL;
    return text + len + 1;
}

void
sg_kdc_records_add_uri(struct sg_kdc_records *records, const char *uri,
                       uint16_t priority, uint16_t weight)
{
    static const char *const transports[] = {"udp", "tcp", "kkdcp"};
    const char *flags = behind(uri, "krb5srv"), *rest = NULL;
    struct sg_kdc_record *record;
    struct sg_target target;
    int i;

    /* the only flag, m for a primary KDC, is of no interest */
    flags = flags ? strchr(flags, ':') : NULL;
    for (i = 0; flags && i < 3; i++) {
        rest = behind(flags + 1, transports[i]);
        if (rest)
            break;
    }
    if (!rest) {
        reject(records, uri);
    } else if (i == 2) {
        if (strncmp(rest, "https://", 8) != 0)
            reject(records, uri);
        else if (records->n_proxies++ == 0)
            keep_text(rest, records->proxy);
    } else if (sg_host_port_parse(rest, KDC_PORT, target.host, &target.port)) {
        reject(records, uri);
    } else {
        record = add(records, priority, weight);
        if (!record)
            return;
        strcpy(record->target.host, target.host);
        record->target.port = target.port;
        record->target.transport = i == 0 ? SG_TRANSPORT_UDP : SG_TRANSPORT_TCP;
    }
}

void
sg_kdc_records_append(struct sg_kdc_records *records,
                      const struct sg_kdc_records *more)
{
    size_t room = SG_MAX_RECORDS - records->n;
    size_t n = more->n < room ? more->n : room;

    memcpy(records->record + records->n, more->record,
           n * sizeof *more->record);
    records->n += n;
    records->n_dropped += more->n_dropped + (int)(more->n - n);
    if (records->n_bad == 0)
        memcpy(records->bad, more->bad, sizeof records->bad);
    records->n_bad += more->n_bad;
    if (records->n_proxies == 0)
        memcpy(records->proxy, more->proxy, sizeof records->proxy);
    records->n_proxies += more->n_proxies;
    records->has_none = records->has_none || more->has_none;
}

static int
compare_rank(const struct sg_kdc_record *a, const struct sg_kdc_record *b)
{
    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    return 0;
}

static int
compare_place(const struct sg_kdc_record *a, const struct sg_kdc_record *b)
{
    int order = strcasecmp(a->target.host, b->target.host);

    return order ? order : a->target.port - b->target.port;
}

static int
by_place(const void *a, const void *b)
{
    int order = compare_place(a, b);

    return order ? order : compare_rank(a, b);
}

static int
by_rank(const void *a, const void *b)
{
    int order = compare_rank(a, b);

    return order ? order : compare_place(a, b);
}

/* Records of one place become one with the best rank of them. */
static void
merge(struct sg_kdc_records *records)
{
    size_t n = 0;

    qsort(records->record, records->n, sizeof *records->record, by_place);
    for (size_t i = 0; i < records->n; i++) {
        struct sg_kdc_record *record = &records->record[i];
        struct sg_kdc_record *last = n ? &records->record[n - 1] : NULL;

        if (!last || compare_place(last, record) != 0)
            records->record[n++] = *record;
        else if (last->target.transport != record->target.transport)
            last->target.transport = SG_TRANSPORT_AUTO;
    }
    records->n = n;
}

void
sg_kdc_records_list(struct sg_kdc_records *records, struct sg_kdc_list *ret)
{
    size_t n;

    merge(records);
    n = records->n < SG_MAX_KDCS ? records->n : SG_MAX_KDCS;
    if (records->n > 1)
        qsort(records->record, records->n, sizeof *records->record, by_rank);
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < n; i++)
        ret->kdcs[i] = records->record[i].target;
    ret->n_kdcs = (int)n;
    ret->n_left_out = (int)(records->n - n) + records->n_dropped;
}

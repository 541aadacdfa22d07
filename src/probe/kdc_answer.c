#include "probe/kdc_answer.h"

/* What newer versions call deprecated is all that older ones have. */
#define CARES_NO_DEPRECATED
#include <ares.h>

static int
read_srv(const unsigned char *bytes, int len, enum sg_transport transport,
         struct sg_kdc_records *records)
{
    struct ares_srv_reply *list = NULL;
    int status = ares_parse_srv_reply(bytes, len, &list);

    if (status == ARES_SUCCESS && !list)
        status = ARES_ENODATA; /* an alias, and nothing behind it */
    for (struct ares_srv_reply *srv = list; srv; srv = srv->next)
        sg_kdc_records_add_srv(records, srv->host, srv->port, srv->priority,
                               srv->weight, transport);
    if (list)
        ares_free_data(list);
    return status;
}

static int
read_uri(const unsigned char *bytes, int len, struct sg_kdc_records *records)
{
    struct ares_uri_reply *list = NULL;
    int status = ares_parse_uri_reply(bytes, len, &list);

    if (status == ARES_SUCCESS && !list)
        status = ARES_ENODATA;
    for (struct ares_uri_reply *uri = list; uri; uri = uri->next)
        sg_kdc_records_add_uri(records, uri->uri, uri->priority, uri->weight);
    if (list)
        ares_free_data(list);
    return status;
}

int
sg_kdc_answer_read(const unsigned char *bytes, int len,
                   enum sg_transport transport, struct sg_kdc_records *records)
{
    if (transport == SG_TRANSPORT_AUTO)
        return read_uri(bytes, len, records);
    return read_srv(bytes, len, transport, records);
}

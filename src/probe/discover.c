#include "probe/discover.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/channel.h"
#include "probe/hostname.h"
#include "probe/kdc_answer.h"

#define CLASS_IN 1 /* of DNS: the Internet */

/* In the order of preference, for each kind of record. */
enum which {
    SITE_URI,
    REALM_URI,
    SITE_UDP,
    REALM_UDP,
    SITE_TCP,
    REALM_TCP,
    N_QUESTIONS,
};

static const struct {
    int type;
    const char *prefix;
    bool is_of_site;
    enum sg_transport transport;
} kinds[N_QUESTIONS] = {
    {SG_DNS_URI, "_kerberos", true, SG_TRANSPORT_AUTO},
    {SG_DNS_URI, "_kerberos", false, SG_TRANSPORT_AUTO},
    {SG_DNS_SRV, "_kerberos._udp", true, SG_TRANSPORT_UDP},
    {SG_DNS_SRV, "_kerberos._udp", false, SG_TRANSPORT_UDP},
    {SG_DNS_SRV, "_kerberos._tcp", true, SG_TRANSPORT_TCP},
    {SG_DNS_SRV, "_kerberos._tcp", false, SG_TRANSPORT_TCP},
};

/*
 * One question.  c-ares cannot let go of it before it has ended: a forgotten
 * one, whose discover is NULL, frees itself then.
 */
struct asked {
    struct sg_discover *discover;
    enum which which;
};

struct answer {
    struct asked *asked; /* NULL: not asked, or answered */
    int status;          /* of c-ares; ARES_ENODATA if it was not asked */
    struct sg_kdc_records *records; /* with ARES_SUCCESS */
};

struct sg_discover {
    struct sg_channel *channel;
    struct event *deliver, *limit;
    struct answer answers[N_QUESTIONS];
    struct sg_discover_question question;
    const char *refusal; /* nothing can be asked, and why */
    bool is_late, is_done;
    sg_discover_done *done;
    void *arg;
};

/* ---- the choice ---- */

/* The bytes are a server's, or whoever's. */
static void
read_answer(struct answer *answer, enum which which, const unsigned char *bytes,
            int len)
{
    answer->records = calloc(1, sizeof *answer->records);
    if (!answer->records) {
        answer->status = ARES_ENOMEM;
        return;
    }
    answer->status =
        sg_kdc_answer_read(bytes, len, kinds[which].transport, answer->records);
    if (answer->status == ARES_SUCCESS)
        return;
    free(answer->records);
    answer->records = NULL;
}

static bool
is_absent(int status)
{
    return status == ARES_ENODATA || status == ARES_ENOTFOUND;
}

/* The site's answer if there is one. */
static struct answer *
best_of(struct sg_discover *discover, enum which site)
{
    struct answer *answer = &discover->answers[site];

    return answer->records ? answer : answer + 1;
}

/* libkrb5 goes on to SRV if URI gives no server at all; a proxy is one. */
static bool
has_server(const struct answer *uri)
{
    return uri->records && (uri->records->n > 0 || uri->records->n_proxies > 0);
}

static void
take_records(struct sg_kdc_records *records, enum sg_discover_how how,
             struct sg_discover_answer *ret)
{
    ret->how = how;
    ret->n_proxies = records->n_proxies;
    ret->n_bad = records->n_bad;
    memcpy(ret->proxy, records->proxy, sizeof ret->proxy);
    memcpy(ret->bad, records->bad, sizeof ret->bad);
    sg_kdc_records_list(records, &ret->list);
    if (ret->list.n_kdcs > 0)
        return;
    if (records->has_none && ret->n_bad == 0)
        snprintf(ret->why_not, sizeof ret->why_not,
                 "DNS says that the realm has no KDC");
    else
        snprintf(ret->why_not, sizeof ret->why_not,
                 "the %s records in DNS name no KDC that can be asked",
                 how == SG_DISCOVER_URI ? "URI" : "SRV");
}

/* No record at all: as all servers say, or as nobody would say. */
static void
explain(const struct sg_discover *discover, struct sg_discover_answer *ret)
{
    int status = ARES_ENODATA;

    for (int i = 0; i < N_QUESTIONS; i++)
        if (!is_absent(discover->answers[i].status))
            status = discover->answers[i].status;
    ret->how = is_absent(status) ? SG_DISCOVER_NONE : SG_DISCOVER_FAILED;
    if (discover->refusal)
        snprintf(ret->why_not, sizeof ret->why_not, "DNS cannot be asked: %s",
                 discover->refusal);
    else if (is_absent(status))
        snprintf(ret->why_not, sizeof ret->why_not,
                 "DNS has no %sSRV records of KDCs",
                 discover->question.uses_uri ? "URI or " : "");
    else if (discover->is_late || status == ARES_ETIMEOUT)
        snprintf(ret->why_not, sizeof ret->why_not,
                 "DNS: no answer within %d s", SG_DISCOVER_S);
    else
        snprintf(ret->why_not, sizeof ret->why_not, "DNS: %s",
                 sg_channel_failure(status));
}

static void
choose(struct sg_discover *discover, struct sg_discover_answer *ret)
{
    struct answer *uri = best_of(discover, SITE_URI);
    struct answer *udp = best_of(discover, SITE_UDP);
    struct answer *tcp = best_of(discover, SITE_TCP);

    memset(ret, 0, sizeof *ret);
    if (has_server(uri)) {
        take_records(uri->records, SG_DISCOVER_URI, ret);
        return;
    }
    if (!udp->records && !tcp->records) {
        explain(discover, ret);
        return;
    }
    if (udp->records && tcp->records)
        sg_kdc_records_append(udp->records, tcp->records);
    take_records(udp->records ? udp->records : tcp->records, SG_DISCOVER_SRV,
                 ret);
}

/* ---- the questions ---- */

/* Everything that counts is there. */
static bool
is_answered(const struct sg_discover *discover, enum which site)
{
    const struct answer *answer = &discover->answers[site];

    return !answer[0].asked && (answer[0].records || !answer[1].asked);
}

static bool
is_complete(struct sg_discover *discover)
{
    if (!is_answered(discover, SITE_URI))
        return false;
    return has_server(best_of(discover, SITE_URI)) ||
           (is_answered(discover, SITE_UDP) && is_answered(discover, SITE_TCP));
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
    struct asked *asked = arg;
    struct sg_discover *discover = asked->discover;
    struct answer *answer;

    (void)timeouts;
    if (discover) {
        answer = &discover->answers[asked->which];
        answer->asked = NULL;
        answer->status = status;
        if (status == ARES_SUCCESS)
            read_answer(answer, asked->which, bytes, len);
        /* not from in here, be it from inside c-ares or of the caller */
        if (is_complete(discover))
            event_active(discover->deliver, EV_TIMEOUT, 0);
    }
    free(asked);
}

static void
on_deliver(evutil_socket_t fd, short what, void *arg)
{
    struct sg_discover *discover = arg;
    struct sg_discover_answer answer;

    (void)fd;
    (void)what;
    /* An answer that came while questions were still being asked only seemed to
     * be the last; one that comes later than what counts is not needed. */
    if (discover->is_done || !(discover->is_late || is_complete(discover)))
        return;
    discover->is_done = true;
    evtimer_del(discover->limit);
    choose(discover, &answer);
    discover->done(discover->arg, &answer);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
    struct sg_discover *discover = arg;

    (void)fd;
    (void)what;
    discover->is_late = true;
    for (int i = 0; i < N_QUESTIONS; i++)
        if (discover->answers[i].asked)
            discover->answers[i].status = ARES_ETIMEOUT;
    event_active(discover->deliver, EV_TIMEOUT, 0);
}

static bool
ask(struct sg_discover *discover, ares_channel ares, enum which which)
{
    const struct sg_discover_question *question = &discover->question;
    struct asked *asked = calloc(1, sizeof *asked);
    char name[3 * SG_NAME_MAX];

    if (!asked)
        return false;
    *asked = (struct asked){discover, which};
    discover->answers[which].asked = asked;
    snprintf(name, sizeof name, "%s.%s%s%s", kinds[which].prefix,
             kinds[which].is_of_site ? question->sitename : "",
             kinds[which].is_of_site ? "._sites." : "", question->realm);
    ares_query(ares, name, CLASS_IN, kinds[which].type, on_answer, asked);
    return true;
}

/* Is it asked at all? */
static bool
is_wanted(const struct sg_discover_question *question, enum which which)
{
    return (question->uses_uri || kinds[which].type != SG_DNS_URI) &&
           (question->sitename[0] || !kinds[which].is_of_site);
}

static bool
ask_all(struct sg_discover *discover, ares_channel ares)
{
    for (enum which which = 0; which < N_QUESTIONS; which++)
        discover->answers[which].status = ARES_ENODATA;
    for (enum which which = 0; which < N_QUESTIONS; which++)
        if (is_wanted(&discover->question, which) &&
            !ask(discover, ares, which))
            return false;
    sg_channel_asked(discover->channel);
    return true;
}

/* Why these names cannot stand in DNS; NULL: they can. */
static const char *
find_refusal(const struct sg_discover_question *question)
{
    char name[3 * SG_NAME_MAX];

    snprintf(name, sizeof name, "%s.%s%s%s", kinds[REALM_UDP].prefix,
             question->sitename, question->sitename[0] ? "._sites." : "",
             question->realm);
    return sg_host_is_valid(name) ? NULL : "the realm's name is no domain";
}

static bool
begin(struct sg_discover *discover)
{
    const struct timeval limit = {SG_DISCOVER_S, 0};
    ares_channel ares;
    struct sg_err err;

    evtimer_add(discover->limit, &limit);
    discover->refusal = find_refusal(&discover->question);
    ares = sg_channel_ares(discover->channel, &err);
    if (!discover->refusal && ares)
        return ask_all(discover, ares);
    for (int i = 0; i < N_QUESTIONS; i++)
        discover->answers[i].status =
            discover->refusal ? ARES_ENODATA : ARES_ENOTINITIALIZED;
    event_active(discover->deliver, EV_TIMEOUT, 0);
    return true;
}

struct sg_discover *
sg_discover_new(struct event_base *base, struct sg_channel *channel,
                const struct sg_discover_question *question,
                sg_discover_done *done, void *arg)
{
    struct sg_discover *discover = calloc(1, sizeof *discover);

    if (!discover)
        return NULL;
    discover->channel = channel;
    discover->question = *question;
    discover->done = done;
    discover->arg = arg;
    discover->deliver = evtimer_new(base, on_deliver, discover);
    discover->limit = evtimer_new(base, on_limit, discover);
    if (discover->deliver && discover->limit && begin(discover))
        return discover;
    sg_discover_free(discover);
    return NULL;
}

void
sg_discover_free(struct sg_discover *discover)
{
    if (!discover)
        return;
    for (int i = 0; i < N_QUESTIONS; i++) {
        if (discover->answers[i].asked)
            discover->answers[i].asked->discover = NULL;
        free(discover->answers[i].records);
    }
    if (discover->deliver)
        event_free(discover->deliver);
    if (discover->limit)
        event_free(discover->limit);
    free(discover);
}

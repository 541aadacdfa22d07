/*
 * "skewguard query HOST...": a few exchanges with each NTP server, in the
 * manner of "ntpdate -q", without daemon and privilege.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostclock.h"
#include "base/log.h"
#include "cli/command.h"
#include "probe/resolve.h"
#include "probe/source.h"
#include "report/words.h"

#define EXCHANGES 4
#define INTERVAL_S 0.25

struct query;

struct host {
    struct query *query;
    const char *word; /* as on the command line */
    struct sg_source *source;
    struct event *timer;
    int asked;
    int answered;
    struct sg_sample best;
    double offset_s; /* of best */
    char failure[SG_OUTCOME_TEXT_MAX];
};

struct query {
    struct event_base *base;
    struct sg_resolver *resolver;
    struct sg_probe_env env;
    struct host *hosts;
    int n_hosts;
    int n_open; /* still asking */
};

/* Further requests would only be rude, or fail in the same way. */
static bool
is_final(enum sg_outcome_code code)
{
    switch (code) {
    case SG_OUTCOME_REFUSED:
    case SG_OUTCOME_UNREACHABLE:
    case SG_OUTCOME_NAME:
    case SG_OUTCOME_LOCAL:
    case SG_OUTCOME_KISS_RATE:
    case SG_OUTCOME_KISS_DENY:
        return true;
    default:
        return false;
    }
}

static void
finish(struct host *host)
{
    struct query *query = host->query;

    query->n_open--;
    if (query->n_open == 0)
        event_base_loopbreak(query->base);
}

static void
ask(struct host *host)
{
    host->asked++;
    if (sg_source_ask(host->source))
        return;
    snprintf(host->failure, sizeof host->failure, "could not be asked");
    finish(host);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    ask(arg);
}

/* The least delay is the least disturbed exchange. */
static void
keep_best(struct host *host, const struct sg_sample *sample)
{
    struct sg_reading now = sg_host_reading();
    struct sg_wall local =
        sg_wall_add(now.wall, sg_raw_diff(sample->at, now.raw));

    host->answered++;
    if (host->answered > 1 && sample->delay_s >= host->best.delay_s)
        return;
    host->best = *sample;
    host->offset_s = sg_wall_diff(sample->guess, local);
}

static void
on_answer(void *arg, struct sg_source *source, const struct sg_outcome *outcome)
{
    const struct timeval interval = {0, (suseconds_t)(INTERVAL_S * 1e6)};
    struct host *host = arg;

    (void)source;
    if (outcome->code == SG_OUTCOME_OK)
        keep_best(host, &outcome->sample);
    else
        snprintf(host->failure, sizeof host->failure, "%s", outcome->text);
    if (host->asked == EXCHANGES || is_final(outcome->code) ||
        event_add(host->timer, &interval) != 0)
        finish(host);
}

/* Where host and port of a word part; NULL if it has no port. */
static const char *
find_colon(const char *word)
{
    const char *colon = strrchr(word, ':');

    if (word[0] == '[')
        return colon && colon > word && colon[-1] == ']' ? colon : NULL;
    /* More than one, and no brackets: an IPv6 address. */
    return colon == strchr(word, ':') ? colon : NULL;
}

/* HOST, HOST:PORT, ADDRESS, [ADDRESS]:PORT */
static int
parse_host(const char *word, struct sg_target *ret, struct sg_err *err)
{
    const char *colon = find_colon(word);
    const char *host = word;
    size_t len = colon ? (size_t)(colon - word) : strlen(word);
    unsigned long port = 0;
    char *end;

    if (colon) {
        port = strtoul(colon + 1, &end, 10);
        if (colon[1] < '0' || colon[1] > '9' || *end || port < 1 ||
            port > 65535)
            return sg_err_set(err, -EINVAL,
                              "%s: port \"%s\", allowed 1 to 65535", word,
                              colon + 1);
    }
    if (len >= 2 && word[0] == '[' && word[len - 1] == ']') {
        host++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof ret->host)
        return sg_err_set(err, -EINVAL,
                          "\"%s\": a name of %zu characters, allowed 1 to %zu",
                          word, len, sizeof ret->host - 1);
    memset(ret, 0, sizeof *ret);
    ret->kind = SG_KIND_NTP;
    memcpy(ret->host, host, len);
    ret->port = (uint16_t)port;
    return 0;
}

static int
open_host(struct query *query, struct host *host, const char *word,
          struct sg_err *err)
{
    struct sg_target target;
    int r = parse_host(word, &target, err);

    if (r < 0)
        return r;
    host->query = query;
    host->word = word;
    host->timer = evtimer_new(query->base, on_timer, host);
    if (!host->timer)
        return sg_err_set(err, -ENOMEM, "%s: out of memory", word);
    host->source = sg_source_new(&query->env, &target, on_answer, host, err);
    return host->source ? 0 : -EINVAL;
}

static void
close_query(struct query *query)
{
    for (int i = 0; i < query->n_hosts; i++) {
        sg_source_free(query->hosts[i].source);
        if (query->hosts[i].timer)
            event_free(query->hosts[i].timer);
    }
    free(query->hosts);
    sg_resolver_free(query->resolver);
    if (query->base)
        event_base_free(query->base);
}

static int
open_query(struct query *query, int n, char **words, struct sg_err *err)
{
    query->base = event_base_new();
    query->hosts = calloc((size_t)n, sizeof *query->hosts);
    if (!query->base || !query->hosts)
        return sg_err_set(err, -ENOMEM, "query: out of memory");
    query->n_hosts = n;
    query->resolver = sg_resolver_new(query->base, NULL, err);
    if (!query->resolver)
        return -EIO;
    query->env.base = query->base;
    query->env.resolver = query->resolver;
    for (int i = 0; i < n; i++) {
        int r = open_host(query, &query->hosts[i], words[i], err);

        if (r < 0)
            return r;
    }
    return 0;
}

/* "server 192.0.2.1, stratum 2, offset +0.003214, delay 0.00031: ..." */
static void
add_line(struct sg_buf *buf, const struct host *host)
{
    char address[SG_ADDRESS_MAX] = "";
    const char *shown = sg_source_address(host->source, address, sizeof address)
                            ? address
                            : host->word;

    sg_buf_add(buf, "server %s, ", sg_words_clean(shown).text);
    if (host->answered == 0)
        sg_buf_add(buf, "no time: %s\n", sg_words_clean(host->failure).text);
    else
        sg_buf_add(buf,
                   "stratum %d, offset %+.6f, delay %.5f: this host is %s %s "
                   "%s\n",
                   host->best.stratum, host->offset_s, host->best.delay_s,
                   sg_words_span(host->offset_s).text,
                   sg_words_direction(host->offset_s),
                   sg_words_clean(host->word).text);
}

static int
ask_all(struct query *query)
{
    struct sg_buf text = SG_BUF_INIT;
    int code = 1;

    query->n_open = query->n_hosts;
    for (int i = 0; i < query->n_hosts; i++)
        ask(&query->hosts[i]);
    if (query->n_open > 0)
        event_base_dispatch(query->base);
    for (int i = 0; i < query->n_hosts; i++) {
        add_line(&text, &query->hosts[i]);
        if (query->hosts[i].answered > 0)
            code = 0;
    }
    return sg_command_print(&text, code);
}

int
sg_query_run(const struct sg_invocation *invocation)
{
    struct query query = {0};
    struct sg_err err = {""};
    int r = open_query(&query, invocation->n_words, invocation->words, &err);
    int code;

    if (r == 0)
        code = ask_all(&query);
    else {
        sg_log(LOG_ERR, "query: %s", err.text);
        code = r == -EINVAL ? SG_EXIT_USAGE : 1;
    }
    close_query(&query);
    return code;
}

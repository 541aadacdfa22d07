#include "probe/source.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostclock.h"
#include "probe/hostname.h"
#include "probe/net.h"
#include "probe/resolve.h"

#define LOOKUP_AGE_MAX_S 3600
/* A failed look-up does not hold up a source that answers: not so often. */
#define LOOKUP_RETRY_S 300
#define SILENCES_BEFORE_TCP 2
#define TCP_AGE_MAX_S 3600

static const struct sg_exchange_ops *const kinds[SG_KIND_COUNT] = {
    [SG_KIND_NTP] = &sg_ntp_ops,
    [SG_KIND_KDC] = &sg_kdc_ops,
    [SG_KIND_KEYTAB] = &sg_keytab_ops,
};

struct sg_source {
    struct sg_probe_env env;
    struct sg_target target; /* with the port in force */
    const struct sg_exchange_ops *ops;
    sg_source_done *done;
    void *arg;

    /* The question that is open. */
    bool is_asked;
    size_t tries; /* exchanges made for it */
    struct sg_lookup *lookup;
    struct sg_exchange *exchange;
    struct event *step; /* goes on with it, from the loop */
    struct sg_outcome outcome;

    /* Addresses. */
    size_t count; /* 0: never found */
    size_t current;
    bool moves_on;   /* the next exchange takes the next address */
    size_t failures; /* addresses that failed since one answered */
    struct sg_address addresses[SG_RESOLVE_MAX];
    struct sg_raw looked_up; /* when that was last tried */
    bool lookup_failed;

    /* Transport. */
    unsigned silences; /* over UDP, in a row */
    bool uses_tcp;     /* for now: SG_TRANSPORT_AUTO */
    struct sg_raw tcp_since;
    bool was_tcp; /* the last exchange */
};

/* ---- transport ---- */

static bool
may_change_transport(const struct sg_source *source)
{
    return source->ops->has_tcp &&
           source->target.transport == SG_TRANSPORT_AUTO;
}

static void
use_udp(struct sg_source *source)
{
    source->uses_tcp = false;
    source->silences = 0;
}

static void
use_tcp(struct sg_source *source)
{
    source->uses_tcp = true;
    source->tcp_since = sg_host_raw();
}

static bool
choose_tcp(struct sg_source *source)
{
    if (!source->ops->has_tcp)
        return false;
    if (source->uses_tcp &&
        sg_raw_diff(sg_host_raw(), source->tcp_since) > TCP_AGE_MAX_S)
        use_udp(source);
    return source->uses_tcp || source->target.transport == SG_TRANSPORT_TCP;
}

static bool
is_failure(enum sg_outcome_code code)
{
    return code == SG_OUTCOME_NO_REPLY || code == SG_OUTCOME_REFUSED ||
           code == SG_OUTCOME_UNREACHABLE;
}

/*
 * Learn which transport serves.  Refused counts as silence: a KDC may listen
 * on TCP alone, and a packet filter may reject instead of drop.  True if the
 * other one is to be tried at once.
 */
static bool
learn_transport(struct sg_source *source, enum sg_outcome_code code)
{
    bool is_silence = code == SG_OUTCOME_NO_REPLY || code == SG_OUTCOME_REFUSED;

    if (!may_change_transport(source))
        return false;
    if (source->was_tcp) {
        if (is_failure(code))
            use_udp(source);
        return false;
    }
    source->silences = is_silence ? source->silences + 1 : 0;
    if (source->silences >= SILENCES_BEFORE_TCP || code == SG_OUTCOME_TOO_BIG)
        use_tcp(source);
    return code == SG_OUTCOME_TOO_BIG;
}

/* ---- addresses ---- */

/* True if another address is to be tried at once. */
static bool
learn_address(struct sg_source *source, enum sg_outcome_code code)
{
    if (!is_failure(code)) {
        source->failures = 0;
        return false;
    }
    source->moves_on = true;
    source->failures++;
    /* Without a route nothing was asked, and nobody is bothered by more. */
    return code == SG_OUTCOME_UNREACHABLE && source->tries < source->count;
}

static bool
needs_lookup(const struct sg_source *source)
{
    double age_s = sg_raw_diff(sg_host_raw(), source->looked_up);

    if (source->count == 0 || source->failures >= source->count)
        return true;
    return age_s > (source->lookup_failed ? LOOKUP_RETRY_S : LOOKUP_AGE_MAX_S);
}

static bool
is_same_host(const struct sg_address *a, const struct sg_address *b)
{
    char a_text[SG_ADDRESS_MAX], b_text[SG_ADDRESS_MAX];

    sg_net_address_text(a, a_text, sizeof a_text);
    sg_net_address_text(b, b_text, sizeof b_text);
    return strcmp(a_text, b_text) == 0;
}

/* Stay with the address in use where the new list still has it. */
static void
take_addresses(struct sg_source *source, const struct sg_address *addresses,
               size_t count)
{
    size_t current = 0;
    bool is_kept = false;

    if (count > SG_RESOLVE_MAX)
        count = SG_RESOLVE_MAX;
    for (size_t i = 0; i < count && source->count > 0 && !is_kept; i++)
        if (is_same_host(&addresses[i], &source->addresses[source->current])) {
            current = i;
            is_kept = true;
        }
    memcpy(source->addresses, addresses, count * sizeof *addresses);
    source->count = count;
    source->current = current;
    source->moves_on = source->moves_on && is_kept;
    source->failures = 0;
}

/* ---- one question ---- */

/* In this turn of the loop: a timer would cost a turn of its own. */
static void
step_soon(struct sg_source *source)
{
    event_active(source->step, EV_TIMEOUT, 0);
}

/* A name may be longer than all the room there is for the reason. */
static void
end_soon(struct sg_source *source, enum sg_outcome_code code, const char *why)
{
    source->outcome = (struct sg_outcome){.code = code};
    snprintf(source->outcome.text, sizeof source->outcome.text, "%.80s: %s",
             source->target.host, why);
    step_soon(source);
}

/* The kind frees nothing itself and calls from inside: note, and go on later.
 */
static void
on_exchange_done(void *arg, const struct sg_outcome *outcome)
{
    struct sg_source *source = arg;

    source->outcome = *outcome;
    step_soon(source);
}

static void
start_exchange(struct sg_source *source)
{
    if (source->moves_on)
        source->current = (source->current + 1) % source->count;
    source->moves_on = false;
    source->was_tcp = choose_tcp(source);
    source->tries++;
    source->exchange = source->ops->start(
        &source->env, &source->target, &source->addresses[source->current],
        source->was_tcp, on_exchange_done, source);
    if (!source->exchange)
        end_soon(source, SG_OUTCOME_LOCAL, strerror(ENOMEM));
}

static void
on_lookup_done(void *arg, const struct sg_address *addresses, size_t count,
               const char *why_not)
{
    struct sg_source *source = arg;

    source->lookup = NULL;
    source->looked_up = sg_host_raw();
    source->lookup_failed = count == 0;
    if (count > 0)
        take_addresses(source, addresses, count);
    /* Old addresses are better than none while DNS is down. */
    if (source->count > 0)
        start_exchange(source);
    else
        end_soon(source, SG_OUTCOME_NAME, why_not);
}

/* An exchange, or the way to one, is over. */
static void
on_step(int fd, short what, void *arg)
{
    struct sg_source *source = arg;
    enum sg_outcome_code code = source->outcome.code;
    bool again = false;

    (void)fd, (void)what;
    if (source->exchange) {
        source->ops->free(source->exchange);
        source->exchange = NULL;
        again = learn_transport(source, code);
        again = learn_address(source, code) || again;
    }
    if (again) {
        start_exchange(source);
        return;
    }
    source->is_asked = false;
    source->done(source->arg, source, &source->outcome);
}

bool
sg_source_ask(struct sg_source *source)
{
    if (source->is_asked)
        return false;
    source->is_asked = true;
    source->tries = 0;
    if (!needs_lookup(source)) {
        start_exchange(source);
        return true;
    }
    source->lookup =
        sg_resolver_lookup(source->env.resolver, source->target.host,
                           source->target.port, on_lookup_done, source);
    if (!source->lookup)
        end_soon(source, SG_OUTCOME_LOCAL, strerror(ENOMEM));
    return true;
}

/* ---- the source ---- */

struct sg_source *
sg_source_new(const struct sg_probe_env *env, const struct sg_target *target,
              sg_source_done *done, void *arg, struct sg_err *err)
{
    struct sg_address unused;
    struct sg_source *source;
    struct sg_err why;

    if (sg_host_parse(target->host, &unused, &why) == -EINVAL) {
        sg_err_set(err, 0, "\"%s\": %.200s", target->host, why.text);
        return NULL;
    }
    source = calloc(1, sizeof *source);
    if (source) {
        source->env = *env;
        source->target = *target;
        source->ops = kinds[target->kind];
        source->done = done;
        source->arg = arg;
        source->step = evtimer_new(env->base, on_step, source);
    }
    if (!source || !source->step) {
        sg_err_set(err, -ENOMEM, "%s: %s", target->host, strerror(ENOMEM));
        free(source);
        return NULL;
    }
    if (source->target.port == 0)
        source->target.port = source->ops->default_port;
    return source;
}

void
sg_source_free(struct sg_source *source)
{
    if (!source)
        return;
    sg_lookup_cancel(source->lookup);
    source->ops->free(source->exchange);
    event_free(source->step);
    free(source);
}

bool
sg_source_address(const struct sg_source *source, char *ret, size_t size)
{
    if (source->count == 0)
        return false;
    sg_net_address_text(&source->addresses[source->current], ret, size);
    return true;
}

uint16_t
sg_source_port(const struct sg_source *source)
{
    return source->target.port;
}

bool
sg_source_is_tcp(const struct sg_source *source)
{
    return source->was_tcp;
}

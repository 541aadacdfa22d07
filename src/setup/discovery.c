#include "setup/discovery.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "probe/channel.h"

struct round {
    struct sg_discovery *discovery;
    struct sg_discover *discover; /* NULL: it has its answer */
    bool needs_kdcs;              /* a trust may be without */
};

struct sg_discovery {
    struct event_base *base;
    struct sg_channel *channel;
    struct sg_findings findings;
    struct round rounds[SG_MAX_REALMS]; /* one for each finding */
    bool has_failed;
    sg_discovery_done *done;
    void *arg;
};

static void
end_round(struct sg_discovery *discovery)
{
    for (int i = 0; i < SG_MAX_REALMS; i++) {
        sg_discover_free(discovery->rounds[i].discover);
        discovery->rounds[i].discover = NULL;
    }
}

static bool
is_under_way(const struct sg_discovery *discovery)
{
    for (int i = 0; i < SG_MAX_REALMS; i++)
        if (discovery->rounds[i].discover)
            return true;
    return false;
}

static void
on_answer(void *arg, const struct sg_discover_answer *answer)
{
    struct round *round = arg;
    struct sg_discovery *discovery = round->discovery;

    sg_finding_take(&discovery->findings.finding[round - discovery->rounds],
                    answer);
    if (answer->how == SG_DISCOVER_FAILED ||
        (answer->list.n_kdcs == 0 && round->needs_kdcs))
        discovery->has_failed = true;
    sg_discover_free(round->discover);
    round->discover = NULL;
    if (!is_under_way(discovery))
        discovery->done(discovery->arg);
}

/* What is known of this question, in its new place. */
static void
keep_finding(const struct sg_findings *before,
             const struct sg_discover_question *question,
             struct sg_finding *ret)
{
    const struct sg_finding *old = sg_findings_of(before, question->realm);

    memset(ret, 0, sizeof *ret);
    if (old && sg_finding_is_of(old, question))
        *ret = *old;
    ret->question = *question;
    ret->is_news = false;
}

static bool
keep_findings(struct sg_discovery *discovery, const struct sg_plan *plan)
{
    struct sg_findings *before = malloc(sizeof *before);

    if (!before)
        return false;
    *before = discovery->findings;
    discovery->findings.n = plan->n_asks;
    for (int i = 0; i < plan->n_asks; i++)
        keep_finding(before, &plan->asks[i], &discovery->findings.finding[i]);
    free(before);
    return true;
}

static bool
is_realm_of(const struct sg_plan *plan, const char *name)
{
    for (int i = 0; i < plan->n_realms; i++)
        if (strcmp(plan->realms[i].name, name) == 0)
            return true;
    return false;
}

bool
sg_discovery_begin(struct sg_discovery *discovery, const struct sg_plan *plan)
{
    end_round(discovery);
    sg_channel_reload(discovery->channel);
    discovery->has_failed = false;
    if (!keep_findings(discovery, plan))
        return false;
    for (int i = 0; i < plan->n_asks; i++) {
        struct round *round = &discovery->rounds[i];

        round->discovery = discovery;
        round->needs_kdcs = is_realm_of(plan, plan->asks[i].realm);
        round->discover = sg_discover_new(discovery->base, discovery->channel,
                                          &plan->asks[i], on_answer, round);
        if (!round->discover)
            discovery->has_failed = true;
    }
    return is_under_way(discovery);
}

const struct sg_findings *
sg_discovery_findings(const struct sg_discovery *discovery)
{
    return &discovery->findings;
}

bool
sg_discovery_has_failed(const struct sg_discovery *discovery)
{
    return discovery->has_failed;
}

struct sg_discovery *
sg_discovery_new(struct event_base *base, const char *servers,
                 sg_discovery_done *done, void *arg, struct sg_err *err)
{
    struct sg_discovery *discovery = calloc(1, sizeof *discovery);

    if (!discovery) {
        sg_err_set(err, -1, "no memory");
        return NULL;
    }
    discovery->base = base;
    discovery->done = done;
    discovery->arg = arg;
    discovery->channel = sg_channel_new(base, servers, err);
    if (discovery->channel)
        return discovery;
    free(discovery);
    return NULL;
}

void
sg_discovery_free(struct sg_discovery *discovery)
{
    if (!discovery)
        return;
    end_round(discovery);
    sg_channel_free(discovery->channel);
    free(discovery);
}

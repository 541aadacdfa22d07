/*
 * probe REALM ADDRESS PORT udp|tcp: ask a KDC once, and print where its clock
 * lies against this host's, lower and upper bound in seconds.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostclock.h"
#include "probe/resolve.h"
#include "probe/source.h"

struct answer {
    struct event_base *base;
    struct sg_outcome outcome;
};

static void
on_done(void *arg, struct sg_source *source, const struct sg_outcome *outcome)
{
    struct answer *answer = arg;

    (void)source;
    answer->outcome = *outcome;
    event_base_loopbreak(answer->base);
}

int
main(int argc, char **argv)
{
    struct sg_target target = {.kind = SG_KIND_KDC};
    struct answer answer = {.base = event_base_new()};
    struct sg_probe_env env = {.base = answer.base};
    struct sg_err err = {""};
    struct sg_source *source;
    struct sg_reading now;
    struct sg_wall wall;

    if (argc != 5) {
        fprintf(stderr, "usage: probe REALM ADDRESS PORT udp|tcp\n");
        return 2;
    }
    snprintf(target.realm, sizeof target.realm, "%s", argv[1]);
    snprintf(target.host, sizeof target.host, "%s", argv[2]);
    target.port = (uint16_t)atoi(argv[3]);
    target.transport =
        strcmp(argv[4], "tcp") == 0 ? SG_TRANSPORT_TCP : SG_TRANSPORT_UDP;
    env.resolver = sg_resolver_new(env.base, NULL, &err);
    source = sg_source_new(&env, &target, on_done, &answer, &err);
    if (!env.resolver || !source || !sg_source_ask(source)) {
        fprintf(stderr, "probe: %s\n", err.text);
        return 1;
    }
    event_base_dispatch(env.base);
    now = sg_host_reading();
    wall =
        sg_wall_add(now.wall, sg_raw_diff(answer.outcome.sample.at, now.raw));
    if (answer.outcome.code != SG_OUTCOME_OK)
        fprintf(stderr, "probe: %s\n", answer.outcome.text);
    else
        printf("%.6f %.6f\n", sg_wall_diff(answer.outcome.sample.lower, wall),
               sg_wall_diff(answer.outcome.sample.upper, wall));
    sg_source_free(source);
    sg_resolver_free(env.resolver);
    event_base_free(env.base);
    return answer.outcome.code != SG_OUTCOME_OK;
}

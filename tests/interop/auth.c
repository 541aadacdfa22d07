/*
 * auth REALM ADDRESS PORT udp|tcp|auto N [KEYTAB]: ask a KDC N times for its
 * clock with the host's key, and print a line for each answer at once:
 *
 *     ok LOWER UPPER DELAY udp|tcp    its clock against this host's, seconds
 *     OUTCOME TEXT                    or why there is none
 *
 * With N = "-" it asks once for each line of standard input.  At the end, on
 * standard error: microseconds of CPU that each question but the first took.
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/hostclock.h"
#include "probe/krb5_host.h"
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

static void
print_answer(const struct sg_outcome *outcome, bool tcp)
{
    const struct sg_sample *sample = &outcome->sample;
    struct sg_reading now = sg_host_reading();
    struct sg_wall wall =
        sg_wall_add(now.wall, sg_raw_diff(sample->at, now.raw));

    if (outcome->code != SG_OUTCOME_OK)
        printf("%s %s\n", sg_outcome_name(outcome->code), outcome->text);
    else
        printf("ok %.6f %.6f %.6f %s\n", sg_wall_diff(sample->lower, wall),
               sg_wall_diff(sample->upper, wall), sample->delay_s,
               tcp ? "tcp" : "udp");
    fflush(stdout);
}

static double
cpu_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static bool
read_target(int argc, char **argv, struct sg_target *ret)
{
    static const char *const transports[] = {"auto", "udp", "tcp"};

    if (argc != 6 && argc != 7)
        return false;
    ret->kind = SG_KIND_KEYTAB;
    snprintf(ret->realm, sizeof ret->realm, "%s", argv[1]);
    snprintf(ret->host, sizeof ret->host, "%s", argv[2]);
    ret->port = (uint16_t)atoi(argv[3]);
    snprintf(ret->keytab, sizeof ret->keytab, "%s", argc == 7 ? argv[6] : "");
    for (int i = 0; i < 3; i++)
        if (strcmp(argv[4], transports[i]) == 0) {
            ret->transport = (enum sg_transport)i;
            return true;
        }
    return false;
}

/* Is there another question to ask? */
static bool
goes_on(const char *count, int asked)
{
    char line[16];

    if (strcmp(count, "-") == 0)
        return fgets(line, sizeof line, stdin);
    return asked < atoi(count);
}

int
main(int argc, char **argv)
{
    struct sg_target target = {.kind = SG_KIND_KEYTAB};
    struct answer answer = {.base = event_base_new()};
    struct sg_probe_env env = {.base = answer.base};
    struct sg_err err = {""};
    struct sg_source *source;
    double first_s = 0;
    int n = 0;

    if (!read_target(argc, argv, &target)) {
        fprintf(stderr, "usage: auth REALM ADDRESS PORT udp|tcp|auto N "
                        "[KEYTAB]\n");
        return 2;
    }
    env.resolver = sg_resolver_new(env.base, NULL, &err);
    env.hosts = sg_krb5_hosts_new();
    source = sg_source_new(&env, &target, on_done, &answer, &err);
    if (!env.resolver || !env.hosts || !source) {
        fprintf(stderr, "auth: %s\n", err.text);
        return 1;
    }
    for (; goes_on(argv[5], n) && sg_source_ask(source); n++) {
        event_base_dispatch(env.base);
        print_answer(&answer.outcome, sg_source_is_tcp(source));
        if (n == 0)
            first_s = cpu_s();
    }
    if (n > 1)
        fprintf(stderr, "%.0f us\n", (cpu_s() - first_s) / (n - 1) * 1e6);
    sg_source_free(source);
    sg_krb5_hosts_free(env.hosts);
    sg_resolver_free(env.resolver);
    event_base_free(env.base);
    return answer.outcome.code != SG_OUTCOME_OK;
}

/*
 * kdc REALM ADDRESS PORT udp|tcp N [keytab]: what an exchange with a KDC costs
 * us; with "keytab" one that proves the time, inside FAST.
 *
 * Makes N exchanges, one after the other, through the code that the daemon
 * uses, and prints the microseconds of CPU that one took of this process, in
 * the program and in the kernel.  On loopback the kernel's part includes
 * handing the packet to the KDC.  A keytab is used as the daemon would: the
 * default one, so KRB5_KTNAME chooses.
 */
#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "probe/krb5_host.h"
#include "probe/source.h"

/* Libraries are bound and memory is warm after some. */
#define WARM_UP 50

struct bench {
    struct sg_probe_env env;
    const struct sg_exchange_ops *ops;
    struct sg_target target;
    struct sg_address address;
    bool tcp;
    struct sg_outcome outcome;
};

static void
on_done(void *arg, const struct sg_outcome *outcome)
{
    struct bench *bench = arg;

    bench->outcome = *outcome;
    event_base_loopbreak(bench->env.base);
}

static void
exchange(struct bench *bench)
{
    struct sg_exchange *exchange =
        bench->ops->start(&bench->env, &bench->target, &bench->address,
                          bench->tcp, on_done, bench);

    if (!exchange) {
        fprintf(stderr, "kdc: no memory\n");
        exit(1);
    }
    event_base_dispatch(bench->env.base);
    bench->ops->free(exchange);
    if (bench->outcome.code != SG_OUTCOME_OK) {
        fprintf(stderr, "kdc: %s\n", bench->outcome.text);
        exit(1);
    }
}

static double
seconds(struct timeval tv)
{
    return (double)tv.tv_sec + (double)tv.tv_usec * 1e-6;
}

int
main(int argc, char **argv)
{
    static struct bench bench = {.ops = &sg_kdc_ops};
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct rusage before, after;
    int n;

    if (argc < 6 || argc > 7 ||
        inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) {
        fprintf(stderr, "usage: kdc REALM ADDRESS PORT udp|tcp N [keytab]\n");
        return 2;
    }
    snprintf(bench.target.realm, sizeof bench.target.realm, "%s", argv[1]);
    to.sin_port = htons((uint16_t)atoi(argv[3]));
    memcpy(&bench.address.addr, &to, sizeof to);
    bench.address.len = sizeof to;
    bench.tcp = strcmp(argv[4], "tcp") == 0;
    n = atoi(argv[5]);
    if (argc == 7)
        bench.ops = &sg_keytab_ops;
    bench.env.base = event_base_new();
    bench.env.hosts = sg_krb5_hosts_new();
    for (int i = 0; i < WARM_UP; i++)
        exchange(&bench);
    getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < n; i++)
        exchange(&bench);
    getrusage(RUSAGE_SELF, &after);
    printf("%.1f %.1f\n",
           (seconds(after.ru_utime) - seconds(before.ru_utime)) / n * 1e6,
           (seconds(after.ru_stime) - seconds(before.ru_stime)) / n * 1e6);
    sg_krb5_hosts_free(bench.env.hosts);
    event_base_free(bench.env.base);
    return 0;
}

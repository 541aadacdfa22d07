/*
 * Any bytes as a KDC's answer: never more than a named outcome, and a time
 * only in the bounds that a KRB-ERROR can hold.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/krb5_exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct sg_outcome *outcome, enum sg_krb5_verdict verdict)
{
    const int64_t end_ns = INT64_C(4294967296) * 1000000000;

    if (outcome->code != SG_OUTCOME_OK) {
        if (!outcome->text[0])
            abort();
        return;
    }
    if (verdict != SG_KRB5_ANSWERED || outcome->sample.lower.ns < 1000000000 ||
        outcome->sample.lower.ns >= outcome->sample.upper.ns ||
        outcome->sample.upper.ns > end_ns + 2000000)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sg_raw sent = {1000000000}, received = {1002000000};
    struct sg_krb5_exchange *exchange;
    struct sg_outcome outcome;
    enum sg_krb5_verdict verdict;

    setenv("KRB5_CONFIG", "/nonexistent/krb5.conf", 1);
    setenv("KRB5_KTNAME", "FILE:/nonexistent/keytab", 1);
    exchange = sg_krb5_exchange_new("SKEW.TEST", NULL, NULL);
    if (!exchange)
        abort();
    for (int i = 0; i < 2; i++) {
        memset(&outcome, 0xa5, sizeof outcome);
        verdict = sg_krb5_exchange_judge(exchange, data, size, sent, received,
                                         &outcome);
        check(&outcome, verdict);
    }
    sg_krb5_exchange_free(exchange);
    return 0;
}

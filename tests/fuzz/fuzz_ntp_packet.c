/*
 * Any bytes as an NTP reply.  The cookie is fixed, so that seeds get past it.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/ntp_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
    if (!holds)
        abort();
}

static void
check_sample(const struct sg_sample *sample, double round_s)
{
    require(sample->has_guess);
    require(sample->lower.ns <= sample->guess.ns);
    require(sample->guess.ns <= sample->upper.ns);
    require(sample->delay_s >= 0 && sample->delay_s <= round_s);
    require(isfinite(sample->root_s) && sample->root_s >= 0);
    require(sample->stratum >= 1 && sample->stratum <= 15);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sg_ntp_round round = {
        .cookie = 0x0123456789abcdef,
        .sent = {1000000000},
        .received = {1005000000},
        .pivot = {1790000000000000000},
    };
    struct sg_outcome outcome;

    memset(&outcome, 0xa5, sizeof outcome);
    sg_ntp_judge(&round, data, size, &outcome);
    require((unsigned)outcome.code < SG_OUTCOME_COUNT);
    require(memchr(outcome.text, '\0', sizeof outcome.text) != NULL);
    require((outcome.code == SG_OUTCOME_OK) == (outcome.text[0] == '\0'));
    if (outcome.code == SG_OUTCOME_OK)
        check_sample(&outcome.sample, 0.005);
    return 0;
}

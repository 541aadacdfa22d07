#include "core/verdict.h"

#include <math.h>
#include <stdio.h>

static enum sg_blame
nothing_wrong(const struct sg_verdict_case *facts, char *words,
              unsigned words_size)
{
    if (facts->liar) {
        snprintf(words, words_size,
                 "NTP server %.120s contradicts the other hosts and is ignored",
                 facts->liar);
        return SG_BLAME_NTP;
    }
    if (facts->hosts >= 2)
        snprintf(words, words_size, "%d hosts agree", facts->hosts);
    else if (facts->hosts == 0)
        snprintf(words, words_size,
                 "the hosts that answer do not agree, but differ by little");
    else
        snprintf(words, words_size,
                 "one host answers, nobody to compare it with");
    return SG_BLAME_NONE;
}

static double
matters_s(const struct sg_verdict_case *facts)
{
    return facts->warn_frac * facts->limit_s;
}

/* One server outside that two hosts contradict is no world: it is wrong. */
static bool
has_parted(const struct sg_verdict_case *facts)
{
    bool is_outvoted =
        facts->others == 1 && facts->hosts >= 2 && facts->kdc_in_majority;

    return facts->others > 0 && facts->apart_s > matters_s(facts) &&
           !is_outvoted;
}

/* The realm and the world outside it have parted. */
static enum sg_blame
parted(const struct sg_verdict_case *facts, char *words, unsigned words_size)
{
    if (facts->kdcs < 2) {
        snprintf(words, words_size,
                 "KDC %.120s: %.1f s from the %d NTP server%s outside the "
                 "realm",
                 facts->kdc, facts->apart_s, facts->others,
                 facts->others == 1 ? "" : "s");
        return facts->others >= 2 ? SG_BLAME_KDC : SG_BLAME_UNCLEAR;
    }
    snprintf(words, words_size,
             "the realm: its %d KDCs agree with each other and are %.1f s "
             "from the NTP server%s outside it",
             facts->kdcs, facts->apart_s, facts->others == 1 ? "" : "s");
    return SG_BLAME_REALM;
}

enum sg_blame
sg_verdict_blame(const struct sg_verdict_case *facts, char *words,
                 unsigned words_size)
{
    if (facts->realm_agrees && has_parted(facts))
        return parted(facts, words, words_size);
    if (fabs(facts->offset_s) <= matters_s(facts))
        return nothing_wrong(facts, words, words_size);
    if (facts->kdc_in_majority && facts->hosts >= 2) {
        snprintf(words, words_size,
                 "this host's clock: %d hosts agree with each other and not "
                 "with it",
                 facts->hosts);
        return SG_BLAME_OURS;
    }
    if (!facts->kdc_in_majority && facts->hosts >= 2) {
        snprintf(words, words_size,
                 "KDC %.120s: %d hosts agree with each other and not with it",
                 facts->kdc, facts->hosts);
        return SG_BLAME_KDC;
    }
    snprintf(words, words_size,
             "cannot tell whose clock is wrong: KDC %.90s and this host "
             "differ, and no two other hosts agree",
             facts->kdc);
    return SG_BLAME_UNCLEAR;
}

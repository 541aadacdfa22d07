#include "core/verdict.h"

#include <math.h>
#include <stdio.h>

static double
matters_s(const struct sg_verdict_case *facts)
{
    return facts->warn_frac * facts->limit_s;
}

static bool
is_small(const struct sg_verdict_case *facts)
{
    return fabs(facts->offset_s) <= matters_s(facts);
}

static bool
has_liar(const struct sg_verdict_case *facts)
{
    return is_small(facts) && facts->liar;
}

static bool
has_forger(const struct sg_verdict_case *facts)
{
    return is_small(facts) && facts->forged;
}

/* The realm and the world outside it have parted.  One server outside that two
 * hosts contradict is no world: it is wrong. */
static bool
has_parted(const struct sg_verdict_case *facts)
{
    bool is_outvoted =
        facts->others == 1 && facts->hosts >= 2 && facts->kdc_in_majority;

    return facts->realm_agrees && facts->others > 0 &&
           facts->apart_s > matters_s(facts) && !is_outvoted;
}

static bool
has_realm_parted(const struct sg_verdict_case *facts)
{
    return has_parted(facts) && facts->kdcs >= 2;
}

static bool
has_kdc_parted(const struct sg_verdict_case *facts)
{
    return has_parted(facts) && facts->others >= 2;
}

/* A jump explains an offset that is nearer to it than to none. */
static bool
explains(const struct sg_verdict_case *facts, double jump_s)
{
    return fabs(jump_s) > matters_s(facts) / 2 &&
           fabs(facts->offset_s - jump_s) <= matters_s(facts) / 2;
}

bool
sg_verdict_was_ours_set(const struct sg_verdict_case *facts)
{
    return explains(facts, -facts->ours_s);
}

/* Servers outside say that the KDC was put right. */
static bool
was_put_right(const struct sg_verdict_case *facts)
{
    return facts->others > 0 && facts->apart_s <= matters_s(facts);
}

static bool
was_realm_set(const struct sg_verdict_case *facts)
{
    return explains(facts, facts->set_s) && !was_put_right(facts) &&
           facts->kdcs >= 2 && facts->kdcs_set >= facts->kdcs;
}

static bool
was_kdc_set(const struct sg_verdict_case *facts)
{
    return explains(facts, facts->set_s) && !was_put_right(facts);
}

static bool
are_we_alone(const struct sg_verdict_case *facts)
{
    return facts->kdc_in_majority && facts->hosts >= 2;
}

static bool
is_kdc_alone(const struct sg_verdict_case *facts)
{
    return !facts->kdc_in_majority && facts->hosts >= 2;
}

static bool
do_we_agree_with_best(const struct sg_verdict_case *facts)
{
    return facts->best && fabs(facts->best_s) <= matters_s(facts);
}

static bool
do_kdcs_differ(const struct sg_verdict_case *facts)
{
    return facts->best != NULL;
}

static bool
otherwise(const struct sg_verdict_case *facts)
{
    (void)facts;
    return true;
}

/* ---- and in words ---- */

static const char *
proven(const struct sg_verdict_case *facts)
{
    return facts->authenticated ? " (authenticated)" : "";
}

static void
say_realm_parted(const struct sg_verdict_case *f, char *words, unsigned size)
{
    snprintf(words, size,
             "the realm: its %d KDCs agree with each other and are %.1f s "
             "from the NTP server%s outside it",
             f->kdcs, f->apart_s, f->others == 1 ? "" : "s");
}

static void
say_kdc_parted(const struct sg_verdict_case *f, char *words, unsigned size)
{
    snprintf(words, size,
             "KDC %.110s%s: %.1f s from the %d NTP server%s outside the realm",
             f->kdc, proven(f), f->apart_s, f->others,
             f->others == 1 ? "" : "s");
}

static void
say_forged(const struct sg_verdict_case *f, char *words, unsigned size)
{
    snprintf(words, size,
             "KDC %.80s: its plain answers contradict its authenticated time "
             "and are ignored: somebody forges them",
             f->forged);
}

static void
say_liar(const struct sg_verdict_case *f, char *words, unsigned size)
{
    snprintf(words, size,
             "NTP server %.120s contradicts the other hosts and is ignored",
             f->liar);
}

static void
say_well(const struct sg_verdict_case *f, char *words, unsigned size)
{
    if (f->hosts >= 2)
        snprintf(words, size, "%d hosts agree", f->hosts);
    else if (f->hosts == 0)
        snprintf(words, size,
                 "the hosts that answer do not agree, but differ by little");
    else
        snprintf(words, size, "one host answers%s, nobody to compare it with",
                 f->authenticated ? ", authenticated" : "");
}

static void
say_ours_set(const struct sg_verdict_case *f, char *words, unsigned size)
{
    snprintf(words, size,
             "this host's clock: somebody here stepped it by %+.1f s",
             f->ours_s);
}

static void
say_realm_set(const struct sg_verdict_case *f, char *words, unsigned size)
{
    snprintf(words, size,
             "the realm: the clocks of its %d KDCs were set by %+.1f s; this "
             "host's was not",
             f->kdcs, f->set_s);
}

static void
say_kdc_set(const struct sg_verdict_case *f, char *words, unsigned size)
{
    snprintf(words, size,
             "KDC %.110s%s: its clock was set by %+.1f s; this host's was not",
             f->kdc, proven(f), f->set_s);
}

static void
say_ours(const struct sg_verdict_case *f, char *words, unsigned size)
{
    snprintf(words, size,
             "this host's clock: %d hosts agree with each other and not with "
             "it",
             f->hosts);
}

static void
say_kdc(const struct sg_verdict_case *f, char *words, unsigned size)
{
    snprintf(words, size,
             "KDC %.110s%s: %d hosts agree with each other and not with it",
             f->kdc, proven(f), f->hosts);
}

static void
say_worst_against_best(const struct sg_verdict_case *f, char *words,
                       unsigned size)
{
    snprintf(words, size,
             "KDC %.60s%s: %.1f s from KDC %.60s, which agrees with this host",
             f->kdc, proven(f), fabs(f->offset_s - f->best_s), f->best);
}

static void
say_kdcs_differ(const struct sg_verdict_case *f, char *words, unsigned size)
{
    snprintf(words, size,
             "cannot tell whose clock is wrong: KDCs %.50s and %.50s are "
             "%.1f s apart, and this host agrees with neither",
             f->kdc, f->best, fabs(f->offset_s - f->best_s));
}

static void
say_unclear(const struct sg_verdict_case *f, char *words, unsigned size)
{
    snprintf(words, size,
             "cannot tell whose clock is wrong: KDC %.80s%s and this host "
             "differ, and no two other hosts agree",
             f->kdc, proven(f));
}

/* The decision table; docs/KERBEROS.md shows it to people. */
static const struct {
    bool (*applies)(const struct sg_verdict_case *facts);
    enum sg_blame blame;
    void (*say)(const struct sg_verdict_case *facts, char *words,
                unsigned size);
} rules[] = {
    {has_realm_parted, SG_BLAME_REALM, say_realm_parted},
    {has_kdc_parted, SG_BLAME_KDC, say_kdc_parted},
    {has_parted, SG_BLAME_UNCLEAR, say_kdc_parted},
    {has_forger, SG_BLAME_NONE, say_forged},
    {has_liar, SG_BLAME_NTP, say_liar},
    {is_small, SG_BLAME_NONE, say_well},
    {sg_verdict_was_ours_set, SG_BLAME_OURS, say_ours_set},
    {was_realm_set, SG_BLAME_REALM, say_realm_set},
    {was_kdc_set, SG_BLAME_KDC, say_kdc_set},
    {are_we_alone, SG_BLAME_OURS, say_ours},
    {is_kdc_alone, SG_BLAME_KDC, say_kdc},
    {do_we_agree_with_best, SG_BLAME_KDC, say_worst_against_best},
    {do_kdcs_differ, SG_BLAME_UNCLEAR, say_kdcs_differ},
    {otherwise, SG_BLAME_UNCLEAR, say_unclear},
};

enum sg_blame
sg_verdict_blame(const struct sg_verdict_case *facts, char *words,
                 unsigned words_size)
{
    size_t i = 0;

    while (!rules[i].applies(facts))
        i++;
    rules[i].say(facts, words, words_size);
    return rules[i].blame;
}

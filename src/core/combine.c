#include "core/combine.h"

#include <math.h>
#include <string.h>

/*
 * KDCs of one realm are kept together by NTP to some milliseconds, and their
 * answers can be narrower than that; none of it matters at a limit of 300 s.
 */
#define KDC_PAD_S 0.05
/* Servers on one LAN differ by less, but more than their stamps say. */
#define NTP_PAD_S 0.001
/* Of a root distance that is asymmetry, as a rule: it does not show in samples
 * of one source, but between sources. */
#define HIDDEN_FRAC 0.02

struct sg_vote
sg_candidate_vote(const struct sg_candidate *candidate)
{
    double pad_s = candidate->root_s +
                   (candidate->kind == SG_KIND_NTP ? NTP_PAD_S : KDC_PAD_S);
    struct sg_vote vote = {
        .host = candidate->host,
        .lo_s = candidate->skew.lower_s - pad_s,
        .hi_s = candidate->skew.upper_s + pad_s,
    };

    return vote;
}

#define ANY_GROUP (-2)

/* Does its word count? */
static bool
is_voter(const struct sg_candidate *candidate)
{
    return candidate->usable && !candidate->is_unproven &&
           !candidate->is_outranked;
}

static void
select_group(const struct sg_candidate *candidates, int n, int group,
             struct sg_selection *ret)
{
    struct sg_vote votes[SG_MAX_SOURCES];
    int n_votes = 0;

    for (int i = 0; i < n; i++)
        if (is_voter(&candidates[i]) &&
            (group == ANY_GROUP || candidates[i].realm == group))
            votes[n_votes++] = sg_candidate_vote(&candidates[i]);
    sg_select(votes, n_votes, ret);
}

static bool
is_found(const struct sg_selection *selection)
{
    return selection->result == SG_SELECT_MAJORITY ||
           selection->result == SG_SELECT_LONE;
}

bool
sg_combine_proof(const struct sg_candidate *candidates, int n, int realm,
                 struct sg_selection *ret)
{
    struct sg_vote votes[SG_MAX_SOURCES];
    struct sg_selection selection;
    int n_votes = 0;

    for (int i = 0; i < n; i++)
        if (candidates[i].usable && candidates[i].kind == SG_KIND_KEYTAB &&
            candidates[i].realm == realm)
            votes[n_votes++] = sg_candidate_vote(&candidates[i]);
    sg_select(votes, n_votes, &selection);
    if (!is_found(&selection))
        return false;
    *ret = selection;
    return true;
}

static const struct sg_candidate *
find_own_proof(const struct sg_candidate *candidates, int n,
               const struct sg_candidate *of)
{
    for (int i = 0; i < n; i++)
        if (candidates[i].usable && candidates[i].kind == SG_KIND_KEYTAB &&
            candidates[i].realm == of->realm &&
            candidates[i].host == of->host &&
            (of->kind == SG_KIND_NTP || candidates[i].port == of->port))
            return &candidates[i];
    return NULL;
}

static bool
is_within(const struct sg_candidate *candidate,
          const struct sg_candidate *own_proof,
          const struct sg_selection *proof)
{
    struct sg_vote vote = sg_candidate_vote(candidate), bound;

    if (!own_proof)
        return sg_select_agrees(proof, &vote);
    bound = sg_candidate_vote(own_proof);
    return vote.lo_s <= bound.hi_s && bound.lo_s <= vote.hi_s;
}

/* Mark what lies outside the authenticated bounds of one realm. */
static void
outrank_realm(struct sg_candidate *candidates, int n, int realm, bool follows)
{
    struct sg_selection proof = {.result = SG_SELECT_NOBODY};
    bool has_proof = sg_combine_proof(candidates, n, realm, &proof);

    for (int i = 0; i < n; i++) {
        struct sg_candidate *c = &candidates[i];
        const struct sg_candidate *own;

        if (!c->usable || c->kind == SG_KIND_KEYTAB ||
            (c->realm != realm && !(follows && c->realm == SG_GROUP_UTC)))
            continue;
        own = find_own_proof(candidates, n, c);
        if (own || has_proof)
            c->is_outranked = !is_within(c, own, &proof);
    }
}

static void
outrank(struct sg_candidate *candidates, int n, int follow)
{
    bool seen[SG_MAX_REALMS] = {false};

    for (int i = 0; i < n; i++)
        candidates[i].is_outranked = false;
    for (int i = 0; i < n; i++) {
        int realm = candidates[i].realm;

        if (candidates[i].kind != SG_KIND_KEYTAB || !candidates[i].usable ||
            realm < 0 || seen[realm])
            continue;
        seen[realm] = true;
        outrank_realm(candidates, n, realm, realm == follow);
    }
}

/* How far this interval is from what lies in [lo_s, hi_s]. */
static double
gap_s(const struct sg_selection *s, double lo_s, double hi_s)
{
    return fmax(fmax(s->lo_s - hi_s, lo_s - s->hi_s), 0);
}

/*
 * Two groups that differ by milliseconds deny no correction of minutes that
 * both call for; one that takes us away from the other group they do.
 */
static bool
is_denied(const struct sg_selection *selection,
          const struct sg_selection *other)
{
    return is_found(other) && gap_s(other, selection->lo_s, selection->hi_s) >
                                  gap_s(other, 0, 0) / 2;
}

static bool
overlap(const struct sg_selection *a, const struct sg_selection *b)
{
    return a->lo_s <= b->hi_s && b->lo_s <= a->hi_s;
}

static bool
serves_time(const struct sg_candidate *candidates, int n, int group)
{
    for (int i = 0; i < n; i++)
        if (is_voter(&candidates[i]) && candidates[i].realm == group &&
            candidates[i].estimate.has_guess)
            return true;
    return false;
}

/*
 * The group to follow: the wanted one if it serves time or nothing else does.
 * A realm that is known by its KDCs' intervals alone leaves the steering to
 * UTC as long as both agree.
 */
static int
choose_group(const struct sg_candidate *candidates, int n, int follow)
{
    struct sg_selection wanted, utc;

    if (follow == SG_GROUP_UTC || serves_time(candidates, n, follow))
        return follow;
    select_group(candidates, n, SG_GROUP_UTC, &utc);
    if (!is_found(&utc))
        return follow;
    select_group(candidates, n, follow, &wanted);
    if (wanted.result == SG_SELECT_NOBODY ||
        (is_found(&wanted) && overlap(&wanted, &utc)))
        return SG_GROUP_UTC;
    return follow;
}

static void
set_tallies(struct sg_candidate *candidates, int n, int group,
            const struct sg_selection *selection)
{
    bool found = is_found(selection);

    for (int i = 0; i < n; i++) {
        struct sg_candidate *c = &candidates[i];
        struct sg_vote vote;

        c->tally = SG_TALLY_UNUSABLE;
        if (!c->usable)
            continue;
        if (!is_voter(c)) {
            c->tally = c->is_outranked ? SG_TALLY_FALSETICKER : SG_TALLY_ASIDE;
            continue;
        }
        vote = sg_candidate_vote(c);
        if (found && sg_select_agrees(selection, &vote))
            c->tally = c->realm == group && c->estimate.has_guess
                           ? SG_TALLY_STEERS
                           : SG_TALLY_AGREES;
        else if (found && (c->realm == group || selection->hosts > 1))
            c->tally = SG_TALLY_FALSETICKER;
        else
            c->tally = SG_TALLY_ASIDE;
    }
}

/*
 * Nobody who has no proof of his own leads out of an authenticated bound,
 * however vague he is: a root distance of minutes is announced in clear, too.
 */
static void
stay_within(struct sg_selection *selection, const struct sg_selection *proof)
{
    selection->lo_s = fmax(selection->lo_s, proof->lo_s);
    selection->hi_s = fmin(selection->hi_s, proof->hi_s);
}

static int
count_agreeing_hosts(const struct sg_candidate *candidates, int n)
{
    bool seen[SG_MAX_SOURCES] = {false};
    int hosts = 0;

    for (int i = 0; i < n; i++) {
        if (!sg_tally_is_believed(candidates[i].tally))
            continue;
        hosts += !seen[candidates[i].host];
        seen[candidates[i].host] = true;
    }
    return hosts;
}

static bool
is_anybody_calm(const struct sg_candidate *candidates, int n)
{
    for (int i = 0; i < n; i++)
        if (candidates[i].tally == SG_TALLY_STEERS && !candidates[i].is_shaken)
            return true;
    return false;
}

/* How far off this source's guess may be beside others': what its samples tell,
 * and what a path and a server may hide, the more the longer they are. */
static double
doubt_s(const struct sg_candidate *candidate)
{
    double bound_s = (candidate->skew.upper_s - candidate->skew.lower_s) / 2 +
                     candidate->root_s;

    return fmax(candidate->skew.error_s, 1e-7) + HIDDEN_FRAC * bound_s;
}

/* Weights are inverse variances; the result claims no less error than its best
 * member, since servers of one site share their path's asymmetry. */
static void
average(const struct sg_candidate *candidates, int n, struct sg_consensus *ret)
{
    double w_sum = 0, x_sum = 0, rw_sum = 0, r_sum = 0, best_s = INFINITY;
    bool calm = is_anybody_calm(candidates, n);

    for (int i = 0; i < n; i++) {
        const struct sg_candidate *c = &candidates[i];
        double error_s = fmax(c->skew.error_s, 1e-7), doubt = doubt_s(c), w, rw;
        double sd_ppm = fmax(c->estimate.rate_sd_ppm, 1e-4);

        if (c->tally != SG_TALLY_STEERS || (calm && c->is_shaken))
            continue;
        w = 1 / (doubt * doubt);
        rw = 1 / (sd_ppm * sd_ppm);
        w_sum += w;
        x_sum += w * c->skew.offset_s;
        rw_sum += rw;
        r_sum += rw * c->estimate.model.rate_ppm;
        if (error_s < best_s) {
            best_s = error_s;
            ret->wander_ppm = c->estimate.model.wander_ppm;
            ret->walk_ppm = c->estimate.model.walk_ppm;
        }
        ret->sources_steering++;
    }
    if (ret->sources_steering == 0)
        return;
    ret->has_guess = true;
    ret->offset_s = fmin(fmax(x_sum / w_sum, ret->lo_s), ret->hi_s);
    ret->error_s = best_s;
    ret->rate_ppm = r_sum / rw_sum;
    ret->rate_sd_ppm = sqrt(1 / rw_sum);
}

void
sg_combine(struct sg_candidate *candidates, int n, int follow,
           struct sg_consensus *ret)
{
    struct sg_selection selection, other, proof;
    bool has_proof;

    *ret = (struct sg_consensus){.rate_sd_ppm = -1};
    outrank(candidates, n, follow);
    ret->group = choose_group(candidates, n, follow);
    select_group(candidates, n, ret->group, &selection);
    if (selection.result == SG_SELECT_SPLIT ||
        selection.result == SG_SELECT_AMBIGUOUS)
        select_group(candidates, n, ANY_GROUP, &selection);
    set_tallies(candidates, n, ret->group, &selection);
    ret->result = selection.result;
    ret->valid = is_found(&selection);
    if (!ret->valid)
        return;
    has_proof = follow != SG_GROUP_UTC &&
                sg_combine_proof(candidates, n, follow, &proof);
    ret->authenticated = has_proof && overlap(&selection, &proof);
    if (ret->authenticated)
        stay_within(&selection, &proof);
    ret->lo_s = selection.lo_s;
    ret->hi_s = selection.hi_s;
    ret->offset_s = (ret->lo_s + ret->hi_s) / 2;
    ret->error_s = (ret->hi_s - ret->lo_s) / 2;
    ret->hosts = count_agreeing_hosts(candidates, n);
    average(candidates, n, ret);
    select_group(candidates, n,
                 ret->group == SG_GROUP_UTC ? follow : SG_GROUP_UTC, &other);
    if (!is_denied(&selection, &other))
        return;
    ret->contradicted = other.result == SG_SELECT_MAJORITY;
    ret->disputed = other.result == SG_SELECT_LONE;
}

#include "core/select.h"

#include <math.h>
#include <stdlib.h>

#include "core/status.h"

/*
 * Places nearer than this are one place for Kerberos: a wide interval that
 * covers two narrow ones a few milliseconds apart must not end in silence.
 */
#define ONE_PLACE_S 0.1

struct edge {
    double at_s;
    int host;
    bool opens;
};

/* At one point openings come first: touching intervals overlap. */
static int
compare_edges(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    if (x->at_s != y->at_s)
        return x->at_s < y->at_s ? -1 : 1;
    return (int)y->opens - (int)x->opens;
}

/*
 * A host has one clock, and it lies where all overlaps that is said of it: the
 * wide interval of its KDC does not support a place that its NTP denies.  Where
 * they contradict each other it is not known which of them is wrong.
 */
static void
narrow(const struct sg_vote *votes, int n, struct sg_vote *ret)
{
    double lo_s[SG_MAX_SOURCES], hi_s[SG_MAX_SOURCES];

    for (int i = 0; i < n; i++) {
        lo_s[votes[i].host] = -INFINITY;
        hi_s[votes[i].host] = INFINITY;
    }
    for (int i = 0; i < n; i++) {
        lo_s[votes[i].host] = fmax(lo_s[votes[i].host], votes[i].lo_s);
        hi_s[votes[i].host] = fmin(hi_s[votes[i].host], votes[i].hi_s);
    }
    for (int i = 0; i < n; i++) {
        int host = votes[i].host;

        ret[i] = votes[i];
        if (lo_s[host] > hi_s[host])
            continue;
        ret[i].lo_s = lo_s[host];
        ret[i].hi_s = hi_s[host];
    }
}

static void
make_edges(const struct sg_vote *votes, int n, struct edge *ret)
{
    for (int i = 0; i < n; i++) {
        ret[2 * i] = (struct edge){votes[i].lo_s, votes[i].host, true};
        ret[2 * i + 1] = (struct edge){votes[i].hi_s, votes[i].host, false};
    }
    qsort(ret, 2 * (size_t)n, sizeof *ret, compare_edges);
}

static int
count_hosts(const struct sg_vote *votes, int n)
{
    bool seen[SG_MAX_SOURCES] = {false};
    int hosts = 0;

    for (int i = 0; i < n; i++) {
        hosts += !seen[votes[i].host];
        seen[votes[i].host] = true;
    }
    return hosts;
}

/* Who is there between two neighbouring edges. */
struct level {
    int hosts;
    int votes;
};

static void
pass_edge(const struct edge *edge, int open[], struct level *level)
{
    if (edge->opens) {
        level->hosts += open[edge->host]++ == 0;
        level->votes++;
    } else {
        level->hosts -= --open[edge->host] == 0;
        level->votes--;
    }
}

/* Most hosts first; among those most votes: a host's narrow source counts
 * beside its wide one. */
static struct level
find_best(const struct edge *edges, int n)
{
    int open[SG_MAX_SOURCES] = {0};
    struct level level = {0, 0}, best = {0, 0};

    for (int i = 0; i < n; i++) {
        pass_edge(&edges[i], open, &level);
        if (level.hosts > best.hosts ||
            (level.hosts == best.hosts && level.votes > best.votes))
            best = level;
    }
    return best;
}

/*
 * The span of all places as good as the best one.  Returns whether places
 * with as many hosts lie apart, with a gap between.
 */
static bool
find_span(const struct edge *edges, int n, struct level best,
          struct sg_selection *ret)
{
    int open[SG_MAX_SOURCES] = {0}, places = 0;
    struct level level = {0, 0};
    double first_s = 0, last_s = 0;
    bool inside = false, found = false;

    for (int i = 0; i < n - 1; i++) {
        pass_edge(&edges[i], open, &level);
        if (level.hosts != best.hosts) {
            inside = false;
            continue;
        }
        if (!inside && places++ == 0)
            first_s = edges[i].at_s;
        inside = true;
        last_s = edges[i + 1].at_s;
        if (level.votes != best.votes)
            continue;
        if (!found)
            ret->lo_s = edges[i].at_s;
        ret->hi_s = edges[i + 1].at_s;
        found = true;
    }
    return places > 1 && last_s - first_s > ONE_PLACE_S;
}

void
sg_select(const struct sg_vote *votes, int n, struct sg_selection *ret)
{
    struct sg_vote narrowed[SG_MAX_SOURCES];
    struct edge edges[2 * SG_MAX_SOURCES];
    struct level best;
    bool apart;

    *ret = (struct sg_selection){.result = SG_SELECT_NOBODY};
    if (n == 0)
        return;
    narrow(votes, n, narrowed);
    make_edges(narrowed, n, edges);
    best = find_best(edges, 2 * n);
    apart = find_span(edges, 2 * n, best, ret);
    ret->hosts = best.hosts;
    ret->hosts_total = count_hosts(votes, n);
    if (2 * ret->hosts <= ret->hosts_total)
        ret->result = SG_SELECT_SPLIT;
    else if (apart)
        ret->result = SG_SELECT_AMBIGUOUS;
    else
        ret->result =
            ret->hosts_total == 1 ? SG_SELECT_LONE : SG_SELECT_MAJORITY;
}

bool
sg_select_agrees(const struct sg_selection *selection,
                 const struct sg_vote *vote)
{
    return vote->hi_s >= selection->lo_s && vote->lo_s <= selection->hi_s;
}

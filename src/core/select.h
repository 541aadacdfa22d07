/*
 * Selection: which sources agree on what time it is.
 *
 * Each source votes with the interval its clock certainly lies in.  The
 * answer is where the most hosts overlap (Marzullo 1984; RFC 5905 section
 * 11.2.1 without its requirement that the middles lie inside, since a KDC's
 * interval has no middle that means anything).  Hosts are counted, not
 * sources: NTP and KDC of one host are one clock and one path, which lies where
 * both overlap.
 */
#ifndef SG_CORE_SELECT_H
#define SG_CORE_SELECT_H

#include <stdbool.h>

struct sg_vote {
    int host;          /* 0 .. SG_MAX_SOURCES - 1: same number, same host */
    double lo_s, hi_s; /* reference - local lies in here */
};

enum sg_selection_result {
    SG_SELECT_MAJORITY,
    SG_SELECT_LONE,     /* one host only: nobody contradicts it */
    SG_SELECT_NOBODY,   /* no vote at all */
    SG_SELECT_SPLIT,    /* no interval has more than half of the hosts */
    SG_SELECT_AMBIGUOUS /* two places far apart have the same majority */
};

struct sg_selection {
    enum sg_selection_result result;
    double lo_s, hi_s; /* where they agree; meaningful with MAJORITY, LONE */
    int hosts;         /* that agree there */
    int hosts_total;
};

/* n up to SG_MAX_SOURCES. */
void sg_select(const struct sg_vote *votes, int n, struct sg_selection *ret);

/* Does this vote overlap the agreed interval?  If not it is a falseticker. */
bool sg_select_agrees(const struct sg_selection *selection,
                      const struct sg_vote *vote);

#endif

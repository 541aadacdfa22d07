/*
 * The KDCs of one realm, asked of DNS as libkrb5 does it, inside the event
 * loop.
 */
#ifndef SG_PROBE_DISCOVER_H
#define SG_PROBE_DISCOVER_H

#include <stdbool.h>

#include "probe/kdc_records.h"

struct event_base;
struct sg_channel;
struct sg_discover;

/* A realm has no answer by then: it failed. */
#define SG_DISCOVER_S 7

enum sg_discover_how {
    SG_DISCOVER_FAILED, /* no server said what there is */
    SG_DISCOVER_NONE,   /* there are no such records */
    SG_DISCOVER_URI,
    SG_DISCOVER_SRV,
};

/* How to ask. */
struct sg_discover_question {
    char realm[SG_NAME_MAX];
    char sitename[SG_NAME_MAX]; /* empty: none */
    bool uses_uri;
};

struct sg_discover_answer {
    enum sg_discover_how how;
    struct sg_kdc_list list; /* with URI and SRV; may be empty all the same */
    int n_proxies, n_bad;    /* records passed over, and the first of each */
    char proxy[SG_RECORD_TEXT_MAX], bad[SG_RECORD_TEXT_MAX];
    char why_not[SG_ERR_TEXT_MAX]; /* FAILED, NONE, and no KDC in the list */
};

/* Once, from the loop.  The answer is lent for the call; sg_discover_free is
 * allowed in it. */
typedef void sg_discover_done(void *arg,
                              const struct sg_discover_answer *answer);

/*
 * Begin.  All questions go out together: where servers keep silent about URI
 * records the SRV records have arrived when that is certain.  URI is preferred
 * to SRV, and a site's records to the realm's, if they exist.  NULL if memory
 * runs out.
 */
struct sg_discover *sg_discover_new(struct event_base *base,
                                    struct sg_channel *channel,
                                    const struct sg_discover_question *question,
                                    sg_discover_done *done, void *arg);

/* The callback will not be made.  Accepts NULL. */
void sg_discover_free(struct sg_discover *discover);

#endif

/*
 * What DNS has said of the KDCs of realms.
 */
#ifndef SG_SETUP_FINDINGS_H
#define SG_SETUP_FINDINGS_H

#include <stdbool.h>

#include "base/buf.h"
#include "core/status.h"
#include "probe/discover.h"

struct sg_finding {
    struct sg_discover_question question;
    bool is_asked; /* at least once, to the end */
    /* The last answer with a KDC in it, or the last one if there was none.  A
     * later failure takes nothing away. */
    struct sg_discover_answer answer;
    char why_not[SG_ERR_TEXT_MAX]; /* the last round failed; empty: it did not
                                    */
    bool is_news; /* the last round said something else than the one before */
};

struct sg_findings {
    int n;
    struct sg_finding finding[SG_MAX_REALMS];
};

/* NULL: the realm was not asked for. */
const struct sg_finding *sg_findings_of(const struct sg_findings *findings,
                                        const char *realm);

/* The realm and how its question is to be put are the same. */
bool sg_finding_is_of(const struct sg_finding *finding,
                      const struct sg_discover_question *question);

/* Take over the answer of a round. */
void sg_finding_take(struct sg_finding *finding,
                     const struct sg_discover_answer *answer);

/* "R: 2 KDCs by DNS SRV: a, b", or why there is none. */
void sg_finding_describe(const struct sg_finding *finding, struct sg_buf *ret);

/* As people write it: without the final dot. */
void sg_finding_name(const struct sg_target *kdc, char ret[SG_NAME_MAX]);

#endif

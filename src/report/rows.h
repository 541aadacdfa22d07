/*
 * A realm's KDCs, one row each: what its port 88 said, to anybody and to the
 * holder of the host's key, and what the NTP server on the same host says of
 * the same clock.
 */
#ifndef SG_REPORT_ROWS_H
#define SG_REPORT_ROWS_H

#include <stdbool.h>

#include "core/status.h"
#include "report/present.h"

enum sg_row_trust {
    SG_ROW_AUTHENTICATED, /* its answers agree with what it says to our key */
    SG_ROW_PLAIN,
    SG_ROW_CONTRADICTED, /* authenticated time, or the majority, says
                            otherwise */
    SG_ROW_SILENT,       /* no answer to the last 8 requests, or none yet */
    SG_ROW_TRUST_COUNT
};

struct sg_row {
    const struct sg_status_source *kdc;
    enum sg_row_trust trust;
    bool has_skew;
    struct sg_skew skew;
    bool has_ntp;
    struct sg_skew ntp;
    double age_s;      /* of the last good answer; if has_skew */
    const char *error; /* why the last attempt failed; NULL: it did not */
    bool has_auth;
    struct sg_skew auth;    /* by authenticated answers alone */
    double auth_age_s;      /* of the last of them; if has_auth */
    const char *auth_error; /* as error; NULL as well where there is no key */
};

/*
 * Fill in the row of sources[i].  False, leaving *ret alone, if that source
 * is no KDC of this realm.
 */
bool sg_row_make(const struct sg_status *status,
                 const struct sg_present *present, int realm, int i,
                 struct sg_row *ret);

/*
 * Is a source worth a row where all are listed?  Not if it is a KDC that is to
 * be asked with a key that we do not have: the realm says so, once.
 */
bool sg_row_is_listed(const struct sg_status_source *source);

/* "authenticated", "plain", "contradicted", "silent" */
const char *sg_row_trust_name(enum sg_row_trust trust);

#endif

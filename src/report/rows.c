#include "report/rows.h"

#include <stddef.h>

static enum sg_row_trust
judge_trust(const struct sg_status_source *kdc, bool has_skew)
{
    if (!has_skew || (kdc->reach & 0xff) == 0)
        return SG_ROW_SILENT;
    if (kdc->tally == SG_TALLY_FALSETICKER)
        return SG_ROW_CONTRADICTED;
    return SG_ROW_PLAIN;
}

static const char *
find_error(const struct sg_status_source *kdc)
{
    if (kdc->outcome == SG_OUTCOME_OK)
        return NULL;
    return kdc->reason[0] ? kdc->reason : sg_outcome_name(kdc->outcome);
}

bool
sg_row_make(const struct sg_status *status, const struct sg_present *present,
            int realm, int i, struct sg_row *ret)
{
    const struct sg_status_source *kdc = &status->sources[i];
    int twin;

    if (kdc->kind != SG_KIND_KDC || kdc->realm != realm)
        return false;
    ret->kdc = kdc;
    ret->has_skew = sg_present_skew(present, &kdc->model, &ret->skew);
    ret->trust = judge_trust(kdc, ret->has_skew);
    ret->age_s = ret->has_skew ? sg_present_age_s(present, kdc->last) : 0;
    ret->error = find_error(kdc);
    twin = sg_present_ntp_twin(status, i);
    ret->has_ntp =
        twin >= 0 &&
        sg_present_skew(present, &status->sources[twin].model, &ret->ntp);
    return true;
}

const char *
sg_row_trust_name(enum sg_row_trust trust)
{
    static const char *const names[SG_ROW_TRUST_COUNT] = {
        [SG_ROW_PLAIN] = "plain",
        [SG_ROW_CONTRADICTED] = "contradicted",
        [SG_ROW_SILENT] = "silent",
    };

    return names[trust];
}

#include "report/rows.h"

#include <string.h>

static bool
overlap(const struct sg_skew *a, const struct sg_skew *b)
{
    return a->lower_s <= b->upper_s && b->lower_s <= a->upper_s;
}

static enum sg_row_trust
judge_trust(const struct sg_row *row, const struct sg_status_source *keytab)
{
    if (!row->has_skew || (row->kdc->reach & 0xff) == 0)
        return SG_ROW_SILENT;
    if (row->kdc->tally == SG_TALLY_FALSETICKER ||
        (keytab && keytab->tally == SG_TALLY_FALSETICKER))
        return SG_ROW_CONTRADICTED;
    if (!row->has_auth)
        return SG_ROW_PLAIN;
    return overlap(&row->skew, &row->auth) ? SG_ROW_AUTHENTICATED
                                           : SG_ROW_CONTRADICTED;
}

static const char *
find_error(const struct sg_status_source *source)
{
    if (source->outcome == SG_OUTCOME_OK)
        return NULL;
    return source->reason[0] ? source->reason
                             : sg_outcome_name(source->outcome);
}

/* The same KDC, asked with our key. */
static const struct sg_status_source *
find_keytab(const struct sg_status *status, const struct sg_status_source *kdc)
{
    for (int i = 0; i < status->n_sources; i++) {
        const struct sg_status_source *source = &status->sources[i];

        if (source->kind == SG_KIND_KEYTAB && source->realm == kdc->realm &&
            source->port == kdc->port && strcmp(source->name, kdc->name) == 0)
            return source;
    }
    return NULL;
}

bool
sg_row_make(const struct sg_status *status, const struct sg_present *present,
            int realm, int i, struct sg_row *ret)
{
    const struct sg_status_source *kdc = &status->sources[i], *keytab;
    int twin;

    if (kdc->kind != SG_KIND_KDC || kdc->realm != realm)
        return false;
    keytab = find_keytab(status, kdc);
    memset(ret, 0, sizeof *ret);
    ret->kdc = kdc;
    ret->has_skew = sg_present_skew(present, &kdc->model, &ret->skew);
    ret->age_s = ret->has_skew ? sg_present_age_s(present, kdc->last) : 0;
    ret->error = find_error(kdc);
    twin = sg_present_ntp_twin(status, i);
    ret->has_ntp =
        twin >= 0 &&
        sg_present_skew(present, &status->sources[twin].model, &ret->ntp);
    ret->has_auth =
        keytab && sg_present_skew(present, &keytab->model, &ret->auth);
    if (ret->has_auth)
        ret->auth_age_s = sg_present_age_s(present, keytab->last);
    if (keytab && sg_row_is_listed(keytab))
        ret->auth_error = find_error(keytab);
    ret->trust = judge_trust(ret, keytab);
    return true;
}

bool
sg_row_is_listed(const struct sg_status_source *source)
{
    return source->kind != SG_KIND_KEYTAB || source->model.valid ||
           source->outcome != SG_OUTCOME_KEYTAB;
}

const char *
sg_row_trust_name(enum sg_row_trust trust)
{
    static const char *const names[SG_ROW_TRUST_COUNT] = {
        [SG_ROW_AUTHENTICATED] = "authenticated",
        [SG_ROW_PLAIN] = "plain",
        [SG_ROW_CONTRADICTED] = "contradicted",
        [SG_ROW_SILENT] = "silent",
    };

    return names[trust];
}

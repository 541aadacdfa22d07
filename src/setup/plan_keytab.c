#include "setup/plan_keytab.h"

#include <string.h>

static bool
is_asked_with_key(const struct sg_target *target)
{
    return target->kind == SG_KIND_KDC &&
           strcmp(target->keytab, SG_KEYTAB_NONE) != 0;
}

int
sg_plan_add_keytabs(struct sg_plan *plan)
{
    int n = plan->n_sources, n_left_out = 0;

    for (int i = 0; i < n; i++) {
        struct sg_plan_source *source;

        if (!is_asked_with_key(&plan->sources[i].target))
            continue;
        if (plan->n_sources == SG_MAX_SOURCES) {
            n_left_out++;
            continue;
        }
        source = &plan->sources[plan->n_sources++];
        *source = plan->sources[i];
        source->target.kind = SG_KIND_KEYTAB;
        source->is_try = true;
        /* tickets of Active Directory are too big for UDP */
        if (source->target.transport == SG_TRANSPORT_UDP)
            source->target.transport = SG_TRANSPORT_AUTO;
    }
    return n_left_out;
}

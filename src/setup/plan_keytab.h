/*
 * The part of a plan that asks KDCs with the host's key.
 */
#ifndef SG_SETUP_PLAN_KEYTAB_H
#define SG_SETUP_PLAN_KEYTAB_H

#include "setup/plan.h"

/*
 * Add each KDC of the plan once more, to be asked with the host's key, unless
 * its keytab is "none".  Returns how many there was no room for: they are not
 * worth refusing a configuration that says nothing of them.
 */
int sg_plan_add_keytabs(struct sg_plan *plan);

#endif

/*
 * What the time is where this host's clock is not to be believed, for those who
 * ask whether a certificate is valid.  Pure.
 */
#ifndef SG_MAILER_TRUETIME_H
#define SG_MAILER_TRUETIME_H

#include <stdbool.h>

#include "alert/record.h"
#include "base/instant.h"

/*
 * The true time about now, by records of which the last one is the newest; now
 * is what the host's clock says.  It is late by less than the age of the record
 * it is from, if at all.  False: the clock will do, or nothing better is known.
 */
bool sg_truetime_find(const struct sg_record *records, int n,
                      struct sg_wall now, struct sg_wall *ret);

#endif

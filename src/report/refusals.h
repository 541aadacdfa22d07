/*
 * What a realm's skew makes Kerberos refuse, in words: now, and beyond the
 * limits.  Nothing is said to fail that was not seen to fail.
 */
#ifndef SG_REPORT_REFUSALS_H
#define SG_REPORT_REFUSALS_H

#include "base/buf.h"
#include "core/status.h"
#include "core/steps.h"
#include "report/present.h"

/* A realm's present skew, its limits and this host's clients. */
void sg_refusals_case(const struct sg_status *status,
                      const struct sg_present *present, int realm,
                      struct sg_steps_case *ret);

/* The worst that is true of anything that the next function tells of. */
enum sg_step_now sg_refusals_now(const struct sg_status *status,
                                 const struct sg_present *present, int realm);

/*
 * "refused now: signing on to this host with a ticket (ssh, GSSAPI); a
 * password login still works"; nothing if nothing is refused.
 */
void sg_refusals_add_now(struct sg_buf *buf, const struct sg_status *status,
                         const struct sg_present *present, int realm);

/* "once the clock is right run kinit again, ..."; nothing if that is not
 * needed. */
void sg_refusals_add_remedy(struct sg_buf *buf, const struct sg_status *status,
                            const struct sg_present *present, int realm);

/* What to do about the realm's skew, step by step; nothing if it is fine. */
void sg_refusals_add_todo(struct sg_buf *buf, const struct sg_status *status,
                          const struct sg_present *present, int realm);

/* "beyond 300 s: signing on to this host ...; a password login works at any
 * skew" */
void sg_refusals_add_stake(struct sg_buf *buf, const struct sg_status *status,
                           const struct sg_present *present, int realm);

/* Whose limit is how large, and how far that is known. */
void sg_refusals_add_limits(struct sg_buf *buf, const struct sg_status *status,
                            const struct sg_present *present, int realm);

/* Each step, what becomes of it now, and the limit.  Whole lines. */
void sg_refusals_add_table(struct sg_buf *buf, const struct sg_status *status,
                           const struct sg_present *present, int realm);

/* What a user reads where a step is refused.  Whole lines. */
void sg_refusals_add_messages(struct sg_buf *buf,
                              const struct sg_status *status,
                              const struct sg_present *present, int realm);

#endif

/*
 * The sentences that every output for people begins with, and those that
 * several of them share.
 */
#ifndef SG_REPORT_HEADLINE_H
#define SG_REPORT_HEADLINE_H

#include <stdbool.h>

#include "base/buf.h"
#include "core/status.h"
#include "report/present.h"

/*
 * "WARN: this host is 74.2 s behind EXAMPLE.ORG; correct its clock", and below
 * it what is wrong with the status itself.  Whole lines.
 */
void sg_headline_add(struct sg_buf *buf, const struct sg_status *status,
                     const struct sg_present *present, bool colour);

/* "this host is 74.2 s behind EXAMPLE.ORG", or why nothing is known. */
void sg_headline_add_fact(struct sg_buf *buf, const struct sg_status *status,
                          const struct sg_present *present);

/* "no good measurement of EXAMPLE.ORG for 20 min"; of may be NULL. */
void sg_headline_add_silence(struct sg_buf *buf, const char *of,
                             const struct sg_present_realm *now);

/* Whose clock all is about: "this host". */
const char *sg_headline_host(const struct sg_status *status);

/* What is wrong with the status itself; nothing if all is well. */
void sg_headline_add_age(struct sg_buf *buf, const struct sg_status *status,
                         const struct sg_present *present);

/* "74.2 s behind das-m (25 % of 300 s)", or why nothing is known. */
void sg_headline_add_realm(struct sg_buf *buf, const struct sg_status *status,
                           const struct sg_present *present, int realm);

/* What to do, about the skew or, if that is fine, about the status. */
const char *sg_headline_todo(const struct sg_status *status,
                             const struct sg_present *present);

/* What to do about a realm's skew. */
const char *sg_headline_advice(const struct sg_status *status,
                               const struct sg_present *present, int realm);

/* "2 h almost exactly: is the RTC in local time, ..."; nothing if the skew
 * does not look like a time zone. */
void sg_headline_add_zone(struct sg_buf *buf, const struct sg_status *status,
                          const struct sg_present *present, int realm);

/* Why the realm gives no authenticated time; nothing if it does, or is not to.
 */
void sg_headline_add_auth(struct sg_buf *buf,
                          const struct sg_status_realm *realm);

/* A state's word, in its colour; padded to width columns. */
void sg_headline_add_state(struct sg_buf *buf, enum sg_state state,
                           const char *word, int width, bool colour);

/* The driver, what is done with the clock and why, rates and steps. */
void sg_headline_add_clock(struct sg_buf *buf, const struct sg_status *status,
                           const struct sg_present *present);

/* "a second is inserted at the end of 2026-12-31 UTC"; nothing if none is
 * expected, or nobody is there to expect it. */
void sg_headline_add_leap(struct sg_buf *buf, const struct sg_status *status,
                          const struct sg_present *present);

#endif

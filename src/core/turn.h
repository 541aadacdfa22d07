/*
 * When to ask a KDC, so that its answers tell its clock closely.
 *
 * An answer's whole second says on which side of the turn of the KDC's second
 * the question arrived; its microseconds may be stale (core has them as a
 * lower bound).  A question that arrives when the second turns is therefore
 * worth more than any other: it cuts the interval in which the KDC's clock is
 * known to lie.
 */
#ifndef SG_CORE_TURN_H
#define SG_CORE_TURN_H

#include <stdbool.h>

#include "base/instant.h"
#include "core/status.h"

#define SG_TURN_MAX 4 /* no plan holds more questions than this */

/*
 * Plan the next questions: fill in ret, of room for max >= 1 instants, with
 * those at which questions should leave, ascending, the last at most 1.01 s
 * after now, and return how many.  Plan again when the last of them was
 * answered, or as soon as an answer has made the interval narrow.
 *
 * kdc      what is known of the KDC's clock, from its own samples.  Nothing,
 *          or an interval wider than 1.5 s: one question, now.
 * delay_s  a usual round trip to it.  Over TCP the question leaves one round
 *          trip after the connection is begun, so begin it that much earlier.
 *
 * is_true  the lower end of the interval may come from an answer with true
 *          microseconds: one question more tries to close the interval there.
 *          If that was in vain the KDC is busy, and it is not worth trying
 * again.
 *
 * One instant is returned when the interval is already about as narrow as
 * round trip and timers allow (6 ms + 1.25 delay_s): then each question
 * halves what drift has added.  With max = 1 the interval is halved as well; to
 * narrow a wide one quickly, allow at least 2.
 */
int sg_turn_plan(const struct sg_model *kdc, double delay_s, bool is_true,
                 struct sg_raw now, int max, struct sg_raw ret[]);

#endif

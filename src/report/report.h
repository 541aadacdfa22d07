/*
 * A published status in words for people and in JSON for machines.  Pure: what
 * the reader found out about the present comes in as an argument.
 *
 * Every skew shown is the present one, computed from the published models and
 * the reader's clock reading.  All functions append to ret, whose "failed"
 * tells if memory ran out.
 */
#ifndef SG_REPORT_REPORT_H
#define SG_REPORT_REPORT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/instant.h"
#include "core/status.h"

enum sg_report_daemon {
    SG_REPORT_DAEMON_ALIVE,
    SG_REPORT_DAEMON_DEAD,
    SG_REPORT_DAEMON_UNCERTAIN, /* its lock could not be asked */
};

/* What the reader of a status found out at the moment of reading. */
struct sg_report_now {
    struct sg_reading host;
    double suspended_s; /* sg_host_suspended_s() */
    char boot_id[40];
    enum sg_report_daemon daemon;
};

/*
 * The state now: of the worst realm, from its present skew.  A status that is
 * overdue is never better than unknown; one written before a suspend or in
 * another boot is unknown.
 */
enum sg_state sg_report_state(const struct sg_status *status,
                              const struct sg_report_now *now);

/* 0 ok, 1 warn, 2 critical or exceeded, 3 unknown. */
int sg_report_exit_code(enum sg_state state);

/* "skewguard status": the first line tells the state and what to do. */
void sg_report_status_text(const struct sg_status *status,
                           const struct sg_report_now *now, bool colour,
                           struct sg_buf *ret);
void sg_report_status_json(const struct sg_status *status,
                           const struct sg_report_now *now, struct sg_buf *ret);

/* "skewguard sources": verbose adds a legend, and details of each source. */
void sg_report_sources_text(const struct sg_status *status,
                            const struct sg_report_now *now, bool verbose,
                            struct sg_buf *ret);

/* "skewguard explain": the last decision and every number behind it. */
void sg_report_explain_text(const struct sg_status *status,
                            const struct sg_report_now *now,
                            struct sg_buf *ret);

/*
 * "skewguard check": the status was made by the calling program itself, so
 * neither a daemon nor the time of publication matters, and every number in
 * it is of this moment.
 */
enum sg_state sg_report_check_state(const struct sg_status *status,
                                    const struct sg_report_now *now);
void sg_report_check_text(const struct sg_status *status,
                          const struct sg_report_now *now, struct sg_buf *ret);
void sg_report_check_json(const struct sg_status *status,
                          const struct sg_report_now *now, struct sg_buf *ret);

#endif

/*
 * NTP packets (RFC 5905): the request, and the verdict on what came back.
 * Pure: no clock, no socket.
 */
#ifndef SG_PROBE_NTP_PACKET_H
#define SG_PROBE_NTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "core/sample.h"

#define SG_NTP_HEADER_LEN 48
#define SG_NTP_REPLY_MAX 1280 /* any path carries that in one piece */

/*
 * The request of a client.  Instead of the time it carries the cookie, 64
 * random bits that the server repeats: an attacker who does not see the
 * request cannot guess them, and our clock is nobody's business.  The cookie
 * must not be 0, which is what an empty field looks like.
 */
void sg_ntp_request(uint64_t cookie, uint8_t ret[SG_NTP_HEADER_LEN]);

/* Our side of one exchange. */
struct sg_ntp_round {
    uint64_t cookie;
    struct sg_raw sent;
    struct sg_raw received;
    struct sg_wall pivot; /* see sg_ntp_pivot */
};

/*
 * Judge a packet that came in answer to a request: the on-wire checks of RFC
 * 5905 section 8 without its limit on the root distance, which is kept in the
 * sample instead.  Extension fields and MACs behind the header are ignored.
 *
 * SG_OUTCOME_TRUNCATED, OVERSIZED, GARBAGE and NOT_OURS say nothing of the
 * server, as anybody could have sent that packet; every other outcome is the
 * server's own word.
 */
void sg_ntp_judge(const struct sg_ntp_round *round, const uint8_t *bytes,
                  size_t len, struct sg_outcome *ret);

/* Whether an outcome of sg_ntp_judge is the server's own word. */
bool sg_ntp_is_answer(enum sg_outcome_code code);

/*
 * An NTP time stamp tells its era (136 years) by nothing; it is taken for the
 * instant nearest to the pivot.
 */
struct sg_wall sg_ntp_to_wall(uint64_t stamp, struct sg_wall pivot);

/*
 * The pivot for a host whose wall clock reads local, right or not, and a
 * program built at the instant built.
 *
 * Reality is later than the build.  So a local clock that is earlier is
 * wrong, and the build serves as pivot; one that is ahead of the build by
 * more than half an era is wrong too, or this program is 68 years old, and
 * half an era behind the build serves.  Whatever the local clock says, the
 * next 68 years are understood, and 136 years with a sane local clock.  Near
 * a sane local clock, servers that are decades behind are understood too.
 */
struct sg_wall sg_ntp_pivot(struct sg_wall local, struct sg_wall built);

#endif

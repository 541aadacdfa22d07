/*
 * Datagrams to a local service that may hang or be away, such as the system
 * log's.
 *
 * Nobody waits for it, but for a moment when it falls behind.  What it does not
 * take then is kept, and goes first next time; what there is no room for is
 * counted.
 */
#ifndef SG_BASE_POST_H
#define SG_BASE_POST_H

#include <stdbool.h>
#include <stddef.h>

#define SG_POST_KEPT_MAX 32768

struct sg_post {
    const char *path; /* of its socket; '@' begins an abstract one */
    int fd;           /* -1: not connected */
    bool is_stuck;    /* it was waited for in vain: not again, until it moves */
    unsigned lost;    /* since this was last set to 0 */
    size_t kept_len;
    char kept[SG_POST_KEPT_MAX]; /* datagrams, each behind its length */
};

/* The path is kept, not copied. */
#define SG_POST_INIT(where)                                                    \
    {                                                                          \
        .path = (where), .fd = -1                                              \
    }

/* Send it after all that is kept, or keep it as well. */
void sg_post_send(struct sg_post *post, const char *bytes, size_t len);

/* Send what is kept.  True if nothing is left. */
bool sg_post_flush(struct sg_post *post);

/* Is somebody there?  Connects if need be. */
bool sg_post_is_open(struct sg_post *post);

/* Forget what is kept. */
void sg_post_close(struct sg_post *post);

#endif

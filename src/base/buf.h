/*
 * A text buffer that grows.  A failed allocation is remembered, later calls
 * do nothing, and the caller asks once at the end.
 */
#ifndef SG_BASE_BUF_H
#define SG_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct sg_buf {
    char *text; /* NUL-terminated once anything was added, else NULL */
    size_t len;
    size_t size;
    bool failed; /* memory ran out; text holds what came before */
};

#define SG_BUF_INIT                                                            \
    {                                                                          \
        NULL, 0, 0, false                                                      \
    }

/* Append formatted text. */
void sg_buf_add(struct sg_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Append len bytes as they are; none of NULL. */
void sg_buf_add_bytes(struct sg_buf *buf, const char *bytes, size_t len);

/* Empty it, keeping its memory. */
void sg_buf_clear(struct sg_buf *buf);

/* Release its memory and make it as new. */
void sg_buf_free(struct sg_buf *buf);

/* Release a part that went into a whole: what memory was missing for is
 * missing there, too. */
void sg_buf_free_part(struct sg_buf *part, struct sg_buf *whole);

#endif

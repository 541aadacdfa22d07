#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for len more bytes and a NUL. */
static bool
reserve(struct sg_buf *buf, size_t len)
{
    size_t size = buf->size ? buf->size : 256;
    char *text;

    if (buf->failed || len >= SIZE_MAX / 2 - buf->len)
        buf->failed = true;
    if (buf->failed || buf->len + len < buf->size)
        return !buf->failed;
    while (size <= buf->len + len)
        size += size / 2;
    text = realloc(buf->text, size);
    if (!text) {
        buf->failed = true;
        return false;
    }
    buf->text = text;
    buf->size = size;
    return true;
}

void
sg_buf_add_bytes(struct sg_buf *buf, const char *bytes, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len > 0) /* bytes may be NULL then, which memcpy(3) does not like */
        memcpy(buf->text + buf->len, bytes, len);
    buf->len += len;
    buf->text[buf->len] = '\0';
}

void
sg_buf_add(struct sg_buf *buf, const char *format, ...)
{
    size_t room = buf->size - buf->len;
    va_list args, again;
    int len;

    if (buf->failed)
        return;
    va_start(args, format);
    va_copy(again, args);
    /* most texts fit into what is there already */
    len = vsnprintf(room ? buf->text + buf->len : NULL, room, format, args);
    if (len >= 0 && (size_t)len >= room && reserve(buf, (size_t)len))
        vsnprintf(buf->text + buf->len, (size_t)len + 1, format, again);
    if (len < 0)
        buf->failed = true;
    if (!buf->failed)
        buf->len += (size_t)len;
    else if (room)
        buf->text[buf->len] = '\0';
    va_end(again);
    va_end(args);
}

void
sg_buf_clear(struct sg_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->text)
        buf->text[0] = '\0';
}

void
sg_buf_free(struct sg_buf *buf)
{
    free(buf->text);
    *buf = (struct sg_buf)SG_BUF_INIT;
}

void
sg_buf_free_part(struct sg_buf *part, struct sg_buf *whole)
{
    whole->failed |= part->failed;
    sg_buf_free(part);
}

#include "base/post.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A service that is alive reads on within that, even if the system is busy. */
#define PATIENCE_MS 50

static int64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
disconnect(struct sg_post *post)
{
    if (post->fd >= 0)
        close(post->fd);
    post->fd = -1;
}

bool
sg_post_is_open(struct sg_post *post)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t len = strlen(post->path);

    if (post->fd >= 0)
        return true;
    if (len == 0 || len >= sizeof name.sun_path)
        return false;
    memcpy(name.sun_path, post->path, len);
    if (name.sun_path[0] == '@')
        name.sun_path[0] = '\0';
    post->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (post->fd < 0)
        return false;
    if (connect(post->fd, (const struct sockaddr *)&name,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0)
        return true;
    disconnect(post);
    return false;
}

/* One that falls behind is waited for until then. */
static bool
has_moved(struct sg_post *post, int64_t until_ms)
{
    struct pollfd socket = {.fd = post->fd, .events = POLLOUT};
    int64_t left_ms = until_ms - now_ms();

    if (left_ms > 0 && poll(&socket, 1, (int)left_ms) == 1)
        return true;
    post->is_stuck = true;
    return false;
}

static bool
try_once(struct sg_post *post, const char *bytes, size_t len)
{
    return sg_post_is_open(post) &&
           send(post->fd, bytes, len, MSG_NOSIGNAL) >= 0;
}

/* True if it is done with: taken, or of no use to anybody. */
static bool
deliver(struct sg_post *post, const char *bytes, size_t len, int64_t until_ms)
{
    bool is_taken = try_once(post, bytes, len);

    while (!is_taken && post->fd >= 0 && errno == EAGAIN &&
           has_moved(post, until_ms))
        is_taken = try_once(post, bytes, len);
    if (!is_taken && post->fd >= 0 && errno == EMSGSIZE) {
        post->lost++;
        return true;
    }
    /* it was started again: the old socket leads nowhere */
    if (!is_taken && post->fd >= 0 && errno != EAGAIN) {
        disconnect(post);
        is_taken = try_once(post, bytes, len);
    }
    post->is_stuck &= !is_taken;
    return is_taken;
}

static void
keep(struct sg_post *post, const char *bytes, size_t len)
{
    const uint16_t size = (uint16_t)len;

    if (len > UINT16_MAX ||
        len + sizeof size > sizeof post->kept - post->kept_len) {
        post->lost++;
        return;
    }
    memcpy(post->kept + post->kept_len, &size, sizeof size);
    memcpy(post->kept + post->kept_len + sizeof size, bytes, len);
    post->kept_len += sizeof size + len;
}

/* Whoever was waited for in vain is waited for again once he moves. */
static int64_t
patience(const struct sg_post *post)
{
    return post->is_stuck ? 0 : now_ms() + PATIENCE_MS;
}

static void
deliver_kept(struct sg_post *post)
{
    int64_t until_ms = patience(post);
    size_t done = 0;
    uint16_t size;

    while (done < post->kept_len) {
        memcpy(&size, post->kept + done, sizeof size);
        if (!deliver(post, post->kept + done + sizeof size, size, until_ms))
            break;
        if (until_ms == 0)
            until_ms = patience(post);
        done += sizeof size + size;
    }
    post->kept_len -= done;
    memmove(post->kept, post->kept + done, post->kept_len);
}

bool
sg_post_flush(struct sg_post *post)
{
    deliver_kept(post);
    return post->kept_len == 0;
}

void
sg_post_send(struct sg_post *post, const char *bytes, size_t len)
{
    if (!sg_post_flush(post) || !deliver(post, bytes, len, patience(post)))
        keep(post, bytes, len);
}

void
sg_post_close(struct sg_post *post)
{
    disconnect(post);
    post->kept_len = 0;
}

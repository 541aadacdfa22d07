/*
 * What inotify says of the spool's folder: when something came.
 */
#include <event2/event.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "mailer/mailer_private.h"

/* Several files often come together. */
#define CALM_S 0.02

#define EVENTS                                                                 \
    (IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_DELETE_SELF |   \
     IN_MOVE_SELF | IN_ONLYDIR)

/* Our own journal and receipts are no reason to look.  A folder that was
 * removed lives, and says nothing of its end, until the lock is closed. */
static bool
is_reason(const struct inotify_event *event)
{
    const char *dot = event->len > 0 ? strrchr(event->name, '.') : NULL;

    return event->len == 0 || (dot && strcmp(dot, ".alert") == 0) ||
           (event->mask & IN_DELETE &&
            strcmp(event->name, SG_MAILER_LOCK) == 0);
}

static bool
has_reason(const char *events, size_t len)
{
    const struct inotify_event *event;

    for (size_t at = 0; at < len; at += sizeof *event + event->len) {
        event = (const void *)(events + at);
        if (is_reason(event))
            return true;
    }
    return false;
}

static void
on_notice(evutil_socket_t fd, short what, void *arg)
{
    struct sg_mailer *mailer = arg;
    _Alignas(struct inotify_event) char events[4096];
    bool is_needed = false;
    ssize_t n;

    (void)what;
    while ((n = read(fd, events, sizeof events)) > 0)
        is_needed = has_reason(events, (size_t)n) || is_needed;
    if (is_needed)
        sg_mailer_look_soon(mailer, CALM_S);
}

void
sg_mailer_unwatch(struct sg_mailer *mailer)
{
    if (mailer->notice)
        event_free(mailer->notice);
    mailer->notice = NULL;
    if (mailer->inotify >= 0)
        close(mailer->inotify);
    mailer->inotify = -1;
}

/* It is no harm if others have all that there is: the timer remains. */
void
sg_mailer_watch(struct sg_mailer *mailer)
{
    sg_mailer_unwatch(mailer);
    mailer->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (mailer->inotify < 0)
        return;
    mailer->notice = event_new(mailer->base, mailer->inotify,
                               EV_READ | EV_PERSIST, on_notice, mailer);
    if (inotify_add_watch(mailer->inotify, mailer->folder, EVENTS) < 0 ||
        !mailer->notice || event_add(mailer->notice, NULL) < 0)
        sg_mailer_unwatch(mailer);
}

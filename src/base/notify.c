#include "base/notify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/post.h"

static struct sg_post to_manager = SG_POST_INIT("");

void
sg_notify(const char *format, ...)
{
    const char *path = getenv("NOTIFY_SOCKET");
    char text[512];
    va_list args;

    if (!path || (path[0] != '/' && path[0] != '@'))
        return;
    to_manager.path = path;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sg_post_send(&to_manager, text, strlen(text));
}

/* A number of an environment variable; 0 if there is none. */
static uint64_t
number_of(const char *variable)
{
    const char *text = getenv(variable);
    char *end = NULL;
    uint64_t ret = text ? strtoull(text, &end, 10) : 0;

    return end && *end == '\0' ? ret : 0;
}

uint64_t
sg_notify_watchdog_us(void)
{
    if (getenv("WATCHDOG_PID") &&
        number_of("WATCHDOG_PID") != (uint64_t)getpid())
        return 0;
    return number_of("WATCHDOG_USEC");
}

/*
 * A watch's inside, shared by watch.c (what happens while it runs) and
 * watch_build.c (how it begins and ends).
 */
#ifndef SG_WATCH_WATCH_PRIVATE_H
#define SG_WATCH_WATCH_PRIVATE_H

#include <event2/util.h>

#include "probe/source.h"
#include "watch/steering.h"
#include "watch/watch.h"

struct event;

/* One source of the plan, and when it is asked next. */
struct sg_watched {
    struct sg_watch *watch;
    int index;
    struct sg_source *source;
    struct event *timer;
    bool is_out;        /* a question is under way */
    double suspended_s; /* when it was asked */
};

struct sg_watch {
    struct sg_watch_setup setup;
    struct sg_engine *engine;
    enum sg_mode mode;
    struct sg_probe_env env;
    struct sg_watched *watched;
    int n;
    struct event *tick, *notice, *link;
    struct sg_steering steering;
    double suspended_s;
    struct sg_raw not_before; /* nobody is asked */
    bool is_corrected;        /* the clock, at least once */
};

/* Ask it when the engine wants it asked. */
void sg_watch_schedule(struct sg_watched *watched);

void sg_watch_arm(struct event *timer, double wait_s);

/* What is called back: arg is a struct sg_watched, or (the last three) a
 * struct sg_watch. */
void sg_watch_on_done(void *arg, struct sg_source *source,
                      const struct sg_outcome *outcome);
void sg_watch_on_timer(evutil_socket_t fd, short what, void *arg);
void sg_watch_on_tick(evutil_socket_t fd, short what, void *arg);
void sg_watch_on_notice(evutil_socket_t fd, short what, void *arg);
void sg_watch_on_link(evutil_socket_t fd, short what, void *arg);

#endif

/*
 * Files that somebody may change while the daemon runs, watched with inotify.
 *
 * Editors and packages replace a file, so its folder is watched as well, and
 * those of the links that lead to it.  A moment after something happened there
 * all files are looked at: who only passed by is not reported.
 */
#ifndef SG_DAEMON_FILEWATCH_H
#define SG_DAEMON_FILEWATCH_H

#include "base/err.h"

struct event_base;
struct sg_filewatch;

/* From the loop.  kinds: those of all files that are not as they were. */
typedef void sg_filewatch_changed(void *arg, unsigned kinds);

/* base is lent.  NULL with a reason, such as that this host has no inotify. */
struct sg_filewatch *sg_filewatch_new(struct event_base *base,
                                      sg_filewatch_changed *changed, void *arg,
                                      struct sg_err *err);

/* Accepts NULL. */
void sg_filewatch_free(struct sg_filewatch *filewatch);

/*
 * The files, from now on: forget all, then add each with the bit that stands
 * for its kind.  A change after the adding is reported, so what is read then
 * will not become stale unseen.  A path may name a folder, whose entries then
 * count, or nothing yet.
 */
void sg_filewatch_clear(struct sg_filewatch *filewatch);
void sg_filewatch_add(struct sg_filewatch *filewatch, const char *path,
                      unsigned kind);

#endif

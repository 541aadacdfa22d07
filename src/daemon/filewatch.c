#include "daemon/filewatch.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who writes a file often does it in several steps. */
#define CALM_S 1
/* Without inotify, because others have all that there is. */
#define BLIND_S 60

/* A link that leads to a link ... */
#define LINKS_MAX 8

#define EVENTS                                                                 \
    (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |    \
     IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

/* All zero: there is nothing of this name, or it cannot be read. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

struct file {
    LIST_ENTRY(file) link;
    unsigned kind;
    struct stamp stamp;
    char path[];
};

struct sg_filewatch {
    struct event_base *base;
    int fd;
    struct event *notice; /* something happened ... */
    struct event *look;   /* ... and then it was calm for a moment */
    LIST_HEAD(, file) files;
    sg_filewatch_changed *changed;
    void *arg;
};

static struct stamp
take_stamp(const char *path)
{
    struct stamp ret;
    struct stat st;

    memset(&ret, 0, sizeof ret);
    if (stat(path, &st) < 0 || access(path, R_OK) < 0)
        return ret;
    ret.device = st.st_dev;
    ret.inode = st.st_ino;
    ret.size = st.st_size;
    ret.modified = st.st_mtim;
    ret.changed = st.st_ctim;
    return ret;
}

static bool
is_same(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode &&
           a->size == b->size && a->modified.tv_sec == b->modified.tv_sec &&
           a->modified.tv_nsec == b->modified.tv_nsec &&
           a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Cut a path down to its folder; false: there is none above. */
static bool
go_up(char *path)
{
    char *slash = strrchr(path, '/');

    if (!slash || path[1] == '\0')
        return false;
    slash[slash == path] = '\0';
    return true;
}

/* The folder, or the nearest above it that exists: it may be made later. */
static void
watch_folder_of(struct sg_filewatch *filewatch, const char *path)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%s", path);
    while (go_up(folder))
        if (inotify_add_watch(filewatch->fd, folder, EVENTS | IN_ONLYDIR) >= 0)
            break;
}

/* The next path on the way along a link; false: it is none. */
static bool
follow_link(char path[PATH_MAX])
{
    char target[PATH_MAX], whole[PATH_MAX];
    ssize_t len = readlink(path, target, sizeof target - 1);

    if (len <= 0)
        return false;
    target[len] = '\0';
    if (target[0] == '/' || !go_up(path))
        return snprintf(path, PATH_MAX, "%s", target) < PATH_MAX;
    if (snprintf(whole, sizeof whole, "%s/%s", path, target) >= PATH_MAX)
        return false;
    strcpy(path, whole);
    return true;
}

/* What cannot be watched, for want of permission, is left to other looks. */
static void
watch(struct sg_filewatch *filewatch, struct file *file)
{
    char path[PATH_MAX];

    if (filewatch->fd < 0)
        return;
    /* the file as well: it may be written to under another name */
    inotify_add_watch(filewatch->fd, file->path, EVENTS);
    snprintf(path, sizeof path, "%s", file->path);
    for (int i = 0; i < LINKS_MAX; i++) {
        watch_folder_of(filewatch, path);
        if (!follow_link(path))
            break;
    }
}

static void
stop(struct sg_filewatch *filewatch)
{
    if (filewatch->notice)
        event_free(filewatch->notice);
    filewatch->notice = NULL;
    if (filewatch->fd >= 0)
        close(filewatch->fd);
    filewatch->fd = -1;
}

static void
on_notice(evutil_socket_t fd, short what, void *arg)
{
    struct sg_filewatch *filewatch = arg;
    const struct timeval calm = {CALM_S, 0};

    (void)fd;
    (void)what;
    evtimer_add(filewatch->look, &calm);
}

/* A fresh descriptor has no stale watches and no old events. */
static int
start(struct sg_filewatch *filewatch)
{
    int code;

    stop(filewatch);
    filewatch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (filewatch->fd < 0)
        return -errno;
    filewatch->notice = event_new(filewatch->base, filewatch->fd, EV_READ,
                                  on_notice, filewatch);
    if (filewatch->notice && event_add(filewatch->notice, NULL) == 0)
        return 0;
    code = -ENOMEM;
    stop(filewatch);
    return code;
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
    struct sg_filewatch *filewatch = arg;
    const struct timeval blind = {BLIND_S, 0};
    unsigned kinds = 0;
    struct file *file;

    (void)fd;
    (void)what;
    /* somebody else may have them all: until then by the clock */
    if (start(filewatch) < 0)
        evtimer_add(filewatch->look, &blind);
    LIST_FOREACH(file, &filewatch->files, link)
    {
        struct stamp stamp;

        watch(filewatch, file);
        stamp = take_stamp(file->path);
        if (!is_same(&stamp, &file->stamp))
            kinds |= file->kind;
        file->stamp = stamp;
    }
    if (kinds != 0)
        filewatch->changed(filewatch->arg, kinds);
}

static void
forget_files(struct sg_filewatch *filewatch)
{
    struct file *file;

    while ((file = LIST_FIRST(&filewatch->files))) {
        LIST_REMOVE(file, link);
        free(file);
    }
}

void
sg_filewatch_clear(struct sg_filewatch *filewatch)
{
    const struct timeval blind = {BLIND_S, 0};

    forget_files(filewatch);
    evtimer_del(filewatch->look);
    if (start(filewatch) < 0)
        evtimer_add(filewatch->look, &blind);
}

void
sg_filewatch_add(struct sg_filewatch *filewatch, const char *path,
                 unsigned kind)
{
    size_t size = strlen(path) + 1;
    struct file *file = calloc(1, sizeof *file + size);

    if (!file)
        return;
    memcpy(file->path, path, size);
    file->kind = kind;
    watch(filewatch, file);
    file->stamp = take_stamp(path);
    LIST_INSERT_HEAD(&filewatch->files, file, link);
}

struct sg_filewatch *
sg_filewatch_new(struct event_base *base, sg_filewatch_changed *changed,
                 void *arg, struct sg_err *err)
{
    struct sg_filewatch *filewatch = calloc(1, sizeof *filewatch);
    int code = -ENOMEM;

    if (filewatch) {
        LIST_INIT(&filewatch->files);
        filewatch->base = base;
        filewatch->fd = -1;
        filewatch->changed = changed;
        filewatch->arg = arg;
        filewatch->look = evtimer_new(base, on_look, filewatch);
        if (filewatch->look)
            code = start(filewatch);
    }
    if (code == 0)
        return filewatch;
    sg_err_set(err, code, "inotify: %s", strerror(-code));
    sg_filewatch_free(filewatch);
    return NULL;
}

void
sg_filewatch_free(struct sg_filewatch *filewatch)
{
    if (!filewatch)
        return;
    stop(filewatch);
    forget_files(filewatch);
    if (filewatch->look)
        event_free(filewatch->look);
    free(filewatch);
}

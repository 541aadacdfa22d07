/*
 * System calls that fail, or at which the process dies, when a test says so
 * (linked with --wrap): disks fill up, memory runs out, power goes.
 */
#ifndef SG_TESTS_FAULTY_H
#define SG_TESTS_FAULTY_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    int at;           /* the call that goes wrong, from 1; 0: none does */
    int error;        /* how; 0: the process dies there */
    const char *only; /* only calls of this name count; NULL: all */
    int calls;        /* so far */
    bool has_struck;
    uid_t file_owner, folder_owner; /* what fstat says; 0: the truth */
    void (*on_lock)(void);          /* called at each flock */
    char log[4096];                 /* what has to do with being on disk */
} faulty;

static inline void
faulty_begin(int at, int error, const char *only)
{
    memset(&faulty, 0, sizeof faulty);
    faulty.at = at;
    faulty.error = error;
    faulty.only = only;
}

static inline void
faulty_end(void)
{
    faulty.at = 0;
}

static bool
strikes(const char *name)
{
    if (faulty.at == 0 || (faulty.only && strcmp(name, faulty.only) != 0) ||
        ++faulty.calls != faulty.at)
        return false;
    faulty.has_struck = true;
    if (faulty.error == 0)
        raise(SIGKILL);
    errno = faulty.error;
    return true;
}

static void
note(const char *what, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = strlen(faulty.log);

    snprintf(faulty.log + len, sizeof faulty.log - len, "%s %s\n", what,
             slash ? slash + 1 : path);
}

#define WRAP(type, name, ...)                                                  \
    type __real_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__)

/* Of those with nothing particular about them. */
#define SIMPLE(type, failure, name, params, args)                              \
    WRAP(type, name, params)                                                   \
    {                                                                          \
        return strikes(#name) ? (failure) : __real_##name args;                \
    }
#define P(...) __VA_ARGS__

SIMPLE(void *, NULL, malloc, P(size_t size), (size))
SIMPLE(char *, NULL, strdup, P(const char *text), (text))
SIMPLE(void *, NULL, calloc, P(size_t n, size_t size), (n, size))
SIMPLE(void *, NULL, realloc, P(void *p, size_t size), (p, size))
SIMPLE(void *, NULL, reallocarray, P(void *p, size_t n, size_t size),
       (p, n, size))
SIMPLE(int, -1, mkdir, P(const char *path, mode_t mode), (path, mode))
SIMPLE(int, -1, fchmod, P(int fd, mode_t mode), (fd, mode))
SIMPLE(int, -1, unlinkat, P(int fd, const char *path, int flags),
       (fd, path, flags))
SIMPLE(int, -1, renameat2,
       P(int fd, const char *from, int to_fd, const char *to, unsigned flags),
       (fd, from, to_fd, to, flags))
SIMPLE(DIR *, NULL, fdopendir, P(int fd), (fd))
SIMPLE(struct dirent *, NULL, readdir, P(DIR *dir), (dir))
SIMPLE(ssize_t, -1, read, P(int fd, void *bytes, size_t len), (fd, bytes, len))

int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

/* Whoever opens by a path makes nothing there. */
int
__wrap_open(const char *path, int flags, ...)
{
    return strikes("open") ? -1 : __real_open(path, flags);
}

int
__wrap_openat(int folder, const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list args;

    va_start(args, flags);
    if (flags & O_CREAT)
        mode = va_arg(args, mode_t);
    va_end(args);
    return strikes("openat") ? -1 : __real_openat(folder, path, flags, mode);
}

/* Half of it is there before it goes wrong; a signal comes before that. */
WRAP(ssize_t, write, int fd, const void *bytes, size_t len)
{
    if (faulty.at == faulty.calls + 1 && len > 1 && faulty.error != EINTR)
        __real_write(fd, bytes, len / 2);
    return strikes("write") ? -1 : __real_write(fd, bytes, len);
}

WRAP(int, close, int fd)
{
    int ret = __real_close(fd);

    return strikes("close") ? -1 : ret;
}

WRAP(int, fstat, int fd, struct stat *ret)
{
    uid_t owner;

    if (strikes("fstat") || __real_fstat(fd, ret) < 0)
        return -1;
    owner = S_ISDIR(ret->st_mode) ? faulty.folder_owner : faulty.file_owner;
    if (owner)
        ret->st_uid = owner;
    return 0;
}

/* Between the folder's check and what is done there. */
WRAP(int, flock, int fd, int what)
{
    if (faulty.on_lock)
        faulty.on_lock();
    return strikes("flock") ? -1 : __real_flock(fd, what);
}

WRAP(int, renameat, int from_fd, const char *from, int to_fd, const char *to)
{
    if (strikes("renameat"))
        return -1;
    note("rename", to);
    return __real_renameat(from_fd, from, to_fd, to);
}

static int
sync_it(const char *name, int fd)
{
    char link[64], path[256] = "";

    if (strikes(name))
        return -1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof path - 1) > 0)
        note("fsync", path);
    return 0; /* no disk has to move for a test */
}

int __wrap_fsync(int fd);

int
__wrap_fsync(int fd)
{
    return sync_it("fsync", fd);
}

int __wrap_fdatasync(int fd);

int
__wrap_fdatasync(int fd)
{
    return sync_it("fdatasync", fd);
}

#endif

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* A rename is on disk once its folder is. */
static int
sync_folder(int at, const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    int fd, code;

    if (at != AT_FDCWD)
        return fsync(at) < 0 ? -errno : 0;
    snprintf(folder, sizeof folder, "%.*s",
             slash && slash > path ? (int)(slash - path) : 1,
             slash ? path : ".");
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    code = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return code;
}

static int
write_new(int at, const char *path, const char *bytes, size_t len, mode_t mode,
          bool durable)
{
    /* O_EXCL keeps us from following a link */
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = openat(at, path, flags, mode), code;

    if (fd < 0 && errno == EEXIST) {
        unlinkat(at, path, 0); /* left over from a crash */
        fd = openat(at, path, flags, mode);
    }
    if (fd < 0)
        return -errno;
    code = write_all(fd, bytes, len);
    /* the umask is somebody else's idea */
    if (code == 0 && fchmod(fd, mode) < 0)
        code = -errno;
    if (code == 0 && durable && fsync(fd) < 0)
        code = -errno;
    if (close(fd) < 0 && code == 0)
        code = -errno;
    return code;
}

/* path is below the open folder "at", or anywhere for AT_FDCWD. */
static int
replace(int at, const char *path, const char *bytes, size_t len, mode_t mode,
        bool durable)
{
    char fresh[4096];
    int code;

    if ((size_t)snprintf(fresh, sizeof fresh, "%s.new", path) >= sizeof fresh)
        return -ENAMETOOLONG;
    code = write_new(at, fresh, bytes, len, mode, durable);
    if (code == 0 && renameat(at, fresh, at, path) < 0)
        code = -errno;
    if (code == 0 && durable)
        code = sync_folder(at, path);
    if (code < 0)
        unlinkat(at, fresh, 0);
    return code;
}

int
sg_file_replace(const char *path, const char *bytes, size_t len, mode_t mode,
                bool durable, struct sg_err *err)
{
    int code = replace(AT_FDCWD, path, bytes, len, mode, durable);

    if (code == 0)
        return 0;
    return sg_err_set(err, code, "%s: %s", path,
                      code == -ENAMETOOLONG ? "name too long"
                                            : strerror(-code));
}

int
sg_file_replace_at(int folder, const char *name, const char *bytes, size_t len,
                   mode_t mode, bool durable)
{
    return replace(folder, name, bytes, len, mode, durable);
}

int
sg_file_make_folder(const char *path, struct sg_err *err)
{
    int code;

    if (mkdir(path, 0755) == 0)
        code = chmod(path, 0755) < 0 ? -errno : 0;
    else
        code = errno == EEXIST ? 0 : -errno;
    if (code == 0)
        return 0;
    return sg_err_set(err, code, "%s: %s", path, strerror(-code));
}

static int
read_all(int fd, size_t max, struct sg_buf *ret)
{
    char chunk[4096];
    size_t before = ret->len;

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : ret->failed ? -ENOMEM : 0;
        if (ret->len - before + (size_t)n > max)
            return -EFBIG;
        sg_buf_add_bytes(ret, chunk, (size_t)n);
    }
}

int
sg_file_read_open(int fd, const char *path, size_t max, struct sg_buf *ret,
                  struct sg_err *err)
{
    struct stat st;
    int code;

    if (fstat(fd, &st) < 0) {
        code = -errno;
        return sg_err_set(err, code, "%s: %s", path, strerror(-code));
    }
    if (!S_ISREG(st.st_mode))
        return sg_err_set(err, -EINVAL, "%s: not a regular file", path);
    code = read_all(fd, max, ret);
    if (code == -EFBIG)
        return sg_err_set(err, code, "%s: larger than %zu bytes", path, max);
    if (code < 0)
        return sg_err_set(err, code, "%s: %s", path, strerror(-code));
    return 0;
}

int
sg_file_read(const char *path, size_t max, struct sg_buf *ret,
             struct sg_err *err)
{
    /* O_NONBLOCK: somebody may have put a FIFO there */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), code;

    if (fd < 0) {
        code = -errno;
        return sg_err_set(err, code, "%s: %s", path, strerror(-code));
    }
    code = sg_file_read_open(fd, path, max, ret, err);
    close(fd);
    return code;
}

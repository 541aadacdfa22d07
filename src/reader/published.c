#include "reader/published.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hostclock.h"

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/* O_NONBLOCK: opening a FIFO would otherwise wait for its writer. */
#define OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define FOLDER_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)

/* The file name in folder; path is how people call it. */
static int
open_regular(int folder, const char *name, const char *path, struct stat *ret,
             struct sg_err *err)
{
    int fd = openat(folder, name, OPEN_FLAGS);
    int code = errno;

    if (fd < 0 && code == ELOOP)
        return sg_err_set(err, -code, "%s: is a symbolic link, not followed",
                          path);
    if (fd < 0)
        return sg_err_set(err, -code, "%s: %s", path, strerror(code));
    if (fstat(fd, ret) == 0 && S_ISREG(ret->st_mode))
        return fd;
    close(fd);
    return sg_err_set(err, -EINVAL, "%s: is not a regular file", path);
}

static int
judge_writers(const char *path, const struct stat *folder,
              const struct stat *file, struct sg_err *err)
{
    if (folder->st_mode & (S_IWGRP | S_IWOTH))
        return sg_err_set(err, -EPERM,
                          "%s: others than its owner can write to its folder "
                          "(mode %03o), not believed",
                          path, (unsigned)folder->st_mode & 0777);
    /* what fails has an errno, and so a negative code
     * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    if (file->st_mode & (S_IWGRP | S_IWOTH))
        return sg_err_set(err, -EPERM,
                          "%s: others than its owner can write to it (mode "
                          "%03o), not believed",
                          path, (unsigned)file->st_mode & 0777);
    if (file->st_uid != 0 && file->st_uid != folder->st_uid)
        return sg_err_set(err, -EPERM,
                          "%s: belongs to user %u, who is neither root nor the "
                          "owner of its folder, not believed",
                          path, (unsigned)file->st_uid);
    return 0;
}

/* Folder and file stay what they were judged as: they are held open. */
static int
open_trusted(const char *path, struct sg_err *err)
{
    const char *slash = strrchr(path, '/');
    char *name =
        slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int folder = name ? open(name, FOLDER_FLAGS) : -1;
    int fd = -errno, r;
    struct stat of_folder, of_file;

    free(name);
    if (folder < 0)
        return sg_err_set(err, fd, "%s: %s", path, strerror(-fd));
    fd = open_regular(folder, slash ? slash + 1 : path, path, &of_file, err);
    if (fd >= 0) {
        r = fstat(folder, &of_folder) == 0
                ? judge_writers(path, &of_folder, &of_file, err)
                : sg_err_set(err, -errno, "%s: %s", path, strerror(errno));
        if (r < 0) {
            close(fd);
            fd = r;
        }
    }
    close(folder);
    return fd;
}

/* Up to size bytes; the number read, or a negative errno. */
static ssize_t
read_up_to(int fd, char *text, size_t size)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = read(fd, text + len, size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static int
decode(const char *path, const char *text, size_t len, struct sg_status *ret,
       struct sg_err *err)
{
    struct sg_err why = {""};
    int r = sg_status_decode(text, len, ret, &why);

    if (r < 0)
        return sg_err_set(err, r, "%s: not a status of skewguardd: %.300s",
                          path, why.text);
    return 0;
}

static int
read_open(const char *path, int fd, struct sg_status *ret, struct sg_err *err)
{
    char *text = malloc(SG_PUBLISHED_MAX + 1);
    ssize_t len;
    int r;

    if (!text)
        return sg_err_set(err, -ENOMEM, "%s: out of memory", path);
    len = read_up_to(fd, text, SG_PUBLISHED_MAX + 1);
    if (len < 0)
        r = sg_err_set(err, (int)len, "%s: %s", path, strerror((int)-len));
    else if (len > SG_PUBLISHED_MAX)
        r = sg_err_set(err, -EFBIG,
                       "%s: larger than a status can be, at most %d bytes",
                       path, SG_PUBLISHED_MAX);
    else
        r = decode(path, text, (size_t)len, ret, err);
    free(text);
    return r;
}

/* Takes over fd, which is a negative errno if it could not be opened. */
static int
read_and_close(const char *path, int fd, struct sg_status *ret,
               struct sg_err *err)
{
    int r = fd;

    if (fd >= 0) {
        r = read_open(path, fd, ret, err);
        close(fd);
    }
    if (r < 0)
        sg_status_init(ret);
    return r;
}

int
sg_published_read(const char *path, struct sg_status *ret, struct sg_err *err)
{
    struct stat st;

    return read_and_close(path, open_regular(AT_FDCWD, path, path, &st, err),
                          ret, err);
}

int
sg_published_read_trusted(const char *path, struct sg_status *ret,
                          struct sg_err *err)
{
    return read_and_close(path, open_trusted(path, err), ret, err);
}

/*
 * F_OFD_GETLK sees the locks of processes and those of open files alike.  The
 * question is "could I have a read lock?", since asking for a write lock needs
 * a file opened for writing.
 */
enum sg_report_daemon
sg_published_ask_lock(const char *path)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    enum sg_report_daemon ret = SG_REPORT_DAEMON_UNCERTAIN;
    struct stat st;
    int fd = open_regular(AT_FDCWD, path, path, &st, NULL);

    if (fd == -ENOENT)
        return SG_REPORT_DAEMON_DEAD;
    if (fd < 0)
        return SG_REPORT_DAEMON_UNCERTAIN;
    if (fcntl(fd, F_OFD_GETLK, &lock) == 0)
        ret = lock.l_type == F_UNLCK ? SG_REPORT_DAEMON_DEAD
                                     : SG_REPORT_DAEMON_ALIVE;
    close(fd);
    return ret;
}

/* Left empty where the platform has none: empty equals empty. */
static void
read_boot_id(char *ret, size_t size)
{
    int fd = open(BOOT_ID_PATH, O_RDONLY | O_CLOEXEC);
    ssize_t len;

    ret[0] = '\0';
    if (fd < 0)
        return;
    len = read_up_to(fd, ret, size - 1);
    close(fd);
    ret[len > 0 ? len : 0] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
}

void
sg_published_look(const char *lock_path, struct sg_report_now *ret)
{
    memset(ret, 0, sizeof *ret);
    read_boot_id(ret->boot_id, sizeof ret->boot_id);
    ret->daemon = sg_published_ask_lock(lock_path);
    ret->suspended_s = sg_host_suspended_s();
    ret->host = sg_host_reading();
}

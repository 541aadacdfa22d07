#include "mailer/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
check_mode(const char *path, const struct stat *st, struct sg_err *err)
{
    bool is_shared =
        st->st_uid == 0 && st->st_gid == getegid() && (st->st_mode & 027) == 0;

    if (!S_ISREG(st->st_mode))
        return sg_err_set(err, -EINVAL, "%s: not a regular file", path);
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return sg_err_set(err, -EPERM, "%s: belongs neither to us nor to root",
                          path);
    if ((st->st_mode & 077) != 0 && !is_shared)
        return sg_err_set(err, -EPERM,
                          "%s: mode %04o lets others read it, allowed are "
                          "0600, and 0640 for root and our group",
                          path, (unsigned)st->st_mode & 07777);
    return 0;
}

static int
take_line(const char *path, char *text, size_t len, struct sg_err *err)
{
    text[len] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (len == SG_SECRET_MAX - 1 && strlen(text) == len)
        return sg_err_set(err, -EINVAL,
                          "%s: its first line is longer than %d characters",
                          path, SG_SECRET_MAX - 2);
    if (!text[0])
        return sg_err_set(err, -EINVAL, "%s: its first line is empty", path);
    return 0;
}

int
sg_secret_read(const char *path, char ret[SG_SECRET_MAX], struct sg_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), code;
    struct stat st;
    ssize_t len;

    if (fd < 0) {
        code = -errno;
        return sg_err_set(err, code, "%s: %s", path, strerror(-code));
    }
    code = fstat(fd, &st) < 0 ? -errno : check_mode(path, &st, err);
    if (code == 0) {
        len = read(fd, ret, SG_SECRET_MAX - 1);
        code = len < 0
                   ? sg_err_set(err, -errno, "%s: %s", path, strerror(errno))
                   : take_line(path, ret, (size_t)len, err);
    }
    close(fd);
    return code;
}

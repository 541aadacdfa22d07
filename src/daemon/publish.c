#include "daemon/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/notify.h"
#include "base/printable.h"

int
sg_publish_file(const char *path, const struct sg_status *status,
                struct sg_err *err)
{
    struct sg_buf buf = SG_BUF_INIT;
    int code;

    sg_status_encode(status, &buf);
    if (buf.failed)
        code = sg_err_set(err, -ENOMEM, "%s: no memory", path);
    else
        /* a power cut ends /run as well: no need to wait for a disk */
        code = sg_file_replace(path, buf.text, buf.len, 0644, false, err);
    sg_buf_free(&buf);
    return code;
}

void
sg_publish_notify(const struct sg_status *status)
{
    static bool is_ready;
    const struct sg_status_realm *worst = NULL;
    char text[256];

    for (int i = 0; i < status->n_realms; i++)
        if (!worst || status->realms[i].state > worst->state)
            worst = &status->realms[i];
    snprintf(text, sizeof text, "%s: %s%s%.150s", sg_mode_name(status->mode),
             sg_state_name(status->state), worst ? ", " : "",
             worst ? worst->name : "");
    sg_printable(text);
    sg_notify("%sSTATUS=%s", is_ready ? "" : "READY=1\n", text);
    is_ready = true;
}

/*
 * "%b" of systemd, 32 digits.  A service with a sandbox gets a /proc of its
 * own, in which a container's boot is not that which all others see there.
 */
static bool
take_told_id(char *ret, size_t size)
{
    const char *id = getenv("SKEWGUARD_BOOT_ID");

    if (!id || strlen(id) != 32 || strspn(id, "0123456789abcdef") != 32)
        return false;
    snprintf(ret, size, "%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12,
             id + 16, id + 20);
    return true;
}

static void
read_boot_id(char *ret, size_t size)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);

    if (fd >= 0)
        close(fd);
    ret[n > 0 ? n : 0] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
}

void
sg_publish_boot_id(char *ret, size_t size)
{
    if (!take_told_id(ret, size))
        read_boot_id(ret, size);
}

int
sg_publish_lock(const char *directory, struct sg_err *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[4096];
    int fd, code;

    code = sg_file_make_folder(directory, err);
    if (code < 0)
        return code;
    snprintf(path, sizeof path, "%s/skewguardd.lock", directory);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        code = -errno;
        return sg_err_set(err, code, "%s: %s", path, strerror(-code));
    }
    /* of the open file, so that nobody's close() drops it */
    if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        code = -errno;
        close(fd);
        if (code == -EAGAIN || code == -EACCES)
            return sg_err_set(err, code, "another skewguardd runs already (%s)",
                              path);
        return sg_err_set(err, code, "%s: %s", path, strerror(-code));
    }
    fchmod(fd, 0644);
    return 0;
}

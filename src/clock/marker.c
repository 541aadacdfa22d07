#include "clock/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define BYTES 128
#define BASE_MOST (500L << 16) /* MAXFREQ of the kernel: 500 ppm */

static const char format[] = "skewguard-slew 1\n"
                             "slew_freq=%ld slew_tick=%ld\n"
                             "base_freq=%ld base_tick=%ld\n";
static const char scan[] = "skewguard-slew 1 slew_freq=%11ld slew_tick=%11ld "
                           "base_freq=%11ld base_tick=%11ld %n";
static const char none[] = "skewguard-slew 1\nnone\n";

int
sg_marker_open(const char *path, struct sg_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct sg_slew slew = {.end_ns = 0};
    int code = fd < 0 ? -errno : sg_marker_write(fd, &slew);

    if (code == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return sg_err_set(err, code, "%s: %s", path, strerror(-code));
}

int
sg_marker_write(int fd, const struct sg_slew *slew)
{
    char text[BYTES];
    int len;
    ssize_t n;

    if (slew->end_ns == 0)
        len = snprintf(text, sizeof text, "%s", none);
    else
        len = snprintf(text, sizeof text, format, slew->rate.freq,
                       slew->rate.tick, slew->base.freq, slew->base.tick);
    memset(text + len, '\n', sizeof text - (size_t)len);
    n = pwrite(fd, text, sizeof text, 0);
    return n < 0 ? -errno : n < BYTES ? -ENOSPC : 0;
}

int
sg_marker_read(const char *path, struct sg_slew *ret, struct sg_err *err)
{
    struct sg_buf buf = SG_BUF_INIT;
    const char *text;
    int used = 0;
    int code = sg_file_read(path, BYTES, &buf, err);

    memset(ret, 0, sizeof *ret);
    text = buf.text ? buf.text : "";
    if (code == -ENOENT)
        code = 0;
    else if (code == 0 && strncmp(text, none, sizeof none - 1) != 0) {
        code = 1;
        if (sscanf(text, scan, &ret->rate.freq, &ret->rate.tick,
                   &ret->base.freq, &ret->base.tick, &used) != 4 ||
            (size_t)used != buf.len || labs(ret->base.freq) > BASE_MOST ||
            ret->base.tick != sg_rate_nominal_tick())
            code = sg_err_set(err, -EINVAL, "%s: damaged", path);
    }
    sg_buf_free(&buf);
    return code;
}

#include "daemon/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define MAX_BYTES 512
#define MAX_PPM 500.0
#define MAX_NS 9.2e18 /* what 64 bits hold, to the year 2261 */

static const char format[] = "skewguard-frequency 1\n"
                             "frequency_ppm=%.6f\n"
                             "frequency_sd_ppm=%.6f\n"
                             "saved_ns=%lld\n";

/* "key=number\n", exactly; moves *text behind it. */
static bool
take(const char **text, const char *key, double *ret)
{
    size_t len = strlen(key);
    char *end;

    if (strncmp(*text, key, len) != 0 || (*text)[len] != '=')
        return false;
    *ret = strtod(*text + len + 1, &end);
    if (end == *text + len + 1 || *end != '\n' || !isfinite(*ret))
        return false;
    *text = end + 1;
    return true;
}

static int
check_range(const char *path, const struct sg_memory *memory, double saved_ns,
            struct sg_err *err)
{
    if (fabs(memory->frequency_ppm) > MAX_PPM)
        return sg_err_set(err, -EINVAL,
                          "%s: frequency %.6g ppm, allowed -%.0f to %.0f", path,
                          memory->frequency_ppm, MAX_PPM, MAX_PPM);
    if (memory->frequency_sd_ppm <= 0 || memory->frequency_sd_ppm > MAX_PPM)
        return sg_err_set(err, -EINVAL,
                          "%s: deviation %.6g ppm, allowed more than 0 to %.0f",
                          path, memory->frequency_sd_ppm, MAX_PPM);
    if (saved_ns < 0 || saved_ns > MAX_NS)
        return sg_err_set(err, -EINVAL,
                          "%s: saved at %.6g ns, allowed 0 to %.6g", path,
                          saved_ns, MAX_NS);
    return 0;
}

int
sg_memory_load(const char *path, struct sg_memory *ret, struct sg_err *err)
{
    static const char first[] = "skewguard-frequency 1\n";
    struct sg_buf buf = SG_BUF_INIT;
    struct sg_memory memory;
    const char *text;
    double saved_ns;
    int code = sg_file_read(path, MAX_BYTES, &buf, err);

    if (code < 0)
        goto out;
    text = buf.text ? buf.text : "";
    if (strncmp(text, first, sizeof first - 1) != 0) {
        code = sg_err_set(err, -EINVAL, "%s: not a frequency file", path);
        goto out;
    }
    text += sizeof first - 1;
    if (!take(&text, "frequency_ppm", &memory.frequency_ppm) ||
        !take(&text, "frequency_sd_ppm", &memory.frequency_sd_ppm) ||
        !take(&text, "saved_ns", &saved_ns) || text != buf.text + buf.len) {
        code = sg_err_set(err, -EINVAL, "%s: damaged", path);
        goto out;
    }
    code = check_range(path, &memory, saved_ns, err);
    if (code < 0)
        goto out;
    memory.saved.ns = (int64_t)saved_ns;
    *ret = memory;
out:
    sg_buf_free(&buf);
    return code;
}

int
sg_memory_save(const char *path, const struct sg_memory *memory,
               struct sg_err *err)
{
    char text[MAX_BYTES];
    int len = snprintf(text, sizeof text, format, memory->frequency_ppm,
                       memory->frequency_sd_ppm, (long long)memory->saved.ns);

    return sg_file_replace(path, text, (size_t)len, 0644, true, err);
}

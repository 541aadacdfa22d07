#include "daemon/motd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hostclock.h"
#include "report/login.h"
#include "report/present.h"
#include "report/words.h"
#include "setup/config.h"

static void
make_path(const char *runtime_directory, char ret[SG_PATH_MAX + 16])
{
    snprintf(ret, SG_PATH_MAX + 16, "%s/" SG_MOTD_FILE, runtime_directory);
}

int
sg_motd_keep(const char *runtime_directory, const struct sg_status *status,
             struct sg_err *err)
{
    static char said[1024];
    const struct sg_login_options options = {.warn_frac = -1};
    struct sg_report_now now = {.host = sg_host_reading()};
    struct sg_buf buf = SG_BUF_INIT;
    char path[SG_PATH_MAX + 16];
    struct sg_present present;
    int code = 0;

    sg_present_make_own(status, &now, &present);
    sg_login_add(&buf, status, &present, &options);
    make_path(runtime_directory, path);
    if (buf.len == 0 && !buf.failed) {
        said[0] = '\0';
        sg_motd_remove(runtime_directory);
        return 0;
    }
    if (buf.failed || strncmp(said, buf.text, sizeof said - 1) != 0 ||
        access(path, F_OK) < 0) {
        snprintf(said, sizeof said, "%s", buf.failed ? "" : buf.text);
        /* who reads it an hour later must not take it for news */
        sg_buf_add(&buf, " (skewguard, %s)\n",
                   sg_words_time(present.wall).text);
        code = buf.failed
                   ? sg_err_set(err, -ENOMEM, "%s: no memory", path)
                   : sg_file_replace(path, buf.text, buf.len, 0644, false, err);
        if (code < 0)
            said[0] = '\0';
    }
    sg_buf_free(&buf);
    return code;
}

void
sg_motd_remove(const char *runtime_directory)
{
    char path[SG_PATH_MAX + 16];

    make_path(runtime_directory, path);
    unlink(path);
}

/*
 * The mailer's side of the spool's folder: it is ours alone while we hold its
 * lock, and a slow timer looks where inotify cannot.
 */
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hostclock.h"
#include "base/log.h"
#include "base/timeval.h"
#include "mailer/mailer_private.h"

/* inotify says what this would find, but for network file systems. */
#define LOOK_S 60
/* Without inotify, or while the spool cannot be used. */
#define BLIND_S 10

static void
look_in(struct sg_mailer *mailer, double wait_s)
{
    const struct timeval wait = sg_timeval(wait_s);

    evtimer_add(mailer->look, &wait);
}

void
sg_mailer_say_trouble(struct sg_mailer *mailer, const char *trouble)
{
    if (!trouble && mailer->trouble[0])
        sg_log(LOG_NOTICE, "%s: works again", mailer->folder);
    else if (trouble && strcmp(trouble, mailer->trouble) != 0)
        sg_log(LOG_ERR, "spool: %s; tried again every %d s", trouble, BLIND_S);
    if (trouble)
        look_in(mailer, BLIND_S);
    snprintf(mailer->trouble, sizeof mailer->trouble, "%s",
             trouble ? trouble : "");
}

void
sg_mailer_look_soon(struct sg_mailer *mailer, double wait_s)
{
    if (!mailer->trouble[0])
        look_in(mailer, wait_s);
}

/* ---- the folder and its lock ---- */

static int
open_lock(const struct sg_mailer *mailer, char path[SG_MAILER_LOCK_PATH_MAX])
{
    snprintf(path, SG_MAILER_LOCK_PATH_MAX, "%s/" SG_MAILER_LOCK,
             mailer->folder);
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* -EAGAIN: a mailer has it; -EBUSY: what one has left behind. */
static int
try_lock(int fd)
{
    /* of the open file, so that nobody's close() drops it */
    struct flock ours = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    struct flock theirs = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1};

    if (fcntl(fd, F_OFD_SETLK, &ours) < 0)
        return errno == EACCES ? -EAGAIN : -errno;
    if (fcntl(fd, F_OFD_GETLK, &theirs) < 0)
        return -errno;
    return theirs.l_type == F_UNLCK ? 0 : -EBUSY;
}

static int
lock_folder(struct sg_mailer *mailer, struct sg_err *err)
{
    char path[SG_MAILER_LOCK_PATH_MAX];
    int fd = open_lock(mailer, path), code = fd < 0 ? -errno : try_lock(fd);

    if (code == 0) {
        mailer->lock = fd;
        return 0;
    }
    if (fd >= 0)
        close(fd);
    if (code == -EAGAIN)
        return sg_err_set(err, code,
                          "another skewguard-mailer runs already (%s)", path);
    if (code == -EBUSY)
        return sg_err_set(err, code,
                          "%s: mails of a skewguard-mailer that "
                          "ended are still under way",
                          path);
    return sg_err_set(err, code, "%s: %s", path, strerror(-code));
}

bool
sg_mailer_share_lock(const struct sg_mailer *mailer)
{
    struct flock shared = {
        .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1};
    char path[SG_MAILER_LOCK_PATH_MAX];
    int fd = open_lock(mailer, path);

    if (fd < 0 || fcntl(fd, F_OFD_SETLK, &shared) < 0 ||
        prctl(PR_SET_PDEATHSIG, 0) < 0) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    /* the mailer's own, which would look as if that were alive; only now, so
     * that there is no moment with neither */
    close(mailer->lock);
    return true;
}

/* Left by tests that nobody waits for any more. */
static void
remove_receipts(const struct sg_mailer *mailer)
{
    DIR *dir = opendir(mailer->folder);
    struct dirent *file;

    while (dir && (file = readdir(dir))) {
        const char *dot = strchr(file->d_name, '.');

        if (dot && strcmp(dot, SG_RECEIPT_SUFFIX) == 0)
            unlinkat(dirfd(dir), file->d_name, 0);
    }
    if (dir)
        closedir(dir);
}

static int
make_folder(struct sg_mailer *mailer, struct sg_err *err)
{
    int code = sg_file_make_folder(mailer->config->state_directory, err);

    if (code < 0 || mkdir(mailer->folder, 0700) == 0)
        return code;
    code = -errno;
    return sg_err_set(err, code, "%s: %s", mailer->folder, strerror(-code));
}

/* Nothing is made in a folder that is not as it should be. */
static int
check_folder(struct sg_mailer *mailer, struct sg_err *err)
{
    struct sg_spool_list list = {0, NULL};
    int code = sg_spool_list(mailer->folder, &list, err);

    sg_spool_list_free(&list);
    return code;
}

int
sg_mailer_take_spool(struct sg_mailer *mailer, struct sg_err *err)
{
    bool set_aside;
    int code = 0;

    if (access(mailer->folder, F_OK) < 0)
        code = make_folder(mailer, err);
    if (code == 0)
        code = check_folder(mailer, err);
    if (code == 0)
        code = lock_folder(mailer, err);
    if (code < 0)
        return code;
    code = sg_journal_open(mailer->journal, mailer->folder, &set_aside, err);
    if (code < 0) {
        sg_mailer_leave_spool(mailer);
        return code;
    }
    if (set_aside)
        sg_log(LOG_ERR,
               "%s/" SG_JOURNAL_NAME
               ": is no journal, set aside as " SG_JOURNAL_NAME
               ".bad; what was delivered already may be sent "
               "again",
               mailer->folder);
    remove_receipts(mailer);
    sg_mailer_watch(mailer);
    return 0;
}

void
sg_mailer_leave_spool(struct sg_mailer *mailer)
{
    sg_mailer_unwatch(mailer);
    if (mailer->lock >= 0)
        close(mailer->lock);
    mailer->lock = -1;
}

/* Somebody may have put another folder in its place. */
static bool
is_still_ours(const struct sg_mailer *mailer)
{
    char path[SG_MAILER_LOCK_PATH_MAX];
    struct stat there, ours;

    snprintf(path, sizeof path, "%s/" SG_MAILER_LOCK, mailer->folder);
    return mailer->lock >= 0 && fstat(mailer->lock, &ours) == 0 &&
           stat(path, &there) == 0 && there.st_ino == ours.st_ino &&
           there.st_dev == ours.st_dev;
}

/* ---- what is in it ---- */

static int
drop_finished(struct sg_mailer *mailer, const struct sg_spool_entry *entry,
              struct sg_err *err)
{
    int code = sg_spool_remove(mailer->folder, entry, err);

    if (code == 0)
        sg_log(LOG_INFO, "alert %s-%u was delivered before: dropped", entry->id,
               entry->number);
    return code;
}

static int
set_aside(struct sg_mailer *mailer, const struct sg_spool_entry *entry,
          const char *why, struct sg_err *err)
{
    int code = sg_spool_set_aside(mailer->folder, entry, err);

    /* the reason begins with the file's path */
    if (code == 0)
        sg_log(LOG_WARNING, "%s; set aside as %s.bad", why, entry->name);
    return code;
}

static int
queue_alert(struct sg_mailer *mailer, const struct sg_spool_entry *entry,
            const struct sg_record *record, struct sg_err *err)
{
    static struct sg_channel channels[SG_CHANNELS_MAX];
    struct sg_progress progress[SG_CHANNELS_MAX];
    int n = sg_channels_make(mailer->config, channels);

    for (int i = 0; i < n; i++)
        progress[i] = sg_journal_get(mailer->journal, entry, channels[i].label);
    if (!sg_queue_add(mailer->queue, entry, record->topic == SG_ALERT_TEST,
                      progress, sg_host_raw()))
        return sg_err_set(err, -ENOMEM, "no memory");
    if (record->topic == SG_ALERT_TEST)
        sg_mailer_begin_receipt(mailer, entry, progress);
    return 0;
}

static int
take(struct sg_mailer *mailer, const struct sg_spool_entry *entry,
     struct sg_err *err)
{
    static struct sg_record record;
    struct sg_err why;
    int code;

    if (sg_queue_has(mailer->queue, entry))
        return 0;
    if (sg_journal_is_finished(mailer->journal, entry))
        return drop_finished(mailer, entry, err);
    code = sg_spool_read(mailer->folder, entry, &record, &why);
    if (code == -ENOENT)
        return 0;
    if (code == -EINVAL)
        return set_aside(mailer, entry, why.text, err);
    if (code < 0)
        return sg_err_set(err, code, "%s", why.text);
    return queue_alert(mailer, entry, &record, err);
}

/* One that cannot be taken does not hold up the others; the first such reason
 * is told. */
static int
take_all(struct sg_mailer *mailer, const struct sg_spool_list *list,
         struct sg_err *err)
{
    int ret = 0;

    sg_queue_prune(mailer->queue, list);
    sg_journal_prune(mailer->journal, list);
    for (int i = 0; i < list->n; i++) {
        struct sg_err why;
        int code = take(mailer, &list->entries[i], &why);

        if (code < 0 && ret == 0)
            ret = sg_err_set(err, code, "%s", why.text);
    }
    return ret;
}

static int
look(struct sg_mailer *mailer, struct sg_err *err)
{
    struct sg_spool_list list = {0, NULL};
    struct sg_err why;
    int code;

    if (!is_still_ours(mailer)) {
        sg_mailer_leave_spool(mailer);
        code = sg_mailer_take_spool(mailer, err);
        if (code < 0)
            return code;
    }
    code = sg_spool_list(mailer->folder, &list, err);
    if (code < 0)
        return code;
    code = take_all(mailer, &list, err);
    sg_spool_list_free(&list);
    if (sg_journal_flush(mailer->journal, &why) < 0 && code == 0)
        code = sg_err_set(err, -EIO, "%s", why.text);
    return code;
}

void
sg_mailer_look(struct sg_mailer *mailer)
{
    struct sg_err err;
    int code;

    if (mailer->is_stopping)
        return;
    sg_log_flush();
    code = look(mailer, &err);
    look_in(mailer, mailer->inotify < 0 ? BLIND_S : LOOK_S);
    sg_mailer_say_trouble(mailer, code < 0 ? err.text : NULL);
    sg_mailer_pump(mailer);
}

void
sg_mailer_on_look(int fd, short what, void *mailer)
{
    (void)fd;
    (void)what;
    sg_mailer_look(mailer);
}

#include "alert/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/spool_private.h"
#include "base/file.h"
#include "core/fields.h"

#define SUFFIX ".alert"
#define ASIDE ".bad"
#define NUMBER_MAX INT32_MAX

int
sg_spool_refuse(const char *folder, const char *name, struct sg_err *err)
{
    int code = -errno;

    return sg_err_set(err, code, "%s%s%s: %s", folder, name[0] ? "/" : "", name,
                      strerror(-code));
}

/* Root may read and write everywhere, and everybody has to believe it. */
static bool
is_ours(const struct stat *st)
{
    return st->st_uid == geteuid() || st->st_uid == 0;
}

static int
check_folder(int fd, const char *folder, struct sg_err *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return sg_spool_refuse(folder, "", err);
    if (!is_ours(&st))
        return sg_err_set(err, -EPERM, "%s: belongs to user %u, allowed %u",
                          folder, (unsigned)st.st_uid, (unsigned)geteuid());
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return sg_err_set(err, -EPERM,
                          "%s: others may write there, its mode is %04o, "
                          "allowed 0700",
                          folder, (unsigned)st.st_mode & 07777);
    return 0;
}

int
sg_spool_open(const char *folder, struct sg_err *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int code;

    if (fd < 0 && errno == ENOTDIR)
        return sg_err_set(err, -ENOTDIR,
                          "%s: not a folder (a link to one does not count)",
                          folder);
    if (fd < 0)
        return sg_spool_refuse(folder, "", err);
    code = check_folder(fd, folder, err);
    if (code == 0)
        return fd;
    close(fd);
    return code;
}

static bool
take_char(const char **text, char c)
{
    if (**text != c)
        return false;
    ++*text;
    return true;
}

/* "ORDER-ID-NUMBER.alert", and nothing behind it but suffix. */
static bool
parse_name(const char *name, const char *suffix, struct sg_spool_entry *ret)
{
    const char *at = name, *end = name + strlen(name);
    int64_t order, number;

    if (!sg_fields_take_digits(&at, end, &order) || !take_char(&at, '-') ||
        (size_t)(end - at) < sizeof ret->id)
        return false;
    memcpy(ret->id, at, sizeof ret->id - 1);
    ret->id[sizeof ret->id - 1] = '\0';
    at += sizeof ret->id - 1;
    if (!sg_record_is_id(ret->id) || !take_char(&at, '-') ||
        !sg_fields_take_digits(&at, end, &number) || number < 1 ||
        number > NUMBER_MAX)
        return false;
    if (strncmp(at, SUFFIX, sizeof SUFFIX - 1) != 0 ||
        strcmp(at + sizeof SUFFIX - 1, suffix) != 0)
        return false;
    ret->order = (uint64_t)order;
    ret->number = (unsigned)number;
    return (size_t)snprintf(ret->name, sizeof ret->name, "%s", name) <
           sizeof ret->name;
}

static int
add_entry(struct sg_spool_list *list, const struct sg_spool_entry *entry)
{
    struct sg_spool_entry *entries = list->entries;

    /* n is a power of two: there is no room left */
    if ((list->n & (list->n - 1)) == 0)
        entries = reallocarray(entries, list->n ? 2 * (size_t)list->n : 1,
                               sizeof *entries);
    if (!entries)
        return -ENOMEM;
    list->entries = entries;
    list->entries[list->n++] = *entry;
    return 0;
}

static int
compare(const void *a, const void *b)
{
    const struct sg_spool_entry *x = a, *y = b;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Until the end, or a negative errno. */
static int
take_names(DIR *dir, bool tidy, struct sg_spool_list *ret)
{
    struct sg_spool_entry entry;
    struct dirent *found;
    int code = 0;

    while (code == 0 && (errno = 0, found = readdir(dir))) {
        if (parse_name(found->d_name, "", &entry))
            code = add_entry(ret, &entry);
        else if (tidy && parse_name(found->d_name, SG_SPOOL_FRESH, &entry))
            unlinkat(dirfd(dir), found->d_name, 0);
    }
    return code == 0 ? -errno : code;
}

int
sg_spool_scan(int fd, const char *folder, bool tidy, struct sg_spool_list *ret,
              struct sg_err *err)
{
    /* a descriptor of its own, which closedir closes */
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), code;
    DIR *dir = own < 0 ? NULL : fdopendir(own);

    *ret = (struct sg_spool_list){0, NULL};
    if (!dir) {
        code = sg_spool_refuse(folder, "", err);
        if (own >= 0)
            close(own);
        return code;
    }
    code = take_names(dir, tidy, ret);
    closedir(dir);
    if (code < 0) {
        sg_spool_list_free(ret);
        return sg_err_set(err, code, "%s: %s", folder, strerror(-code));
    }
    if (ret->n > 0)
        qsort(ret->entries, (size_t)ret->n, sizeof *ret->entries, compare);
    return 0;
}

int
sg_spool_list(const char *folder, struct sg_spool_list *ret, struct sg_err *err)
{
    int fd = sg_spool_open(folder, err), code;

    *ret = (struct sg_spool_list){0, NULL};
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd; /* nothing was ever put there */
    code = sg_spool_scan(fd, folder, false, ret, err);
    close(fd);
    return code;
}

void
sg_spool_list_free(struct sg_spool_list *list)
{
    free(list->entries);
    *list = (struct sg_spool_list){0, NULL};
}

int
sg_spool_open_file(int fd, const char *name)
{
    return openat(fd, name,
                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Open, and belonging to whom it should; what kind of file it is shows when
 * it is read. */
static int
open_entry(int fd, const char *path, const struct sg_spool_entry *entry,
           struct sg_err *err)
{
    int file = sg_spool_open_file(fd, entry->name), code = -errno;
    struct stat st;

    /* a link; a socket; somebody else's */
    if (file < 0 && (code == -ELOOP || code == -ENXIO || code == -EACCES))
        return sg_err_set(err, -EINVAL, "%s: may not be read: %s", path,
                          strerror(-code));
    if (file < 0)
        return sg_err_set(err, code, "%s: %s", path, strerror(-code));
    if (fstat(file, &st) < 0)
        code = sg_err_set(err, -errno, "%s: %s", path, strerror(errno));
    else if (!is_ours(&st))
        code = sg_err_set(err, -EINVAL, "%s: belongs to user %u, allowed %u",
                          path, (unsigned)st.st_uid, (unsigned)geteuid());
    else
        return file;
    close(file);
    return code;
}

static int
decode(const char *path, const struct sg_spool_entry *entry,
       const struct sg_buf *text, struct sg_record *ret, struct sg_err *err)
{
    struct sg_err why = {""};
    int code =
        sg_record_decode(text->text ? text->text : "", text->len, ret, &why);

    if (code < 0)
        return sg_err_set(err, code, "%s: %.300s", path, why.text);
    if (strcmp(ret->id, entry->id) != 0 || ret->number != entry->number)
        return sg_err_set(err, -EINVAL, "%s: holds alert %s-%u", path, ret->id,
                          ret->number);
    return 0;
}

int
sg_spool_read_at(int fd, const char *folder, const struct sg_spool_entry *entry,
                 struct sg_record *ret, struct sg_err *err)
{
    struct sg_buf text = SG_BUF_INIT;
    char path[1024];
    int file, code;

    snprintf(path, sizeof path, "%s/%s", folder, entry->name);
    file = open_entry(fd, path, entry, err);
    if (file < 0)
        return file;
    code = sg_file_read_open(file, path, SG_RECORD_MAX, &text, err);
    close(file);
    if (code == -EFBIG)
        code = -EINVAL;
    if (code == 0)
        code = decode(path, entry, &text, ret, err);
    sg_buf_free(&text);
    return code;
}

int
sg_spool_read(const char *folder, const struct sg_spool_entry *entry,
              struct sg_record *ret, struct sg_err *err)
{
    int fd = sg_spool_open(folder, err), code;

    if (fd < 0)
        return fd;
    code = sg_spool_read_at(fd, folder, entry, ret, err);
    close(fd);
    return code;
}

int
sg_spool_remove(const char *folder, const struct sg_spool_entry *entry,
                struct sg_err *err)
{
    int fd = sg_spool_open(folder, err), code = 0;

    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    if (unlinkat(fd, entry->name, 0) < 0 && errno != ENOENT)
        code = sg_spool_refuse(folder, entry->name, err);
    /* or it might come back after a power failure */
    else if (fsync(fd) < 0)
        code = sg_spool_refuse(folder, "", err);
    close(fd);
    return code;
}

/* Not every file system knows renames that overwrite nothing. */
static int
rename_aside(int fd, const char *name, const char *aside)
{
    struct stat st;

    if (renameat2(fd, name, fd, aside, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (fstatat(fd, aside, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return errno == ENOENT ? renameat(fd, name, fd, aside) : -1;
}

int
sg_spool_set_aside(const char *folder, const struct sg_spool_entry *entry,
                   struct sg_err *err)
{
    char aside[SG_SPOOL_NAME_MAX + sizeof ASIDE];
    int fd = sg_spool_open(folder, err), code = 0;

    if (fd < 0)
        return fd;
    snprintf(aside, sizeof aside, "%s" ASIDE, entry->name);
    if (rename_aside(fd, entry->name, aside) < 0)
        code =
            sg_spool_refuse(folder, errno == EEXIST ? aside : entry->name, err);
    close(fd);
    return code;
}

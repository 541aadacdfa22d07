#include "setup/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

static int
check_file(const struct stat *st, struct sg_err *err)
{
    if (S_ISDIR(st->st_mode))
        return sg_err_set(err, -EISDIR,
                          "is a directory, allowed is a regular file");
    if (!S_ISREG(st->st_mode))
        return sg_err_set(err, -EINVAL,
                          "is no regular file, allowed is nothing else");
    /* Whoever writes here chooses the servers that the clock follows. */
    if (st->st_mode & S_IWOTH)
        return sg_err_set(err, -EPERM,
                          "everybody may write to it (mode %04o), allowed is "
                          "no write permission for others (chmod o-w)",
                          (unsigned)(st->st_mode & 07777));
    return 0;
}

/* One byte more than allowed is asked for, so that too much can be told. */
static int
read_all(int fd, struct sg_config_file *ret, struct sg_err *err)
{
    ssize_t n;

    ret->text = malloc(SG_CONFIG_FILE_MAX + 2);
    if (!ret->text)
        return sg_err_set(err, -ENOMEM, "out of memory");
    for (ret->len = 0; ret->len <= SG_CONFIG_FILE_MAX; ret->len += (size_t)n) {
        n = read(fd, ret->text + ret->len, SG_CONFIG_FILE_MAX + 1 - ret->len);
        if (n < 0 && errno == EINTR)
            n = 0;
        else if (n < 0)
            return sg_err_set(err, -errno, "%s", strerror(errno));
        else if (n == 0)
            break;
    }
    if (ret->len > SG_CONFIG_FILE_MAX)
        return sg_err_set(err, -EFBIG, "is too big, allowed are %d bytes",
                          SG_CONFIG_FILE_MAX);
    ret->text[ret->len] = '\0';
    return 0;
}

int
sg_config_file_read(const char *path, struct sg_config_file *ret,
                    struct sg_err *err)
{
    struct stat st;
    int fd = -1;
    int code;

    *ret = (struct sg_config_file){NULL, 0, 0, 0};
    /* Looked at before it is opened: opening a device can do things. */
    if (stat(path, &st) < 0)
        return sg_err_set(err, -errno, "%s", strerror(errno));
    code = check_file(&st, err);
    if (code < 0)
        return code;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        code = sg_err_set(err, -errno, "%s", strerror(errno));
    else
        code = check_file(&st, err);
    if (code == 0)
        code = read_all(fd, ret, err);
    if (fd >= 0)
        close(fd);
    if (code < 0) {
        sg_config_file_free(ret);
        return code;
    }
    ret->dev = st.st_dev;
    ret->ino = st.st_ino;
    return 0;
}

void
sg_config_file_free(struct sg_config_file *file)
{
    free(file->text);
    file->text = NULL;
}

/* base's folder, with what glob would take for a pattern made harmless. */
static void
add_folder(const char *base, bool escape, struct sg_buf *path)
{
    const char *slash = strrchr(base, '/');

    for (const char *c = base; slash && c <= slash; c++) {
        if (escape && strchr("*?[\\", *c))
            sg_buf_add(path, "\\");
        sg_buf_add_bytes(path, c, 1);
    }
}

static int
add_path(struct sg_config_paths *paths, const char *path)
{
    char **more = realloc(paths->paths, (paths->n + 1) * sizeof *more);

    if (!more)
        return -ENOMEM;
    paths->paths = more;
    more[paths->n] = strdup(path);
    if (!more[paths->n])
        return -ENOMEM;
    paths->n++;
    return 0;
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* glob(3) hands no context to this; what it returns ends the search. */
static int
on_glob_error(const char *folder, int code)
{
    (void)folder;
    return code != ENOENT && code != ENOTDIR;
}

/* Sorted here, since glob(3) would sort by the locale. */
static int
find_matches(const char *pattern, struct sg_config_paths *ret,
             struct sg_err *err)
{
    glob_t found;
    int code = 0;

    switch (glob(pattern, GLOB_NOSORT, on_glob_error, &found)) {
    case 0:
        break;
    case GLOB_NOMATCH:
        return 0;
    case GLOB_NOSPACE:
        return sg_err_set(err, -ENOMEM, "out of memory");
    default:
        code = sg_err_set(err, -EACCES, "folder cannot be searched: %s",
                          strerror(errno));
        globfree(&found);
        return code;
    }
    for (size_t i = 0; i < found.gl_pathc && code == 0; i++)
        code = add_path(ret, found.gl_pathv[i]);
    globfree(&found);
    if (code < 0)
        return sg_err_set(err, code, "out of memory");
    qsort(ret->paths, ret->n, sizeof *ret->paths, compare_paths);
    return 0;
}

int
sg_config_file_find(const char *pattern, const char *base,
                    struct sg_config_paths *ret, struct sg_err *err)
{
    struct sg_buf path = SG_BUF_INIT;
    bool is_pattern = strpbrk(pattern, "*?[") != NULL;
    int code;

    *ret = (struct sg_config_paths){0, NULL};
    if (pattern[0] != '/')
        add_folder(base, is_pattern, &path);
    sg_buf_add(&path, "%s", pattern);
    if (path.failed)
        code = sg_err_set(err, -ENOMEM, "out of memory");
    else if (is_pattern)
        code = find_matches(path.text, ret, err);
    else if (add_path(ret, path.text) < 0)
        code = sg_err_set(err, -ENOMEM, "out of memory");
    else
        code = 0;
    sg_buf_free(&path);
    if (code < 0)
        sg_config_paths_free(ret);
    return code;
}

void
sg_config_paths_free(struct sg_config_paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        free(paths->paths[i]);
    free(paths->paths);
    *paths = (struct sg_config_paths){0, NULL};
}

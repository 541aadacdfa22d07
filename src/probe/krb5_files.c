#include "probe/krb5_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"

#define PATH_LENGTH_MAX 1024

/* More is no krb5.conf. */
#define FILE_MAX (1 << 20)

struct walk {
    sg_krb5_file *call;
    void *arg;
    int n;
};

static void walk_file(struct walk *walk, const char *path, int depth);

const char *
sg_krb5_file_list(void)
{
    const char *list = secure_getenv("KRB5_CONFIG");

    return list ? list : "/etc/krb5.conf";
}

static bool
tell(struct walk *walk, const char *path)
{
    if (walk->n == SG_KRB5_FILES_MAX)
        return false;
    walk->n++;
    walk->call(walk->arg, path);
    return true;
}

/* Those that libkrb5 includes: see valid_name in its prof_parse.c. */
static bool
is_included(const char *name)
{
    size_t len = strlen(name);

    if (name[0] == '.')
        return false;
    if (len >= 5 && strcmp(name + len - 5, ".conf") == 0)
        return true;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '-' && *name != '_')
            return false;
    return true;
}

static void
walk_folder(struct walk *walk, const char *path, int depth)
{
    char file[PATH_LENGTH_MAX];
    struct dirent *entry;
    DIR *folder;

    if (!tell(walk, path))
        return;
    folder = opendir(path);
    while (folder && walk->n < SG_KRB5_FILES_MAX && (entry = readdir(folder))) {
        if (is_included(entry->d_name) &&
            (size_t)snprintf(file, sizeof file, "%s/%s", path, entry->d_name) <
                sizeof file)
            walk_file(walk, file, depth);
    }
    if (folder)
        closedir(folder);
}

bool
sg_krb5_include(const char *line, size_t len, bool *ret_is_folder, char *ret,
                size_t size)
{
    static const char *const words[] = {"include", "includedir"};

    while (len > 0 && isspace((unsigned char)line[len - 1]))
        len--;
    for (int i = 0; i < 2; i++) {
        size_t at = strlen(words[i]);

        if (len <= at || memcmp(line, words[i], at) != 0 ||
            !isspace((unsigned char)line[at]))
            continue;
        while (isspace((unsigned char)line[at]))
            at++;
        if (len - at >= size || memchr(line + at, '\0', len - at))
            return false;
        memcpy(ret, line + at, len - at);
        ret[len - at] = '\0';
        *ret_is_folder = i == 1;
        return true;
    }
    return false;
}

static void
walk_line(struct walk *walk, const char *line, size_t len, int depth)
{
    char path[PATH_LENGTH_MAX];
    bool is_folder;

    if (!sg_krb5_include(line, len, &is_folder, path, sizeof path))
        return;
    if (is_folder)
        walk_folder(walk, path, depth + 1);
    else
        walk_file(walk, path, depth + 1);
}

static void
walk_file(struct walk *walk, const char *path, int depth)
{
    struct sg_buf text = SG_BUF_INIT;
    size_t at = 0;

    if (!tell(walk, path) || depth >= SG_KRB5_DEPTH_MAX)
        return;
    if (sg_file_read(path, FILE_MAX, &text, NULL) < 0)
        text.len = 0;
    while (at < text.len) {
        const char *line = text.text + at;
        const char *end = memchr(line, '\n', text.len - at);
        size_t len = end ? (size_t)(end - line) : text.len - at;

        walk_line(walk, line, len, depth);
        at += len + 1;
    }
    sg_buf_free(&text);
}

void
sg_krb5_files(sg_krb5_file *call, void *arg)
{
    struct walk walk = {call, arg, 0};
    const char *at = sg_krb5_file_list();
    char path[PATH_LENGTH_MAX];

    for (;;) {
        size_t len = strcspn(at, ":");

        if (len > 0 && len < sizeof path) {
            memcpy(path, at, len);
            path[len] = '\0';
            walk_file(&walk, path, 0);
        }
        if (!at[len])
            break;
        at += len + 1;
    }
}

/* ---- what libkrb5 must not open ---- */

struct check {
    int code;
    struct sg_err *err;
};

/* How one says that there is no krb5.conf. */
static bool
is_null_device(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

static void
check_file(void *arg, const char *path)
{
    struct check *check = arg;
    struct stat st;

    if (check->code < 0 || stat(path, &st) < 0 || S_ISREG(st.st_mode) ||
        S_ISDIR(st.st_mode) || is_null_device(&st))
        return;
    check->code =
        sg_err_set(check->err, -EINVAL,
                   "%s: is no regular file, allowed is nothing else", path);
}

int
sg_krb5_files_check(struct sg_err *err)
{
    struct check check = {0, err};

    sg_krb5_files(check_file, &check);
    return check.code;
}

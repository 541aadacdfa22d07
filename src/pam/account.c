#include "pam/account.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASSWD_PATH "/etc/passwd"

/* Other names of root stand near the top; nobody waits for 100 000 lines. */
#define PASSWD_MAX (64 * 1024)

const char *
sg_pam_account_name(pam_handle_t *pamh)
{
    const void *name = NULL;

    return pam_get_item(pamh, PAM_USER, &name) == PAM_SUCCESS ? name : NULL;
}

/* "NAME:x:0:..." */
static bool
is_line_of_root(const char *line, const char *name)
{
    size_t len = strlen(name);

    if (strncmp(line, name, len) != 0 || line[len] != ':')
        return false;
    line = strchr(line + len + 1, ':');
    return line && strncmp(line, ":0:", 3) == 0;
}

static bool
has_line_of_root(char *text, const char *name)
{
    char *rest;

    for (char *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (is_line_of_root(line, name))
            return true;
    }
    return false;
}

static bool
is_in_passwd(const char *name)
{
    char *text = malloc(PASSWD_MAX + 1);
    int fd = text ? open(PASSWD_PATH, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    ssize_t len = fd >= 0 ? read(fd, text, PASSWD_MAX) : -1;
    bool ret = false;

    if (len > 0) {
        text[len] = '\0';
        ret = has_line_of_root(text, name);
    }
    if (fd >= 0)
        close(fd);
    free(text);
    return ret;
}

bool
sg_pam_account_is_root(pam_handle_t *pamh)
{
    const char *name = sg_pam_account_name(pamh);

    if (!name || !name[0] || strchr(name, ':'))
        return false;
    return strcmp(name, "root") == 0 || is_in_passwd(name);
}

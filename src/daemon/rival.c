#include "daemon/rival.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As in /proc/PID/comm: at most 15 characters. */
static const char *const rivals[] = {
    "chronyd",    "ntpd",    "openntpd", "systemd-timesyn",
    "ntp-daemon", "phc2sys", "ptp4l",
};

/* At most size - 1 bytes of a file in /proc; -1 if the process is gone. */
static ssize_t
slurp(const char *pid, const char *file, char *ret, size_t size)
{
    char path[64];
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/%.20s/%s", pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    n = read(fd, ret, size - 1);
    close(fd);
    if (n >= 0)
        ret[n] = '\0';
    return n;
}

static bool
only_looks(const char *pid)
{
    char args[4096];
    ssize_t n = slurp(pid, "cmdline", args, sizeof args);

    for (ssize_t i = 0; i < n; i += (ssize_t)strlen(args + i) + 1)
        if (strcmp(args + i, "-x") == 0)
            return true;
    return false;
}

static bool
is_rival(const char *pid, char *name, size_t size)
{
    if (slurp(pid, "comm", name, size) <= 0)
        return false;
    name[strcspn(name, "\n")] = '\0';
    for (size_t i = 0; i < sizeof rivals / sizeof *rivals; i++)
        if (strcmp(name, rivals[i]) == 0)
            return !only_looks(pid);
    return false;
}

bool
sg_rival_find(char *ret, size_t size)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    char name[32];
    bool found = false;

    while (proc && !found && (entry = readdir(proc))) {
        if (!isdigit((unsigned char)entry->d_name[0]) ||
            !is_rival(entry->d_name, name, sizeof name))
            continue;
        snprintf(ret, size, "%s (pid %.20s)", name, entry->d_name);
        found = true;
    }
    if (proc)
        closedir(proc);
    return found;
}

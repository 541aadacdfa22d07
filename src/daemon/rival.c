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

/* ", NAME.service", or nothing if no service manager started it: the last
 * part of a line in cgroup(7), version 1 or 2, that names a service. */
static void
find_unit(const char *pid, char *ret, size_t size)
{
    static const char suffix[] = ".service";
    char text[4096], *end, *start;

    ret[0] = '\0';
    if (slurp(pid, "cgroup", text, sizeof text) <= 0)
        return;
    end = strstr(text, suffix);
    if (!end)
        return;
    end[sizeof suffix - 1] = '\0';
    start = strrchr(text, '/');
    snprintf(ret, size, ", %.64s", start ? start + 1 : text);
}

bool
sg_rival_find(char *ret, size_t size)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    char name[32], unit[80];
    bool found = false;

    while (proc && !found && (entry = readdir(proc))) {
        if (!isdigit((unsigned char)entry->d_name[0]) ||
            !is_rival(entry->d_name, name, sizeof name))
            continue;
        find_unit(entry->d_name, unit, sizeof unit);
        snprintf(ret, size, "%s (pid %.20s%s)", name, entry->d_name, unit);
        found = true;
    }
    if (proc)
        closedir(proc);
    return found;
}

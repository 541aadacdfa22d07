/*
 * Preloaded into a program it makes one of its allocations fail, or one of its
 * system calls on files.  What happens is set in the environment:
 *
 *   FAULTS_IN=NAME     only in programs of this name, and what they fork
 *   FAULTS_AT=N        the N-th call fails, counted over all processes
 *   FAULTS_ON=1        and all after it
 *   FAULTS_UNDER=PATH  not allocations: system calls on what is below PATH
 *   FAULTS_ERROR=E     with this errno; "short": only writes count, and one is
 *                      cut in half; "kill": the process dies there
 *   FAULTS_OURS=NAME   only calls that the object NAME makes itself, which may
 *                      be the program; else those of all libraries, too
 *   FAULTS_NOT=NAME:.. not those under way for these objects or functions
 *   FAULTS_CLOCK=1     the kernel's clock seems to obey and says so; it is only
 *                      read
 *   FAULTS_LOG=FILE    what has failed, with who called it
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define LOG_FD 700 /* out of everybody's way */
#define FRAMES_MAX 24

static struct {
    unsigned at;
    bool goes_on;
    const char *under;
    size_t under_len;
    const char *ours, *not ;
    int error;
    bool cuts, kills;
} plan;

/* Shared with what the program forks. */
static atomic_uint *calls;
static __thread bool is_inside; /* what we call ourselves does not count */

/* ---- what stands behind us ---- */

/* dlsym(3) may want memory before we know where there is some. */
static char early[4096];
static size_t early_len;

static void *
find_real(const char *name)
{
    void *found;

    is_inside = true;
    found = dlsym(RTLD_NEXT, name);
    is_inside = false;
    if (!found)
        abort();
    return found;
}

/* memcpy, since ISO C knows no way from an object to a function */
#define REAL(name)                                                             \
    static __typeof__(&(name)) real;                                           \
    if (!real) {                                                               \
        void *found = find_real(#name);                                        \
        memcpy(&real, &found, sizeof real);                                    \
    }

/* ---- whether it is time ---- */

/* Of the object at an address, without its folder. */
static const char *
object_name(const void *address)
{
    const char *slash;
    Dl_info info;

    if (!dladdr(address, &info) || !info.dli_fname)
        return "";
    slash = strrchr(info.dli_fname, '/');
    return slash ? slash + 1 : info.dli_fname;
}

static bool
is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = list; len > 0 && (at = strstr(at, name)); at += len)
        if ((at == list || at[-1] == ':') && (!at[len] || at[len] == ':'))
            return true;
    return false;
}

static bool
is_spared_at(const void *address)
{
    Dl_info info;

    if (is_listed(plan.not, object_name(address)))
        return true;
    return dladdr(address, &info) && info.dli_sname &&
           is_listed(plan.not, info.dli_sname);
}

/* dladdr(3) goes through all of a library's symbols. */
static bool
is_known_spared(const void *address)
{
    static __thread struct {
        const void *address;
        bool is_spared;
    } known[4096];
    size_t at = ((uintptr_t)address >> 1) % (sizeof known / sizeof *known);

    if (known[at].address != address) {
        known[at].is_spared = is_spared_at(address);
        known[at].address = address;
    }
    return known[at].is_spared;
}

/* Whether something that is not to fail waits for this call. */
static bool
is_spared(void)
{
    void *frames[FRAMES_MAX];
    bool ret = false;
    int n;

    if (!plan.not )
        return false;
    is_inside = true;
    n = backtrace(frames, FRAMES_MAX);
    for (int i = 0; i < n && !ret; i++)
        ret = is_known_spared(frames[i]);
    is_inside = false;
    return ret;
}

static bool
counts(const void *caller)
{
    if (plan.ours)
        return strcmp(object_name(caller), plan.ours) == 0;
    return !is_spared();
}

static void
tell(const char *what, unsigned number)
{
    void *frames[FRAMES_MAX];
    int n = backtrace(frames, FRAMES_MAX);

    dprintf(LOG_FD, "struck %u %s\n", number, what);
    /* not ourselves */
    backtrace_symbols_fd(frames + 3, n > 3 ? n - 3 : 0, LOG_FD);
}

static bool
strikes(const char *what)
{
    unsigned number;
    int before = errno;

    number = atomic_fetch_add(calls, 1) + 1;
    if (number < plan.at || (number > plan.at && !plan.goes_on))
        return false;
    if (number == plan.at) {
        is_inside = true;
        tell(what, number);
        is_inside = false;
    }
    if (plan.kills)
        raise(SIGKILL);
    errno = before;
    return true;
}

static bool
has_no_memory(const char *what, const void *caller)
{
    if (!calls || is_inside || plan.under || !counts(caller) || !strikes(what))
        return false;
    errno = ENOMEM;
    return true;
}

/* Whether a path, or that of an open file, is what this is about. */
static bool
is_under(const char *path)
{
    return strncmp(path, plan.under, plan.under_len) == 0;
}

static bool
fails_at(const char *what, const char *path)
{
    char text[512];

    if (!calls || is_inside || !plan.under || !is_under(path))
        return false;
    if (plan.cuts && strcmp(what, "write") != 0)
        return false;
    snprintf(text, sizeof text, "%s %s", what, path);
    if (!strikes(text))
        return false;
    errno = plan.error;
    return true;
}

static bool
fails_on(const char *what, int fd)
{
    char link[32], path[512];
    ssize_t len;

    if (!calls || is_inside || !plan.under || fd < 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof path - 1);
    if (len <= 0)
        return false;
    path[len] = '\0';
    return fails_at(what, path);
}

/* What is named below an open folder counts as the folder. */
static bool
fails_below(const char *what, int folder, const char *path)
{
    char named[64];

    if (folder == AT_FDCWD || path[0] == '/')
        return fails_at(what, path);
    snprintf(named, sizeof named, "%s %.40s", what, path);
    return fails_on(named, folder);
}

__attribute__((constructor)) static void
begin(void)
{
    const char *in = getenv("FAULTS_IN"), *at = getenv("FAULTS_AT");
    const char *log = getenv("FAULTS_LOG"), *error = getenv("FAULTS_ERROR");
    void *frames[4];
    int fd;

    if (!in || !at || !log || strcmp(in, program_invocation_short_name) != 0)
        return;
    is_inside = true;
    plan.at = (unsigned)atoi(at);
    plan.goes_on = getenv("FAULTS_ON");
    plan.under = getenv("FAULTS_UNDER");
    plan.under_len = plan.under ? strlen(plan.under) : 0;
    plan.ours = getenv("FAULTS_OURS");
    plan.not = getenv("FAULTS_NOT");
    plan.cuts = error && strcmp(error, "short") == 0;
    plan.kills = error && strcmp(error, "kill") == 0;
    plan.error = error ? atoi(error) : ENOMEM;
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || dup3(fd, LOG_FD, O_CLOEXEC) < 0)
        abort();
    close(fd);
    backtrace(frames, 4); /* loads libgcc, with memory of its own */
    calls = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (calls == MAP_FAILED)
        abort();
    is_inside = false;
}

__attribute__((destructor)) static void
end(void)
{
    if (calls)
        dprintf(LOG_FD, "calls %u\n", atomic_load(calls));
}

/* ---- memory ---- */

#define CALLER __builtin_return_address(0)

EXPORT void *
malloc(size_t size)
{
    REAL(malloc)
    return has_no_memory("malloc", CALLER) ? NULL : real(size);
}

EXPORT void *
calloc(size_t n, size_t size)
{
    if (is_inside && !calls) {
        void *ret = early + early_len;

        early_len += (n * size + 15) / 16 * 16;
        if (early_len > sizeof early)
            abort();
        return ret;
    } else {
        REAL(calloc)
        return has_no_memory("calloc", CALLER) ? NULL : real(n, size);
    }
}

EXPORT void
free(void *p)
{
    REAL(free)
    if ((char *)p < early || (char *)p >= early + sizeof early)
        real(p);
}

EXPORT void *
realloc(void *p, size_t size)
{
    REAL(realloc)
    return has_no_memory("realloc", CALLER) ? NULL : real(p, size);
}

EXPORT void *
reallocarray(void *p, size_t n, size_t size)
{
    REAL(reallocarray)
    /* libc's own goes through realloc() */
    return plan.ours && has_no_memory("reallocarray", CALLER)
               ? NULL
               : real(p, n, size);
}

EXPORT int
posix_memalign(void **ret, size_t alignment, size_t size)
{
    REAL(posix_memalign)
    return has_no_memory("posix_memalign", CALLER) ? ENOMEM
                                                   : real(ret, alignment, size);
}

EXPORT void *
aligned_alloc(size_t alignment, size_t size)
{
    REAL(aligned_alloc)
    return has_no_memory("aligned_alloc", CALLER) ? NULL
                                                  : real(alignment, size);
}

/* These two go through malloc(), called by libc and not by us. */
EXPORT char *
strdup(const char *text)
{
    REAL(strdup)
    return plan.ours && has_no_memory("strdup", CALLER) ? NULL : real(text);
}

EXPORT char *
strndup(const char *text, size_t max)
{
    REAL(strndup)
    return plan.ours && has_no_memory("strndup", CALLER) ? NULL
                                                         : real(text, max);
}

/* ---- files by name ---- */

#define P(...) __VA_ARGS__
#define BY_NAME(name, params, args)                                            \
    EXPORT int name(params)                                                    \
    {                                                                          \
        REAL(name)                                                             \
        return fails_at(#name, path) ? -1 : real(args);                        \
    }
#define BELOW(name, params, args)                                              \
    EXPORT int name(params)                                                    \
    {                                                                          \
        REAL(name)                                                             \
        return fails_below(#name, folder, path) ? -1 : real(args);             \
    }

BY_NAME(mkdir, P(const char *path, mode_t mode), P(path, mode))
BY_NAME(chmod, P(const char *path, mode_t mode), P(path, mode))
BY_NAME(unlink, P(const char *path), P(path))
BY_NAME(rename, P(const char *path, const char *to), P(path, to))
BY_NAME(access, P(const char *path, int how), P(path, how))
BY_NAME(stat, P(const char *path, struct stat *ret), P(path, ret))
BY_NAME(lstat, P(const char *path, struct stat *ret), P(path, ret))
BY_NAME(inotify_add_watch, P(int fd, const char *path, uint32_t mask),
        P(fd, path, mask))
BELOW(unlinkat, P(int folder, const char *path, int flags),
      P(folder, path, flags))
BELOW(renameat, P(int folder, const char *path, int to_folder, const char *to),
      P(folder, path, to_folder, to))
BELOW(renameat2,
      P(int folder, const char *path, int to_folder, const char *to,
        unsigned flags),
      P(folder, path, to_folder, to, flags))
BELOW(fstatat, P(int folder, const char *path, struct stat *ret, int flags),
      P(folder, path, ret, flags))

static mode_t
take_mode(int flags, va_list args)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

EXPORT int
open(const char *path, int flags, ...)
{
    REAL(open)
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = take_mode(flags, args);
    va_end(args);
    return fails_at("open", path) ? -1 : real(path, flags, mode);
}

EXPORT int
openat(int folder, const char *path, int flags, ...)
{
    REAL(openat)
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = take_mode(flags, args);
    va_end(args);
    return fails_below("openat", folder, path)
               ? -1
               : real(folder, path, flags, mode);
}

/* What these become where the compiler counts bytes. */
int __open_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
ssize_t __read_chk(int fd, void *bytes, size_t len, size_t size);

BY_NAME(__open_2, P(const char *path, int flags), P(path, flags))
BELOW(__openat_2, P(int folder, const char *path, int flags),
      P(folder, path, flags))

/* ---- open files ---- */

#define OPENED(type, failure, name, params, args)                              \
    EXPORT type name(params)                                                   \
    {                                                                          \
        REAL(name)                                                             \
        return fails_on(#name, fd) ? (failure) : real(args);                   \
    }

OPENED(int, -1, fsync, P(int fd), P(fd))
OPENED(int, -1, fdatasync, P(int fd), P(fd))
OPENED(int, -1, fchmod, P(int fd, mode_t mode), P(fd, mode))
OPENED(int, -1, fchown, P(int fd, uid_t user, gid_t group), P(fd, user, group))
OPENED(int, -1, fstat, P(int fd, struct stat *ret), P(fd, ret))
OPENED(int, -1, flock, P(int fd, int what), P(fd, what))
OPENED(DIR *, NULL, fdopendir, P(int fd), P(fd))
OPENED(ssize_t, -1, read, P(int fd, void *bytes, size_t len), P(fd, bytes, len))
OPENED(ssize_t, -1, pwrite, P(int fd, const void *bytes, size_t len, off_t at),
       P(fd, bytes, len, at))
OPENED(ssize_t, -1, __read_chk, P(int fd, void *bytes, size_t len, size_t size),
       P(fd, bytes, len, size))

EXPORT ssize_t
write(int fd, const void *bytes, size_t len)
{
    REAL(write)
    if (!fails_on("write", fd))
        return real(fd, bytes, len);
    /* what fails for want of room has filled it first */
    if (plan.cuts || plan.error == ENOSPC || plan.error == EIO) {
        ssize_t n = len > 1 ? real(fd, bytes, len / 2) : 0;

        if (plan.cuts && n > 0)
            return n;
        if (plan.cuts)
            return real(fd, bytes, len);
        errno = plan.error;
    }
    return -1;
}

/* It is closed all the same, as Linux does. */
EXPORT int
close(int fd)
{
    REAL(close)
    bool fails = fails_on("close", fd);
    int ret = real(fd);

    if (!fails)
        return ret;
    errno = plan.error;
    return -1;
}

EXPORT int
fcntl(int fd, int what, ...)
{
    REAL(fcntl)
    va_list args;
    void *arg;

    va_start(args, what);
    arg = va_arg(args, void *);
    va_end(args);
    return fails_on("fcntl", fd) ? -1 : real(fd, what, arg);
}

EXPORT DIR *
opendir(const char *path)
{
    REAL(opendir)
    return fails_at("opendir", path) ? NULL : real(path);
}

EXPORT struct dirent *
readdir(DIR *dir)
{
    REAL(readdir)
    return fails_on("readdir", dirfd(dir)) ? NULL : real(dir);
}

/* ---- the clock ---- */

/* Without the right to, which every test has given up, the kernel would refuse;
 * it is not even asked. */
EXPORT int
clock_adjtime(clockid_t id, struct timex *tx)
{
    REAL(clock_adjtime)
    static struct timex told;
    const int kernels = STA_NANO | STA_PPSSIGNAL | STA_CLOCKERR;
    struct timex now = {.modes = 0};
    int ret;

    if (!getenv("FAULTS_CLOCK"))
        return real(id, tx);
    if (tx->modes & ADJ_FREQUENCY)
        told.freq = tx->freq;
    if (tx->modes & ADJ_TICK)
        told.tick = tx->tick;
    if (tx->modes & ADJ_STATUS)
        told.status = tx->status;
    told.modes |= tx->modes & (ADJ_FREQUENCY | ADJ_TICK | ADJ_STATUS);
    ret = real(id, &now);
    if (told.modes & ADJ_FREQUENCY)
        now.freq = told.freq;
    if (told.modes & ADJ_TICK)
        now.tick = told.tick;
    if (told.modes & ADJ_STATUS)
        now.status = (now.status & kernels) | (told.status & ~kernels);
    if (tx->modes == 0)
        *tx = now;
    return ret;
}

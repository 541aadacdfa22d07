#include "probe/krb5_host.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe/krb5_answer.h"
#include "probe/krb5_keytab.h"
#include "probe/krb5_profile.h"

#define KEYTAB_MAX_BYTES (16 << 20)

/* Rest of an armor's life that is not used: KDCs' clocks differ. */
#define ARMOR_MARGIN_S 300

/* The wall clock is slewed against the raw clock, and drifts from it; an armor
 * serves until about the realm's clockskew is reached. */
#define STEP_S 10

/* How long a refused key rests: windows in which wrong passwords are counted
 * are 10 to 30 minutes. */
#define REST_S 1800

struct sg_krb5_host {
    struct sg_krb5_host *next;
    char realm[SG_NAME_MAX];
    char name[SG_KEYTAB_PATH_MAX]; /* of the keytab, as it was asked for */
    krb5_context context;          /* holds what is in memory */

    char path[SG_KEYTAB_PATH_MAX];
    struct stat file; /* that was read; all zero: none */
    unsigned reads;
    struct sg_krb5_keys keys;
    struct sg_err why_none; /* if that file has no keys for us */

    char keytab_name[48], ccache_name[48];
    krb5_keytab keytab; /* its reference keeps the keys in memory */
    krb5_ccache ccache;

    bool has_armor;
    struct sg_reading armed;
    double armor_life_s;

    struct sg_outcome refusal; /* of the key; SG_OUTCOME_OK: none */
    struct sg_raw refused;
};

struct sg_krb5_hosts {
    struct sg_krb5_host *first;
};

/* ---- the keytab ---- */

static void
forget(struct sg_krb5_host *host)
{
    if (host->keytab)
        krb5_kt_close(host->context, host->keytab);
    host->keytab = NULL;
    if (host->ccache)
        krb5_cc_destroy(host->context, host->ccache);
    host->ccache = NULL;
    host->has_armor = false;
    host->refusal.code = SG_OUTCOME_OK;
    sg_krb5_keys_clear(host->context, &host->keys);
    memset(&host->file, 0, sizeof host->file);
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
    /* what fails has an errno, and so a negative code
     * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Opened, because only that shows whether it may be read. */
static int
look_at(const char *path, struct stat *ret, struct sg_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int code = fd < 0 || fstat(fd, ret) < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    if (code < 0)
        return sg_err_set(err, code, "%s", strerror(-code));
    /* what fails has an errno, and so a negative code
     * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    if (!S_ISREG(ret->st_mode))
        return sg_err_set(err, -EINVAL, "not a regular file");
    if (ret->st_size > KEYTAB_MAX_BYTES)
        return sg_err_set(err, -EFBIG, "%lld bytes, allowed are %d",
                          (long long)ret->st_size, KEYTAB_MAX_BYTES);
    return 0;
}

/* Put the keys where every context finds them, and nothing else is read. */
static int
keep_keys(struct sg_krb5_host *host, struct sg_err *err)
{
    krb5_context context = host->context;
    krb5_error_code code =
        krb5_kt_resolve(context, host->keytab_name, &host->keytab);

    for (int i = 0; i < host->keys.n && code == 0; i++)
        code = krb5_kt_add_entry(context, host->keytab, &host->keys.entries[i]);
    if (code == 0)
        code = krb5_cc_resolve(context, host->ccache_name, &host->ccache);
    return code ? sg_krb5_refuse(context, code, "keep the keys", err) : 0;
}

static int
read_file(struct sg_krb5_host *host, const struct stat *file,
          struct sg_err *err)
{
    int code;

    forget(host);
    host->reads++;
    /* New names, lest an exchange under way mixes old with new.  Nobody else
     * in this process has this address. */
    snprintf(host->keytab_name, sizeof host->keytab_name,
             "MEMORY:skewguard-%p-%u", (void *)host, host->reads);
    memcpy(host->ccache_name, host->keytab_name, sizeof host->ccache_name);
    code = sg_krb5_keytab_read(host->context, host->path, host->realm,
                               &host->keys, err);
    if (code == 0)
        code = keep_keys(host, err);
    if (sg_krb5_is_passing(code))
        return code;
    host->file = *file;
    host->why_none.text[0] = '\0';
    if (code < 0)
        host->why_none = *err;
    return code;
}

static int
load(struct sg_krb5_host *host, struct sg_err *err)
{
    char path[SG_KEYTAB_PATH_MAX];
    struct stat file;
    int code = sg_krb5_keytab_path(host->name, path, sizeof path, err);

    if (sg_krb5_is_passing(code))
        return code;
    if (code < 0) {
        host->path[0] = '\0';
        return code;
    }
    if (strcmp(path, host->path) != 0) {
        forget(host);
        snprintf(host->path, sizeof host->path, "%s", path);
    }
    code = look_at(path, &file, err);
    if (sg_krb5_is_passing(code))
        return code;
    if (code < 0) {
        forget(host);
        return code;
    }
    if (!is_same_file(&file, &host->file))
        return read_file(host, &file, err);
    if (host->why_none.text[0])
        return sg_err_set(err, -ENOENT, "%s", host->why_none.text);
    return 0;
}

bool
sg_krb5_host_load(struct sg_krb5_host *host, struct sg_outcome *ret)
{
    struct sg_err err;
    int code = load(host, &err);

    if (code == 0)
        return true;
    sg_krb5_failed(
        ret, sg_krb5_is_passing(code) ? SG_OUTCOME_LOCAL : SG_OUTCOME_KEYTAB,
        "%.80s%s%s", host->path, host->path[0] ? ": " : "", err.text);
    return false;
}

unsigned
sg_krb5_host_reads(const struct sg_krb5_host *host)
{
    return host->reads;
}

const char *
sg_krb5_host_client(const struct sg_krb5_host *host)
{
    return host->keys.client;
}

const char *
sg_krb5_host_path(const struct sg_krb5_host *host)
{
    return host->path;
}

const char *
sg_krb5_host_keytab(const struct sg_krb5_host *host)
{
    return host->keytab_name;
}

const char *
sg_krb5_host_ccache(const struct sg_krb5_host *host)
{
    return host->ccache_name;
}

static bool
has_key(const struct sg_krb5_host *host, krb5_enctype enctype)
{
    for (int i = 0; i < host->keys.n; i++)
        if (host->keys.entries[i].key.enctype == enctype)
            return true;
    return false;
}

krb5_error_code
sg_krb5_host_enctypes(const struct sg_krb5_host *host, krb5_context context,
                      krb5_enctype **ret, int *ret_n)
{
    krb5_enctype *list;
    int n = 0;
    krb5_error_code code = krb5_get_permitted_enctypes(context, &list);

    if (code != 0)
        return code;
    for (int i = 0; list[i]; i++) {
        krb5_enctype enctype = list[i];

        if (!has_key(host, enctype))
            continue;
        memmove(list + n + 1, list + n, (size_t)(i - n) * sizeof *list);
        list[n++] = enctype;
    }
    while (list[n])
        n++;
    *ret = list;
    *ret_n = n;
    return 0;
}

/* ---- the armor ---- */

bool
sg_krb5_host_has_armor(const struct sg_krb5_host *host,
                       const struct sg_reading *now)
{
    double age_s = sg_raw_diff(now->raw, host->armed.raw);
    double wall_s = sg_wall_diff(now->wall, host->armed.wall);

    return host->has_armor && age_s < host->armor_life_s - ARMOR_MARGIN_S &&
           fabs(wall_s - age_s) < STEP_S;
}

void
sg_krb5_host_armed(struct sg_krb5_host *host, unsigned reads,
                   const struct sg_reading *now, double life_s)
{
    if (reads != host->reads || !host->ccache)
        return;
    host->has_armor = true;
    host->armed = *now;
    host->armor_life_s = life_s;
}

void
sg_krb5_host_refused(struct sg_krb5_host *host, struct sg_raw now,
                     const struct sg_outcome *outcome)
{
    host->refusal = *outcome;
    host->refused = now;
}

bool
sg_krb5_host_rests(const struct sg_krb5_host *host, struct sg_raw now,
                   struct sg_outcome *ret)
{
    if (host->refusal.code == SG_OUTCOME_OK ||
        sg_raw_diff(now, host->refused) >= REST_S)
        return false;
    *ret = host->refusal;
    return true;
}

/* ---- all of them ---- */

static void
host_free(struct sg_krb5_host *host)
{
    if (host->context) {
        forget(host);
        krb5_free_context(host->context);
    }
    free(host);
}

static struct sg_krb5_host *
host_new(const char *realm, const char *keytab)
{
    struct sg_krb5_host *host = calloc(1, sizeof *host);

    if (!host)
        return NULL;
    if (sg_krb5_context_new(SG_KRB5_PROFILE_LOGIN, &host->context) != 0) {
        host->context = NULL;
        host_free(host);
        return NULL;
    }
    snprintf(host->realm, sizeof host->realm, "%s", realm);
    snprintf(host->name, sizeof host->name, "%s", keytab);
    return host;
}

struct sg_krb5_hosts *
sg_krb5_hosts_new(void)
{
    return calloc(1, sizeof(struct sg_krb5_hosts));
}

void
sg_krb5_hosts_free(struct sg_krb5_hosts *hosts)
{
    if (!hosts)
        return;
    while (hosts->first) {
        struct sg_krb5_host *host = hosts->first;

        hosts->first = host->next;
        host_free(host);
    }
    free(hosts);
}

/* Where its pointer is; the pointer is NULL if there is none. */
static struct sg_krb5_host **
find(struct sg_krb5_hosts *hosts, const char *realm, const char *keytab)
{
    struct sg_krb5_host **at = &hosts->first;

    while (*at && (strcmp((*at)->realm, realm) != 0 ||
                   strcmp((*at)->name, keytab) != 0))
        at = &(*at)->next;
    return at;
}

struct sg_krb5_host *
sg_krb5_hosts_get(struct sg_krb5_hosts *hosts, const char *realm,
                  const char *keytab)
{
    struct sg_krb5_host **at = find(hosts, realm, keytab);

    if (!*at)
        *at = host_new(realm, keytab);
    return *at;
}

void
sg_krb5_hosts_take(struct sg_krb5_hosts *hosts, struct sg_krb5_hosts *from,
                   const char *realm, const char *keytab)
{
    struct sg_krb5_host **to = find(hosts, realm, keytab);
    struct sg_krb5_host **at = find(from, realm, keytab);

    if (*to || !*at)
        return;
    *to = *at;
    *at = (*to)->next;
    (*to)->next = NULL;
}

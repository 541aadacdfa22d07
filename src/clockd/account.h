/*
 * What the clock service remembers across its restarts: what is on the
 * guard's account, whether the first correction is still to come, and the time.
 *
 * It is kept twice.  The copy in the runtime directory is in memory and is
 * written before each change that counts: nobody gains by crashing the service.
 * The one in the state directory follows a moment later, for the next boot, and
 * for a service manager that removes the other.  After another boot the first
 * correction is to come again, and steps keep their age as if no time had
 * passed in between, since no clock could be trusted to tell.
 */
#ifndef SG_CLOCKD_ACCOUNT_H
#define SG_CLOCKD_ACCOUNT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "clockd/warden.h"

#define SG_ACCOUNT_MAX 4096
#define SG_BOOT_MAX 40

struct sg_account {
    char boot[SG_BOOT_MAX]; /* the kernel's name of that boot; empty: unknown */
    bool start_left;
    double slept_s;
    struct sg_raw at;      /* when it was written */
    struct sg_wall synced; /* the last good time; 0: none yet */
    int n;
    struct {
        int64_t age_ns;
        int64_t size_ns;
    } steps[SG_GUARD_STEPS];
    int64_t slewed_ns[SG_GUARD_HOURS]; /* this hour's first */
};

void sg_account_of(const struct sg_warden *warden, struct sg_raw now,
                   struct sg_wall synced, struct sg_account *ret);

/*
 * Into a warden that was just made.  same_boot: at is by the same raw clock as
 * now.
 */
void sg_account_use(const struct sg_account *account, struct sg_raw now,
                    bool same_boot, struct sg_warden *warden);

void sg_account_encode(const struct sg_account *account, struct sg_buf *ret);

/* -EINVAL with a reason if it is not just as sg_account_encode writes it. */
int sg_account_decode(const char *text, size_t len, struct sg_account *ret,
                      struct sg_err *err);

/* -ENOENT: there is none. */
int sg_account_load(const char *path, struct sg_account *ret,
                    struct sg_err *err);
int sg_account_save(const char *path, const struct sg_account *account,
                    bool durable, struct sg_err *err);

#endif

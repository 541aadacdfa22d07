/*
 * The copies of the account, as account.h tells them.
 */
#include <errno.h>

#include "base/hostclock.h"
#include "base/log.h"
#include "clockd/service_private.h"

#define SAVE_S 3600.0

int
sg_service_keep(struct sg_service *service, bool durable, struct sg_err *err)
{
    struct sg_account account;
    struct sg_raw now = sg_host_raw();
    struct sg_err why = {""};
    int code;

    sg_account_of(&service->warden, now, service->synced, &account);
    code = sg_account_save(service->here, &account, false, &why);
    if (durable) {
        sg_account_save(service->there, &account, true, &why);
        service->save = sg_raw_add(now, SAVE_S);
    }
    if (why.text[0] && !service->keeps_failing)
        sg_log(LOG_ERR, "account not kept: %s", why.text);
    if (why.text[0] || durable)
        service->keeps_failing = why.text[0];
    return code < 0 ? sg_err_set(err, code,
                                 "refused, since its account cannot be kept: "
                                 "%s",
                                 why.text)
                    : 0;
}

/* What cannot be read counts as used up, or damage would be worth while. */
static void
use_up(struct sg_warden *warden, struct sg_raw now, const char *why)
{
    const struct sg_guard_request step = {.offset_s =
                                              warden->guard.limits.day_s};

    sg_log(LOG_ERR,
           "account: %s: today's steps count as used up; remove it to "
           "begin a new one",
           why);
    warden->start_left = false;
    for (int i = 0; i < warden->guard.limits.day_steps; i++)
        sg_guard_note(&warden->guard, now, &step);
}

bool
sg_service_remember(struct sg_service *service)
{
    struct sg_raw now = sg_host_raw();
    struct sg_account account;
    struct sg_err err;
    bool is_here = true;
    int code = sg_account_load(service->here, &account, &err);

    if (code == -ENOENT) {
        is_here = false;
        code = sg_account_load(service->there, &account, &err);
    }
    if (code == 0) {
        sg_account_use(&account, now, is_here, &service->warden);
        service->synced = account.synced;
    } else if (code != -ENOENT)
        use_up(&service->warden, now, err.text);
    return !is_here;
}

/*
 * The copies of the account, as account.h tells them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/hostclock.h"
#include "base/log.h"
#include "clockd/service_private.h"

#define SAVE_S 3600.0

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

int
sg_service_keep(struct sg_service *service, bool durable, struct sg_err *err)
{
    struct sg_account account;
    struct sg_raw now = sg_host_raw();
    struct sg_err why = {""};
    int code;

    sg_account_of(&service->warden, now, service->synced, &account);
    memcpy(account.boot, service->boot, sizeof account.boot);
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
           "account: %s: today's steps count as used up; to begin a new one "
           "stop this service and remove the account from both directories",
           why);
    warden->start_left = false;
    for (int i = 0; i < warden->guard.limits.day_steps; i++)
        sg_guard_note(&warden->guard, now, &step);
    sg_guard_note_slew(&warden->guard, now, step.offset_s);
}

/* Empty where /proc does not tell. */
static void
name_boot(char ret[SG_BOOT_MAX])
{
    struct sg_buf text = SG_BUF_INIT;

    ret[0] = '\0';
    if (sg_file_read(BOOT_ID, SG_BOOT_MAX - 1, &text, NULL) == 0 && text.text)
        snprintf(ret, SG_BOOT_MAX, "%.*s", (int)strcspn(text.text, "\n"),
                 text.text);
    sg_buf_free(&text);
}

bool
sg_service_remember(struct sg_service *service)
{
    struct sg_raw now = sg_host_raw();
    struct sg_account account;
    struct sg_err err;
    bool same_boot = true;
    int code = sg_account_load(service->here, &account, &err);

    name_boot(service->boot);
    if (code == -ENOENT) {
        same_boot = false;
        code = sg_account_load(service->there, &account, &err);
    }
    if (code == -ENOENT)
        return true;
    if (code < 0) {
        use_up(&service->warden, now, err.text);
        return !same_boot;
    }
    if (service->boot[0] && account.boot[0])
        same_boot = strcmp(service->boot, account.boot) == 0;
    sg_account_use(&account, now, same_boot, &service->warden);
    service->synced = account.synced;
    return !same_boot;
}

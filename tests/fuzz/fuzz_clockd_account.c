/*
 * The account of the clock service: damaged, it is refused with a reason;
 * taken, it is written as it was read, and never takes away from what was
 * moved.
 */
#include <stdint.h>
#include <stdlib.h>

/* a program is no library */
#include "../../src/clockd/account.c"
#include "../../src/clockd/warden.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
use(const struct sg_account *account, bool same_boot)
{
    const struct sg_raw now = {INT64_C(500000) * 1000000000};
    struct sg_warden warden;

    sg_warden_init(&warden, &sg_guard_defaults, (struct sg_wall){0});
    sg_account_use(account, now, same_boot, &warden);
    if (warden.guard.n < 0 || warden.guard.n > SG_GUARD_STEPS ||
        !(sg_guard_moved_s(&warden.guard, now) >= 0))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_account account, again;
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err = {""};

    if (sg_account_decode((const char *)data, size, &account, &err) < 0) {
        if (!err.text[0])
            abort();
        return 0;
    }
    sg_account_encode(&account, &text);
    if (text.failed || text.len > SG_ACCOUNT_MAX ||
        sg_account_decode(text.text, text.len, &again, &err) < 0 ||
        memcmp(&account.steps, &again.steps, sizeof account.steps) != 0 ||
        memcmp(&account.slewed_ns, &again.slewed_ns,
               sizeof account.slewed_ns) != 0 ||
        account.n != again.n || account.start_left != again.start_left)
        abort();
    sg_buf_free(&text);
    use(&account, true);
    use(&account, false);
    return 0;
}

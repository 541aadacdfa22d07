#include "pam/memo.h"

#include <stdint.h>
#include <stdlib.h>

#define DATA_NAME "skewguard_memo"

static void
clean_up(pam_handle_t *pamh, void *data, int status)
{
    (void)pamh;
    (void)status;
    free(data);
}

struct sg_pam_memo *
sg_pam_memo_get(pam_handle_t *pamh)
{
    struct sg_pam_memo *memo;
    const void *data = NULL;

    if (pam_get_data(pamh, DATA_NAME, &data) == PAM_SUCCESS && data)
        return (struct sg_pam_memo *)(uintptr_t)data;
    memo = calloc(1, sizeof *memo);
    if (!memo)
        return NULL;
    if (pam_getenv(pamh, SG_PAM_MEMO_VARIABLE)) {
        memo->is_said = true;
        memo->is_logged = true;
    }
    if (pam_set_data(pamh, DATA_NAME, memo, clean_up) == PAM_SUCCESS)
        return memo;
    free(memo);
    return NULL;
}

void
sg_pam_memo_export(pam_handle_t *pamh)
{
    pam_putenv(pamh, SG_PAM_MEMO_VARIABLE "=1");
}

void
sg_pam_memo_withdraw(pam_handle_t *pamh)
{
    if (pam_getenv(pamh, SG_PAM_MEMO_VARIABLE))
        pam_putenv(pamh, SG_PAM_MEMO_VARIABLE);
}

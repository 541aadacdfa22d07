#include "pam/memo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DATA_NAME "skewguard_memo"

static void
clean_up(pam_handle_t *pamh, void *data, int status)
{
    (void)pamh;
    (void)status;
    free(data);
}

static struct sg_pam_memo *
find(pam_handle_t *pamh)
{
    const void *data = NULL;

    if (pam_get_data(pamh, DATA_NAME, &data) != PAM_SUCCESS)
        return NULL;
    return (struct sg_pam_memo *)(uintptr_t)data;
}

static struct sg_pam_memo *
make(pam_handle_t *pamh)
{
    struct sg_pam_memo *memo = calloc(1, sizeof *memo);

    if (!memo || pam_set_data(pamh, DATA_NAME, memo, clean_up) == PAM_SUCCESS)
        return memo;
    free(memo);
    return NULL;
}

struct sg_pam_memo *
sg_pam_memo_get(pam_handle_t *pamh)
{
    struct sg_pam_memo *memo = find(pamh);

    if (!memo)
        memo = make(pamh);
    if (memo && pam_getenv(pamh, SG_PAM_MEMO_VARIABLE)) {
        memo->is_said = true;
        memo->is_logged = true;
    }
    return memo;
}

/* What OpenSSH calls the terminal until there is one. */
static bool
is_sshd(pam_handle_t *pamh)
{
    const void *tty = NULL;

    return pam_get_item(pamh, PAM_TTY, &tty) == PAM_SUCCESS && tty &&
           strcmp(tty, "ssh") == 0;
}

void
sg_pam_memo_export(pam_handle_t *pamh)
{
    if (is_sshd(pamh))
        pam_putenv(pamh, SG_PAM_MEMO_VARIABLE "=1");
}

void
sg_pam_memo_withdraw(pam_handle_t *pamh)
{
    if (pam_getenv(pamh, SG_PAM_MEMO_VARIABLE))
        pam_putenv(pamh, SG_PAM_MEMO_VARIABLE);
}

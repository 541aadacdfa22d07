/*
 * A KDC's clock without any proof: probe/krb5_exchange's question.
 */
#include <string.h>

#include "probe/kdc_exchange.h"
#include "probe/krb5_exchange.h"
#include "probe/krb5_host.h"
#include "probe/source.h"

static int
kdc_ask(void *state, const uint8_t **ret_bytes, size_t *ret_len,
        struct sg_err *err)
{
    return sg_krb5_exchange_ask(state, ret_bytes, ret_len, err);
}

static enum sg_krb5_verdict
kdc_judge(void *state, const uint8_t *bytes, size_t len, struct sg_raw sent,
          struct sg_raw received, struct sg_outcome *ret)
{
    return sg_krb5_exchange_judge(state, bytes, len, sent, received, ret);
}

static void
kdc_forget(void *state)
{
    sg_krb5_exchange_free(state);
}

static const struct sg_kdc_dialogue_ops plain_ops = {
    .ask = kdc_ask,
    .judge = kdc_judge,
    .free = kdc_forget,
};

/* Whose name the question bears: that of the host's key, if there is one. */
static struct sg_krb5_host *
find_host(const struct sg_probe_env *env, const struct sg_target *target)
{
    if (!env->hosts || strcmp(target->keytab, SG_KEYTAB_NONE) == 0)
        return NULL;
    return sg_krb5_hosts_get(env->hosts, target->realm, target->keytab);
}

static struct sg_exchange *
kdc_start(const struct sg_probe_env *env, const struct sg_target *target,
          const struct sg_address *address, bool tcp, sg_exchange_done *done,
          void *arg)
{
    const struct sg_kdc_setup setup = {env, target, address, tcp, done, arg};
    struct sg_kdc_dialogue dialogue = {.ops = &plain_ops};
    struct sg_outcome why_not;
    struct sg_err err;

    dialogue.state =
        sg_krb5_exchange_new(target->realm, find_host(env, target), &err);
    if (!dialogue.state)
        sg_krb5_failed(&why_not, SG_OUTCOME_LOCAL, "%s", err.text);
    return sg_kdc_exchange_start(&setup, &dialogue, &why_not);
}

const struct sg_exchange_ops sg_kdc_ops = {
    .default_port = 88,
    .has_tcp = true,
    .start = kdc_start,
    .free = sg_kdc_exchange_free,
};

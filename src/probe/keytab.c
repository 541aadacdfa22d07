/*
 * A KDC's clock, proven with the host's key: probe/krb5_login's dialogue.
 */
#include <assert.h>

#include "probe/kdc_exchange.h"
#include "probe/krb5_host.h"
#include "probe/krb5_login.h"
#include "probe/source.h"

static int
keytab_ask(void *state, const uint8_t **ret_bytes, size_t *ret_len,
           struct sg_err *err)
{
    return sg_krb5_login_ask(state, ret_bytes, ret_len, err);
}

static enum sg_krb5_verdict
keytab_judge(void *state, const uint8_t *bytes, size_t len, struct sg_raw sent,
             struct sg_raw received, struct sg_outcome *ret)
{
    return sg_krb5_login_judge(state, bytes, len, sent, received, ret);
}

static void
keytab_forget(void *state)
{
    sg_krb5_login_free(state);
}

static const struct sg_kdc_dialogue_ops login_ops = {
    .ask = keytab_ask,
    .judge = keytab_judge,
    .free = keytab_forget,
};

static struct sg_exchange *
keytab_start(const struct sg_probe_env *env, const struct sg_target *target,
             const struct sg_address *address, bool tcp, sg_exchange_done *done,
             void *arg)
{
    const struct sg_kdc_setup setup = {env, target, address, tcp, done, arg};
    struct sg_kdc_dialogue dialogue = {.ops = &login_ops};
    struct sg_outcome why_not;
    struct sg_krb5_host *host;

    assert(env->hosts);
    host = sg_krb5_hosts_get(env->hosts, target->realm, target->keytab);
    if (!host)
        return NULL;
    dialogue.state = sg_krb5_login_new(
        host, tcp || target->transport != SG_TRANSPORT_UDP, &why_not);
    return sg_kdc_exchange_start(&setup, &dialogue, &why_not);
}

const struct sg_exchange_ops sg_keytab_ops = {
    .default_port = 88,
    .has_tcp = true,
    .start = keytab_start,
    .free = sg_kdc_exchange_free,
};

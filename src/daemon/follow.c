/*
 * When to ask again what is to be watched: DNS regularly, and everything when
 * the files behind it change.
 */
#include <event2/event.h>
#include <event2/util.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/timeval.h"
#include "daemon/daemon_private.h"
#include "daemon/filewatch.h"
#include "probe/krb5_files.h"
#include "probe/krb5_keytab.h"

/* DNS is asked hourly; after failures sooner, and then less and less often. */
#define HOURLY_S 3600.0
#define BACKOFF_MIN_S 15.0
#define BACKOFF_MAX_S 600.0

/* Many hosts see the same thing happen in the same moment. */
#define SOON_S 0.5

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_CONF_MAX 65536

/* Kinds of files. */
#define OF_KRB5 1u
#define OF_KEYTAB 2u
#define OF_DNS 4u
#define OF_CLOCK 8u

/* Even in [low, high). */
static double
random_between(double low, double high)
{
    uint32_t bits;

    evutil_secure_rng_get_bytes(&bits, sizeof bits);
    return low + (high - low) * bits / 4294967296.0;
}

static void
rediscover_in(struct sg_daemon *daemon, double wait_s)
{
    struct timeval wait = sg_timeval(wait_s);

    evtimer_add(daemon->rediscover, &wait);
}

/* Seconds until the next round. */
static double
choose_wait(struct sg_daemon *daemon, bool has_failed)
{
    if (!has_failed) {
        daemon->backoff_s = 0;
        return random_between(0.9, 1.1) * HOURLY_S;
    }
    daemon->backoff_s = daemon->backoff_s == 0
                            ? BACKOFF_MIN_S
                            : fmin(2 * daemon->backoff_s, BACKOFF_MAX_S);
    return random_between(0.75, 1.25) * daemon->backoff_s;
}

static bool
has_realm(const struct sg_plan *plan, const char *name)
{
    for (int i = 0; i < plan->n_realms; i++)
        if (strcmp(plan->realms[i].name, name) == 0)
            return true;
    return false;
}

/* A trust without KDCs is named by the plan, and is nothing to wait for. */
static void
report_finding(const struct sg_daemon *daemon, const struct sg_finding *finding,
               double wait_s)
{
    struct sg_buf text = SG_BUF_INIT;
    bool has_failed = finding->why_not[0] != '\0';

    if (!finding->is_news ||
        (has_failed && !has_realm(daemon->plan, finding->question.realm)))
        return;
    sg_finding_describe(finding, &text);
    if (!text.failed && has_failed)
        sg_log(LOG_WARNING, "%s; next try in %.0f s", text.text, wait_s);
    else if (!text.failed)
        sg_log(LOG_NOTICE, "%s", text.text);
    sg_buf_free(&text);
}

/* The answers are in, or DNS has failed. */
static void
on_discovered(void *arg)
{
    struct sg_daemon *daemon = arg;
    const struct sg_findings *findings =
        sg_discovery_findings(daemon->discovery);
    double wait_s =
        choose_wait(daemon, sg_discovery_has_failed(daemon->discovery));

    rediscover_in(daemon, wait_s);
    for (int i = 0; i < findings->n; i++)
        report_finding(daemon, &findings->finding[i], wait_s);
    sg_daemon_replan(daemon, NULL);
    sg_daemon_hooks.changed(daemon, true);
}

void
sg_daemon_rediscover(evutil_socket_t fd, short what, void *arg)
{
    struct sg_daemon *daemon = arg;

    (void)fd;
    (void)what;
    if (!sg_discovery_begin(daemon->discovery, daemon->plan) &&
        daemon->plan->n_asks > 0)
        rediscover_in(daemon, choose_wait(daemon, true));
}

/* Some realm was not asked for yet, or in another way. */
static bool
has_new_question(const struct sg_daemon *daemon)
{
    const struct sg_plan *plan = daemon->plan;

    for (int i = 0; i < plan->n_asks; i++) {
        const struct sg_finding *finding = sg_findings_of(
            sg_discovery_findings(daemon->discovery), plan->asks[i].realm);

        if (!finding || !finding->is_asked ||
            !sg_finding_is_of(finding, &plan->asks[i]))
            return true;
    }
    return false;
}

void
sg_daemon_ask_dns(struct sg_daemon *daemon, bool again)
{
    if (!daemon->discovery || daemon->plan->n_asks == 0 ||
        !(again || has_new_question(daemon)))
        return;
    daemon->backoff_s = 0;
    rediscover_in(daemon, random_between(0, SOON_S));
}

/* ---- files ---- */

static void
add_krb5_file(void *arg, const char *path)
{
    struct sg_daemon *daemon = arg;

    sg_filewatch_add(daemon->filewatch, path, OF_KRB5);
}

/* Empty: krb5.conf's default keytab. */
static void
add_keytab(struct sg_daemon *daemon, const char *name)
{
    char path[SG_KEYTAB_PATH_MAX];

    if (sg_krb5_keytab_path(name, path, sizeof path, NULL) == 0)
        sg_filewatch_add(daemon->filewatch, path, OF_KEYTAB);
}

void
sg_daemon_watch_files(struct sg_daemon *daemon, const struct sg_config *config)
{
    if (!daemon->filewatch)
        return;
    sg_filewatch_clear(daemon->filewatch);
    sg_krb5_files(add_krb5_file, daemon);
    add_keytab(daemon, "");
    for (int i = 0; i < config->n_realms; i++)
        if (config->realms[i].keytab[0])
            add_keytab(daemon, config->realms[i].keytab);
    sg_filewatch_add(daemon->filewatch, RESOLV_CONF, OF_DNS);
    if (sg_choice_may_change(&daemon->options, config))
        sg_filewatch_add(daemon->filewatch, config->clock_socket, OF_CLOCK);
}

/* Does it say something else than before? */
static bool
resolv_conf_changed(struct sg_daemon *daemon)
{
    struct sg_buf text = SG_BUF_INIT, *before = &daemon->resolv_conf;
    bool ret;

    sg_file_read(RESOLV_CONF, RESOLV_CONF_MAX, &text, NULL);
    ret = text.len != before->len ||
          (text.len > 0 && memcmp(text.text, before->text, text.len) != 0);
    sg_buf_free(before);
    *before = text;
    return ret;
}

/* A new watch asks the new servers; what is known is kept. */
static void
change_servers(struct sg_daemon *daemon)
{
    struct sg_err err;

    if (!resolv_conf_changed(daemon))
        return;
    if (sg_daemon_replace_watch(daemon, daemon->plan, &err) < 0)
        sg_log(LOG_ERR, "resolv.conf changed, but: %s", err.text);
    else
        sg_log(LOG_INFO, "resolv.conf changed");
    sg_watch_burst(daemon->watch);
    sg_daemon_ask_dns(daemon, true);
}

static void
on_files(void *arg, unsigned kinds)
{
    struct sg_daemon *daemon = arg;

    sg_daemon_watch_files(daemon, daemon->config);
    if (kinds & OF_CLOCK)
        sg_daemon_attend(daemon);
    if (kinds & OF_DNS)
        change_servers(daemon);
    if (kinds & OF_KRB5)
        sg_daemon_replan(daemon, "krb5.conf changed");
    if (kinds & OF_KEYTAB) {
        sg_log(LOG_INFO, "a keytab changed: KDCs are asked with it again");
        sg_watch_key_changed(daemon->watch);
    }
    sg_daemon_hooks.changed(daemon, true);
}

/* ---- the daemon's calls ---- */

void
sg_daemon_follow(struct sg_daemon *daemon)
{
    struct sg_err err;

    if (daemon->options.minimal)
        return;
    daemon->discovery =
        sg_discovery_new(daemon->base, NULL, on_discovered, daemon, &err);
    if (!daemon->discovery)
        sg_log(LOG_ERR, "KDCs are not looked for: %s", err.text);
    if (daemon->options.once)
        return;
    resolv_conf_changed(daemon);
    daemon->filewatch = sg_filewatch_new(daemon->base, on_files, daemon, &err);
    if (!daemon->filewatch)
        sg_log(LOG_NOTICE, "krb5.conf is looked at every 10 min only: %s",
               err.text);
}

void
sg_daemon_follow_end(struct sg_daemon *daemon)
{
    sg_filewatch_free(daemon->filewatch);
    sg_discovery_free(daemon->discovery);
    sg_buf_free(&daemon->resolv_conf);
}

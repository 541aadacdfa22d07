#include "setup/config_checks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RULE_KEYS_MAX 2

struct rule {
    const char *section;
    const char *keys[RULE_KEYS_MAX];
    int (*check)(const struct sg_config *config, struct sg_err *err);
};

static int
check_thresholds(const struct sg_config *config, struct sg_err *err)
{
    const struct sg_config_alert *alert = &config->alert;

    if (alert->warn_frac < alert->critical_frac)
        return 0;
    return sg_err_set(err, -EINVAL,
                      "alert: warn = %.9g%% is not below critical = %.9g%%, "
                      "allowed is a smaller warn",
                      alert->warn_frac * 100, alert->critical_frac * 100);
}

static int
check_password(const struct sg_config *config, struct sg_err *err)
{
    bool has_user = config->smtp.user[0] != '\0';

    if (has_user == (config->smtp.password_file[0] != '\0'))
        return 0;
    return sg_err_set(err, -EINVAL,
                      "smtp: %s is set and %s is not, allowed are both or none",
                      has_user ? "user" : "password_file",
                      has_user ? "password_file" : "user");
}

/* A password goes to nobody who has not shown who he is. */
static int
check_tls(const struct sg_config *config, struct sg_err *err)
{
    const struct sg_config_smtp *smtp = &config->smtp;

    if (!smtp->user[0] || smtp->tls == SG_TLS_REQUIRED ||
        smtp->tls == SG_TLS_IMPLICIT)
        return 0;
    return sg_err_set(err, -EINVAL,
                      "smtp: tls = %s would show the password to others, "
                      "allowed with user are required, implicit",
                      smtp->tls == SG_TLS_NONE ? "none" : "try");
}

/* sendmail(8) would be asked, and the rest of the section mean nothing. */
static int
check_relay(const struct sg_config *config, struct sg_err *err)
{
    if (!config->smtp.user[0] || config->smtp.host[0])
        return 0;
    return sg_err_set(err, -EINVAL,
                      "smtp: user is set and host is not, allowed is a user of "
                      "some host");
}

static const struct rule rules[SG_CONFIG_RULES] = {
    {"alert", {"warn", "critical"}, check_thresholds},
    {"smtp", {"user", "password_file"}, check_password},
    {"smtp", {"user", "tls"}, check_tls},
    {"smtp", {"user", "host"}, check_relay},
};

static bool
concerns(const struct rule *rule, const struct sg_config_key *key)
{
    if (strcmp(rule->section, key->section) != 0)
        return false;
    for (int i = 0; i < RULE_KEYS_MAX; i++)
        if (strcmp(rule->keys[i], key->name) == 0)
            return true;
    return false;
}

void
sg_config_touch(struct sg_config_touched *touched,
                const struct sg_config_key *key, const char *file, int line)
{
    for (int i = 0; i < SG_CONFIG_RULES; i++) {
        if (!concerns(&rules[i], key))
            continue;
        snprintf(touched->rules[i].file, sizeof touched->rules[i].file, "%s",
                 file);
        touched->rules[i].line = line;
    }
}

int
sg_config_check(const struct sg_config *config,
                const struct sg_config_touched *touched, struct sg_err *err)
{
    struct sg_err why;

    for (int i = 0; i < SG_CONFIG_RULES; i++)
        if (rules[i].check(config, &why) < 0)
            return sg_err_set(err, -EINVAL, "%s:%d: %s", touched->rules[i].file,
                              touched->rules[i].line, why.text);
    return 0;
}

#include "setup/config_keys.h"

#include <string.h>

#include "setup/config.h"
#include "setup/config_alert.h"

#define DAY_S 86400

/* Room for "/status" and the like behind a folder. */
#define FOLDER_LENGTH_MAX 1000

static const char *const modes[] = {"auto", "guard", "discipline", NULL};
static const char *const clocks[] = {"auto", "clockd", "kernel", "none", NULL};
static const char *const follows[] = {"realm", "utc", NULL};
static const char *const transports[] = {"auto", "udp", "tcp", NULL};
static const char *const reminds[] = {"once", "daily", "diminishing", NULL};
static const char *const tls[] = {"none", "try", "required", "implicit", NULL};

#define MAIN(field) offsetof(struct sg_config, field)
#define REALM(field) offsetof(struct sg_config_realm, field)
#define SERVER(field) offsetof(struct sg_config_server, field)

/* clang-format off */
const struct sg_config_key sg_config_keys[] = {
    {"", "mode", &sg_config_word, MAIN(mode), 0, 0, modes, "auto"},
    {"", "clock", &sg_config_name, MAIN(clock), 0, 15, clocks, "auto"},
    {"", "clock_socket", &sg_config_path, MAIN(clock_socket),
        0, SG_SOCKET_MAX - 1, NULL, "/run/skewguard-clockd/socket"},
    {"", "follow", &sg_config_word, MAIN(follow), 0, 0, follows, "realm"},
    {"", "max_poll", &sg_config_duration, MAIN(max_poll_s), 16, 1024, NULL, "64s"},
    {"", "kdc_poll", &sg_config_duration, MAIN(kdc_poll_s), 4, 1024, NULL, "64s"},
    {"", "runtime_directory", &sg_config_path, MAIN(runtime_directory),
        0, FOLDER_LENGTH_MAX, NULL, "/run/skewguard"},
    {"", "state_directory", &sg_config_path, MAIN(state_directory),
        0, FOLDER_LENGTH_MAX, NULL, "/var/lib/skewguard"},
    {"", "status_file", &sg_config_path, MAIN(status_file),
        0, SG_PATH_MAX - 1, NULL, NULL},
    {"alert", "warn", &sg_config_percent, MAIN(alert.warn_frac),
        0.01, 1, NULL, "20%"},
    {"alert", "critical", &sg_config_percent, MAIN(alert.critical_frac),
        0.01, 1, NULL, "60%"},
    {"alert", "calm", &sg_config_duration, MAIN(alert.calm_s),
        1, DAY_S, NULL, "5min"},
    {"alert", "spread", &sg_config_duration, MAIN(alert.spread_s),
        0, DAY_S, NULL, "10min"},
    {"alert", "remind", &sg_config_word, MAIN(alert.remind),
        0, 0, reminds, "diminishing"},
    {"alert", "mailto", &sg_config_mailto, 0, 0, 0, NULL, "root"},
    {"alert", "mailfrom", &sg_config_mailfrom, MAIN(alert.mailfrom),
        0, SG_NAME_MAX - 1, NULL, NULL},
    {"alert", "sendmail", &sg_config_path, MAIN(alert.sendmail),
        0, SG_PATH_MAX - 1, NULL, "/usr/sbin/sendmail"},
    {"alert", "hook", &sg_config_hooks, 0, 0, SG_PATH_MAX - 1, NULL, NULL},
    {"smtp", "host", &sg_config_host, MAIN(smtp.host), 0, 0, NULL, NULL},
    {"smtp", "port", &sg_config_port, MAIN(smtp.port), 1, 65535, NULL, "25"},
    {"smtp", "tls", &sg_config_word, MAIN(smtp.tls), 0, 0, tls, "try"},
    {"smtp", "user", &sg_config_user, MAIN(smtp.user),
        0, SG_NAME_MAX - 1, NULL, NULL},
    {"smtp", "password_file", &sg_config_path, MAIN(smtp.password_file),
        0, SG_PATH_MAX - 1, NULL, NULL},
    {"smtp", "ca_file", &sg_config_path, MAIN(smtp.ca_file),
        0, SG_PATH_MAX - 1, NULL, NULL},
    {"realm", "clockskew", &sg_config_duration, REALM(clockskew_s),
        1, DAY_S, NULL, NULL},
    {"realm", "kdc", &sg_config_kdcs, 0, 0, 0, NULL, NULL},
    {"realm", "keytab", &sg_config_keytab, REALM(keytab),
        0, SG_NAME_MAX - 1, NULL, NULL},
    {"ntp", "address", &sg_config_host, SERVER(target.host), 0, 0, NULL, NULL},
    {"ntp", "port", &sg_config_port, SERVER(target.port), 1, 65535, NULL, "123"},
    {"kdc", "realm", &sg_config_realm_name, SERVER(target.realm), 0, 0, NULL, NULL},
    {"kdc", "address", &sg_config_host, SERVER(target.host), 0, 0, NULL, NULL},
    {"kdc", "port", &sg_config_port, SERVER(target.port), 1, 65535, NULL, "88"},
    {"kdc", "transport", &sg_config_word, SERVER(target.transport),
        0, 0, transports, "auto"},
};
/* clang-format on */

const size_t sg_config_n_keys = sizeof sg_config_keys / sizeof *sg_config_keys;

const struct sg_config_key *
sg_config_key_find(const char *section, const char *key_name)
{
    for (size_t i = 0; i < sg_config_n_keys; i++)
        if (strcmp(sg_config_keys[i].section, section) == 0 &&
            strcmp(sg_config_keys[i].name, key_name) == 0)
            return &sg_config_keys[i];
    return NULL;
}

int
sg_config_key_read(const struct sg_config_key *key, const char *text,
                   void *record, struct sg_err *err)
{
    return key->type->read(key, text, (char *)record + key->offset, err);
}

void
sg_config_keys_default(const char *section, void *record)
{
    for (size_t i = 0; i < sg_config_n_keys; i++) {
        const struct sg_config_key *key = &sg_config_keys[i];

        if (strcmp(key->section, section) == 0 && key->deflt)
            sg_config_key_read(key, key->deflt, record, NULL);
    }
}

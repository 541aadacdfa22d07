#include "setup/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "setup/config_checks.h"
#include "setup/config_file.h"
#include "setup/config_keys.h"
#include "setup/config_tree.h"

/* The tree's values were all accepted when it was read. */
static void
take_values(cfg_t *section, const char *name, void *record)
{
    for (size_t i = 0; i < sg_config_n_keys; i++) {
        const struct sg_config_key *key = &sg_config_keys[i];

        if (strcmp(key->section, name) != 0)
            continue;
        /* An empty list is a list, too, and replaces the default. */
        if (key->type->set_count &&
            cfg_getopt(section, key->name)->flags & CFGF_MODIFIED)
            key->type->set_count(record, 0);
        for (unsigned j = 0; j < cfg_size(section, key->name); j++)
            sg_config_key_read(key, cfg_getnstr(section, key->name, j), record,
                               NULL);
    }
}

static void
take_realm(cfg_t *section, struct sg_config_realm *realm)
{
    snprintf(realm->name, sizeof realm->name, "%s", cfg_title(section));
    take_values(section, "realm", realm);
    /* An empty list is a list: then krb5.conf is not asked either. */
    if (cfg_getopt(section, "kdc")->flags & CFGF_MODIFIED)
        realm->replaces_kdcs = true;
    for (int i = 0; i < realm->n_kdcs; i++)
        memcpy(realm->kdcs[i].realm, realm->name, sizeof realm->name);
}

static void
take_server(cfg_t *section, const char *name, enum sg_kind kind,
            struct sg_config_server *server)
{
    const char *title = cfg_title(section);

    snprintf(server->name, sizeof server->name, "%s", title);
    server->target.kind = kind;
    sg_config_keys_default(name, server);
    take_values(section, name, server);
    if (!server->target.host[0])
        memcpy(server->target.host, server->name, sizeof server->name);
}

static int
take_sections(cfg_t *root, struct sg_config *config)
{
    unsigned n_ntp = cfg_size(root, "ntp");
    unsigned n_kdc = cfg_size(root, "kdc");
    struct sg_config_server *server;

    config->n_realms = (int)cfg_size(root, "realm");
    config->n_servers = (int)(n_ntp + n_kdc);
    config->realms =
        calloc((size_t)config->n_realms + 1, sizeof *config->realms);
    config->servers =
        calloc((size_t)config->n_servers + 1, sizeof *config->servers);
    if (!config->realms || !config->servers)
        return -ENOMEM;
    for (int i = 0; i < config->n_realms; i++)
        take_realm(cfg_getnsec(root, "realm", (unsigned)i), &config->realms[i]);
    server = config->servers;
    for (unsigned i = 0; i < n_ntp; i++)
        take_server(cfg_getnsec(root, "ntp", i), "ntp", SG_KIND_NTP, server++);
    for (unsigned i = 0; i < n_kdc; i++)
        take_server(cfg_getnsec(root, "kdc", i), "kdc", SG_KIND_KDC, server++);
    return 0;
}

static int
take_all(cfg_t *root, struct sg_config *config)
{
    sg_config_keys_default("", config);
    sg_config_keys_default("alert", config);
    sg_config_keys_default("smtp", config);
    take_values(root, "", config);
    take_values(cfg_getsec(root, "alert"), "alert", config);
    take_values(cfg_getsec(root, "smtp"), "smtp", config);
    if (!config->status_file[0]) {
        /* The option table leaves room for this behind a folder. */
        strcpy(config->status_file, config->runtime_directory);
        strcat(config->status_file, "/status");
    }
    return take_sections(root, config);
}

static int
parse_file(struct sg_config_file *file, const char *name,
           struct sg_config **ret, struct sg_err *err)
{
    struct sg_config_touched touched = {0};
    struct sg_config *config;
    cfg_t *root;
    int code = sg_config_tree_read(file, name, &root, &touched, err);

    if (code < 0)
        return code;
    config = calloc(1, sizeof *config);
    code = config ? take_all(root, config) : -ENOMEM;
    cfg_free(root);
    if (code == 0)
        code = sg_config_check(config, &touched, err);
    else
        sg_err_set(err, code, "%s: out of memory", name);
    if (code < 0) {
        sg_config_free(config);
        return code;
    }
    *ret = config;
    return 0;
}

int
sg_config_parse(const char *text, const char *name, struct sg_config **ret,
                struct sg_err *err)
{
    struct sg_config_file file = {strdup(text), strlen(text), 0, 0};
    int code;

    if (!file.text)
        return sg_err_set(err, -ENOMEM, "%s: out of memory", name);
    code = parse_file(&file, name, ret, err);
    sg_config_file_free(&file);
    return code;
}

int
sg_config_load(const char *path, struct sg_config **ret, struct sg_err *err)
{
    const char *name = path ? path : SG_CONFIG_PATH;
    struct sg_config_file file;
    struct sg_err why;
    int code = sg_config_file_read(name, &file, &why);

    if (code == -ENOENT && !path)
        return sg_config_parse("", name, ret, err);
    if (code < 0)
        return sg_err_set(err, code, "%s: %s", name, why.text);
    code = parse_file(&file, name, ret, err);
    sg_config_file_free(&file);
    return code;
}

void
sg_config_free(struct sg_config *config)
{
    if (!config)
        return;
    free(config->realms);
    free(config->servers);
    free(config);
}

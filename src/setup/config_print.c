/* The effective configuration, written so that it reads back the same. */
#include "setup/config.h"

#include <string.h>

#include "setup/config_keys.h"

/* Keys without a value stay out: they have no spelling. */
static void
print_keys(const char *section, const char *indent, const void *record,
           struct sg_buf *ret)
{
    struct sg_buf value = SG_BUF_INIT;

    for (size_t i = 0; i < sg_config_n_keys; i++) {
        const struct sg_config_key *key = &sg_config_keys[i];

        if (strcmp(key->section, section) != 0)
            continue;
        sg_buf_clear(&value);
        key->type->print(key, (const char *)record + key->offset, &value);
        ret->failed |= value.failed;
        if (value.len > 0)
            sg_buf_add(ret, "%s%s = %s\n", indent, key->name, value.text);
    }
    sg_buf_free(&value);
}

static void
print_titled(const char *section, const char *title, const void *record,
             struct sg_buf *ret)
{
    sg_buf_add(ret, "%s ", section);
    sg_config_print_quoted(title, ret);
    sg_buf_add(ret, " {\n");
    print_keys(section, "    ", record, ret);
    sg_buf_add(ret, "}\n");
}

void
sg_config_print(const struct sg_config *config, struct sg_buf *ret)
{
    print_keys("", "", config, ret);
    sg_buf_add(ret, "alert {\n");
    print_keys("alert", "    ", config, ret);
    sg_buf_add(ret, "}\nsmtp {\n");
    print_keys("smtp", "    ", config, ret);
    sg_buf_add(ret, "}\n");
    for (int i = 0; i < config->n_realms; i++)
        print_titled("realm", config->realms[i].name, &config->realms[i], ret);
    for (int i = 0; i < config->n_servers; i++) {
        const struct sg_config_server *server = &config->servers[i];

        print_titled(server->target.kind == SG_KIND_NTP ? "ntp" : "kdc",
                     server->name, server, ret);
    }
}

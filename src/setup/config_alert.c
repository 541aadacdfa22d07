#include "setup/config_alert.h"

#include <string.h>

#include "probe/hostname.h"
#include "setup/config.h"

/* RFC 5321, 4.5.3.1: a path of 256 octets with its angle brackets. */
#define ADDRESS_LENGTH_MAX 254

static bool
is_visible(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return false;
    return true;
}

/*
 * What can stand in a header and on a command line as it is.  Addresses that
 * need quoting are not worth what they could be mistaken for, and sendmail(8)
 * takes "-x" for an option, "|x" for a program and "/x" for a file.
 */
static bool
is_address(const char *text)
{
    const char *at = strchr(text, '@');

    return text[0] != '\0' && !strchr("-|/@", text[0]) &&
           strlen(text) <= ADDRESS_LENGTH_MAX && is_visible(text) &&
           !text[strcspn(text, "<>()[],;:\\\"")] &&
           (!at || sg_host_is_valid(at + 1));
}

static int
read_address(const char *text, char *ret, struct sg_err *err)
{
    if (!is_address(text))
        return sg_config_refuse(text,
                                "is no mail address, allowed is \"user\" or "
                                "\"user@host\" of at most 254 visible ASCII "
                                "characters",
                                err);
    sg_config_store_text(text, ret, SG_NAME_MAX);
    return 0;
}

/* ---- mailto; the field is the whole record ---- */

static int
read_mailto(const struct sg_config_key *key, const char *text, void *field,
            struct sg_err *err)
{
    struct sg_config_alert *alert = &((struct sg_config *)field)->alert;
    int code;

    (void)key;
    if (alert->n_mailto >= SG_MAX_MAILTO)
        return sg_config_refuse_more(text, "address", SG_MAX_MAILTO, err);
    code = read_address(text, alert->mailto[alert->n_mailto], err);
    if (code == 0)
        alert->n_mailto++;
    return code;
}

static void
print_mailto(const struct sg_config_key *key, const void *field,
             struct sg_buf *ret)
{
    const struct sg_config_alert *alert =
        &((const struct sg_config *)field)->alert;

    (void)key;
    sg_config_print_list(alert->mailto[0], alert->n_mailto,
                         sizeof *alert->mailto, ret);
}

static void
set_mailto_count(void *record, int n)
{
    ((struct sg_config *)record)->alert.n_mailto = n;
}

/* ---- hook; the field is the whole record ---- */

static int
read_hook(const struct sg_config_key *key, const char *text, void *field,
          struct sg_err *err)
{
    struct sg_config_alert *alert = &((struct sg_config *)field)->alert;
    int code;

    if (alert->n_hooks >= SG_MAX_HOOKS)
        return sg_config_refuse_more(text, "program", SG_MAX_HOOKS, err);
    code = sg_config_read_path(key, text, alert->hooks[alert->n_hooks], err);
    if (code == 0)
        alert->n_hooks++;
    return code;
}

static void
print_hooks(const struct sg_config_key *key, const void *field,
            struct sg_buf *ret)
{
    const struct sg_config_alert *alert =
        &((const struct sg_config *)field)->alert;

    (void)key;
    if (alert->n_hooks > 0)
        sg_config_print_list(alert->hooks[0], alert->n_hooks,
                             sizeof *alert->hooks, ret);
}

static void
set_hook_count(void *record, int n)
{
    ((struct sg_config *)record)->alert.n_hooks = n;
}

/* ---- single texts ---- */

static int
read_mailfrom(const struct sg_config_key *key, const char *text, void *field,
              struct sg_err *err)
{
    (void)key;
    return read_address(text, field, err);
}

static int
read_user(const struct sg_config_key *key, const char *text, void *field,
          struct sg_err *err)
{
    (void)key;
    if (text[0] == '\0' || strlen(text) >= SG_NAME_MAX || !is_visible(text))
        return sg_config_refuse(text,
                                "is no user name, allowed are 1 to 255 visible "
                                "ASCII characters",
                                err);
    sg_config_store_text(text, field, SG_NAME_MAX);
    return 0;
}

const struct sg_config_type sg_config_mailto = {read_mailto, print_mailto,
                                                set_mailto_count};
const struct sg_config_type sg_config_hooks = {read_hook, print_hooks,
                                               set_hook_count};
const struct sg_config_type sg_config_mailfrom = {read_mailfrom,
                                                  sg_config_print_text, NULL};
const struct sg_config_type sg_config_user = {read_user, sg_config_print_text,
                                              NULL};

#include "mailer/channel.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool
is_there(const struct sg_channel *channels, int n, const char *label)
{
    for (int i = 0; i < n; i++)
        if (strcmp(channels[i].label, label) == 0)
            return true;
    return false;
}

static int
add_channel(struct sg_channel *channels, int n, enum sg_channel_kind kind,
            const char *name)
{
    struct sg_channel *channel = &channels[n];

    channel->kind = kind;
    snprintf(channel->name, sizeof channel->name, "%s", name);
    /* an address has no space in it, so the two cannot be mixed up */
    snprintf(channel->label, sizeof channel->label, "%s%s",
             kind == SG_CHANNEL_HOOK ? "hook " : "", channel->name);
    return is_there(channels, n, channel->label) ? n : n + 1;
}

int
sg_channels_make(const struct sg_config *config,
                 struct sg_channel ret[SG_CHANNELS_MAX])
{
    const struct sg_config_alert *alert = &config->alert;
    int n = 0;

    for (int i = 0; i < alert->n_mailto; i++)
        n = add_channel(ret, n, SG_CHANNEL_MAIL, alert->mailto[i]);
    for (int i = 0; i < alert->n_hooks; i++)
        n = add_channel(ret, n, SG_CHANNEL_HOOK, alert->hooks[i]);
    return n;
}

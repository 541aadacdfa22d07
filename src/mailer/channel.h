/*
 * Who is told of alerts: each mail address is a channel, and so is each hook,
 * so that one that fails neither holds up nor repeats anything for the others.
 */
#ifndef SG_MAILER_CHANNEL_H
#define SG_MAILER_CHANNEL_H

#include "setup/config.h"

#define SG_CHANNELS_MAX (SG_MAX_MAILTO + SG_MAX_HOOKS)
#define SG_CHANNEL_LABEL_MAX (SG_PATH_MAX + 8)

enum sg_channel_kind {
    SG_CHANNEL_MAIL,
    SG_CHANNEL_HOOK,
};

struct sg_channel {
    enum sg_channel_kind kind;
    char name[SG_PATH_MAX];           /* the address, or the program's path */
    char label[SG_CHANNEL_LABEL_MAX]; /* "root", "hook /path"; no other channel
                                         has it */
};

/* Those of a configuration, each once; their number. */
int sg_channels_make(const struct sg_config *config,
                     struct sg_channel ret[SG_CHANNELS_MAX]);

#endif

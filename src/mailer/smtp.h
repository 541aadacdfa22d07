/*
 * One message to one recipient by SMTP.
 */
#ifndef SG_MAILER_SMTP_H
#define SG_MAILER_SMTP_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/instant.h"
#include "mailer/result.h"
#include "setup/config.h"

#define SG_SMTP_CONNECT_S 15
#define SG_SMTP_WHOLE_S 60

struct sg_smtp_letter {
    const char *hello; /* this host's name */
    const char *from, *to;
    const struct sg_buf *text; /* with headers, lines ended by newlines */
    bool has_time;             /* the relay's certificate has to be valid ... */
    struct sg_wall time;       /* ... then; else when this host's clock says */
};

typedef void sg_smtp_told(const void *arg, const struct sg_result *result);

/*
 * Blocks, up to SG_SMTP_WHOLE_S for each of at most two attempts; for a process
 * of its own.  told is called as soon as the result stands; saying goodbye to
 * the relay may take a while longer.
 */
void sg_smtp_send(const struct sg_config_smtp *smtp,
                  const struct sg_smtp_letter *letter, sg_smtp_told *told,
                  const void *arg);

#endif

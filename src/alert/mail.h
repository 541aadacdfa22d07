/*
 * Alerts as a mail (RFC 5322), in plain ASCII.
 *
 * Pure.  Nothing that a record or an address holds gets out of the line it
 * belongs to, whatever it is; nor does a subject hold what a mail program would
 * decode (RFC 2047).
 *
 * The mails of one cause are one thread.  They have the Message-ID
 * <ID.NUMBER@HOST> of the last record in them and refer to that of the cause's
 * first one, so that a mail that is sent again is the same mail, and one that
 * holds more than before is another.
 */
#ifndef SG_ALERT_MAIL_H
#define SG_ALERT_MAIL_H

#include "alert/record.h"
#include "base/buf.h"

#define SG_MAIL_ADDRESS_MAX 320

struct sg_mail {
    const char *from; /* as of sg_mail_sender */
    const char *to;
    int n;                           /* one or more ... */
    const struct sg_record *records; /* ... of one cause, the oldest first */
};

/* Whose mail it is, in the header and for the relay: mailfrom, or if that is
 * empty "skewguard@HOST". */
void sg_mail_sender(const char *mailfrom, const char *host,
                    char ret[SG_MAIL_ADDRESS_MAX]);

/* Append the mail; its lines end with a newline alone. */
void sg_mail_compose(const struct sg_mail *mail, struct sg_buf *ret);

#endif

/*
 * This host's credentials for a realm: its keys, from a keytab, and a ticket
 * for the realm's KDCs, the armor of FAST (RFC 6113 5.4.1).
 *
 * All sources of a realm share them, since a ticket of one KDC is good for
 * the others.  Keys and ticket live in this process's memory alone.  Whatever
 * happens to the keytab shows at the next question: its file is looked at
 * each time, and read only when it has become another one.
 */
#ifndef SG_PROBE_KRB5_HOST_H
#define SG_PROBE_KRB5_HOST_H

#include <krb5.h>
#include <stdbool.h>

#include "base/instant.h"
#include "core/sample.h"

struct sg_krb5_host;
struct sg_krb5_hosts;

/* The credentials of all realms.  NULL if memory runs out. */
struct sg_krb5_hosts *sg_krb5_hosts_new(void);

/* Accepts NULL. */
void sg_krb5_hosts_free(struct sg_krb5_hosts *hosts);

/*
 * Those for a realm from a keytab, as sg_krb5_keytab_path names it; the same
 * for the same words.  They live as long as hosts.  NULL if memory runs out.
 */
struct sg_krb5_host *sg_krb5_hosts_get(struct sg_krb5_hosts *hosts,
                                       const char *realm, const char *keytab);

/* Take over those that another one has for these words, if it has.  Exchanges
 * that were lent them go on, and must end before hosts does. */
void sg_krb5_hosts_take(struct sg_krb5_hosts *hosts, struct sg_krb5_hosts *from,
                        const char *realm, const char *keytab);

/*
 * Look at the keytab, and read it if it is another than before; the armor is
 * dropped then.  False with path and reason in *ret: SG_OUTCOME_KEYTAB if there
 * is no key of the realm in it, SG_OUTCOME_LOCAL if we cannot look at present
 * (no descriptors, a file server is gone), which leaves everything as it was.
 */
bool sg_krb5_host_load(struct sg_krb5_host *host, struct sg_outcome *ret);

/* How often the keytab was read. */
unsigned sg_krb5_host_reads(const struct sg_krb5_host *host);

/* The rest means something only after a successful load. */

/* In whose name is asked, "host/a.example@EXAMPLE". */
const char *sg_krb5_host_client(const struct sg_krb5_host *host);
const char *sg_krb5_host_path(const struct sg_krb5_host *host);

/* Names of a keytab and a credential cache in memory, for any context. */
const char *sg_krb5_host_keytab(const struct sg_krb5_host *host);
const char *sg_krb5_host_ccache(const struct sg_krb5_host *host);

/*
 * The encryption types to ask for, those with a key first and otherwise in
 * libkrb5's order: the first one is taken for pre-authentication before the
 * KDC has said which it knows.  The list is the caller's, to be freed by
 * krb5_free_enctypes.
 */
krb5_error_code sg_krb5_host_enctypes(const struct sg_krb5_host *host,
                                      krb5_context context, krb5_enctype **ret,
                                      int *ret_n);

/*
 * Is there an armor that serves at that moment?  Not when it ends within
 * minutes, nor when the wall clock was stepped since it was made: the KDC, or
 * libkrb5 before it, would find it from the future or expired.
 */
bool sg_krb5_host_has_armor(const struct sg_krb5_host *host,
                            const struct sg_reading *now);

/*
 * A KDC has refused the key.  It counts as a wrong password, of which there
 * are not many before an account is locked, perhaps one that somebody else
 * uses with the right key.  So the key rests for a while, unless the keytab
 * changes; meanwhile sg_krb5_host_rests repeats what was said.
 */
void sg_krb5_host_refused(struct sg_krb5_host *host, struct sg_raw now,
                          const struct sg_outcome *outcome);
bool sg_krb5_host_rests(const struct sg_krb5_host *host, struct sg_raw now,
                        struct sg_outcome *ret);

/* A new one, good for so many seconds, was put into the ccache that was the
 * host's when the keytab had been read that often; not one of older keys. */
void sg_krb5_host_armed(struct sg_krb5_host *host, unsigned reads,
                        const struct sg_reading *now, double life_s);

#endif

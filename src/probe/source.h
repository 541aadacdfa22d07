/*
 * A source as the network sees it: a host whose name is looked up, an address
 * chosen, and one exchange made for each question.
 *
 * When to ask is the caller's business; so is what to make of the answers.
 */
#ifndef SG_PROBE_SOURCE_H
#define SG_PROBE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "core/sample.h"
#include "core/status.h"

struct event_base;
struct sg_krb5_hosts;
struct sg_resolver;
struct sg_source;

#define SG_MAX_KDCS 32 /* of one realm */

/* What all sources of a program share.  Lent for the sources' lives. */
struct sg_probe_env {
    struct event_base *base;
    struct sg_resolver *resolver;
    struct sg_krb5_hosts *hosts; /* kdc: may be NULL; keytab: needed */
};

enum sg_transport {
    SG_TRANSPORT_AUTO, /* UDP; TCP after two silences or "too big" */
    SG_TRANSPORT_UDP,
    SG_TRANSPORT_TCP,
};

/* In the place of a keytab's path: none at all is used. */
#define SG_KEYTAB_NONE "none"

/* What to ask.  Pointer-free, copied by sg_source_new. */
struct sg_target {
    enum sg_kind kind;
    char host[SG_NAME_MAX];      /* a name or a numeric address, without port */
    uint16_t port;               /* 0: the kind's own (123, 88) */
    enum sg_transport transport; /* kdc and keytab only */
    char realm[SG_NAME_MAX];     /* kdc and keytab: whose KDC it is */
    char keytab[SG_NAME_MAX];    /* the same: a path, SG_KEYTAB_NONE, or
                                    empty for krb5.conf's default keytab */
    double timeout_s;            /* of one exchange; 0: 1 s */
};

/*
 * Called once for each successful sg_source_ask, never from inside it.  The
 * outcome is lent for the call.  The source must not be freed from inside.
 */
typedef void sg_source_done(void *arg, struct sg_source *source,
                            const struct sg_outcome *outcome);

/* NULL with a reason if memory runs out or the host is no possible name. */
struct sg_source *sg_source_new(const struct sg_probe_env *env,
                                const struct sg_target *target,
                                sg_source_done *done, void *arg,
                                struct sg_err *err);

/* Ends an exchange under way; its done is not called.  Accepts NULL. */
void sg_source_free(struct sg_source *source);

/*
 * Ask once.  False, and nothing happens, while an earlier question is open.
 * Names are looked up again when there is no address yet, the last look-up is
 * older than an hour (5 minutes if it failed), or every address of the host
 * has failed since.  While a look-up fails, older addresses go on serving.
 */
bool sg_source_ask(struct sg_source *source);

/*
 * The address in use, numeric and without port; false while there is none.
 * The size SG_ADDRESS_MAX always suffices.
 */
bool sg_source_address(const struct sg_source *source, char *ret, size_t size);

/* The port asked, and whether the last exchange went over TCP. */
uint16_t sg_source_port(const struct sg_source *source);
bool sg_source_is_tcp(const struct sg_source *source);

/*
 * ---- For the kinds themselves: one exchange with one address. ----
 *
 * A new kind is one file pair with an ops table, and its line in the table of
 * kinds in source.c.
 */
struct sg_exchange;

struct sg_address {
    struct sockaddr_storage addr; /* port filled in */
    socklen_t len;
};

/* Called once, from the event loop; the kind frees nothing itself. */
typedef void sg_exchange_done(void *arg, const struct sg_outcome *outcome);

struct sg_exchange_ops {
    uint16_t default_port;
    bool has_tcp;
    /*
     * Start one exchange.  A failure to start is reported through done from
     * the loop like any other outcome, so start returns NULL only if memory
     * runs out.
     */
    struct sg_exchange *(*start)(const struct sg_probe_env *env,
                                 const struct sg_target *target,
                                 const struct sg_address *address, bool tcp,
                                 sg_exchange_done *done, void *arg);
    /* Release it, under way or done.  Accepts NULL. */
    void (*free)(struct sg_exchange *exchange);
};

extern const struct sg_exchange_ops sg_ntp_ops;    /* probe/ntp.c */
extern const struct sg_exchange_ops sg_kdc_ops;    /* probe/kdc.c */
extern const struct sg_exchange_ops sg_keytab_ops; /* probe/keytab.c */

#endif

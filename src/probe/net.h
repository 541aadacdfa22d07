/*
 * Sockets to one server, and the instants at which packets left and came.
 *
 * One socket per request: the kernel then draws a fresh random port for each,
 * which an attacker off the path has to guess (RFC 9109).  Sockets are
 * connected, so that packets of other hosts never arrive and ICMP errors do.
 * They are non-blocking and watched by their descriptor.
 *
 * Instants come from the kernel where it gives any (software time stamps of
 * SO_TIMESTAMPING, else SO_TIMESTAMPNS on receiving), else from reading the
 * raw clock.  Kernel stamps are on the host's wall clock; those that are
 * contradicted by readings of both clocks around them, because somebody
 * stepped the wall clock in between, are not used.
 */
#ifndef SG_PROBE_NET_H
#define SG_PROBE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/instant.h"
#include "core/sample.h"
#include "probe/source.h"

struct sg_net_socket {
    int fd; /* -1: closed; start with SG_NET_SOCKET_INIT */

    /*
     * When the last message left, or a little before.  The kernel's stamp may
     * come late: the value is final only after the sg_net_recv that returned
     * the answer.
     */
    struct sg_raw sent;

    /* The rest belongs to net.c. */
    bool has_tx_stamps;
    bool awaits_tx_stamp;
    struct sg_reading before; /* both clocks just before the last send */
};

#define SG_NET_SOCKET_INIT                                                     \
    {                                                                          \
        .fd = -1                                                               \
    }

/*
 * All of these return 0 (or a length) or a negative errno, which
 * sg_net_outcome puts into words.  After a failed open or connect the socket
 * is closed.
 */

/* A UDP socket connected to address.  Nothing is sent. */
int sg_net_udp_open(struct sg_net_socket *sock,
                    const struct sg_address *address);

/*
 * Begin a TCP connection.  When the descriptor becomes writable ask
 * sg_net_tcp_connected how it went.
 */
int sg_net_tcp_connect(struct sg_net_socket *sock,
                       const struct sg_address *address);

/* 0: connected.  Means something only once the descriptor is writable. */
int sg_net_tcp_connected(struct sg_net_socket *sock);

/*
 * Send; fills sock->sent.  A TCP connection may take a part only (the
 * length says how much) or nothing for the moment (-EAGAIN).
 */
ssize_t sg_net_send(struct sg_net_socket *sock, const void *bytes, size_t len);

/*
 * Receive one datagram, or what a TCP connection has.  Call once per
 * readiness event: -EAGAIN is common (the kernel also wakes us for the stamp
 * of what was sent) and means to go on waiting.  0 is an empty datagram, or
 * the end of a TCP connection.  A datagram longer than size gives -EMSGSIZE.
 * ret_at, the instant of its arrival, is filled in when the result is >= 0;
 * with TCP it is that of the last byte returned.
 */
ssize_t sg_net_recv(struct sg_net_socket *sock, void *bytes, size_t size,
                    struct sg_raw *ret_at);

/* Closes it if it is open. */
void sg_net_close(struct sg_net_socket *sock);

/* What a positive errno of the above means for an exchange. */
enum sg_outcome_code sg_net_outcome_code(int error);

/* The same with a text that names address and port. */
void sg_net_outcome(int error, const struct sg_address *address,
                    struct sg_outcome *ret);

/*
 * The numeric address without port; an IPv6 link-local one with its scope.
 * SG_ADDRESS_MAX always suffices.
 */
void sg_net_address_text(const struct sg_address *address, char *ret,
                         size_t size);

/* The port in host byte order. */
uint16_t sg_net_address_port(const struct sg_address *address);

#endif

#include "probe/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hostclock.h"

/* Simulated networks insist on this much room for control messages. */
#define CONTROL_SIZE 512

/*
 * Within one exchange the wall clock may be slewed against the raw clock, and
 * each pair of readings has its own jitter.  More than this is a step.  Too
 * strict a limit costs precision only: readings then replace the stamps.
 */
#define SLEW_FRAC 1e-3
#define JITTER_S 1e-6

#define STAMPS_RX (SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE)
#define STAMPS_TX (SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY)

/* A received message with the kernel's stamp, if it had one. */
struct message {
    ssize_t len; /* or a negative errno */
    int flags;
    bool has_stamp;
    struct sg_wall stamp;
};

static int
make_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return 0;
}

/* A non-blocking socket, or a negative errno. */
static int
open_socket(int family, int type)
{
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int result;

    if (fd >= 0)
        return fd;
    if (errno != EINVAL)
        return -errno;
    /* Simulators and old kernels know no flags in the type. */
    fd = socket(family, type, 0);
    if (fd < 0)
        return errno == EINVAL ? -EAFNOSUPPORT : -errno;
    result = make_nonblocking(fd);
    if (result < 0) {
        close(fd);
        return result;
    }
    return fd;
}

/* Ask for the best stamps there are.  None at all is fine, too. */
static void
request_stamps(struct sg_net_socket *sock, bool with_tx)
{
    int flags = STAMPS_RX | (with_tx ? STAMPS_TX : 0);
    int on = 1;

    if (setsockopt(sock->fd, SOL_SOCKET, SO_TIMESTAMPING, &flags,
                   sizeof flags) == 0)
        sock->has_tx_stamps = with_tx;
    else
        (void)setsockopt(sock->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

/*
 * The kernel stamps what arrives only while some socket wants it, and takes a
 * moment to begin: too long for the first reply.  One socket that stays open
 * keeps it going.
 */
static void
keep_stamping(void)
{
    static struct sg_net_socket keeper = SG_NET_SOCKET_INIT;

    if (keeper.fd >= 0)
        return;
    keeper.fd = open_socket(AF_INET, SOCK_DGRAM);
    if (keeper.fd >= 0)
        request_stamps(&keeper, false);
}

static int
connect_socket(struct sg_net_socket *sock, const struct sg_address *address,
               int type)
{
    int result = 0;

    *sock = (struct sg_net_socket)SG_NET_SOCKET_INIT;
    sock->fd = open_socket(address->addr.ss_family, type);
    if (sock->fd < 0) {
        result = sock->fd;
        sock->fd = -1;
        return result;
    }
    keep_stamping();
    /* A request over TCP may be several segments with a stamp each. */
    request_stamps(sock, type == SOCK_DGRAM);
    if (connect(sock->fd, (const struct sockaddr *)&address->addr,
                address->len) < 0 &&
        errno != EINPROGRESS) {
        /* EINVAL: a link-local address without an interface, for example. */
        result = errno == EINVAL ? -EADDRNOTAVAIL : -errno;
        sg_net_close(sock);
    }
    return result;
}

int
sg_net_udp_open(struct sg_net_socket *sock, const struct sg_address *address)
{
    return connect_socket(sock, address, SOCK_DGRAM);
}

int
sg_net_tcp_connect(struct sg_net_socket *sock, const struct sg_address *address)
{
    return connect_socket(sock, address, SOCK_STREAM);
}

int
sg_net_tcp_connected(struct sg_net_socket *sock)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt(sock->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return -errno;
    return -error;
}

void
sg_net_close(struct sg_net_socket *sock)
{
    if (sock->fd >= 0)
        close(sock->fd);
    sock->fd = -1;
}

static bool
find_stamp(struct msghdr *header, struct sg_wall *ret)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c;
         c = CMSG_NXTHDR(header, c)) {
        struct timespec ts;

        /* Both begin with the software stamp. */
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_len < CMSG_LEN(sizeof ts) ||
            (c->cmsg_type != SCM_TIMESTAMPING &&
             c->cmsg_type != SCM_TIMESTAMPNS))
            continue;
        memcpy(&ts, CMSG_DATA(c), sizeof ts);
        if (ts.tv_sec == 0 && ts.tv_nsec == 0)
            continue;
        ret->ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
        return true;
    }
    return false;
}

static void
receive(int fd, void *bytes, size_t size, int flags, struct message *ret)
{
    union {
        char bytes[CONTROL_SIZE];
        struct cmsghdr align;
    } control;
    struct iovec iov = {bytes, size};
    struct msghdr header = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };

    *ret = (struct message){.len = recvmsg(fd, &header, flags)};
    if (ret->len < 0) {
        ret->len = errno == EINTR ? -EAGAIN : -errno;
        return;
    }
    ret->flags = header.msg_flags;
    ret->has_stamp = find_stamp(&header, &ret->stamp);
}

/*
 * Take one stamp from the error queue.  One that is older than the last send
 * belongs to an earlier message.
 */
static bool
take_tx_stamp(struct sg_net_socket *sock)
{
    char looped[CONTROL_SIZE];
    struct message message;
    double after_s;

    receive(sock->fd, looped, sizeof looped, MSG_ERRQUEUE, &message);
    if (message.len < 0 || !(message.flags & MSG_ERRQUEUE))
        return false;
    if (!message.has_stamp)
        return true;
    after_s = sg_wall_diff(message.stamp, sock->before.wall);
    if (after_s >= 0) {
        sock->sent = sg_raw_add(sock->before.raw, after_s);
        sock->awaits_tx_stamp = false;
    }
    return true;
}

ssize_t
sg_net_send(struct sg_net_socket *sock, const void *bytes, size_t len)
{
    ssize_t sent;

    sock->before = sg_host_reading();
    sock->sent = sock->before.raw;
    sent = sendto(sock->fd, bytes, len, MSG_NOSIGNAL, NULL, 0);
    if (sent < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    /*
     * Most drivers have stamped it by now.  A simulator stamps it when asked,
     * so this must come first.
     */
    sock->awaits_tx_stamp = sock->has_tx_stamps;
    if (sock->awaits_tx_stamp)
        take_tx_stamp(sock);
    return sent;
}

/* Whether somebody stepped the wall clock between two readings. */
static bool
was_stepped(const struct sg_reading *a, const struct sg_reading *b)
{
    double raw_s = sg_raw_diff(b->raw, a->raw);
    double moved_s = sg_wall_diff(b->wall, a->wall) - raw_s;
    double limit_s = JITTER_S + a->width_s + b->width_s + SLEW_FRAC * raw_s;

    return moved_s > limit_s || moved_s < -limit_s;
}

/*
 * Believe the stamps of an exchange only in the order before <= sent <=
 * arrived <= now and with a wall clock that nobody stepped meanwhile.
 */
static struct sg_raw
settle_stamps(struct sg_net_socket *sock, const struct message *message)
{
    struct sg_reading now = sg_host_reading();
    bool stepped = was_stepped(&sock->before, &now);
    struct sg_raw at = now.raw;

    if (stepped || sg_raw_diff(sock->sent, now.raw) > 0)
        sock->sent = sock->before.raw;
    if (stepped || !message->has_stamp)
        return at;
    at = sg_raw_add(now.raw, sg_wall_diff(message->stamp, now.wall));
    if (sg_raw_diff(at, sock->sent) < 0 || sg_raw_diff(at, now.raw) > 0)
        return now.raw;
    return at;
}

ssize_t
sg_net_recv(struct sg_net_socket *sock, void *bytes, size_t size,
            struct sg_raw *ret_at)
{
    struct message message;

    if (sock->awaits_tx_stamp)
        take_tx_stamp(sock);
    receive(sock->fd, bytes, size, 0, &message);
    /* A stamp left in the queue would wake us for ever. */
    if (message.len == -EAGAIN && sock->has_tx_stamps)
        while (take_tx_stamp(sock))
            ;
    if (message.len < 0)
        return message.len;
    if (message.flags & MSG_TRUNC)
        return -EMSGSIZE;
    *ret_at = settle_stamps(sock, &message);
    return message.len;
}

enum sg_outcome_code
sg_net_outcome_code(int error)
{
    switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
        return SG_OUTCOME_REFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case ENOPROTOOPT: /* ICMP protocol unreachable */
    case EACCES:      /* ICMPv6 administratively prohibited */
    case EPERM:       /* our own packet filter */
        return SG_OUTCOME_UNREACHABLE;
    case ETIMEDOUT:
        return SG_OUTCOME_NO_REPLY;
    case EMSGSIZE:
        return SG_OUTCOME_OVERSIZED;
    default:
        return SG_OUTCOME_LOCAL;
    }
}

void
sg_net_outcome(int error, const struct sg_address *address,
               struct sg_outcome *ret)
{
    char text[SG_ADDRESS_MAX];
    const char *verb;

    *ret = (struct sg_outcome){.code = sg_net_outcome_code(error)};
    switch (ret->code) {
    case SG_OUTCOME_REFUSED:
        verb = " refuses";
        break;
    case SG_OUTCOME_UNREACHABLE:
        verb = " cannot be reached";
        break;
    case SG_OUTCOME_NO_REPLY:
        verb = " does not reply";
        break;
    default:
        verb = "";
        break;
    }
    sg_net_address_text(address, text, sizeof text);
    snprintf(ret->text, sizeof ret->text, "%s port %u%s: %s", text,
             (unsigned)sg_net_address_port(address), verb, strerror(error));
}

void
sg_net_address_text(const struct sg_address *address, char *ret, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "", scope[IF_NAMESIZE] = "";
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (address->addr.ss_family == AF_INET6) {
        memcpy(&in6, &address->addr, sizeof in6);
        inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
        if (in6.sin6_scope_id != 0 && !if_indextoname(in6.sin6_scope_id, scope))
            snprintf(scope, sizeof scope, "%u", (unsigned)in6.sin6_scope_id);
    } else if (address->addr.ss_family == AF_INET) {
        memcpy(&in, &address->addr, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    }
    snprintf(ret, size, "%s%s%s", text, scope[0] ? "%" : "", scope);
}

uint16_t
sg_net_address_port(const struct sg_address *address)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (address->addr.ss_family == AF_INET6) {
        memcpy(&in6, &address->addr, sizeof in6);
        return ntohs(in6.sin6_port);
    }
    memcpy(&in, &address->addr, sizeof in);
    return ntohs(in.sin_port);
}

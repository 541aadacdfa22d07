/* A KDC, on UDP and TCP, that misbehaves in one way; see hostile.h. */
#include <errno.h>
#include <krb5.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"

#define REALM "EXAMPLE.TEST"
#define TOO_BIG 52        /* KRB_ERR_RESPONSE_TOO_BIG */
#define PREAUTH_NEEDED 25 /* KDC_ERR_PREAUTH_REQUIRED */
#define REPLY_MAX 65000

struct bytes {
    uint8_t data[REPLY_MAX];
    size_t len;
};

/* A KRB-ERROR by libkrb5, as a KDC of this realm would send it. */
static void
make_krb_error(const char *realm, krb5_error_code code, krb5_timestamp stime,
               struct bytes *ret)
{
    krb5_context context;
    krb5_error error = {.error = (krb5_ui_4)code, .stime = stime};
    krb5_data data;

    if (krb5_init_context(&context) != 0 ||
        krb5_build_principal(context, &error.server, (unsigned)strlen(realm),
                             realm, "krbtgt", realm, (char *)NULL) != 0 ||
        krb5_mk_error(context, &error, &data) != 0 || data.length > REPLY_MAX) {
        fprintf(stderr, "hostile: libkrb5 makes no KRB-ERROR\n");
        exit(1);
    }
    memcpy(ret->data, data.data, data.length);
    ret->len = data.length;
    krb5_free_data_contents(context, &data);
    krb5_free_principal(context, error.server);
    krb5_free_context(context);
}

/* Cut out stime, [4] GeneralizedTime; all lengths here have one byte. */
static void
remove_stime(struct bytes *message)
{
    static const uint8_t start[] = {0xa4, 0x11, 0x18, 0x0f};
    const size_t cut = sizeof start + 15;
    uint8_t *at = memmem(message->data, message->len, start, sizeof start);

    if (!at || message->data[1] >= 128 || message->data[3] >= 128) {
        fprintf(stderr, "hostile: no stime to cut out\n");
        exit(1);
    }
    memmove(at, at + cut, (size_t)(message->data + message->len - at) - cut);
    message->len -= cut;
    message->data[1] = (uint8_t)(message->data[1] - cut);
    message->data[3] = (uint8_t)(message->data[3] - cut);
}

enum then { THEN_CLOSE, THEN_RESET, THEN_HANG };

/* What is done over each transport; without make nothing is sent. */
static const struct kdc_deed {
    const char *name;
    const char *make_udp, *make_tcp; /* see make_kdc_reply */
    size_t announced;                /* over TCP; 0: as long as it is */
    enum then then;                  /* over TCP */
} kdc_deeds[] = {
    {"garbage", "garbage", "garbage", 0, THEN_CLOSE},
    {"half-garbage", "half-garbage", "half-garbage", 0, THEN_CLOSE},
    {"cut-error", "cut-error", "cut-error", 0, THEN_CLOSE},
    {"oversized", "oversized", "oversized", 0, THEN_CLOSE},
    {"other-realm", "other-realm", "other-realm", 0, THEN_CLOSE},
    {"time-0", "time-0", "time-0", 0, THEN_CLOSE},
    {"no-time", "no-time", "no-time", 0, THEN_CLOSE},
    {"year-1970", "year-1970", "year-1970", 0, THEN_CLOSE},
    {"year-2036", "year-2036", "year-2036", 0, THEN_CLOSE},
    {"year-2104", "year-2104", "year-2104", 0, THEN_CLOSE},
    {"too-big", "too-big", "too-big", 0, THEN_CLOSE},
    {"long-frame", NULL, "garbage", 0x7fffffff, THEN_HANG},
    {"empty-frame", "too-big", "empty", 0, THEN_HANG},
    {"cut-frame", "too-big", "garbage", 200, THEN_CLOSE},
    {"hanging-frame", "too-big", "garbage", 200, THEN_HANG},
    {"close", "too-big", NULL, 0, THEN_CLOSE},
    {"reset", "too-big", NULL, 0, THEN_RESET},
    {"silent", NULL, NULL, 0, THEN_HANG},
    {NULL, NULL, NULL, 0, THEN_HANG},
};

static krb5_timestamp
in_year(int year)
{
    struct tm date = {.tm_year = year - 1900, .tm_mon = 5, .tm_mday = 1};

    return (krb5_timestamp)(uint32_t)timegm(&date);
}

static void
make_kdc_reply(const char *what, struct bytes *ret)
{
    memset(ret, 0, sizeof *ret);
    if (strcmp(what, "garbage") == 0) {
        ret->len = 20;
        memset(ret->data, 0x30, ret->len);
    } else if (strcmp(what, "half-garbage") == 0) {
        ret->len = 20;
        memcpy(ret->data, "\x7e\x12\x30\x10 not ASN.1 at all", ret->len);
    } else if (strcmp(what, "cut-error") == 0) {
        make_krb_error(REALM, PREAUTH_NEEDED, in_year(2026), ret);
        ret->len /= 2;
    } else if (strcmp(what, "oversized") == 0) {
        ret->data[0] = 0x7e;
        ret->len = REPLY_MAX;
    } else if (strcmp(what, "other-realm") == 0)
        make_krb_error("OTHER.TEST", PREAUTH_NEEDED, in_year(2026), ret);
    else if (strcmp(what, "time-0") == 0)
        make_krb_error(REALM, PREAUTH_NEEDED, 0, ret);
    else if (strcmp(what, "no-time") == 0) {
        make_krb_error(REALM, PREAUTH_NEEDED, in_year(2026), ret);
        remove_stime(ret);
    } else if (strncmp(what, "year-", 5) == 0)
        make_krb_error(REALM, PREAUTH_NEEDED, in_year(atoi(what + 5)), ret);
    else if (strcmp(what, "too-big") == 0)
        make_krb_error(REALM, TOO_BIG, (krb5_timestamp)time(NULL), ret);
}

static void
answer_datagram(const struct kdc_deed *deed, int fd)
{
    static struct bytes reply;
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof peer;

    if (recvfrom(fd, reply.data, sizeof reply.data, 0, (struct sockaddr *)&peer,
                 &peer_len) < 0 ||
        !deed->make_udp)
        return;
    make_kdc_reply(deed->make_udp, &reply);
    sendto(fd, reply.data, reply.len, 0, (struct sockaddr *)&peer, peer_len);
}

/* The question was read before, so that closing is no reset. */
static void
answer_connection(const struct kdc_deed *deed, int listener)
{
    static struct bytes reply;
    const struct linger reset = {1, 0};
    int fd = accept(listener, NULL, NULL);
    uint32_t frame;

    if (fd < 0)
        return;
    if (recv(fd, reply.data, sizeof reply.data, 0) > 0 && deed->make_tcp) {
        make_kdc_reply(deed->make_tcp, &reply);
        frame =
            htonl((uint32_t)(deed->announced ? deed->announced : reply.len));
        send(fd, &frame, sizeof frame, MSG_NOSIGNAL | MSG_MORE);
        send(fd, reply.data, reply.len, MSG_NOSIGNAL);
    }
    if (deed->then == THEN_RESET)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (deed->then != THEN_HANG)
        close(fd); /* else it stays open until the end */
}

static void
serve_kdc(const struct kdc_deed *deed, int udp, int tcp)
{
    struct pollfd fds[] = {{.fd = udp, .events = POLLIN},
                           {.fd = tcp, .events = POLLIN}};

    while (poll(fds, 2, -1) > 0 || errno == EINTR) {
        if (fds[0].revents)
            answer_datagram(deed, udp);
        if (fds[1].revents)
            answer_connection(deed, tcp);
    }
}

int
main(int argc, char **argv)
{
    for (const struct kdc_deed *deed = kdc_deeds; deed->name; deed++) {
        if (argc != 4)
            puts(deed->name);
        else if (strcmp(deed->name, argv[1]) == 0) {
            int udp = hostile_listen(argv[2], argv[3], SOCK_DGRAM);
            int tcp = hostile_listen(argv[2], argv[3], SOCK_STREAM);

            hostile_ready();
            serve_kdc(deed, udp, tcp);
        }
    }
    return argc == 1 ? 0 : 2;
}

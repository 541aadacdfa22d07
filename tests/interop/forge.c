/*
 * forge REALM CLIENT PORT KDC_PORT ACTION [SCOPE [CODE [SECONDS]]]: the man in
 * the middle.  Listens on 127.0.0.1:PORT, UDP and TCP, hands what it hears to
 * the KDC at 127.0.0.1:KDC_PORT, and changes the answers on the way back:
 *
 *     pass      nothing
 *     shift     every KRB-ERROR's time is SECONDS later (CODE means nothing)
 *     error     a KRB-ERROR CODE in clear, of this host's time + SECONDS, with
 *               the hints that the KDC gives CLIENT, in the answer's place
 *     replay    the first answer of all is given again
 *     before    the same, over UDP, and then the true one
 *     drop      nothing is given
 *
 * SCOPE: "all", "fast" (questions inside FAST), "login" (others), or a number:
 * all after so many.  Prints a line for each question, "udp fast" and the like.
 *
 * Messages are read and made by libkrb5.
 */
#include <arpa/inet.h>
#include <krb5.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 65536
#define TAG_ERROR 0x7e

struct message {
    size_t len; /* 0: none */
    char bytes[MESSAGE_MAX];
};

static struct {
    krb5_context context;
    const char *realm;
    struct sockaddr_in kdc;
    const char *action, *scope;
    unsigned code;
    int seconds;
    int n; /* questions so far */
    krb5_data hints;
    struct message first; /* answer */
} forge;

static void
check(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "forge: ");
    perror(what);
    exit(1);
}

/* ---- to the KDC and back ---- */

static int
dial(int type)
{
    struct timeval patience = {1, 0};
    int fd = socket(AF_INET, type, 0);

    check(fd >= 0, "socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&forge.kdc, sizeof forge.kdc) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool
read_all(int fd, void *bytes, size_t len)
{
    return recv(fd, bytes, len, MSG_WAITALL) == (ssize_t)len;
}

static bool
read_framed(int fd, struct message *ret)
{
    uint32_t frame;

    ret->len = 0;
    if (!read_all(fd, &frame, sizeof frame) || ntohl(frame) > MESSAGE_MAX ||
        !read_all(fd, ret->bytes, ntohl(frame)))
        return false;
    ret->len = ntohl(frame);
    return true;
}

static void
write_framed(int fd, const struct message *message)
{
    uint32_t frame = htonl((uint32_t)message->len);

    if (send(fd, &frame, sizeof frame, MSG_NOSIGNAL | MSG_MORE) > 0)
        send(fd, message->bytes, message->len, MSG_NOSIGNAL);
}

static void
ask_kdc(bool tcp, const struct message *question, struct message *ret)
{
    int fd = dial(tcp ? SOCK_STREAM : SOCK_DGRAM);
    ssize_t len;

    ret->len = 0;
    if (fd < 0)
        return;
    if (tcp) {
        write_framed(fd, question);
        read_framed(fd, ret);
    } else {
        send(fd, question->bytes, question->len, 0);
        len = recv(fd, ret->bytes, sizeof ret->bytes, 0);
        ret->len = len > 0 ? (size_t)len : 0;
    }
    close(fd);
}

/* ---- what is changed ---- */

static bool
is_fast(const struct message *question)
{
    /* padata-type [1] INTEGER 136, PA-FX-FAST */
    static const char type[] = "\xa1\x04\x02\x02\x00\x88";

    return memmem(question->bytes, question->len, type, sizeof type - 1);
}

static bool
is_in_scope(bool fast)
{
    if (strcmp(forge.scope, "all") == 0)
        return true;
    if (strcmp(forge.scope, "fast") == 0)
        return fast;
    if (strcmp(forge.scope, "login") == 0)
        return !fast;
    return forge.n > atoi(forge.scope);
}

static krb5_error *
read_error(const struct message *answer)
{
    krb5_data data = {0};
    krb5_error *error;

    data.data = (char *)answer->bytes;
    data.length = (unsigned)answer->len;
    if (answer->len == 0 || answer->bytes[0] != TAG_ERROR ||
        krb5_rd_error(forge.context, &data, &error) != 0)
        return NULL;
    return error;
}

static void
write_error(const krb5_error *error, struct message *ret)
{
    krb5_data data;

    check(krb5_mk_error(forge.context, error, &data) == 0, "krb5_mk_error");
    ret->len = data.length;
    memcpy(ret->bytes, data.data, data.length);
    krb5_free_data_contents(forge.context, &data);
}

static void
shift(struct message *answer)
{
    krb5_error *error = read_error(answer);

    if (!error)
        return;
    error->stime += forge.seconds;
    write_error(error, answer);
    krb5_free_error(forge.context, error);
}

static void
replace(struct message *answer)
{
    krb5_error error = {.error = forge.code, .e_data = forge.hints};

    error.stime = (krb5_timestamp)(time(NULL) + forge.seconds);
    error.susec = 123456;
    check(krb5_build_principal(forge.context, &error.server,
                               (unsigned)strlen(forge.realm), forge.realm,
                               "krbtgt", forge.realm, (char *)NULL) == 0,
          "krbtgt");
    write_error(&error, answer);
    krb5_free_principal(forge.context, error.server);
}

static void
change(bool fast, struct message *answer)
{
    if (forge.n == 1)
        forge.first = *answer;
    if (!is_in_scope(fast))
        return;
    if (strcmp(forge.action, "shift") == 0)
        shift(answer);
    else if (strcmp(forge.action, "error") == 0)
        replace(answer);
    else if (strcmp(forge.action, "replay") == 0)
        *answer = forge.first;
    else if (strcmp(forge.action, "drop") == 0)
        answer->len = 0;
}

static void
pass_on(bool tcp, const struct message *question, struct message *ret)
{
    bool fast = is_fast(question);

    forge.n++;
    printf("%s %s\n", tcp ? "tcp" : "udp", fast ? "fast" : "login");
    fflush(stdout);
    ask_kdc(tcp, question, ret);
    change(fast, ret);
}

/* ---- from the victim and back ---- */

static struct message question, answer;

static void
serve_udp(int fd)
{
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t len = recvfrom(fd, question.bytes, sizeof question.bytes, 0,
                           (struct sockaddr *)&from, &size);

    if (len <= 0)
        return;
    question.len = (size_t)len;
    pass_on(false, &question, &answer);
    if (strcmp(forge.action, "before") == 0 && forge.n > 1 &&
        is_in_scope(is_fast(&question)))
        sendto(fd, forge.first.bytes, forge.first.len, 0,
               (struct sockaddr *)&from, size);
    if (answer.len > 0)
        sendto(fd, answer.bytes, answer.len, 0, (struct sockaddr *)&from, size);
}

static void
serve_tcp(int fd)
{
    struct timeval patience = {1, 0};
    int peer = accept(fd, NULL, NULL);

    if (peer < 0)
        return;
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (read_framed(peer, &question)) {
        pass_on(true, &question, &answer);
        if (answer.len > 0)
            write_framed(peer, &answer);
    }
    close(peer);
}

static int
open_server(int type, const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fd = socket(AF_INET, type, 0), yes = 1;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons((uint16_t)atoi(port));
    check(fd >= 0, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    check(bind(fd, (struct sockaddr *)&at, sizeof at) == 0, "bind");
    check(type == SOCK_DGRAM || listen(fd, 16) == 0, "listen");
    return fd;
}

/* What the KDC says to the client's first question. */
static void
get_hints(const char *client)
{
    krb5_init_creds_context creds;
    krb5_principal principal;
    krb5_data nothing = {0}, request, realm;
    krb5_error *error;
    unsigned flags;

    check(krb5_parse_name(forge.context, client, &principal) == 0 &&
              krb5_init_creds_init(forge.context, principal, NULL, NULL, 0,
                                   NULL, &creds) == 0 &&
              krb5_init_creds_step(forge.context, creds, &nothing, &request,
                                   &realm, &flags) == 0,
          client);
    question.len = request.length;
    memcpy(question.bytes, request.data, request.length);
    ask_kdc(false, &question, &answer);
    error = read_error(&answer);
    check(error != NULL, "the KDC gives no error");
    forge.hints = error->e_data;
    error->e_data.data = NULL;
    krb5_free_error(forge.context, error);
    krb5_free_data_contents(forge.context, &request);
    krb5_free_data_contents(forge.context, &realm);
    krb5_init_creds_free(forge.context, creds);
    krb5_free_principal(forge.context, principal);
}

int
main(int argc, char **argv)
{
    struct pollfd fds[2];

    if (argc < 6) {
        fprintf(stderr, "usage: forge REALM CLIENT PORT KDC_PORT ACTION "
                        "[SCOPE [CODE [SECONDS]]]\n");
        return 2;
    }
    check(krb5_init_context(&forge.context) == 0, "libkrb5");
    forge.realm = argv[1];
    forge.kdc.sin_family = AF_INET;
    forge.kdc.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    forge.kdc.sin_port = htons((uint16_t)atoi(argv[4]));
    forge.action = argv[5];
    forge.scope = argc > 6 ? argv[6] : "all";
    forge.code = argc > 7 ? (unsigned)atoi(argv[7]) : 0;
    forge.seconds = argc > 8 ? atoi(argv[8]) : 0;
    get_hints(argv[2]);
    fds[0] = (struct pollfd){open_server(SOCK_DGRAM, argv[3]), POLLIN, 0};
    fds[1] = (struct pollfd){open_server(SOCK_STREAM, argv[3]), POLLIN, 0};
    printf("ready\n");
    fflush(stdout);
    while (poll(fds, 2, -1) > 0) {
        if (fds[0].revents)
            serve_udp(fds[0].fd);
        if (fds[1].revents)
            serve_tcp(fds[1].fd);
    }
    return 1;
}

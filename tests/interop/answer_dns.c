/*
 * answer_dns ADDRESS PORT FILE: a DNS server over UDP and TCP that answers with
 * the lines of FILE, read anew for each question:
 *
 *   NAME A 127.0.0.1
 *   NAME SRV PRIORITY WEIGHT PORT TARGET
 *   NAME URI PRIORITY WEIGHT TEXT
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define TYPE_A 1
#define TYPE_SRV 33
#define TYPE_URI 256

#define HEADER 12

struct message {
    size_t len;
    uint8_t bytes[16384];
};

static void
put16(struct message *message, unsigned value)
{
    message->bytes[message->len++] = (uint8_t)(value >> 8);
    message->bytes[message->len++] = (uint8_t)value;
}

static void
put(struct message *message, const void *bytes, size_t len)
{
    memcpy(message->bytes + message->len, bytes, len);
    message->len += len;
}

static void
put_name(struct message *message, const char *name)
{
    while (*name) {
        size_t len = strcspn(name, ".");

        message->bytes[message->len++] = (uint8_t)len;
        put(message, name, len);
        name += len + (name[len] == '.');
    }
    message->bytes[message->len++] = 0;
}

/* The queried name; the offset behind it, or 0. */
static size_t
get_name(const struct message *query, char *ret, size_t size)
{
    size_t at = HEADER, out = 0;

    while (at < query->len && query->bytes[at] != 0) {
        size_t n = query->bytes[at++];

        if (at + n >= query->len || out + n + 2 > size)
            return 0;
        memcpy(ret + out, query->bytes + at, n);
        out += n;
        ret[out++] = '.';
        at += n;
    }
    if (out > 0)
        out--;
    ret[out] = '\0';
    return at + 1;
}

/* The record of a line, if it is of this type. */
static int
put_record(struct message *reply, const char *rest, int type)
{
    const size_t begin = reply->len;
    unsigned priority, weight, port;
    char text[512];
    struct in_addr address;

    put16(reply, 0xc000 | HEADER);
    put16(reply, (unsigned)type);
    put16(reply, 1);
    put16(reply, 0);
    put16(reply, 1); /* second to live */
    put16(reply, 0);
    if (type == TYPE_A && sscanf(rest, "A %500s", text) == 1 &&
        inet_pton(AF_INET, text, &address) == 1) {
        put(reply, &address, sizeof address);
    } else if (type == TYPE_SRV && sscanf(rest, "SRV %u %u %u %500s", &priority,
                                          &weight, &port, text) == 4) {
        put16(reply, priority);
        put16(reply, weight);
        put16(reply, port);
        put_name(reply, text);
    } else if (type == TYPE_URI &&
               sscanf(rest, "URI %u %u %500s", &priority, &weight, text) == 3) {
        put16(reply, priority);
        put16(reply, weight);
        put(reply, text, strlen(text));
    } else {
        reply->len = begin;
        return 0;
    }
    reply->bytes[begin + 10] = (uint8_t)((reply->len - begin - 12) >> 8);
    reply->bytes[begin + 11] = (uint8_t)(reply->len - begin - 12);
    return 1;
}

/* The query becomes its reply; where its records begin. */
static size_t
answer(struct message *message, const char *path)
{
    char name[512], line[1024], owner[512];
    size_t behind = get_name(message, name, sizeof name);
    int type, is_known = 0, n = 0, used;
    FILE *file = fopen(path, "r");

    if (behind == 0 || behind + 4 > message->len || !file)
        exit(1);
    type = message->bytes[behind] << 8 | message->bytes[behind + 1];
    message->len = behind + 4;
    while (fgets(line, sizeof line, file) &&
           message->len < sizeof message->bytes - 1024) {
        if (sscanf(line, "%500s %n", owner, &used) != 1 ||
            strcasecmp(owner, name) != 0)
            continue;
        is_known = 1;
        n += put_record(message, line + used, type);
    }
    fclose(file);
    message->bytes[2] = 0x85;
    message->bytes[3] = is_known ? 0x80 : 0x83;
    memset(message->bytes + 6, 0, 6);
    message->bytes[6] = (uint8_t)(n >> 8);
    message->bytes[7] = (uint8_t)n;
    return behind + 4;
}

static void
serve_datagram(int fd, const char *path)
{
    static struct message message;
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    ssize_t got =
        recvfrom(fd, message.bytes, 512, 0, (struct sockaddr *)&peer, &len);
    size_t question;

    if (got <= HEADER)
        return;
    message.len = (size_t)got;
    question = answer(&message, path);
    if (message.len > 512) { /* the client comes again, over TCP */
        message.len = question;
        message.bytes[2] |= 2;
        memset(message.bytes + 6, 0, 2);
    }
    sendto(fd, message.bytes, message.len, 0, (struct sockaddr *)&peer, len);
}

/* One question, which loopback brings in one piece. */
static void
serve_stream(int listener, const char *path)
{
    static struct message message;
    uint8_t bytes[514];
    int fd = accept(listener, NULL, NULL);
    ssize_t got = fd < 0 ? -1 : recv(fd, bytes, sizeof bytes, 0);

    if (got > HEADER + 2) {
        message.len = (size_t)got - 2;
        memcpy(message.bytes, bytes + 2, message.len);
        answer(&message, path);
        bytes[0] = (uint8_t)(message.len >> 8);
        bytes[1] = (uint8_t)message.len;
        send(fd, bytes, 2, MSG_MORE | MSG_NOSIGNAL);
        send(fd, message.bytes, message.len, MSG_NOSIGNAL);
    }
    if (fd >= 0)
        close(fd);
}

int
main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct pollfd fds[] = {
        {socket(AF_INET, SOCK_DGRAM, 0), POLLIN, 0},
        {socket(AF_INET, SOCK_STREAM, 0), POLLIN, 0},
    };
    const int yes = 1;

    if (argc != 4 || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1)
        return 64;
    address.sin_port = htons((uint16_t)atoi(argv[2]));
    setsockopt(fds[1].fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    for (int i = 0; i < 2; i++)
        if (bind(fds[i].fd, (struct sockaddr *)&address, sizeof address) < 0) {
            perror("bind");
            return 1;
        }
    listen(fds[1].fd, 8);
    puts("ready");
    fflush(stdout);
    while (poll(fds, 2, -1) > 0) {
        if (fds[0].revents)
            serve_datagram(fds[0].fd, argv[3]);
        if (fds[1].revents)
            serve_stream(fds[1].fd, argv[3]);
    }
    return 1;
}

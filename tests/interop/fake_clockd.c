/*
 * fake_clockd PATH HOW: what skewguardd takes for the clock service.  It moves
 * nothing, and prints what it is asked, one line each.  HOW: "obey"; "busy",
 * as if it had a client; or words with which each step and slew is refused.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "clock/wire.h"

static int
listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    if (fd < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, 8) < 0)
        return -1;
    return fd;
}

static void
print_request(const struct sg_wire_request *request)
{
    if (request->kind == SG_WIRE_STEP)
        printf("step %+.6f%s%s\n", request->offset_s,
               request->flags & SG_WIRE_STARTING ? " starting" : "",
               request->flags & SG_WIRE_STRONG ? " strong" : "");
    else if (request->kind == SG_WIRE_SLEW)
        printf("slew %+.3f %+.3f %.3f%s\n", request->base_ppm,
               request->slew_ppm, request->duration_s,
               request->flags & SG_WIRE_SYNCED ? " synced" : "");
    else
        puts("read");
    fflush(stdout);
}

static struct sg_wire_reply
answer(const void *bytes, size_t len, const char *how)
{
    struct sg_wire_reply ret = {.version = SG_WIRE_VERSION,
                                .max_ppm = 500,
                                .fast_ppm = 83333,
                                .fast_s = 10};
    struct sg_wire_request request;
    struct sg_err err = {""};

    ret.code = sg_wire_take_request(bytes, len, sg_host_raw(), &request, &err);
    if (ret.code == 0) {
        print_request(&request);
        if (strcmp(how, "busy") == 0)
            ret.code = sg_err_set(&err, -EUSERS,
                                  "clock service: serves another program, "
                                  "pid 1, already");
        else if (strcmp(how, "obey") != 0 && request.kind != SG_WIRE_READ)
            ret.code = sg_err_set(&err, -EACCES, "%s", how);
    }
    memcpy(ret.text, err.text, sizeof ret.text);
    return ret;
}

static void
serve(int fd, const char *how)
{
    char bytes[sizeof(struct sg_wire_request) + 1];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        struct sg_wire_reply reply = answer(bytes, (size_t)n, how);

        if (send(fd, &reply, sizeof reply, MSG_NOSIGNAL) < 0 ||
            reply.code == -EUSERS)
            break;
    }
    close(fd);
}

int
main(int argc, char **argv)
{
    int fd = argc == 3 ? listen_at(argv[1]) : -1;

    if (fd < 0) {
        fprintf(stderr, "usage: fake_clockd PATH obey|busy|WORDS: %s\n",
                strerror(errno));
        return 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        int client = accept(fd, NULL, NULL);

        if (client >= 0)
            serve(client, argv[2]);
    }
}

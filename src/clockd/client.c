/*
 * The client of the clock service, and those who would be.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "clockd/listen.h"
#include "clockd/service_private.h"

#define ACCEPT_MAX 64 /* in a turn */
#define RETRY_S 1.0

void
sg_service_hang_up(struct sg_service *service)
{
    close(service->client_fd);
    service->client_fd = -1;
}

/* What it asked before it went is of no use to anybody. */
static void
forget_dead_client(struct sg_service *service)
{
    struct pollfd client = {service->client_fd, 0, 0};

    if (service->client_fd >= 0 && poll(&client, 1, 0) > 0)
        sg_service_hang_up(service);
}

static void
take_client(struct sg_service *service, int fd, pid_t pid)
{
    struct sg_wire_reply reply;
    struct sg_err err;

    forget_dead_client(service);
    if (service->client_fd < 0) {
        service->client_fd = fd;
        service->client_pid = pid;
        return;
    }
    sg_err_set(&err, -EBUSY,
               "clock service: serves another program, pid %d, already, and "
               "no more than one",
               (int)service->client_pid);
    sg_answer_make(service, -EUSERS, err.text, &reply);
    send(fd, &reply, sizeof reply, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

/* Many at once: strangers must not keep ours from its turn. */
void
sg_service_accept(struct sg_service *service)
{
    for (int i = 0; i < ACCEPT_MAX; i++) {
        struct sg_err err;
        pid_t pid = 0;
        int fd = sg_listen_accept(service->listen_fd, service->setup.client_uid,
                                  &pid, &err);

        if (fd == -EAGAIN)
            return;
        if (fd >= 0) {
            take_client(service, fd, pid);
            continue;
        }
        sg_tell_refusal(&service->strangers, sg_host_raw(), fd, err.text);
        if (fd == -EACCES)
            continue;
        /* no descriptors, no memory: whoever waits is not to keep us busy */
        service->deaf_until = sg_raw_add(sg_host_raw(), RETRY_S);
        return;
    }
}

void
sg_service_serve(struct sg_service *service)
{
    char bytes[sizeof(struct sg_wire_request) + 1];
    struct sg_wire_reply reply;
    ssize_t n = recv(service->client_fd, bytes, sizeof bytes, MSG_DONTWAIT);
    bool stays;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        sg_service_hang_up(service);
        return;
    }
    stays = sg_answer(service, bytes, (size_t)n, &reply);
    if (send(service->client_fd, &reply, sizeof reply,
             MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ||
        !stays)
        sg_service_hang_up(service);
}

/*
 * load REALM ADDRESS PORT RATE: ask a KDC RATE times a second by UDP until
 * killed.  Each request is new, since a KDC answers a repeated one from
 * memory without looking at its clock.
 */
#include <arpa/inet.h>
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* An AS-REQ for a client nobody knows.  The caller frees its contents. */
static krb5_error_code
make_request(krb5_context context, krb5_principal client, krb5_data *ret)
{
    krb5_init_creds_context creds;
    krb5_data empty = {0}, realm = {0};
    krb5_error_code code;
    unsigned flags;

    code = krb5_init_creds_init(context, client, NULL, NULL, 0, NULL, &creds);
    if (code)
        return code;
    code = krb5_init_creds_step(context, creds, &empty, ret, &realm, &flags);
    krb5_free_data_contents(context, &realm);
    krb5_init_creds_free(context, creds);
    return code;
}

static int
connect_udp(const char *address, unsigned short port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        perror(address);
        exit(2);
    }
    return fd;
}

int
main(int argc, char **argv)
{
    struct timespec pause = {0};
    krb5_context context;
    krb5_principal client;
    char name[300], reply[2048];
    int fd;

    if (argc != 5) {
        fprintf(stderr, "usage: load REALM ADDRESS PORT RATE\n");
        return 2;
    }
    snprintf(name, sizeof(name), "load@%s", argv[1]);
    if (krb5_init_context(&context) ||
        krb5_parse_name(context, name, &client)) {
        fprintf(stderr, "load: libkrb5 does not start\n");
        return 2;
    }
    fd = connect_udp(argv[2], (unsigned short)atoi(argv[3]));
    pause.tv_nsec = (long)(1e9 / atof(argv[4]));
    for (;;) {
        krb5_data request = {0};

        if (make_request(context, client, &request) == 0)
            send(fd, request.data, request.length, 0);
        krb5_free_data_contents(context, &request);
        nanosleep(&pause, NULL);
        while (recv(fd, reply, sizeof(reply), MSG_DONTWAIT) > 0)
            ;
    }
}

/*
 * listen PATH: a datagram socket at PATH, such as systemd's or the system
 * log's.  Prints each datagram in a line, newlines as '|', after the seconds of
 * CLOCK_MONOTONIC; "ready" first.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

int
main(int argc, char **argv)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    char text[8192];
    ssize_t len;

    if (argc != 2 || strlen(argv[1]) >= sizeof name.sun_path) {
        fprintf(stderr, "usage: listen PATH\n");
        return 2;
    }
    memcpy(name.sun_path, argv[1], strlen(argv[1]) + 1);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) < 0 ||
        chmod(argv[1], 0666) < 0) {
        perror(argv[1]);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("ready");
    while ((len = recv(fd, text, sizeof text - 1, 0)) >= 0) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        text[len] = '\0';
        for (char *c = text; *c; c++)
            if (*c == '\n')
                *c = '|';
        printf("%lld.%06ld %s\n", (long long)now.tv_sec, now.tv_nsec / 1000,
               text);
    }
    return 1;
}

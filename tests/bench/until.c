/*
 * until TEXT SECONDS COMMAND...: how long until COMMAND says TEXT?
 *
 * Reads what it writes on stdout and stderr, prints the seconds (monotonic
 * clock) from just before it was started to the first line that contains
 * TEXT, and ends it.  Exit 1, and the line that came last on stderr, if it
 * ended or SECONDS passed before.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Its pid; *ret reads what it says. */
static pid_t
start(char **command, FILE **ret)
{
    int ends[2];
    pid_t pid;

    if (pipe(ends) != 0 || (pid = fork()) < 0) {
        perror("until");
        exit(2);
    }
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    close(ends[1]);
    *ret = fdopen(ends[0], "r");
    return pid;
}

static pid_t child;

static void
on_alarm(int signal_number)
{
    (void)signal_number;
    kill(child, SIGTERM);
}

int
main(int argc, char **argv)
{
    double begin_s = now_s(), took_s = -1;
    char line[4096] = "";
    FILE *said;

    if (argc < 4) {
        fprintf(stderr, "usage: until TEXT SECONDS COMMAND...\n");
        return 2;
    }
    child = start(argv + 3, &said);
    signal(SIGALRM, on_alarm);
    alarm((unsigned)atoi(argv[2]));
    while (took_s < 0 && said && fgets(line, sizeof line, said))
        if (strstr(line, argv[1]))
            took_s = now_s() - begin_s;
    kill(child, SIGTERM);
    /* it may have more to say before it ends */
    while (said && fgets(line, took_s < 0 ? sizeof line : 2, said))
        ;
    waitpid(child, NULL, 0);
    if (took_s < 0) {
        fprintf(stderr, "until: no \"%s\" from %s; last: %s", argv[1], argv[3],
                line);
        return 1;
    }
    printf("%.3f\n", took_s);
    return 0;
}

/*
 * person [-p] [PROMPT ANSWER]... -- PROGRAM [ARGUMENT]...: sit at a terminal,
 * or with -p at the far end of pipes, answer each prompt once and in this
 * order, and write down what was to be seen: lines of seconds since the start,
 * a tab, the text; a prompt is a line, too.
 *
 * The exit status is the program's, or 124 if it did not end in time, or 125
 * if it did not ask all that there are answers to.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 60

struct person {
    double start_s;
    pid_t program;
    bool has_terminal;
    int hear, speak; /* the terminal's one end is both */
    char **dialogue; /* prompts and answers that are to come ... */
    int n;           /* ... so many of both */
    char line[4096]; /* begun, not ended */
    size_t len;
};

static double
now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
die(const char *what)
{
    perror(what);
    exit(126);
}

static void
write_line(struct person *person)
{
    printf("%.4f\t%.*s\n", now_s() - person->start_s, (int)person->len,
           person->line);
    person->len = 0;
}

static bool
is_asked(const struct person *person)
{
    const char *prompt = person->n > 0 ? person->dialogue[0] : "";
    size_t len = strlen(prompt);

    return len > 0 && person->len >= len &&
           memcmp(person->line + person->len - len, prompt, len) == 0;
}

static void
answer(struct person *person)
{
    char text[256];
    int len = snprintf(text, sizeof text, "%s\n", person->dialogue[1]);

    write_line(person);
    if (write(person->speak, text, (size_t)len) != len)
        die("write");
    person->dialogue += 2;
    person->n -= 2;
}

static void
hear(struct person *person, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n' || person->len == sizeof person->line)
            write_line(person);
        if (bytes[i] != '\n' && bytes[i] != '\r')
            person->line[person->len++] = bytes[i];
    }
    if (is_asked(person))
        answer(person);
}

/* A terminal that its program hangs up in order to open it anew, as login(1)
 * does, is deaf for a moment. */
static bool
is_over(const struct person *person, ssize_t got)
{
    siginfo_t info = {0};

    if (got == 0 || !person->has_terminal || errno != EIO)
        return true;
    waitid(P_PID, (id_t)person->program, &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid != 0)
        return true;
    poll(NULL, 0, 5);
    return false;
}

/* false: out of patience. */
static bool
listen_to(struct person *person)
{
    struct pollfd wait = {.fd = person->hear, .events = POLLIN};
    char bytes[4096];
    ssize_t got;

    for (;;) {
        double left_s = person->start_s + PATIENCE_S - now_s();

        if (left_s <= 0)
            return false;
        if (poll(&wait, 1, (int)(left_s * 1e3) + 1) <= 0)
            continue;
        got = read(person->hear, bytes, sizeof bytes);
        if (got > 0)
            hear(person, bytes, (size_t)got);
        else if (is_over(person, got))
            return true;
    }
}

static void
run(char **command)
{
    execvp(command[0], command);
    die(command[0]);
}

static void
start_at_terminal(struct person *person, char **command)
{
    struct winsize size = {.ws_row = 24, .ws_col = 200};

    person->has_terminal = true;
    person->program = forkpty(&person->hear, NULL, NULL, &size);
    if (person->program < 0)
        die("forkpty");
    if (person->program == 0)
        run(command);
    person->speak = person->hear;
}

static void
start_at_pipes(struct person *person, char **command)
{
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
        die("pipe");
    person->program = fork();
    if (person->program < 0)
        die("fork");
    if (person->program == 0) {
        /* No controlling terminal either, which su would find. */
        setsid();
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        dup2(from[1], STDERR_FILENO);
        run(command);
    }
    close(to[0]);
    close(from[1]);
    person->hear = from[0];
    person->speak = to[1];
}

static int
finish(struct person *person, bool in_time)
{
    int status;

    if (person->len > 0)
        write_line(person);
    if (!in_time) {
        kill(person->program, SIGKILL);
        fputs("person: it does not end\n", stderr);
        return 124;
    }
    if (waitpid(person->program, &status, 0) < 0)
        die("waitpid");
    if (person->n > 0) {
        fprintf(stderr, "person: it never asked \"%s\"\n", person->dialogue[0]);
        return 125;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
main(int argc, char **argv)
{
    struct person person = {.start_s = now_s()};
    bool pipes = argc > 1 && strcmp(argv[1], "-p") == 0;
    char **command;

    person.dialogue = argv + 1 + pipes;
    while (person.dialogue[person.n] &&
           strcmp(person.dialogue[person.n], "--") != 0)
        person.n++;
    command = person.dialogue + person.n;
    if (!command[0] || !command[1] || person.n % 2 != 0) {
        fputs("usage: person [-p] [PROMPT ANSWER]... -- COMMAND\n", stderr);
        return 126;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    if (pipes)
        start_at_pipes(&person, command + 1);
    else
        start_at_terminal(&person, command + 1);
    return finish(&person, listen_to(&person));
}

/*
 * A mail server that misbehaves in one way, or not at all; see hostile.h.  Of
 * each mail that it has said yes to it prints "mail TO: SUBJECT".
 */
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "hostile.h"

#define GREYS_MAX 16
#define LINE_LEN 1024

/* Lines that the deeds bend; NULL: say nothing ever again. */
struct replies {
    const char *greeting, *hello, *mail, *rcpt, *data, *end, *quit;
    bool closes_in_data;
    bool is_grey; /* each recipient is put off once */
    bool babbles; /* the greeting never ends */
    bool is_slow; /* to say that it has taken a mail, which it has: slower than
                     the mailer is patient when it is to stop */
};

static const struct deed {
    const char *name;
    struct replies replies;
} deeds[] = {
#define GREETING "220 hostile.test ESMTP\r\n"
#define HELLO "250 hostile.test\r\n"
#define OK "250 2.0.0 Ok\r\n"
#define GO "354 go on\r\n"
#define BYE "221 bye\r\n"
    {"good", {GREETING, HELLO, OK, OK, GO, OK, BYE, 0, 0, 0, 0}},
    {"silent", {NULL, HELLO, OK, OK, GO, OK, BYE, 0, 0, 0, 0}},
    {"mute", {GREETING, NULL, OK, OK, GO, OK, BYE, 0, 0, 0, 0}},
    {"hang-data", {GREETING, HELLO, OK, OK, GO, NULL, BYE, 0, 0, 0, 0}},
    {"hang-quit", {GREETING, HELLO, OK, OK, GO, OK, NULL, 0, 0, 0, 0}},
    {"close-data", {GREETING, HELLO, OK, OK, GO, OK, BYE, true, 0, 0, 0}},
    {"greylist", {GREETING, HELLO, OK, OK, GO, OK, BYE, 0, true, 0, 0}},
    {"unfriendly",
     {"554 5.7.1 no service for you\r\n", HELLO, OK, OK, GO, OK, BYE, 0, 0, 0,
      0}},
    {"full",
     {GREETING, HELLO, "452 4.3.1 disk full\r\n", OK, GO, OK, BYE, 0, 0, 0, 0}},
    {"wordy",
     {GREETING, HELLO, OK, "550-5.1.1 there is\r\n550 5.1.1 nobody\r\n", GO, OK,
      BYE, 0, 0, 0, 0}},
    {"escapes",
     {GREETING, HELLO, OK, "550 \033[31mroot\007 \360\237\222\251\r\n", GO, OK,
      BYE, 0, 0, 0, 0}},
    {"false-tls",
     {GREETING, "250-hostile.test\r\n250 STARTTLS\r\n", OK, OK, GO, OK, BYE, 0,
      0, 0, 0}},
    {"nonsense",
     {"\001\002\003 nonsense\r\n", HELLO, OK, OK, GO, OK, BYE, 0, 0, 0, 0}},
    {"slow", {GREETING, HELLO, OK, OK, GO, OK, BYE, 0, 0, 0, true}},
    {"endless", {GREETING, HELLO, OK, OK, GO, OK, BYE, 0, 0, true, 0}},
};

/* Those who have been put off already; all connections see them. */
static char (*greys)[LINE_LEN];

struct session {
    const struct replies *replies;
    FILE *in;
    int fd;
    char line[LINE_LEN], to[LINE_LEN], subject[LINE_LEN];
};

static void
say(const struct session *session, const char *reply)
{
    while (!reply)
        pause();
    if (write(session->fd, reply, strlen(reply)) < 0)
        _exit(0);
}

static bool
hear(struct session *session)
{
    if (!fgets(session->line, sizeof session->line, session->in))
        return false;
    session->line[strcspn(session->line, "\r\n")] = '\0';
    return true;
}

static bool
begins(const struct session *session, const char *word)
{
    return strncasecmp(session->line, word, strlen(word)) == 0;
}

static bool
is_new_to_grey(const char *to)
{
    int i = 0;

    for (; i < GREYS_MAX - 1 && greys[i][0]; i++)
        if (strcmp(greys[i], to) == 0)
            return false;
    strcpy(greys[i], to);
    return true;
}

static void
take_rcpt(struct session *session)
{
    strcpy(session->to,
           strchr(session->line, '<') ? strchr(session->line, '<') : "?");
    if (session->replies->is_grey && is_new_to_grey(session->to))
        say(session, "451 4.7.1 greylisted for 287 seconds\r\n");
    else
        say(session, session->replies->rcpt);
}

static void
take_data(struct session *session)
{
    say(session, session->replies->data);
    if (session->replies->closes_in_data)
        _exit(0);
    while (hear(session) && strcmp(session->line, ".") != 0)
        if (begins(session, "Subject: "))
            strcpy(session->subject, session->line + 9);
    if (session->replies->is_slow)
        sleep(7);
    say(session, session->replies->end);
    printf("mail %s: %s\n", session->to, session->subject);
}

static void
babble(const struct session *session)
{
    for (;;)
        say(session, "220-and another line of a greeting that never ends\r\n");
}

static void
serve(struct session *session)
{
    const struct replies *replies = session->replies;

    if (replies->babbles)
        babble(session);
    say(session, replies->greeting);
    while (hear(session)) {
        if (begins(session, "EHLO") || begins(session, "HELO"))
            say(session, replies->hello);
        else if (begins(session, "STARTTLS"))
            say(session, "220 go ahead\r\n");
        else if (begins(session, "MAIL"))
            say(session, replies->mail);
        else if (begins(session, "RCPT"))
            take_rcpt(session);
        else if (begins(session, "DATA"))
            take_data(session);
        else if (begins(session, "QUIT"))
            say(session, replies->quit);
        else
            say(session, "500 what?\r\n");
    }
}

static void
accept_all(const struct replies *replies, int fd)
{
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        struct session session = {.replies = replies,
                                  .fd = accept(fd, NULL, NULL)};

        if (session.fd >= 0 && fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            session.in = fdopen(session.fd, "r");
            serve(&session);
            _exit(0);
        }
        close(session.fd);
    }
}

int
main(int argc, char **argv)
{
    greys = mmap(NULL, GREYS_MAX * sizeof *greys, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (greys == MAP_FAILED)
        hostile_die("mmap");
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        if (argc != 4)
            puts(deeds[i].name);
        else if (strcmp(deeds[i].name, argv[1]) == 0) {
            int fd = hostile_listen(argv[2], argv[3], SOCK_STREAM);

            hostile_ready();
            accept_all(&deeds[i].replies, fd);
        }
    }
    return argc == 1 ? 0 : 2;
}

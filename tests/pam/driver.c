/*
 * driver FOLDER USER WORD...: a login program that does what it is told, with
 * the service "test" of FOLDER, and prints all that PAM and its modules do.
 *
 *   auth account open close setcred chauthtok   a call; prints its answer
 *   silent loud      with and without PAM_SILENT from here on
 *   conv=good|fails|none   what the conversation does from here on; "none" is
 *                    a null pointer
 *   user=NAME        PAM_USER from here on; user= is none
 *   tty=NAME         PAM_TTY, which begins as ":0"; tty= is none
 *   service=NAME     PAM_SERVICE from here on; its stack is read anew
 *   again            end, and start with a new handle
 *   child=CALL       the call in a process of its own; its environment is
 *                    then taken over, as sshd does
 *   thread=KIB       first of all: run the rest in a thread with so small a
 *                    stack
 *   locale           setlocale(LC_ALL, "")
 *   number           print a half, in the language
 *
 * "error TEXT" and "info TEXT" were shown, "ask TEXT" was asked for, "log
 * PRIORITY TEXT" went to syslog(3), and "env NAME=VALUE" is left at the end.
 */
#include <locale.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_appl.h>

struct driver {
    const char *folder;
    pam_handle_t *pamh;
    int flags;
    char **words;
};

static const struct {
    const char *name;
    int (*call)(pam_handle_t *pamh, int flags);
} calls[] = {
    {"auth", pam_authenticate}, {"account", pam_acct_mgmt},
    {"open", pam_open_session}, {"close", pam_close_session},
    {"setcred", pam_setcred},   {"chauthtok", pam_chauthtok},
};

/* ---- what PAM calls ---- */

void syslog(int priority, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...);

static void
print_log(int priority, const char *format, va_list args)
{
    static const char *const names[] = {"emerg",   "alert",  "crit", "err",
                                        "warning", "notice", "info", "debug"};

    printf("log %s%s ", names[LOG_PRI(priority)],
           (priority & LOG_FACMASK) == LOG_AUTHPRIV ? "" : " (not authpriv)");
    vprintf(format, args);
    putchar('\n');
}

/* libpam finds these before libc's. */
__attribute__((visibility("default"))) void
syslog(int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_log(priority, format, args);
    va_end(args);
}

__attribute__((visibility("default"))) void
__syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list args;

    (void)flag;
    va_start(args, format);
    print_log(priority, format, args);
    va_end(args);
}

static int
converse(int n, const struct pam_message **messages,
         struct pam_response **ret_responses, void *data)
{
    static const char *const names[] = {
        [PAM_PROMPT_ECHO_OFF] = "ask",
        [PAM_PROMPT_ECHO_ON] = "ask",
        [PAM_ERROR_MSG] = "error",
        [PAM_TEXT_INFO] = "info",
    };

    (void)data;
    for (int i = 0; i < n; i++)
        printf("%s %s\n", names[messages[i]->msg_style], messages[i]->msg);
    *ret_responses = calloc((size_t)n, sizeof **ret_responses);
    return *ret_responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int
refuse_to_converse(int n, const struct pam_message **messages,
                   struct pam_response **ret_responses, void *data)
{
    (void)n;
    (void)messages;
    (void)ret_responses;
    (void)data;
    return PAM_CONV_ERR;
}

/* ---- what it does ---- */

static void
die(const char *what, const char *word)
{
    fprintf(stderr, "driver: %s: %s\n", what, word);
    exit(2);
}

static void
start(struct driver *driver, const char *user)
{
    struct pam_conv conv = {converse, NULL};
    int r = pam_start_confdir("test", user && user[0] ? user : NULL, &conv,
                              driver->folder, &driver->pamh);

    if (r != PAM_SUCCESS)
        die("pam_start", driver->folder);
    pam_set_item(driver->pamh, PAM_TTY, ":0");
}

static void
end(struct driver *driver)
{
    char **list = pam_getenvlist(driver->pamh);

    for (char **entry = list; entry && *entry; entry++) {
        printf("env %s\n", *entry);
        free(*entry);
    }
    free(list);
    pam_end(driver->pamh, PAM_SUCCESS);
}

static bool
call(const struct driver *driver, const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(calls[i].name, name) != 0)
            continue;
        printf("%s: %d\n", name, calls[i].call(driver->pamh, driver->flags));
        return true;
    }
    return false;
}

/* In the child: the call, and its environment through the pipe. */
static void
call_and_export(const struct driver *driver, const char *name, int fd)
{
    char **list;

    if (!call(driver, name))
        die("no such call", name);
    fflush(stdout);
    list = pam_getenvlist(driver->pamh);
    for (char **entry = list; entry && *entry; entry++)
        dprintf(fd, "%s\n", *entry);
    _exit(0);
}

static void
call_in_child(const struct driver *driver, const char *name)
{
    char line[256];
    FILE *from_child;
    int pipe_fds[2];
    pid_t pid;

    fflush(stdout);
    if (pipe(pipe_fds) != 0 || (pid = fork()) < 0)
        die("no child", name);
    if (pid == 0)
        call_and_export(driver, name, pipe_fds[1]);
    close(pipe_fds[1]);
    from_child = fdopen(pipe_fds[0], "r");
    while (fgets(line, sizeof line, from_child)) {
        line[strcspn(line, "\n")] = '\0';
        pam_putenv(driver->pamh, line);
    }
    fclose(from_child);
    waitpid(pid, NULL, 0);
}

static void
set_conversation(struct driver *driver, const char *kind)
{
    struct pam_conv conv = {converse, NULL};

    if (strcmp(kind, "fails") == 0)
        conv.conv = refuse_to_converse;
    else if (strcmp(kind, "none") == 0)
        conv.conv = NULL;
    pam_set_item(driver->pamh, PAM_CONV, &conv);
}

static void
restart(struct driver *driver)
{
    const void *user = NULL;
    char *kept;

    pam_get_item(driver->pamh, PAM_USER, &user);
    kept = strdup(user ? user : "");
    end(driver);
    start(driver, kept);
    free(kept);
}

static void
obey(struct driver *driver, const char *word)
{
    if (strcmp(word, "silent") == 0)
        driver->flags = (int)PAM_SILENT;
    else if (strcmp(word, "loud") == 0)
        driver->flags = 0;
    else if (strncmp(word, "conv=", 5) == 0)
        set_conversation(driver, word + 5);
    else if (strncmp(word, "user=", 5) == 0)
        pam_set_item(driver->pamh, PAM_USER, word[5] ? word + 5 : NULL);
    else if (strncmp(word, "tty=", 4) == 0)
        pam_set_item(driver->pamh, PAM_TTY, word[4] ? word + 4 : NULL);
    else if (strncmp(word, "service=", 8) == 0)
        pam_set_item(driver->pamh, PAM_SERVICE, word + 8);
    else if (strncmp(word, "child=", 6) == 0)
        call_in_child(driver, word + 6);
    else if (strcmp(word, "again") == 0)
        restart(driver);
    else if (strcmp(word, "locale") == 0)
        printf("locale: %s\n", setlocale(LC_ALL, "") ? "set" : "none");
    else if (strcmp(word, "number") == 0)
        printf("number: %.1f\n", 0.5);
    else if (!call(driver, word))
        die("no such word", word);
}

static void *
run(void *data)
{
    struct driver *driver = data;

    for (char **word = driver->words; *word; word++)
        obey(driver, *word);
    return NULL;
}

/* Starting a handle reads the stack's file, which is not our business. */
static void
run_in_thread(struct driver *driver, size_t stack_size)
{
    pthread_attr_t attr;
    pthread_t thread;

    pthread_attr_init(&attr);
    if (pthread_attr_setstacksize(&attr, stack_size) != 0 ||
        pthread_create(&thread, &attr, run, driver) != 0)
        die("no thread", "thread");
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
}

int
main(int argc, char **argv)
{
    struct driver driver = {0};

    if (argc < 3)
        die("usage", "driver FOLDER USER WORD...");
    driver.folder = argv[1];
    driver.words = argv + 3;
    start(&driver, argv[2]);
    if (driver.words[0] && strncmp(driver.words[0], "thread=", 7) == 0) {
        driver.words++;
        run_in_thread(&driver, strtoul(argv[3] + 7, NULL, 10) * 1024);
    } else
        run(&driver);
    end(&driver);
    return 0;
}

#include "mailer/job.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/timeval.h"

struct sg_job {
    pid_t pid;
    int fd; /* its output */
    struct event *read;
    struct event *limit;
    sg_job_on_end *on_end;
    void *arg;
    size_t len;
    struct sg_job_end end;
};

/* ---- in the child ---- */

/* libevent's handlers would write into the parent's pipe. */
static void
reset_signals(void)
{
    static const int numbers[] = {SIGCHLD, SIGHUP,  SIGINT, SIGPIPE,
                                  SIGTERM, SIGUSR1, SIGALRM};
    sigset_t none;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
be_child(pid_t parent, int output, sg_job_child *child, const void *arg)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it was quicker */
        _exit(1);
    reset_signals();
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    /* also what we were started with ourselves is not for other programs */
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    if (chdir("/") < 0)
        _exit(1);
    _exit(child(arg));
}

/* ---- in the parent ---- */

static void
free_job(struct sg_job *job)
{
    if (job->read)
        event_free(job->read);
    if (job->limit)
        event_free(job->limit);
    if (job->fd >= 0)
        close(job->fd);
    free(job);
}

/* What does not fit is read all the same: nobody shall wait for us. */
static void
read_output(struct sg_job *job)
{
    char bytes[4096];
    ssize_t n;

    while ((n = read(job->fd, bytes, sizeof bytes)) > 0) {
        size_t room = sizeof job->end.output - 1 - job->len;
        size_t len = (size_t)n < room ? (size_t)n : room;

        for (size_t i = 0; i < len; i++)
            job->end.output[job->len++] = bytes[i] ? bytes[i] : '?';
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        event_del(job->read);
}

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    read_output(arg);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
    struct sg_job *job = arg;
    const struct timeval grace = sg_timeval(SG_JOB_GRACE_S);
    siginfo_t ended = {0};

    (void)fd;
    (void)what;
    /* we may have been stopped for so long ourselves; SIGCHLD is on its way */
    if (waitid(P_PID, (id_t)job->pid, &ended, WEXITED | WNOHANG | WNOWAIT) ==
            0 &&
        ended.si_pid == job->pid)
        return;
    kill(-job->pid, job->end.is_timeout ? SIGKILL : SIGTERM);
    job->end.is_timeout = true;
    evtimer_add(job->limit, &grace);
}

/* Signals stay blocked until the child has given up our handlers. */
static pid_t
fork_child(int output, sg_job_child *child, const void *arg)
{
    sigset_t all, before;
    pid_t parent = getpid(), pid;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        be_child(parent, output, child, arg);
    if (pid > 0)
        setpgid(pid, pid); /* whoever of the two is first */
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

struct sg_job *
sg_job_start(struct event_base *base, double limit_s, sg_job_child *child,
             const void *child_arg, sg_job_on_end *on_end, void *arg,
             struct sg_err *err)
{
    const struct timeval limit = sg_timeval(limit_s);
    struct sg_job *job = calloc(1, sizeof *job);
    int output[2] = {-1, -1}, code;

    if (!job) {
        sg_err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    job->on_end = on_end;
    job->arg = arg;
    job->fd = -1;
    if (pipe2(output, O_CLOEXEC) == 0) {
        job->fd = output[0];
        fcntl(job->fd, F_SETFL, O_NONBLOCK);
        job->read =
            event_new(base, job->fd, EV_READ | EV_PERSIST, on_output, job);
        job->limit = evtimer_new(base, on_limit, job);
        if (job->read && job->limit)
            job->pid = fork_child(output[1], child, child_arg);
        else
            errno = ENOMEM;
    }
    code = -errno;
    if (output[1] >= 0)
        close(output[1]);
    if (job->pid > 0) {
        event_add(job->read, NULL);
        evtimer_add(job->limit, &limit);
        return job;
    }
    sg_err_set(err, code, "no process: %s", strerror(-code));
    free_job(job);
    return NULL;
}

bool
sg_job_reap(struct sg_job *job)
{
    pid_t pid = waitpid(job->pid, &job->end.status, WNOHANG);

    if (pid == 0 || (pid < 0 && errno == EINTR))
        return false;
    read_output(job);
    /* what it has left behind has had its time, too */
    if (job->end.is_timeout)
        kill(-job->pid, SIGKILL);
    job->on_end(job->arg, &job->end);
    free_job(job);
    return true;
}

void
sg_job_kill(struct sg_job *job)
{
    kill(-job->pid, SIGKILL);
    waitpid(job->pid, NULL, 0);
    free_job(job);
}

void
sg_job_leave(struct sg_job *job)
{
    free_job(job);
}

/*
 * attack SOCKET SECONDS [UID [DAY_S]]: whoever has taken over the engine, in a
 * virtual machine whose clock may suffer.  Asks the clock service for all that
 * it might give by mistake, while a script kills the service each second or
 * so, and holds CLOCK_REALTIME against CLOCK_MONOTONIC_RAW: 1 if the clock was
 * moved by more than the limits of 24 hours (DAY_S: what the service was given
 * as --day), 2 if nothing came of it at all.  The engine must be away, or the
 * service has no room for this one.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/hostclock.h"
#include "clock/wire.h"

#define DAY_STEPS 3
#define LATE_FRAC 0.02 /* what a killed service forgets: its last lateness */

/* Less is the two clocks' noise, and what 500 ppm make of a second. */
#define NOISE_S 0.002
#define RATE_MAX 500e-6
#define FAST_MAX 0.09

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int fd = -1;
static struct sg_reading anchor;
static double moved_s, day_s = 7200;
static int n_asked, n_taken, n_steps, n_refused, n_connected, n_lost;

static double
off_s(const struct sg_reading *now)
{
    return sg_wall_diff(now->wall, anchor.wall) -
           sg_raw_diff(now->raw, anchor.raw);
}

/* All that the clock was moved, there and back.  Returns the last bit. */
static double
look(void)
{
    struct sg_reading now = sg_host_reading();
    double by_s = off_s(&now);
    double free_s =
        NOISE_S + now.width_s + RATE_MAX * sg_raw_diff(now.raw, anchor.raw);

    if (fabs(by_s) <= free_s)
        return 0;
    moved_s += fabs(by_s);
    anchor = now;
    return by_s;
}

static void
hang_up(void)
{
    if (fd >= 0)
        close(fd);
    fd = -1;
}

static bool
reach(void)
{
    if (fd >= 0)
        return true;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        n_connected++;
        return true;
    }
    hang_up();
    usleep(10000);
    return false;
}

static double
random_between(double low, double high)
{
    return low + (high - low) * (double)random() / RAND_MAX;
}

/* Bytes as they are; the code of the answer, or -ENOTCONN. */
static int
ask_bytes(const void *bytes, size_t len)
{
    struct sg_wire_reply reply = {.code = -ENOTCONN};
    struct pollfd answer;

    if (!reach())
        return -ENOTCONN;
    n_asked++;
    answer = (struct pollfd){fd, POLLIN, 0};
    if (send(fd, bytes, len, MSG_NOSIGNAL) < 0 || poll(&answer, 1, 2000) != 1 ||
        recv(fd, &reply, sizeof reply, 0) != sizeof reply) {
        n_lost++;
        hang_up();
        return -ENOTCONN;
    }
    n_taken += reply.code == 0;
    n_refused += reply.code == -EACCES;
    return reply.code;
}

static int
ask(struct sg_wire_request request)
{
    request.version = SG_WIRE_VERSION;
    request.sent_ns = sg_host_raw().ns;
    return ask_bytes(&request, sizeof request);
}

/* Did this step come about, though nobody said so?  What a fast slew does in
 * the same time is none; where it might be, the sum alone tells. */
static bool
is_step(double by_s, double offset_s, double took_s)
{
    double slew_s = NOISE_S + FAST_MAX * took_s;

    return fabs(offset_s) > 2 * slew_s && fabs(by_s - offset_s) <= slew_s;
}

static int
step(double offset_s, uint32_t flags)
{
    const struct sg_clock_step what = {.offset_s = offset_s};
    struct sg_wire_request request = sg_wire_step(&what);
    struct sg_raw begin;
    double by_s;
    int code;

    request.flags = flags;
    look();
    begin = anchor.raw;
    code = ask(request);
    by_s = look();
    if (code == 0 || is_step(by_s, offset_s, sg_raw_diff(sg_host_raw(), begin)))
        n_steps++;
    return code;
}

static int
slew(double base_ppm, double slew_ppm, double duration_s)
{
    const struct sg_clock_course course = {
        .base_ppm = base_ppm, .slew_ppm = slew_ppm, .duration_s = duration_s};
    int code = ask(sg_wire_slew(&course));

    look();
    return code;
}

/* ---- what it tries ---- */

#define CLAIMS (SG_WIRE_STARTING | SG_WIRE_STRONG)

static void
claim_the_first_correction(void)
{
    step(random_between(-1, 1) * 86400, CLAIMS);
    step(1e6, CLAIMS);
}

static void
claim_to_undo(void)
{
    for (int i = 0; i < 5; i++)
        step(-random_between(0.5, 1.5), SG_WIRE_STRONG);
}

static void
slew_without_length(void)
{
    for (int i = 0; i < 50; i++)
        slew(499.9, 82833, random_between(0, 1) < 0.5 ? 1e-9 : 1e-3);
}

static void
slew_fast(void)
{
    slew(0, 83000, random_between(0.1, 10));
    usleep((useconds_t)random_between(0, 300000));
}

static void
slew_too_long(void)
{
    slew(0, 83000, 1e9);
    slew(1e6, -1e6, 1);
    slew(83000, 0, 0);
}

static void
steer_again_from_what_somebody_left(void)
{
    for (int i = 0; i < 10; i++)
        ask((struct sg_wire_request){.kind = SG_WIRE_READ,
                                     .flags = SG_WIRE_FORGIVE});
}

static void
send_descriptors(void)
{
    struct sg_wire_request request = {.version = SG_WIRE_VERSION,
                                      .kind = SG_WIRE_READ};
    union {
        char bytes[CMSG_SPACE(64 * sizeof(int))];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec iovec = {&request, sizeof request};
    struct msghdr message = {.msg_iov = &iovec,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fds[64];

    if (!reach())
        return;
    for (int i = 0; i < 64; i++)
        fds[i] = fd;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(header), fds, sizeof fds);
    for (int i = 0; i < 100; i++)
        if (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
    hang_up();
}

static void
babble(void)
{
    static char bytes[100000];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)random();
    ask_bytes(bytes, sizeof bytes);
    ask_bytes(bytes, sizeof(struct sg_wire_request));
    ask_bytes(bytes, 1);
    ask_bytes(bytes, 0);
    ask((struct sg_wire_request){.kind = SG_WIRE_STEP, .offset_s = NAN});
    ask((struct sg_wire_request){.kind = SG_WIRE_SLEW, .slew_ppm = INFINITY});
    ask((struct sg_wire_request){.kind = 77});
}

static void
connect_often(void)
{
    int fds[100];

    for (int i = 0; i < 100; i++) {
        fds[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
        connect(fds[i], (const struct sockaddr *)&address, sizeof address);
    }
    for (int i = 0; i < 100; i++)
        close(fds[i]);
}

static void
step_far(void)
{
    static const double parts[] = {0.5, -0.5, 0.45, -0.3, 1, 1000};

    step(parts[random() % 6] * day_s, SG_WIRE_STRONG);
}

static void
step_a_little(void)
{
    for (int i = 0; i < 20; i++)
        step(random_between(-0.2, 0.2), SG_WIRE_STRONG);
}

static void
try_everything(double span_s)
{
    static void (*const tries[])(void) = {
        slew_fast,     slew_without_length,
        slew_too_long, claim_the_first_correction,
        babble,        send_descriptors,
        connect_often, steer_again_from_what_somebody_left,
        step_a_little, claim_to_undo,
        step_far,
    };
    struct sg_raw begin = sg_host_raw();
    double gone_s;

    /* steps last, or nothing would be left for the slews */
    while ((gone_s = sg_raw_diff(sg_host_raw(), begin)) < span_s)
        tries[random() % (gone_s < span_s / 3 ? 8 : 11)]();
}

/* It begins with whatever is left to begin with. */
static void
take_the_first_correction(void)
{
    double before_s = moved_s;

    for (int i = 0; i < 100 && step(5000, CLAIMS) == -ENOTCONN; i++)
        continue;
    printf("the first correction: %s\n",
           moved_s - before_s > 1 ? "was still to come, and is spent now"
                                  : "was spent");
    moved_s = 0;
    n_steps = 0;
}

static double
final_rate_ppm(void)
{
    struct sg_reading begin, end;

    sleep(15);
    begin = sg_host_reading();
    sleep(10);
    end = sg_host_reading();
    return (sg_wall_diff(end.wall, begin.wall) /
                sg_raw_diff(end.raw, begin.raw) -
            1) *
           1e6;
}

/* A user and the group of the same number. */
static bool
become(unsigned id)
{
    return setgroups(0, NULL) == 0 && setresgid(id, id, id) == 0 &&
           setresuid(id, id, id) == 0;
}

int
main(int argc, char **argv)
{
    double span_s, rate_ppm, limit_s;

    if (argc < 3 || strlen(argv[1]) >= sizeof address.sun_path ||
        (argc > 3 && !become((unsigned)atoi(argv[3])))) {
        fprintf(stderr, "usage: attack SOCKET SECONDS [UID [DAY_S]]\n");
        return 64;
    }
    strcpy(address.sun_path, argv[1]);
    span_s = atof(argv[2]);
    if (argc > 4)
        day_s = atof(argv[4]);
    srandom((unsigned)sg_host_raw().ns);
    anchor = sg_host_reading();
    take_the_first_correction();
    try_everything(span_s);
    hang_up();
    rate_ppm = final_rate_ppm();
    look();
    limit_s = day_s + 0.5 + LATE_FRAC * span_s;
    printf("%d requests: %d obeyed, %d refused, %d connections, %d of them "
           "lost\n",
           n_asked, n_taken, n_refused, n_connected, n_lost);
    printf("moved by %.3f s in all, at most %.0f s; %d steps, at most %d; left "
           "at %+.0f ppm, at most 500\n",
           moved_s, day_s, n_steps, DAY_STEPS, rate_ppm);
    if (moved_s > limit_s || n_steps > DAY_STEPS || fabs(rate_ppm) > 520)
        return 1;
    return moved_s == 0 || n_refused == 0 ? 2 : 0;
}

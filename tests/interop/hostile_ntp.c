/* An NTP server that misbehaves in one way; see hostile.h. */
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "hostile.h"

#define NTP_LEN 48
#define NTP_TO_UNIX_S 2208988800
#define NINE_S ((uint64_t)9 << 32)
#define REPLY_MAX 1400

struct bytes {
    uint8_t data[REPLY_MAX];
    size_t len;
};

static void
put64(uint8_t *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
}

/* As an NTP time stamp, ahead_s from now. */
static uint64_t
ntp_now(int64_t ahead_s)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)(now.tv_sec + NTP_TO_UNIX_S + ahead_s) << 32 |
           ((uint64_t)now.tv_nsec << 32) / 1000000000;
}

static void
set_stamps(struct bytes *reply, int64_t ahead_s)
{
    put64(reply->data + 32, ntp_now(ahead_s));
    put64(reply->data + 40, ntp_now(ahead_s));
}

/* What an honest server answers. */
static void
make_ntp_reply(const uint8_t *request, struct bytes *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->len = NTP_LEN;
    ret->data[0] = 4 << 3 | 4;
    ret->data[1] = 3;
    ret->data[3] = (uint8_t)-20;
    memcpy(ret->data + 24, request + 40, 8);
    set_stamps(ret, 0);
}

static void
be_short(struct bytes *reply)
{
    reply->len = NTP_LEN - 1;
}

static void
be_long(struct bytes *reply)
{
    reply->len = REPLY_MAX;
}

static void
replay(struct bytes *reply)
{
    static struct bytes first;

    if (first.len == 0)
        first = *reply;
    *reply = first;
}

static void
answer_somebody_else(struct bytes *reply)
{
    reply->data[31] ^= 1;
}

static void
claim_leap_3(struct bytes *reply)
{
    reply->data[0] |= 3 << 6;
}

static void
claim_stratum_0(struct bytes *reply)
{
    reply->data[1] = 0;
}

static void
claim_stratum_16(struct bytes *reply)
{
    reply->data[1] = 16;
}

static void
keep_too_long(struct bytes *reply)
{
    put64(reply->data + 40, ntp_now(0) + NINE_S);
}

static void
send_before_receiving(struct bytes *reply)
{
    put64(reply->data + 32, ntp_now(0) + NINE_S);
}

static void
leave_time_out(struct bytes *reply)
{
    memset(reply->data + 40, 0, 8);
}

/* A clock that runs, from June of that year on. */
static void
live_in(struct bytes *reply, int year)
{
    struct tm date = {.tm_year = year - 1900, .tm_mon = 5, .tm_mday = 1};
    static int64_t ahead_s;

    if (ahead_s == 0)
        ahead_s = timegm(&date) - time(NULL);
    set_stamps(reply, ahead_s);
}

/* A clock that shows the same second for ever. */
static void
stand_still(struct bytes *reply)
{
    static time_t start;

    if (start == 0)
        start = time(NULL);
    set_stamps(reply, start - time(NULL));
}

static void
live_in_1900(struct bytes *reply)
{
    live_in(reply, 1900);
}

static void
live_in_2036(struct bytes *reply)
{
    live_in(reply, 2036);
}

static void
live_in_2104(struct bytes *reply)
{
    live_in(reply, 2104);
}

static void
kiss(struct bytes *reply, const char *code)
{
    claim_leap_3(reply);
    claim_stratum_0(reply);
    memcpy(reply->data + 12, code, 4);
}

static void
kiss_rate(struct bytes *reply)
{
    kiss(reply, "RATE");
}

static void
kiss_deny(struct bytes *reply)
{
    kiss(reply, "DENY");
}

static void
kiss_rstr(struct bytes *reply)
{
    kiss(reply, "RSTR");
}

static void
be_late(struct bytes *reply)
{
    (void)reply;
    /* a question is given up after 1 s */
    nanosleep(&(struct timespec){1, 500000000}, NULL);
}

static void
be_silent(struct bytes *reply)
{
    reply->len = 0;
}

static const struct ntp_deed {
    const char *name;
    void (*bend)(struct bytes *reply);
} ntp_deeds[] = {
    {"truncated", be_short},
    {"oversized", be_long},
    {"replayed", replay},
    {"wrong-origin", answer_somebody_else},
    {"leap3", claim_leap_3},
    {"stratum0", claim_stratum_0},
    {"stratum16", claim_stratum_16},
    {"held-long", keep_too_long},
    {"sent-before", send_before_receiving},
    {"no-transmit", leave_time_out},
    {"year-1900", live_in_1900},
    {"year-2036", live_in_2036},
    {"year-2104", live_in_2104},
    {"stopped", stand_still},
    {"rate", kiss_rate},
    {"deny", kiss_deny},
    {"rstr", kiss_rstr},
    {"late", be_late},
    {"silent", be_silent},
    {NULL, NULL},
};

static void
serve_ntp(const struct ntp_deed *deed, int fd)
{
    static struct bytes reply;
    uint8_t request[NTP_LEN];
    struct sockaddr_storage peer;
    socklen_t peer_len;

    for (;;) {
        peer_len = sizeof peer;
        if (recvfrom(fd, request, sizeof request, 0, (struct sockaddr *)&peer,
                     &peer_len) != NTP_LEN)
            continue;
        make_ntp_reply(request, &reply);
        deed->bend(&reply);
        if (reply.len > 0)
            sendto(fd, reply.data, reply.len, 0, (struct sockaddr *)&peer,
                   peer_len);
    }
}

int
main(int argc, char **argv)
{
    for (const struct ntp_deed *deed = ntp_deeds; deed->name; deed++) {
        if (argc != 4)
            puts(deed->name);
        else if (strcmp(deed->name, argv[1]) == 0) {
            int fd = hostile_listen(argv[2], argv[3], SOCK_DGRAM);

            hostile_ready();
            serve_ntp(deed, fd);
        }
    }
    return argc == 1 ? 0 : 2;
}

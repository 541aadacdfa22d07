#include "nature.h"

#include <math.h>

#define TURN 6.283185307179586
#define HOUR_S 3600.0
#define BUSY_S 600.0 /* of each hour */

double
sim_uniform(struct sim_random *random)
{
    /* splitmix64 (Steele, Lea, Flood 2014) */
    uint64_t z = random->state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return ((double)(z >> 11) + 0.5) / 9007199254740992.0;
}

double
sim_exponential(struct sim_random *random, double mean)
{
    return -mean * log(sim_uniform(random));
}

double
sim_normal(struct sim_random *random)
{
    double length = sqrt(-2 * log(sim_uniform(random)));

    return length * cos(TURN * sim_uniform(random));
}

double
sim_wait_s(struct sim_random *random, const struct sim_queues *queues,
           bool is_back, double t_s)
{
    double mean_s = is_back && queues->jitter_back_s > 0 ? queues->jitter_back_s
                                                         : queues->jitter_s;
    double wait_s = sim_exponential(random, mean_s);

    for (int i = 1; i < queues->shape; i++)
        wait_s += sim_exponential(random, mean_s);
    if (is_back)
        wait_s += queues->late_s;
    if (is_back && queues->busy_s > 0 && fmod(t_s, HOUR_S) < BUSY_S)
        wait_s +=
            queues->busy_s + sim_exponential(random, queues->busy_jitter_s);
    return wait_s;
}

void
sim_wobble_init(struct sim_wobble *ret, double sd_s, double scale_s,
                uint64_t seed, const char *host)
{
    struct sim_random random = {seed};

    for (const char *c = host; *c; c++)
        random.state = random.state * 31 + (unsigned char)*c;
    ret->sd_s = sd_s;
    ret->scale_s = scale_s;
    for (int i = 0; i < SIM_SWINGS; i++)
        ret->phases[i] = TURN * sim_uniform(&random);
}

double
sim_wobble_s(const struct sim_wobble *wobble, double t_s)
{
    double sum = 0;

    if (wobble->sd_s <= 0)
        return 0;
    /* periods from an eighth to twice the scale, evenly by their logarithm */
    for (int i = 0; i < SIM_SWINGS; i++) {
        double period_s =
            wobble->scale_s / 8 * exp2(4.0 * i / (SIM_SWINGS - 1));

        sum += sin(TURN * t_s / period_s + wobble->phases[i]);
    }
    return wobble->sd_s * sqrt(2.0 / SIM_SWINGS) * sum;
}

/* Subtract from the 8 bytes of a time stamp. */
static void
put_back(uint8_t *stamp, uint64_t span)
{
    for (int i = 7; i >= 0; i--, span >>= 8) {
        span += stamp[i] < (span & 0xff) ? 256 : 0;
        stamp[i] = (uint8_t)(stamp[i] - span);
    }
}

/* 4 bytes, each order of magnitude as likely as another. */
static void
put_random(struct sim_random *random, uint8_t *field)
{
    uint32_t value = (uint32_t)exp2(32 * sim_uniform(random));

    for (int i = 3; i >= 0; i--, value >>= 8)
        field[i] = (uint8_t)value;
}

void
sim_distort(struct sim_random *random, unsigned fickle, uint8_t *packet)
{
    if (fickle & 1u << SIM_FICKLE_STRATUM)
        packet[1] = (uint8_t)(17 * sim_uniform(random));
    if (fickle & 1u << SIM_FICKLE_LEAP)
        packet[0] = (uint8_t)((packet[0] & 0x3f) |
                              (unsigned)(4 * sim_uniform(random)) << 6);
    if (fickle & 1u << SIM_FICKLE_ROOT) {
        put_random(random, packet + 4);
        put_random(random, packet + 8);
    }
    if (fickle & 1u << SIM_FICKLE_STAMPS) {
        double what = sim_uniform(random);
        uint64_t span = (uint64_t)(4294967296.0 * sim_uniform(random));

        if (what < 0.5)
            put_back(packet + 40, span);
        if (what < 0.25)
            put_back(packet + 32, span);
    }
}

#include "clock/slew.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define UNITS_PER_PPM 65536.0
#define ROUNDING_UNITS 2
#define FREQ_MAX_PPM 500.0 /* MAXFREQ of the kernel's timex.h */

long
sg_rate_nominal_tick(void)
{
    return 1000000 / sysconf(_SC_CLK_TCK);
}

static double
ppm_per_tick(void)
{
    return 1e6 / (double)sg_rate_nominal_tick();
}

struct sg_rate
sg_rate_of_ppm(double ppm)
{
    long ticks = fabs(ppm) > FREQ_MAX_PPM ? lround(ppm / ppm_per_tick()) : 0;
    double rest_ppm = ppm - (double)ticks * ppm_per_tick();

    return (struct sg_rate){.freq = lround(rest_ppm * UNITS_PER_PPM),
                            .tick = sg_rate_nominal_tick() + ticks};
}

double
sg_rate_ppm(struct sg_rate rate)
{
    return (double)rate.freq / UNITS_PER_PPM +
           (double)(rate.tick - sg_rate_nominal_tick()) * ppm_per_tick();
}

bool
sg_rate_is_freq(const struct timex *now, struct sg_rate rate)
{
    return labs(now->freq - rate.freq) <= ROUNDING_UNITS;
}

bool
sg_rate_is(const struct timex *now, struct sg_rate rate)
{
    return now->tick == rate.tick && sg_rate_is_freq(now, rate);
}

int
sg_slew_end(const struct sg_slew *slew)
{
    struct timex now = {0};
    struct timex end = {.freq = slew->base.freq, .tick = slew->base.tick};

    if (clock_adjtime(CLOCK_REALTIME, &now) < 0)
        return -errno;
    if (now.tick == slew->rate.tick && now.tick != slew->base.tick)
        end.modes |= ADJ_TICK;
    /* with another tick this frequency is not our slew's */
    if (sg_rate_is(&now, slew->rate) && !sg_rate_is_freq(&now, slew->base))
        end.modes |= ADJ_FREQUENCY;
    if (end.modes == 0)
        return 0;
    return clock_adjtime(CLOCK_REALTIME, &end) < 0 ? -errno : 1;
}

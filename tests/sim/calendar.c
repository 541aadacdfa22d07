#include "calendar.h"

#include <math.h>

/* 2026-01-01, or so long before the end of that year as a scenario wants. */
#define EPOCH_S 1767225600LL
#define YEAR_END_S 1798761600LL
#define DAY_S 86400.0

int64_t
sim_epoch_s(const struct sim_setup *setup)
{
    return setup->leap_at_s > 0 ? YEAR_END_S - (int64_t)setup->leap_at_s
                                : EPOCH_S;
}

/* What a clock would read when it leaps. */
static double
leap_moment_s(const struct sim_setup *setup)
{
    return setup->leap_s ? setup->leap_at_s - SIM_ODD_S - (setup->leap_s < 0)
                         : INFINITY;
}

double
sim_utc_s(const struct sim_setup *setup, double clock_s)
{
    return clock_s < leap_moment_s(setup) ? clock_s : clock_s - setup->leap_s;
}

double
sim_server_s(const struct sim_setup *setup, const struct sim_source *source,
             double t_s)
{
    double clock_s = t_s * (1 + source->rate_ppm * 1e-6) + source->offset_s +
                     sim_wobble_s(&source->wobble, t_s);
    double smear_s = clock_s - setup->leap_at_s + DAY_S / 2;

    if (source->leaper != SIM_SMEAR)
        return sim_utc_s(setup, clock_s);
    return clock_s - setup->leap_s * fmin(fmax(smear_s / DAY_S, 0), 1);
}

/* Servers announce it all that day, and forget it a minute late. */
enum sg_leap
sim_announced(const struct sim_setup *setup, const struct sim_source *source,
              double t_s, struct sim_random *random)
{
    double to_go_s = leap_moment_s(setup) - t_s;
    enum sg_leap leap = setup->leap_s > 0 ? SG_LEAP_INSERT : SG_LEAP_DELETE;

    switch (source->leaper) {
    case SIM_LEAPS:
        return to_go_s < DAY_S && to_go_s > -60 ? leap : SG_LEAP_NONE;
    case SIM_WRONG_LEAP:
        return setup->leap_s > 0 ? SG_LEAP_DELETE : SG_LEAP_INSERT;
    case SIM_RANDOM_LEAP:
        return (enum sg_leap)(sim_uniform(random) * 3);
    default:
        return SG_LEAP_NONE;
    }
}

double
sim_kernel_leap_s(const struct sim_setup *setup, int leap_s, double wall_s)
{
    double day_s = setup->leap_at_s - SIM_ODD_S - (leap_s < 0);

    return leap_s ? day_s + DAY_S * (floor((wall_s - day_s) / DAY_S) + 1)
                  : INFINITY;
}

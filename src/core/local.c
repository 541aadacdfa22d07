#include "core/local.h"

#include <math.h>

/* Shorter intervals say nothing of a rate: a bracket is 1e-7 s wide. */
#define MIN_RATE_SPAN_S 1.0
#define RATE_MEMORY_S 64.0

/* Until its own rate is known it may be anything a kernel allows. */
#define UNKNOWN_PPM 1000.0
/* After that: temperature, and other hands that steer gently. */
#define KNOWN_PPM 20.0

void
sg_local_init(struct sg_local *local, double base_ppm)
{
    *local = (struct sg_local){.base_ppm = base_ppm};
}

/* What our slew made of the time from the last reading to raw. */
static double
slewed_s(const struct sg_local *local, struct sg_raw raw)
{
    double span_s = sg_raw_diff(raw, local->last.raw);
    double slew_s = fmin(span_s, sg_raw_diff(local->slew_end, local->last.raw));

    return 1e-6 * local->slew_ppm * fmax(slew_s, 0);
}

/* Whoever carries a slew out may die in it, and somebody else end it then. */
static bool
is_cut_short(double slewed_s, double excess_s, double slack_s)
{
    return slewed_s * excess_s < 0 &&
           fabs(excess_s) <= fabs(slewed_s) + slack_s;
}

static void
learn_rate(struct sg_local *local, double span_s, double excess_s)
{
    double ppm = local->natural_ppm + excess_s / span_s * 1e6;
    double gain = local->natural_known ? span_s / (span_s + RATE_MEMORY_S) : 1;

    local->natural_ppm += gain * (ppm - local->natural_ppm);
    local->natural_known = true;
}

double
sg_local_update(struct sg_local *local, const struct sg_reading *reading,
                double *ret_slack_s)
{
    double span_s, slewed, excess_s, slack_s;

    *ret_slack_s = 0;
    if (!local->known) {
        local->known = true;
        local->last = *reading;
        return 0;
    }
    span_s = sg_raw_diff(reading->raw, local->last.raw);
    slewed = slewed_s(local, reading->raw);
    excess_s = sg_wall_diff(reading->wall, local->last.wall) - slewed -
               span_s * (1 + sg_local_rate_ppm(local) * 1e-6);
    slack_s = reading->width_s + local->last.width_s + 1e-6 +
              span_s * 1e-6 * (local->natural_known ? KNOWN_PPM : UNKNOWN_PPM);
    *ret_slack_s = slack_s;
    if (fabs(excess_s) <= slack_s) {
        /* wait for a span long enough to show a rate */
        if (span_s < MIN_RATE_SPAN_S)
            return excess_s;
        learn_rate(local, span_s, excess_s);
    } else if (is_cut_short(slewed, excess_s, slack_s)) {
        local->slew_end = reading->raw;
        excess_s = 0;
    }
    local->last = *reading;
    return excess_s;
}

void
sg_local_course(struct sg_local *local, const struct sg_reading *reading,
                double base_ppm, double slew_ppm, double duration_s)
{
    local->known = true;
    local->last = *reading;
    local->base_ppm = base_ppm;
    local->slew_ppm = slew_ppm;
    local->slew_end = sg_raw_add(reading->raw, duration_s);
}

void
sg_local_moved(struct sg_local *local, const struct sg_reading *reading)
{
    local->known = true;
    local->last = *reading;
}

double
sg_local_rate_ppm(const struct sg_local *local)
{
    return local->natural_ppm + local->base_ppm;
}

double
sg_local_slew_ppm(const struct sg_local *local, struct sg_raw now)
{
    return sg_raw_diff(local->slew_end, now) > 0 ? local->slew_ppm : 0;
}

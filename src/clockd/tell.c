#include "clockd/tell.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"

#define HOUR_S 3600.0
#define LINES_MAX 60 /* an hour, of one kind */

static bool
has_room(struct sg_tell_hour *hour, struct sg_raw now)
{
    if (hour->lines == 0 || sg_raw_diff(now, hour->since) >= HOUR_S)
        *hour = (struct sg_tell_hour){now, 0};
    if (hour->lines >= LINES_MAX)
        return false;
    hour->lines++;
    return true;
}

const char *
sg_tell_time(struct sg_wall at, char ret[SG_TELL_TIME_MAX])
{
    time_t s = (time_t)(at.ns / 1000000000);
    struct tm tm;
    size_t len;

    len =
        strftime(ret, SG_TELL_TIME_MAX, "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));
    snprintf(ret + len, SG_TELL_TIME_MAX - len, ".%03dZ",
             (int)(at.ns % 1000000000 / 1000000));
    return ret;
}

void
sg_tell_step(const struct sg_reading *before, const struct sg_reading *after,
             const struct sg_clock_step *step, const char *account)
{
    char was[SG_TELL_TIME_MAX], is[SG_TELL_TIME_MAX];

    sg_log(
        LOG_NOTICE, "step by %+.6f s: %s became %s; %s%s; %s", step->offset_s,
        sg_tell_time(before->wall, was), sg_tell_time(after->wall, is),
        step->starting ? "the first correction, " : "",
        step->strong ? "by two hosts' or a proven word" : "by one host's word",
        account);
}

void
sg_tell_course(struct sg_tell *tell, struct sg_raw now,
               const struct sg_clock_course *before,
               const struct sg_clock_course *course, double max_ppm)
{
    double slew_s = course->slew_ppm * 1e-6 * course->duration_s;

    if (fabs(course->base_ppm + course->slew_ppm) > max_ppm &&
        has_room(&tell->fast, now)) {
        sg_log(LOG_NOTICE,
               "slew by %+.6f s in %.1f s; frequency %+.3f, before %+.3f ppm",
               slew_s, course->duration_s, course->base_ppm, before->base_ppm);
        return;
    }
    if (tell->n++ == 0) {
        tell->since = now;
        tell->slewed_s = 0;
        tell->before_ppm = before->base_ppm;
    }
    tell->slewed_s += slew_s;
    tell->ppm = course->base_ppm;
}

void
sg_tell_refusal(struct sg_refusals *last, struct sg_raw now, int code,
                const char *why)
{
    if ((last->code == code && sg_raw_diff(now, last->at) < HOUR_S) ||
        !has_room(&last->hour, now)) {
        last->repeats++;
        return;
    }
    if (last->repeats > 0)
        sg_log(LOG_WARNING, "refused: %s; %u more since the last such line",
               why, last->repeats);
    else
        sg_log(LOG_WARNING, "refused: %s", why);
    last->code = code;
    last->at = now;
    last->repeats = 0;
}

void
sg_tell_rest(struct sg_tell *tell, struct sg_raw now, bool is_end)
{
    double since_s = sg_raw_diff(now, tell->since);

    if (tell->n == 0 || (since_s < HOUR_S && !is_end))
        return;
    sg_log(LOG_INFO,
           "%u change%s in %.0f s: slews of %+.6f s in all, frequency from "
           "%+.3f to %+.3f ppm",
           tell->n, tell->n == 1 ? "" : "s", since_s, tell->slewed_s,
           tell->before_ppm, tell->ppm);
    tell->n = 0;
}

#include "clock/wire.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* No byte of a message is left to chance. */
_Static_assert(sizeof(struct sg_wire_request) == 24 + 6 * sizeof(double),
               "padding in a request");
_Static_assert(sizeof(struct sg_wire_reply) ==
                   8 + 4 * sizeof(double) + SG_ERR_TEXT_MAX,
               "padding in a reply");

#define FLAGS                                                                  \
    (SG_WIRE_FORGIVE | SG_WIRE_SYNCED | SG_WIRE_STARTING | SG_WIRE_STRONG)

static int
check_version(uint32_t version, struct sg_err *err)
{
    if (version == SG_WIRE_VERSION)
        return 0;
    return sg_err_set(err, -EPROTONOSUPPORT,
                      "clock service: message of version %x, expected %x: "
                      "restart both after an upgrade",
                      version, SG_WIRE_VERSION);
}

static bool
is_finite(const struct sg_wire_request *request)
{
    return isfinite(request->offset_s) && isfinite(request->base_ppm) &&
           isfinite(request->slew_ppm) && isfinite(request->duration_s) &&
           isfinite(request->error_s) && isfinite(request->bound_s);
}

static int
check_age(const struct sg_wire_request *request, struct sg_raw now,
          struct sg_err *err)
{
    double age_s = sg_raw_diff(now, (struct sg_raw){request->sent_ns});

    if (age_s >= 0 && age_s <= SG_WIRE_STALE_S)
        return 0;
    return sg_err_set(err, -ESTALE,
                      "clock service: request is %.3f s old, at most %.1f s",
                      age_s, SG_WIRE_STALE_S);
}

int
sg_wire_take_request(const void *bytes, size_t len, struct sg_raw now,
                     struct sg_wire_request *ret, struct sg_err *err)
{
    int code;

    if (len != sizeof *ret)
        return sg_err_set(err, -EPROTO,
                          "clock service: request of %zu bytes, expected %zu",
                          len, sizeof *ret);
    memcpy(ret, bytes, sizeof *ret);
    code = check_version(ret->version, err);
    if (code < 0)
        return code;
    if (ret->kind < SG_WIRE_READ || ret->kind > SG_WIRE_STEP)
        return sg_err_set(err, -EPROTO,
                          "clock service: request %u, known are %d to %d",
                          ret->kind, SG_WIRE_READ, SG_WIRE_STEP);
    if ((ret->flags & ~(uint32_t)FLAGS) != 0)
        return sg_err_set(err, -EPROTO, "clock service: flags %x, known are %x",
                          ret->flags, FLAGS);
    if (ret->leap_s < -1 || ret->leap_s > 1)
        return sg_err_set(err, -EPROTO,
                          "clock service: leap of %d s, allowed -1 to 1",
                          ret->leap_s);
    if (!is_finite(ret) || ret->duration_s < 0)
        return sg_err_set(err, -EPROTO,
                          "clock service: not a number, or a "
                          "slew of negative length");
    return check_age(ret, now, err);
}

int
sg_wire_take_reply(const void *bytes, size_t len, struct sg_wire_reply *ret,
                   struct sg_err *err)
{
    int code;

    if (len != sizeof *ret)
        return sg_err_set(err, -EPROTO,
                          "clock service: reply of %zu bytes, expected %zu",
                          len, sizeof *ret);
    memcpy(ret, bytes, sizeof *ret);
    ret->text[sizeof ret->text - 1] = '\0';
    code = check_version(ret->version, err);
    if (code < 0)
        return code;
    if (ret->code > 0 || ret->code < -4095 || !(ret->max_ppm >= 0) ||
        !(ret->fast_ppm >= 0) || !(ret->fast_s >= 0) ||
        !isfinite(ret->frequency_ppm))
        return sg_err_set(err, -EPROTO, "clock service: reply makes no sense");
    return 0;
}

struct sg_wire_request
sg_wire_slew(const struct sg_clock_course *course)
{
    return (struct sg_wire_request){
        .kind = SG_WIRE_SLEW,
        .flags = course->synced ? SG_WIRE_SYNCED : 0,
        .leap_s = course->leap_s,
        .base_ppm = course->base_ppm,
        .slew_ppm = course->slew_ppm,
        .duration_s = course->duration_s,
        .error_s = course->error_s,
        .bound_s = course->bound_s,
    };
}

struct sg_clock_course
sg_wire_course(const struct sg_wire_request *request)
{
    return (struct sg_clock_course){
        .base_ppm = request->base_ppm,
        .slew_ppm = request->slew_ppm,
        .duration_s = request->duration_s,
        .synced = request->flags & SG_WIRE_SYNCED,
        .error_s = request->error_s,
        .bound_s = request->bound_s,
        .leap_s = request->leap_s,
    };
}

struct sg_wire_request
sg_wire_step(const struct sg_clock_step *step)
{
    return (struct sg_wire_request){
        .kind = SG_WIRE_STEP,
        .flags = (step->starting ? SG_WIRE_STARTING : 0u) |
                 (step->strong ? SG_WIRE_STRONG : 0u),
        .offset_s = step->offset_s,
    };
}

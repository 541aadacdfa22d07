/*
 * What comes in on the clock service's socket, and out of it: refused with a
 * reason, or numbers within the layout and a text that ends.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_request(const uint8_t *data, size_t size)
{
    const struct sg_raw now = {INT64_C(1000) * 1000000000};
    struct sg_wire_request request;
    struct sg_clock_course course;
    struct sg_err err = {""};

    if (sg_wire_take_request(data, size, now, &request, &err) < 0) {
        if (!err.text[0])
            abort();
        return;
    }
    course = sg_wire_course(&request);
    if (request.kind < SG_WIRE_READ || request.kind > SG_WIRE_STEP ||
        !isfinite(request.offset_s) || !isfinite(course.base_ppm) ||
        !isfinite(course.slew_ppm) || !(course.duration_s >= 0) ||
        abs(course.leap_s) > 1)
        abort();
}

static void
check_reply(const uint8_t *data, size_t size)
{
    struct sg_wire_reply reply;
    struct sg_err err = {""};

    if (sg_wire_take_reply(data, size, &reply, &err) < 0) {
        if (!err.text[0])
            abort();
        return;
    }
    if (reply.code > 0 || !(reply.max_ppm >= 0) || !(reply.fast_s >= 0) ||
        !memchr(reply.text, '\0', sizeof reply.text))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_request(data, size);
    check_reply(data, size);
    return 0;
}

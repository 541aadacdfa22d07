#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hostclock.h"
#include "clockd/service_private.h"

/* There may be many fast slews, and a disk is not to be worn out by them. */
#define SAVE_SLEWS_S 60.0

void
sg_answer_make(const struct sg_service *service, int code, const char *why,
               struct sg_wire_reply *ret)
{
    const struct sg_clock *clock = service->clock;

    memset(ret, 0, sizeof *ret);
    ret->version = SG_WIRE_VERSION;
    ret->code = code;
    ret->max_ppm = clock->max_ppm;
    ret->fast_ppm = clock->fast_ppm;
    ret->fast_s = clock->fast_s;
    /* without the slew under way, which is over in a moment */
    ret->frequency_ppm = service->course.base_ppm;
    snprintf(ret->text, sizeof ret->text, "%s", why);
}

static int
answer_read(struct sg_service *service, const struct sg_wire_request *request,
            struct sg_err *err)
{
    struct sg_clock *clock = service->clock;

    if (request->flags & SG_WIRE_FORGIVE) {
        /* what he left the clock at is what it runs at */
        double ppm = service->course.base_ppm;
        struct sg_reading now = sg_service_look(service);

        if (clock->ops->check(clock, NULL) == -EBUSY) {
            sg_service_leave_course(service, now.raw);
            clock->ops->frequency(clock, &ppm);
            service->course = (struct sg_clock_course){.base_ppm = ppm};
            sg_warden_steered(&service->warden, &now, &service->course);
        }
        clock->ops->forgive(clock);
    }
    return clock->ops->check(clock, err);
}

/* The account as it was, if what it was charged for did not come about. */
static void
take_back(struct sg_service *service, const struct sg_warden *before)
{
    service->warden.guard = before->guard;
    service->warden.start_left = before->start_left;
}

/* The disk may take its time, but not before the answer. */
static void
save_within(struct sg_service *service, struct sg_raw now, double wait_s)
{
    struct sg_raw due = sg_raw_add(now, wait_s);

    if (sg_raw_diff(service->save, due) > 0)
        service->save = due;
}

/* An earlier one than before: that was wrong, and must not come back at the
 * next boot. */
static void
note_synced(struct sg_service *service, const struct sg_reading *now)
{
    if (sg_wall_diff(now->wall, service->synced) < 0)
        save_within(service, now->raw, 0);
    service->synced = now->wall;
}

static int
answer_slew(struct sg_service *service, const struct sg_wire_request *request,
            struct sg_err *err)
{
    const struct sg_clock_course was = service->course;
    const struct sg_clock_course course = sg_wire_course(request);
    struct sg_reading now = sg_service_look(service);
    const struct sg_warden before = service->warden;
    int code = sg_warden_take_course(&service->warden, &now, &course,
                                     service->clock->max_ppm, err);
    bool counts = code > 0;

    if (counts)
        code = sg_service_keep(service, false, err);
    if (code == 0)
        code = sg_service_steer(service, &course, err);
    if (code < 0) {
        take_back(service, &before);
        return code;
    }
    if (course.synced)
        note_synced(service, &now);
    if (counts)
        save_within(service, now.raw,
                    before.start_left && course.synced ? 0 : SAVE_SLEWS_S);
    sg_tell_course(&service->tell, now.raw, &was, &course,
                   service->clock->max_ppm);
    return 0;
}

static void
describe_account(struct sg_service *service, struct sg_raw now, char *ret,
                 size_t size)
{
    struct sg_guard *guard = &service->warden.guard;
    double moved_s = sg_guard_moved_s(guard, now);

    snprintf(ret, size, "of 24 h: %d of %d steps, %.1f of %.0f s", guard->n,
             guard->limits.day_steps, moved_s, guard->limits.day_s);
}

static int
answer_step(struct sg_service *service, const struct sg_wire_request *request,
            struct sg_err *err)
{
    struct sg_clock_step step = {
        .offset_s = request->offset_s,
        .starting = request->flags & SG_WIRE_STARTING,
        .strong = request->flags & SG_WIRE_STRONG,
    };
    struct sg_reading now = sg_service_look(service), after;
    const struct sg_warden before = service->warden;
    char account[128];
    int code = sg_warden_take_step(&service->warden, &now, &step, err);

    if (code > 0)
        code = sg_service_keep(service, false, err);
    if (code == 0)
        code = service->clock->ops->step(service->clock, &step, err);
    if (code < 0) {
        take_back(service, &before);
        return code;
    }
    after = sg_host_reading();
    sg_warden_stepped(&service->warden, &after);
    /* it was later than it is: nothing to bring a clock forward to */
    if (sg_wall_diff(service->synced, after.wall) > 0)
        service->synced = after.wall;
    /* it tells of our own step, too */
    service->clock->ops->rearm(service->clock);
    step.starting = step.starting && before.start_left;
    describe_account(service, after.raw, account, sizeof account);
    sg_tell_step(&now, &after, &step, account);
    save_within(service, after.raw, 0);
    return 0;
}

bool
sg_answer(struct sg_service *service, const void *bytes, size_t len,
          struct sg_wire_reply *ret)
{
    struct sg_raw now = sg_host_raw();
    struct sg_wire_request request;
    struct sg_err err = {""};
    int code = sg_wire_take_request(bytes, len, now, &request, &err);
    bool is_ours = code == 0 || code == -ESTALE;

    if (code == 0 && request.kind == SG_WIRE_READ)
        code = answer_read(service, &request, &err);
    else if (code == 0 && request.kind == SG_WIRE_SLEW)
        code = answer_slew(service, &request, &err);
    else if (code == 0)
        code = answer_step(service, &request, &err);
    if (code < 0 && code != -EBUSY)
        sg_tell_refusal(&service->refusals, now, code, err.text);
    sg_answer_make(service, code, err.text, ret);
    return is_ours;
}

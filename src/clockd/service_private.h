/*
 * What the parts of the clock service share: service.c waits,
 * client.c listens, answer.c does what it is asked, keep.c remembers.
 */
#ifndef SG_CLOCKD_SERVICE_PRIVATE_H
#define SG_CLOCKD_SERVICE_PRIVATE_H

#include <stdbool.h>

#include "clock/clock.h"
#include "clock/wire.h"
#include "clockd/account.h"
#include "clockd/service.h"
#include "clockd/tell.h"
#include "clockd/warden.h"

struct sg_service {
    struct sg_service_setup setup;
    char here[SG_SERVICE_PATH_MAX + 16];  /* the account of this boot ... */
    char there[SG_SERVICE_PATH_MAX + 16]; /* ... and for the next one */
    int lock_fd, listen_fd;
    int client_fd; /* -1: none */
    pid_t client_pid;
    struct sg_raw deaf_until; /* nobody is let in before */
    struct sg_clock *clock;
    struct sg_clock_course course; /* in force */
    struct sg_raw slew_end;        /* if course.duration_s > 0 */
    struct sg_warden warden;
    char boot[SG_BOOT_MAX];
    struct sg_wall synced; /* the last time that the clock was called right */
    struct sg_raw save;    /* when the account is due for the disk */
    bool keeps_failing;    /* that it cannot be written was said */
    struct sg_tell tell;
    struct sg_refusals refusals, strangers;
};

/* Raw and wall clock now, what somebody else did to the latter being noticed.
 */
struct sg_reading sg_service_look(struct sg_service *service);

/* The course in force ends now, or has ended. */
void sg_service_leave_course(struct sg_service *service, struct sg_raw now);

/* Put a course into force. */
int sg_service_steer(struct sg_service *service,
                     const struct sg_clock_course *course, struct sg_err *err);

/* ---- client.c ---- */

/* Whoever waits to be let in: one client, nobody else. */
void sg_service_accept(struct sg_service *service);

/* Its next request. */
void sg_service_serve(struct sg_service *service);

void sg_service_hang_up(struct sg_service *service);

/* ---- keep.c ---- */

/* Take over the account of an earlier run.  True: this boot has had none. */
bool sg_service_remember(struct sg_service *service);

/* Keep the account; durable: for the next boot, too.  a negative
 * errno if the copy of this boot was not written. */
int sg_service_keep(struct sg_service *service, bool durable,
                    struct sg_err *err);

/* ---- answer.c ---- */

/* Do what a message asks for, and say how it went.  False: hang up, that is no
 * client of ours. */
bool sg_answer(struct sg_service *service, const void *bytes, size_t len,
               struct sg_wire_reply *ret);

/* A reply that says no more than this. */
void sg_answer_make(const struct sg_service *service, int code, const char *why,
                    struct sg_wire_reply *ret);

#endif

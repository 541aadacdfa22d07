/*
 * Bank: what one source's round trips say of its clock and ours.
 *
 * How an oscillator wanders and how sharp the shortest delay of a path is are
 * not known beforehand and change.  So tracks run side by side, one for each
 * assumption, and each counts as much as it foretold the measurements that
 * came (interacting multiple models: Blom and Bar-Shalom 1988).  One of them
 * expects anything of the oscillator, so that a change of temperature or a
 * virtual machine that moved house is followed at once and not averaged away.
 *
 * Pure: reads no clock, does no I/O.
 */
#ifndef SG_CORE_BANK_H
#define SG_CORE_BANK_H

#include <stdbool.h>

#include "core/track.h"

#define SG_BANK_TRACKS 13

/* One round trip; t_s and the origin of offsets are the caller's. */
struct sg_trip {
    double t_s;
    double offset_s; /* as if it took as long there as back */
    double delay_s;  /* > 0 */
};

struct sg_bank {
    int trips;
    double t_s;
    double wait_s[2]; /* typical, there and back */
    double recent_s;  /* of both together, lately */
    struct sg_track tracks[SG_BANK_TRACKS];
    double weights[SG_BANK_TRACKS]; /* their sum is 1 */
    struct sg_track mixed;          /* of all tracks */
    int late;                       /* in a row that waited both ways ... */
    double least_late_s;            /* ... so long at least */
};

/* At one instant. */
struct sg_bank_view {
    double offset_s, rate; /* as in a track */
    double offset_sd_s, rate_sd;
    double wander; /* of the rate, per square root of a second, as learned */
};

/* Begin with the first trip, and what is known of the rate beforehand. */
void sg_bank_start(struct sg_bank *bank, const struct sg_trip *trip,
                   double rate, double rate_sd);

/* A later one.  Returns whether the oscillator seems to have done something
 * that it never did before. */
bool sg_bank_add(struct sg_bank *bank, const struct sg_trip *trip);

/* Moved on (or back) to t_s. */
void sg_bank_look(const struct sg_bank *bank, double t_s,
                  struct sg_bank_view *ret);

#endif

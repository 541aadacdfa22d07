/*
 * Track: a Kalman filter that follows one source under one assumption of how
 * the local oscillator wanders.
 *
 * A question and its answer are two measurements, one each way:
 *
 *     there = receive - originate    =  offset + least + wait
 *     back  = destination - transmit = -offset + least + wait
 *
 * where least is the shortest time a packet takes one way and no wait is
 * negative, most are short and some are long.  So a measurement is no point
 * with a scatter around it but an edge with a tail behind it: the sum of
 * offset and least lies below it, probably by little.  That is what a
 * sample's own delay tells, used to the full: a packet that did not wait pins
 * the offset down to its own precision, however widely the others scatter,
 * and one that waited long says next to nothing.
 *
 * A normal distribution cut off at such an edge is no normal distribution any
 * more; its mean and variance are taken for the next step (assumed density
 * filtering; the moments of the cut are those of Simon and Simon,
 * "Constrained Kalman filtering via density function truncation", 2010).
 *
 * Pure: reads no clock, does no I/O.
 */
#ifndef SG_CORE_TRACK_H
#define SG_CORE_TRACK_H

enum sg_track_state {
    SG_TRACK_OFFSET_S, /* reference - local, from an origin of the caller's */
    SG_TRACK_RATE,     /* of that, seconds per second */
    SG_TRACK_LEAST_S,  /* shortest time one way */
    SG_TRACK_STATES
};

struct sg_track {
    double mean[SG_TRACK_STATES];
    double cov[SG_TRACK_STATES][SG_TRACK_STATES];
};

enum sg_track_way { SG_TRACK_THERE = 1, SG_TRACK_BACK = -1 };

/* One way of one exchange. */
struct sg_track_edge {
    enum sg_track_way way;
    double measured_s;
    double wait_s; /* typical wait, > 0 */
    double blur_s; /* how sharp the edge is, > 0 */
};

/* span_s >= 0 passes.  wander: random walk of the rate, per square root of a
 * second. */
void sg_track_pass(struct sg_track *track, double span_s, double wander);

/*
 * Take in one measurement.  Returns the logarithm of how likely it was, to be
 * compared with what other tracks give the same one.
 */
double sg_track_add(struct sg_track *track, const struct sg_track_edge *edge);

/* How long this packet seems to have waited; negative: the track knew less
 * than it thought. */
double sg_track_wait_s(const struct sg_track *track,
                       const struct sg_track_edge *edge);

/* Become the mixture of both: the share frac of other, the rest of track. */
void sg_track_mix(struct sg_track *track, const struct sg_track *other,
                  double frac);

#endif

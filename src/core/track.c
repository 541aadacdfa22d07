#include "core/track.h"

#include <math.h>

#define OFFSET SG_TRACK_OFFSET_S
#define RATE SG_TRACK_RATE
#define LEAST SG_TRACK_LEAST_S

/*
 * Waits have a tail longer than exponential: queues come and go.  The density
 * falls as (1 + wait / (TAIL * typical))^-(TAIL + 1), so that a packet that
 * waited long pulls at nothing.
 */
#define TAIL 6.0

/* Beyond so many deviations the error function is replaced by its asymptotic
 * series: Abramowitz and Stegun 7.1.23. */
#define FAR (-25.0)
/* Beyond so many nothing is cut off. */
#define CLEAR 7.0

/* An edge never makes a track quite certain ... */
#define NARROW_MOST (1 - 1e-6)
/* ... and rounding no deviation less than this (of seconds, or of a rate). */
#define LEAST_SD 1e-12

void
sg_track_pass(struct sg_track *track, double span_s, double wander)
{
    double(*p)[SG_TRACK_STATES] = track->cov;
    double q = wander * wander;

    track->mean[OFFSET] += track->mean[RATE] * span_s;
    p[OFFSET][OFFSET] += span_s * (2 * p[OFFSET][RATE] +
                                   span_s * (p[RATE][RATE] + q * span_s / 3));
    p[OFFSET][RATE] += span_s * (p[RATE][RATE] + q * span_s / 2);
    p[OFFSET][LEAST] += span_s * p[RATE][LEAST];
    p[RATE][RATE] += q * span_s;
    p[RATE][OFFSET] = p[OFFSET][RATE];
    p[LEAST][OFFSET] = p[OFFSET][LEAST];
}

double
sg_track_wait_s(const struct sg_track *track, const struct sg_track_edge *edge)
{
    return edge->measured_s - (double)edge->way * track->mean[OFFSET] -
           track->mean[LEAST];
}

/* The normal distribution to the left of x, in units of its deviation. */
struct cut {
    double log_share; /* logarithm of what is left of it */
    double shift;     /* its mean moves left by so much */
    double narrowing; /* its variance shrinks by this share */
};

static struct cut
cut_at(double x)
{
    struct cut cut = {0, 0, 0};
    double share;

    if (x > CLEAR)
        return cut;
    if (x < FAR) {
        cut.log_share = -x * x / 2 - log(-x * sqrt(2 * M_PI));
        cut.shift = -x - 1 / x;
        cut.narrowing = 1 - 1 / (x * x);
        return cut;
    }
    share = 0.5 * erfc(-x * M_SQRT1_2);
    cut.log_share = log(share);
    cut.shift = exp(-x * x / 2) / (sqrt(2 * M_PI) * share);
    cut.narrowing = cut.shift * (cut.shift + x);
    return cut;
}

/* What is left of a covariance after much cutting is still to be one. */
static void
tidy(struct sg_track *track)
{
    double(*p)[SG_TRACK_STATES] = track->cov;

    for (int i = 0; i < SG_TRACK_STATES; i++)
        p[i][i] = fmax(p[i][i], LEAST_SD * LEAST_SD);
    for (int i = 0; i < SG_TRACK_STATES; i++)
        for (int j = 0; j < i; j++) {
            double most = sqrt(p[i][i] * p[j][j]);

            p[i][j] = p[j][i] = fmin(fmax(p[i][j], -most), most);
        }
}

double
sg_track_add(struct sg_track *track, const struct sg_track_edge *edge)
{
    double wait_s = sg_track_wait_s(track, edge);
    double waited_s = fmax(wait_s, 0);
    /* the tail is taken for exponential around where the wait seems to be */
    double slope = (TAIL + 1) / (TAIL * edge->wait_s + waited_s);
    double gain[SG_TRACK_STATES], way = (double)edge->way, var, sd, pull,
                                  shrink;
    struct cut cut;

    for (int i = 0; i < SG_TRACK_STATES; i++)
        gain[i] = way * track->cov[i][OFFSET] + track->cov[i][LEAST];
    var =
        fmax(way * gain[OFFSET] + gain[LEAST], 0) + edge->blur_s * edge->blur_s;
    sd = sqrt(var);
    /* an exponential tail moves a normal distribution as a whole ... */
    cut = cut_at((wait_s - var * slope) / sd);
    /* ... and the edge cuts it */
    pull = slope - cut.shift / sd;
    shrink = fmin(fmax(cut.narrowing, 0), NARROW_MOST) / var;
    for (int i = 0; i < SG_TRACK_STATES; i++) {
        track->mean[i] += gain[i] * pull;
        for (int j = 0; j < SG_TRACK_STATES; j++)
            track->cov[i][j] -= gain[i] * gain[j] * shrink;
    }
    tidy(track);
    return -log(edge->wait_s) -
           (TAIL + 1) * log1p(waited_s / (TAIL * edge->wait_s)) -
           slope * (wait_s - waited_s) + var * slope * slope / 2 +
           cut.log_share;
}

void
sg_track_mix(struct sg_track *track, const struct sg_track *other, double frac)
{
    double apart[SG_TRACK_STATES];

    for (int i = 0; i < SG_TRACK_STATES; i++)
        apart[i] = other->mean[i] - track->mean[i];
    for (int i = 0; i < SG_TRACK_STATES; i++) {
        for (int j = 0; j < SG_TRACK_STATES; j++)
            track->cov[i][j] += frac * (other->cov[i][j] - track->cov[i][j] +
                                        (1 - frac) * apart[i] * apart[j]);
        track->mean[i] += frac * apart[i];
    }
}

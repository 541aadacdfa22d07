#include "core/bank.h"

#include <math.h>
#include <string.h>

/*
 * Random walk of an oscillator's frequency, per square root of a second, from
 * an oven to a laptop beside a heater.  The steps are such that the truth
 * between two of them costs a twentieth.
 */
static const double wanders[] = {1e-10, 3e-10, 1e-9, 3e-9, 1e-8, 3e-8};
#define N_WANDERS 6

/* Share of the typical wait over which the edge is blurred: packets that
 * nothing holds up, or several queues in a row. */
static const double blurs[] = {0, 0.2};
#define N_BLURS 2

/* The track that expects anything of the oscillator, and how little that is
 * believed as long as nothing speaks for it. */
#define SHOCK (N_WANDERS * N_BLURS)
#define SHOCK_WANDER 1e-5
#define SHOCK_BELIEF 0.01
/* A path that is hardly known surprises by itself.  So until then this track
 * stands for another doubt: that what was known of the rate beforehand, from
 * an earlier run perhaps, is wrong. */
#define SHOCK_AFTER 8
#define FIRST_RATE_SD 1e-4

_Static_assert(SG_BANK_TRACKS == SHOCK + 1, "a track for each assumption");

/* Between two measurements what is the case changes so probably; 200 of them
 * are the memory for what was learned. */
#define CHANGE 0.005

/* Time stamps are no better than this. */
#define STAMP_S 1e-7

/* What a first trip tells of its path: roughly how its delay is made up. */
#define FIRST_LEAST 0.4
#define FIRST_LEAST_SD 0.25
#define FIRST_WAIT 0.1

/* Typical waits are learned from about so many packets; one that waited longer
 * than twice the usual counts as twice (0.8647 is what that leaves of the mean
 * of an exponential distribution). */
#define WAIT_MEMORY 128
#define RECENT_MEMORY 24
#define CALMER 0.5
#define WAIT_CAP 2.0
#define WAIT_CAP_MEAN 0.8647

/* So many packets in a row that waited long both ways took another path: it
 * happens by chance once in 1e13. */
#define LATE_ENOUGH 8
#define LATE_WAITS 2.0
#define EARLY_SDS 6.0

static double
belief(int track)
{
    return (track == SHOCK ? SHOCK_BELIEF : 1) / (SHOCK + SHOCK_BELIEF);
}

static double
wander_of(const struct sg_bank *bank, int track)
{
    if (track == SHOCK)
        return bank->trips > SHOCK_AFTER ? SHOCK_WANDER : 0;
    return wanders[track / N_BLURS];
}

static double
blur_of(int track)
{
    return blurs[track % N_BLURS];
}

/* Mean and variance of the mixture. */
static void
mix_all(struct sg_bank *bank)
{
    double sum = 0;

    for (int i = 0; i < SG_BANK_TRACKS; i++) {
        if (bank->weights[i] == 0)
            continue;
        sum += bank->weights[i];
        if (sum == bank->weights[i])
            bank->mixed = bank->tracks[i];
        else
            sg_track_mix(&bank->mixed, &bank->tracks[i],
                         bank->weights[i] / sum);
    }
}

void
sg_bank_start(struct sg_bank *bank, const struct sg_trip *trip, double rate,
              double rate_sd)
{
    double delay_s = trip->delay_s;
    struct sg_track first = {
        .mean = {trip->offset_s, rate, FIRST_LEAST * delay_s},
    };

    first.cov[SG_TRACK_OFFSET_S][SG_TRACK_OFFSET_S] = delay_s * delay_s / 4;
    first.cov[SG_TRACK_RATE][SG_TRACK_RATE] = rate_sd * rate_sd;
    first.cov[SG_TRACK_LEAST_S][SG_TRACK_LEAST_S] =
        pow(FIRST_LEAST_SD * delay_s, 2);
    *bank = (struct sg_bank){
        .trips = 1,
        .t_s = trip->t_s,
        .wait_s = {FIRST_WAIT * delay_s, FIRST_WAIT * delay_s},
        .recent_s = 2 * FIRST_WAIT * delay_s,
        .mixed = first,
    };
    for (int i = 0; i < SG_BANK_TRACKS; i++) {
        bank->tracks[i] = first;
        bank->weights[i] = belief(i);
    }
    bank->tracks[SHOCK].cov[SG_TRACK_RATE][SG_TRACK_RATE] +=
        FIRST_RATE_SD * FIRST_RATE_SD;
}

/* Anything may have changed since the last measurement: each track begins with
 * a little of what all of them together know. */
static void
allow_change(struct sg_bank *bank)
{
    for (int i = 0; i < SG_BANK_TRACKS; i++) {
        bool begins = i == SHOCK && bank->trips > SHOCK_AFTER;
        double stays = begins ? 0 : (1 - CHANGE) * bank->weights[i];
        double comes = CHANGE * belief(i);

        sg_track_mix(&bank->tracks[i], &bank->mixed, comes / (stays + comes));
        bank->weights[i] = stays + comes;
    }
}

static void
make_edges(const struct sg_bank *bank, const struct sg_trip *trip,
           struct sg_track_edge ret[2])
{
    ret[0] = (struct sg_track_edge){
        .way = SG_TRACK_THERE,
        .measured_s = trip->delay_s / 2 + trip->offset_s,
        .wait_s = bank->wait_s[0],
        .blur_s = STAMP_S,
    };
    ret[1] = (struct sg_track_edge){
        .way = SG_TRACK_BACK,
        .measured_s = trip->delay_s / 2 - trip->offset_s,
        .wait_s = bank->wait_s[1],
        .blur_s = STAMP_S,
    };
}

/* Another path: its shortest delay differs by about so much, both ways alike.
 */
static void
change_path(struct sg_bank *bank, double longer_s)
{
    for (int i = 0; i < SG_BANK_TRACKS; i++) {
        struct sg_track *track = &bank->tracks[i];

        track->mean[SG_TRACK_LEAST_S] += longer_s;
        track->cov[SG_TRACK_LEAST_S][SG_TRACK_LEAST_S] +=
            longer_s * longer_s / 4;
    }
    bank->late = 0;
}

/*
 * A round trip shorter than the path allows needs no second look.  A path that
 * became longer one way cannot be told from a queue, and is treated like one.
 */
static void
notice_path(struct sg_bank *bank, const struct sg_track_edge edges[2])
{
    double there_s = sg_track_wait_s(&bank->mixed, &edges[0]);
    double back_s = sg_track_wait_s(&bank->mixed, &edges[1]);
    double late_s = fmin(there_s, back_s), early_s = -(there_s + back_s) / 2;
    double sure_s = sqrt(bank->mixed.cov[SG_TRACK_LEAST_S][SG_TRACK_LEAST_S]);

    if (early_s > EARLY_SDS * sure_s + STAMP_S) {
        change_path(bank, -early_s);
        return;
    }
    if (there_s < LATE_WAITS * bank->wait_s[0] ||
        back_s < LATE_WAITS * bank->wait_s[1]) {
        bank->late = 0;
        return;
    }
    if (bank->late == 0 || late_s < bank->least_late_s)
        bank->least_late_s = late_s;
    if (++bank->late == LATE_ENOUGH)
        change_path(bank, bank->least_late_s);
}

/* Each track takes the measurement in; their weights follow how likely it was
 * to each. */
static void
weigh(struct sg_bank *bank, const struct sg_track_edge edges[2])
{
    double likely[SG_BANK_TRACKS], most = -INFINITY, sum = 0;
    int first = bank->trips % 2; /* none of both ways comes first always */

    for (int i = 0; i < SG_BANK_TRACKS; i++) {
        likely[i] = 0;
        for (int k = 0; k < 2; k++) {
            struct sg_track_edge edge = edges[first ^ k];

            edge.blur_s = hypot(edge.blur_s, blur_of(i) * edge.wait_s);
            likely[i] += sg_track_add(&bank->tracks[i], &edge);
        }
        most = fmax(most, likely[i]);
    }
    for (int i = 0; i < SG_BANK_TRACKS; i++) {
        bank->weights[i] *= exp(likely[i] - most);
        sum += bank->weights[i];
    }
    for (int i = 0; i < SG_BANK_TRACKS; i++)
        bank->weights[i] /= sum;
}

/* Few packets tell that a path became calm, by what both ways waited together,
 * whatever the offset: a start in the rush hour is soon forgotten. */
static void
notice_calm(struct sg_bank *bank, double both_s, double few)
{
    double usual_s = bank->wait_s[0] + bank->wait_s[1];

    both_s = fmin(both_s, WAIT_CAP * usual_s);
    bank->recent_s +=
        fmax(1.0 / RECENT_MEMORY, few) * (both_s - bank->recent_s);
    if (bank->recent_s > CALMER * usual_s)
        return;
    for (int i = 0; i < 2; i++)
        bank->wait_s[i] *= bank->recent_s / usual_s;
}

static void
learn_waits(struct sg_bank *bank, const struct sg_track_edge edges[2])
{
    double few = 1.0 / bank->trips, both_s = 0;

    for (int i = 0; i < 2; i++) {
        double wait_s = fmax(sg_track_wait_s(&bank->mixed, &edges[i]), 0);
        double *usual_s = &bank->wait_s[i];

        both_s += wait_s;
        wait_s = fmin(wait_s, WAIT_CAP * *usual_s) / WAIT_CAP_MEAN;
        *usual_s += fmax(1.0 / WAIT_MEMORY, few) * (wait_s - *usual_s);
    }
    notice_calm(bank, both_s, few);
    for (int i = 0; i < 2; i++)
        bank->wait_s[i] = fmax(bank->wait_s[i], STAMP_S);
}

/* The truth is nowhere else than within half a round trip of what the trip
 * says; tracks that are elsewhere, or nowhere, are lost. */
static bool
is_lost(const struct sg_bank *bank, const struct sg_trip *trip)
{
    double off_s = bank->mixed.mean[SG_TRACK_OFFSET_S] - trip->offset_s;

    return !(fabs(off_s) <= trip->delay_s) ||
           !isfinite(bank->mixed.mean[SG_TRACK_RATE]);
}

bool
sg_bank_add(struct sg_bank *bank, const struct sg_trip *trip)
{
    double span_s = fmax(trip->t_s - bank->t_s, 0);
    struct sg_track_edge edges[2];

    bank->trips++;
    bank->t_s += span_s;
    allow_change(bank);
    for (int i = 0; i < SG_BANK_TRACKS; i++)
        sg_track_pass(&bank->tracks[i], span_s, wander_of(bank, i));
    sg_track_pass(&bank->mixed, span_s, 0);
    make_edges(bank, trip, edges);
    notice_path(bank, edges);
    weigh(bank, edges);
    mix_all(bank);
    if (is_lost(bank, trip)) {
        sg_bank_start(bank, trip, 0, FIRST_RATE_SD);
        return true;
    }
    learn_waits(bank, edges);
    return bank->trips > SHOCK_AFTER && bank->weights[SHOCK] > 0.5;
}

void
sg_bank_look(const struct sg_bank *bank, double t_s, struct sg_bank_view *ret)
{
    struct sg_track track = bank->mixed;
    double walk = 0, sum = 0;

    /* a shock passes: it says nothing of how things go on */
    for (int i = 0; i < SHOCK; i++) {
        walk += bank->weights[i] * wander_of(bank, i);
        sum += bank->weights[i];
    }
    ret->wander = sum > 0 ? walk / sum : wanders[N_WANDERS - 1];
    sg_track_pass(&track, t_s - bank->t_s, ret->wander);
    ret->offset_s = track.mean[SG_TRACK_OFFSET_S];
    ret->rate = track.mean[SG_TRACK_RATE];
    ret->offset_sd_s =
        sqrt(fmax(track.cov[SG_TRACK_OFFSET_S][SG_TRACK_OFFSET_S], 0));
    ret->rate_sd = sqrt(fmax(track.cov[SG_TRACK_RATE][SG_TRACK_RATE], 0));
}

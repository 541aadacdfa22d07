/*
 * The engine's state, shared by the files that make it up: engine.c (what
 * comes in), engine_sources.c (what answers make of sources), evaluate.c (from
 * samples to decision), engine_realms.c (what it means for each realm),
 * engine_unsteady.c (whose answers contradict each other), engine_ask.c (when
 * to ask), engine_proof.c (the host's key), engine_leap.c (leap seconds),
 * engine_adopt.c (reload), engine_status.c (what is shown).
 */
#ifndef SG_CORE_ENGINE_PRIVATE_H
#define SG_CORE_ENGINE_PRIVATE_H

#include "core/engine.h"
#include "core/filter.h"
#include "core/leap.h"
#include "core/local.h"
#include "core/turn.h"

/* Questions that close a KDC's interval, even a busy one's. */
#define SG_KDC_BURST 9

/* What a guess at a clock's rate is worth when nothing was learned. */
#define SG_UNKNOWN_SD_PPM 100.0

/* So many answers in a row that contradict all before them and each other say
 * nothing at all. */
#define SG_SPIKES_MAX 4

struct source {
    struct sg_engine_source about;
    char address[SG_ADDRESS_MAX];
    int port;
    bool tcp;
    int host; /* the first source on the same host stands for the host */
    struct sg_filter *filter;
    struct sg_estimate estimate; /* as of its last sample */
    struct sg_poll poll;
    unsigned reach;
    unsigned asked, answered;
    bool is_key_new;    /* keytab: the file was replaced since it was asked */
    bool is_wanted;     /* something happened: ask it once, soon */
    bool is_hurried;    /* and that is planned */
    bool is_planned;    /* its next question is ... */
    struct sg_raw due;  /* ... for then ... */
    bool is_late;       /* ... which is later than it would be now */
    struct sg_raw turn; /* its own, where siblings take turns */
    bool is_burst_due;  /* a question of its burst is planned or asked */
    struct sg_outcome last; /* of the last attempt */
    struct sg_raw last_good;
    struct sg_raw last_failed;
    bool is_failing;       /* the last attempts failed ... */
    struct sg_raw failing; /* ... since then */
    enum sg_tally tally;
    char reason[SG_REASON_MAX];
    int spikes;             /* in a row */
    bool is_alone;          /* KDC: it answers, and no NTP server on its host */
    bool is_near;           /* a threshold; and nothing shows it better */
    bool was_unsteady;      /* they contradicted each other, too, ... */
    struct sg_raw unsteady; /* ... then, last */
    bool has_moved;         /* its clock seemed to be set ... */
    struct sg_raw moved;    /* ... then, last ... */
    double moved_s;         /* ... and by so much in all */
    bool was_shaken;      /* a sample contradicted it or came unforeseen ... */
    struct sg_raw shaken; /* ... then, last */
    int surprises;        /* that were allowed to bother anybody ... */
    struct sg_raw surprised; /* ... since the first of them */
    int plans;               /* made in this burst */
    int n_turns; /* instants planned around the turn of a KDC's second */
    struct sg_raw turns[SG_TURN_MAX];
    enum sg_leap leap; /* what its last answers announce ... */
    int leap_answers;  /* ... so many of them */
    bool smears;       /* it differs from the others near a leap second */
};

struct realm {
    char name[SG_NAME_MAX];
    double clockskew_s;
    bool limit_overrides;
    enum sg_state state;
    struct sg_kdc_clock clock; /* of its worst KDC */
    int worst;                 /* its source; -1: none yet */
    bool measured;             /* clock is of a KDC that answers now */
    struct sg_raw last_good;
    double rate_ppm;
    double time_to_limit_s;
    char forecast[SG_REASON_MAX];
    enum sg_blame blame;
    char reason[SG_REASON_MAX];
    bool is_unproven; /* they say that the state is not ok, and prove nothing */
    bool is_pending;  /* another state is to be announced ... */
    enum sg_state pending;
    struct sg_raw pending_since; /* ... once a KDC has confirmed it */
    bool is_key_known;           /* it was looked for ... */
    bool has_key;                /* ... and is there; ... */
    char no_key[SG_REASON_MAX];  /* ... or this is why not */
    enum sg_auth auth;
    char auth_reason[SG_REASON_MAX];
    struct sg_raw turns[SG_KIND_COUNT]; /* the last one that is taken */
    int hurries; /* its KDCs were asked with the key out of turn so often ... */
    struct sg_raw hurried; /* ... since the first of them */
};

struct sg_engine {
    struct sg_engine_config config;
    struct sg_discipline discipline;
    struct sg_local local;
    int n_realms, n_sources;
    struct realm realms[SG_MAX_REALMS];
    struct source *sources[SG_MAX_SOURCES];
    struct sg_candidate candidates[SG_MAX_SOURCES];
    struct sg_candidate newest[SG_MAX_SOURCES]; /* for realms, see below */
    struct sg_consensus consensus;
    struct sg_model model; /* what the clock follows */
    bool started;
    struct sg_raw start;      /* or resume */
    bool ready;               /* enough was heard since then to judge */
    struct sg_raw looked;     /* at everything, last */
    bool is_somebody_waiting; /* an answer has come since */
    bool has_ntp;             /* some NTP server answers */
    bool is_proof_alone;      /* it is all that is believed */
    bool synced;
    bool driver_refuses;          /* what we last asked of the clock */
    bool awaits_proof;            /* a step does ... */
    struct sg_raw awaiting_proof; /* ... since then */
    double undo_s;                /* would take back foreign steps */
    struct sg_raw settling;       /* samples since then may show the rate */
    bool rate_learned;            /* from this run's own samples: */
    double reference_ppm;         /* references run so against the raw clock */
    struct sg_raw reference_at;   /* when it was learned last */
    double frequency_sd_ppm;
    char decision[SG_REASON_MAX];
    double last_step_s, last_foreign_s;
    struct sg_raw last_step_at, last_foreign_at;
    unsigned steps, foreign_steps;
    struct sg_leap_state leap;
    int leap_told_s; /* what the driver was told of it last */
};

/*
 * Weigh everything known at this reading and decide.  fresh: there is new
 * evidence (a sample, a step), so the clock's course may be changed.
 */
void sg_engine_evaluate(struct sg_engine *engine,
                        const struct sg_reading *reading, bool fresh,
                        struct sg_decision *ret);

/* Budget, forecast and verdict of each realm; says what changed. */
void sg_engine_judge_realms(struct sg_engine *engine,
                            const struct sg_reading *reading,
                            struct sg_decision *ret);

void sg_engine_event(struct sg_decision *decision, enum sg_event_kind kind,
                     enum sg_state state, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Has every source said what a short look can get out of it, or been asked in
 * vain? */
bool sg_engine_is_heard(const struct sg_engine *engine);

/* Take in a sample of a source; ret may be told to ask again. */
void sg_engine_note_answer(struct sg_engine *engine, int index,
                           const struct sg_outcome *outcome,
                           struct sg_decision *ret);

/* A source could not be asked, or its answer was of no use. */
void sg_engine_note_failure(struct sg_engine *engine, int index,
                            struct sg_raw now);

/* Make of all candidates a consensus, with less trust near a leap second in
 * those who do not announce it. */
void sg_engine_combine(struct sg_engine *engine, struct sg_raw now, int follow);

/* An answer announces a leap second, or none. */
void sg_engine_note_leap(struct source *source, const struct sg_sample *sample);

/* After sg_engine_combine: is one to be expected? */
void sg_engine_weigh_leap(struct sg_engine *engine,
                          const struct sg_reading *reading,
                          struct sg_decision *ret);

/* What the driver should know of it now, see sg_clock_course. */
int sg_engine_leap_s(const struct sg_engine *engine,
                     const struct sg_reading *reading);

/*
 * The wall clock jumped by jump_s in the last span_s, or did not: was that the
 * leap?  Moves what is known of references to their time after it when they
 * have made it.
 */
bool sg_engine_pass_leap(struct sg_engine *engine,
                         const struct sg_reading *reading, double span_s,
                         double jump_s, struct sg_decision *ret);

/* Add to the decision that the clock is off because it made no leap. */
void sg_engine_add_missed_leap(struct sg_engine *engine,
                               const struct sg_reading *reading);

/* Why a falseticker differs near a leap second; false if that is not why. */
bool sg_engine_say_smear(const struct sg_engine *engine, int index, char *ret,
                         size_t size);

/*
 * ---- Clocks that are unsteady: engine_unsteady.c ----
 *
 * Their answers contradict each other, and a realm goes by the newest.
 */

/* After its spikes were counted. */
void sg_engine_note_steadiness(struct source *source);

bool sg_engine_is_unsteady(const struct sg_engine *engine, int index);

/* One clock that is unsteady or was set, and its host's NTP server was asked
 * later: what the KDC said is past. */
bool sg_engine_is_overtaken(const struct sg_engine *engine, int kdc, int ntp);

/* After sg_engine_combine: candidates, but of who is unsteady his newest
 * answer. */
void sg_engine_see_newest(struct sg_engine *engine,
                          const struct sg_reading *reading);

/* Which sources are on one host, by address or name. */
void sg_engine_find_hosts(struct sg_engine *engine);

/* Are KDCs, or their keys, the only evidence from now on?  Then they are asked
 * as often as that wants. */
void sg_engine_weigh_polls(struct sg_engine *engine, struct sg_decision *ret);

/* The clock that this source of a realm shows, itself or by the NTP server on
 * its host, is near a threshold, or is not. */
void sg_engine_note_near(struct sg_engine *engine, int index, bool is_near,
                         struct sg_decision *ret);

/* Ask everything again soon, n quick requests each; but not for proof where
 * that came last time. */
void sg_engine_ask_all(struct sg_engine *engine, int n);

/*
 * ---- What the host's key proves: engine_proof.c ----
 *
 * Where there is a key for a realm, its KDCs' plain word does not count before
 * they were seen to prove themselves; and they are asked to before a state is
 * announced or the clock stepped.
 */

/* Is there a key for this realm that may still be of use? */
bool sg_engine_has_key(const struct sg_engine *engine, int realm);

/* The source of this kind on the same host in the same realm; -1: none. */
int sg_engine_find_sibling(const struct sg_engine *engine, int index,
                           enum sg_kind kind);

/* Have the candidates whose word does not count without proof marked. */
void sg_engine_mark_unproven(struct sg_engine *engine);

/* A source was asked.  If that shows the keytab to be gone, or there again, it
 * is so for all KDCs of the realm. */
void sg_engine_note_key(struct sg_engine *engine, int index,
                        struct sg_decision *ret);

/* Was none of a realm's KDCs asked with the key yet? */
bool sg_engine_is_key_untried(const struct sg_engine *engine, int realm);

/* The state of each realm's key; says what changed. */
void sg_engine_note_auth(struct sg_engine *engine, struct sg_decision *ret);

/* This KDC's plain word contradicts what it has proven: ask it for proof. */
void sg_engine_ask_for_proof(struct sg_engine *engine, int index,
                             struct sg_raw now, struct sg_decision *ret);

/* May a realm's new state be announced, or has its worst KDC to confirm it
 * first?  That is asked for at the first call. */
bool sg_engine_is_confirmed(struct sg_engine *engine, int realm,
                            enum sg_state state, struct sg_raw now,
                            struct sg_decision *ret);

/* Does anything wait for proof that may not come? */
bool sg_engine_is_waiting(const struct sg_engine *engine);

/* Would a step have to wait for proof? */
bool sg_engine_is_proof_due(const struct sg_engine *engine, struct sg_raw now);

/* A step waits for it, or none does. */
void sg_engine_await_proof(struct sg_engine *engine, bool awaits,
                           struct sg_raw now, struct sg_decision *ret);

/*
 * What is known of how references run against the raw clock, and how good a
 * guess that is (standard deviation).
 */
struct sg_drift sg_engine_drift(const struct sg_engine *engine,
                                double *ret_sd_ppm);

#endif

/*
 * The published status: everything the daemon knows, as one snapshot without
 * pointers, and its form as text.
 *
 * It holds models, not only numbers: "at raw instant R the reference clock
 * read T".  Whoever reads it computes the present skew from two clock
 * readings, right even if the wall clock was stepped a millisecond ago or the
 * daemon is dead.
 *
 * Text form, /run/skewguard/status: "key=value" lines, the first one
 * "version=1".  A reader ignores keys it does not know; a version it does not
 * know is refused.
 */
#ifndef SG_CORE_STATUS_H
#define SG_CORE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "core/sample.h"

#define SG_STATUS_VERSION 1
#define SG_MAX_REALMS 8
#define SG_MAX_SOURCES 256
#define SG_NAME_MAX 256   /* a DNS or realm name with its NUL */
#define SG_ADDRESS_MAX 64 /* a numeric address with scope and NUL */
#define SG_REASON_MAX 200 /* one sentence for people */

/* How much of a realm's clockskew budget is used; ordered by urgency. */
enum sg_state {
    SG_STATE_OK,
    SG_STATE_UNKNOWN, /* no good measurement: not the same as wrong */
    SG_STATE_WARN,
    SG_STATE_CRITICAL,
    SG_STATE_EXCEEDED,
    SG_STATE_COUNT
};

enum sg_mode {
    SG_MODE_AUTO, /* only in a configuration, never in a status */
    SG_MODE_GUARD,
    SG_MODE_DISCIPLINE,
    SG_MODE_COUNT
};

enum sg_kind {
    SG_KIND_NTP,
    SG_KIND_KDC,
    SG_KIND_KEYTAB, /* a KDC asked with the host's key: authenticated */
    SG_KIND_COUNT
};

/* Can a realm's KDCs be asked for authenticated time? */
enum sg_auth {
    SG_AUTH_OFF,       /* not wanted, or nobody to ask */
    SG_AUTH_NO_KEYTAB, /* no keytab that can be read with a key of the realm */
    SG_AUTH_PENDING,   /* there is a key, and no answer yet */
    SG_AUTH_WORKS,     /* the last answer was authenticated */
    SG_AUTH_FAILS,     /* there is a key, but the last attempts failed */
    SG_AUTH_COUNT
};

/* What selection thinks of a source; the order is that of the tally marks
 * "*+-x?" and of nothing else. */
enum sg_tally {
    SG_TALLY_STEERS, /* '*' agrees, and its samples set the clock's course */
    SG_TALLY_AGREES, /* '+' agrees, and confirms */
    SG_TALLY_ASIDE,  /* '-' good, but of a group that is not followed */
    SG_TALLY_FALSETICKER, /* 'x' contradicts the majority */
    SG_TALLY_UNUSABLE,    /* '?' no answer, too few samples, too old */
    SG_TALLY_COUNT
};

/* Whose clock is to blame for a realm's skew. */
enum sg_blame {
    SG_BLAME_NONE,
    SG_BLAME_OURS,
    SG_BLAME_KDC,   /* one KDC, named in the reason */
    SG_BLAME_REALM, /* all its KDCs agree with each other, not with UTC */
    SG_BLAME_NTP,   /* an NTP server, named in the reason */
    SG_BLAME_UNCLEAR,
    SG_BLAME_COUNT
};

/* A reference clock against the raw clock. */
struct sg_model {
    bool valid;
    struct sg_raw at;   /* at this raw instant ... */
    struct sg_wall ref; /* ... the reference clock read this ... */
    double lower_s;     /* ... and certainly lay in [ref + lower_s, */
    double upper_s;     /*     ref + upper_s] (lower_s <= 0 <= upper_s) */
    double error_s;     /* statistical: 99.9 % of all seconds lie within */
    double rate_ppm;    /* it runs faster than the raw clock by this much */
    double growth_ppm;  /* -lower_s and upper_s grow by this much */
    double wander_ppm;  /* error_s grows by this much ... */
    double walk_ppm;    /* ... and by this times sqrt(t^3 / 3), as when a rate
                           walks at random by so much per square root of a second;
                           never beyond the bounds */
};

/* A model brought to now and compared with the wall clock. */
struct sg_skew {
    double offset_s; /* reference - local */
    double lower_s;  /* offset_s is certainly in [lower_s, upper_s] */
    double upper_s;
    double error_s;
    double age_s; /* of the model */
};

struct sg_status_source {
    char name[SG_NAME_MAX];       /* as configured */
    char address[SG_ADDRESS_MAX]; /* numeric; empty while not looked up */
    int port;
    enum sg_kind kind;
    bool tcp;  /* the transport of the last attempt */
    int realm; /* index into realms; -1: group utc */
    enum sg_tally tally;
    enum sg_outcome_code outcome; /* of the last attempt */
    char reason[SG_REASON_MAX];   /* why this tally, with value and limit */
    struct sg_model model;        /* its clock, from its samples alone */
    bool has_guess; /* false: model.ref is only the middle of the bounds */
    double delay_s;
    double root_s;
    int stratum;
    double poll_s;      /* present interval between requests */
    unsigned reach;     /* last 8 attempts, newest in bit 0, 1: answered */
    struct sg_raw last; /* the last good sample; meaningful if model.valid */
    unsigned asked;     /* attempts since start */
    unsigned answered;  /* good samples since start */
};

struct sg_status_realm {
    char name[SG_NAME_MAX];
    enum sg_state state;
    bool measured; /* somebody's word on it is recent; where the state is
                      unknown all the same nothing proves or confirms it */
    double clockskew_s;
    bool limit_overrides;  /* clockskew_s comes from skewguard.conf */
    struct sg_model model; /* the worst KDC that answers; valid = false: none */
    int worst;             /* its index in sources; -1: none */
    double rate_ppm;       /* of the offset, for the forecast */
    double time_to_limit_s; /* until used reaches 1; < 0: not foreseen, or no
                               evidence: see forecast */
    char forecast[SG_REASON_MAX];
    enum sg_blame blame;
    char reason[SG_REASON_MAX];
    enum sg_auth auth;
    char auth_reason[SG_REASON_MAX]; /* why it is so, where there is a why */
};

struct sg_status_clock {
    char driver[16]; /* kernel, simulated, none */
    bool disciplined;
    double frequency_ppm;  /* base correction in force */
    double slew_ppm;       /* on top of it, for the moment */
    struct sg_model model; /* what the clock follows; valid = false: nothing */
    bool synced;           /* disciplined, and within what we can measure */
    bool refused;          /* guard or driver refuse to have it corrected */
    double last_step_s;    /* our last step; 0: none since start */
    struct sg_raw last_step_at;
    double last_foreign_s; /* last step by somebody else; 0: none seen */
    struct sg_raw last_foreign_at;
    unsigned steps, foreign_steps;
    enum sg_leap leap;      /* a leap second is expected ... */
    struct sg_wall leap_at; /* ... at this midnight, UTC */
    bool simulated; /* then the wall clock is: at sim_raw it read sim_wall */
    struct sg_raw sim_raw;
    struct sg_wall sim_wall;
    double sim_rate_ppm;
};

struct sg_status {
    int pid;
    struct sg_raw published;
    double publish_within_s; /* the next one is due before this has passed */
    double suspended_s;      /* sg_host_suspended_s() when published */
    char boot_id[40];        /* the raw clock's epoch */
    struct sg_wall started;
    enum sg_mode mode;
    char mode_reason[SG_REASON_MAX];
    enum sg_state state; /* the most urgent of all realms */
    double warn_frac, critical_frac;
    double own_clockskew_s; /* what this host grants as acceptor: krb5.conf's;
                               0: unknown */
    bool kdc_timesync;      /* krb5.conf's: clients here correct for the skew */
    char decision[SG_REASON_MAX]; /* what was last done with the clock, why */
    char notice[SG_REASON_MAX];   /* of the set-up: "no realm found", ... */
    struct sg_status_clock clock;
    int n_realms;
    struct sg_status_realm realms[SG_MAX_REALMS];
    int n_sources;
    struct sg_status_source sources[SG_MAX_SOURCES];
};

/* Everything zero, empty or unknown. */
void sg_status_init(struct sg_status *status);

/* Append the text form.  Control characters in texts become '?', here and
 * when read.  Numbers are written and read without regard to the locale: the
 * reader may be a login program in any language. */
void sg_status_encode(const struct sg_status *status, struct sg_buf *ret);

/*
 * Read the text form.  The bytes may come from anybody: numbers out of range,
 * unknown enumerators, indices beyond the arrays and a missing version are
 * refused with -EINVAL and a reason; *ret is then undefined.
 */
int sg_status_decode(const char *text, size_t len, struct sg_status *ret,
                     struct sg_err *err);

extern const char *const sg_state_names[SG_STATE_COUNT];
extern const char *const sg_mode_names[SG_MODE_COUNT];
extern const char *const sg_kind_names[SG_KIND_COUNT];
extern const char *const sg_tally_names[SG_TALLY_COUNT];
extern const char *const sg_blame_names[SG_BLAME_COUNT];
extern const char *const sg_auth_names[SG_AUTH_COUNT];

/* Stable words for machines and people; sg_kind_name(SG_KIND_NTP) = "ntp". */
const char *sg_state_name(enum sg_state state);
const char *sg_mode_name(enum sg_mode mode);
const char *sg_kind_name(enum sg_kind kind);
const char *sg_tally_name(enum sg_tally tally);
const char *sg_blame_name(enum sg_blame blame);

/* Steers or agrees. */
bool sg_tally_is_believed(enum sg_tally tally);

/* The wall clock of a status: the simulated one's, or the host's. */
struct sg_wall sg_status_wall(const struct sg_status *status,
                              const struct sg_reading *host);

/* The same model said of another instant: moved on, and its bounds grown. */
struct sg_model sg_model_at(const struct sg_model *model, struct sg_raw now);

/*
 * A model at the instant now.  Returns false, leaving *ret alone, if the
 * model is not valid.
 */
bool sg_model_skew(const struct sg_model *model, struct sg_raw now,
                   struct sg_wall wall, struct sg_skew *ret);

/* (|offset| + bound) / limit of a skew: the worse of its two ends. */
double sg_skew_used(const struct sg_skew *skew, double limit_s);

#endif

/*
 * What one answer of one source tells, and the words the core uses for it.
 *
 * Sign, everywhere: offset_s = reference - local.  Positive means the local
 * clock is behind; adding the offset puts it right.
 *
 * A sample does not mention the local wall clock at all: it says what the
 * reference clock read at an instant of the raw clock.  History made of such
 * samples stays valid whoever slews or steps the wall clock.
 */
#ifndef SG_CORE_SAMPLE_H
#define SG_CORE_SAMPLE_H

#include <stdbool.h>

#include "base/instant.h"

enum sg_leap {
    SG_LEAP_NONE,
    SG_LEAP_INSERT, /* the last minute of the day has 61 seconds */
    SG_LEAP_DELETE, /* ... 59 seconds */
    SG_LEAP_COUNT
};

/* "none", "insert", "delete" */
extern const char *const sg_leap_names[SG_LEAP_COUNT];

struct sg_sample {
    struct sg_raw at; /* the instant all of this is about */

    /*
     * The source's clock read a time in [lower, upper] at that instant; this
     * follows from the round trip alone and holds whatever the path did.
     */
    struct sg_wall lower;
    struct sg_wall upper;

    bool has_guess;       /* false: nothing is known inside the bounds */
    struct sg_wall guess; /* best guess of the source's clock at that instant */

    double delay_s; /* round trip without the server's own time */
    double root_s;  /* root distance the server announces: root delay / 2 +
                       root dispersion + precision; 0 if it announces none */
    int stratum;    /* 0 if the protocol has none */
    enum sg_leap leap;
};

/* How an attempt to get a sample ended. */
enum sg_outcome_code {
    SG_OUTCOME_OK,
    /* anybody */
    SG_OUTCOME_NO_REPLY,    /* silence until the timeout */
    SG_OUTCOME_REFUSED,     /* ICMP port unreachable, TCP reset */
    SG_OUTCOME_UNREACHABLE, /* no route, network down, address family absent */
    SG_OUTCOME_NAME,        /* the name could not be looked up */
    SG_OUTCOME_TRUNCATED,   /* shorter than its protocol allows */
    SG_OUTCOME_OVERSIZED,   /* longer than anything we would accept */
    SG_OUTCOME_GARBAGE,     /* not a message of its protocol */
    SG_OUTCOME_LOCAL,       /* our own side failed: socket, memory, library */
    /* NTP */
    SG_OUTCOME_NOT_OURS,  /* answers no question of ours: forged or replayed */
    SG_OUTCOME_UNSYNCED,  /* the server says that it is not synchronised */
    SG_OUTCOME_STRATUM,   /* stratum outside 1..15 */
    SG_OUTCOME_ABSURD,    /* time stamps that contradict each other */
    SG_OUTCOME_KISS_RATE, /* asks for fewer requests */
    SG_OUTCOME_KISS_DENY, /* DENY or RSTR: does not want to serve us */
    /* KDC */
    SG_OUTCOME_REALM,   /* answers for another realm */
    SG_OUTCOME_NO_TIME, /* an answer without a time in it */
    SG_OUTCOME_TOO_BIG, /* KRB_ERR_RESPONSE_TOO_BIG, by TCP too */
    /* keytab */
    SG_OUTCOME_KEYTAB,   /* none that can be read with a key of this realm */
    SG_OUTCOME_REJECTED, /* the KDC, or who speaks in its name, says that it
                            does not know our name or key: a stale keytab */
    SG_OUTCOME_UNPROVEN, /* an answer that nothing shows to be the KDC's */
    SG_OUTCOME_COUNT
};

#define SG_OUTCOME_TEXT_MAX 160

struct sg_outcome {
    enum sg_outcome_code code;
    struct sg_sample sample;        /* when code is SG_OUTCOME_OK */
    char text[SG_OUTCOME_TEXT_MAX]; /* otherwise: what happened, with value and
                                       limit, for people */
};

/* Stable lower-case words for machines, such as "no-reply". */
extern const char *const sg_outcome_names[SG_OUTCOME_COUNT];
const char *sg_outcome_name(enum sg_outcome_code code);

#endif

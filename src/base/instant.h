/*
 * Instants and the two clocks they belong to.
 *
 * An instant is a type, a span is a double in seconds: two instants of
 * different clocks cannot be subtracted by accident, and a double holds a
 * span of 300 s to 6e-14 s where a double since 1970 holds 0.2 us.
 *
 * The raw clock (CLOCK_MONOTONIC_RAW) is adjusted by nobody; all history is
 * kept against it.  The wall clock (CLOCK_REALTIME, or a simulated one) is
 * what Kerberos compares.  64 bits of nanoseconds reach to the year 2262.
 */
#ifndef SG_BASE_INSTANT_H
#define SG_BASE_INSTANT_H

#include <stdint.h>

struct sg_raw {
    int64_t ns; /* since an arbitrary start, usually boot */
};

struct sg_wall {
    int64_t ns; /* since 1970-01-01T00:00:00Z, leap seconds not counted */
};

/* One look at the local clocks, bracketed so that both belong together. */
struct sg_reading {
    struct sg_raw raw;
    struct sg_wall wall;
    double width_s; /* how long the look took: its uncertainty */
};

/* Spans beyond +-200 years are cut there rather than overflow. */
static inline int64_t
sg_span_to_ns(double span_s)
{
    const double limit_s = 6.3e9;

    if (!(span_s < limit_s))
        span_s = limit_s;
    if (span_s < -limit_s)
        span_s = -limit_s;
    return (int64_t)(span_s * 1e9 + (span_s < 0 ? -0.5 : 0.5));
}

/* a - b in seconds.  Wraps instead of overflowing on absurd input. */
static inline double
sg_ns_diff(int64_t a, int64_t b)
{
    return (double)(int64_t)((uint64_t)a - (uint64_t)b) * 1e-9;
}

static inline int64_t
sg_ns_add(int64_t ns, double span_s)
{
    return (int64_t)((uint64_t)ns + (uint64_t)sg_span_to_ns(span_s));
}

static inline double
sg_raw_diff(struct sg_raw a, struct sg_raw b)
{
    return sg_ns_diff(a.ns, b.ns);
}

static inline struct sg_raw
sg_raw_add(struct sg_raw at, double span_s)
{
    return (struct sg_raw){sg_ns_add(at.ns, span_s)};
}

static inline double
sg_wall_diff(struct sg_wall a, struct sg_wall b)
{
    return sg_ns_diff(a.ns, b.ns);
}

static inline struct sg_wall
sg_wall_add(struct sg_wall at, double span_s)
{
    return (struct sg_wall){sg_ns_add(at.ns, span_s)};
}

#endif

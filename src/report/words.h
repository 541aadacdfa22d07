/*
 * Numbers and names in words for people: units that suit the size, the
 * direction of a skew, lines that fit 80 columns.
 *
 * The small texts are returned by value, to be used within the expression
 * that asks for them: sg_buf_add(buf, "%s", sg_words_span(x).text).
 */
#ifndef SG_REPORT_WORDS_H
#define SG_REPORT_WORDS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/instant.h"
#include "core/status.h"

#define SG_WORDS_COLUMNS 80

struct sg_word {
    char text[40];
};

struct sg_clean_name {
    char text[SG_NAME_MAX];
};

/* A measured span without its sign: "3.21 ms", "123.5 s", "2 h 5 min". */
struct sg_word sg_words_span(double span_s);

/* The same with its sign: "+3.21 ms". */
struct sg_word sg_words_signed(double span_s);

/* How long ago, or until: "12 s", "3 min", "2 h 5 min", "41 d". */
struct sg_word sg_words_duration(double span_s);

/* The same in at most five characters for a table: "12 s", "3 min", "41 d". */
struct sg_word sg_words_short(double span_s);

/* Whole and half hours: "30 min", "2 h", "5 h 30 min". */
struct sg_word sg_words_hours(double span_s);

/* A share of the budget, never rounded up to a limit: "0.4 %", "99 %". */
struct sg_word sg_words_share(double frac);

/* A clockskew limit: "300 s", always in seconds, as in krb5.conf. */
struct sg_word sg_words_limit(double limit_s);

/* "1st", "2nd", "12th" */
struct sg_word sg_words_ordinal(unsigned n);

/* An instant in UTC, whatever the locale: "2026-01-01T00:06:40Z". */
struct sg_word sg_words_time(struct sg_wall at);

/*
 * Text from outside, fit for a terminal: every byte that is not printable
 * ASCII becomes '?'.
 */
struct sg_clean_name sg_words_clean(const char *text);

/* The one place that knows the sign: "behind" or "ahead of". */
const char *sg_words_direction(double offset_s);

/*
 * "3.21 ms behind das-m"; without a best guess "within 620 ms of das-m" or
 * "73.9 s to 74.5 s behind das-m", or "74 s behind das-m" where the bounds
 * are that close.
 */
void sg_words_skew(struct sg_buf *buf, const struct sg_skew *skew,
                   bool has_guess, const char *name);

/* "[####......|.................|....................]", used of a budget. */
void sg_words_bar(struct sg_buf *buf, double used_frac, double warn_frac,
                  double critical_frac);

/*
 * Append text, cleaned, broken at blanks so that lines end before column 80,
 * and a newline.  The cursor stands at column; further lines are indented by
 * indent.  A word longer than a line is left whole.
 */
void sg_words_wrap(struct sg_buf *buf, int column, int indent,
                   const char *text);

/* The same with a text made for the purpose, which is freed. */
void sg_words_flush(struct sg_buf *buf, int column, int indent,
                    struct sg_buf *text);

#endif

#include "report/words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/leap.h"

#define BAR_CELLS 50

#define MINUTE_S 60.0
#define HOUR_S 3600.0
#define DAY_S 86400.0
#define YEAR_S (365.25 * DAY_S)

static struct sg_word make(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static struct sg_word
make(const char *format, ...)
{
    struct sg_word word;
    va_list args;

    va_start(args, format);
    vsnprintf(word.text, sizeof word.text, format, args);
    va_end(args);
    return word;
}

/* "2 h 5 min", "2 h": whole units, rounded down. */
static struct sg_word
two_units(double span_s, double big_s, const char *big, double small_s,
          const char *small)
{
    double n_big = floor(span_s / big_s);
    double n_small = floor((span_s - n_big * big_s) / small_s);

    if (n_small < 1)
        return make("%.0f %s", n_big, big);
    return make("%.0f %s %.0f %s", n_big, big, n_small, small);
}

static struct sg_word
hours_and_more(double span_s)
{
    if (span_s < 2 * DAY_S)
        return two_units(span_s, HOUR_S, "h", MINUTE_S, "min");
    if (span_s < 1000 * DAY_S)
        return make("%.0f d", floor(span_s / DAY_S));
    return make("%.1f years", span_s / YEAR_S);
}

struct sg_word
sg_words_span(double span_s)
{
    double size_s = fabs(span_s);

    if (!isfinite(span_s))
        return make("?");
    /* Each border is where the smaller unit would round up to 1000. */
    if (size_s < 0.05e-6)
        return make("0 us");
    if (size_s < 999.5e-6)
        return make("%.3g us", size_s * 1e6);
    if (size_s < 999.5e-3)
        return make("%.3g ms", size_s * 1e3);
    if (size_s < 99.95)
        return make("%.3g s", size_s);
    if (size_s < 999.95)
        return make("%.4g s", size_s);
    if (size_s < 2 * HOUR_S)
        return two_units(size_s, MINUTE_S, "min", 1, "s");
    return hours_and_more(size_s);
}

struct sg_word
sg_words_signed(double span_s)
{
    if (!isfinite(span_s))
        return make("?");
    return make("%c%s", span_s < 0 ? '-' : '+', sg_words_span(span_s).text);
}

struct sg_word
sg_words_duration(double span_s)
{
    if (!isfinite(span_s) || span_s < 0)
        return make("?");
    if (span_s < 2 * MINUTE_S)
        return make("%.0f s", floor(span_s));
    if (span_s < 2 * HOUR_S)
        return make("%.0f min", floor(span_s / MINUTE_S));
    return hours_and_more(span_s);
}

struct sg_word
sg_words_hours(double span_s)
{
    if (span_s < HOUR_S)
        return make("%.0f min", span_s / MINUTE_S);
    return two_units(span_s, HOUR_S, "h", MINUTE_S, "min");
}

struct sg_word
sg_words_short(double span_s)
{
    static const struct {
        double below_s, unit_s;
        char letter;
    } units[] = {
        {2 * MINUTE_S, 1, 's'},       {2 * HOUR_S, MINUTE_S, 'm'},
        {2 * DAY_S, HOUR_S, 'h'},     {1000 * DAY_S, DAY_S, 'd'},
        {1000 * YEAR_S, YEAR_S, 'y'},
    };

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (span_s >= 0 && span_s < units[i].below_s)
            return make("%.0f%c", floor(span_s / units[i].unit_s),
                        units[i].letter);
    }
    return make("?");
}

struct sg_word
sg_words_share(double frac)
{
    /* 0.29 * 100 is 28.999999999999996. */
    double percent = frac * 100 + 1e-9;

    if (!isfinite(frac) || frac < 0)
        return make("?");
    if (percent >= 10000)
        return make("over 9999 %%");
    if (percent >= 10)
        return make("%.0f %%", floor(percent));
    if (percent < 0.1)
        return make("under 0.1 %%");
    return make("%.1f %%", floor(percent * 10) / 10);
}

struct sg_word
sg_words_limit(double limit_s)
{
    return make("%g s", limit_s);
}

struct sg_word
sg_words_ordinal(unsigned n)
{
    static const char *const ends[] = {"th", "st", "nd", "rd"};
    unsigned last = n % 100 / 10 == 1 ? 0 : n % 10;

    return make("%u%s", n, ends[last < 4 ? last : 0]);
}

struct sg_word
sg_words_time(struct sg_wall at)
{
    const int64_t day_ns = INT64_C(86400000000000);
    const int64_t most_ns = INT64_MAX - 2 * day_ns;
    char day[SG_LEAP_DAY_MAX];
    int second;

    if (at.ns > most_ns)
        at.ns = most_ns;
    if (at.ns < -most_ns)
        at.ns = -most_ns;
    second = (int)((at.ns % day_ns + day_ns) % day_ns / 1000000000);
    sg_leap_day((struct sg_wall){at.ns + day_ns}, day);
    return make("%sT%02d:%02d:%02dZ", day, second / 3600, second / 60 % 60,
                second % 60);
}

static char
clean(char c)
{
    return c >= ' ' && c <= '~' ? c : '?';
}

struct sg_clean_name
sg_words_clean(const char *text)
{
    struct sg_clean_name ret;
    size_t i;

    for (i = 0; i < sizeof ret.text - 1 && text[i]; i++)
        ret.text[i] = clean(text[i]);
    ret.text[i] = '\0';
    return ret;
}

const char *
sg_words_direction(double offset_s)
{
    return offset_s < 0 ? "ahead of" : "behind";
}

/* Between its bounds nothing is known: say no more than the bounds. */
static void
add_bounds(struct sg_buf *buf, const struct sg_skew *skew, const char *name)
{
    double a_s = fabs(skew->lower_s), b_s = fabs(skew->upper_s);
    struct sg_word near = sg_words_span(fmin(a_s, b_s));
    struct sg_word far = sg_words_span(fmax(a_s, b_s));

    if (skew->lower_s <= 0 && skew->upper_s >= 0) {
        sg_buf_add(buf, "within %s of %s", far.text, sg_words_clean(name).text);
        return;
    }
    if (strcmp(near.text, far.text) != 0)
        sg_buf_add(buf, "%s to ", near.text);
    sg_buf_add(buf, "%s %s %s", far.text, sg_words_direction(skew->offset_s),
               sg_words_clean(name).text);
}

void
sg_words_skew(struct sg_buf *buf, const struct sg_skew *skew, bool has_guess,
              const char *name)
{
    if (!has_guess)
        add_bounds(buf, skew, name);
    else
        sg_buf_add(buf, "%s %s %s", sg_words_span(skew->offset_s).text,
                   sg_words_direction(skew->offset_s),
                   sg_words_clean(name).text);
}

void
sg_words_bar(struct sg_buf *buf, double used_frac, double warn_frac,
             double critical_frac)
{
    char bar[BAR_CELLS + 1];

    for (int i = 0; i < BAR_CELLS; i++) {
        double from = (double)i / BAR_CELLS, to = (i + 1.0) / BAR_CELLS;
        bool is_mark = (warn_frac > from && warn_frac <= to) ||
                       (critical_frac > from && critical_frac <= to);

        if (used_frac > from)
            bar[i] = '#';
        else
            bar[i] = is_mark ? '|' : '.';
    }
    bar[BAR_CELLS] = '\0';
    sg_buf_add(buf, "[%s%s", bar, used_frac >= 1 ? ">" : "]");
}

static void
add_word(struct sg_buf *buf, const char *word, int len)
{
    for (int i = 0; i < len; i++) {
        char c = clean(word[i]);

        sg_buf_add_bytes(buf, &c, 1);
    }
}

/*
 * What must stay on one line: a word, and after a number also the short word
 * that follows, since that is its unit.
 */
static int
unit_len(const char *text)
{
    size_t len = strcspn(text, " ");
    size_t next;

    if (len == 0 || text[len - 1] < '0' || text[len - 1] > '9' ||
        text[len] != ' ')
        return (int)len;
    next = strcspn(text + len + 1, " ");
    return (int)(next > 0 && next <= 6 ? len + 1 + next : len);
}

void
sg_words_wrap(struct sg_buf *buf, int column, int indent, const char *text)
{
    bool is_first = true;

    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        int len = unit_len(text);

        if (is_first) {
            is_first = false;
        } else if (column + 1 + len < SG_WORDS_COLUMNS) {
            sg_buf_add(buf, " ");
            column++;
        } else {
            sg_buf_add(buf, "\n%*s", indent, "");
            column = indent;
        }
        add_word(buf, text, len);
        column += len;
        text += len;
    }
    sg_buf_add(buf, "\n");
}

void
sg_words_flush(struct sg_buf *buf, int column, int indent, struct sg_buf *text)
{
    if (!text->failed)
        sg_words_wrap(buf, column, indent, text->text ? text->text : "");
    sg_buf_free_part(text, buf);
}

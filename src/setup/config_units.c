/* Durations and shares with units. */
#include "setup/config_units.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "setup/config.h"

#define DIGITS "0123456789"

/* 10^15 and its products with 3600 and 1000 are exact in a double. */
#define DIGITS_MAX 15

struct unit {
    const char *name;
    double factor, divisor;
};

struct quantity {
    const char *noun;
    const char *unit_names;
    const char *unit; /* for an example */
    const struct unit *units;
    void (*format)(double value, char *ret, size_t size);
};

/* "m" is left out on purpose: krb5.conf's "5m" and 5 metres look alike. */
static const struct unit time_units[] = {
    {"ms", 1, 1000}, {"s", 1, 1}, {"min", 60, 1}, {"h", 3600, 1}, {NULL, 0, 0}};

static const struct unit share_units[] = {{"%", 1, 100}, {NULL, 0, 0}};

const char *
sg_config_quote(const char *text, struct sg_config_quoted *ret)
{
    const size_t max = sizeof ret->text - 4;
    size_t n = strnlen(text, max);

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        ret->text[i] = c < ' ' || c == 0x7f ? '?' : text[i];
    }
    memcpy(ret->text + n, text[n] ? "..." : "", text[n] ? 4 : 1);
    return ret->text;
}

void
sg_config_format_duration(double span_s, char *ret, size_t size)
{
    if (span_s > 0 && span_s < 1)
        snprintf(ret, size, "%.12gms", span_s * 1e3);
    else
        snprintf(ret, size, "%.15gs", span_s);
}

void
sg_config_format_percent(double frac, char *ret, size_t size)
{
    snprintf(ret, size, "%.12g%%", frac * 100);
}

/*
 * "12.5" as 125 / 10, so that the result is rounded only once, and the text
 * behind it.  strtod would take "1e3", "0x10", "inf" and the locale's comma
 * as well.
 */
static bool
read_number(const char *text, double *ret_digits, double *ret_power,
            const char **ret_rest)
{
    size_t whole = strspn(text, DIGITS);
    const char *point = text + whole;
    size_t part = *point == '.' ? strspn(point + 1, DIGITS) : 0;
    double digits = 0, power = 1;

    if (whole == 0 || whole + part > DIGITS_MAX || (*point == '.' && !part))
        return false;
    for (const char *c = text; c < point; c++)
        digits = digits * 10 + (*c - '0');
    for (const char *c = point + 1; c <= point + part; c++) {
        digits = digits * 10 + (*c - '0');
        power *= 10;
    }
    *ret_digits = digits;
    *ret_power = power;
    *ret_rest = part ? point + 1 + part : point;
    return true;
}

static const struct unit *
find_unit(const struct unit *units, const char *name)
{
    for (; units->name; units++)
        if (strcmp(units->name, name) == 0)
            return units;
    return NULL;
}

enum verdict { IS_FINE, NO_NUMBER, NO_UNIT, UNKNOWN_UNIT, OUT_OF_RANGE };

static const char *const verdict_texts[] = {
    [NO_NUMBER] = "is not a number with a unit",
    [NO_UNIT] = "has no unit",
    [UNKNOWN_UNIT] = "has an unknown unit",
    [OUT_OF_RANGE] = "is out of range",
};

/*
 * Kept to the nanosecond, or 1e-9 of the whole: so what is printed with 15
 * digits reads back as the same double.
 */
static enum verdict
read_quantity(const struct unit *units, const char *text, double min,
              double max, double *ret)
{
    const struct unit *unit;
    const char *rest;
    double digits, power, value;

    if (!read_number(text, &digits, &power, &rest))
        return NO_NUMBER;
    unit = find_unit(units, rest);
    if (!unit)
        return *rest ? UNKNOWN_UNIT : NO_UNIT;
    value = round(digits * unit->factor / (power * unit->divisor) * 1e9) / 1e9;
    if (value < min || value > max)
        return OUT_OF_RANGE;
    *ret = value;
    return IS_FINE;
}

/* What was meant, if a unit makes it right, or else the largest value. */
static void
find_example(const struct quantity *quantity, const char *text, double min,
             double max, char *ret, size_t size)
{
    double value;
    int len = snprintf(ret, size, "%s%s", text, quantity->unit);

    if ((size_t)len >= size ||
        read_quantity(quantity->units, ret, min, max, &value) != IS_FINE)
        quantity->format(max, ret, size);
}

static int
read_in_range(const struct quantity *quantity, const char *text, double min,
              double max, double *ret, struct sg_err *err)
{
    struct sg_config_quoted quoted;
    char min_text[32], max_text[32], example[32];
    enum verdict verdict = read_quantity(quantity->units, text, min, max, ret);

    if (verdict == IS_FINE)
        return 0;
    quantity->format(min, min_text, sizeof min_text);
    quantity->format(max, max_text, sizeof max_text);
    find_example(quantity, text, min, max, example, sizeof example);
    return sg_err_set(err, -EINVAL,
                      "value \"%s\" %s, allowed is a %s from %s to %s (%s), "
                      "for example %s",
                      sg_config_quote(text, &quoted), verdict_texts[verdict],
                      quantity->noun, min_text, max_text, quantity->unit_names,
                      example);
}

int
sg_parse_duration(const char *text, double min_s, double max_s, double *ret_s,
                  struct sg_err *err)
{
    static const struct quantity duration = {"duration", "unit ms, s, min or h",
                                             "s", time_units,
                                             sg_config_format_duration};

    return read_in_range(&duration, text, min_s, max_s, ret_s, err);
}

int
sg_parse_percent(const char *text, double min_frac, double max_frac,
                 double *ret_frac, struct sg_err *err)
{
    static const struct quantity share = {
        "percentage", "unit %", "%", share_units, sg_config_format_percent};

    return read_in_range(&share, text, min_frac, max_frac, ret_frac, err);
}

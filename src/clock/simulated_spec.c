#include "clock/simulated_spec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS "offset, drift, wander, step, rival, refuse"
#define ENTRY_MAX 64
#define CENTURY_S (100 * 365.25 * 86400)

struct unit {
    const char *name;
    double scale;
};

static const struct unit span_units[] = {
    {"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1},
    {"min", 60},  {"h", 3600},  {"d", 86400}, {NULL, 0},
};
static const struct unit rate_units[] = {{"ppm", 1}, {"ppb", 1e-3}, {NULL, 0}};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

/* A physical quantity: how it is written and how far it may go. */
struct quantity {
    const struct unit *units; /* up to the one without a name */
    const char *units_text;
    double min, max;
    const char *range_text;
};

#define SPAN_UNITS span_units, "ns, us, ms, s, min, h, d"

static const struct quantity span = {SPAN_UNITS, -CENTURY_S, CENTURY_S,
                                     "-36525 to +36525 d (100 years)"};
static const struct quantity delay = {SPAN_UNITS, 0, CENTURY_S,
                                      "0 to 36525 d (100 years)"};
static const struct quantity rate = {rate_units, "ppm, ppb", -1000, 1000,
                                     "-1000 to +1000 ppm"};
static const struct quantity share = {no_units, "none", 0, 1e-6, "0 to 1e-6"};

/* 0: there is no such unit. */
static double
unit_scale(const struct quantity *quantity, const char *name)
{
    for (const struct unit *unit = quantity->units; unit->name; unit++)
        if (strcmp(name, unit->name) == 0)
            return unit->scale;
    return 0;
}

static int
refuse_unit(const char *key, const char *text, const char *name,
            const struct quantity *quantity, struct sg_err *err)
{
    if (!*name)
        return sg_err_set(err, -EINVAL,
                          "simulate: %s \"%s\" lacks its unit (%s)", key, text,
                          quantity->units_text);
    return sg_err_set(err, -EINVAL,
                      "simulate: %s \"%s\" has the unknown unit \"%s\" (%s)",
                      key, text, name, quantity->units_text);
}

/* strtod alone would also take "nan", "0x1p3" and leading blanks. */
static int
parse_quantity(const char *key, const char *text,
               const struct quantity *quantity, double *ret, struct sg_err *err)
{
    char number[ENTRY_MAX];
    size_t len = strspn(text, "+-.0123456789eE");
    double scale = unit_scale(quantity, text + len);
    char *end;

    memcpy(number, text, len);
    number[len] = '\0';
    *ret = strtod(number, &end) * scale;
    if (end == number || *end)
        return sg_err_set(err, -EINVAL, "simulate: %s \"%s\" is not a number",
                          key, text);
    if (scale == 0)
        return refuse_unit(key, text, text + len, quantity, err);
    if (*ret < quantity->min || *ret > quantity->max)
        return sg_err_set(err, -EINVAL, "simulate: %s \"%s\" is outside %s",
                          key, text, quantity->range_text);
    return 0;
}

/* Kept in the order of time; of two at once the one given first goes first. */
static void
insert_step(struct sg_simulated_spec *spec, struct sg_simulated_step step)
{
    int i = spec->n_steps++;

    for (; i > 0 && spec->steps[i - 1].at_s > step.at_s; i--)
        spec->steps[i] = spec->steps[i - 1];
    spec->steps[i] = step;
}

/* VALUE@TIME */
static int
parse_timed(const char *key, char *value, const struct quantity *quantity,
            const char *example, double *ret, double *ret_at_s,
            struct sg_err *err)
{
    char *at = strchr(value, '@');
    char time_key[32];
    int code;

    if (!at)
        return sg_err_set(err, -EINVAL,
                          "simulate: %s \"%s\" lacks its time, as in %s", key,
                          value, example);
    *at++ = '\0';
    snprintf(time_key, sizeof time_key, "time of %s", key);
    code = parse_quantity(key, value, quantity, ret, err);
    if (code == 0)
        code = parse_quantity(time_key, at, &delay, ret_at_s, err);
    return code;
}

static int
parse_step(char *value, struct sg_simulated_spec *ret, struct sg_err *err)
{
    struct sg_simulated_step step;
    int code;

    if (ret->n_steps == SG_SIMULATED_MAX_STEPS)
        return sg_err_set(err, -EINVAL, "simulate: more than %d steps",
                          SG_SIMULATED_MAX_STEPS);
    code = parse_timed("step", value, &span, "+200s@30s", &step.offset_s,
                       &step.at_s, err);
    if (code == 0)
        insert_step(ret, step);
    return code;
}

struct seen {
    bool offset, drift, wander, rival, refuse;
};

static int
note_seen(const char *key, bool *seen, struct sg_err *err)
{
    if (*seen)
        return sg_err_set(err, -EINVAL, "simulate: %s is given twice", key);
    *seen = true;
    return 0;
}

static int
parse_once(const char *key, const char *value, const struct quantity *quantity,
           bool *seen, double *ret, struct sg_err *err)
{
    int code = note_seen(key, seen, err);

    return code < 0 ? code : parse_quantity(key, value, quantity, ret, err);
}

/* What happens once, at a time. */
static int
parse_incident(const char *key, char *value, struct seen *seen,
               struct sg_simulated_spec *ret, struct sg_err *err)
{
    bool is_rival = strcmp(key, "rival") == 0;
    int code = note_seen(key, is_rival ? &seen->rival : &seen->refuse, err);

    if (code < 0)
        return code;
    if (is_rival)
        return parse_timed(key, value, &rate, "+50ppm@30s", &ret->rival_ppm,
                           &ret->rival_at_s, err);
    return parse_timed(key, value, &delay, "20s@30s", &ret->refuse_s,
                       &ret->refuse_at_s, err);
}

static int
parse_entry(char *entry, struct seen *seen, struct sg_simulated_spec *ret,
            struct sg_err *err)
{
    char *value = strchr(entry, '=');

    if (!*entry)
        return sg_err_set(err, -EINVAL, "simulate: empty entry (%s)", KEYS);
    if (!value)
        return sg_err_set(err, -EINVAL,
                          "simulate: \"%s\" lacks its value, as in "
                          "offset=+600s",
                          entry);
    *value++ = '\0';
    if (strcmp(entry, "offset") == 0)
        return parse_once(entry, value, &span, &seen->offset, &ret->offset_s,
                          err);
    if (strcmp(entry, "drift") == 0)
        return parse_once(entry, value, &rate, &seen->drift, &ret->drift_ppm,
                          err);
    if (strcmp(entry, "wander") == 0)
        return parse_once(entry, value, &share, &seen->wander, &ret->wander,
                          err);
    if (strcmp(entry, "step") == 0)
        return parse_step(value, ret, err);
    if (strcmp(entry, "rival") == 0 || strcmp(entry, "refuse") == 0)
        return parse_incident(entry, value, seen, ret, err);
    return sg_err_set(err, -EINVAL, "simulate: unknown key \"%s\" (%s)", entry,
                      KEYS);
}

int
sg_simulated_spec_parse(const char *text, struct sg_simulated_spec *ret,
                        struct sg_err *err)
{
    struct seen seen = {.offset = false};

    memset(ret, 0, sizeof *ret);
    for (;;) {
        size_t len = strcspn(text, ",");
        char entry[ENTRY_MAX];
        int code;

        if (len >= sizeof entry)
            return sg_err_set(err, -EINVAL,
                              "simulate: \"%.20s...\" has %zu characters, at "
                              "most %d",
                              text, len, ENTRY_MAX - 1);
        memcpy(entry, text, len);
        entry[len] = '\0';
        code = parse_entry(entry, &seen, ret, err);
        if (code < 0)
            return code;
        if (!text[len])
            return 0;
        text += len + 1;
    }
}

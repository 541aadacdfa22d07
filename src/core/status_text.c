#include "core/status.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/status_fields.h"

/* printf's %f and strtod obey the locale of the program they run in; these do
 * not.  Beyond +-9.2e9 and for NaN the nearest representable value serves. */
static void
encode_double(double value, struct sg_buf *ret)
{
    const double limit = 9.2e9;
    long long n;

    if (!(value < limit))
        value = limit;
    if (value < -limit)
        value = -limit;
    n = llround(value * 1e9);
    sg_buf_add(ret, "%s%lld.%09lld", n < 0 ? "-" : "",
               (n < 0 ? -n : n) / 1000000000, (n < 0 ? -n : n) % 1000000000);
}

/* Decimal integer without sign, at most 18 digits. */
static bool
decode_digits(const char **text, const char *end, int64_t *ret)
{
    const char *c = *text;
    int64_t n = 0;

    while (c < end && *c >= '0' && *c <= '9' && c - *text < 18)
        n = n * 10 + (*c++ - '0');
    if (c == *text)
        return false;
    *text = c;
    *ret = n;
    return true;
}

static bool
decode_int64(const char *text, const char *end, int64_t *ret)
{
    bool negative = text < end && *text == '-';
    const char *c = text + negative;
    int64_t n = 0;

    if (c == end)
        return false;
    for (; c < end; c++) {
        int digit = negative ? '0' - *c : *c - '0';

        if (*c < '0' || *c > '9' || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, digit, &n))
            return false;
    }
    *ret = n;
    return true;
}

static bool
decode_double(const char *text, const char *end, double *ret)
{
    bool negative = text < end && *text == '-';
    const char *c = text + negative;
    int64_t whole, part = 0;
    double scale = 1;

    if (!decode_digits(&c, end, &whole))
        return false;
    if (c < end && *c == '.') {
        const char *start = ++c;

        if (!decode_digits(&c, end, &part))
            return false;
        while (start++ < c)
            scale *= 10;
    }
    if (c != end || whole > 9200000000)
        return false;
    *ret = (double)whole + (double)part / scale;
    if (negative)
        *ret = -*ret;
    return true;
}

/* Terminals obey control characters, and texts quote what servers said. */
static char
printable(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f ? '?' : c;
}

static void
encode_text(const char *text, struct sg_buf *ret)
{
    for (; *text; text++) {
        char c = printable(*text);

        sg_buf_add_bytes(ret, &c, 1);
    }
}

static void
encode_field(const char *prefix, const struct sg_field *field, const void *from,
             struct sg_buf *ret)
{
    const char *at = (const char *)from + field->offset;
    int i;
    double d;
    int64_t ns;

    sg_buf_add(ret, "%s%s=", prefix, field->key);
    switch (field->type) {
    case SG_FIELD_INT:
        memcpy(&i, at, sizeof i);
        sg_buf_add(ret, "%d", i);
        break;
    case SG_FIELD_BOOL:
        sg_buf_add(ret, "%d", *(const bool *)at);
        break;
    case SG_FIELD_ENUM:
        memcpy(&i, at, sizeof i);
        sg_buf_add(ret, "%s", field->names[i]);
        break;
    case SG_FIELD_DOUBLE:
        memcpy(&d, at, sizeof d);
        encode_double(d, ret);
        break;
    case SG_FIELD_NS:
        memcpy(&ns, at, sizeof ns);
        sg_buf_add(ret, "%lld", (long long)ns);
        break;
    case SG_FIELD_TEXT:
        encode_text(at, ret);
        break;
    }
    sg_buf_add_bytes(ret, "\n", 1);
}

static void
encode_fields(const char *prefix, const struct sg_fields *of, const void *from,
              struct sg_buf *ret)
{
    for (size_t i = 0; i < of->n; i++)
        encode_field(prefix, &of->fields[i], from, ret);
}

void
sg_status_encode(const struct sg_status *status, struct sg_buf *ret)
{
    char prefix[32];

    sg_buf_add(ret, "version=%d\n", SG_STATUS_VERSION);
    encode_fields("", &sg_status_top, status, ret);
    encode_fields("clock.", &sg_status_of_clock, &status->clock, ret);
    for (int i = 0; i < status->n_realms; i++) {
        snprintf(prefix, sizeof prefix, "realm.%d.", i);
        encode_fields(prefix, &sg_status_of_realm, &status->realms[i], ret);
    }
    for (int i = 0; i < status->n_sources; i++) {
        snprintf(prefix, sizeof prefix, "source.%d.", i);
        encode_fields(prefix, &sg_status_of_source, &status->sources[i], ret);
    }
}

static bool
decode_enum(const struct sg_field *field, const char *value, const char *end,
            int *ret)
{
    for (int i = 0; i < field->max; i++)
        if (strlen(field->names[i]) == (size_t)(end - value) &&
            memcmp(field->names[i], value, (size_t)(end - value)) == 0) {
            *ret = i;
            return true;
        }
    return false;
}

static bool
decode_value(const struct sg_field *field, const char *value, const char *end,
             void *to)
{
    char *at = (char *)to + field->offset;
    size_t len = (size_t)(end - value);
    int64_t ns;
    int i;

    switch (field->type) {
    case SG_FIELD_INT:
    case SG_FIELD_BOOL:
        if (!decode_int64(value, end, &ns) || ns < field->min ||
            ns > field->max)
            return false;
        i = (int)ns;
        if (field->type == SG_FIELD_BOOL)
            *(bool *)at = i;
        else
            memcpy(at, &i, sizeof i);
        return true;
    case SG_FIELD_ENUM:
        return decode_enum(field, value, end, (int *)(void *)at);
    case SG_FIELD_DOUBLE:
        return decode_double(value, end, (double *)(void *)at);
    case SG_FIELD_NS:
        return decode_int64(value, end, (int64_t *)(void *)at);
    case SG_FIELD_TEXT:
        if (len >= (size_t)field->max || memchr(value, '\0', len))
            return false;
        for (size_t j = 0; j < len; j++)
            at[j] = printable(value[j]);
        at[len] = '\0';
        return true;
    }
    return false;
}

/* "realm.3." -> the rest of the key and the index; false if it is not that. */
static bool
indexed_key(const char **key, const char *end, const char *word, int *ret)
{
    size_t len = strlen(word);
    const char *c = *key;
    int64_t n;

    if ((size_t)(end - c) <= len || memcmp(c, word, len) != 0)
        return false;
    c += len;
    if (!decode_digits(&c, end, &n) || n >= SG_MAX_SOURCES || c == end ||
        *c != '.')
        return false;
    *key = c + 1;
    *ret = (int)n;
    return true;
}

static int
decode_line(const char *line, const char *end, struct sg_status *ret,
            struct sg_err *err)
{
    const char *key = line, *eq = memchr(line, '=', (size_t)(end - line));
    const struct sg_fields *of = &sg_status_top;
    void *to = ret;
    int index;

    if (!eq)
        return sg_err_set(err, -EINVAL, "status: a line without \"=\"");
    if (indexed_key(&key, eq, "realm.", &index)) {
        if (index >= ret->n_realms)
            return sg_err_set(err, -EINVAL, "status: realm %d of %d", index,
                              ret->n_realms);
        of = &sg_status_of_realm;
        to = &ret->realms[index];
    } else if (indexed_key(&key, eq, "source.", &index)) {
        if (index >= ret->n_sources)
            return sg_err_set(err, -EINVAL, "status: source %d of %d", index,
                              ret->n_sources);
        of = &sg_status_of_source;
        to = &ret->sources[index];
    } else if (eq - key > 6 && memcmp(key, "clock.", 6) == 0) {
        key += 6;
        of = &sg_status_of_clock;
        to = &ret->clock;
    }
    for (size_t i = 0; i < of->n; i++) {
        const struct sg_field *field = &of->fields[i];

        if (strlen(field->key) != (size_t)(eq - key) ||
            memcmp(field->key, key, (size_t)(eq - key)) != 0)
            continue;
        if (!decode_value(field, eq + 1, end, to))
            return sg_err_set(err, -EINVAL, "status: %.*s: bad value \"%.*s\"",
                              (int)(eq - line), line,
                              (int)(end - eq - 1 > 60 ? 60 : end - eq - 1),
                              eq + 1);
        return 0;
    }
    return 0;
}

/* What decode_line cannot see: indices that point past what there is. */
static int
check_indices(const struct sg_status *status, struct sg_err *err)
{
    for (int i = 0; i < status->n_realms; i++)
        if (status->realms[i].worst >= status->n_sources)
            return sg_err_set(err, -EINVAL, "status: realm.%d.worst=%d of %d",
                              i, status->realms[i].worst, status->n_sources);
    for (int i = 0; i < status->n_sources; i++)
        if (status->sources[i].realm >= status->n_realms)
            return sg_err_set(err, -EINVAL, "status: source.%d.realm=%d of %d",
                              i, status->sources[i].realm, status->n_realms);
    return 0;
}

/* What no line says is unknown, and not the first of its kind. */
static void
begin_decode(struct sg_status *ret)
{
    sg_status_init(ret);
    for (int i = 0; i < SG_MAX_REALMS; i++) {
        ret->realms[i].worst = -1;
        ret->realms[i].state = SG_STATE_UNKNOWN;
        ret->realms[i].time_to_limit_s = -1;
    }
    for (int i = 0; i < SG_MAX_SOURCES; i++) {
        ret->sources[i].realm = -1;
        ret->sources[i].tally = SG_TALLY_UNUSABLE;
    }
}

int
sg_status_decode(const char *text, size_t len, struct sg_status *ret,
                 struct sg_err *err)
{
    static const char version[] = "version=1\n";
    const char *line, *end = text + len;

    if (len < sizeof version - 1 ||
        memcmp(text, version, sizeof version - 1) != 0)
        return sg_err_set(err, -EINVAL,
                          "status: does not begin with \"version=%d\"",
                          SG_STATUS_VERSION);
    begin_decode(ret);
    for (line = text + sizeof version - 1; line < end;) {
        const char *eol = memchr(line, '\n', (size_t)(end - line));
        int code;

        if (!eol)
            return sg_err_set(err, -EINVAL, "status: cut short at byte %zu",
                              len);
        code = decode_line(line, eol, ret, err);
        if (code < 0)
            return code;
        line = eol + 1;
    }
    return check_indices(ret, err);
}

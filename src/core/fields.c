#include "core/fields.h"

#include <math.h>
#include <string.h>

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

bool
sg_fields_take_digits(const char **text, const char *end, int64_t *ret)
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

    if (!sg_fields_take_digits(&c, end, &whole))
        return false;
    if (c < end && *c == '.') {
        const char *start = ++c;

        if (!sg_fields_take_digits(&c, end, &part))
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

void
sg_fields_encode(const struct sg_fields *of, const char *prefix,
                 const void *from, struct sg_buf *ret)
{
    for (size_t i = 0; i < of->n; i++)
        encode_field(prefix, &of->fields[i], from, ret);
}

/* Called for each field of each line, at each login: most differ at once. */
static bool
has_key(const struct sg_field *field, const char *key, size_t len)
{
    return len > 0 && field->key[0] == key[0] && strlen(field->key) == len &&
           memcmp(field->key, key, len) == 0;
}

const struct sg_field *
sg_fields_find(const struct sg_fields *of, const char *key, size_t len)
{
    for (size_t i = 0; i < of->n; i++)
        if (has_key(&of->fields[i], key, len))
            return &of->fields[i];
    return NULL;
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

bool
sg_field_decode(const struct sg_field *field, const char *value,
                const char *end, void *to)
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

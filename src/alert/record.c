#include "alert/record.h"

#include <errno.h>
#include <string.h>

#include "core/fields.h"

/* A record as it is written. */
struct form {
    struct sg_record record;
    unsigned body_bytes; /* tells a body that was cut short */
};

#define AT(m) offsetof(struct form, m)
#define SIZE(m) sizeof(((struct form *)0)->m)

static const struct sg_field fields[] = {
    {"id", SG_FIELD_TEXT, AT(record.id), 0, SIZE(record.id), NULL},
    {"number", SG_FIELD_INT, AT(record.number), 1, INT32_MAX, NULL},
    {"topic", SG_FIELD_ENUM, AT(record.topic), 0, SG_ALERT_TOPIC_COUNT,
     sg_alert_topic_names},
    {"phase", SG_FIELD_ENUM, AT(record.phase), 0, SG_ALERT_PHASE_COUNT,
     sg_alert_phase_names},
    {"level", SG_FIELD_ENUM, AT(record.level), 0, SG_ALERT_LEVEL_COUNT,
     sg_alert_level_names},
    {"severity", SG_FIELD_INT, AT(record.severity), 0, 7, NULL},
    {"host", SG_FIELD_TEXT, AT(record.host), 0, SIZE(record.host), NULL},
    {"realm", SG_FIELD_TEXT, AT(record.realm), 0, SIZE(record.realm), NULL},
    {"blame", SG_FIELD_ENUM, AT(record.blame), 0, SG_BLAME_COUNT,
     sg_blame_names},
    {"has_offset", SG_FIELD_BOOL, AT(record.has_offset), 0, 1, NULL},
    {"offset_s", SG_FIELD_DOUBLE, AT(record.offset_s), 0, 0, NULL},
    {"limit_s", SG_FIELD_DOUBLE, AT(record.limit_s), 0, 0, NULL},
    {"host_time_ns", SG_FIELD_NS, AT(record.host_time), 0, 0, NULL},
    {"has_true_time", SG_FIELD_BOOL, AT(record.has_true_time), 0, 1, NULL},
    {"true_time_ns", SG_FIELD_NS, AT(record.true_time), 0, 0, NULL},
    {"subject", SG_FIELD_TEXT, AT(record.subject), 0, SIZE(record.subject),
     NULL},
    {"body_bytes", SG_FIELD_INT, AT(body_bytes), 0, SG_RECORD_BODY_MAX - 1,
     NULL},
};

#define N_FIELDS (sizeof fields / sizeof *fields)

static const struct sg_fields of_record = {fields, N_FIELDS};
static const char first[] = "skewguard-alert=1\n";

static bool
is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

static void
clean(char *text, bool has_lines)
{
    for (; *text; text++)
        if (!is_printable(*text) && !(has_lines && *text == '\n'))
            *text = '?';
}

/* A last line without its end would be glued to what follows in a mail. */
static unsigned
end_last_line(char *body)
{
    size_t len = strlen(body);

    if (len == 0 || body[len - 1] == '\n')
        return (unsigned)len;
    if (len == SG_RECORD_BODY_MAX - 1)
        len--;
    memcpy(body + len, "\n", 2);
    return (unsigned)len + 1;
}

void
sg_record_encode(const struct sg_record *record, struct sg_buf *ret)
{
    struct form form = {.record = *record};
    struct sg_record *clear = &form.record;

    clean(clear->id, false);
    clean(clear->host, false);
    clean(clear->realm, false);
    clean(clear->subject, false);
    clean(clear->body, true);
    if (!record->has_offset)
        clear->offset_s = clear->limit_s = 0;
    if (!record->has_true_time)
        clear->true_time.ns = 0;
    form.body_bytes = end_last_line(clear->body);
    sg_buf_add(ret, "%s", first);
    sg_fields_encode(&of_record, "", &form, ret);
    sg_buf_add(ret, "\n%s", clear->body);
}

static int
check_bytes(const char *text, size_t len, struct sg_err *err)
{
    if (len > SG_RECORD_MAX)
        return sg_err_set(err, -EINVAL, "alert: %zu bytes, allowed %d", len,
                          SG_RECORD_MAX);
    if (len < sizeof first - 1 || memcmp(text, first, sizeof first - 1) != 0)
        return sg_err_set(err, -EINVAL,
                          "alert: does not begin with \"skewguard-alert=1\"");
    for (size_t i = 0; i < len; i++)
        if (!is_printable(text[i]) && text[i] != '\n')
            return sg_err_set(err, -EINVAL,
                              "alert: byte %zu is 0x%02x, allowed printable "
                              "ASCII",
                              i, (unsigned char)text[i]);
    return 0;
}

static int
decode_line(const char *line, const char *end, struct form *form,
            bool seen[N_FIELDS], struct sg_err *err)
{
    const char *eq = memchr(line, '=', (size_t)(end - line));
    const struct sg_field *field;

    if (!eq)
        return sg_err_set(err, -EINVAL, "alert: a line without \"=\"");
    field = sg_fields_find(&of_record, line, (size_t)(eq - line));
    if (!field)
        return 0;
    if (seen[field - fields])
        return sg_err_set(err, -EINVAL, "alert: %s is there twice", field->key);
    seen[field - fields] = true;
    if (!sg_field_decode(field, eq + 1, end, form))
        return sg_err_set(err, -EINVAL, "alert: %s: bad value \"%.*s\"",
                          field->key,
                          (int)(end - eq - 1 > 60 ? 60 : end - eq - 1), eq + 1);
    return 0;
}

/* From the second line to the empty one; *at is then behind it. */
static int
decode_header(const char **at, const char *end, struct form *form,
              struct sg_err *err)
{
    bool seen[N_FIELDS] = {false};
    const char *line = *at, *eol;
    int code;

    for (;; line = eol + 1) {
        eol = memchr(line, '\n', (size_t)(end - line));
        if (!eol)
            return sg_err_set(err, -EINVAL, "alert: cut short in its header");
        if (eol == line)
            break;
        code = decode_line(line, eol, form, seen, err);
        if (code < 0)
            return code;
    }
    for (size_t i = 0; i < N_FIELDS; i++)
        if (!seen[i])
            return sg_err_set(err, -EINVAL, "alert: %s is missing",
                              fields[i].key);
    *at = eol + 1;
    return 0;
}

bool
sg_record_is_id(const char *id)
{
    return strspn(id, "0123456789abcdef") == SG_ALERT_ID_MAX - 1 &&
           id[SG_ALERT_ID_MAX - 1] == '\0';
}

/* What stands in no table. */
static int
check_form(const struct form *form, size_t body_bytes, struct sg_err *err)
{
    const struct sg_record *record = &form->record;

    if (!sg_record_is_id(record->id))
        return sg_err_set(err, -EINVAL,
                          "alert: id \"%s\", allowed %d of 0-9a-f", record->id,
                          SG_ALERT_ID_MAX - 1);
    if (record->host[0] == '\0')
        return sg_err_set(err, -EINVAL, "alert: host is empty");
    if (record->limit_s < 0)
        return sg_err_set(err, -EINVAL,
                          "alert: limit_s %.9g, allowed 0 and more",
                          record->limit_s);
    if (form->body_bytes != body_bytes)
        return sg_err_set(err, -EINVAL,
                          "alert: its body has %zu bytes, and should have %u",
                          body_bytes, form->body_bytes);
    return 0;
}

int
sg_record_decode(const char *text, size_t len, struct sg_record *ret,
                 struct sg_err *err)
{
    const char *at = text + sizeof first - 1, *end = text + len;
    struct form form = {.body_bytes = 0};
    int code = check_bytes(text, len, err);

    if (code == 0)
        code = decode_header(&at, end, &form, err);
    if (code == 0)
        code = check_form(&form, (size_t)(end - at), err);
    if (code < 0)
        return code;
    if (at < end && end[-1] != '\n')
        return sg_err_set(err, -EINVAL, "alert: its last line has no end");
    *ret = form.record;
    memcpy(ret->body, at, (size_t)(end - at));
    ret->body[end - at] = '\0';
    return 0;
}

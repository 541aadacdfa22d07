#include "core/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/status_fields.h"

void
sg_status_encode(const struct sg_status *status, struct sg_buf *ret)
{
    char prefix[32];

    sg_buf_add(ret, "version=%d\n", SG_STATUS_VERSION);
    sg_fields_encode(&sg_status_top, "", status, ret);
    sg_fields_encode(&sg_status_of_clock, "clock.", &status->clock, ret);
    for (int i = 0; i < status->n_realms; i++) {
        snprintf(prefix, sizeof prefix, "realm.%d.", i);
        sg_fields_encode(&sg_status_of_realm, prefix, &status->realms[i], ret);
    }
    for (int i = 0; i < status->n_sources; i++) {
        snprintf(prefix, sizeof prefix, "source.%d.", i);
        sg_fields_encode(&sg_status_of_source, prefix, &status->sources[i],
                         ret);
    }
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
    if (!sg_fields_take_digits(&c, end, &n) || n >= SG_MAX_SOURCES ||
        c == end || *c != '.')
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
    const struct sg_field *field;
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
    field = sg_fields_find(of, key, (size_t)(eq - key));
    if (field && !sg_field_decode(field, eq + 1, end, to))
        return sg_err_set(err, -EINVAL, "status: %.*s: bad value \"%.*s\"",
                          (int)(eq - line), line,
                          (int)(end - eq - 1 > 60 ? 60 : end - eq - 1), eq + 1);
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

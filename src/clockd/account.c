#include "clockd/account.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "core/fields.h"

static const char first[] = "skewguard-account 1\n";

/* ---- a warden's part of it ---- */

void
sg_account_of(const struct sg_warden *warden, struct sg_raw now,
              struct sg_wall synced, struct sg_account *ret)
{
    struct sg_guard guard = warden->guard;

    sg_guard_moved_s(&guard, now); /* forgets what is over a day old */
    memset(ret, 0, sizeof *ret);
    ret->start_left = warden->start_left;
    ret->slept_s = warden->slept_s;
    ret->at = now;
    ret->synced = synced;
    ret->n = guard.n;
    for (int i = 0; i < guard.n; i++) {
        ret->steps[i].age_ns = now.ns - guard.at[i].ns;
        ret->steps[i].size_ns = sg_span_to_ns(guard.size_s[i]);
    }
    for (int i = 0; i < SG_GUARD_HOURS; i++)
        ret->slewed_ns[i] = sg_span_to_ns(guard.slewed_s[i]);
}

void
sg_account_use(const struct sg_account *account, struct sg_raw now,
               bool same_boot, struct sg_warden *warden)
{
    struct sg_guard *guard = &warden->guard;
    struct sg_raw at = same_boot ? account->at : now;

    guard->n = account->n;
    for (int i = 0; i < account->n; i++) {
        guard->at[i].ns = at.ns - account->steps[i].age_ns;
        guard->size_s[i] = (double)account->steps[i].size_ns * 1e-9;
    }
    sg_guard_moved_s(guard, at);
    for (int i = 0; i < SG_GUARD_HOURS; i++)
        guard->slewed_s[i] = (double)account->slewed_ns[i] * 1e-9;
    if (!same_boot)
        return;
    warden->start_left = account->start_left;
    warden->slept_s = account->slept_s;
}

/* ---- its text ---- */

/* The first lines; then come "step=AGE SIZE" and "slew=HOURS SIZE". */
#define AT(m) offsetof(struct sg_account, m)
static const struct sg_field head[] = {
    {"boot", SG_FIELD_TEXT, AT(boot), 0, SG_BOOT_MAX, NULL},
    {"start_left", SG_FIELD_BOOL, AT(start_left), 0, 1, NULL},
    {"slept_s", SG_FIELD_DOUBLE, AT(slept_s), 0, 0, NULL},
    {"at_ns", SG_FIELD_NS, AT(at), 0, 0, NULL},
    {"synced_ns", SG_FIELD_NS, AT(synced), 0, 0, NULL},
};
#define N_HEAD (sizeof head / sizeof *head)
static const struct sg_fields fields = {head, N_HEAD};

void
sg_account_encode(const struct sg_account *account, struct sg_buf *ret)
{
    sg_buf_add(ret, "%s", first);
    sg_fields_encode(&fields, "", account, ret);
    for (int i = 0; i < account->n; i++)
        sg_buf_add(ret, "step=%" PRId64 " %" PRId64 "\n",
                   account->steps[i].age_ns, account->steps[i].size_ns);
    for (int i = 0; i < SG_GUARD_HOURS; i++)
        if (account->slewed_ns[i] > 0)
            sg_buf_add(ret, "slew=%d %" PRId64 "\n", i, account->slewed_ns[i]);
    sg_buf_add(ret, "end\n");
}

/* "KEY=NUMBER NUMBER\n"; moves *text behind it. */
static bool
take_pair(const char **text, const char *end, const char *key, int64_t *a,
          int64_t *b)
{
    size_t len = strlen(key);
    const char *c = *text;

    if ((size_t)(end - c) < len || memcmp(c, key, len) != 0)
        return false;
    c += len;
    if (!sg_fields_take_digits(&c, end, a) || c == end || *c++ != ' ' ||
        !sg_fields_take_digits(&c, end, b) || c == end || *c++ != '\n')
        return false;
    *text = c;
    return true;
}

static bool
take_head(const char **text, const char *end, struct sg_account *ret)
{
    for (size_t i = 0; i < N_HEAD; i++) {
        size_t len = strlen(head[i].key);
        const char *line_end = memchr(*text, '\n', (size_t)(end - *text));

        if (!line_end || (size_t)(line_end - *text) <= len ||
            memcmp(*text, head[i].key, len) != 0 || (*text)[len] != '=' ||
            !sg_field_decode(&head[i], *text + len + 1, line_end, ret))
            return false;
        *text = line_end + 1;
    }
    return ret->slept_s >= 0 && ret->at.ns >= 0 && ret->synced.ns >= 0;
}

static bool
take_all(const char *text, const char *end, struct sg_account *ret)
{
    int64_t a, b;

    if (!take_head(&text, end, ret))
        return false;
    while (take_pair(&text, end, "step=", &a, &b)) {
        if (ret->n == SG_GUARD_STEPS)
            return false;
        ret->steps[ret->n].age_ns = a;
        ret->steps[ret->n++].size_ns = b;
    }
    for (int64_t next = 0; take_pair(&text, end, "slew=", &a, &b);
         next = a + 1) {
        if (a < next || a >= SG_GUARD_HOURS || b == 0)
            return false;
        ret->slewed_ns[a] = b;
    }
    return end - text == 4 && memcmp(text, "end\n", 4) == 0;
}

int
sg_account_decode(const char *text, size_t len, struct sg_account *ret,
                  struct sg_err *err)
{
    size_t n = sizeof first - 1;

    memset(ret, 0, sizeof *ret);
    if (len < n || memcmp(text, first, n) != 0)
        return sg_err_set(err, -EINVAL, "not an account of the clock service");
    if (!take_all(text + n, text + len, ret))
        return sg_err_set(err, -EINVAL, "damaged");
    return 0;
}

/* ---- its file ---- */

int
sg_account_load(const char *path, struct sg_account *ret, struct sg_err *err)
{
    struct sg_buf buf = SG_BUF_INIT;
    struct sg_err why;
    int code = sg_file_read(path, SG_ACCOUNT_MAX, &buf, err);

    if (code == 0) {
        code = sg_account_decode(buf.text ? buf.text : "", buf.len, ret, &why);
        if (code < 0)
            sg_err_set(err, code, "%s: %s", path, why.text);
    }
    sg_buf_free(&buf);
    return code;
}

int
sg_account_save(const char *path, const struct sg_account *account,
                bool durable, struct sg_err *err)
{
    struct sg_buf buf = SG_BUF_INIT;
    int code;

    sg_account_encode(account, &buf);
    code = buf.failed
               ? sg_err_set(err, -ENOMEM, "%s: no memory", path)
               : sg_file_replace(path, buf.text, buf.len, 0600, durable, err);
    sg_buf_free(&buf);
    return code;
}

#include "report/report.h"

#include <jansson.h>
#include <math.h>

#include "core/leap.h"
#include "report/headline.h"
#include "report/present.h"
#include "report/refusals.h"
#include "report/rows.h"
#include "report/words.h"

#define SCHEMA 1

/* 12 digits hold a microsecond of 10 days; a double's own 17 would print
 * 0.0032000000000000001. */
#define DUMP_FLAGS                                                             \
    (JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12))

/* Takes over value.  A failure is remembered in ret. */
static void
put(json_t *object, const char *key, json_t *value, struct sg_buf *ret)
{
    if (json_object_set_new(object, key, value) != 0)
        ret->failed = true;
}

static void
append(json_t *array, json_t *value, struct sg_buf *ret)
{
    if (json_array_append_new(array, value) != 0)
        ret->failed = true;
}

/* Null where nothing is known; JSON has no infinity and no NaN either.  Where
 * memory is missing, NULL. */
static json_t *
number(bool is_known, double value)
{
    return is_known && isfinite(value) ? json_real(value) : json_null();
}

/* Text that is no UTF-8 is given in ASCII with question marks. */
static json_t *
words(const char *text)
{
    json_t *string = json_string(text);

    return string ? string : json_string(sg_words_clean(text).text);
}

static json_t *
words_or_null(const char *text)
{
    return text && text[0] ? words(text) : json_null();
}

static void
put_skew(json_t *object, bool has_skew, const struct sg_skew *skew,
         struct sg_buf *ret)
{
    double bound_s = has_skew ? sg_present_bound_s(skew) : 0;

    put(object, "offset_s", number(has_skew, has_skew ? skew->offset_s : 0),
        ret);
    put(object, "error_s", number(has_skew, has_skew ? skew->error_s : 0), ret);
    put(object, "bound_s", number(has_skew, bound_s), ret);
}

static json_t *
make_step(const struct sg_status_clock *clock, const struct sg_present *present,
          struct sg_buf *ret)
{
    json_t *step;

    if (clock->last_step_s == 0)
        return json_null();
    step = json_object();
    put(step, "offset_s", number(true, clock->last_step_s), ret);
    put(step, "age_s",
        number(present->has_numbers,
               sg_present_age_s(present, clock->last_step_at)),
        ret);
    return step;
}

static json_t *
make_clock(const struct sg_status *status, const struct sg_present *present,
           struct sg_buf *ret)
{
    const struct sg_status_clock *clock = &status->clock;
    json_t *object = json_object();
    struct sg_skew skew = {0};
    bool has_skew = sg_present_skew(present, &clock->model, &skew);
    char day[SG_LEAP_DAY_MAX] = "";

    put(object, "driver", words_or_null(clock->driver), ret);
    put(object, "disciplined", json_boolean(clock->disciplined), ret);
    put(object, "frequency_ppm",
        number(clock->disciplined, clock->frequency_ppm), ret);
    put_skew(object, has_skew, &skew, ret);
    put(object, "last_step", make_step(clock, present, ret), ret);
    put(object, "leap", json_string(sg_leap_names[clock->leap]), ret);
    if (clock->leap != SG_LEAP_NONE)
        sg_leap_day(clock->leap_at, day);
    put(object, "leap_day", words_or_null(day), ret);
    return object;
}

static json_t *
make_kdc(const struct sg_row *row, struct sg_buf *ret)
{
    json_t *object = json_object();

    put(object, "host", words(row->kdc->name), ret);
    put(object, "address", words_or_null(row->kdc->address), ret);
    put(object, "port", json_integer(row->kdc->port), ret);
    put(object, "transport", json_string(row->kdc->tcp ? "tcp" : "udp"), ret);
    put(object, "trust", json_string(sg_row_trust_name(row->trust)), ret);
    put(object, "offset_s", number(row->has_skew, row->skew.offset_s), ret);
    put(object, "offset_lower_s", number(row->has_skew, row->skew.lower_s),
        ret);
    put(object, "offset_upper_s", number(row->has_skew, row->skew.upper_s),
        ret);
    put(object, "ntp_offset_s", number(row->has_ntp, row->ntp.offset_s), ret);
    put(object, "age_s", number(row->has_skew, row->age_s), ret);
    put(object, "error", words_or_null(row->error), ret);
    put(object, "auth_lower_s", number(row->has_auth, row->auth.lower_s), ret);
    put(object, "auth_upper_s", number(row->has_auth, row->auth.upper_s), ret);
    put(object, "auth_age_s", number(row->has_auth, row->auth_age_s), ret);
    put(object, "auth_error", words_or_null(row->auth_error), ret);
    return object;
}

static json_t *
make_kdcs(const struct sg_status *status, const struct sg_present *present,
          int realm, struct sg_buf *ret)
{
    json_t *array = json_array();
    struct sg_row row = {0};

    for (int i = 0; i < status->n_sources; i++) {
        if (sg_row_make(status, present, realm, i, &row))
            append(array, make_kdc(&row, ret), ret);
    }
    return array;
}

static json_t *
make_authenticated(const struct sg_status_realm *realm, struct sg_buf *ret)
{
    json_t *object = json_object();

    put(object, "state", json_string(sg_auth_names[realm->auth]), ret);
    put(object, "reason", words_or_null(realm->auth_reason), ret);
    return object;
}

static json_t *
make_steps(const struct sg_status *status, const struct sg_present *present,
           int realm, struct sg_buf *ret)
{
    json_t *array = json_array();
    struct sg_steps_case facts;

    sg_refusals_case(status, present, realm, &facts);
    for (int i = 0; i < SG_STEP_COUNT; i++) {
        struct sg_step_answer answer;
        json_t *object = json_object();

        sg_steps_judge(&facts, (enum sg_step)i, &answer);
        put(object, "step", json_string(sg_step_name((enum sg_step)i)), ret);
        put(object, "now", json_string(sg_step_now_name(answer.now)), ret);
        put(object, "limit_s", number(isfinite(answer.limit_s), answer.limit_s),
            ret);
        put(object, "message", words_or_null(answer.message), ret);
        append(array, object, ret);
    }
    return array;
}

static json_t *
make_realm(const struct sg_status *status, const struct sg_present *present,
           int i, struct sg_buf *ret)
{
    const struct sg_status_realm *realm = &status->realms[i];
    const struct sg_present_realm *now = &present->realms[i];
    double left_s = sg_present_time_to_limit(status, present, i);
    json_t *object = json_object();

    put(object, "realm", words(realm->name), ret);
    put(object, "state", json_string(sg_state_name(now->state)), ret);
    put(object, "clockskew_s", number(true, realm->clockskew_s), ret);
    put_skew(object, now->has_skew, &now->skew, ret);
    put(object, "used_frac", number(now->has_skew, now->used_frac), ret);
    put(object, "time_to_limit_s", number(left_s >= 0, left_s), ret);
    put(object, "blame", json_string(sg_blame_name(realm->blame)), ret);
    put(object, "authenticated", make_authenticated(realm, ret), ret);
    put(object, "steps", make_steps(status, present, i, ret), ret);
    put(object, "kdcs", make_kdcs(status, present, i, ret), ret);
    return object;
}

static json_t *
make_realms(const struct sg_status *status, const struct sg_present *present,
            struct sg_buf *ret)
{
    json_t *array = json_array();

    for (int i = 0; i < status->n_realms; i++)
        append(array, make_realm(status, present, present->order[i], ret), ret);
    return array;
}

static json_t *
make_source(const struct sg_status *status, const struct sg_present *present,
            const struct sg_status_source *source, struct sg_buf *ret)
{
    json_t *object = json_object();
    struct sg_skew skew = {0};
    bool has_skew = sg_present_skew(present, &source->model, &skew);
    bool has_realm = source->realm >= 0 && source->realm < status->n_realms;

    put(object, "name", words(source->name), ret);
    put(object, "kind", json_string(sg_kind_name(source->kind)), ret);
    put(object, "group",
        has_realm ? words(status->realms[source->realm].name)
                  : json_string("utc"),
        ret);
    put(object, "address", words_or_null(source->address), ret);
    put(object, "port", json_integer(source->port), ret);
    put(object, "state", json_string(sg_tally_name(source->tally)), ret);
    put(object, "reason", words_or_null(source->reason), ret);
    put_skew(object, has_skew, &skew, ret);
    put(object, "delay_s", number(source->model.valid, source->delay_s), ret);
    put(object, "stratum",
        source->stratum > 0 ? json_integer(source->stratum) : json_null(), ret);
    put(object, "poll_s", number(true, source->poll_s), ret);
    put(object, "reach", json_integer(source->reach), ret);
    put(object, "age_s",
        number(has_skew, sg_present_age_s(present, source->last)), ret);
    return object;
}

static json_t *
make_sources(const struct sg_status *status, const struct sg_present *present,
             struct sg_buf *ret)
{
    json_t *array = json_array();

    for (int i = 0; i < status->n_sources; i++) {
        if (sg_row_is_listed(&status->sources[i]))
            append(array,
                   make_source(status, present, &status->sources[i], ret), ret);
    }
    return array;
}

/* One alert unless there is nothing to say.  Text is freed. */
static void
append_alert(json_t *array, const char *subject, struct sg_buf *text,
             struct sg_buf *ret)
{
    json_t *object;

    if (text->len > 0) {
        object = json_object();
        put(object, "subject", words(subject), ret);
        put(object, "text", words(text->text), ret);
        append(array, object, ret);
    }
    sg_buf_free_part(text, ret);
}

static void
append_realm_alert(json_t *array, const struct sg_status *status,
                   const struct sg_present *present, int i, struct sg_buf *ret)
{
    const struct sg_status_realm *realm = &status->realms[i];
    struct sg_buf text = SG_BUF_INIT;

    sg_headline_add_realm(&text, status, present, i);
    if (realm->reason[0])
        sg_buf_add(&text, "; %s", realm->reason);
    append_alert(array, realm->name, &text, ret);
}

/* What a person must be told now, in the words of the text form. */
static json_t *
make_alerts(const struct sg_status *status, const struct sg_present *present,
            struct sg_buf *ret)
{
    json_t *array = json_array();
    struct sg_buf text = SG_BUF_INIT;

    sg_headline_add_age(&text, status, present);
    append_alert(array, "skewguardd", &text, ret);
    if (!present->has_numbers)
        sg_headline_add_fact(&text, status, present);
    append_alert(array, "status", &text, ret);
    sg_buf_add(&text, "%s", status->notice);
    append_alert(array, "set-up", &text, ret);
    for (int i = 0; i < status->n_realms; i++) {
        int realm = present->order[i];

        if (present->realms[realm].state != SG_STATE_OK)
            append_realm_alert(array, status, present, realm, ret);
    }
    return array;
}

static int
add_bytes(const char *bytes, size_t len, void *ret)
{
    sg_buf_add_bytes(ret, bytes, len);
    return 0;
}

/* Takes over root.  Straight into ret, which remembers what is missing:
 * json_dumps() of jansson 2.14 leaves out a key for which it has no memory. */
static void
dump(json_t *root, struct sg_buf *ret)
{
    if (!ret->failed && json_dump_callback(root, add_bytes, ret, DUMP_FLAGS))
        ret->failed = true;
    json_decref(root);
    sg_buf_add(ret, "\n");
}

void
sg_report_status_json(const struct sg_status *status,
                      const struct sg_report_now *now, struct sg_buf *ret)
{
    json_t *root = json_object();
    struct sg_present present;
    bool is_known;

    sg_present_make(status, now, &present);
    is_known = present.age != SG_PRESENT_NEVER;
    put(root, "schema", json_integer(SCHEMA), ret);
    put(root, "state", json_string(sg_state_name(present.state)), ret);
    put(root, "mode",
        words_or_null(is_known ? sg_mode_name(status->mode) : NULL), ret);
    put(root, "clock", make_clock(status, &present, ret), ret);
    put(root, "realms", make_realms(status, &present, ret), ret);
    put(root, "sources", make_sources(status, &present, ret), ret);
    put(root, "alerts", make_alerts(status, &present, ret), ret);
    dump(root, ret);
}

void
sg_report_check_json(const struct sg_status *status,
                     const struct sg_report_now *now, struct sg_buf *ret)
{
    json_t *root = json_object();
    struct sg_present present;

    sg_present_make_own(status, now, &present);
    put(root, "schema", json_integer(SCHEMA), ret);
    put(root, "state", json_string(sg_state_name(present.state)), ret);
    put(root, "realms", make_realms(status, &present, ret), ret);
    dump(root, ret);
}

/*
 * What is said of a published status, which anybody may have written, to root
 * at login as well: no report holds a character that controls a terminal, the
 * word at login is one line of ASCII, and JSON is JSON.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/login.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sg_status status;

static void
check_text(struct sg_buf *buf)
{
    if (buf->failed)
        abort();
    for (size_t i = 0; i < buf->len; i++) {
        unsigned char c = (unsigned char)buf->text[i];

        if ((c < ' ' && c != '\n') || c == 0x7f)
            abort();
    }
    sg_buf_free(buf);
}

static void
check_json(struct sg_buf *buf)
{
    json_t *json = buf->text ? json_loads(buf->text, 0, NULL) : NULL;

    if (!json)
        abort();
    json_decref(json);
    sg_buf_free(buf);
}

static void
check_login(const struct sg_report_now *now, bool for_root)
{
    const struct sg_login_options options = {-1, for_root};
    struct sg_buf buf = SG_BUF_INIT;
    struct sg_present present;

    sg_present_make(&status, now, &present);
    if ((sg_login_add(&buf, &status, &present, &options) == SG_LOGIN_NOTHING) !=
        (buf.len == 0))
        abort();
    for (size_t i = 0; i < buf.len; i++)
        if (buf.text[i] < ' ' || buf.text[i] > '~')
            abort();
    sg_buf_free(&buf);
}

static void
check_all(const struct sg_report_now *now)
{
    struct sg_buf buf = SG_BUF_INIT;

    sg_report_status_text(&status, now, false, &buf);
    check_text(&buf);
    sg_report_sources_text(&status, now, true, &buf);
    check_text(&buf);
    sg_report_explain_text(&status, now, &buf);
    check_text(&buf);
    sg_report_check_text(&status, now, &buf);
    check_text(&buf);
    sg_report_status_json(&status, now, &buf);
    check_json(&buf);
    sg_report_check_json(&status, now, &buf);
    check_json(&buf);
    check_login(now, false);
    check_login(now, true);
}

/* Read at the moment of publication in the same boot, or at another time. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_report_now now = {.host = {{INT64_C(1) << 62}, {-1}, 0}};

    if (sg_status_decode((const char *)data, size, &status, NULL) < 0)
        return 0;
    check_all(&now);
    now.host.raw = status.published;
    now.host.wall = (struct sg_wall){INT64_C(1790000000) * 1000000000};
    now.suspended_s = status.suspended_s;
    memcpy(now.boot_id, status.boot_id, sizeof now.boot_id);
    check_all(&now);
    return 0;
}

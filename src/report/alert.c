#include "report/alert.h"

#include <string.h>

#include "report/alert_facts.h"
#include "report/words.h"

/* Where a record in the spool cuts it as well. */
#define SUBJECT_MAX 399

/* What is known for the time until somebody answers again. */
static void
add_holdover(struct sg_buf *buf, const struct sg_status *status,
             const struct sg_present *present, int realm)
{
    struct sg_buf text = SG_BUF_INIT;

    sg_alert_add_holdover(&text, status, present, realm);
    if (text.len > 0)
        sg_buf_add(buf, "; %s", text.text);
    sg_buf_free_part(&text, buf);
}

static void
add_reason(struct sg_buf *buf, const struct sg_status_realm *realm)
{
    if (realm->reason[0])
        sg_buf_add(buf, "; %s", realm->reason);
}

static bool
is_about_future(const struct sg_alert *alert, const struct sg_status *status,
                const struct sg_present *present, int realm)
{
    return (alert->level == SG_ALERT_FORECAST ||
            alert->phase == SG_ALERT_CHANGED) &&
           sg_present_time_to_limit(status, present, realm) > 0;
}

static void
add_realm(struct sg_buf *buf, const struct sg_alert *alert,
          const struct sg_status *status, const struct sg_present *present)
{
    int realm = sg_alert_realm(alert, status);

    sg_alert_add_name(buf, alert, status);
    sg_buf_add(buf, ": ");
    sg_alert_add_level(buf, alert);
    if (realm < 0)
        return;
    sg_buf_add(buf, ": ");
    if (is_about_future(alert, status, present, realm))
        sg_buf_add(buf, "%s; ", status->realms[realm].forecast);
    sg_alert_add_fact(buf, status, present, realm);
    add_holdover(buf, status, present, realm);
    if (alert->phase != SG_ALERT_RECOVERED)
        add_reason(buf, &status->realms[realm]);
}

static void
add_returns(struct sg_buf *buf, const struct sg_alert *alert)
{
    if (alert->returns < 2 || !sg_alert_lasts(alert))
        return;
    sg_buf_add(buf, "; raised for the %s time within a day",
               sg_words_ordinal(alert->returns).text);
    if (alert->phase != SG_ALERT_RECOVERED)
        sg_buf_add(buf, ", recovery is told after %s without it",
                   sg_words_duration(alert->calm_s).text);
}

/* One line that nobody can forge another one with. */
static void
add_cut(struct sg_buf *buf, const char *text)
{
    size_t len = strlen(text);
    bool is_cut = len > SUBJECT_MAX;

    if (is_cut)
        len = SUBJECT_MAX - 3;
    for (size_t done = 0; done < len;) {
        struct sg_clean_name part = sg_words_clean(text + done);

        sg_buf_add(buf, "%.*s", (int)(len - done), part.text);
        done += strlen(part.text);
    }
    if (is_cut)
        sg_buf_add(buf, "...");
}

void
sg_alert_add_subject(struct sg_buf *buf, const struct sg_alert *alert,
                     const struct sg_status *status,
                     const struct sg_present *present)
{
    struct sg_buf text = SG_BUF_INIT;

    if (alert->topic == SG_ALERT_REALM)
        add_realm(&text, alert, status, present);
    else
        sg_alert_add_event(&text, alert, status, present);
    add_returns(&text, alert);
    if (!text.failed)
        add_cut(buf, text.text);
    sg_buf_free_part(&text, buf);
}
